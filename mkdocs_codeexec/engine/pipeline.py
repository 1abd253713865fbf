"""Plan, look up, execute, judge: effects only behind the Protocols of `core.protocols`.

One batch for a whole site. Everything that is known is answered before anything starts; equal samples run once; each
Outcome is stored the moment it exists, so a build that is killed repeats only what had not ended.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.confinement import SandboxMode, counts
from mkdocs_codeexec.core.expectation import Errored, Met, Skipped, Verdict, judge, useless
from mkdocs_codeexec.core.observed import observed_key
from mkdocs_codeexec.core.outcome import Exited, NotStarted, counted
from mkdocs_codeexec.core.protocols import Unavailability

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence

    from mkdocs_codeexec.core.action import Action, Key
    from mkdocs_codeexec.core.observed import Inputs
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.protocols import Executor, InputStates, Language, Narrator, Runner, Store, Workers
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import ExecuteMode

_NOT_STORED = Unavailability(
    "no stored outcome, and `execute: frozen` runs nothing",
    "restore the whole `cache_dir` of a build that executed it, `environments` included",
)


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
    """

    sample: Sample
    verdict: Verdict
    outcome: Outcome | None = None
    key: Key | None = None
    cached: bool = False
    why: Unavailability | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """What a run needs; put together by the shells.

    Attributes:
        languages: By canonical name.
        store: Answers keys.
        states: Knows whether the observed inputs of stored Outcomes are unchanged.
        workers: Opened only if something must be executed.
        narrator: Told what goes on.
        mode: What to do with the store's answers.
        sandbox: How strongly samples must be confined: what was produced under less does not count.
        verbose: Whether more is said.
        denied: Why a sample must not be executed in this build; what is stored of it is shown all the same.
        memory: Outcomes that this process has produced, by key, those that the store does not take included. A
            process that resolves several batches (`serve`, late fences) does not repeat a sample that timed out.
        recalled: Outcomes that the store has answered with, by key.
        refused: What could not be built ahead, by request key, and why: it is not tried again.
    """

    languages: Mapping[str, Language]
    store: Store
    states: InputStates
    workers: Workers
    narrator: Narrator
    mode: ExecuteMode = "auto"
    sandbox: SandboxMode = "auto"
    verbose: bool = False
    denied: Callable[[Sample], Unavailability | None] = lambda _: None
    memory: MutableMapping[Key, Outcome] = field(default_factory=dict)
    recalled: MutableMapping[Key, Outcome] = field(default_factory=dict)
    refused: MutableMapping[Key, Unavailability] = field(default_factory=dict)

    @property
    def executes(self) -> bool:
        """Whether anything is ever executed."""
        return self.mode in ("auto", "always")

    def build_ahead(self, samples: Sequence[Sample], open_workers: Callable[[], tuple[Runner, Executor]]) -> None:
        """Begin to build those of `samples` that the store lacks, for a `resolve` that may ask for them.

        Environments come first, and this waits for them; the rest goes on in the background. Nothing is run.

        Args:
            samples: What may be on the pages.
            open_workers: Called if there is something to build; stays open until `resolve` has what it wants.

        Raises:
            Cancelled: The run was stopped from outside.
        """
        if not self.executes:
            return
        batch = _Batch(self)
        live = [sample for sample in samples if not sample.ignored]
        batch.plan(live)
        batch.look_up()
        if any(action.step("build") for action in batch.missing()):
            runner, executor = open_workers()
            work = self._made_ready(batch, live, runner)
            self.refused.update(batch.unavailable)
            executor.build_ahead(work)

    def resolve(self, samples: Sequence[Sample]) -> list[Resolved]:
        """Answer every sample, in the given order.

        Raises:
            Cancelled: The run was stopped from outside.
        """
        batch = _Batch(self, unavailable=dict(self.refused))
        live = [sample for sample in samples if not sample.ignored]
        batch.plan(live)
        if self.executes:
            batch.look_up()
            if batch.missing():
                self._execute(batch, live)
        else:
            batch.look_up_requests()
        return list(batch.resolved(samples, self.mode))

    def _execute(self, batch: _Batch, live: Sequence[Sample]) -> None:
        with self.workers() as (runner, executor):
            work = self._made_ready(batch, live, runner)
            self._fall_back(batch)
            work = [action for action in work if action.request_key not in batch.known]
            if work:
                self.narrator.say(
                    f"executing {len(work)} of {counted(len(live), 'sample')}{batch.taken_over(live)}, {runner.told}"
                )
                executor.run(work, lambda action, outcome: self._finish(batch, action, outcome))
                self._tell_unobserved(batch)

    def _tell_unobserved(self, batch: _Batch) -> None:
        """Say that more than what samples read decides whether they are executed again, if that is so."""
        if batch.unobserved:
            self.narrator.say(
                f"what {counted(len(batch.unobserved), 'sample')} read could not be observed: changes of any installed "
                "package, or of a program that a sample names, run it again; declare files that it reads with `inputs`"
            )

    def _tell_gathered(self, outcome: Outcome) -> None:
        """Say that a whole folder decides whether a sample is executed again, if that is so."""
        for name, _ in outcome.inputs or ():
            word, _, folder = name.partition(":")
            if word in ("contents", "tree") and outcome.steps[0].asked is not None:
                self.narrator.say(f"a sample read too many files to name: any change in `{folder}` runs it again")

    def _made_ready(self, batch: _Batch, live: Sequence[Sample], runner: Runner) -> list[Action]:
        """Make what the missing Actions need, and return those that can be executed then."""
        if (refusal := runner.refusal) is not None:
            batch.unavailable |= {action.request_key: refusal for action in batch.missing()}
            return []
        # Twice: the first time may only tell which toolchain answers, and then much is a hit that looked like a miss.
        # An Environment is built for what is still missing then. Building it may write a lock file; what is planned
        # after that has its final key.
        for _ in range(2):
            for name, actions in batch.hopeful_by_language().items():
                batch.unavailable.update(self.languages[name].provide(actions, runner))
                self.languages[name].survey()
            batch.plan(live)
            batch.look_up()
        return [action for action in batch.hopeful() if action.toolchain is not None]

    def _fall_back(self, batch: _Batch) -> None:
        """Answer what cannot be executed here from another machine's outcomes, if there are any."""
        if self.mode == "always":
            return
        reasons: dict[str, int] = {}
        for action in batch.missing():
            why = batch.unavailable.get(action.request_key)
            if why and (outcome := self.accepted(self.store.find(action.request_key))):
                batch.known[action.request_key] = replace(outcome, inputs=None)
                reasons[why.reason] = reasons.get(why.reason, 0) + 1
        for reason, number in reasons.items():
            shown = f"{counted(number, 'stored outcome')} of another toolchain {'is' if number == 1 else 'are'} shown instead"
            self.narrator.say(f"{reason}: {shown}")

    def accepted(self, outcome: Outcome | None) -> Outcome | None:
        """Return `outcome`, unless it was produced under a weaker tier than what counts: then that is a miss."""
        return outcome if outcome is None or counts(outcome.sandbox, self.sandbox) else None

    def _finish(self, batch: _Batch, action: Action, outcome: Outcome) -> Sequence[Action]:
        language = self.languages[action.language]
        if action.observed and outcome.started:
            outcome = replace(outcome, inputs=self._inputs(action, outcome, language, batch))
            if self.verbose:
                self._tell_gathered(outcome)
        self.store.put(language.structured(action) if language.layout_free(outcome) else action, outcome)
        batch.known[action.request_key] = outcome
        batch.executed.add(action.request_key)
        if not any(isinstance(step.ended, NotStarted) for step in outcome.steps):
            self.memory[action.key] = outcome
        return ()

    def _inputs(self, action: Action, outcome: Outcome, language: Language, batch: _Batch) -> Inputs | None:
        """Return what `outcome` depends on beside its key; None if that is not known."""
        seen = all(step.asked is not None for step in outcome.steps)
        if not seen:
            batch.unobserved.add(action.request_key)
            if any(step.ended in _LACKS for step in outcome.steps):
                return None  # what is lacking may come from anywhere
        assumed = language.assumed(action, seen=seen)
        if assumed is None:
            return None
        asked = {item for step in outcome.steps for item in step.asked or ()}
        return self.states.record(asked, assumed, min(step.began for step in outcome.steps), action.language)

    def remembered(self, action: Action, outcomes: Mapping[Key, Outcome]) -> Outcome | None:
        """Return what `outcomes` has for `action`, if it is still valid."""
        outcome = outcomes.get(action.key)
        if outcome is None or not action.observed:
            return outcome
        return outcome if outcome.inputs is not None and self.states.holds(outcome.inputs) else None

    def stored(self, action: Action) -> Outcome | None:
        """Return what the store has for `action`, if it is still valid."""
        if not action.observed:
            return self.store.get(action.key)
        for place, inputs in enumerate(self.store.lists(action.key)):
            if self.states.holds(inputs) and (outcome := self.store.get(observed_key(action.key, inputs))):
                outcome = replace(outcome, inputs=inputs)
                if place:  # the last one used is what a frozen build shows, and the first used is forgotten first
                    self.store.put(action, outcome)
                return outcome
        return None


