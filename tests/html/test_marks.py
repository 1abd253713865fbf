from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from typing import Any

import markdown
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mkdocs_codeexec.core.hidden import visible
from mkdocs_codeexec.html.marks import MAX_MESSAGE, Mark, marked, numbers

CODE = 'fn main() {\n    let s = r#"<a>\n&amp; </code>";\n\n    /* two\n    lines */ drop(s);\n}\n'
HIGHLIGHTERS = [
    pytest.param({}, id="pygments"),
    pytest.param({"linenums": True}, id="table"),
    pytest.param({"linenums": True, "linenums_style": "inline"}, id="numbers in the lines"),
    pytest.param({"linenums": True, "linenums_style": "pymdownx-inline"}, id="numbers in attributes"),
    pytest.param({"line_spans": "__span"}, id="an element for each line"),
    pytest.param({"linenums": True, "line_spans": "__span", "anchor_linenums": True}, id="anchors in a table"),
    pytest.param(
        {"linenums": True, "linenums_style": "pymdownx-inline", "line_spans": "__span", "anchor_linenums": True},
        id="anchors in the lines",
    ),
    pytest.param({"line_anchors": "here"}, id="anchors"),
    pytest.param({"noclasses": True}, id="inline styles"),
    pytest.param({"use_pygments": False}, id="plain"),
]


def highlighted(code: str, config: dict[str, Any], header: str = "rust") -> str:
    extensions = ["pymdownx.highlight", "pymdownx.superfences"]
    converter = markdown.Markdown(extensions=extensions, extension_configs={"pymdownx.highlight": config})
    return converter.convert(f"````{header}\n{code}\n````\n")


def error(line: int, column: int = 0, end_line: int = 0, end_column: int = 0, message: str = "no") -> Mark:
    return Mark(line, column, end_line or line, end_column, "error", message)


class Reader(HTMLParser):
    """What a browser makes of it: the text of the elements of a class, and whether elements are well nested."""

    def __init__(self, source: str, wanted: str = "") -> None:
        super().__init__()
        self.stack: list[tuple[str, bool]] = []
        self.found: list[str] = []
        self.ids: list[str] = []
        self.text = ""
        self.wanted = wanted
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        is_wanted = self.wanted in (given.get("class") or "").split()
        self.found += [""] * is_wanted
        self.ids += [str(given["id"])] if "id" in given else []
        self.stack.append((tag, is_wanted))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop()[0] == tag, "well nested"

    def handle_data(self, data: str) -> None:
        self.text += data
        if any(is_wanted for _, is_wanted in self.stack):
            self.found[-1] += data


@pytest.mark.parametrize("config", HIGHLIGHTERS)
@pytest.mark.parametrize("header", ["rust", 'rust hl_lines="1 2 6"'])
def test_lines_are_marked_whatever_the_highlighter(config: dict[str, Any], header: str) -> None:
    """The lines of the regions, and the exact regions in them; text, nesting and ids stay as they are."""
    if config == {"use_pygments": False}:
        header = "rust"
    source = highlighted(CODE, config, header)
    wanted = [error(2, 9, 2, 10), error(3, 1, 3, 6), Mark(5, 5, 6, 13, "warning", "two")]
    shown = marked(source, CODE, wanted)
    lines = CODE.split("\n")

    assert [lines[1], lines[2], lines[4], lines[5]] == Reader(shown, "codeexec-mark").found
    assert [lines[1], lines[2]] == Reader(shown, "codeexec-mark-error").found
    assert ["s", "&amp;", "/* two"] == Reader(shown, "codeexec-here").found
    assert Reader(source).text == Reader(shown).text
    assert Reader(source).ids == Reader(shown).ids
    assert [] == Reader(shown).stack


