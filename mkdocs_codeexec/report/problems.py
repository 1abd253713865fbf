"""What authors should know of their fences: each thing once, with the places that it is about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mkdocs_codeexec.core.protocols import Narrator
    from mkdocs_codeexec.core.sample import Location, Problem

NAMED = 3
"""Places that are named where one thing is wrong in many."""


@dataclass(slots=True)
class Problems:
    """Collects problems until they are told.

    A page that is rendered in several builds (a language that falls back to another one) has them once.
    """

    _waiting: dict[Problem, None] = field(default_factory=dict)
    _told: set[Problem] = field(default_factory=set)

    def add(self, problem: Problem) -> None:
        """Take one more, unless it is known, or one place of its kind is."""
        if problem in self._told:
            return
        if not (problem.once and any(other.message == problem.message for other in (*self._told, *self._waiting))):
            self._waiting[problem] = None

    def hint(self, location: Location, message: str) -> str:
        """Return what is to be done about a problem, and leave telling of it to the caller; empty for nothing."""
        found = [each for each in self._waiting if (each.location, each.message) == (location, message)]
        for problem in found:
            del self._waiting[problem]
            self._told.add(problem)
        return found[0].hint if found else ""

    def tell(self, narrator: Narrator) -> None:
        """Tell of what has come since the last time: in the order in which it came, equal things together."""
        waiting, self._waiting = self._waiting, {}
        self._told.update(waiting)
        groups: dict[tuple[str, str], list[Problem]] = {}
        for problem in waiting:
            if problem.mild:
                narrator.say(str(problem))
            else:
                groups.setdefault((problem.message, problem.hint), []).append(problem)
        for (message, hint), problems in groups.items():
            places = [problem.location for problem in problems]
            also = f"\n\n{named(places)}" if len(places) > 1 else ""
            narrator.warn(f"{message}{more(places)}{also}", at=places[0], hint=hint)


def more(places: Sequence[object]) -> str:
    """Return how many of `places` there are beside the first; empty for none."""
    return f" (and {len(places) - 1} more)" if len(places) > 1 else ""


def named(places: Sequence[Location]) -> str:
    """Return the first of several places, and how many they are."""
    listed = ", ".join(_texts(places[:NAMED]))
    return f"{len(places)} places: {listed}{', …' if len(places) > NAMED else ''}"


def _texts(places: Iterable[Location]) -> list[str]:
    return [str(place) for place in places]
