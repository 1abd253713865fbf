"""What messages say, to readers of a page, in a terminal and in CI; by real builds."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

PAGE = """\
# Messages

```rust exec
# let before = 1;
let s = String::new();
drop(s);
println!("{s}");
```

!!! note

    ```rust exec
    # dbg!(1);
    let v: Vec<u8> = vec![];
    v[7];
    ```

> ```python exec
> def f():
>     raise ValueError("<b>")
> f()
> ```

```rust exec
let a = 1;
--8<-- "inc.rs"
let b: String = included;
```

--8<-- "fence.md"

```bash exec
echo '::error file=x::one'
echo '##[error]two' >&2
false
```

```rust exec should_panic
println!("::add-mask::secret");
panic!("on purpose");
```
"""
MOVES = "move occurs because `s` has type `String`, which does not implement the `Copy` trait"


@pytest.fixture
def messages(project: Project) -> Project:
    """A site with a sample for each kind of message."""
    project.write("inc.rs", "\nlet included = 1;\n")
    project.write("fence.md", "```rust exec\nlet c: String = 1;\n```\n")
    project.page(PAGE)
    return project


def shown(project: Project) -> str:
    """Return the front page without what a button shows: the whole source, which has marks of its own."""
    return re.sub('<section class="codeexec-whole"[^>]* hidden>.*?</section>', "", project.html(), flags=re.DOTALL)


def marks(project: Project) -> list[tuple[str, str, str]]:
    """Return level, message and text of each marked line of the front page."""
    found = re.findall(
        r'<span class="codeexec-mark codeexec-mark-(\w+)" data-codeexec-message="([^"]*)">(.*)', shown(project)
    )
    return [(level, html.unescape(note), html.unescape(re.sub("<[^>]*>", "", line))) for level, note, line in found]


def test_the_log_names_places_of_the_page(messages: Project) -> None:
    """Every place that a message speaks of is `file:line:column` of the file on disk; the page has the sample's lines."""
    built = messages.build()

    assert 1 == built.status
    for line in (
        "  --> docs/index.md:7:12",
        '7 | println!("{s}");',
        "5 | let s = String::new();",
        f"  ::: docs/index.md:5:5: {MOVES}",
        "  ::: docs/index.md:6:6: value moved here",
        "[docs/index.md:13:7] 1 = 1",
        "thread 'main' panicked at docs/index.md:15:6:",
        '  File "docs/index.md", line 21, in <module>',
        '  File "docs/index.md", line 20, in f',
        "  --> docs/index.md:27:17",
        "27 | let b: String = included;",
        " --> docs/index.md:30",
        " --> sample.rs:1:17",
    ):
        assert re.search(rf"^\|? *{re.escape(line.strip())}$", built.log, re.MULTILINE), (line, built.log)
    streams = "\n".join(text for _, text in messages.streams())
    assert "sample.rs:3:12" in streams  # as a reader counts: the line before is hidden
    assert "panicked at sample.rs:2:2" in streams
    assert 'File "sample.py", line 2' in streams
    assert "index.md" not in streams


def test_the_page_marks_the_lines_that_messages_are_about(messages: Project) -> None:
    """Of errors, panics and tracebacks, expected or not; nothing of it is text of the page."""
    messages.build()

    assert [
        ("error", "borrow of moved value: `s` (E0382)", 'println!("{s}");'),
        ("error", "index out of bounds: the len is 0 but the index is 7", "v[7];"),
        ("error", "ValueError: <b>", '    raise ValueError("<b>")'),
        ("error", "mismatched types (E0308)", "let b: String = included;"),
        ("error", "mismatched types (E0308)", "let c: String = 1;"),
        ("error", "on purpose", 'panic!("on purpose");'),
    ] == marks(messages)
    exact = re.findall(r'codeexec-here-error">((?:<span[^>]*>[^<]*</span>|[^<])*)</span>', shown(messages))
    assert ["s", "[7];", "included", "1", 'panic!("on purpose");'] == [
        html.unescape(re.sub("<[^>]*>", "", text)) for text in exact
    ]
    assert "<b>" not in messages.html()


def test_codes_of_errors_are_links_to_the_error_index(project: Project) -> None:
    """Those of the compiler, not what a program prints; a message without a code has none."""
    code = 'println!("error[E0382]: x");\neprintln!("error[E0308]: y");\nmissing!();\n'
    project.page(
        "```rust exec compile_fail\nlet s: u8 = String::new();\n```\n\n"
        f"```rust exec compile_fail\n{code}```\n\n```rust exec\n{code.replace('missing!();', '')}```\n"
    )
    built = project.build()

    assert 0 == built.status, built.log
    (link,) = re.findall(r"<a [^>]*error_codes[^>]*>.*?</a>", project.html())
    assert link.startswith('<a href="https://doc.rust-lang.org/error_codes/E0308.html" rel="nofollow">')
    assert "E0308" == re.sub("<[^>]*>", "", link)
    assert "error[E0382]: x" in dict(project.streams())["stdout"]


