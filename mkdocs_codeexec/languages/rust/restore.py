"""Take out of a compiler's message what was put into the sample: text, columns and positions."""

from __future__ import annotations

import re
import unicodedata

from mkdocs_codeexec.languages.rust.prepare import FILE, Prepared, Shift, original

_ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_ROW = re.compile(r" *(\d+) [|~+-] ?")
_NOTES = re.compile(r" *\| ")
_PLACE = re.compile(rf"(?:(?<=\x1b\[0m)|(?<![\w./-])){re.escape(FILE)}:(\d+):(\d+)")
_DRAWN = frozenset(" |-^~+_/")


def restore(prepared: Prepared, text: str) -> str:
    """Return `text`, what the compiler or the program said, as if nothing had been inserted.

    Places like `sample.rs:1:25` are corrected, the row of source loses the inserted text, and the rows of marks
    under it move left with it. ANSI escape sequences stay. A row that the compiler has rewritten stays as it is.
    """
    if not prepared.shifts:
        return text
    lines: list[str] = []
    cuts: tuple[tuple[int, int], ...] = ()
    source = ""
    for line in text.split("\n"):
        plain = _ESCAPE.sub("", line)
        row = _ROW.match(plain)
        if row is not None:
            here = tuple(shift for shift in prepared.shifts if shift.line == int(row[1]))
            cuts, source = _found(plain, row.end(), here), plain
            lines.append(_without(line, cuts))
        elif cuts and _NOTES.match(plain):
            lines.append(_without(line, _marks(source, plain, cuts)))
        else:
            if not _NOTES.match(plain + " "):
                cuts = ()
            lines.append(line)
    return _PLACE.sub(lambda match: _place(prepared, match), "\n".join(lines))


def _place(prepared: Prepared, match: re.Match[str]) -> str:
    line, column = original(prepared, int(match[1]), int(match[2]))
    return f"{FILE}:{line}:{column}"


def _found(plain: str, start: int, shifts: tuple[Shift, ...]) -> tuple[tuple[int, int], ...]:
    """Return where the inserted texts stand in a row of source: column and width, in characters."""
    cuts: list[tuple[int, int]] = []
    for shift in shifts:
        text = shift.text.replace("\t", "    ")  # rustc shows a tab so
        # It takes spaces off the end of a row.
        column = plain.find(text.rstrip() if plain.endswith(text.rstrip()) else text, start)
        if column < 0:
            return ()
        start = column + len(text)
        cuts.append((column, len(text)))
    return tuple(cuts)


def _marks(source: str, marks: str, cuts: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """Return what to cut from a row of marks under `source`: no words, which may begin under inserted text."""
    kept: list[tuple[int, int]] = []
    for column, width in cuts:
        start, size = _cells(source[:column]), _cells(source[column : column + width])
        under = marks[start : start + size]
        if not set(under) <= _DRAWN:
            size = len(under) - len(under.lstrip(" "))  # a label stays, at the line's start
        kept.append((start, size))
    return tuple(kept)


def _cells(text: str) -> int:
    """Return how many columns of a terminal `text` takes; marks are aligned by these."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _without(line: str, cuts: tuple[tuple[int, int], ...]) -> str:
    """Return `line` without some columns of its visible text; escape sequences stay."""
    if not cuts:
        return line
    gone = {position for column, width in cuts for position in range(column, column + width)}
    parts: list[str] = []
    column = end = 0
    for match in (*_ESCAPE.finditer(line), None):
        stop = match.start() if match else len(line)
        visible = line[end:stop]
        parts.append("".join(char for at, char in enumerate(visible, column) if at not in gone))
        column += len(visible)
        if match:
            parts.append(match.group())
            end = match.end()
    return "".join(parts)
