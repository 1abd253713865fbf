"""Which run this is, and when it began: the same in its log, its trace, its spans and its report."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass, field

from mkdocs_codeexec.timing import clock


def new_id(started: dt.datetime) -> str:
    """Return the id of a run that began at `started`: unique, and sortable by time."""
    return f"{started:%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}"


@dataclass(frozen=True, slots=True)
class Moment:
    """When a run began.

    Attributes:
        started: UTC.
        clock: The same moment, by the clock of `Took`.
        run_id: Of the run.
    """

    started: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    clock: float = field(default_factory=clock)
    run_id: str = ""

    def __post_init__(self) -> None:
        if not self.run_id:
            object.__setattr__(self, "run_id", new_id(self.started))

    def at(self, clock: float) -> dt.datetime:
        """Return when it was `clock`; a clock that was changed meanwhile changes nothing of that."""
        return self.started + dt.timedelta(seconds=clock - self.clock)
