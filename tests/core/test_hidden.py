from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.core.hidden import Hiding, lines, runnable, visible

TABLE = {
    "code": ("let x = 1;", "let x = 1;", "let x = 1;"),
    "hidden": ("# use a;\nb();", "b();", "use a;\nb();"),
    "all hidden": ("# a", "", "a"),
    "indented": ("a {\n    # let x = 1;\n}", "a {\n}", "a {\n    let x = 1;\n}"),
    "bare": ("a\n#\n  #  \nb", "a\nb", "a\n\n\nb"),
    "doubled": ("##[test]\n  ## x", "#[test]\n  # x", "#[test]\n  # x"),
    "attributes": ("#[a]\n#![b]\n#!/c\n#d", "#[a]\n#![b]\n#!/c\n#d", "#[a]\n#![b]\n#!/c\n#d"),
    "hidden attribute": ("# #[a]\nfn f() {}", "fn f() {}", "#[a]\nfn f() {}"),
    "raw string": (
        'let s = r#"\n# Title\n## Part\n"#;\n# f();',
        'let s = r#"\n# Title\n## Part\n"#;',
        'let s = r#"\n# Title\n## Part\n"#;\nf();',
    ),
    "raw string, quotes inside": ('r##"\n"#\n# a\n"##;\n# b', 'r##"\n"#\n# a\n"##;', 'r##"\n"#\n# a\n"##;\nb'),
    "byte and C strings": (
        'br"\n# a\n"; cr#"\n# b\n"#\n# c',
        'br"\n# a\n"; cr#"\n# b\n"#',
        'br"\n# a\n"; cr#"\n# b\n"#\nc',
    ),
    "string": ('"\n# a \\" \n# b"\n# c', '"\n# a \\" \n# b"', '"\n# a \\" \n# b"\nc'),
    "string that ends in a backslash": ('"\\\\"\n# c', '"\\\\"', '"\\\\"\nc'),
    "comment": ("/* /*\n# a */\n# b */\n# c", "/* /*\n# a */\n# b */", "/* /*\n# a */\n# b */\nc"),
    "quote in a line comment": ('// "\n# a', '// "', '// "\na'),
    "quote in a character": (
        "'\"'; b'\\'' '\\u{22}' '\\x22'\n# a",
        "'\"'; b'\\'' '\\u{22}' '\\x22'",
        "'\"'; b'\\'' '\\u{22}' '\\x22'\na",
    ),
    "lifetimes": ("f::<'a, 'b>('\"')\n# a", "f::<'a, 'b>('\"')", "f::<'a, 'b>('\"')\na"),
    "raw identifier": ('r#fn; bar"x"\n# a', 'r#fn; bar"x"', 'r#fn; bar"x"\na'),
    "literal on hidden lines": ('# let s = "\n# b\n# ";\nc', "c", 'let s = "\nb\n";\nc'),
    "raw literal from a hidden line on": ('# let s = r"\nb\n# c\n# ";\nd', "b\nd", 'let s = r"\nb\nc\n";\nd'),
}


@pytest.mark.parametrize(("code", "shown", "run"), TABLE.values(), ids=TABLE.keys())
def test_hidden(code: str, shown: str, run: str) -> None:
    """Lines are hidden by rustdoc's rule, except where they are text of a literal or a comment."""
    assert (shown, run) == (visible(code), runnable(code))


SOURCES = st.lists(
    st.sampled_from(["# x", "#", "##", "#[a]", "  # y", '"', 'r#"', '"#', "'", "/*", "*/", "//", "\\", "a", " ", "é"])
).map("\n".join)


@given(st.text() | SOURCES)
def test_line_numbers_stay(code: str) -> None:
    """What runs has the lines of what was written, and what is shown has no more."""
    assert code.count("\n") == runnable(code).count("\n")
    assert visible(code).count("\n") <= code.count("\n")


@given(st.text().filter(lambda code: "#" not in code))
def test_nothing_to_hide(code: str) -> None:
    """Code without `#` is shown and run as it is."""
    assert (code, code) == (visible(code), runnable(code))


@given(SOURCES)
def test_shown_lines_run(code: str) -> None:
    """Every line that is shown runs as it is shown, in the same order."""
    rest = iter(runnable(code).split("\n"))
    if visible(code):
        assert all(line in rest for line in visible(code).split("\n"))


BY_PREFIX = {
    "!!a": (None, "a"),
    "  !!  a": (None, "    a"),
    "!!": (None, ""),
    "a !!b": ("a !!b", "a !!b"),
    "!a": ("!a", "!a"),
    "# a": ("# a", "# a"),
    "a  # markdown-exec: hide": (None, "a  # markdown-exec: hide"),
    "#markdown-exec:hide  ": (None, "#markdown-exec:hide  "),
    "a # markdown-exec: hidden": ("a # markdown-exec: hidden", "a # markdown-exec: hidden"),
    "": ("", ""),
}


@pytest.mark.parametrize(("code", "pair"), BY_PREFIX.items())
def test_other_languages(code: str, pair: tuple[str | None, str]) -> None:
    """As mdBook does it: the indentation stays, and what follows the prefix; a comment stays where it is."""
    hiding = Hiding(prefix="!!", marked=True)
    assert [pair] == list(lines(code, hiding))
    assert f"x{'' if pair[0] is None else chr(10) + pair[0]}" == visible(f"x\n{code}", hiding)
    assert f"x\n{pair[1]}" == runnable(f"x\n{code}", hiding)
    assert [(code, code)] == list(lines(code, Hiding()))
