"""Lines that are longer than a page should show. Nobody reads them, and browsers lay them out for seconds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.wording import OMITTED
from mkdocs_codeexec.html.terminal import Pen, Style, Styled

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

LIMIT = 16 * 1024
"""Bytes of a line, in UTF-8, that a page shows."""

_NOTE = Pen(Style(marks=frozenset({"control"})))
_GAP = re.compile(OMITTED.format(r"\d+"))
"""What stands in a stream where its middle was not kept: what follows may be the rest of the line before."""


def short(text: str) -> bool:
    """Return whether every line of `text` can be shown as it is. Control sequences count."""
    if len(text) <= LIMIT // 4:
        return True
    longest = max(map(len, text.split("\n")))
    return longest <= LIMIT // 4 or (longest <= LIMIT and text.isascii())


def shortened(runs: Iterable[Styled]) -> Iterator[Styled]:
    """Yield `runs` with the start of each line, up to the limit, and a note of what was left out. Takes linear time."""
    found = list(runs)
    if short("".join([run.text for run in found])):
        yield from found
        return
    room, resumed = LIMIT, False
    for line in _lines(found):
        if _GAP.fullmatch("".join([run.text for run in line]).rstrip("\n")):
            yield from line
            resumed = True
            continue
        if not resumed:
            room = LIMIT
        resumed = False
        room = yield from _start(line, room)


def _lines(runs: Iterable[Styled]) -> Iterator[list[Styled]]:
    """Yield the lines; each but the last ends with a newline."""
    line: list[Styled] = []
    for run in runs:
        if "\n" not in run.text:
            line.append(run)
            continue
        *ended, rest = run.text.split("\n")
        for part in ended:
            yield [*line, Styled(run.pen, part + "\n")]
            line = []
        if rest:
            line.append(Styled(run.pen, rest))
    yield line


def _start(line: Sequence[Styled], room: int) -> Generator[Styled, None, int]:
    """Yield what of `line` takes at most `room` bytes; return how much room is left."""
    left_out = 0
    for pen, text in line:
        whole = text.removesuffix("\n").encode()
        part = "" if left_out else whole[:room].decode("utf-8", "ignore")
        if part:
            yield Styled(pen, part)
        size = len(part.encode())
        room -= size
        left_out += len(whole) - size
    if left_out:
        yield Styled(_NOTE, f"… {left_out} bytes of this line omitted …")
    if line and line[-1].text.endswith("\n"):
        yield Styled(line[-1].pen, "\n")
    return 0 if left_out else room
