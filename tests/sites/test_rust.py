"""Rust samples in real builds: dependencies, verdicts, messages, and what invalidates what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project


def rust(code: str, header: str = "rust exec") -> str:
    return f"```{header}\n{code}\n```\n\n"


def with_dependency(project: Project, **options: object) -> None:
    """Give the site a path dependency `tally` beside `mkdocs.yml`."""
    project.write("tally/Cargo.toml", '[package]\nname = "tally"\nversion = "0.1.0"\nedition = "2021"\n')
    project.write("tally/src/lib.rs", 'pub fn name() -> &\'static str {\n    "first"\n}\n')
    project.configure({"languages": {"rust": {"dependencies": {"tally": {"path": "tally"}}, **options}}})


VERDICTS = [
    pytest.param("met", "rust exec", 'println!("hi");', id="runs"),
    pytest.param("unmet", "rust exec", "let x: u8 = 300u16;", id="does not compile"),
    pytest.param("unmet", "rust exec", 'panic!("x");', id="panics"),
    pytest.param("met", "rust,exec,should_panic", 'panic!("x");', id="should_panic"),
    pytest.param("unmet", "rust exec should_panic", "", id="should_panic, does not"),
    pytest.param("met", "rust exec compile_fail", "let x: u8 = 300u16;", id="compile_fail"),
    pytest.param("met", "rust,exec,compile_fail,E0308", "let x: u8 = 300u16;", id="compile_fail with code"),
    pytest.param("unmet", "rust exec compile_fail E0382", "let x: u8 = 300u16;", id="another code"),
    pytest.param("unmet", "rust exec compile_fail", "let x: u8 = 3;", id="compile_fail, compiles"),
    pytest.param("met", "rust,exec,no_run", "loop { std::thread::park(); }", id="no_run"),
    pytest.param("unmet", "rust exec no_run", "nothing::here();", id="no_run, does not compile"),
    pytest.param("skipped", "rust,exec,ignore", "not rust", id="ignore"),
    pytest.param("met", 'rust exec exit="3"', "std::process::exit(3)", id="exit"),
    pytest.param("met", "rust,exec,edition2015", "let async = 1; assert_eq!(async, 1);", id="edition2015"),
    pytest.param("unmet", 'rust exec edition="2021"', "let async = 1;", id="edition"),
    pytest.param("met", "rust exec", 'let n: i32 = "5".parse()?;\nassert_eq!(5, n);\n# Ok::<(), std::num::ParseIntError>(())', id="?"),
    pytest.param("unmet", "rust exec", '"five".parse::<i32>()?;\nOk::<(), std::num::ParseIntError>(())', id="? fails"),
    pytest.param("met", "rust exec", "#![allow(unused)]\n#![deny(warnings)]\nfn f() {}", id="crate attributes"),
    pytest.param("unmet", "rust exec", "#![feature(never_type)]\nfn main() {}", id="feature on stable"),
    pytest.param("met", "rust exec", '// fn main() {}\nlet s = "fn main() {}";\nmod m { pub fn main() {} }\nm::main();\nassert!(!s.is_empty());', id="fn main elsewhere"),
    pytest.param("met", "rust exec", "use std::process::ExitCode;\nfn main () -> ExitCode { ExitCode::SUCCESS }", id="ExitCode"),
    pytest.param("met", "{.rust .exec #here}", "assert!(true);", id="attribute list"),
    pytest.param("met", 'rust exec="true"', "assert!(true);", id="markdown-exec's spelling"),
    pytest.param("met", "rs exec", "assert!(true);", id="rs"),
]  # fmt: skip


def test_verdicts(project: Project) -> None:
    """Every option of Rust fences leads to the verdict that its author expects; all in one build."""
    rows = [row.values for row in VERDICTS]
    project.page("".join(rust(str(code), str(header)) for _, header, code in rows))
    built = project.build()

    assert [row[0] for row in rows] == project.verdicts(), built.log
    assert 1 == built.status


def test_run_all_follows_rustdoc(project: Project) -> None:
    """`run: all` runs every rust fence, `check` only builds, `none` shows code."""
    text = rust('println!("a");', "rust") + rust("no();", "rust,ignore") + rust("loop {}", "rust,no_run")
    project.page(text + rust("loop {}", 'rust exec="off"'))
    for policy, verdicts, counts in (
        ("all", ["met", "skipped", "met"], {"samples": 3, "executed": 2, "met": 2, "skipped": 1}),
        ("check", ["met", "skipped", "met"], {"samples": 3, "executed": 2, "met": 2, "skipped": 1}),
    ):
        project.configure({"languages": {"rust": {"run": policy}}, "execute": "always"})
        built = project.build("--strict")
        assert verdicts == project.verdicts(), built.log
        assert counts == built.counts
        assert [("stdout", "a")] * (policy == "all") == project.streams()
    project.configure({"languages": {"rust": {"run": "none"}}})
    built = project.build("--strict")
    assert [] == project.verdicts(), built.log
    assert "<code>" in project.html()


def test_the_compilers_message_is_on_the_page_in_colour(project: Project) -> None:
    """And names the line of the sample, never a path of this machine."""
    project.page(rust('let s = String::new();\ndrop(s);\nprintln!("{s}");', "rust exec compile_fail,E0382"))
    built = project.build()
    ((kind, text),) = project.streams()

    assert 0 == built.status, built.log
    assert "build" == kind
    assert "error[E0382]: borrow of moved value: `s`" in text
    assert "--> sample.rs:3:" in text
    assert 'class="ansi-' in project.samples()[0].split("codeexec-output")[1]
    assert str(project.root) not in project.html()
    assert "/tmp/" not in project.html()


def test_the_wrapper_is_not_seen(project: Project) -> None:
    """An error in the first line shows the author's text, at the author's columns."""
    project.page(rust('let x: u8 = "text";', "rust exec compile_fail,E0308"))
    project.build()
    text = project.streams()[0][1]

    assert "--> sample.rs:1:13" in text
    assert re.search(r"^1 \| let x: u8 = \"text\";$", text, re.MULTILINE), text
    assert "fn main" not in text


def test_a_panic_is_located_in_the_sample(project: Project) -> None:
    """Message and place, no thread id, no backtrace although the variable is set outside; and the exit status."""
    project.page("# A\n\n" + rust("let v: Vec<i32> = vec![];\nlet _ = v[7];"))
    built = project.build(env={"RUST_BACKTRACE": "1"})
    (_, text) = project.streams()[0]

    assert "thread 'main' panicked at sample.rs:2:10:" in text
    assert "index out of bounds: the len is 0 but the index is 7" in text
    assert "stack backtrace" not in text
    assert "exit status 101" in project.html()
    assert "docs/index.md:3: it panicked" in built.log
    assert "docs/index.md:5:10" in built.log


def test_a_failed_compile_says_page_line_and_column(project: Project) -> None:
    """The log leads to the place in the Markdown file, also in a list in an admonition."""
    project.page(
        "---\ntitle: t\n---\n\n!!! note\n\n    1.  item\n\n        ```rust exec\n        let a = 1;\n"
        "        let b: String = a;\n        ```\n"
    )
    built = project.build()

    assert 1 == built.status
    assert "docs/index.md:9: it does not compile" in built.log
    assert "docs/index.md:11:25" in built.log
    assert "> 11 |         let b: String = a;" in built.log
    assert "error[E0308]: mismatched types" in built.log


def test_hidden_lines_run_and_are_not_shown(project: Project) -> None:
    """Rustdoc's rule; in plain fences too."""
    project.page(
        rust(
            '# let hidden = 1;\n#\nlet shown = 2;\n    # let deep = 3;\nprintln!("{}", hidden + shown + deep);\n##[allow(unused)]\nlet s = r"\n# text\n";\nprint!("{s}");'
        )
    )
    built = project.build()
    shown = project.html().split("codeexec-output")[0]
    shown = re.sub("<section [^>]* hidden>.*?</section>", "", shown, flags=re.DOTALL)  # a button shows that

    assert 0 == built.status, built.log
    assert [("stdout", "6\n\n# text")] == project.streams()
    assert "let hidden" not in re.sub("<[^>]*>", "", shown)
    assert "# text" in re.sub("<[^>]*>", "", shown)


