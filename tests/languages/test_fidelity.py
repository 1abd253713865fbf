"""Verdicts are rustdoc's: each fence is run by the real `rustdoc --test`, and by the plugin in a real build."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


class Fence(NamedTuple):
    """A fence and its verdict in both; None where it is not run at all."""

    verdict: str | None
    header: str
    code: str
    edition: str = "2021"


RAISE = 'unsafe extern "C" { fn raise(n: i32) -> i32; }\nunsafe { raise(9); }'

FENCES: dict[str, Fence] = {
    # should_panic
    "panic": Fence("met", "rust,should_panic", "panic!()"),
    "panic where none should be": Fence("unmet", "rust", "panic!()"),
    "no panic": Fence("unmet", "rust,should_panic", "f();\nfn f() {}"),
    "abort": Fence("met", "rust,should_panic", "std::process::abort()"),
    "exit status 1": Fence("met", "rust,should_panic", "std::process::exit(1)"),
    "exit status 0": Fence("unmet", "rust,should_panic", "std::process::exit(0)"),
    "main that fails": Fence("met", "rust,should_panic", 'fn main() -> Result<(), String> { Err("x".into()) }'),
    "killed": Fence("met", "rust,should_panic", RAISE),
    "should_panic, no program": Fence("unmet", "rust,should_panic", "let x: u8 = true;"),
    "should_panic, not run": Fence("met", "rust,should_panic,no_run", "f();\nfn f() {}"),
    # compile_fail
    "fails to compile": Fence("met", "rust,compile_fail", "let x: u8 = true;"),
    "compiles": Fence("unmet", "rust,compile_fail", "let x: u8 = 1;"),
    "with its code": Fence("met", "rust,compile_fail,E0308", "let x: u8 = true;"),
    "code before it": Fence("met", "rust,E0308,compile_fail", "let x: u8 = true;"),
    "code that is none": Fence("met", "rust,compile_fail,E308", "let x: u8 = true;"),
    "code alone": Fence("met", "rust,E0308", "let x: u8 = 1;"),
    "panic of what must not compile": Fence("met", "rust,compile_fail,should_panic", "let x: u8 = true;"),
    "fails at the end only": Fence("met", "rust,compile_fail", "const A: u8 = 255 + 1;\nlet x = A;"),
    "unstable": Fence("met", "rust,compile_fail", "#![feature(never_type)]\nlet x = 1;"),
    "unstable, not expected": Fence("unmet", "rust", "#![feature(never_type)]\nlet x = 1;"),
    # ignore, no_run
    "ignored": Fence("skipped", "rust,ignore", "let x = ("),
    "ignored, with a reason": Fence("skipped", "rust,ignore (why, so)", "let x = ("),
    "ignored here": Fence("skipped", f"rust,ignore-{sys.platform}", "let x = ("),
    "ignored elsewhere": Fence("met", "rust,ignore-no-such-target", "let x = 1;"),
    "ignored, but elsewhere": Fence("met", "rust,ignore,ignore-no-such-target", "let x = 1;"),
    "ignored, but only elsewhere": Fence("unmet", "rust,ignore-no-such-target,ignore", "let x = ("),
    "not run": Fence("met", "rust,no_run", "loop {}"),
    "not run, does not compile": Fence("unmet", "rust,no_run", "let x: u8 = true;"),
    # Other words
    "editable": Fence("met", "rust,editable", "let x = 1;"),
    "spaces": Fence("unmet", "rust no_run foo", "let x: u8 = true;"),
    "no language": Fence("met", "should_panic", "panic!()"),
    "rust behind": Fence("met", "noplayground,rust", "let x = 1;"),
    "unknown word": Fence("unmet", "rust,norun", "panic!()"),
    "unknown edition": Fence("met", "rust,edition2031", "let x = 1;"),
    "rust behind a comma": Fence("met", "text,rust", "let x = 1;"),
    "other language": Fence(None, "text", "let x = ("),
    "braces": Fence("unmet", "{.rust}", "let x = ("),
    "a crate of its own": Fence("met", "rust,standalone_crate", "let x = 1;"),
    "behind a fence of another language": Fence("met", "grammar,items", "a\n```\n\n```rust\nlet x = 1;"),
    # Editions
    "edition 2015": Fence("met", "rust,edition2015", "let async = 1;"),
    "edition 2018": Fence("unmet", "rust,edition2018", "let async = 1;"),
    "edition 2024": Fence("unmet", "rust,edition2024", "let gen = 1;"),
    "edition of the page": Fence("met", "rust", "let gen = 1;"),
    "2024": Fence("unmet", "rust", "let gen = 1;", "2024"),
    "2024, older": Fence("met", "rust,edition2021", "let gen = 1;", "2024"),
    "2024, panic": Fence("met", "rust,should_panic", "panic!()", "2024"),
    "2024, exit status 1": Fence("met", "rust,should_panic", "std::process::exit(1)", "2024"),
    "2024, exit status 0": Fence("unmet", "rust,should_panic", "std::process::exit(0)", "2024"),
    "2024, path from the root": Fence("met", "rust", "mod a { pub fn f() {} }\nfn main() { crate::a::f() }", "2024"),
    "2024, name of the crate": Fence("met", "rust,standalone_crate", '#![crate_name = "mine"]\nlet x = 1;', "2024"),
    # test_harness
    "tests": Fence("met", "rust,test_harness", "#[test]\nfn a() {}"),
    "a test that fails": Fence("unmet", "rust,test_harness", "#[test]\nfn a() { panic!() }"),
    "a test that should fail": Fence("met", "rust,test_harness,should_panic", "#[test]\nfn a() { panic!() }"),
    "tests that are not run": Fence("met", "rust,test_harness,no_run", "#[test]\nfn a() { panic!() }"),
    "statements as tests": Fence("unmet", "rust,test_harness", "let x = 1;"),
    "tests without a harness": Fence("met", "rust", "#[test]\nfn a() { panic!() }"),
    "harness and main": Fence("met", "rust,test_harness", "fn main() { panic!() }\n#[test]\nfn a() {}"),
    # Hidden lines
    "hidden": Fence("met", "rust", "# let x = 1;\nassert_eq!(x, 1);"),
    "nearly hidden": Fence("unmet", "rust", "#let x = 1;"),
    # What stands where
    "name of the crate": Fence("met", "rust", '#![crate_name = "mine"]\nassert_eq!(module_path!(), "mine");'),
    "kind of the crate": Fence("met", "rust,no_run", '#![crate_type = "lib"]\npub fn f() {}'),
    "lints are not turned off": Fence("unmet", "rust", "#![deny(unused)]\nlet x = 1;"),
    "all warnings": Fence("met", "rust", "#![deny(warnings)]\nlet x = 1;"),
    "warning about a name": Fence("met", "rust", "#![deny(warnings)]\nlet A = 1;"),
    "warning about a name, in a program": Fence("unmet", "rust", "#![deny(warnings)]\nfn main() { let A = 1; }"),
    "warning about another name": Fence("unmet", "rust", "#![deny(warnings)]\nstruct a;"),
    "forbidden names": Fence("unmet", "rust", "#![forbid(non_snake_case)]\nlet a = 1;"),
    "an attribute alone": Fence("met", "rust", "#[derive(Debug)]"),
    "documentation of nothing": Fence("met", "rust", "fn f() {}\n/// nothing"),
    "documentation of nothing in a program": Fence("met", "rust", "fn main() {}\n/// nothing"),
    "an attribute after an expression": Fence("unmet", "rust", "f()\n#[a]\nfn f() {}"),
    "an attribute in the middle": Fence("unmet", "rust", "fn f() {}\n#![allow(a)]\nfn main() {}"),
    "an ellipsis": Fence("met", "rust", "let x = 1;\n…"),
    "three points": Fence("unmet", "rust", "let x = 1;\n..."),
    "half of a condition": Fence("met", "rust", "} else {"),
    "one bracket too many": Fence("unmet", "rust", "}"),
    "no_std": Fence("unmet", "rust", "#![no_std]\nlet x = 1;"),
    "no_std in a comment": Fence("unmet", "rust", "// ![no_std]\n#![allow(a)]\nlet x = 1;"),
    "main behind a macro": Fence("met", "rust", "macro_rules! m { () => {} };\nfn main() { panic!() }"),
    "main by a macro": Fence(
        "unmet", "rust", "macro_rules! m { ($($t:tt)*) => {$($t)*} }\nm! { fn main() { panic!() } }"
    ),
    "crate among statements": Fence("met", "rust", "let x = 1;\nextern crate alloc;\nuse alloc::vec;"),
    "question mark": Fence("unmet", "rust", 'let x: u8 = "a".parse()?;\nOk::<(), std::num::ParseIntError>(())'),
    "include of a file": Fence("unmet", "rust", 'include_str!("no such file");'),
}

DIFFERENT: dict[str, tuple[str | None, Fence]] = {
    "text in a raw string": ("unmet", Fence("met", "rust", 'let s = r"\n# a";\nassert_eq!(s.len(), 4);')),
    "text in a string": ("unmet", Fence("met", "rust", 'let s = "\n# a\n";\nassert_eq!(s, "\\n# a\\n");')),
    "code that is not reported": ("met", Fence("unmet", "rust,compile_fail,E0999", "let x: u8 = true;")),
    "untagged": ("unmet", Fence(None, "", "let x = (")),
    "short name": (None, Fence("unmet", "rs", "let x = (")),
    "capital letter": (None, Fence("unmet", "Rust", "let x = (")),
    "title": (None, Fence("unmet", 'rust title="x"', "let x = (")),
    "word behind one that is unknown": (None, Fence("met", "rust,editable,no_run", "let x = 1;")),
    "include that nobody expanded": ("unmet", Fence("error", "rust", "{{#include none.rs}}")),
    "class of another language": ("met", Fence(None, "{.python}", "let x = 1;")),
    # The last: superfences does not know it as a fence, and its end begins one.
    "rust behind another language": ("met", Fence(None, "text rust", "let x = 1;")),
}
"""What rustdoc says, and what is said here; the reasons stand in docs/adr/0010-verdicts-are-rustdocs.md."""


def page(fences: list[Fence]) -> tuple[str, list[int]]:
    """Return Markdown with `fences`, and the line of each."""
    text, lines = "", []
    for fence in fences:
        text += f"```{fence.header}\n{fence.code}\n"
        lines.append(text.count("\n", 0, text.rindex("```")) + 1)
        text += "```\n\n"
    return text, lines


@pytest.fixture(scope="module")
def benchmarks() -> Iterator[Any]:
    """The modules of the comparison, as it imports them itself: from their own folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        import books
        import fidelity

        yield SimpleNamespace(books=books, fidelity=fidelity)
        for name in ("books", "fidelity", "measuring", "rustdoc"):
            del sys.modules[name]


