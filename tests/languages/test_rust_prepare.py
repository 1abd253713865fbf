from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.core.normalize import normalize
from mkdocs_codeexec.languages.rust.messages.normal import RULES
from mkdocs_codeexec.languages.rust.messages.restore import restore
from mkdocs_codeexec.languages.rust.source.outline import outline
from mkdocs_codeexec.languages.rust.source.prepare import Prepared, original, preamble, prepare

MAIN = "fn main() { "
LENIENT = "#[allow(non_snake_case)] fn main() { "
"""The same for a sample that may have told the compiler to be strict."""
INNER = "fn main() { fn _inner() -> core::result::Result<(), impl core::fmt::Debug> { "


@pytest.mark.parametrize(
    ("code", "runs"),
    [
        ("fn main() {}", True),
        ("fn main () {}", True),
        ("fn\nmain() {}", True),
        ("pub fn main() {}", True),
        ("pub(crate) fn main() {}", True),
        ("fn r#main() {}", True),
        ("async fn main() {}", True),
        ("#[tokio::main]\nasync fn main() {}", True),
        ('/// doc\n#[a]\nunsafe extern "C" fn main() {}', True),
        ("const fn main() {}", True),
        ("use a::b;\nstruct S;\nfn main() -> Result<(), ()> { Ok(()) }", True),
        ("impl<T> X<{ 1 + 1 }> for Y {}\nfn main() {}", True),
        ("const A: u8 = { 1 };\nstatic B: [u8; 2] = [1; { 2 }];\nfn main() {}", True),
        ("fn f<T>() where T: A<{ 1 }>, [u8; { 2 }]: Sized {}\nfn main() {}", True),
        ("union U { a: u8 }\nfn main() {}", True),
        ("macro_rules! m { (fn main()) => {} }\nfn main() {}", True),
        ("macro_rules! m { () => { fn main() {} } }", False),
        ("macro_rules! m ( () => { fn main() {} } );", False),
        ("wrap! { fn main() {} }", True),
        ("wrap!(fn main() {});", True),
        ("a::wrap! { x, fn main(a: u8) {} }", True),
        ("wrap! { { fn main() {} } }", False),
        ("wrap! { fn main }", False),
        ("wrap!(fn main() {})", False),
        ("// fn main() {}", False),
        ("/* fn main() {} */", False),
        ('let s = "fn main() {}";', False),
        ("mod a { fn main() {} }", False),
        ("impl A { fn main() {} }", False),
        ("fn f() { fn main() {} }", False),
        ('extern "C" { fn main(); }', False),
        ("fn mains() {}", False),
        ("type F = fn(main: u8);", False),
        ("fn main() {}\nlet x = 1;", False),
        ("fn main() {};", False),
        ("println!();\nfn main() {}", True),
        ("println!()\n;fn main() {}", True),
        ("f();\nfn main() {}", False),
        ("if a {}\nfn main() {}", False),
        ("unsafe { f() }\nfn main() {}", False),
        ("const { f() }\nfn main() {}", False),
        ("async {};\nfn main() {}", False),
        ("vec![1].len();\nfn main() {}", False),
        ("x! {}.y();\nfn main() {}", False),
        ("return !(x);\nfn main() {}", False),
        ("macro_rules! m { () => {} };\nfn main() {}", False),
        ("wrap! { r#fn main() {} }", True),
        ("fn main() {}\n/// of nothing", True),
        ("let main = 1;", False),
        ("", False),
    ],
)
def test_a_program_is_told_from_statements(code: str, runs: bool) -> None:
    """A sample runs as it is if it has a `fn main` among items, found by tokens; anything else is wrapped."""
    assert (0 if runs else 1) == len(prepare(code).shifts)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("let x = 1;", MAIN + "let x = 1;\n}\n"),
        ("let x = 1; // }", MAIN + "let x = 1; // }\n}\n"),
        ("// a\n\nlet x = 1;", MAIN + "// a\n\nlet x = 1;\n}\n"),
        ("#![allow(x)]\nlet x = 1;", "#![allow(x)] " + LENIENT + "\nlet x = 1;\n}\n"),
        ("#![allow(x)] let x = 1;", "#![allow(x)] " + LENIENT + " let x = 1;\n}\n"),
        ("//! a\nlet x = 1;", "//! a\n" + LENIENT + "let x = 1;\n}\n"),
        ("//! a", "//! a\n" + LENIENT + "}\n"),
        ("extern crate alloc;\nuse alloc::a;", "extern crate alloc; " + MAIN + "\nuse alloc::a;\n}\n"),
        (
            "f();\n#[macro_use]\nextern crate a;\ng();",
            "#[macro_use] extern crate a; " + MAIN + "f();\n            \n               \ng();\n}\n",
        ),
        ("#![no_std]\nf!{}", "#![no_std]\nf!{}\n"),
        ("Ok::<(), u8>(())", INNER + "Ok::<(), u8>(())\n} _inner().unwrap() }\n"),
        ("Ok::<(), u8>(())\n// done", INNER + "Ok::<(), u8>(())\n// done\n} _inner().unwrap() }\n"),
        ("Ok::<(), u8>( () )", MAIN + "Ok::<(), u8>( () )\n}\n"),
        ("Ok::<(), u8>(());", MAIN + "Ok::<(), u8>(());\n}\n"),
        ("#[derive(Debug)]", MAIN + "                \n}\n"),
        ("f();\n/// a\n#[b(c)] #![d]\n", MAIN + "f();\n     \n             \n}\n"),
        ("f();\n…", MAIN + "f();\n \n}\n"),
        ("Ok(())\n…", INNER + "Ok(())\n \n} _inner().unwrap() }\n"),
        ("f()\n#[a]", MAIN + "f()\n#[a]\n}\n"),
        ("let a = [1]; a[0]", MAIN + "let a = [1]; a[0]\n}\n"),
        ("#![a]", "#![a] " + LENIENT + "\n}\n"),
        ("} else {", MAIN + "        \n}\n"),
        ("f();\n} g(); {\nh();", MAIN + "f();\n        \n    \n}\n"),
        ("} else (", "} else (\n"),
        ("}", "}\n"),
        ("// ![no_std]\n#![a]\nf();", "// ![no_std]\n#![a]\nf();\n"),
        ("#![a]\n// ![no_std]\nf();", "#![a]\n// ![no_std]\nf();\n"),
        ("f(); // ![no_std]", MAIN + "f(); // ![no_std]\n}\n"),
        ("let x = (1;", "let x = (1;\n"),
        ('let x = "a', 'let x = "a\n'),
        ("#!/usr/bin/env x\nfn main() {}", "#!/usr/bin/env x\nfn main() {}\n"),
    ],
)
def test_the_wrapper_is_rustdocs(code: str, expected: str) -> None:
    """Crate attributes and `extern crate` stay outside, `(())` at the end makes it return a Result."""
    assert expected == prepare(code).code