def test_warnings_are_shown_on_request(project: Project) -> None:
    """`show="build"` shows them in colour and marks their lines; they are kept either way, so nothing runs again."""
    code = '#![warn(unused_variables)]\nlet unused = 1;\nprintln!("hi");\n'
    project.page(f"```rust exec\n{code}```\n")
    first = project.build("--strict")
    assert [("stdout", "hi")] == project.streams()
    assert [] == marks(project)

    project.page(f'```rust exec show="build stdout"\n{code}```\n')
    again = project.build("--strict")
    (kind, text), output = project.streams()

    assert (0, 0) == (first.status, again.status), again.log
    assert {"samples": 1, "cached": 1, "met": 1} == again.counts
    assert ("build", ("stdout", "hi")) == (kind, output)
    assert "warning: unused variable: `unused`" in text
    assert "ansi-yellow" in project.html()
    assert [("warning", "unused variable: `unused` (unused_variables)", "let unused = 1;")] == marks(project)


def test_nothing_is_marked_that_is_not_shown(project: Project) -> None:
    """No output wanted, no failure, a hidden line."""
    project.page(
        '```rust exec compile_fail result="none"\nlet s: u8 = "";\n```\n\n'
        "```rust exec should_panic\n# panic!();\n```\n\n"
        '```rust exec exit="any"\nstd::panic::catch_unwind(|| panic!()).ok();\n```\n'
    )
    built = project.build()

    assert 0 == built.status, built.log
    assert "codeexec-mark" not in shown(project)


def test_a_backtrace_is_cut_to_the_sample(project: Project) -> None:
    """If it is configured; with places of the page in the log where the program knows them."""
    project.configure({"languages": {"rust": {"backtrace": "1"}}})
    project.page(
        '```rust exec\nfn f() { panic!("x") }\n(0..1).for_each(|_| f());\n# Ok::<(), std::fmt::Error>(())\n```\n'
    )
    built = project.build()
    ((_, text),) = project.streams()
    frames = re.findall(r"(?m)^ +\d+: (\S+)", text)

    assert "stack backtrace:" in text
    assert {"sample::main::f", "sample::main"} <= set(frames)
    assert not [name for name in frames if "std::" in name or "core::" in name or "_inner" in name]
    assert re.findall(r"(?m)^ +at (.*)$", text) == re.findall(r"(?m)^ +at (sample\.rs:[12]:\d+)$", text)
    assert "sample.rs" not in built.log


def test_failures_are_annotations_on_github(messages: Project) -> None:
    """One for each, with the place in the repository; nothing that a sample wrote is a command."""
    (messages.root / "docs/index.md").open("a").write("```rust exec nonsense\n```\n")
    here = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(messages.root.parent)}
    built = messages.build(env=here)
    lines = [line for line in built.log.split("\n") if line.lstrip().startswith("::") or "##[" in line]
    commands = [line for line in lines if not line.lstrip().startswith("::: ")]
    file = f"file={messages.root.name}/docs/index.md"

    assert [
        f"::warning {file},line=42,endLine=42::",
        f"::error {file},line=7,endLine=7,col=12,endColumn=13,title=it does not compile::",
        f"::error {file},line=15,endLine=15,col=6,title=it panicked::",
        f"::error {file},line=20,endLine=20,title=exit status 1::",
        f"::error {file},line=27,endLine=27,col=17,endColumn=25,title=it does not compile::",
        f"::error {file},line=30,endLine=30,title=it does not compile::",
        f"::error {file},line=32,endLine=32,title=exit status 1::",
    ] == [line[: line.index("::", 2) + 2] for line in commands]
    assert [
        f"borrow of moved value: `s` (E0382)%0A  ::: docs/index.md:5:5: {MOVES}%0A  ::: docs/index.md:6:6: value moved here",
        "index out of bounds: the len is 0 but the index is 7",
        "ValueError: <b>",
        "mismatched types (E0308)",
    ] == [line.split("::", 2)[2] for line in commands[1:5]]
    assert "# #[error]two" in built.log


COMMANDS = r"(?m)^\s*::\w|##(?:vso|teamcity)?\[|section_start:\d+:a\r|\r|\x1b\[0?K|\x1b\]"


def test_what_is_told_of_samples_is_no_command_of_a_ci_system(project: Project) -> None:
    """Whatever the system, of what a program wrote and of what a compiler quotes; in colour too."""
    written = r"q\n::error::a\nx\r::add-mask::b\n##[group]c\n##vso[task.x]d\n##teamcity[x]e\n\x1b[0Ksection_start:1:a\r\x1b[0Kf\n"
    project.page(
        f"```python exec\nimport sys\nsys.exit('{written}')\n```\n\n"
        f'```rust exec\ncompile_error!("{written}");\n```\n\n'
        f'```rust exec\npanic!("{written}");\n```\n'
    )
    plain = project.build()
    colored = project.build(env={"NO_COLOR": "", "CLICOLOR_FORCE": "1"})

    assert (1, 1) == (plain.status, colored.status)
    for log in (plain.log, colored.log):
        assert 3 <= log.count("section_start")
        assert 3 <= log.count("::error::a")  # only what begins a line is a command
        assert not re.search(COMMANDS, log), re.search(COMMANDS, log)
