"""Marks on the lines of the shown source that a message is about.

The source is what the site's own highlighter made, whichever that is: spans of Pygments, with line numbers in a table
or in the lines, an element for each line, or plain text. Marking puts elements into it and changes none of its text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from mkdocs_codeexec.core.hidden import RUSTDOC, Hiding, lines
from mkdocs_codeexec.html import ansi
from mkdocs_codeexec.html.pieces import END, Columns, parse, shown, wrapped

Level: TypeAlias = Literal["error", "warning"]

MAX_MESSAGE = 300
"""Characters of a message that are put beside a line; the whole message is in the output."""


class Mark(NamedTuple):
    """A region of a sample, and what is said of it; lines and columns of the author's code, from one.

    Attributes:
        line: First line.
        column: First column, in characters; 0 where only the line is known.
        end_line: Last line.
        end_column: Column after the last character; 0 where only the lines are known.
        level: How bad it is.
        message: What is said of it, as text.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    level: Level
    message: str


def marked(source: str, code: str, marks: Sequence[Mark], hiding: Hiding = RUSTDOC) -> str:
    """Return `source`, the HTML of `code`, with the lines of `marks` marked.

    Without a stylesheet nothing of it shows. Where `source` does not show the lines of `code` (hidden ones left out),
    or shows them in a way that is not understood, it is returned as it is.

    Args:
        source: Made by the site's highlighter.
        code: What the author wrote, hidden lines included.
        marks: In order of importance: a line has the level of the first that is about it, and all messages.
        hiding: Which lines are not shown.
    """
    inside = taken_apart(source) if marks else None
    if inside is None:
        return source
    before, content, after = inside
    pieces = parse(content)
    if pieces is None:
        return source
    rows = shown_rows(shown(pieces), code, hiding)
    if rows is None:
        return source
    exact, whole = _regions(marks, rows)
    return "".join((before, *(piece.text for piece in wrapped(wrapped(pieces, whole), exact)), after))


def numbers(source: str, code: str, hiding: Hiding = RUSTDOC) -> dict[int, int]:
    """Return the number that readers see, or would count, for each line of `code` that `source` shows.

    Nothing if `source` is not understood. One line more than there are: compilers speak of the end of a file.

    Args:
        source: Made by the site's highlighter.
        code: What the author wrote, hidden lines included.
        hiding: Which lines are not shown.
    """
    inside = taken_apart(source)
    pieces = parse(inside[1]) if inside else None
    rows = shown_rows(shown(pieces), code, hiding) if pieces is not None else None
    if not rows:
        return {}
    first = _first(source)
    last = max(rows)
    found = {line: row.line + first for line, row in rows.items()}
    return {**found, last + 1: found[last] + 1} if last == code.count("\n") + 1 else found


_TABLE = re.compile(r"""<td class=["']?linenos\b.*?<pre\b[^<>]*>(.*?)</pre>""", re.DOTALL)
_INLINE = re.compile(r"""<span\b[^<>]*?\bclass=["']?[^"'<>]*\blinenos\b[^<>]*>[^<]*""")
_NUMBER = re.compile(r"""(?:data-linenos=["']|>)\s*(\d{1,9})\b""")


def _first(source: str) -> int:
    """Return the number of the first line: the one that is shown, or one. Not every line need show its number."""
    table = _TABLE.search(source)
    rows = [re.sub("<[^<>]*>", ">", row) for row in table[1].split("\n")] if table else _INLINE.findall(source)
    found = ((row, _NUMBER.search(text)) for row, text in enumerate(rows))
    return next((int(number[1]) - row for row, number in found if number), 1)


_CODE = re.compile(r"<code\b[^<>]*>")


def taken_apart(source: str) -> tuple[str, str, str] | None:
    """Return what stands before, in and after the one `code` element of `source`."""
    start = _CODE.search(source)
    end = source.rfind("</code>")
    if start is None or end < start.end() or _CODE.search(source, start.end()):
        return None
    return source[: start.end()], source[start.end() : end], source[end:]