@pytest.mark.parametrize("code", ["#[test]\nfn a() {}\n", "f();\n", "extern crate a;\nOk(())\n"])
def test_the_harness_brings_its_own_main(code: str) -> None:
    """With `test_harness` nothing is put around a sample, whatever is in it."""
    assert code == prepare(code, harness=True).code


PREAMBLE = '#![allow(a)]\n// c\nuse std::fmt; /* d */\nextern crate alloc;\nconst S: &str = "x\ny";'


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "f();",
            '#![allow(a)] extern crate alloc; #[allow(non_snake_case)] fn main() { use std::fmt; const S: &str = "x\\ny"; f();\n}\n',
        ),
        ("fn main() {}", '#![allow(a)] extern crate alloc; use std::fmt; const S: &str = "x\\ny"; fn main() {}\n'),
        (
            "#![deny(b)]\n\nf();",
            '#![allow(a)] #![deny(b)] extern crate alloc; #[allow(non_snake_case)] fn main() { use std::fmt; const S: &str = "x\\ny"; \n\nf();\n}\n',
        ),
    ],
)
def test_the_preamble_is_hidden_lines_on_no_line_of_their_own(code: str, expected: str) -> None:
    """Its attributes go to the very start, its items where the body begins."""
    assert expected == prepare(code, preamble(PREAMBLE)).code


def test_statements_in_the_preamble_make_everything_a_body() -> None:
    """A `let` in the preamble is as good as one in the sample."""
    assert "fn main() { let x = 1; fn main() {}\n}\n" == prepare("fn main() {}", preamble("let x = 1;")).code


