r"""Regular expressions of authors, matched in time that is bounded whatever they say.

A subset of Python's: what one character is (letters, `.`, classes, `\d`, `\w`, `\s` and their opposites), groups, `|`,
`*`, `+`, `?` and `{m,n}`. All states are followed at once (Thompson), so nothing is ever tried twice; what needs more than
that, such as looking back, is refused.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

LONGEST = 200
"""Characters of an expression."""
MOST = 1000
"""States of it, and how often something may be repeated by number."""
_REPEATED = re.compile(r"\{(\d*)(,?)(\d*)\}")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_CATEGORIES = frozenset("dDwWsS")
_ESCAPES = frozenset("tnrfv")


class WrongExpressionError(ValueError):
    """An expression that cannot be used, and why."""


class Budget:
    """How much may still be done: states looked at, over all that is compared at once.

    Args:
        left: How many.
    """

    def __init__(self, left: int) -> None:
        self.left = left


class _State(NamedTuple):
    """What a character must be to come to the next state; without `one`, ways that take none."""

    one: re.Pattern[str] | None
    to: tuple[int, ...]


class Expression:
    """A regular expression.

    Args:
        text: As its author wrote it.

    Raises:
        WrongExpressionError: It is none, or one that is not understood here.
    """

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise WrongExpressionError(f"it has more than {LONGEST} characters")
        try:
            re.compile(text)
        except (re.error, OverflowError, RecursionError) as error:
            raise WrongExpressionError(str(error)) from None
        parser = _Parser(text)
        self._end = parser.add(None)
        self._start = parser.read(self._end)
        self._states = parser.states

    def ends(self, text: str, starts: Collection[int], budget: Budget) -> set[int]:
        """Return all places of `text` where a match may end that begins at one of `starts`; none when `budget` is used up."""
        found: set[int] = set()
        live: set[int] = set()
        for at in range(min(starts, default=len(text) + 1), len(text) + 1):
            if at in starts:
                live |= self._closure(self._start)
            elif not live and at > max(starts):
                break
            if self._end in live:
                found.add(at)
            budget.left -= len(live) + 1
            if budget.left < 0:
                return set()
            if at < len(text):
                live = self._after(live, text[at])
        return found

    def _after(self, live: Iterable[int], letter: str) -> set[int]:
        following: set[int] = set()
        for place in live:
            one, to = self._states[place]
            if one is not None and one.fullmatch(letter):
                following |= self._closure(to[0])
        return following

    @functools.cache  # noqa: B019 - as long as the expression itself
    def _closure(self, start: int) -> frozenset[int]:
        """Return `start` and what can be come to from it without any character."""
        found, waiting = {start}, [start]
        while waiting:
            one, to = self._states[waiting.pop()]
            for place in () if one is not None else to:
                if place not in found:
                    found.add(place)
                    waiting.append(place)
        return frozenset(found)


class _Parser:
    """An expression being read; what follows is known before what comes first, so a piece is made when its end is."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.states: list[_State] = []

    def add(self, one: re.Pattern[str] | None, *to: int) -> int:
        if len(self.states) >= MOST:
            raise WrongExpressionError("it repeats too much")
        self.states.append(_State(one, to))
        return len(self.states) - 1

    def read(self, end: int) -> int:
        """Return the first state of the whole expression, which ends in `end`."""
        tree = self._branches()
        if self._at < len(self._text):
            raise WrongExpressionError(f"`{self._text[self._at :]}` is not understood")
        return self._made(tree, end)

    def _branches(self) -> list[object]:
        """Return `["|", …]`, of lists `["+", …]` of what follows each other."""
        found: list[object] = ["|", self._sequence()]
        while self._at < len(self._text) and self._text[self._at] == "|":
            self._at += 1
            found.append(self._sequence())
        return found

    def _sequence(self) -> list[object]:
        found: list[object] = ["+"]
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            found.append(self._repeated(self._piece()))
        return found

    def _piece(self) -> object:
        letter = self._text[self._at]
        if letter == "(":
            return self._group()
        if letter == "[":
            found = _CLASS.match(self._text, self._at)
            if found is None:
                raise WrongExpressionError("a class has no end")
            self._at = found.end()
            return re.compile(found[0])
        if letter in "^$":
            raise WrongExpressionError(f"`{letter}` is not understood: all of it always has to be there")
        if letter == "\\":
            escaped = self._text[self._at + 1]
            if escaped.isalnum() and escaped not in _CATEGORIES and escaped not in _ESCAPES:
                raise WrongExpressionError(f"`\\{escaped}` is not understood")
            self._at += 2
            return re.compile(f"\\{escaped}")
        self._at += 1
        return re.compile("." if letter == "." else re.escape(letter))

    def _group(self) -> object:
        self._at += 1
        if self._text.startswith("?:", self._at):
            self._at += 2
        elif self._text.startswith("?", self._at):
            raise WrongExpressionError(
                f"`({self._text[self._at : self._at + 2]}` is not understood; groups are `(…)` or `(?:…)`"
            )
        found = self._branches()
        self._at += 1  # its end: it has one, or `re` would have said so
        return found

    def _repeated(self, piece: object) -> object:
        """Return `piece`, or `[least, most, piece]`, where a most of -1 is any number."""
        if self._at >= len(self._text):
            return piece
        letter, least, most = self._text[self._at], 0, -1
        if letter in "*+?":
            self._at += 1
            least, most = int(letter == "+"), 1 if letter == "?" else -1
        elif (found := _REPEATED.match(self._text, self._at)) and (found[1] or (found[2] and found[3])):
            self._at = found.end()
            least = int(found[1] or 0)
            most = least if not found[2] else int(found[3]) if found[3] else -1
        else:
            return piece
        if self._at < len(self._text) and self._text[self._at] in "?+":
            self._at += 1  # whichever is tried first, the same texts match as a whole
            if self._text[self._at - 1] == "+":
                raise WrongExpressionError(f"`{letter}+` is not understood")
        if max(least, most) > MOST:
            raise WrongExpressionError("it repeats too much")
        return [least, most, piece]

    def _made(self, tree: object, end: int) -> int:
        """Return the first state of `tree`, which ends in `end`."""
        if isinstance(tree, re.Pattern):
            return self.add(tree, end)
        assert isinstance(tree, list)
        if tree[0] == "|":
            return self.add(None, *(self._made(branch, end) for branch in tree[1:]))
        if tree[0] == "+":
            for piece in reversed(tree[1:]):
                end = self._made(piece, end)
            return end
        least, most, piece = tree
        if most < 0:
            again = self.add(None, end)
            self.states[again] = _State(None, (self._made(piece, again), end))
            end = again
        last = end
        for _ in range(most - least if most >= 0 else 0):
            end = self.add(None, self._made(piece, end), last)
        for _ in range(least):
            end = self._made(piece, end)
        return end
