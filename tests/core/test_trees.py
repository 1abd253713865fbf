"""Trees are drawn as markdown-exec draws them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sizes import TIMES

from mkdocs_codeexec.core.trees import FILE, drawn, is_drawn

tree = pytest.importorskip("markdown_exec._internal.formatters.tree")

NAMES = st.sampled_from(["src", "a.py  # c", "b/", "README.md", "é x"])


@st.composite
def codes(draw: st.DrawFn) -> str:
    lines, depth = [], 0
    for number in range(draw(st.integers(1, 9))):
        depth = max(0, depth + draw(st.integers(-2, 1))) if number else 0
        lines.append("  " * depth + draw(NAMES))
    return "\n".join(lines)


@settings(max_examples=200 * TIMES, deadline=None)
@given(codes(), st.sampled_from(["none", "basic"]))
def test_trees_are_those_of_markdown_exec(code: str, icons: str) -> None:
    """With icons, and without."""
    theirs = "\n".join(tree._rec_format_tree(tree._build_tree(code), icons=icons))

    assert theirs == drawn(code, None if icons == "none" else lambda _: FILE)


@pytest.mark.parametrize("code", ["a\n├── b", "a\n  |-- b", "│", "+-- x"])
def test_a_tree_may_be_drawn_already(code: str) -> None:
    """By hand, or by `tree` itself."""
    assert is_drawn(code)
    assert not is_drawn("a\n  b-c\n  d|e")


@pytest.mark.parametrize("code", ["", "\n\n", " "])
def test_an_empty_tree_is_empty(code: str) -> None:
    """Nothing is raised."""
    assert drawn(code) == ""