class Row(NamedTuple):
    """Where a line of the author's code is shown: the line, from zero, and how many characters less it begins with."""

    line: int
    moved: int = 0


def shown_rows(text: str, code: str, hiding: Hiding = RUSTDOC) -> dict[int, Row] | None:
    """Return where each line of `code`, from one, is in `text`; None if that is not the code.

    Highlighters take blank lines off both ends.
    """
    there = text.split("\n")
    for rows in (_all(code), _visible(code, hiding), _running(code, hiding)):
        own = [text for _, text, _ in rows]
        if _trimmed(own) == _trimmed(there):
            skipped = _blank(own) - _blank(there)
            return {number: Row(row - skipped, moved) for row, (number, _, moved) in enumerate(rows) if row >= skipped}
    return None


def _all(code: str) -> list[tuple[int, str, int]]:
    return [(number, text, 0) for number, text in enumerate(code.split("\n"), 1)]


def _visible(code: str, hiding: Hiding) -> list[tuple[int, str, int]]:
    """Return number, text and missing width of the lines that `core.hidden.visible` leaves."""
    both = zip(code.split("\n"), lines(code, hiding), strict=True)
    return [
        (number, run, len(written) - len(run))
        for number, (written, (seen, run)) in enumerate(both, 1)
        if seen is not None
    ]


def _running(code: str, hiding: Hiding) -> list[tuple[int, str, int]]:
    """Return the same of all lines as they run."""
    both = zip(code.split("\n"), lines(code, hiding), strict=True)
    return [(number, run, len(written) - len(run)) for number, (written, (_, run)) in enumerate(both, 1)]


def _trimmed(lines: Sequence[str]) -> list[str]:
    trimmed = [line.rstrip() for line in lines[_blank(lines) :]]
    while trimmed and not trimmed[-1]:
        trimmed.pop()
    return trimmed


def _blank(lines: Sequence[str]) -> int:
    """Return how many lines at the start are blank."""
    return next((number for number, line in enumerate(lines) if line.strip()), len(lines))


def _regions(marks: Sequence[Mark], rows: Mapping[int, Row]) -> tuple[list[Columns], list[Columns]]:
    """Return the elements that are wanted: for what the first message of a line is about, and for whole lines."""
    begin: dict[int, list[Mark]] = {}
    levels: dict[int, Level] = {}
    for mark in marks:
        begin.setdefault(mark.line, []).append(mark)
    for mark in marks:
        for number in range(max(mark.line, 1), min(mark.end_line, max(rows, default=0)) + 1):
            levels.setdefault(number, begin.get(number, [mark])[0].level)
    exact: list[Columns] = []
    whole: list[Columns] = []
    for number, level in levels.items():
        row, here = rows.get(number), begin.get(number, ())
        if row is None:
            continue
        messages = " · ".join(dict.fromkeys(mark.message for mark in here))
        note = f' data-codeexec-message="{_attribute(messages)}"' if messages else ""
        whole.append(Columns(row.line, 0, END, f'<span class="codeexec-mark codeexec-mark-{level}"{note}>'))
        if here and here[0].column:
            start, end = _columns(here[0], row.moved)
            exact.append(Columns(row.line, start, end, f'<span class="codeexec-here codeexec-here-{level}">'))
    return exact, whole


def _columns(mark: Mark, moved: int) -> tuple[int, int]:
    """Return the columns of the first line of `mark`, from zero."""
    start = max(0, mark.column - 1 - moved)
    alone = mark.end_line == mark.line and mark.end_column > 0
    return start, (max(start + 1, mark.end_column - 1 - moved) if alone else END)


def _attribute(message: str) -> str:
    """Return `message` as the value of an attribute: one line, and nothing that could end it."""
    text = " ".join(ansi.strip(message).split())
    return html.escape(text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…")
