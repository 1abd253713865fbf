"""The state of one run: which Action answers which samples, what is known of them, and what has been told."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.expectation import Errored, Met, Skipped, Verdict, judge, useless
from mkdocs_codeexec.core.observed import observed_key
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.core.resolved import Ended, Plan, Planned, Resolved, Started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mkdocs_codeexec.core.action import Action, Key
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.resolved import Listen
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import ExecuteMode
    from mkdocs_codeexec.engine.planning import Planning

_NOT_STORED = Unavailability(
    "no stored outcome, and `execute: frozen` runs nothing",
    "restore the whole `cache_dir` of a build that executed it, `environments` included",
)


class Batch:
    """Samples that are resolved together. Actions are told apart by their request keys, which a survey may change.

    Args:
        planning: Plans and looks up.
        samples: In the order in which they are answered.
        mode: What to do with the store's answers.
        denied: Why a sample must not be executed in this build.
        unavailable: What cannot be executed, by request key, and why.
        listen: Takes events; None if nobody does.

    Attributes:
        live: The samples that are not ignored.
        known: Outcomes, by request key.
        unavailable: As given, and what has turned out meanwhile.
        unobserved: Actions whose look-ups could not be observed.
    """

    def __init__(
        self,
        planning: Planning,
        samples: Sequence[Sample],
        mode: ExecuteMode,
        denied: Callable[[Sample], Unavailability | None],
        unavailable: dict[Key, Unavailability],
        listen: Listen | None,
    ) -> None:
        self._planning = planning
        self._samples = samples
        self._mode = mode
        self._denied = denied
        self._listen = listen
        self._turn = threading.Lock()
        self._actions: dict[int, Action] = {}
        self._first: dict[Key, int] = {}
        self._executed: set[Key] = set()
        self._told: set[int] = set()
        self.live = [sample for sample in samples if not sample.ignored]
        self.known: dict[Key, Outcome] = {}
        self.unavailable = unavailable
        self.unobserved: set[Key] = set()

    def plan(self) -> None:
        """Plan the samples, or plan them again when a language has learned something."""
        for sample in self.live:
            action = self._planning.action(sample)
            before = self._actions.get(id(sample))
            if before and before.request_key in self.unavailable:
                self.unavailable.setdefault(action.request_key, self.unavailable[before.request_key])
            if (why := self._denied(sample)) is not None:
                self.unavailable.setdefault(action.request_key, why)
            self._actions[id(sample)] = action
        self._first = {self._actions[id(sample)].request_key: id(sample) for sample in reversed(self.live)}

    def look_up(self) -> None:
        """Note the Outcomes that are known of what is missing."""
        self._note((action, self._planning.look_up(action)) for action in self.missing())

    def look_up_requests(self) -> None:
        """Note what was last stored of what is missing, whatever toolchain made it."""
        self._note((action, self._planning.look_up_request(action)) for action in self.missing())

    def _note(self, found: Iterable[tuple[Action, Outcome | None]]) -> None:
        for action, outcome in found:
            if outcome is not None:
                self.known[action.request_key] = outcome

    def taken_over(self) -> str:
        """Say how many samples are answered by what earlier builds have stored, those that were killed included."""
        number = sum(self._actions[id(sample)].request_key in self.known for sample in self.live)
        return f", {number} taken over from earlier builds" if number else ""

    def _distinct(self) -> Iterator[Action]:
        yield from {action.request_key: action for action in self._actions.values()}.values()

    def missing(self) -> list[Action]:
        """Return what no Outcome is known of."""
        return [action for action in self._distinct() if action.request_key not in self.known]

    def hopeful(self) -> list[Action]:
        """Return what is missing and may still be executed; what was refused once is not tried again."""
        return [action for action in self.missing() if action.request_key not in self.unavailable]

    def hopeful_by_language(self) -> dict[str, list[Action]]:
        """Return the same, by language."""
        found: dict[str, list[Action]] = {}
        for action in self.hopeful():
            found.setdefault(action.language, []).append(action)
        return found

    def begin(self, action: Action) -> None:
        """Note that `action` is being executed; called from any thread."""
        if self._listen is not None:
            self._listen(Started(action))

    def end(self, action: Action, outcome: Outcome) -> None:
        """Note that `action` was executed; called from any thread."""
        self.known[action.request_key] = outcome
        self._executed.add(action.request_key)
        if self._listen is not None:
            self._tell(sample for sample in self.live if self._actions[id(sample)].request_key == action.request_key)

    # --- What is told -----------------------------------------------------------------------------------------------

    def told(self) -> Plan:
        """Return what a run would do with the samples, as far as it is known by now."""
        return Plan(tuple(self._planned(sample) for sample in self._samples))

    def tell_plan(self) -> None:
        """Tell what is planned of each sample, and the answer of those that have one."""
        if self._listen is not None:
            for sample in self._samples:
                self._listen(self._planned(sample))
            self.tell_known()

    def tell_known(self) -> None:
        """Tell the answer of the samples that have one."""
        if self._listen is not None:
            self._tell(
                sample
                for sample in self._samples
                if sample.ignored or self._actions[id(sample)].request_key in self.known
            )

    def _tell(self, samples: Iterable[Sample]) -> None:
        assert self._listen is not None
        with self._turn:
            for sample in samples:
                if id(sample) not in self._told:
                    self._told.add(id(sample))
                    self._listen(Ended(self._answer(sample)))

    def _planned(self, sample: Sample) -> Planned:
        if sample.ignored:
            return Planned(sample=sample, state="ignored")
        action = self._actions[id(sample)]
        if action.request_key in self.known:
            return Planned(sample=sample, state="hit", action=action)
        why = _NOT_STORED if self._mode == "frozen" else self.unavailable.get(action.request_key)
        if why is not None:
            return Planned(sample=sample, state="unavailable", action=action, why=why.reason, hint=why.hint)
        if self._mode == "never":
            return Planned(sample=sample, state="unavailable", action=action, why="`execute: never` runs nothing")
        unknown = "the toolchain has not been asked yet" if action.toolchain is None else "no outcome is stored for it"
        return Planned(
            sample=sample,
            state="miss",
            action=action,
            why="`execute: always` runs everything" if self._mode == "always" else unknown,
        )

    # --- Answers ----------------------------------------------------------------------------------------------------

    def resolved(self) -> list[Resolved]:
        """Return the answer of each sample, in their order. Of equal samples the first one was executed."""
        found = [self._answer(sample) for sample in self._samples]
        if self._listen is not None:
            self._tell(self._samples)
        return found

    def _answer(self, sample: Sample) -> Resolved:
        action = self._actions.get(id(sample))
        if action is None:
            return Resolved(sample=sample, verdict=Skipped("ignored"))
        key = action.request_key if action.toolchain is None else action.key
        outcome = self.known.get(action.request_key)
        if outcome is None:
            why = _NOT_STORED if self._mode == "frozen" else self.unavailable.get(action.request_key)
            return Resolved(sample=sample, verdict=_without_outcome(self._mode, why), key=key, why=why)
        if action.observed and action.toolchain is not None and outcome.inputs is not None:
            key = observed_key(action.key, outcome.inputs)
        verdict = judge(sample.expectation, outcome)
        if isinstance(verdict, Met):
            verdict = useless(sample.display, outcome) or verdict
        cached = action.request_key not in self._executed or self._first[action.request_key] != id(sample)
        return Resolved(sample=sample, verdict=verdict, outcome=outcome, key=key, cached=cached)


def _without_outcome(mode: ExecuteMode, why: Unavailability | None) -> Verdict:
    if mode == "never":
        return Skipped("not executed: `execute: never`")
    return Errored(why.reason if why else "it was not executed")
