"""Of a line that is too long for a page, the start is shown, and how much is missing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.html.ansi import plain, strip, to_html
from mkdocs_codeexec.html.lines import LIMIT

FULL = "x" * LIMIT


def missing(count: int) -> str:
    return f"… {count} bytes of this line omitted …"


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param(FULL, FULL, id="all that fits"),
        pytest.param(FULL + missing(1), FULL + "y", id="one too many"),
        pytest.param(FULL + missing(10_000_000), FULL + "y" * 10_000_000, id="ten megabytes"),
        pytest.param(f"{FULL}\n{FULL}\n", f"{FULL}\n{FULL}\n", id="each line counts for itself"),
        pytest.param(f"a\n{FULL}{missing(2)}\nb\n\nc", f"a\n{FULL}yy\nb\n\nc", id="the others stay"),
        pytest.param("é" * (LIMIT // 2) + missing(2), "é" * (LIMIT // 2 + 1), id="bytes count"),
        pytest.param("x" + "é" * (LIMIT // 2 - 1) + missing(4), "x" + "é" * (LIMIT // 2 + 1), id="no half characters"),
        pytest.param("🙂" * (LIMIT // 4) + missing(4), "🙂" * (LIMIT // 4 + 1), id="four bytes"),
        pytest.param(FULL + missing(1), FULL + "y\r", id="as a terminal shows it"),
        pytest.param(FULL, f"{FULL}yy\x1b[2D\x1b[K", id="what was erased is not missing"),
        pytest.param(FULL, f"\x1b[31m{FULL}\x1b[0m", id="colours take no room"),
        pytest.param(f"{FULL}{missing(5)}\n… 7 bytes omitted …\n{missing(3)}\nb", f"{FULL}aaaaa\n… 7 bytes omitted …\nccc\nb", id="the rest of a line after a gap"),
        pytest.param("a\n… 7 bytes omitted …\nc" + FULL[1:-1] + missing(1), "a\n… 7 bytes omitted …\nc" + FULL[1:], id="shared with the line before the gap"),
    ],
)  # fmt: skip
def test_a_long_line_is_cut(expected: str, text: str) -> None:
    """At 16 KiB of UTF-8, between characters; a note says how many bytes are missing."""
    assert expected == plain(text)
    assert expected == re.sub("<[^>]*>", "", to_html(text))


def test_the_note_cannot_be_taken_for_output() -> None:
    """It looks like what stands for a control character; colours and links end before it, and go on after it."""
    red = f"\x1b[31m{FULL}yy\nb"
    link = f"\x1b]8;;https://a.b\x07{FULL}yy"
    note = f'<span class="ansi-control">{missing(2)}</span>'

    assert f'<span class="ansi-red">{FULL}</span>{note}<span class="ansi-red">\nb</span>' == to_html(red)
    assert f'<a href="https://a.b" rel="nofollow">{FULL}</a>{note}' == to_html(link)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["x", "é", "漢", "🙂", "\x1b[31mx", "\u202e", "\n", "\r"]), st.integers(1, LIMIT + 9)
        ),
        max_size=6,
    )
)
def test_no_line_is_longer(parts: list[tuple[str, int]]) -> None:
    """Whatever it is made of; what is short is left alone, and no byte is uncounted."""
    text = "".join(unit * min(count, 2 * LIMIT // len(unit.encode())) for unit, count in parts)
    lines, whole = plain(text).split("\n"), strip(text).split("\n")

    assert len(whole) == len(lines)
    for line, before in zip(lines, whole, strict=True):
        shown, note, count = line.partition("… ")
        assert before.startswith(shown)
        assert len(shown.encode()) <= LIMIT
        assert len(before.encode()) == len(shown.encode()) + (int(count.split(" ")[0]) if note else 0)
