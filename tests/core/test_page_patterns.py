"""Patterns of pages."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.core.patterns import ALL_PAGES, Patterns, matches

PAGES = ("index.md", "guide/a.md", "guide/deep/b.md", "guide.md", "drafts/x.md", "a/drafts/x.md")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("index.md", ["index.md"]),
        ("*.md", ["index.md", "guide.md"]),
        ("guide/*", ["guide/a.md"]),
        ("guide/**", ["guide/a.md", "guide/deep/b.md"]),
        ("guide/", ["guide/a.md", "guide/deep/b.md"]),
        ("**", list(PAGES)),
        ("**/*.md", list(PAGES)),
        ("**/drafts/**", ["drafts/x.md", "a/drafts/x.md"]),
        ("**/drafts/", ["drafts/x.md", "a/drafts/x.md"]),
        ("*/x.md", ["drafts/x.md"]),
        ("guide/[ab].md", ["guide/a.md"]),
        ("?uide.md", ["guide.md"]),
        ("Guide/*", []),
        ("guide", []),
        ("index.md/", []),
        ("index.md/**", []),
        ("**/index.md/", []),
        ("", []),
    ],
)
def test_what_a_pattern_matches(pattern: str, found: list[str]) -> None:
    """`*` stays within one name, `**` does not; the whole path is compared."""
    assert found == [page for page in PAGES if matches(pattern, page)]


def test_exclude_prevails() -> None:
    """Nothing included is everything; what is excluded is out whatever includes it."""
    assert all(ALL_PAGES.hold(page) for page in PAGES)
    assert ["guide/a.md"] == [page for page in PAGES if Patterns(("guide/**",), ("**/deep/*",)).hold(page)]
    assert [page for page in PAGES if page != "guide.md"] == [
        page for page in PAGES if Patterns((), ("guide.md",)).hold(page)
    ]


def test_a_pattern_that_matches_nothing_is_known() -> None:
    """With the option that it stands in."""
    found = Patterns(("guide/*", "guid/*"), ("draft/**", "drafts/**")).idle(PAGES)

    assert [("include", "guid/*"), ("exclude", "draft/**")] == list(found)


NAMES = st.sampled_from(["a", "b", "ab", "a.md"])


@given(
    st.lists(NAMES, min_size=1, max_size=6),
    st.lists(NAMES | st.sampled_from(["*", "**", "a*", "?"]), min_size=1, max_size=6),
)
def test_it_is_what_a_regular_expression_says(names: list[str], parts: list[str]) -> None:
    """Written in another way, each part of a pattern means the same."""
    one = {"*": "[^/]+/", "**": "(?:[^/]+/)*", "a*": "a[^/]*/", "?": "[^/]/"}
    expression = "".join(one.get(part, f"{re.escape(part)}/") for part in parts)
    if parts[-1] == "**":
        expression = f"{expression[:-1]}+"

    assert (re.fullmatch(expression, "/".join(names) + "/") is not None) == matches("/".join(parts), "/".join(names))


def test_many_folders_take_no_time() -> None:
    """A pattern with very many `**` on a very deep page is answered at once."""
    assert not matches("/".join(["**", "a"] * 200) + "/b", "/".join(["a"] * 400))
