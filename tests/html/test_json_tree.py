"""JSON as a tree: all of it, as it is written, and never too much."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.html.json_tree import DEPTH, LINES, NODES, spelled, tree

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=8), inner, max_size=6),
    max_leaves=60,
)


def tokens(html: str) -> list[str]:
    """Return what a tree shows, without counts of what is in brackets."""
    html = re.sub(r'<span class="codeexec-json-count">[{\[] \d+ [}\]]</span>', "", html)
    return [unescape(text) for text in re.findall(r'<span class="[^"]*">(.*?)</span>', html, re.DOTALL)]


def expected(value: object) -> list[str]:
    match value:
        case dict() if value:
            return [
                token
                for name, item in value.items()
                for token in (json.dumps(name, ensure_ascii=False), *expected(item))
            ]
        case list() if value:
            return [token for item in value for token in expected(item)]
        case _:
            return [json.dumps(value, ensure_ascii=False)]


@given(values)
def test_a_tree_holds_every_name_and_value_in_order(value: object) -> None:
    """As JSON has them; what is no longer than a screen is text."""
    text = json.dumps(value)
    found = tree(text)
    height = len(json.dumps(value, indent=1).split("\n"))

    if not isinstance(value, dict | list) or height <= LINES:
        assert found is None
    elif found is not None:  # else it is too deep
        assert expected(value) == tokens(found)
        assert found.count("<details") == found.count("</details>") == found.count("<summary>")
        assert 1 == found.count("<details open>")


def test_what_is_written_stays() -> None:
    """Numbers are not rounded, and names that are there twice are."""
    found = tree('{"a": 1.50, "a": 12345678901234567890123, "b": NaN, "c": [' + "1e400, " * LINES + "-0]}")

    assert found is not None
    assert ['"a"', "1.50", '"a"', "12345678901234567890123", '"b"', "NaN", '"c"', *["1e400"] * LINES, "-0"] == tokens(
        found
    )
    assert "{ 4 }" in found


def test_nothing_in_it_is_markup() -> None:
    """It is what a program has printed."""
    found = tree(json.dumps({"<script>": ["</details><b>"] * LINES}))

    assert found is not None
    assert "<script>" not in found
    assert "<b>" not in found


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * (DEPTH + 2) + "1" + "]" * (DEPTH + 2), id="deep"),
        pytest.param("[" * 100_000 + "]" * 100_000, id="very deep"),
        pytest.param(json.dumps([0] * NODES), id="many"),
        pytest.param(json.dumps("x" * 10_000), id="text"),
        pytest.param('{"a": ', id="no JSON"),
        pytest.param("", id="empty"),
    ],
)
def test_what_is_no_tree_is_text(text: str) -> None:
    """It is shown by others, whole."""
    assert tree(text) is None


def test_half_a_character_is_as_json_escapes_it() -> None:
    """JSON may hold one, and no encoding of a page can: whoever writes the page would fail."""
    text = json.dumps({"\ud800": ["\udfff x"] * LINES})
    html = tree(text)

    assert html is not None
    assert html.encode("utf-8")
    assert {'"\\ud800"', '"\\udfff x"'} == set(tokens(html))
    assert spelled(json.loads(text), 1) == text.replace("[", "[\n  ").replace(", ", ",\n  ").replace(
        "]", "\n ]"
    ).replace("{", "{\n ").replace("}", "\n}")
    assert spelled("é𝄞") == '"é𝄞"'
