from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.core.hidden import runnable, visible

TABLE = {
    "code": ("let x = 1;", "let x = 1;", "let x = 1;"),
    "hidden": ("# use a;\nb();", "b();", "use a;\nb();"),
    "all hidden": ("# a", "", "a"),
    "indented": ("a {\n    # let x = 1;\n}", "a {\n}", "a {\nlet x = 1;\n}"),
    "indented further": ("#   a", "", "  a"),
    "bare": ("a\n#\n  #  \nb", "a\nb", "a\n\n \nb"),
    "doubled": ("##[test]\n  ## x", "#[test]\n  # x", "#[test]\n  # x"),
    "attributes": ("#[a]\n#![b]\n#!/c\n#d", "#[a]\n#![b]\n#!/c\n#d", "#[a]\n#![b]\n#!/c\n#d"),
    "hidden attribute": ("# #[a]\nfn f() {}", "fn f() {}", "#[a]\nfn f() {}"),
    "within a string": ('let s = "\n# a\n## b";', 'let s = "\n# b";', 'let s = "\na\n# b";'),
    "within a raw string": ('r#"\n# a\n#"#', 'r#"\n#"#', 'r#"\na\n#"#'),
    "within a comment": ("/*\n# a\n*/", "/*\n*/", "/*\na\n*/"),
}


@pytest.mark.parametrize(("code", "shown", "run"), TABLE.values(), ids=TABLE.keys())
def test_hidden(code: str, shown: str, run: str) -> None:
    """Lines are hidden by rustdoc's rule, wherever they stand."""
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
