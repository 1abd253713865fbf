"""What becomes of Samples: planned first, then resolved; and the events that tell of it on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from mkdocs_codeexec.core.action import Action, Key
    from mkdocs_codeexec.core.comparing import Difference
    from mkdocs_codeexec.core.expectation import Verdict
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.protocols import Unavailability
    from mkdocs_codeexec.core.sample import Location, Sample

PlannedState: TypeAlias = Literal["hit", "miss", "ignored", "unavailable", "suspended", "blocked"]
"""An Outcome is known; it is to be executed; its author wants nothing done; it cannot be executed here; it lacks something
that it requires; what it needs has not gone as said."""


UNASKED = "the toolchain has not been asked yet"
"""Why something is a miss of which nothing is known, not even from earlier runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A Sample, and what a run would do with it.

    Attributes:
        sample: What the author wrote.
        state: What would be done.
        action: What would be executed; None if nothing is.
        why: Why it is a miss or unavailable, in words; empty for others.
        hint: What to do about that; may be empty.
        outcome: What is known of it; None unless it is a hit.
        seconds: What it took when it was executed last; None if that is not known.
    """

    sample: Sample
    state: PlannedState
    action: Action | None = None
    why: str = ""
    hint: str = ""
    outcome: Outcome | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do, without having started anything.

    Attributes:
        planned: Each sample, in the order in which they were given.
    """

    planned: tuple[Planned, ...]

    def count(self, state: PlannedState) -> int:
        """Return how many samples are in `state`."""
        return sum(one.state == state for one in self.planned)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What a fence with `output_of` holds, and what was printed.

    Attributes:
        of: The sample whose output it is.
        printed: What that has printed, as pages show it, without colours.
        difference: How both differ; None if they match.
        truncated: Bytes of it that were not kept.
    """

    of: Resolved
    printed: str
    difference: Difference | None = None
    truncated: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A Sample, what happened, and what it is worth.

    Attributes:
        sample: What the author wrote.
        verdict: Whether it went as the author said.
        outcome: What happened; None if nothing is known.
        key: The address of the Outcome; a request key where no toolchain was asked; None without an Action.
        cached: Whether a stored outcome answered it.
        why: Why it could not be executed here, if that is so.
        compared: What it was compared with, if it holds the output of another one.
    """

    sample: Sample
    verdict: Verdict
    outcome: Outcome | None = None
    key: Key | None = None
    cached: bool = False
    why: Unavailability | None = None
    compared: Compared | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """`action` is being built or run.

    Attributes:
        action: What is executed.
        places: Where the samples are that it answers: those that are equal.
    """

    action: Action
    places: tuple[Location, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """A sample has its answer."""

    resolved: Resolved


@dataclass(frozen=True, slots=True)
class Said:
    """Something that is worth a line in the log."""

    message: str


@dataclass(frozen=True, slots=True)
class Preparing:
    """An Environment is being built, and how far that is.

    Attributes:
        environment: Its name.
        part: What is compiled now; empty if nothing is yet.
        done: How many parts have been begun.
        total: How many there are at most; 0 while that is not known.
    """

    environment: str
    part: str = ""
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Prepared:
    """An Environment is not being built any more.

    Attributes:
        environment: Its name.
        built: Whether it is there.
    """

    environment: str
    built: bool


TookKind: TypeAlias = Literal["host", "store", "prepare", "build", "run"]
"""Who renders pages, what looks up and stores, what builds Environments, what builds and runs samples."""


@dataclass(frozen=True, slots=True)
class Took:
    """Something has ended that took time.

    Attributes:
        kind: What it was.
        name: What it is called.
        began: When, in seconds of a clock that goes on evenly.
        seconds: How long it took.
        thread: The thread that has done it, or has waited for it.
        actions: What it was done for.
    """

    kind: TookKind
    name: str
    began: float
    seconds: float
    thread: int
    actions: tuple[Action, ...] = ()


Event: TypeAlias = Planned | Started | Ended | Said | Preparing | Prepared | Took
"""What a run tells while it goes on: of each sample `Planned` first and `Ended` last, each once. Between them `Started`, if it
is executed. Of an Environment that is built, `Preparing` several times and `Prepared` once. The rest comes at any time."""

Listen: TypeAlias = "Callable[[Event], None]"
"""Takes events, one at a time, from any thread. What it raises is raised by the run: `Cancelled` at once, anything else when all
that was begun has ended."""
