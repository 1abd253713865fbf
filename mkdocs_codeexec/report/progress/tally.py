"""How far a run is, by what it tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.expectation import verdict_reason
from mkdocs_codeexec.core.resolved import Ended, Planned, Prepared, Preparing, Started, Took
from mkdocs_codeexec.report import rows

if TYPE_CHECKING:
    from mkdocs_codeexec.core.resolved import Event, Resolved
    from mkdocs_codeexec.core.sample import Sample

ENOUGH = 3
"""Samples that must have ended before they say how fast the others will be."""


@dataclass(slots=True)
class Tally:
    """The numbers of a run.

    Attributes:
        jobs: Samples that are executed at once.
        total: Samples that are to be executed.
        done: How many of these have ended.
        built: How many Actions were built.
        failed: Samples that did not go as said, a line for each, in the order in which they ended.
        preparing: Environments that are being built, by name, and how far that is.
        since: When each of them was begun.
        prepared: How many were built, or could not be.
        begun: When the first sample was begun; None if none was.
    """

    jobs: int = 1
    total: int = 0
    done: int = 0
    built: int = 0
    failed: list[str] = field(default_factory=list)
    preparing: dict[str, Preparing] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)
    prepared: int = 0
    begun: float | None = None
    _waiting: dict[int, tuple[Sample, float | None]] = field(default_factory=dict)
    _known: float = 0.0  # seconds of those that wait, as far as that is known
    _unknown: int = 0
    _ended: tuple[int, float] = (0, 0.0)  # how many of those that have ended are known to have taken what

    def take(self, event: Event, now: float) -> None:
        """Take what was told at `now`, in seconds of any clock."""
        match event:
            case Planned(state="miss"):
                self._plan(event)
            case Started():
                self.begun = now if self.begun is None else self.begun
            case Took(kind="build"):
                self.built += len(event.actions)
            case Ended():
                self._end(event.resolved)
            case Preparing():
                self.preparing[event.environment] = event
                self.since.setdefault(event.environment, now)
            case Prepared():
                self.preparing.pop(event.environment, None)
                self.since.pop(event.environment, None)
                self.prepared += 1
            case _:
                pass

    @property
    def working(self) -> bool:
        """Whether anything is being built or run, as far as is known."""
        return bool(self.preparing) or (self.begun is not None and self.done < self.total)

    def _plan(self, planned: Planned) -> None:
        if self.total and not self._waiting:  # another batch
            self.total = self.done = self.built = 0
            self.begun = None
            self.failed = []
        self._waiting[id(planned.sample)] = planned.sample, planned.seconds
        self.total += 1
        if planned.seconds is None:
            self._unknown += 1
        else:
            self._known += planned.seconds

    def _end(self, resolved: Resolved) -> None:
        if rows.fails(resolved.verdict):
            reason = verdict_reason(resolved.verdict)
            self.failed.append(f"{resolved.sample.location}: {reason}")
        found = self._waiting.pop(id(resolved.sample), None)
        if found is None:
            return
        self.done += 1
        _, seconds = found
        if seconds is None:
            self._unknown -= 1
        else:
            self._known -= seconds
        if seconds is None and resolved.outcome is not None:
            seconds = resolved.outcome.duration
        if seconds is not None:
            number, sum_of = self._ended
            self._ended = number + 1, sum_of + seconds

    def left(self, now: float) -> float | None:
        """Return in how many seconds all will have ended, as it goes; None if nothing says so.

        What a sample takes is what it took when it was executed last. New ones are like the others. How much of that is
        done in a second shows when a few have ended.
        """
        number, done = self._ended
        known = len(self._waiting) - self._unknown
        if self.begun is None or not self._waiting or not number + known:
            return None
        mean = (done + self._known) / (number + known)
        work = self._known + self._unknown * mean
        passed = now - self.begun
        if number >= ENOUGH and done > 0 and passed > 0:
            return work * passed / done
        return max(work / min(self.jobs, len(self._waiting)) - passed, 0.0)
