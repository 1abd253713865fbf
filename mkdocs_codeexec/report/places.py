"""From lines of a sample to lines of its page, or to those that readers see, and messages that speak of these."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.normalize import ESCAPE
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


@dataclass(frozen=True, slots=True)
class PageMap:
    """Where on its page the lines of one sample are.

    A line that an include (`--8<--`) brought is on no line of the page.

    Attributes:
        fence: The fence; without the name of a page where lines are those that readers see.
        lines: Lines of the page, by lines of the sample.
        hidden: Lines of the sample that readers do not see, where it is told.
    """

    fence: Place
    lines: Mapping[int, _Line]
    hidden: frozenset[int] = frozenset()

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


def shown_map(sample: Sample, numbers: Mapping[int, int]) -> PageMap:
    """Return where readers see the lines of `sample`, for messages that stand beside it.

    Args:
        sample: As its author wrote it.
        numbers: The number that readers see, by lines of the sample; nothing if that is not known.
    """
    count = sample.code.count("\n") + 1
    hidden = frozenset(range(1, count + 1)) - numbers.keys()
    if not numbers or (not hidden and all(line == number for line, number in numbers.items())):
        return PageMap(Place("", 0), {})
    return PageMap(Place("", 0), {line: _Line(number, "", 0, 0) for line, number in numbers.items()}, hidden)


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
        return PageMap(fence, {})
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
    return PageMap(fence, lines)


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


_COLOURS = r"(?:\x1b\[[0-9;]*m)*"
_AFTER = r"(?:(?<=\x1b\[m)|(?<=\x1b\[[0-9]m)|(?<=\x1b\[[0-9]{2}m)|(?<=\x1b\[[0-9];[0-9]{2}m)|(?<![\w./-]))"
"""Nothing that could belong to the name of a file; but the end of a colour, which is a letter, may be there."""
_MENTION = re.compile(
    rf"{_AFTER}(?:\./)?sample(?:\.\w+)?(?P<between>\"{_COLOURS}, line {_COLOURS}|: line |:)"
    r"(?P<line>\d{1,9})(?::(?P<column>\d{1,9}))?(?P<to>: \d{1,9}:\d{1,9})?(?! \(in the preamble\))(?![:\d]*\d)"
)
_ARROW = re.compile(r"( *)(?:-->|:::) (.+?):\d+:\d+(?: \(in the preamble\))?$")
_HEAD = re.compile(r"(?:\./)?sample\.\w+:\d+:(?:\d+:)? ")
"""The start of a message of gcc and its like, which needs no arrow."""
_ROW = re.compile(
    r"(?P<lead>(?:\x1b\[[0-9;]*+m| )*)(?P<number>\d{1,9})(?P<gap>(?:\x1b\[[0-9;]*+m)* (?:\x1b\[[0-9;]*+m| )*)(?P<rest>[|~+-].*)"
)
_SAMPLE = re.compile(r"(?:\./)?sample\.\w+")


def rewritten(text: str, where: PageMap) -> str:
    """Return `text`, a tidy message about a sample, with places of the sample made places of its page.

    So are the numbers of the rows of source in a message of rustc or gcc, which stays aligned. Colours stay. What is on no
    line of the page is left as it is.
    """
    if not where.lines:
        return text
    block: list[str] = []
    done: list[str] = []
    for line in (*text.split("\n"), ""):
        if ESCAPE.sub("", line).strip():
            block.append(line)
        else:
            done += (*_block(block, where), line)
            block = []
    return "\n".join(done[:-1])


def _block(lines: Sequence[str], where: PageMap) -> list[str]:
    """Return one message: lines without an empty one between them."""
    plain = [ESCAPE.sub("", line) for line in lines]
    arrow = next(filter(None, map(_ARROW.match, plain)), None)
    numbers = _numbers(lines, plain, where)
    if arrow is None and not numbers:
        return [_mentions(line, where) for line in lines]
    # gcc's rows are indented as far as its widest numbers might need.
    width = len(arrow[1]) if arrow else max(_width(plain[at]) for at in numbers)
    wider = max([0, *(len(str(number)) - width for number in numbers.values())])
    # Older compilers write numbers flush left.
    left = any(plain[at][:1].isdigit() and " " in plain[at][1:width] for at in numbers)
    found: list[str] = []
    for at, line in enumerate(lines):
        if at in numbers:
            found.append(_row(line, numbers[at], width + wider, left=left))
        elif plain[at].startswith("... "):
            found.append(_mentions(line.replace("...", "..." + " " * wider, 1), where))
        else:
            beside = plain[at].startswith(" " * max(width, 1))  # the numbers, not at the start of a paragraph
            found.append(" " * wider * beside + _mentions(line, where))
    return found


def _numbers(lines: Sequence[str], plain: Sequence[str], where: PageMap) -> dict[int, int]:
    """Return the numbers that rows of source get, by their index; those of other files keep theirs."""
    numbers: dict[int, int] = {}
    ours = first = None
    for at, line in enumerate(plain):
        arrow = _ARROW.match(line)
        if arrow is not None:
            ours = bool(_SAMPLE.fullmatch(arrow[2]))
            first = ours if first is None else first
        elif _HEAD.match(line):
            ours = first = True
        elif ours is not None and line.startswith(("help: ", "note: ")):
            ours = first  # a suggestion without an arrow is about the file of the message
        elif ours is not None and (row := _ROW.fullmatch(lines[at])):
            number = int(row["number"])
            place = where.ran(number) if ours else None
            numbers[at] = place.line if place else number
    return numbers


def _width(row: str) -> int:
    """Return how many columns the number of a row takes, with the spaces before it."""
    return len(row.partition("|")[0].rstrip())


def _row(line: str, number: int, width: int, *, left: bool) -> str:
    row = _ROW.fullmatch(line)
    assert row is not None, "it was found before"
    lead, gap = row["lead"].replace(" ", ""), row["gap"].replace(" ", "")
    pad = " " * (width - len(str(number)))
    return f"{'' if left else pad}{lead}{number}{pad if left else ''}{gap} {row['rest']}"


def _mentions(line: str, where: PageMap) -> str:
    def put(match: re.Match[str]) -> str:
        place = where.ran(int(match["line"]), int(match["column"] or 0))
        if place is None:
            return f"{match[0]} (hidden)" if int(match["line"]) in where.hidden else match[0]
        if not place.page:
            column = f":{match['column']}" if match["column"] else ""
            name = match[0][: match.start("line") - match.start()]
            return f"{name}{place.line}{column}{_upto(match['to'], where)}"
        between = ":" if match["between"] == ": line " else match["between"]
        column = f":{place.column}" if place.column else ""
        return f"{place.page}{between}{place.line}{column}{_upto(match['to'], where)}"

    return _MENTION.sub(put, line)


def _upto(text: str | None, where: PageMap) -> str:
    """Return the end of a region, which rustc writes behind its start: `{closure@sample.rs:20:25: 20:28}`."""
    if not text:
        return ""
    place = where.ran(*map(int, text[2:].split(":")))
    return f": {place.line}:{place.column}" if place else text


def secondary(labels: Iterable[tuple[Place, str]]) -> str:
    """Return lines that name the places which a message relates to, as rustc names those in another file."""
    return "".join(f"  ::: {place}{': ' if label else ''}{label}\n" for place, label in labels)
