"""The true line of a fence: in the file on disk, front matter counted, whatever has changed the text since.

Three texts lie between an author and superfences. The file on disk; the Markdown text, from which MkDocs has taken the
front matter and which other plugins may have changed; and what the snippets extension makes of that. The last step is
followed by *stamps*: before snippets run every line is given its number in characters that no author uses, after it
they are taken off again. What has no stamp then came from an include, and stands where the include does.
The step before is followed by comparing texts.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from markdown.preprocessors import Preprocessor

from mkdocs_codeexec.core.including import MARK

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from markdown import Markdown

BEFORE_SNIPPETS = 32.5
AFTER_SNIPPETS = 31.9
"""Snippets run at 32; critic (31.1) and the tab keeper of superfences (31.05) must not see stamps."""

_BLOCK = re.compile(r"[ \t]*-+8<-+\r?")  # RE_ALL_SNIPPETS: a block marker, not escaped
_STAMPS = range(0x10F800, 0x10FFF0, 16)  # the last private-use characters there are, in rows of sixteen
_BRINGING = ("snippet", "codeexec_includes")
"""Preprocessors that put in lines of other files."""
_MISSING = 0
"""A fence that cannot be found is reported on the page's first line."""


class Lines:
    """Where the lines of one conversion come from.

    Attributes:
        needed: Whether the text has a fence at all, or brings one in.
    """

    def __init__(self) -> None:
        self.begin(())

    def begin(self, lines: Sequence[str]) -> None:
        """Start a conversion of `lines`, the Markdown text; nothing is left of the one before."""
        self.needed = any(
            "```" in line or "~~~" in line or "8<-" in line or ":::" in line or MARK in line for line in lines
        )
        self._markdown = list(lines) if self.needed else []
        self._drift = 0
        self._last = -1
        self._disk: tuple[str, _Mapping] | None = None
        self.after_snippets(self._markdown, range(1, len(self._markdown) + 1))

    def after_snippets(self, lines: Sequence[str], origins: Sequence[int]) -> None:
        """Take what the snippets extension has made: `lines`, and for each the line of the Markdown text it is from."""
        self._lines = lines
        self._origins = origins
        self._essences: dict[int, str] = {}

    def find(self, index: int, header: str, disk: str | None) -> int:
        """Return the line, from one, of the fence that starts with `header`.

        To be called for fences in the order of the page.

        Args:
            index: Index of the line among those that superfences sees.
            header: The line.
            disk: The text of the file on disk, if it is known.
        """
        return self._on_disk(self._origin(index, _essence(header)), disk)

    def peek(self, index: int, disk: str | None) -> int:
        """Return the line, from one, of that at `index`, before others are looked for."""
        return self._on_disk(self._origins[index] if index < len(self._origins) else _MISSING, disk)

    def find_any(self, wanted: re.Pattern[str], number: int, passed: Container[int], disk: str | None) -> int:
        """Return the line, from one, of a line that is no fence; 0 if there is none.

        Args:
            wanted: Matches it, as a whole and without what it is indented by.
            number: How many like it come before.
            passed: Indices of lines that superfences sees and that do not count.
            disk: As for `find`.
        """
        found = [
            place
            for place, line in enumerate(self._lines)
            if place - self._drift not in passed and wanted.fullmatch(line.strip())
        ]
        return self._on_disk(self._origins[found[min(number, len(found) - 1)]], disk) if found else 0

    def on_disk(self, line: int, disk: str | None) -> int:
        """Return the line on disk, from one, of `line` of the Markdown text; `disk` is the text of the file, if it is known."""
        return self._on_disk(line, disk)

    def _on_disk(self, line: int, disk: str | None) -> int:
        if disk is None:
            return max(line, 1)
        if self._disk is None or self._disk[0] != disk:
            self._disk = disk, _Mapping(self._markdown, disk)
        return self._disk[1].line(line)

    def _origin(self, index: int, header: str) -> int:
        """Return the line of the Markdown text.

        Extensions between snippets and superfences may have taken lines away or put some in (critic, meta). The
        text of the header says so; how far off it was last time says where to look first.
        """
        expected = index + self._drift
        for distance in range(len(self._lines) + abs(expected)):
            for place in (expected + distance, expected - distance):
                if self._last < place < len(self._lines) and self._essence(place) == header:
                    self._drift, self._last = place - index, place
                    return self._origins[place]
        return self._origins[min(max(expected, 0), len(self._origins) - 1)] if self._origins else _MISSING

    def _essence(self, place: int) -> str:
        if place not in self._essences:
            self._essences[place] = _essence(self._lines[place])
        return self._essences[place]


