"""How compilers, interpreters and programs write places in the file of a sample, and the same with places of its page."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.normalize import ESCAPE
from mkdocs_codeexec.core.protocols import NO_OTHERS

if TYPE_CHECKING:
    from mkdocs_codeexec.core.places import PageMap

_COLOURS = r"(?:\x1b\[[0-9;]*m)*"
_AFTER = r"(?:(?<=\x1b\[m)|(?<=\x1b\[[0-9]m)|(?<=\x1b\[[0-9]{2}m)|(?<=\x1b\[[0-9];[0-9]{2}m)|(?<![\w./-]))"
"""Nothing that could belong to the name of a file; but the end of a colour, which is a letter, may be there."""
_MENTION = re.compile(
    rf"{_AFTER}(?:\./)?sample(?:\.\w+)?(?P<between>\"{_COLOURS}, line {_COLOURS}|: line |:)"
    r"(?P<line>\d{1,9})(?::(?P<column>\d{1,9}))?(?P<to>: \d{1,9}:\d{1,9})?(?![:\d]*\d)"
)
_ARROW = re.compile(r"( *)(?:-->|:::) (.+?):\d+:\d+$")
_HEAD = re.compile(r"(?:\./)?sample\.\w+:\d+:(?:\d+:)? ")
"""The start of a message of gcc and its like, which needs no arrow."""
_ROW = re.compile(
    r"(?P<lead>(?:\x1b\[[0-9;]*+m| )*)(?P<number>\d{1,9})(?P<gap>(?:\x1b\[[0-9;]*+m)* (?:\x1b\[[0-9;]*+m| )*)(?P<rest>[|~+-].*)"
)
_SAMPLE = re.compile(r"(?:\./)?sample\.\w+")


@functools.lru_cache(maxsize=64)
def _mention_of(name: str) -> re.Pattern[str]:
    return re.compile(
        rf"{_AFTER}(?:\./)?(?P<name>{re.escape(name)})(?P<between>\"{_COLOURS}, line {_COLOURS}|: line |:)"
        r"(?P<line>\d{1,9})(?::(?P<column>\d{1,9}))?(?![:\d]*\d)"
    )


def is_sample(file: str) -> bool:
    """Tell whether `file`, as a tool writes it, is the one that a sample was compiled from or run as."""
    return _SAMPLE.fullmatch(file) is not None


def relocated(text: str, where: PageMap, others: Mapping[str, PageMap] = NO_OTHERS) -> str:
    """Return `text`, a tidy message about a sample, with the places of the sample that it names made those of `where`.

    Those of `others`, further files by name, are made theirs. So are the numbers of the rows of source in a message of rustc or gcc, which stays aligned. Colours stay. What is on no
    line of the page is left as it is.
    """
    # A text with none of these names no place, and holds no rows of source.
    others = {name: one for name, one in others.items() if name in text and one.lines}
    if not others and (not ("sample" in text or "-->" in text or ":::" in text) or not where.lines):
        return text
    block: list[str] = []
    done: list[str] = []
    for line in (*text.split("\n"), ""):
        if ESCAPE.sub("", line).strip():
            block.append(line)
        else:
            done += (*_block(block, where, others), line)
            block = []
    return "\n".join(done[:-1])


def _block(lines: Sequence[str], where: PageMap, others: Mapping[str, PageMap]) -> list[str]:
    """Return one message: lines without an empty one between them."""
    plain = [ESCAPE.sub("", line) for line in lines]
    arrow = next(filter(None, map(_ARROW.match, plain)), None)
    numbers = _numbers(lines, plain, where, others)
    if arrow is None and not numbers:
        return [_mentions(line, where, others) for line in lines]
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
            found.append(_mentions(line.replace("...", "..." + " " * wider, 1), where, others))
        else:
            beside = plain[at].startswith(" " * max(width, 1))  # the numbers, not at the start of a paragraph
            found.append(" " * wider * beside + _mentions(line, where, others))
    return found


def _numbers(
    lines: Sequence[str], plain: Sequence[str], where: PageMap, others: Mapping[str, PageMap]
) -> dict[int, int]:
    """Return the numbers that rows of source get, by their index; those of files that nobody knows keep theirs."""
    numbers: dict[int, int] = {}
    ours: PageMap | bool | None = None
    first: PageMap | bool | None = None
    for at, line in enumerate(plain):
        arrow = _ARROW.match(line)
        if arrow is not None:
            ours = where if is_sample(arrow[2]) else others.get(arrow[2].removeprefix("./"), False)
            first = ours if first is None else first
        elif _HEAD.match(line):
            ours = first = where
        elif ours is not None and line.startswith(("help: ", "note: ")):
            ours = first  # a suggestion without an arrow is about the file of the message
        elif ours is not None and (row := _ROW.fullmatch(lines[at])):
            number = int(row["number"])
            place = None if isinstance(ours, bool) else ours.ran(number)
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


def _mentions(line: str, where: PageMap, others: Mapping[str, PageMap]) -> str:
    def put_other(match: re.Match[str]) -> str:
        place = others[match["name"]].ran(int(match["line"]), int(match["column"] or 0))
        if place is None:
            return match[0]
        column = f":{place.column}" if place.column else ""
        return f"{place.page}{':' if match['between'] == ': line ' else match['between']}{place.line}{column}"

    for name in others:
        if name in line:
            line = _mention_of(name).sub(put_other, line)

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