@pytest.fixture(scope="module")
def verdicts(benchmarks: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str | None, str | None]]:
    """The verdicts of rustdoc and of the plugin, by name of the fence."""
    fidelity = benchmarks.fidelity
    rows = FENCES | {name: fence for name, (_, fence) in DIFFERENT.items()}
    found: dict[str, tuple[str | None, str | None]] = {}
    for edition in ("2021", "2024"):
        root = tmp_path_factory.mktemp(f"edition{edition}")
        (root / "book").mkdir()
        names = [name for name, fence in rows.items() if fence.edition == edition]
        text, lines = page([rows[name] for name in names])
        (root / "book" / "page.md").write_text(text, "utf-8")
        args = fidelity.arguments().parse_args([str(root / "book"), "--edition", edition])
        comparison = fidelity.Comparison(args, root / "work")
        theirs, ours = comparison.rustdoc(), comparison.codeexec()
        for name, line in zip(names, lines, strict=True):
            place = fidelity.Place("page.md", line)
            pair = [said[place].verdict if place in said else None for said in (theirs, ours)]
            found[name] = pair[0], pair[1]
    return found


@pytest.mark.parametrize("name", FENCES)
def test_verdicts_are_rustdocs(verdicts: dict[str, tuple[str | None, str | None]], name: str) -> None:
    """A fence has the verdict that rustdoc gives it."""
    assert (FENCES[name].verdict, FENCES[name].verdict) == verdicts[name]