class _Mapping:
    """From lines of the Markdown text to lines of the file on disk."""

    def __init__(self, markdown: Sequence[str], disk: str) -> None:
        mine = [line.rstrip() for line in markdown]
        theirs = [line.rstrip() for line in disk.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
        self._count = len(theirs)
        self._starts: list[int] = []
        self._targets: list[tuple[int, int]] = []
        if theirs[len(theirs) - len(mine) :] == mine:
            self._add(0, len(theirs) - len(mine), len(mine))
            return
        # Both are compared without what they start and end with alike: the comparison is quadratic at worst.
        head = _common(mine, theirs)
        tail = _common(mine[head:][::-1], theirs[head:][::-1])
        self._add(0, 0, head)
        from difflib import SequenceMatcher

        matcher = SequenceMatcher(None, mine[head : len(mine) - tail], theirs[head : len(theirs) - tail])
        for what, start, end, other_start, other_end in matcher.get_opcodes():
            if start < end:
                same = what == "equal" or end - start == other_end - other_start
                self._add(head + start, head + other_start, end - start if same else 1)
        self._add(len(mine) - tail, len(theirs) - tail, tail)

    def _add(self, start: int, target: int, length: int) -> None:
        """Map the `length` lines from `start` to those from `target`; what follows them, to the last of these."""
        if length > 0:
            self._starts.append(start)
            self._targets.append((target, length))

    def line(self, line: int) -> int:
        """Return the line on disk, from one."""
        place = bisect_right(self._starts, line - 1) - 1
        if place < 0:
            return 1
        target, length = self._targets[place]
        return min(max(target + min(line - 1 - self._starts[place], length - 1) + 1, 1), self._count)


class StampPreprocessor(Preprocessor):
    """Numbers the lines before the snippets extension sees them."""

    def __init__(self, md: Markdown, lines: Lines) -> None:
        super().__init__(md)
        self._lines = lines
        self.stamp: _Stamp | None = None

    def run(self, lines: list[str]) -> list[str]:
        """Return `lines` with a stamp at the end of each, or before it if snippets look at it."""
        self._lines.begin(lines)
        self.stamp = None
        if not self._lines.needed or not any(name in self.md.preprocessors for name in _BRINGING):
            return lines
        self.stamp = stamp = _Stamp.foreign_to("\n".join(lines))
        if stamp is None:
            return lines
        stamped: list[str] = []
        block = False
        for number, line in enumerate(lines, 1):
            marker = _BLOCK.fullmatch(line) is not None
            if block:  # paths: what is put here would be looked for on disk
                stamped.append(line)
            elif "8<-" in line:
                stamped += (stamp.write(number), line)
            else:
                stamped.append(line + stamp.write(number) if line.strip() else line)
            block ^= marker
        return stamped

    def parted(self, line: str) -> tuple[str, str]:
        """Return `line` without its stamp, and that."""
        text = self.stamp.read(line)[0] if self.stamp else line
        return text, line[len(text) :]

    def number(self, stamp: str) -> int | None:
        """Return what `stamp` says; None if it is none."""
        return self.stamp.read(stamp)[1] if self.stamp else None


class UnstampPreprocessor(Preprocessor):
    """Takes the stamps off again, and remembers them."""

    def __init__(self, md: Markdown, lines: Lines, stamps: StampPreprocessor) -> None:
        super().__init__(md)
        self._lines = lines
        self._stamps = stamps

    def run(self, lines: list[str]) -> list[str]:
        """Return `lines` as they would be if nobody had numbered them."""
        stamp = self._stamps.stamp
        if stamp is None:
            return lines
        kept: list[str] = []
        origins: list[int] = []
        current = 1
        for line in lines:
            text, number = stamp.read(line)
            if number is not None:
                current = number
                if not text:  # only a stamp that stood alone leaves nothing
                    continue
            kept.append(text)
            origins.append(current)
        self._lines.after_snippets(kept, origins)
        return kept


class _Stamp:
    """Numbers, written in sixteen characters."""

    def __init__(self, first: int) -> None:
        self._digits = "".join(chr(first + digit) for digit in range(10))
        self._mark = chr(first + 10)
        self._write = str.maketrans("0123456789", self._digits)
        self._read = str.maketrans(self._digits, "0123456789")
        self._stamp = re.compile(f"{self._mark}([{self._digits}]+)$")

    @classmethod
    def foreign_to(cls, text: str) -> _Stamp | None:
        """Return a stamp of characters that `text` does not hold; None if it holds some of every row."""
        used = {ord(character) // 16 for character in set(text)}
        return next((cls(first) for first in _STAMPS if first // 16 not in used), None)

    def write(self, number: int) -> str:
        return self._mark + str(number).translate(self._write)

    def read(self, line: str) -> tuple[str, int | None]:
        found = self._stamp.search(line)
        if found is None:
            return line, None
        return line[: found.start()], int(found[1].translate(self._read))


def _essence(line: str) -> str:
    return " ".join(line.split())


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    count = 0
    for mine, other in zip(left, right, strict=False):
        if mine != other:
            break
        count += 1
    return count
