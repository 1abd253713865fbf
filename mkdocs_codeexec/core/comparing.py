"""What an author wrote that is printed, compared with what is: line by line, with wildcards, in bounded time.

A line `...` stands for any lines, none too. `[..]` stands for any text in a line, and `[NAME]` for what the pattern of that
name matches. Blanks at the ends of lines and empty lines at the end do not count: pages do not keep them. Nor does it count
how a tab is written.
"""

from __future__ import annotations

import difflib
import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.expressions import Budget, Expression

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ANY_LINES = "..."
ANY_TEXT = "[..]"
NAME = re.compile(r"[A-Z][A-Z0-9_]*")
"""What a pattern may be called."""
NO_PATTERNS: Mapping[str, str] = {}
MOST_CELLS = 1_000_000
"""Pairs of lines that are looked at to find which of what is written stays."""
MOST_STEPS = 3_000_000
"""Of patterns, in one comparison; beyond that they match nothing."""
LONGEST_LINE = 10_000
"""Characters of a printed line that a pattern is tried on."""
_MARKS = re.compile(rf"\[(?:(\.\.)|({NAME.pattern}))\]")
_BLANKS = re.compile(r"[ \t]+")


class Line(NamedTuple):
    """A line of what is to be written.

    Attributes:
        text: What stands there.
        number: Which line of what is written now it is, from one; 0 if it is new.
    """

    text: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """How what is written differs from what was printed.

    Attributes:
        line: The first line that differs, of what is written, from one; one more than it has if more was printed.
        written: The lines that are written.
        fitting: The lines that would match: what was printed, and of what is written that which matches it.
    """

    line: int
    written: tuple[str, ...]
    fitting: tuple[Line, ...]

    def unified(self, written: str = "written", printed: str = "printed") -> str:
        """Return it as a unified diff, its lines numbered as those that are written; what a wildcard stands for is no difference.

        Args:
            written: What is written is called this.
            printed: What was printed is called this.
        """
        now = [line.text for line in self.fitting]
        return "\n".join(difflib.unified_diff(self.written, now, written, printed, lineterm="", n=2))


def matches(written: str, printed: str, patterns: Mapping[str, str] = NO_PATTERNS) -> Difference | None:
    """Return how `written` differs from `printed`; None if it matches it.

    Args:
        written: What the author wrote.
        printed: What was printed.
        patterns: What `[NAME]` stands for, by name; others are text as any.
    """
    same = _Same(patterns)
    old, new = lines_of(written), lines_of(printed)
    if _all_match(old, new, same):
        return None
    fitting = _fitting(old, new, same)
    if not _all_match(tuple(line.text for line in fitting), new, same):  # it has used up its budget, say
        fitting = tuple(map(Line, new))
    return Difference(_first(old, fitting), old, fitting)


