"""From lines of a sample to lines of its page, or to those that readers see."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.sample import in_one_line

if TYPE_CHECKING:
    from mkdocs_codeexec.core.sample import Sample

_TAB = 4
"""Python-Markdown's, which takes all tabs out of a page."""


class Place(NamedTuple):
    """A place in a page; the column is 0 where only the line is known."""

    page: str
    line: int
    column: int = 0

    def __str__(self) -> str:
        return f"{in_one_line(self.page)}:{self.line}" + (f":{self.column}" if self.column else "")


class _Line(NamedTuple):
    """A line of the page that is one of the sample.

    Attributes:
        number: Of the page.
        text: As it stands in the file, if columns are counted with its tabs expanded; else empty.
        before: Columns of indentation and quotation that are not the sample's.
        mark: Characters that the line has more than what runs.
    """

    number: int
    text: str
    before: int
    mark: int


class _Lines(NamedTuple):
    """What a `PageMap` says."""

    lines: Mapping[int, _Line]
    hidden: frozenset[int] = frozenset()


@dataclass(frozen=True, eq=False)
class PageMap:
    """Where on its page the lines of one sample are.

    A line that an include (`--8<--`) brought is on no line of the page.

    Attributes:
        fence: The fence; without the name of a page where lines are those that readers see.
        look: Finds that out, when somebody asks for the first time: most samples say nothing of any line.
    """

    fence: Place
    look: Callable[[], _Lines]

    @property
    def lines(self) -> Mapping[int, _Line]:
        """Lines of the page, by lines of the sample."""
        return self._found.lines

    @property
    def hidden(self) -> frozenset[int]:
        """Lines of the sample that readers do not see, where it is told."""
        return self._found.hidden

    @functools.cached_property
    def _found(self) -> _Lines:
        return self.look()

    def written(self, line: int, column: int = 0) -> Place | None:
        """Return where on the page line and column of the author's code are; None if that is not known."""
        found = self.lines.get(line)
        if found is None:
            return None
        return Place(self.fence.page, found.number, _raw(found.text, column + found.before) if column else 0)

    def ran(self, line: int, column: int = 0) -> Place | None:
        """Return where on the page line and column of what ran are: hidden lines run without their mark."""
        found = self.lines.get(line)
        return self.written(line, column + found.mark if column else 0) if found else None


def shown_map(sample: Sample, numbered: Callable[[], Mapping[int, int]]) -> PageMap:
    """Return where readers see the lines of `sample`, for messages that stand beside it.

    Args:
        sample: As its author wrote it.
        numbered: Returns the number that readers see, by lines of the sample; nothing if that is not known.
    """

    def look() -> _Lines:
        numbers = numbered()
        count = sample.code.count("\n") + 1
        hidden = frozenset(range(1, count + 1)) - numbers.keys()
        if not numbers or (not hidden and all(line == number for line, number in numbers.items())):
            return _Lines({})
        return _Lines({line: _Line(number, "", 0, 0) for line, number in numbers.items()}, hidden)

    return PageMap(Place("", 0), look)


def page_map(sample: Sample, page: str, ran: str) -> PageMap:
    """Return where the lines of `sample` are in the text `page`, the file that its Location is in.

    From its start on up to the first include, and from its end back to the last.

    Args:
        sample: The sample.
        page: The text of the file.
        ran: The sample's code as it runs, with as many lines.
    """
    fence = Place(sample.location.path or sample.location.page, sample.location.line)
    code, shown = sample.code.split("\n"), page.split("\n")
    run = ran.split("\n")
    if code and not code[-1]:
        code = code[:-1]
    end = sample.location.end
    if not fence.line < end <= len(shown):
        return PageMap(fence, lambda: _Lines({}))
    lines: dict[int, _Line] = {}
    # One of these stops at once if the other went through all.
    for numbers, offset in (
        (range(1, len(code) + 1), fence.line),
        (range(len(code), 0, -1), end - 1 - len(code)),
    ):
        for number in numbers:
            at = number + offset
            before = _before(code[number - 1], shown[at - 1]) if fence.line < at < end else None
            if before is None or number in lines:
                break
            mark = len(code[number - 1]) - len(run[number - 1])
            lines[number] = _Line(at, "" if "\t" in code[number - 1] else shown[at - 1], before, mark)
    return PageMap(fence, lambda: _Lines(lines))


def _before(written: str, shown: str) -> int | None:
    """Return the column in which `written`, a line of code, begins in `shown`; None if that is another line."""
    kept = "\t" in written  # superfences' `preserve_tabs`
    written, shown = written.rstrip(), (shown if kept else shown.expandtabs(_TAB)).rstrip()
    if not written:
        return len(shown) if not shown.strip("\t >") else None
    start = len(shown) - len(written)
    return start if shown.endswith(written) and not shown[:start].strip("\t >") else None


def _raw(text: str, column: int) -> int:
    """Return the column of `text` that is `column` when tabs are expanded; both from one."""
    if "\t" not in text:
        return column
    widths = (len(text[:end].expandtabs(_TAB)) for end in range(1, len(text) + 1))
    return next((at for at, width in enumerate(widths, 1) if width >= column), column)