def test_preamble_and_dependency(project: Project) -> None:
    """Hidden lines before every sample, and a crate next door."""
    with_dependency(project, preamble="// where names come from\nuse tally::name;\n")
    project.page(rust('println!("{}", name());\npanic!("here");', "rust exec should_panic"))
    built = project.build()

    assert 0 == built.status, built.log
    assert ("stdout", "first") == project.streams()[0]
    assert "panicked at sample.rs:2:1" in project.streams()[1][1]


def test_changing_a_path_dependency_invalidates_what_uses_its_environment(project: Project) -> None:
    """Nothing more, nothing less: other languages hit, prose in the crate's folder does not count."""
    with_dependency(project)
    project.page(rust('println!("{}", tally::name());') + "```bash exec\necho b\n```\n")
    first = project.build()
    assert (0, 2) == (first.status, first.counts["executed"]), first.log
    assert ("stdout", "first") == project.streams()[0]

    project.write("tally/README.md", "prose")
    assert {"samples": 2, "cached": 2, "met": 2} == project.build().counts

    project.write("tally/src/lib.rs", 'pub fn name() -> &\'static str {\n    "second"\n}\n')
    again = project.build()
    assert {"samples": 2, "executed": 1, "cached": 1, "met": 2} == again.counts
    assert ("stdout", "second") == project.streams()[0]
    assert "Compiling tally" in again.log

    project.write("tally/src/lib.rs", 'pub fn name() -> &\'static str {\n    "first"\n}\n')
    assert {"samples": 2, "cached": 2, "met": 2} == project.build().counts
    assert ("stdout", "first") == project.streams()[0]