@pytest.mark.parametrize("number", range(1, 8))
def test_every_line_can_be_marked(number: int) -> None:
    """Alone, and without line numbers; a blank line shows no mark."""
    config = {"linenums": True, "linenums_style": "pymdownx-inline", "line_spans": "l", "anchor_linenums": True}
    shown = marked(highlighted(CODE, config), CODE, [error(number)])
    line = CODE.split("\n")[number - 1]

    assert ([line] if line else []) == Reader(shown, "codeexec-mark").found
    assert [] == Reader(shown, "codeexec-here").found


def test_hidden_lines_are_counted_and_not_marked() -> None:
    """The numbers are those of the author's code; the page shows less of it."""
    code = "\n# use std::fs;\nlet a = 1;\n#\n##[allow(x)]\n# // Ok\nlet b = 2;\n"
    source = highlighted(visible(code), {})
    regions = [error(3, 5, 3, 6), error(2), error(5, 4, 5, 9), error(7), error(99)]

    assert ["let a = 1;", "#[allow(x)]", "let b = 2;"] == Reader(marked(source, code, regions), "codeexec-mark").found
    assert ["a", "allow"] == Reader(marked(source, code, regions), "codeexec-here").found


HIDING = "# use std::fs;\nlet a = 1;\n#\nlet b = 2;"


@pytest.mark.parametrize("config", HIGHLIGHTERS)
def test_lines_have_the_numbers_that_are_shown(config: dict[str, Any]) -> None:
    """Hidden lines have none; the one behind the last has the next, because compilers speak of the end of a file."""
    assert {2: 1, 4: 2, 5: 3} == numbers(highlighted(visible(HIDING), config), HIDING)


@pytest.mark.parametrize("style", ["table", "inline", "pymdownx-inline"])
@pytest.mark.parametrize("anchors", [False, True])
@pytest.mark.parametrize(("linenums", "first"), [("9", 9), ("1", 1), ("9 2", 9), ("1 1 2", 1)])
def test_the_first_number_is_the_one_that_is_shown(style: str, anchors: bool, linenums: str, first: int) -> None:
    """In a table, in the lines, in attributes; with anchors; where only some lines show theirs, and some are special."""
    config = {"linenums_style": style, "anchor_linenums": anchors}
    source = highlighted(visible(HIDING), config, f'rust linenums="{linenums}"')

    assert {2: first, 4: first + 1, 5: first + 2} == numbers(source, HIDING)


def test_numbers_of_what_is_not_understood() -> None:
    """Nothing is known of what does not show the code, and no blank line that the highlighter takes off is counted."""
    assert {} == numbers("<svg></svg>", HIDING)
    assert {} == numbers("<pre><code>other</code></pre>", HIDING)
    assert {2: 1, 3: 2, 4: 3} == numbers(highlighted("\na\nb", {}), "\na\nb")


def test_a_line_has_one_mark() -> None:
    """With the level of the first message, and all messages."""
    marks = [error(1, message="one"), Mark(1, 2, 1, 3, "warning", "two"), error(1, message="one")]
    shown = marked(highlighted("drop(s)", {}), "drop(s)", marks)

    assert 1 == shown.count("codeexec-mark ")
    assert 'class="codeexec-mark codeexec-mark-error" data-codeexec-message="one · two"' in shown


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("", id="nothing"),
        pytest.param("<pre>let a;</pre>", id="no code element"),
        pytest.param("<pre><code>let b;</code></pre>", id="other code"),
        pytest.param("<pre><code>let a;\nlet b;</code></pre>", id="more code"),
        pytest.param("<pre><code>let a;</code><code></code></pre>", id="two code elements"),
        pytest.param("<pre><code><b><i>let a;</b></i></code></pre>", id="badly nested"),
        pytest.param("<pre><code><b>let a;</code></pre>", id="not closed"),
        pytest.param("<pre><code>let a;<!-- x --></code></pre>", id="a comment"),
        pytest.param("<pre><code>let a;<</code></pre>", id="torn"),
    ],
)
def test_what_is_not_understood_is_left_alone(source: str) -> None:
    """It stays as its highlighter made it."""
    assert source == marked(source, "let a;", [error(1)])


