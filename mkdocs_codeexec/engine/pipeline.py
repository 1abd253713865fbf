"""Plan, look up, execute, judge: effects only behind the Protocols of `core.protocols`.

One batch for a whole site. Everything that is known is answered before anything starts; equal samples run once; each
Outcome is stored the moment it exists, so a build that is killed repeats only what had not ended.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from mkdocs_codeexec.core.ingredients import short
from mkdocs_codeexec.core.outcome import Exited, NotStarted, counted
from mkdocs_codeexec.engine.batch import Batch
from mkdocs_codeexec.engine.planning import Planning
from mkdocs_codeexec.engine.reasons import Reasons
from mkdocs_codeexec.timing import clock, timed, took

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping, Sequence

    from mkdocs_codeexec.core.action import Action, Key
    from mkdocs_codeexec.core.confinement import SandboxMode
    from mkdocs_codeexec.core.observed import Inputs
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.protocols import (
        Executor,
        InputStates,
        Language,
        Narrator,
        Runner,
        Store,
        Unavailability,
        Workers,
    )
    from mkdocs_codeexec.core.requirements import Lack
    from mkdocs_codeexec.core.resolved import Listen, Plan, Resolved
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import ExecuteMode
    from mkdocs_codeexec.engine.course import Steps
    from mkdocs_codeexec.engine.stop import Stop
    from mkdocs_codeexec.runtime.ingredients import Ingredients

Ends: TypeAlias = "tuple[tuple[Action, Outcome], ...]"
"""What Actions came to that ended at once."""

ROUNDS = 2
"""How often languages make ready what is missing. The first round may only tell which toolchain answers, and then much is a
hit that looked like a miss. An Environment is built for what is still missing then. Building it may write a lock file;
what is planned after that has its final key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """What a run needs; put together by the Engine.

    Several threads may resolve at once: one at a time looks, plans and makes ready, then each executes what no other does.

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
        missing: What a sample requires and this machine lacks; what is stored of it is shown all the same.
        before: Is called before anything is executed, and returns why nothing may be; None if it may.
        ingredients: Is told what Outcomes are made of, and tells it again; None where nobody wants to know.
        memory: Outcomes that this process has produced, by key, those that the store does not take included. A
            process that resolves several batches (`serve`, late fences) does not repeat a sample that timed out.
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
    missing: Callable[[Sample], tuple[Lack, ...]] = lambda _: ()
    before: Callable[[], Unavailability | None] = lambda: None
    ingredients: Ingredients | None = None
    memory: MutableMapping[Key, Outcome] = field(default_factory=dict)
    refused: MutableMapping[Key, Unavailability] = field(default_factory=dict)
    _planning: list[Planning] = field(default_factory=list)
    _provided: set[tuple[Key, str | None]] = field(default_factory=set)
    _running: dict[Key, Future[Ends]] = field(default_factory=dict)
    _turn: threading.RLock = field(default_factory=threading.RLock)

    @property
    def executes(self) -> bool:
        """Whether anything is ever executed."""
        return self.mode in ("auto", "always")

    @property
    def planning(self) -> Planning:
        """What is planned and looked up, for all batches."""
        if not self._planning:
            how = Planning(
                languages=self.languages,
                store=self.store,
                states=self.states,
                mode=self.mode,
                sandbox=self.sandbox,
                memory=self.memory,
            )
            self._planning.append(how)
        return self._planning[0]

    def survey(self, samples: Sequence[Sample]) -> None:
        """Have the languages of `samples` look again at what decides outcomes; starts nothing."""
        with self._turn:
            for name in dict.fromkeys(one.language for one in samples if not one.ignored and not one.refusal):
                self.languages[name].survey()
            self.planning.forget()

    def forget(self) -> None:
        """Forget what was made ready, and what could not be: much may have happened since the last batch."""
        with self._turn:
            self._provided.clear()
            self.refused.clear()

    def plan(self, samples: Sequence[Sample]) -> Plan:
        """Return what `resolve` would do with `samples`, as far as that is known before a toolchain is asked."""
        return self._looked_up(samples, None, self._reasons(samples)).told()

    def _reasons(self, samples: Sequence[Sample]) -> Reasons | None:
        if self.ingredients is None:
            return None
        codes = frozenset(short(sample.code) for sample in samples)
        return Reasons(self.store, self.states, self.sandbox, self.ingredients, codes)

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
        batch = self._looked_up(samples, None)
        if any(action.step("build") for action in batch.missing()):
            runner, executor = open_workers()
            with self._turn:
                work = self._made_ready(batch, runner, executor)
                self.refused.update(batch.unavailable)
            executor.build_ahead(work)

    def resolve(
        self, samples: Sequence[Sample], listen: Listen | None = None, stop: Stop | None = None
    ) -> list[Resolved]:
        """Answer every sample, in the given order.

        Args:
            samples: What authors wrote; their languages are set up.
            listen: Is told of each sample how it is planned, and its answer as soon as there is one.
            stop: Ends it from another thread.

        Raises:
            Cancelled: The run was stopped from outside.
        """
        batch = self._looked_up(samples, listen)
        if listen is not None and self.executes and batch.missing():
            batch.reasons = self._reasons(samples)
        batch.tell_plan()
        while self.executes and (batch.missing() or batch.unasked()) and self._execute(batch, stop):
            pass
        answers = batch.resolved()
        if self.ingredients is not None:
            with self._turn:
                for sample, action, outcome in batch.executed():
                    self.ingredients.note(sample, action, outcome)
        return answers

    def _looked_up(self, samples: Sequence[Sample], listen: Listen | None, reasons: Reasons | None = None) -> Batch:
        with self._turn:
            batch = Batch(
                self.planning,
                samples,
                mode=self.mode,
                denied=self.denied,
                missing=self.missing,
                unavailable=dict(self.refused),
                listen=listen,
                reasons=reasons,
            )
            with timed(self.narrator.note, "store", "look up"):
                batch.plan()
        return batch

    def _execute(self, batch: Batch, stop: Stop | None) -> bool:
        """Execute what is missing; return whether it must be tried again, because another thread has done a part of it."""
        mine: dict[Key, Future[Ends]] = {}
        with ExitStack() as stack:
            with self._turn:
                runner, executor = stack.enter_context(self.workers())
                if stop is not None:
                    stack.enter_context(stop.over(runner))
                self._made_ready(batch, runner, executor)
                self._fall_back(batch)
                work = self._executable(batch.hopeful())
                others = [self._running[a.request_key] for a in work if a.request_key in self._running]
                work = [action for action in work if action.request_key not in self._running]
                self._begin(work, mine)
            batch.tell_known()
            try:
                if work:
                    self.narrator.say(
                        f"executing {len(work)} of {counted(batch.number, 'sample')}{batch.taken_over()}, {runner.told}"
                    )
                    executor.run(work, partial(self._finish, batch, mine), batch.begin)
                    self._tell_unobserved(batch)
            finally:
                with self._turn:
                    for request_key, future in mine.items():
                        self._running.pop(request_key)
                        future.cancel()  # unless it has its Outcome
        for future in others:
            wait([future])
            if not future.cancelled():
                with self._turn:
                    for action, outcome in future.result():
                        batch.recall(action, outcome)
        return bool(others)

    def _begin(self, work: Sequence[Action], mine: dict[Key, Future[Ends]]) -> None:
        """Have other threads wait for `work`, which this one executes."""
        for action in work:
            if action.request_key not in self._running:
                mine[action.request_key] = self._running[action.request_key] = Future()

    def _tell_unobserved(self, batch: Batch) -> None:
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

    def _made_ready(self, batch: Batch, runner: Runner, executor: Executor) -> list[Action]:
        """Make what the missing Actions need, and return those that can be executed then."""
        executor.expect(batch.hopeful())
        if (refusal := runner.refusal or self.before()) is not None:
            batch.unavailable |= {action.request_key: refusal for action in batch.missing()}
            return []
        for _ in range(ROUNDS):
            changed = False
            for name, actions in batch.hopeful_by_language().items():
                fresh = [action for action in actions if (action.request_key, action.toolchain) not in self._provided]
                if fresh:
                    changed |= self._provide(self.languages[name], fresh, batch, runner)
            if not changed:
                break
            batch.plan()
        return self._executable(batch.hopeful())

    def _executable(self, actions: Sequence[Action]) -> list[Action]:
        """Return those of `actions` whose toolchain is known."""
        return [action for action in actions if action.toolchain is not None]

    def _provide(self, language: Language, actions: Sequence[Action], batch: Batch, runner: Runner) -> bool:
        """Have `language` make ready what `actions` need; return whether they must be planned again."""
        before = language.revision
        with timed(self.narrator.note, "prepare", language.name):
            refused = language.provide(actions, runner)
        batch.unavailable.update(refused)
        made = (action for action in actions if action.request_key not in refused)
        self._provided.update((action.request_key, action.toolchain) for action in made)
        language.survey()
        return language.revision != before

    def _fall_back(self, batch: Batch) -> None:
        """Answer what cannot be executed here from another machine's outcomes, if there are any."""
        if self.mode == "always":
            return
        reasons: dict[str, int] = {}
        for action in batch.missing():
            why = batch.unavailable.get(action.request_key)
            if why and why.at_fault and action.observed:  # what it starts is no part of a request key
                continue
            if why and (outcome := self.planning.look_up_request(action)):
                batch.recall(action, outcome)
                reasons[why.reason] = reasons.get(why.reason, 0) + 1
        lacking = ((action, self.planning.look_up_request(action)) for action in batch.unasked())
        if found := [(action, outcome) for action, outcome in lacking if outcome is not None]:
            batch.recall_lacking(found)
        for reason, number in reasons.items():
            shown = f"{counted(number, 'stored outcome')} of another toolchain {'is' if number == 1 else 'are'} shown instead"
            self.narrator.say(f"{reason}: {shown}")

    def _finish(
        self, batch: Batch, mine: dict[Key, Future[Ends]], action: Action, outcome: Outcome
    ) -> Sequence[Action]:
        """Store what `action` came to, and return what has become ready by that."""
        language = self.languages[action.language]
        if action.observed and outcome.started:
            outcome = replace(outcome, inputs=self._inputs(action, outcome, language, batch))
            if self.verbose:
                self._tell_gathered(outcome)
        with self._turn:
            steps = batch.steps(action)
        ends = self._divided(language, steps, outcome)
        began = clock()
        for step, came_to in ends:
            self.store.put(language.structured(step) if language.layout_free(came_to) else step, came_to)
            if not any(isinstance(part.ended, NotStarted) for part in came_to.steps):
                self.memory[step.key] = came_to
        self.narrator.note(took("store", "put", began, clock(), (action,)))
        with self._turn:
            for step, came_to in ends:
                if (place := batch.changed(step, came_to)) is not None:
                    self.narrator.warn(
                        "this step does not repeat: its program was executed again, for the state that a later step needs, "
                        "and it wrote something else than before",
                        at=place,
                        hint="what the page shows is of one run; make it the same in each, with a fixed seed or date",
                    )
                batch.end(step, came_to)
            batch.ran(action)
            fresh = self._executable(batch.fresh())
            self._begin(fresh, mine)
        if action.request_key in mine:
            mine[action.request_key].set_result(ends)
        return tuple(fresh)

    def _divided(self, language: Language, steps: Steps, outcome: Outcome) -> Ends:
        """Return what each step of a program came to of which anything is known."""
        if not steps.session and not (outcome.steps and outcome.steps[-1].parts):
            return ((steps.own[0], outcome),)
        parts = language.divide((*steps.before, *steps.own), outcome)[len(steps.before) :]
        return tuple((step, part) for step, part in zip(steps.own, parts, strict=False) if part is not None)

    def _inputs(self, action: Action, outcome: Outcome, language: Language, batch: Batch) -> Inputs | None:
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


_LACKS = (Exited(126), Exited(127))
"""How shells end that did not find a program, or must not execute it."""