def test_a_dependency_that_does_not_build_is_told_once(project: Project) -> None:
    """Cargo's message once, with what depends on it; other languages go on."""
    with_dependency(project)
    project.write("tally/src/lib.rs", "pub fn name() -> u8 { oops }\n")
    project.page(rust("tally::name();") + rust("tally::name(); // 2") + "```bash exec\necho b\n```\n")
    built = project.build()

    assert 1 == built.status
    assert {"samples": 3, "executed": 1, "met": 1, "error": 2} == built.counts
    assert ["error", "error", "met"] == project.verdicts()
    assert "docs/index.md:1" in built.log
    assert "docs/index.md:5" in built.log
    assert 1 == built.log.count("building the environment")
    assert 1 == built.log.count("error[E0425]")
    assert "Traceback" not in built.log


def test_a_dependency_that_breaks_later_is_told_as_well(project: Project) -> None:
    """With cargo's message and what needs it, and mended by mending it."""
    with_dependency(project)
    project.page(rust('println!("{}", tally::name());'))
    assert 0 == project.build().status
    good = (project.root / "tally/src/lib.rs").read_text("utf-8")
    project.write("tally/src/lib.rs", "pub fn name() -> u8 { oops }\n")

    built = project.build()
    assert {"samples": 1, "error": 1} == built.counts, built.log
    assert "docs/index.md:1: environment `default` does not build" in built.log
    assert "hint:" in built.log

    project.write("tally/src/lib.rs", good)
    assert {"samples": 1, "cached": 1, "met": 1} == project.build().counts


def test_named_environments_are_apart(project: Project) -> None:
    """A fence picks its set of dependencies; a name that does not exist is an error with the nearest."""
    project.write("tally/Cargo.toml", '[package]\nname = "tally"\nversion = "0.1.0"\nedition = "2021"\n')
    project.write("tally/src/lib.rs", "pub const N: u8 = 7;\n")
    project.configure(
        {"languages": {"rust": {"environments": {"extra": {"dependencies": {"tally": {"path": "tally"}}}}}}}
    )
    project.page(
        rust('println!("{}", tally::N);', 'rust exec environment="extra"')
        + rust("tally::N;", "rust exec compile_fail,E0433")
        + rust("1;", 'rust exec environment="extras"')
    )
    built = project.build()

    assert ["met", "met", "error"] == project.verdicts(), built.log
    assert "extras" in built.log
    assert "`extra`" in built.log


def test_changing_an_expectation_never_serves_a_wrong_verdict(project: Project) -> None:
    """Expectations are judged, not executed: the same outcome, another verdict, nothing runs."""
    code = 'panic!("x");'
    verdicts = []
    for header in ("rust exec", "rust exec should_panic", "rust exec compile_fail"):
        project.page(rust(code, header))
        built = project.build()
        verdicts.append((project.verdicts(), built.counts.get("executed", 0)))

    assert [(["unmet"], 1), (["met"], 0), (["unmet"], 0)] == verdicts
