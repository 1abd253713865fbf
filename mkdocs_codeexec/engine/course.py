"""The course of a batch: what is known, what can be executed by now, and what waits for something else.

Samples that build on each other are planned when all that they wait for has ended, because what flows to them is a part of
what is executed. What ends makes others ready, at once; nothing recurses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.expectation import (
    ENDED,
    UNMET,
    UNTRIED,
    Blocked,
    Errored,
    Met,
    Skipped,
    Suspended,
    Verdict,
    judge,
    useless,
)
from mkdocs_codeexec.core.graph import Graph, Queue
from mkdocs_codeexec.core.outcome import Exited, Signaled
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.engine.flowing import disagreement, filled, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mkdocs_codeexec.core.action import Action, Key
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.requirements import Lack
    from mkdocs_codeexec.core.sample import Sample

_NEVER = "not executed: `execute: never`"
_NOT_STORED = Unavailability(
    "no stored outcome, and `execute: frozen` runs nothing",
    "restore the whole `cache_dir` of a build that executed it, `environments` included",
)


class Steps(NamedTuple):
    """What is executed at once.

    Attributes:
        before: Steps of its program that are executed for themselves, too: it stands beside their session.
        own: Those that it answers, in order.
        session: Whether they are steps of a session, be it only one.
    """

    before: tuple[Action, ...]
    own: tuple[Action, ...]
    session: bool = False


@dataclass(slots=True)
class _Program:
    """A node of the graph that is ready.

    Attributes:
        node: Its place in the graph.
        steps: Samples that are executed as one program, in order.
        ended: Whether it was executed, with these steps.
    """

    node: int
    steps: list[int]
    ended: bool = False


class Course:
    """What becomes of the samples of a graph. Threads take turns; whoever calls sees to that.

    Args:
        graph: The samples.
        plan: Returns what would be executed for a sample.
        look_up: Returns the Outcome that is known of an Action.
        denied: Why a sample must not be executed in this build.
        missing: What a sample requires and this machine lacks.
        unavailable: What cannot be executed, by request key, and why.
        never: Whether nothing is executed at all, and nobody expects it.
        frozen: Whether what is not stored is an error.

    Attributes:
        known: Outcomes, by request key.
        actions: What would be executed, by sample; of those that wait what can be said of it by now.
        unavailable: As given, and what has turned out meanwhile.
    """

    def __init__(  # noqa: PLR0913 - named, all but three
        self,
        graph: Graph,
        plan: Callable[[Sample], Action],
        look_up: Callable[[Action], Outcome | None],
        *,
        denied: Callable[[Sample], Unavailability | None],
        missing: Callable[[Sample], tuple[Lack, ...]],
        unavailable: dict[Key, Unavailability],
        never: bool,
        frozen: bool,
    ) -> None:
        self._graph = graph
        self._plan = plan
        self._look_up = look_up
        self._denied = denied
        self._missing = missing
        self._never = never
        self._frozen = frozen
        self.known: dict[Key, Outcome] = {}
        self.actions: dict[int, Action] = {}
        self.unavailable = unavailable
        self._start()

    def _start(self) -> None:
        self._queue = Queue(self._graph.nodes)
        self._samples = list(self._graph.samples)
        self._settled: dict[int, Verdict] = {place: Errored(why.reason) for place, why in self._graph.refused.items()}
        self._why: dict[int, Unavailability] = dict(self._graph.refused)
        self._open: dict[int, _Program] = {}
        self._asking: dict[Key, list[int]] = {}
        self._admitted: set[int] = set()
        self._fresh: list[_Program] = []
        self._first: dict[Key, int] = {}
        self._programs: dict[int, _Program] = {}
        self._break_off()

    def _break_off(self) -> None:
        """Have the steps of sessions be blocked that follow one that cannot be executed."""
        if not self._graph.refused:
            return
        executed = {step for node in self._graph.nodes for step in node.steps}
        for place, sample in enumerate(self._samples):
            if place not in executed and place not in self._settled and not sample.ignored:
                broken = (other for other in self._graph.of(place).all if other not in executed)
                if (first := next(broken, None)) is not None:
                    self._settled[place] = self._by(first)

    # --- From the start to the end ----------------------------------------------------------------------------------

    def plan(self) -> None:
        """Plan the samples, or plan them again when a language has learned something; note what is known of them."""
        self._start()
        self.advance()
        for node in self._graph.nodes:
            for step in node.steps:
                if step not in self._admitted and step not in self._settled:
                    self._set(step, self._plan(self._samples[step]))

    def advance(self) -> None:
        """Note what is ready, and what is known of it, and of what becomes ready by that."""
        for place in self._queue.ready():
            self._admit(place)

    def end(self, action: Action, outcome: Outcome) -> None:
        """Note what `action` came to, and what becomes ready by that."""
        self.known[action.request_key] = outcome
        for place in tuple(self._asking.get(action.request_key, ())):
            if (program := self._open.get(place)) is not None:
                self._look_at(program)
        self.advance()

    def ran(self, action: Action) -> None:
        """Note that the program was executed that `action` is the last step of: what it did not reach is blocked."""
        for place in tuple(self._asking.get(action.request_key, ())):
            program = self._open.get(place)
            if program is not None and self.actions[program.steps[-1]].request_key == action.request_key:
                program.ended = True
                self._look_at(program)
        self.advance()

    def conclude(self) -> None:
        """Have all that waits for what will not be executed be blocked."""
        while self._open:
            for place in tuple(self._open):
                del self._open[place]
                self._queue.end(place)
            self.advance()

    # --- What is asked ----------------------------------------------------------------------------------------------

    def missing(self) -> list[Action]:
        """Return what is ready to be executed, and no Outcome is known of; each once."""
        self._fresh.clear()
        return self._lasts(self._open.values())

    def fresh(self) -> list[Action]:
        """Return those of `missing` that have become ready since this, or that, was asked last."""
        found = [program for program in self._fresh if self._open.get(program.node) is program]
        self._fresh.clear()
        return self._lasts(found)

    def _lasts(self, programs: Iterable[_Program]) -> list[Action]:
        lasts = [self.actions[program.steps[-1]] for program in programs]
        return list({action.request_key: action for action in lasts}.values())

    def unasked(self) -> list[Action]:
        """Return what lacks something, and may be known all the same: nobody has asked its toolchain yet."""
        found = (self.actions[place] for place, why in self._settled.items() if _lacks(why) and place in self.actions)
        return list({action.request_key: action for action in found if action.toolchain is None}.values())

    def recall(self, action: Action, outcome: Outcome) -> None:
        """Note what somebody else knows of an `action` that lacks something; `plan` takes it into account."""
        self.known[action.request_key] = outcome

    def steps(self, action: Action) -> Steps:
        """Return the steps of the program that `action` is the last one of."""
        for place in self._asking.get(action.request_key, ()):
            program = self._open.get(place)
            if program is not None and self.actions[program.steps[-1]].request_key == action.request_key:
                before = self._graph.nodes[place].before
                return Steps(
                    tuple(self.actions[step] for step in before),
                    tuple(self.actions[step] for step in program.steps),
                    session=bool(self._samples[program.steps[0]].links.session),
                )
        return Steps((), (action,))

    def sample(self, place: int) -> Sample:
        """Return the sample at `place`, with what is known by now of what it is given."""
        return self._samples[place]

    def first(self, action: Action) -> int | None:
        """Return the first sample that asks for `action`."""
        return self._first.get(action.request_key)

    def waiting(self) -> list[Action]:
        """Return what can be said of what would be executed for samples that wait."""
        return [
            action
            for place, action in self.actions.items()
            if place not in self._settled and place not in self._admitted
        ]

    def asking(self, request_key: Key) -> Iterator[int]:
        """Yield the samples that an Action answers."""
        for place in self._asking.get(request_key, ()):
            for step in self._graph.nodes[place].steps:
                if step in self.actions and self.actions[step].request_key == request_key:
                    yield step

    def outcome(self, place: int) -> Outcome | None:
        """Return what the sample at `place` came to, if that is known."""
        if place in self._settled or place not in self._admitted:
            return None
        return self.known.get(self.actions[place].request_key)

    def verdict(self, place: int) -> Verdict:
        """Return what the sample at `place` is worth, as far as it is known."""
        sample = self._samples[place]
        if sample.ignored:
            return Skipped("ignored")
        if place in self._settled:
            return self._settled[place]
        outcome = self.outcome(place)
        if outcome is None:
            if self._never:
                return Skipped(_NEVER)
            why = self.why(place)
            return Errored(why.reason if why else "it was not executed")
        verdict = judge(sample.expectation, outcome)
        return (useless(sample, outcome) or verdict) if isinstance(verdict, Met) else verdict

    def why(self, place: int) -> Unavailability | None:
        """Return why nothing is known of the sample at `place`; None if there is nothing to say."""
        if place in self._why or place in self._settled:
            return self._why.get(place)
        if self._frozen:
            return _NOT_STORED
        program = self._programs.get(place)
        action = self.actions.get(program.steps[-1] if program is not None and program.steps else place)
        return self.unavailable.get(action.request_key) if action is not None else None

    def needs(self, place: int) -> str:
        """Return what the sample at `place` still waits for, in words; empty if for nothing."""
        if place in self._settled or place in self._admitted:
            return ""
        first = next((other for other in self._graph.of(place).all if not isinstance(self.verdict(other), Met)), None)
        return "" if first is None else self._called(first)

    # --- What is ready ----------------------------------------------------------------------------------------------

    def _admit(self, place: int) -> None:
        """Plan the node at `place`, whose needs have ended, and look it up."""
        node = self._graph.nodes[place]
        steps: list[int] = []
        for step in node.steps:
            blocked = self._blocked(step, node.steps)
            if blocked is None:
                blocked = self._fill(step, steps)
            if blocked is not None:
                self._block(node.steps, step, blocked)
                break
            steps.append(step)
        if not steps:
            self._queue.end(place)
            return
        program = _Program(place, steps)
        self._open[place] = program
        self._programs.update(dict.fromkeys(steps, program))
        if len(node.steps) > 1 or node.before or self._samples[steps[0]].links.session:
            self._join(program)
        for step in steps:
            self._set(step, self._plan(self._samples[step]))
            self._ask(step, place)
            if self.outcome(step) is None and (lacks := () if self._never else self._missing(self._samples[step])):
                self._settled[step] = Suspended(lacks)
                self._shorten(program, step)
                break
        if self._open.get(place) is program:
            self._fresh.append(program)
            self._look_at(program)

    def _look_at(self, program: _Program) -> None:
        """Note whether all is known of `program`."""
        for at, step in enumerate(program.steps):
            if at and self.outcome(step) is not None and self._fails_to_build(step):
                earlier = program.steps[:at]
                if any(self.outcome(other) is None for other in earlier):  # they are a program without it
                    self._shorten(program, step)
                    return
        for at, step in enumerate(program.steps):
            if self.outcome(step) is None:
                if program.ended and at:  # the step before has ended it, though as its author said
                    self._block(
                        self._graph.nodes[program.node].steps, step, self._because(program.steps[at - 1], ENDED)
                    )
                    break
                return
            if not isinstance(self.verdict(step), Met) and at + 1 < len(program.steps):
                self._block(self._graph.nodes[program.node].steps, program.steps[at + 1], self._by(step))
                break
        del self._open[program.node]
        self._queue.end(program.node)

    def _shorten(self, program: _Program, step: int) -> None:
        """Have `program` end before `step`, which is settled, or does not compile; what follows is blocked by it."""
        steps = self._graph.nodes[program.node].steps
        at = steps.index(step)
        if at + 1 < len(steps):
            self._block(steps, steps[at + 1], self._by(step))
        program.steps, program.ended = program.steps[: program.steps.index(step)], False
        if not program.steps:
            self._open.pop(program.node, None)
            self._queue.end(program.node)
            return
        self._fresh.append(program)
        self._join(program)
        for each in program.steps:  # what it leaves is other than what was expected of it
            if each == program.steps[-1] or self._samples[each].whole:
                self._set(each, self._plan(self._samples[each]))
                self._ask(each, program.node)
        self._look_at(program)

    def _fails_to_build(self, step: int) -> bool:
        outcome = self.outcome(step)
        build = outcome.step("build") if outcome is not None else None
        return build is not None and build.ended != Exited(0)

    def _block(self, steps: Sequence[int], first: int, why: Verdict) -> None:
        """Settle `first` of the `steps` of a node, and all after it."""
        at = steps.index(first)
        for step in steps[at:]:
            if step in self._settled:
                continue
            self._settled[step] = why
            if isinstance(why, Errored) and step in self._why:
                why = self._by(step)

    def _blocked(self, step: int, own: Sequence[int]) -> Verdict | None:
        """Return why `step` cannot be executed; None if all that it needs has gone as said."""
        for other in self._graph.of(step).all:
            if other not in own and not isinstance(self.verdict(other), Met):
                return self._by(other)
        for other in self._graph.of(step).files:
            if other not in own and (stopped := self._stopped(other)) is not None:
                return self._by(stopped)
        return None

    def _stopped(self, step: int) -> int | None:
        """Return the step that ended the program of `step` so that nobody knows what it would have left; None if none did."""
        program = self._programs.get(step)
        for other in (
            program.steps[program.steps.index(step) :] if program is not None and step in program.steps else ()
        ):
            outcome = self.outcome(other)
            if outcome is not None and not all(isinstance(one.ended, Exited | Signaled) for one in outcome.steps):
                return other
        return None

    def _by(self, other: int) -> Verdict:
        """Return what a sample is that needs `other`, which has not gone as said."""
        verdict = self.verdict(other)
        match verdict:
            case Skipped() | Blocked():
                return verdict
            case Suspended(missing, by):
                return verdict if by else Suspended(missing, self._called(other), self._samples[other].location)
            case Errored():
                return self._because(other, UNTRIED)
            case _:
                return self._because(other, UNMET)

    def _because(self, other: int, why: str) -> Blocked:
        return Blocked(self._called(other), self._samples[other].location, why)

    def _called(self, place: int) -> str:
        sample = self._samples[place]
        return sample.name or str(sample.location)

    # --- What flows -------------------------------------------------------------------------------------------------

    def _fill(self, step: int, before: Sequence[int]) -> Verdict | None:
        """Give `step` what those that it needs have printed and left; return why that cannot be.

        Args:
            step: A sample whose needs have gone as said.
            before: Earlier steps of its program.
        """
        sample = self._graph.samples[step]
        given = filled(sample, self._graph.of(step), self._samples, self.outcome)
        if not isinstance(given, Unavailability):
            self._samples[step] = replace(sample, given=given) if given != sample.given else sample
            why = disagreement(self._samples[step], [self._samples[other] for other in before])
            if why is None:
                return None
            given = why
        self._why[step] = given
        return Errored(given.reason)

    def _join(self, program: _Program) -> None:
        """Have the steps of `program` be one."""
        node = self._graph.nodes[program.node]
        steps = {step: self._samples[step] for step in (*node.before, *program.steps)}
        leaves = any(self._samples[step].leaves for step in node.steps)
        for step, sample in joined(steps, leaves=leaves).items():
            if step in program.steps:
                self._samples[step] = sample

    # --- Planned ----------------------------------------------------------------------------------------------------

    def _set(self, step: int, action: Action) -> None:
        """Have `action` stand for `step`, and know of it what is known of what stood for it before."""
        before = self.actions.get(step)
        if before is not None and before.request_key in self.unavailable:
            self.unavailable.setdefault(action.request_key, self.unavailable[before.request_key])
        if (why := self._denied(self._samples[step])) is not None:
            self.unavailable.setdefault(action.request_key, why)
        self.actions[step] = action

    def _ask(self, step: int, node: int) -> None:
        """Look up what stands for `step`."""
        action = self.actions[step]
        self._admitted.add(step)
        self._asking.setdefault(action.request_key, []).append(node)
        self._first.setdefault(action.request_key, step)
        if action.request_key not in self.known and (outcome := self._look_up(action)) is not None:
            self.known[action.request_key] = outcome


def _lacks(verdict: Verdict) -> bool:
    return isinstance(verdict, Suspended) and not verdict.by
