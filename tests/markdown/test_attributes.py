"""What a header says arrives in attributes of the page as what it is, and makes no element of its own."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HOSTILE = [
    'rust exec #x"><b>',
    '{.rust .exec #x"><b>}',
    "{.rust .exec #x'onclick=alert(1)}",
    '{.rust .exec .c"><b>}',
    'rust exec .c"><b>',
    '{.rust .exec data-x="<b>"}',
    "{.rust .exec data-x='\"><b>'}",
    "rust exec data-x='\" onclick=\"alert(1)'",
    "rust exec title='\"><b>'",
    "rust exec title='\" onclick=\"alert(1)'",
    'rust exec data-x"><b>=1',
    "{.rust .exec id='x\"><b>'}",
    'rust exec linenums="1" #x"><b>',
    'unknown exec #x"><b> .y"><b>',
    '{.rust .exec hl_lines="1" #"><script>alert(1)</script>}',
]


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: dict[str, str | None] = {}
        self.words: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes.update(attrs)
        self.words.update(word for name, value in attrs if name in ("id", "class") for word in (value or "").split())


def seen(convert: Any, header: str, *, pygments: bool) -> tuple[_Seen, Any]:
    config: Any = {"pymdownx.highlight": {"use_pygments": pygments, "line_spans": "__span", "anchor_linenums": True}}
    html, collected = convert(f"~~~~~~{header}\nlet x = 1;\n~~~~~~\n", configs=config)
    (found := _Seen()).feed(html)
    return found, collected


def check(found: _Seen) -> None:
    assert found.elements <= {"div", "pre", "code", "span", "a", "table", "tr", "td", "p", "tbody", "th"}
    assert all(
        name in {"id", "class", "name", "href", "title", "hl_lines", "linenums", "title_mode", "colspan"}
        or name[:5] == "data-"
        for name in found.attributes
    )


@pytest.mark.parametrize("pygments", [True, False])
@pytest.mark.parametrize("header", HOSTILE)
def test_no_header_makes_an_element(convert: Any, header: str, *, pygments: bool) -> None:
    """Ids, classes, titles and data attributes end where their author ended them."""
    check(seen(convert, header, pygments=pygments)[0])


def test_what_is_no_name_is_told(convert: Any) -> None:
    """An id or a class with marks of HTML is left out, and its author is told so; the sample runs."""
    found, collected = seen(convert, '{.rust .exec #x"><b> .good #better}', pygments=True)

    assert ['`#x"><b>` cannot be read'] == [problem.message for problem in collected.problems]
    assert 1 == len(collected.samples)
    assert {"better", "good", "highlight"} <= found.words


def test_data_arrives_as_it_was_written(convert: Any) -> None:
    """A browser reads from a data attribute what the header says."""
    found, _ = seen(convert, "{.rust .exec data-x='a \"b\" <c> & d'}", pygments=True)

    assert 'a "b" <c> & d' == found.attributes["data-x"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it keeps nothing
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["#", ".", "id=", "data-x=", 'data-x="', "data-y='", 'title="', "title='", ""]),
            st.text(alphabet="abx \"'<>&=/{}`#.-\u00e9", max_size=12),
            st.sampled_from(["", '"', "'"]),
        ),
        max_size=4,
    ),
    st.booleans(),
)
def test_no_header_at_all_makes_one(convert: Any, pieces: list[tuple[str, str, str]], pygments: bool) -> None:
    """Whatever stands behind `exec`, in each spelling."""
    check(seen(convert, "rust exec " + " ".join(map("".join, pieces)), pygments=pygments)[0])
