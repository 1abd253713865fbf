"""A toy language whose samples build on each other, and pages of it that are edited at random."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from support.toys import DictStore, Toy, Unconfined

from mkdocs_codeexec.core.action import Action, Step
from mkdocs_codeexec.core.blobs import Blob
from mkdocs_codeexec.core.expectation import Succeeds
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult
from mkdocs_codeexec.core.sample import Links, Location, Sample
from mkdocs_codeexec.engine.pipeline import Pipeline
from mkdocs_codeexec.runtime.observed.inputs import ObservedInputs

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

    from mkdocs_codeexec.core.action import Key
    from mkdocs_codeexec.core.protocols import Begin, Executor, Finish, Runner
    from mkdocs_codeexec.core.resolved import Resolved


class Steps(Toy):
    """Samples are words.

    `read` prints the standard input, `list` the files beside it, `leave:NAME:TEXT` makes one, `set:X` and `get` use what
    the program remembers, `fail` ends with 1, and any other word is printed.
    """

    def plan(self, sample: Sample) -> Action:
        steps = (*sample.before, sample)
        programs = [(f"step{n:02}", f"{_goes_on(step)} {step.code}") for n, step in enumerate(steps)]
        return Action(
            language="toy",
            files=(*programs, ("last", str(sample.last))),
            steps=(Step(kind="run", argv=("toy",), timeout=1.0, stdin=sample.given.stdin),),
            toolchain=self.toolchain,
        )

    def structured(self, action: Action) -> Action:
        return action


def _goes_on(step: Sample) -> int:
    return (step.expectation.code or 0) if isinstance(step.expectation, Succeeds) else 0


def executed(action: Action) -> tuple[list[StepResult], tuple[Blob, ...]]:  # noqa: C901 - a word each
    """Return what the words of `action` come to, step by step, and what they leave."""
    parts, memory = [], ""
    beside = {name: text for name, text in action.files if not name.startswith(("step", "last"))}
    left = {blob.path: blob for blob in action.left}
    for name, text in action.files:
        if not name.startswith("step"):
            continue
        expected, *words = text.split()
        printed, status = [], 0
        for word in words:
            what, _, value = word.partition(":")
            if what == "read":
                printed.append(f"<{action.steps[0].stdin}>")
            elif what == "list":
                printed.append(repr([*sorted(beside.items()), *sorted(left.items())]))
            elif what == "leave":
                file, _, content = value.partition(":")
                left[file] = Blob(file, hashlib.sha256(content.encode()).hexdigest(), len(content))
            elif what == "set":
                memory = value
            elif what == "get":
                printed.append(memory)
            elif what == "fail":
                status = 1
                break
            else:
                printed.append(word)
        parts.append(StepResult(kind="run", stdout="".join(printed), stderr="", ended=Exited(status)))
        if status != int(expected):
            break
    return parts, tuple(sorted(left.values())) if action.leaves else ()


@dataclass
class Chained:
    """A pipeline with a store in memory, and a record of what was executed: programs, and what flowed into them."""

    store: DictStore = field(default_factory=DictStore)
    language: Steps = field(default_factory=lambda: Steps(toolchain="toy 1", becomes=("toy 1", "")))
    executed: list[tuple[str, str]] = field(default_factory=list)

    def resolve(self, samples: Sequence[Sample]) -> list[Resolved]:
        pipeline = Pipeline(
            languages={"toy": self.language},  # type: ignore[dict-item]
            store=self.store,  # type: ignore[arg-type]
            states=ObservedInputs(),
            workers=self.workers,
            narrator=self,  # type: ignore[arg-type]
        )
        return pipeline.resolve(samples)

    @contextmanager
    def workers(self) -> Iterator[tuple[Runner, Executor]]:
        yield Unconfined(), self  # type: ignore[misc]

    def expect(self, actions: Sequence[Action]) -> None:
        """Start nothing: what is executed here is made up."""

    def run(self, work: Sequence[Action], finish: Finish, begin: Begin | None = None) -> None:
        del begin
        waiting = list(work)
        done: set[Key] = set()
        while waiting:
            action = waiting.pop()
            if action.request_key in done:
                continue
            done.add(action.request_key)
            parts, left = executed(action)
            session = sum(name.startswith("step") for name, _ in action.files) > 1
            step = replace(parts[-1], parts=tuple(parts)) if session else parts[-1]
            self.executed.append((repr(action.files), repr((action.left, action.steps[0].stdin, action.leaves))))
            waiting.extend(finish(action, Outcome(language="toy", steps=(step,), left=left)))

    def say(self, _: str) -> None: ...

    def note(self, _: object) -> None: ...


class Lines:
    """A page whose samples build on each other, and are edited.

    Args:
        chance: Decides all.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._all = [self._line(number) for number in range(chance.randint(2, 12))]

    def __repr__(self) -> str:
        return "\n".join(f"{n}: {line}" for n, line in enumerate(self._all))

    def _line(self, number: int) -> dict[str, object]:
        chance = self._chance
        words = [chance.choice(["a", "b", "read", "list", "get", "set:x", "set:y", "leave:f:1", "leave:g:2"]) for _ in range(3)]  # fmt: skip
        if chance.random() < 0.08:
            words.append("fail")
        return {
            "code": " ".join(words),
            "needs": tuple(f"n{chance.randrange(number)}" for _ in range(chance.randint(0, 2)) if number),
            "stdin": f"n{chance.randrange(number)}" if number and chance.random() < 0.3 else "",
            "session": chance.choice(["", "", "s"]),
            "file": "lib" if chance.random() < 0.1 else "",
            "exit": 1 if chance.random() < 0.1 else 0,
        }

    def edit(self) -> None:
        """Change something, or take the last change back."""
        chance = self._chance
        number = chance.randrange(len(self._all))
        match chance.randrange(4):
            case 0:
                self._all[number] = self._line(number)
            case 1:
                fresh = self._line(number)
                key = chance.choice(sorted(fresh))
                self._all[number] = {**self._all[number], key: fresh[key]}
            case 2:
                self._all.append(self._line(len(self._all)))
            case 3:
                self._all[number] = {**self._all[number], "code": f"{self._all[number]['code']} set:z"}

    def samples(self) -> list[Sample]:
        return [
            Sample(
                location=Location("a.md", number + 1),
                language="toy",
                code=str(line["code"]),
                expectation=Succeeds(int(str(line["exit"]))),
                name=f"n{number}",
                links=Links(
                    needs=tuple(line["needs"]),  # type: ignore[arg-type]
                    stdin_from=str(line["stdin"]),
                    session=str(line["session"]),
                    file=str(line["file"]),
                ),
            )
            for number, line in enumerate(self._all)
        ]