CODE = st.lists(
    st.sampled_from(
        [
            "let x = 1;",
            "fn main() {}",
            "#![allow(a)]",
            "//! d",
            "// c",
            "",
            "extern crate a;",
            "use b;",
            "  f()",
            "(())",
            "/* x",
            "y */",
            'r#"',
            '"#',
            "}",
            "wrap! { fn main() {} }",
            "let s = 'a';",
        ]
    ),
    max_size=7,
).map("\n".join)


@given(CODE, st.sampled_from(["", "use a;", "#![b]\nlet y = 1;"]))
def test_no_line_ever_moves(code: str, before: str) -> None:
    """Line k of the author is line k of the file, and every column can be traced back."""
    prepared = prepare(code, preamble(before))
    lines = prepared.code.split("\n")
    for number, line in enumerate(code.removesuffix("\n").split("\n"), 1):
        if "extern crate" in line:  # one that comes late is moved to where the compiler wants it
            continue
        put = {
            column
            for shift in prepared.shifts
            if shift.line == number
            for column in range(shift.column, shift.column + shift.width)
        }
        kept = [column for column in range(1, len(lines[number - 1]) + 1) if column not in put]
        # What means nothing, at the end, is blanked.
        assert "".join(lines[number - 1][column - 1] for column in kept) in (line, " " * len(line))
        assert [(number, k + 1) for k in range(len(line))] == [original(prepared, number, c) for c in kept]


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [(1, 13, (1, 1)), (1, 14, (1, 2)), (1, 1, (1, 1)), (1, 5, (1, 1)), (2, 4, (2, 4)), (3, 2, (2, 1)), (9, 9, (2, 1))],
)
def test_places_are_traced_back(line: int, column: int, expected: tuple[int, int]) -> None:
    """Inserted text is where it was inserted, and the closing line belongs to the last."""
    assert expected == original(prepare("f();\ng();\n"), line, column)


def shown(*lines: str) -> str:
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        (
            "let a: u8 = true;",
            shown(
                "error[E0308]: mismatched types",
                " --> sample.rs:1:25",
                "  |",
                "1 | fn main() { let a: u8 = true;",
                "  |                    --   ^^^^ expected `u8`",
                "  |                    |",
                "  |                    expected due to this",
                "  |",
                "  = note: x",
            ),
            shown(
                "error[E0308]: mismatched types",
                " --> sample.rs:1:13",
                "  |",
                "1 | let a: u8 = true;",
                "  |        --   ^^^^ expected `u8`",
                "  |        |",
                "  |        expected due to this",
                "  |",
                "  = note: x",
            ),
        ),
        (
            "a?;",
            shown(
                "1 | fn main() { a?;",
                "  | ---------    ^ cannot use",
                "  | |",
                "  | this function should return `Result`",
                "2 | let x = 1;",
                "  | ---",
            ),
            shown(
                "1 | a?;",
                "  |  ^ cannot use",
                "  | ",
                "  | this function should return `Result`",
                "2 | let x = 1;",
                "  | ---",
            ),
        ),
        (
            "a.b();",
            "\x1b[1m1\x1b[0m \x1b[1m|\x1b[0m fn main() { a\x1b[92m.c()\x1b[0m.b();\n  \x1b[1m|\x1b[0m              \x1b[92m++++\x1b[0m",
            "\x1b[1m1\x1b[0m \x1b[1m|\x1b[0m a\x1b[92m.c()\x1b[0m.b();\n  \x1b[1m|\x1b[0m  \x1b[92m++++\x1b[0m",
        ),
        ("f()", "\x1b[94m--> \x1b[0msample.rs:1:13", "\x1b[94m--> \x1b[0msample.rs:1:1"),
        ("f()", "thread 'main' panicked at sample.rs:1:15:\nx", "thread 'main' panicked at sample.rs:1:3:\nx"),
        ("f()", "other/sample.rs:1:15 mysample.rs:1:15", "other/sample.rs:1:15 mysample.rs:1:15"),
        ("fn main() {}", "1 | fn main() { f()\nsample.rs:1:15", "1 | fn main() { f()\nsample.rs:1:15"),
        ("// c\nf()", "1 | fn main() { // c\n2 | f()\n  | ^", "1 | // c\n2 | f()\n  | ^"),
        ("\nf()", "1 | fn main() {\n  |          -\n2 | f()\n  | ^", "1 | \n  | \n2 | f()\n  | ^"),
    ],
)
def test_messages_are_restored(code: str, before: str, after: str) -> None:
    """Rows of source lose inserted text, marks under them move left, labels are kept, colours stay."""
    arrow = " --> sample.rs:1:1\n"

    assert arrow + after == restore(prepare(code), arrow + before)