@pytest.mark.parametrize("name", DIFFERENT)
def test_differences_are_known(verdicts: dict[str, tuple[str | None, str | None]], name: str) -> None:
    """Where a verdict is not rustdoc's, it is so on purpose."""
    theirs, fence = DIFFERENT[name]
    assert (theirs, fence.verdict) == verdicts[name]


BOOK = """```rust,compile_fail,E0999
let x: u8 = true;
```

> ```rust
> {{#rustdoc_include code/a.rs:shown}}
> ```

{{#playground code/a.rs editable}}
"""
CODE = """fn main() {
    // ANCHOR: shown
    panic!();
    // ANCHOR_END: shown
}
"""


def test_the_command_prints_what_differs(tmp_path: Path) -> None:
    """A difference is told with its place, both verdicts, its class and what was said, and counted."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.rs").write_text(CODE, "utf-8")
    (tmp_path / "README.md").write_text(BOOK, "utf-8")
    (tmp_path / "index.md").write_text("```rust\nlet x = 1;\n```\n", "utf-8")
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "fidelity.py", tmp_path, "--strict"], capture_output=True, text=True, check=False
    )
    assert (1, "") == (done.returncode, done.stderr)
    head, _, tail = done.stdout.partition("\n\n")
    assert head.splitlines()[:4] == [
        "README.md:1: ```rust,compile_fail,E0999  [error codes]",
        "  rustdoc:  met",
        "  codeexec: unmet",
        "    | expected `E0999`, the compiler reported `E0308`",
    ]
    assert tail.splitlines()[0] == "2 files; rustdoc ran 4 fences, codeexec 4"
    assert tail.splitlines()[1].split() == ["3", "have", "the", "same", "verdict"]


LINES = "one\n// ANCHOR: a\ntwo\n// ANCHOR: b\nthree\n// ANCHOR_END: b\n// ANCHOR_END: a\nfour\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x {{#include f.rs:1}} y", "x one y"),
        ("{{#include f.rs:3:}}", "two\n// ANCHOR: b\nthree\n// ANCHOR_END: b\n// ANCHOR_END: a\nfour"),
        ("{{#include f.rs::1}}", "one"),
        ("{{#include f.rs:3:4}}", "two\n// ANCHOR: b"),
        ("{{#include f.rs:a}}", "two\nthree"),
        ("> {{#include f.rs:a}}\n", "> two\n> three\n"),
        ("{{#rustdoc_include f.rs:b}}", "# one\n# two\nthree\n# four"),
        ("{{#rustdoc_include g.rs:2}}", "# a\nb"),
        ("{{#playground g.rs editable}}", "```rust,editable\na\nb\n```"),
        ("{{#title a b}}x", "x"),
        ("\\{{#include f.rs}}", "{{#include f.rs}}"),
        ("{{#include none.rs}}", "{{#include none.rs}}"),
        ("{{#if x}}{{ y }}", "{{#if x}}{{ y }}"),
        ("{{#include sub/h.md}}", "b"),
    ],
)
def test_includes_are_those_of_mdbook(benchmarks: Any, tmp_path: Path, text: str, expected: str) -> None:
    """Lines, anchors, hidden lines and includes within includes are as `mdbook test` has them."""
    (tmp_path / "sub").mkdir()
    for name, content in (("f.rs", LINES), ("g.rs", "a\nb"), ("sub/h.md", "{{#include ../g.rs:2}}\n")):
        (tmp_path / name).write_text(content, "utf-8")
    assert expected == benchmarks.books.expanded(text, tmp_path)
