"""The state of one run: which Action answers which samples, what is known of them, and what has been told."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.action import REFUSED
from mkdocs_codeexec.core.expectation import Blocked, Suspended, verdict_reason
from mkdocs_codeexec.core.graph import graph_of
from mkdocs_codeexec.core.observed import result_key
from mkdocs_codeexec.core.resolved import UNASKED, Ended, Plan, Planned, PlannedState, Resolved, Started
from mkdocs_codeexec.engine.course import Course, Steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mkdocs_codeexec.core.action import Action, Key
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.protocols import Unavailability
    from mkdocs_codeexec.core.requirements import Lack
    from mkdocs_codeexec.core.resolved import Listen
    from mkdocs_codeexec.core.sample import Location, Sample
    from mkdocs_codeexec.core.settings import ExecuteMode
    from mkdocs_codeexec.engine.planning import Planning
    from mkdocs_codeexec.engine.reasons import Reasons


class Batch:
    """Samples that are resolved together. Actions are told apart by their request keys, which a survey may change.

    Args:
        planning: Plans and looks up.
        samples: In the order in which they are answered.
        mode: What to do with the store's answers.
        denied: Why a sample must not be executed in this build.
        missing: What a sample requires and this machine lacks.
        unavailable: What cannot be executed, by request key, and why.
        listen: Takes events; None if nobody does.
        reasons: Says why something is a miss; None if nobody wants to know it exactly.

    Attributes:
        number: How many samples are neither ignored nor refused.
        unavailable: As given, and what has turned out meanwhile.
        unobserved: Actions whose look-ups could not be observed.
        reasons: As given; it may be set later.
    """

    def __init__(  # noqa: PLR0913 - named, all but two
        self,
        planning: Planning,
        samples: Sequence[Sample],
        *,
        mode: ExecuteMode,
        denied: Callable[[Sample], Unavailability | None],
        missing: Callable[[Sample], tuple[Lack, ...]],
        unavailable: dict[Key, Unavailability],
        listen: Listen | None,
        reasons: Reasons | None = None,
    ) -> None:
        executes = mode in ("auto", "always")
        self._samples = samples
        self._mode = mode
        self._listen = listen
        self.reasons = reasons
        self._turn = threading.Lock()
        self._executed: set[Key] = set()
        self._told: set[int] = set()
        self._course = Course(
            graph_of(samples),
            planning.action,
            planning.look_up if executes else planning.look_up_request,
            denied=denied,
            missing=missing,
            unavailable=unavailable,
            never=mode == "never",
            frozen=mode == "frozen",
        )
        self.number = sum(not sample.ignored and not sample.refusal for sample in samples)
        self.unavailable = unavailable
        self.unobserved: set[Key] = set()

    def plan(self) -> None:
        """Plan the samples, or plan them again when a language has learned something; note what is known of them."""
        self._course.plan()

    def taken_over(self) -> str:
        """Say how many samples are answered by what earlier builds have stored, those that were killed included."""
        number = sum(self._course.outcome(place) is not None for place in range(len(self._samples)))
        return f", {number} taken over from earlier builds" if number else ""

    def missing(self) -> list[Action]:
        """Return what is ready to be executed, and no Outcome is known of."""
        return self._course.missing()

    def fresh(self) -> list[Action]:
        """Return what has become ready since this, or `missing`, was asked last, and may be executed."""
        return [action for action in self._course.fresh() if action.request_key not in self.unavailable]

    def unasked(self) -> list[Action]:
        """Return what lacks something, and may be known all the same: nobody has asked its toolchain yet."""
        return self._course.unasked()

    def hopeful(self) -> list[Action]:
        """Return what is missing and may still be executed; what was refused once is not tried again."""
        return [action for action in self.missing() if action.request_key not in self.unavailable]

    def hopeful_by_language(self) -> dict[str, list[Action]]:
        """Return the same, by language, and what can be said of what may become ready."""
        found: dict[str, list[Action]] = {}
        unasked = (action for action in self.unasked() if action.request_key not in self.unavailable)
        for action in (*self.hopeful(), *self._course.waiting(), *unasked):
            found.setdefault(action.language, []).append(action)
        return found

    def steps(self, action: Action) -> Steps:
        """Return the steps of the program that `action` is the last one of."""
        return self._course.steps(action)

    def changed(self, action: Action, outcome: Outcome) -> Location | None:
        """Return where `action` stands if it was known, and came to something else now; None if not."""
        before, place = self._course.known.get(action.request_key), self._course.first(action)
        if before is None or place is None or not outcome.started or _written(before) == _written(outcome):
            return None
        return self._samples[place].location

    def begin(self, action: Action) -> None:
        """Note that `action` is being executed; called from any thread."""
        if self._listen is not None:
            places = tuple(self._samples[place].location for place in self._course.asking(action.request_key))
            self._listen(Started(action, places))

    def known(self, action: Action) -> bool:
        """Tell whether it is known what `action` comes to."""
        return action.request_key in self._course.known

    def recall(self, action: Action, outcome: Outcome) -> None:
        """Note what somebody else knows of `action`."""
        self._course.end(action, outcome)

    def recall_lacking(self, found: Sequence[tuple[Action, Outcome]]) -> None:
        """Note what somebody else knows of Actions that lack something here."""
        for action, outcome in found:
            self._course.recall(action, outcome)
        self.plan()

    def end(self, action: Action, outcome: Outcome) -> None:
        """Note that `action` was executed; called from any thread, one at a time."""
        self._executed.add(action.request_key)
        self._course.end(action, outcome)
        if self._listen is not None:
            self._tell(tuple(self._course.asking(action.request_key)))

    def ran(self, action: Action) -> None:
        """Note that the whole program was executed of which `action` is the last step, whatever is known of its steps."""
        self._course.ran(action)

    def conclude(self) -> None:
        """Have all that waits for what will not be executed be blocked."""
        self._course.conclude()

    # --- What is told -----------------------------------------------------------------------------------------------

    def told(self) -> Plan:
        """Return what a run would do with the samples, as far as it is known by now."""
        return Plan(tuple(map(self._planned, range(len(self._samples)))))

    def tell_plan(self) -> None:
        """Tell what is planned of each sample, and the answer of those that have one."""
        if self._listen is not None:
            for place in range(len(self._samples)):
                self._listen(self._planned(place))
            self.tell_known()

    def tell_known(self) -> None:
        """Tell the answer of the samples that have one."""
        if self._listen is not None:
            self._tell(
                place
                for place, sample in enumerate(self._samples)
                if sample.ignored or self._course.outcome(place) is not None
            )

    def _tell(self, places: Iterable[int]) -> None:
        assert self._listen is not None
        with self._turn:
            for place in places:
                if place not in self._told:
                    self._told.add(place)
                    self._listen(Ended(self._answer(place)))

    def _planned(self, place: int) -> Planned:
        sample = self._samples[place]
        if sample.ignored:
            return Planned(sample=sample, state="ignored")
        action = self._course.actions.get(place)
        if (outcome := self._course.outcome(place)) is not None:
            return Planned(sample=sample, state="hit", action=action, outcome=outcome, seconds=outcome.duration)
        verdict = self._course.verdict(place)
        if isinstance(verdict, Blocked | Suspended):
            state: PlannedState = "blocked" if isinstance(verdict, Blocked) else "suspended"
            return Planned(sample=sample, state=state, action=action, why=verdict_reason(verdict))
        if (why := self._course.why(place)) is not None:
            return Planned(sample=sample, state="unavailable", action=action, why=why.reason, hint=why.hint)
        if action is not None and (refused := dict(action.inputs).get(REFUSED)) is not None:
            reason, _, hint = refused.partition("\n")
            return Planned(sample=sample, state="unavailable", action=action, why=reason, hint=hint)
        if self._mode == "never":
            return Planned(sample=sample, state="unavailable", action=action, why="`execute: never` runs nothing")
        reason, took = self._why_missed(place, action), self._took(place, action)
        return Planned(sample=sample, state="miss", action=action, why=reason, seconds=took)

    def _why_missed(self, place: int, action: Action | None) -> str:
        if self._mode == "always":
            return "`execute: always` runs everything"
        if waits := self._course.needs(place):
            return f"`{waits}`, which it needs, is executed first"
        if action is None or action.toolchain is None:
            unsure = self.reasons.unsure(self._course.sample(place), action) if self.reasons and action else ""
            return unsure or UNASKED
        return self.reasons.of(self._course.sample(place), action) if self.reasons else "no outcome is stored for it"

    def _took(self, place: int, action: Action | None) -> float | None:
        """Return what the sample at `place` took when it was executed last, if somebody wants to know it."""
        before = self.reasons.before(self._course.sample(place), action) if self.reasons and action else None
        return before.seconds if before is not None else None

    # --- Answers ----------------------------------------------------------------------------------------------------

    def resolved(self) -> list[Resolved]:
        """Return the answer of each sample, in their order. Of equal samples the first one was executed."""
        self.conclude()
        found = list(map(self._answer, range(len(self._samples))))
        if self._listen is not None:
            self._tell(range(len(self._samples)))
        return found

    def executed(self) -> Iterator[tuple[Sample, Action, Outcome]]:
        """Yield the samples that were executed, as they were planned, and what they came to."""
        for place in range(len(self._samples)):
            action, outcome = self._course.actions.get(place), self._course.outcome(place)
            if action is not None and outcome is not None and action.request_key in self._executed:
                yield self._course.sample(place), action, outcome

    def _answer(self, place: int) -> Resolved:
        sample, action = self._samples[place], self._course.actions.get(place)
        verdict, outcome = self._course.verdict(place), self._course.outcome(place)
        if sample.ignored or action is None:
            return Resolved(sample=sample, verdict=verdict, why=self._course.why(place))
        key = action.request_key if action.toolchain is None else result_key(action, outcome)
        if outcome is None:
            return Resolved(sample=sample, verdict=verdict, key=key, why=self._course.why(place))
        cached = action.request_key not in self._executed or self._course.first(action) != place
        return Resolved(sample=sample, verdict=verdict, outcome=outcome, key=key, cached=cached)


def _written(outcome: Outcome) -> list[object]:
    return [(step.stdout, step.stderr, step.ended) for step in outcome.steps if step.kind == "run"]
