"""Take out of a compiler's message what was put into the sample: text, columns and positions."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from mkdocs_codeexec.core.normalize import ESCAPE
from mkdocs_codeexec.languages.rust.source.prepare import FILE, Prepared, Shift, of_preamble, original

_ROW = re.compile(r" *(\d{1,9}) [|~+-] ?")
_ARROW = re.compile(r" *(?:-->|:::) (.+?):(\d{1,9}):(\d{1,9})$")
_NOTES = re.compile(r" *\| ")
_LABEL = re.compile(r"(?<! )  ++(?=([-^~]))")
"""Where a label ends because a further mark follows: labels have no two spaces in a row."""
_HEAD = "fn main()"
NO_OTHERS: Mapping[str, Prepared] = MappingProxyType({})
_DRAWN = frozenset(" |-^~+_/")


def _unnamed(_part: str, _at: int) -> str:
    return "the preamble"


def restore(
    prepared: Prepared,
    text: str,
    others: Mapping[str, Prepared] = NO_OTHERS,
    written: Callable[[str, int], str] = _unnamed,
) -> str:
    """Return `text`, what the compiler or the program said, as if nothing had been inserted.

    `others` are further files that it may speak of, by name. `written` says where a part of the preamble was written, and an
    offset in it: a message about that shows the part, and no line of the author's.

    Places like `sample.rs:1:25` are corrected. In messages of the compiler, rows of source lose the inserted text, the
    rows of marks under them move left with it, and suggestions to change it are left out. ANSI escape sequences stay.
    What merely looks like a row stays as it is: a program may print listings.
    """
    files = {FILE: prepared, **others}
    if not any(one.shifts for one in files.values()):
        return text
    reader = _Reader(files)
    for line in text.split("\n"):
        reader.take(line)
    text = "\n".join(reader.lines)
    for name, one in files.items():
        text = _places(name).sub(functools.partial(_place, name, one, written), text)
    return text


@functools.lru_cache(maxsize=64)
def _places(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?:(?<=\x1b\[0m)|(?<![\w./-])){re.escape(name)}:(\d{{1,9}}):(\d{{1,9}})\b")


class _Reader:
    """Goes through text line by line, and keeps what is shown."""

    def __init__(self, files: Mapping[str, Prepared]) -> None:
        self.lines: list[str] = []
        self._files = files
        self._cuts: tuple[_Cut, ...] = ()
        self._source = ""
        # What was inserted into the file that rows are of; None outside of messages.
        self._shifts: tuple[Shift, ...] | None = None
        self._first: tuple[Shift, ...] = ()
        self._help: int | None = None  # where the suggestion that is being read begins
        self._dropping = False
        self._part = ""  # of the preamble, if rows to come show that

    def take(self, line: str) -> None:
        """Take the next line."""
        plain = ESCAPE.sub("", line)
        self._place_of(plain)
        row = _ROW.match(plain)
        if self._dropping and (row or _NOTES.match(plain + " ") or plain == "..."):
            return
        self._dropping = False
        if row is not None:
            here = tuple(shift for shift in self._shifts or () if shift.line == int(row[1]))
            if here and (column := plain.find(self._part, row.end()) if self._part else -1) >= 0:
                self._cuts, self._source = (_Cut(row.end(), column - row.end()),), plain
                end = column + len(self._part)
                self.lines.append(
                    _changed(line, (_Cut(0, 0, row.end(1)), *self._cuts, _Cut(end, len(plain) - end))).rstrip()
                )
                return
            self._cuts, self._source = _found(plain, row.end(), here), plain
            if here and not self._cuts and _HEAD in plain and _HEAD in here[-1].text and self._help is not None:
                # A suggestion to change what the reader does not see.
                del self.lines[self._help :]
                self._dropping = True
                return
            line = _changed(line, self._cuts)
        elif self._cuts and _NOTES.match(plain):
            line = _changed(line, _marks(self._source, plain, self._cuts))
        elif not _NOTES.match(plain + " "):
            self._cuts = ()
        self.lines.append(line)

    def _place_of(self, plain: str) -> None:
        """Notice of which file the rows to come are."""
        arrow = _ARROW.match(plain)
        if arrow is not None:
            shifts = self._files[arrow[1]].shifts if arrow[1] in self._files else ()
            file = self._files.get(arrow[1])
            found = of_preamble(file, int(arrow[2]), int(arrow[3])) if file else None
            self._part = found[0] if found else ""
            self._first = shifts if self._shifts is None else self._first
            self._shifts = shifts
        elif not plain.strip():
            self._shifts = self._help = None
        elif self._shifts is not None and plain.startswith(("help: ", "note: ")):
            # A suggestion without an arrow is about the file of the message.
            self._shifts = self._first
            self._help = len(self.lines) if plain.startswith("help: ") else None


class _Cut(NamedTuple):
    """Columns of a line, from zero: how many go from `start`, and up to where those that follow become spaces."""

    start: int
    width: int
    blank: int = 0


def _place(name: str, prepared: Prepared, written: Callable[[str, int], str], match: re.Match[str]) -> str:
    if found := of_preamble(prepared, int(match[1]), int(match[2])):
        return written(*found)
    line, column = original(prepared, int(match[1]), int(match[2]))
    return f"{name}:{line}:{column}"


def _found(plain: str, start: int, shifts: tuple[Shift, ...]) -> tuple[_Cut, ...]:
    """Return where the inserted texts stand in a row of source, in characters."""
    cuts: list[_Cut] = []
    for shift in shifts:
        text = shift.text.replace("\t", "    ")  # rustc shows a tab so
        # It takes spaces off the end of a row.
        column = plain.find(text.rstrip() if plain.endswith(text.rstrip()) else text, start)
        if column < 0:
            return ()
        start = column + len(text)
        cuts.append(_Cut(column, len(text)))
    return tuple(cuts)


def _marks(source: str, marks: str, cuts: tuple[_Cut, ...]) -> tuple[_Cut, ...]:
    """Return what to cut from a row of marks under `source`, with regard to labels that begin under inserted text."""
    kept: list[_Cut] = []
    for cut in cuts:
        start = _cells(source[: cut.start])
        end = start + _cells(source[cut.start : cut.start + cut.width])
        under = marks[start:end]
        room = len(under) - len(under.lstrip(" "))
        label = next((found for found in _LABEL.finditer(marks, start + room) if found.start(1) >= end), None)
        if set(under) <= _DRAWN:
            kept.append(_Cut(start, end - start))
        elif label is not None:
            # Another mark follows in this row: that one must stand where it belongs, so the label goes.
            kept.append(_Cut(start, end - start, label.start()))
        else:  # the label stays, at the start of the line
            kept.append(_Cut(start, room))
    return tuple(kept)


def _cells(text: str) -> int:
    """Return how many columns of a terminal `text` takes; marks are aligned by these."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _changed(line: str, cuts: tuple[_Cut, ...]) -> str:
    """Return `line` with `cuts` made in its visible text; escape sequences stay."""
    if not cuts:
        return line
    gone = {at for cut in cuts for at in range(cut.start, cut.start + cut.width)}
    blank = {at for cut in cuts for at in range(cut.start + cut.width, cut.blank)}
    parts: list[str] = []
    column = end = 0
    for match in (*ESCAPE.finditer(line), None):
        visible = line[end : match.start() if match else len(line)]
        parts += (" " if at in blank else char for at, char in enumerate(visible, column) if at not in gone)
        column += len(visible)
        if match:
            parts.append(match.group())
            end = match.end()
    return "".join(parts)
