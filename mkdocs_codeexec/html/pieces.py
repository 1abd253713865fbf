"""The HTML of one `code` element, line by line: elements are put around columns of a line, and no text is changed."""

from __future__ import annotations

import functools
import html
import itertools
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

END = sys.maxsize
"""Of a region that goes to the end of its line."""


class Columns(NamedTuple):
    """What gets one element: columns of one shown line, from zero; the end may be beyond the line's."""

    line: int
    start: int
    end: int
    tag: str


class Piece(NamedTuple):
    """A tag, a character reference, a newline, or other text.

    Attributes:
        text: As it stands in the HTML.
        shows: The text that it shows and that belongs to the code; empty for tags and line numbers.
        opens: Name of the element that it opens.
        closes: Name of the element that it closes.
    """

    text: str
    shows: str = ""
    opens: str = ""
    closes: str = ""


_PIECE = re.compile(r"</(?P<closes>[a-zA-Z][\w-]*)\s*>|<(?P<opens>[a-zA-Z][\w-]*)\b[^<>]*>|&[#\w]+;|\n|[^<&\n]+|&")
_VOID = frozenset({"br", "hr", "img", "input", "wbr"})
_NUMBER = re.compile(r'<span\b[^<>]*\bclass="[^"]*\blinenos\b')


@functools.lru_cache(maxsize=2)  # a source is asked for its numbers, then it is marked
def parse(content: str) -> tuple[Piece, ...] | None:
    """Take the HTML `content` apart; None if it is not made of well nested elements and text."""
    pieces: list[Piece] = []
    opened: list[str] = []
    number = 0  # how many elements are open up to that of a line number
    end = 0
    for found in _PIECE.finditer(content):
        if found.start() != end:
            return None
        end = found.end()
        text, opens, closes = found[0], found["opens"] or "", found["closes"] or ""
        if opens and opens not in _VOID:
            opened.append(opens)
            number = number or (len(opened) if _NUMBER.match(text) else 0)
            pieces.append(Piece(text, opens=opens))
        elif closes:
            if not opened or opened.pop() != closes:
                return None
            number = 0 if len(opened) < number else number
            pieces.append(Piece(text, closes=closes))
        else:
            pieces.append(Piece(text, "" if opens or number else html.unescape(text)))
    return tuple(pieces) if end == len(content) and not opened else None


def shown(pieces: Iterable[Piece]) -> str:
    """Return the text that `pieces` show and that belongs to the code."""
    return "".join([piece.shows for piece in pieces])


def wrapped(pieces: Iterable[Piece], regions: Iterable[Columns]) -> Iterator[Piece]:
    """Yield `pieces` with an element around each of `regions`, at most one in a line."""
    wanted = {region.line: region for region in regions}
    opened: list[Piece] = []
    for number, line in enumerate(lines(pieces)):
        region = wanted.get(number)
        yield from _around(line, region, opened) if region else line
        _follow(opened, line)


def lines(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Yield the pieces of each line, its end with it."""
    line: list[Piece] = []
    for piece in pieces:
        line.append(piece)
        if piece.shows == "\n":
            yield line
            line = []
    yield line


def _follow(opened: list[Piece], pieces: Iterable[Piece]) -> None:
    for piece in pieces:
        if piece.opens:
            opened.append(piece)
        elif piece.closes:
            opened.pop()


def _around(line: list[Piece], region: Columns, opened: Sequence[Piece]) -> list[Piece]:
    """Return `line` with an element around the pieces that show the columns of `region`.

    Elements that begin or end within those pieces alone are closed before it, and opened again in it.
    """
    line = cut(line, (region.start, region.end))
    first, last = _extent(line, region)
    if first == last:
        return line
    stack = list(opened)
    _follow(stack, line[:first])
    base = depth = len(stack)
    for piece in line[first:last]:
        depth += bool(piece.opens) - bool(piece.closes)
        base = min(base, depth)
    # An element that begins right here is better taken in than closed and opened again.
    while len(stack) > base and line[first - 1] is stack[-1]:
        stack.pop()
        first -= 1
    after = list(stack)
    _follow(after, line[first:last])
    while last < len(line) and len(after) > base and line[last].closes:
        after.pop()
        last += 1
    return [
        *line[:first],
        *_closing(stack[base:]),
        Piece(region.tag, opens="span"),
        *_again(stack[base:]),
        *line[first:last],
        *_closing(after[base:]),
        Piece("</span>", closes="span"),
        *_again(after[base:]),
        *line[last:],
    ]


def cut(line: Iterable[Piece], columns: tuple[int, int]) -> list[Piece]:
    """Return `line` with its text cut at `columns`."""
    found: list[Piece] = []
    at = 0
    for piece in line:
        end = at + len(piece.shows)
        inside = sorted({column - at for column in columns if at < column < end})
        if inside and piece.shows == piece.text:
            found += (Piece(text, text) for text in map(piece.text.__getitem__, _slices(inside)))
        else:
            found.append(piece)
        at = end
    return found


def _slices(columns: Sequence[int]) -> Iterator[slice]:
    yield from (slice(*pair) for pair in itertools.pairwise((None, *columns, None)))


def _extent(line: Sequence[Piece], region: Columns) -> tuple[int, int]:
    """Return which pieces of `line` show the columns of `region`; equal numbers if none does."""
    first = last = at = 0
    for number, piece in enumerate(line):
        if piece.shows and piece.shows != "\n" and region.start <= at < region.end:
            first, last = (first if last else number), number + 1
        at += len(piece.shows)
    return first, last


def _closing(stack: Sequence[Piece]) -> Iterator[Piece]:
    yield from (Piece(f"</{piece.opens}>", closes=piece.opens) for piece in reversed(stack))


_ID = re.compile(r"""\s(?:id|name)=(?:"[^"]*"|'[^']*'|[^\s>]*)""")


def _again(stack: Sequence[Piece]) -> Iterator[Piece]:
    """Yield the elements of `stack` once more; an id is unique on a page."""
    yield from (Piece(_ID.sub("", piece.text), opens=piece.opens) for piece in stack)