@pytest.mark.parametrize("text", ['const S: &str = "\u65e5\u672c";', 'const S: &str = "\t";', "use a::b;"])
def test_marks_are_aligned_by_what_a_terminal_shows(text: str) -> None:
    """Wide characters take two columns, and a tab is four spaces."""
    prepared = prepare("let a = b;", preamble(text))
    source = prepared.code.split("\n")[0].replace("\t", "    ")
    width = len(source) - len("let a = b;") + 2 * ("\u65e5" in text)

    arrow = " --> sample.rs:1:1\n"
    before = f"{arrow}1 | {source}\n  | {' ' * width}        ^ not found"

    assert f"{arrow}1 | let a = b;\n  |         ^ not found" == restore(prepared, before)


@pytest.mark.parametrize(
    "text",
    [
        "1 | fn main() { f();",
        "a listing\n\n1 | fn main() { f();\n  | ^",
        "note: x\n --> other.rs:1:1\n1 | fn main() { f();",
        "error: x\n --> sample.rs:2:1\n2 | g();\n\n1 | fn main() { f();",
    ],
)
def test_only_messages_of_the_compiler_are_restored(text: str) -> None:
    """A listing that a program prints, or a row of another file, is left alone."""
    assert text == restore(prepare("f();\ng();"), text)


def test_a_mark_after_a_label_that_goes_stands_where_it_belongs() -> None:
    """The label of inserted text gives way to a mark that follows it in the same row."""
    before = (
        " --> sample.rs:1:1\n1 | fn main() { 5\n  |           -  ^ number\n  |           expected x because of y  - z"
    )

    assert " --> sample.rs:1:1\n1 | 5\n  |  ^ number\n  |                        - z" == restore(prepare("5"), before)


def test_suggestions_to_change_inserted_text_are_left_out() -> None:
    """The reader does not see what they would change; other suggestions stay."""
    before = shown(
        "error: x",
        " --> sample.rs:1:13",
        "  |",
        "1 | fn main() { a?;",
        "  |              ^",
        "help: consider adding return type",
        "  |",
        "1 ~ fn main() -> Result<(), E> { a?;",
        "2 +     Ok(())",
        "  |",
        "help: consider importing this",
        "  |",
        "1 + use a;",
        "  |",
        "",
        "end",
    )

    after = shown(
        "error: x",
        " --> sample.rs:1:1",
        "  |",
        "1 | a?;",
        "  |  ^",
        "help: consider importing this",
        "  |",
        "1 + use a;",
        "  |",
        "",
        "end",
    )
    assert after == restore(prepare("a?;"), before)


def test_suggestions_after_another_file_are_about_the_sample() -> None:
    """They come without an arrow."""
    head = "error: x\n --> sample.rs:2:1\n2 | g();\nnote: y\n --> other.rs:1:1\n1 | fn main() { f();\nhelp: z\n"

    assert head + "1 | h();" == restore(prepare("h();\ng();"), head + "1 | fn main() { h();")


@pytest.mark.parametrize(
    "unit",
    [",/", " /a", "/", "a", " --> ", "\x1b[", "\x1b]8;;", "1 | fn main() { f();\n", "9", "sample.rs:9", "thread '"],
)
def test_hostile_output_takes_linear_time(unit: str) -> None:
    """Whatever a program prints, a quarter of a megabyte of it is tidied at once."""
    text = " --> sample.rs:1:1\n/registry/src/" + unit * (256 * 1024 // len(unit))

    assert normalize(restore(prepare("f();"), text), RULES)


def test_no_insertion_means_no_change() -> None:
    """A sample that is a program gets its messages as they are."""
    assert "1 | fn main() { x" == restore(Prepared("fn main() { x"), "1 | fn main() { x")


def test_a_macro_may_bring_the_main_of_a_program() -> None:
    """The outline tells what rustdoc would find."""
    found = outline("#![a]\nextern crate b;\nc! { fn main() {} }")

    assert (True, False, 21) == (found.main, found.statements, found.body)