_LACKS = (Exited(126), Exited(127))
"""How shells end that did not find a program, or must not execute it."""


@dataclass(slots=True)
class _Batch:
    """The state of one run. Actions are told apart by their request keys, which a survey may change."""

    pipeline: Pipeline
    actions: dict[int, Action] = field(default_factory=dict)
    known: dict[Key, Outcome] = field(default_factory=dict)
    executed: set[Key] = field(default_factory=set)
    unavailable: dict[Key, Unavailability] = field(default_factory=dict)
    unobserved: set[Key] = field(default_factory=set)

    def plan(self, samples: Iterable[Sample]) -> None:
        for sample in samples:
            action = self.pipeline.languages[sample.language].plan(sample)
            before = self.actions.get(id(sample))
            if before and before.request_key in self.unavailable:
                self.unavailable.setdefault(action.request_key, self.unavailable[before.request_key])
            if (why := self.pipeline.denied(sample)) is not None:
                self.unavailable.setdefault(action.request_key, why)
            self.actions[id(sample)] = action

    def look_up(self) -> None:
        for action in self.missing():
            if action.toolchain is None:
                continue
            outcome = self.pipeline.accepted(self.pipeline.remembered(action, self.pipeline.memory))
            if outcome is None and self.pipeline.mode == "auto":
                outcome = self._recall(action)
            if outcome is not None:
                self.known[action.request_key] = outcome

    def _recall(self, action: Action) -> Outcome | None:
        """Return what the store answers; it is asked once."""
        pipeline = self.pipeline
        known = pipeline.remembered(action, pipeline.recalled) or pipeline.stored(action)
        outcome = pipeline.accepted(known) or self._similar(action)
        if outcome is not None:
            pipeline.recalled[action.key] = outcome
        return outcome

    def _similar(self, action: Action) -> Outcome | None:
        """Return the Outcome of an Action that differs from `action` in layout only, and store it for `action` too."""
        store, language = self.pipeline.store, self.pipeline.languages[action.language]
        action = language.structured(action)
        if action.structural_key is None:
            return None
        outcome = self.pipeline.accepted(store.similar(action.structural_key))
        # Asked again: what is stored under that key may be another Outcome by now.
        if outcome is None or not language.layout_free(outcome):
            return None
        store.put(action, outcome)
        return outcome

    def look_up_requests(self) -> None:
        for action in self.missing():
            if outcome := self.pipeline.accepted(self.pipeline.store.find(action.request_key)):
                self.known[action.request_key] = replace(outcome, inputs=None)

    def taken_over(self, live: Sequence[Sample]) -> str:
        """Say how many samples are answered by what earlier builds have stored, those that were killed included."""
        number = sum(self.actions[id(sample)].request_key in self.known for sample in live)
        return f", {number} taken over from earlier builds" if number else ""

    def distinct(self) -> Iterator[Action]:
        yield from {action.request_key: action for action in self.actions.values()}.values()

    def missing(self) -> list[Action]:
        return [action for action in self.distinct() if action.request_key not in self.known]

    def hopeful(self) -> list[Action]:
        """Return what is missing and may still be executed; what was refused once is not tried again."""
        return [action for action in self.missing() if action.request_key not in self.unavailable]

    def hopeful_by_language(self) -> dict[str, list[Action]]:
        found: dict[str, list[Action]] = {}
        for action in self.hopeful():
            found.setdefault(action.language, []).append(action)
        return found

    def resolved(self, samples: Sequence[Sample], mode: ExecuteMode) -> Iterator[Resolved]:
        executed = set(self.executed)
        for sample in samples:
            action = self.actions.get(id(sample))
            if action is None:
                yield Resolved(sample=sample, verdict=Skipped("ignored"))
                continue
            key = action.request_key if action.toolchain is None else action.key
            outcome = self.known.get(action.request_key)
            if action.observed and action.toolchain is not None and outcome is not None and outcome.inputs is not None:
                key = observed_key(action.key, outcome.inputs)
            if outcome is None:
                why = _NOT_STORED if mode == "frozen" else self.unavailable.get(action.request_key)
                yield Resolved(sample=sample, verdict=_without_outcome(mode, why), key=key, why=why)
                continue
            # Of equal samples the first was executed, the others were answered by its Outcome.
            cached = action.request_key not in executed
            executed.discard(action.request_key)
            verdict = judge(sample.expectation, outcome)
            if isinstance(verdict, Met):
                verdict = useless(sample.display, outcome) or verdict
            yield Resolved(sample=sample, verdict=verdict, outcome=outcome, key=key, cached=cached)


def _without_outcome(mode: ExecuteMode, why: Unavailability | None) -> Verdict:
    if mode == "never":
        return Skipped("not executed: `execute: never`")
    return Errored(why.reason if why else "it was not executed")