def test_without_marks_nothing_is_looked_at() -> None:
    """Most samples have none."""
    source = highlighted(CODE, {})

    assert source is marked(source, CODE, [])


def test_the_exact_region_is_inside_of_the_mark() -> None:
    """Also if it is the whole line: an underline does not reach into a box that is in it."""
    expected = '<code><span class="codeexec-mark codeexec-mark-error" data-codeexec-message="no">'
    expected += '<span class="codeexec-here codeexec-here-error">a b</span></span></code>'

    assert expected == marked("<code>a b</code>", "a b", [error(1, 1, 1, 4)])


def test_elements_that_cross_a_mark_are_split() -> None:
    """Pygments does not make such; what comes out is well nested all the same, and no id is there twice."""
    source = '<pre><code>a <b id="x">b\nc <i>d</i> e\nf</b> g</code></pre>'
    shown = marked(source, "a b\nc d e\nf g", [error(1, 3, 1, 4), error(2, 1, 2, 4), error(3, 1, 3, 4)])

    assert ["a b", "c d e", "f g"] == Reader(shown, "codeexec-mark").found
    assert ["b", "c d", "f g"] == Reader(shown, "codeexec-here").found
    assert ["x"] == Reader(shown).ids


def test_messages_are_short_single_lines_of_text() -> None:
    """A message quotes the code of whoever wrote the sample: markup, controls and all."""
    hostile = 'a\nb\t"><script>\x1b[31m\x1b]8;;https://x\x1b\\\u202e ' + "x" * 1000
    shown = marked(highlighted("x", {}), "x", [error(1, message=hostile)])
    (message,) = re.findall(r'data-codeexec-message="([^"]*)"', shown)

    assert "a b &quot;&gt;&lt;script&gt;U+202E xxx" == message[:38]
    assert MAX_MESSAGE == len(html.unescape(message))
    assert message.endswith("x…")


TEXT = st.text(st.sampled_from("ab <>&\"'\n\t#x/*{}()漢é"), max_size=60)


@given(
    code=TEXT,
    marks=st.lists(
        st.builds(
            Mark,
            st.integers(0, 8),
            st.integers(0, 12),
            st.integers(0, 9),
            st.integers(0, 12),
            st.sampled_from(["error", "warning"]),
            st.text(max_size=20) | TEXT,
        ),
        min_size=1,
        max_size=4,
    ),
    config=st.sampled_from([param.values[0] for param in HIGHLIGHTERS]),
)
@example(code="a\n", marks=[error(1, message='"><script>')], config={})
def test_marking_changes_no_text(code: str, marks: list[Mark], config: dict[str, Any]) -> None:
    """Whatever the code, the regions and the messages: the text stays, and no `<` of a message survives."""
    source = highlighted(code.replace("`", ""), config)
    shown = marked(source, code, marks)
    tags = re.compile(r"<[^<>]*>")

    assert tags.sub("", source) == tags.sub("", shown)
    added = shown.count("<") - source.count("<")
    assert added == shown.count(">") - source.count(">")
    for message in re.findall(r'data-codeexec-message="([^"]*)"', shown):
        assert not set("<>\n\x1b") & set(message)


@given(
    pieces=st.lists(st.sampled_from(["<b>", "</b>", "<i>", "</i>", "a", " ", "\n", "&lt;", "<br>"]), max_size=30),
    start=st.integers(1, 6),
    end=st.integers(1, 8),
)
def test_the_result_is_well_nested(pieces: list[str], start: int, end: int) -> None:
    """As well nested as what the highlighter made, however strange that is."""
    content = "".join(pieces)
    code = html.unescape(re.sub("<[^>]*>", "", content))
    source = f"<pre><code>{content}</code></pre>"
    shown = marked(source, code, [error(line, start, line, end) for line in range(1, 9)])
    tags = re.compile(r"<[^<>]*>")

    assert tags.sub("", source) == tags.sub("", shown)
    if shown != source:
        Reader(shown.replace("<br>", ""))