def lines_of(text: str) -> tuple[str, ...]:
    """Return the lines of `text` that count, without blanks at their ends."""
    lines = [line.rstrip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return tuple(lines)


class _Same:
    """Tells whether a line that is written matches one that was printed."""

    def __init__(self, patterns: Mapping[str, str]) -> None:
        self._patterns = patterns
        self._budget = Budget(MOST_STEPS)
        self._parts = functools.lru_cache(maxsize=1000)(self._parsed)

    def __call__(self, written: str, printed: str) -> bool:
        if written == printed:
            return True
        if "\t" in printed or "\t" in written:
            written, printed = _BLANKS.sub(" ", written), _BLANKS.sub(" ", printed)
            if written == printed:
                return True
        if "[" not in written:
            return False
        parts = self._parts(written)
        if len(parts) == 1 or not printed.startswith(str(parts[0])) or not printed.endswith(str(parts[-1])):
            return False
        if any(isinstance(part, Expression) for part in parts):
            return len(printed) <= LONGEST_LINE and self._follows(parts, printed)
        return _found(parts, printed)

    def _parsed(self, written: str) -> tuple[str | Expression | None, ...]:
        """Return `written` as text, `None` for `[..]`, text, a pattern, text…; it begins and ends with text."""
        parts: list[str | Expression | None] = [""]
        done = 0
        for mark in _MARKS.finditer(written):
            if mark[2] and mark[2] not in self._patterns:
                continue
            text = written[done : mark.start()]
            parts[-1] = text
            parts += (expression(self._patterns[mark[2]]) if mark[2] else None, "")
            done = mark.end()
        parts[-1] = written[done:]
        return tuple(parts)

    def _follows(self, parts: Sequence[str | Expression | None], printed: str) -> bool:
        """Tell whether `printed` is `parts`, one after the other: all places that they may come to are kept at once."""
        places = {0}
        for part in parts:
            if part is None:
                places = set(range(min(places), len(printed) + 1))
            elif isinstance(part, Expression):
                places = part.ends(printed, places, self._budget)
            elif part:
                self._budget.left -= len(places)
                places = {at + len(part) for at in places if printed.startswith(part, at)}
            if not places or self._budget.left < 0:
                return False
        return len(printed) in places


def _found(parts: Sequence[str | Expression | None], printed: str) -> bool:
    """Tell whether the texts among `parts` stand in `printed` in their order, the first and the last at its ends."""
    texts = [part for part in parts if isinstance(part, str)]
    at, end = len(texts[0]), len(printed) - len(texts[-1])
    for text in texts[1:-1]:
        at = printed.find(text, at, max(end, 0))
        if at < 0:
            return False
        at += len(text)
    return at <= end


@functools.lru_cache(maxsize=256)
def expression(pattern: str) -> Expression:
    """Return `pattern`, ready to be matched.

    Raises:
        WrongExpressionError: It cannot be used.
    """
    return Expression(pattern)


def _is_any(line: str) -> bool:
    return line.strip() == ANY_LINES


def _all_match(old: Sequence[str], new: Sequence[str], same: _Same) -> bool:
    """Tell whether `old` matches `new`: what stands between two `...` is best where it is found first."""
    groups: list[list[str]] = [[]]
    for line in old:
        if _is_any(line):
            groups.append([])
        else:
            groups[-1].append(line)
    first, last = groups[0], groups[-1]
    if len(groups) == 1:
        return len(old) == len(new) and all(map(same, old, new))
    end = len(new) - len(last)
    if len(first) > end or not all(map(same, first, new)) or not all(map(same, last, new[end:])):
        return False
    at = len(first)
    for group in groups[1:-1]:
        at = (
            next((place for place in range(at, end - len(group) + 1) if all(map(same, group, new[place:]))), -1)
            if group
            else at
        )
        if at < 0:
            return False
        at += len(group)
    return at <= end


_KEPT, _REPLACED, _GONE, _NEW = -20, 9, 10, 10
"""What it is worth to keep a line, to replace it, to take it away and to put one in. A line that was changed is replaced and
not swallowed by the `...` beside it; one that is kept is worth more than that."""


def _fitting(old: Sequence[str], new: Sequence[str], same: _Same) -> tuple[Line, ...]:
    """Return `new`, with as much of `old` as matches it: wildcards, and what is alike."""
    head = _alike(old, new, same)
    tail = _alike(old[head:][::-1], new[head:][::-1], same)
    middle = old[head : len(old) - tail]
    put = new[head : len(new) - tail]
    start = [Line(text, number + 1) for number, text in enumerate(old[:head])]
    end = [Line(text, len(old) - tail + number + 1) for number, text in enumerate(old[len(old) - tail :])]
    if (len(middle) + 1) * (len(put) + 1) > MOST_CELLS:
        return (*start, *map(Line, put), *end)
    return (*start, *_aligned(middle, put, head, same), *end)


def _alike(old: Sequence[str], new: Sequence[str], same: _Same) -> int:
    """Return how many lines both begin with alike."""
    count = 0
    for mine, other in zip(old, new, strict=False):
        if _is_any(mine) or not same(mine, other):
            break
        count += 1
    return count


def _aligned(old: Sequence[str], new: Sequence[str], before: int, same: _Same) -> Iterator[Line]:
    """Yield the best of `old` and `new`, of which `before` lines of `old` have gone already."""
    rows: list[bytearray] = []
    below = [_NEW * (len(new) - at) for at in range(len(new) + 1)]
    for line in reversed(old):
        anything = _is_any(line)
        moves = bytearray(len(new) + 1)
        row = [0] * (len(new) + 1)
        row[-1], moves[-1] = (below[-1], 4) if anything else (below[-1] + _GONE, 2)
        for at in range(len(new) - 1, -1, -1):
            if anything:
                # It stands for what comes, or for nothing more.
                row[at], moves[at] = min((below[at], 4), (row[at + 1], 5))
                continue
            alike = same(line, new[at])
            row[at], moves[at] = min(
                (below[at + 1] + (_KEPT if alike else _REPLACED), 0 if alike else 1),
                (below[at] + _GONE, 2),
                (row[at + 1] + _NEW, 3),
            )
        rows.append(moves)
        below = row
    rows.reverse()
    place = at = 0
    while place < len(old):
        match rows[place][at]:
            case 0 | 4 as move:
                yield Line(old[place], before + place + 1)
                place += 1
                at += move == 0
            case 1:
                yield Line(new[at])
                place, at = place + 1, at + 1
            case 2:
                place += 1
            case 3:
                yield Line(new[at])
                at += 1
            case _:
                at += 1
    yield from map(Line, new[at:])


def _first(old: Sequence[str], fitting: Sequence[Line]) -> int:
    """Return the first line of `old` that does not stay, or before which one comes."""
    due = 1
    for line in fitting:
        if line.number != due:
            return due
        due += 1
    return min(due, len(old) + 1)
