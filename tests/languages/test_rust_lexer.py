from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.languages.rust.batch.sharing import sharing
from mkdocs_codeexec.languages.rust.source.lexer import Unlexable, one_line, tokens
from mkdocs_codeexec.languages.rust.source.structure import structure


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("fn main() {}", ["fn", "main", "(", ")", "{", "}"]),
        ("a // b\nc", ["a", "c"]),
        ("a /* /* b */ } */ c", ["a", "c"]),
        ('"} // \\" "', ['"} // \\" "']),
        ('r#"a"b\\"#x', ['r#"a"b\\"#', "x"]),
        ('br##"a"#"##', ['br##"a"#"##']),
        ('c"a" b"b"', ['c"a"', 'b"b"']),
        ("'a' 'b 'static", ["'a'", "'b", "'static"]),
        (
            "'\\'' '\\\\' '\\u{1F600}' b'\\x00' '😀' '\"'",
            ["'\\''", "'\\\\'", "'\\u{1F600}'", "b'\\x00'", "'😀'", "'\"'"],
        ),
        ("f::<'a, 'b>('c')", ["f", ":", ":", "<", "'a", ",", "'b", ">", "(", "'c'", ")"]),
        ("r#fn r#match", ["r#fn", "r#match"]),
        ("1..2 1.5e3 0xff_u8 1.max(2)", ["1", ".", ".", "2", "1.5e3", "0xff_u8", "1", ".", "max", "(", "2", ")"]),
        ("/// doc\n//// not\n/** doc */ /***/ /**/ //! in", ["/// doc", "/** doc */", "//! in"]),
        ("größe_ß", ["größe_ß"]),
        ("a \u200e", ["a"]),
        ("", []),
        (" \n", []),
    ],
)
def test_source_is_split_as_rustc_splits_it(source: str, expected: list[str]) -> None:
    """Brackets and words in literals and comments are no tokens."""
    assert expected == [token.text for token in tokens(source)]


@pytest.mark.parametrize("source", ['"abc', "/* a", 'r#"a"', "fn a(", "}", "(]", "fn main() { ( }", "/* /* */"])
def test_source_without_tokens_is_refused(source: str) -> None:
    """What does not end or match is for the compiler to tell."""
    with pytest.raises(Unlexable):
        tokens(source)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("use a; // x\nuse b;\n", "use a; use b;"),
        ("a/* b\n*/c", "a c"),
        ('let a = "x\ny";', 'let a = "x\\ny";'),
        ('let a = "x \\\n   y";', 'let a = "x y";'),
        ('let a = "x\\\\\n   y";', 'let a = "x\\\\\\n   y";'),
        ('let a = r#"x"\\\ny"#;', 'let a = "x\\"\\\\\\ny";'),
        ('let a = br"x\ny";', 'let a = b"x\\ny";'),
        ("/// doc\nfn f() {}", "fn f() {}"),
        ("use a/** doc */::b;mod/*! doc */c;", "use a ::b;mod c;"),
    ],
)
def test_source_is_put_on_one_line(source: str, expected: str) -> None:
    """Comments go, and line breaks in literals become escapes."""
    assert expected == one_line(source)


@given(st.text(alphabet="ab{}()[]'\"\\/*#r!\n 1.é", max_size=40))
def test_any_text_is_tokens_or_refused(source: str) -> None:
    """The lexer neither fails nor loses its place, whatever it is given."""
    try:
        found = tokens(source)
    except Unlexable:
        return
    assert all(source[token.start : token.end] == token.text for token in found)
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))
    assert "\n" not in one_line(source)


def test_long_sources_take_linear_time() -> None:
    """A megabyte of one literal, comment or nesting is read at once."""
    tokens('"' + "a\\\\" * 300_000 + '"')
    tokens("/*" * 100_000 + "*/" * 100_000)
    tokens("(" * 100_000 + ")" * 100_000)
    assert 1 == len(tokens("a" + " \n" * 300_000))
    with pytest.raises(Unlexable):
        tokens('"' + "\\a" * 300_000)


@pytest.mark.parametrize(
    "code",
    [
        "impl " * 20_000,
        "impl<" * 20_000,
        "impl (" * 2000 + ")" * 2000,
        "mod a {" + "super::x;" * 10_000 + "}",
        "#[" * 10_000 + "]" * 10_000,
    ],
    ids=["impl", "generics", "brackets", "super", "attributes"],
)
def test_long_sources_are_judged_in_no_time(code: str) -> None:
    """Whether a sample may share a crate, and what of it is layout, is soon known of any; what is too long does neither."""
    began = time.process_time()

    assert sharing(code, ()).alone or code.startswith("impl (")
    structure(code)
    assert time.process_time() - began < 15  # minutes otherwise
