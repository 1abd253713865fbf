"""A pipeline behind its Protocols, with everything faked but what is tested."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.action import Action, Key, Step
from mkdocs_codeexec.core.expectation import Met, Succeeds
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult, Termination
from mkdocs_codeexec.core.sample import Location, Sample
from mkdocs_codeexec.core.sessions import divided
from mkdocs_codeexec.engine.pipeline import Pipeline
from mkdocs_codeexec.runtime.observed.inputs import ObservedInputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mkdocs_codeexec.core.blobs import Blob
    from mkdocs_codeexec.core.confinement import SandboxMode
    from mkdocs_codeexec.core.protocols import Begin, Executor, Finish, Runner, Unavailability
    from mkdocs_codeexec.core.resolved import Event
    from mkdocs_codeexec.core.settings import ExecuteMode


def sample(code: str, line: int = 1, *, ignored: bool = False) -> Sample:
    return Sample(location=Location("a.md", line), language="toy", code=code, expectation=Succeeds(), ignored=ignored)


def outcome(ended: Termination, stdout: str = "") -> Outcome:
    return Outcome(language="toy", steps=(StepResult(kind="run", stdout=stdout, stderr="", ended=ended),))


@dataclass
class Toy:
    """A language whose toolchain and lock file become known when `provide` is called."""

    name: str = "toy"
    toolchain: str | None = None
    lock: str = ""
    becomes: tuple[str, str] = ("toy 1", "")
    broken: Unavailability | None = None
    readied: list[int] = field(default_factory=list)
    planned: list[str] = field(default_factory=list)
    revision: int = 0
    binaries: None = None
    _pending: tuple[str | None, str] | None = None

    def survey(self) -> None:
        if self._pending and self._pending != (self.toolchain, self.lock):
            self.toolchain, self.lock = self._pending
            self.revision += 1

    def change(self) -> None:
        """Have the next survey find what it becomes."""
        self._pending = self.becomes

    def plan(self, sample: Sample) -> Action:
        self.planned.append(sample.code)
        return Action(
            language="toy",
            files=(("s", sample.code),),
            steps=(Step(kind="run", argv=("toy",), timeout=1.0),),
            inputs=(("lock", self.lock),),
            toolchain=self.toolchain,
        )

    def reach(self, action: Action) -> None:
        """Return None: nothing of it is started."""

    def divide(self, steps: Sequence[Action], outcome: Outcome) -> Sequence[Outcome | None]:
        del steps
        return divided(outcome)

    def structured(self, action: Action) -> Action:
        """Return it with a structure in which spaces do not count, unless it is loud."""
        code = dict(action.files)["s"]
        return action if code.isupper() else replace(action, structure=code.replace(" ", ""))

    def layout_free(self, outcome: Outcome) -> bool:
        return outcome.steps[-1].ended == Exited(0)

    def provide(self, actions: Sequence[Action], runner: Runner) -> Mapping[Key, Unavailability]:  # noqa: ARG002
        self.readied.append(len(actions))
        if self.broken:
            return {action.request_key: self.broken for action in actions}
        self._pending = self.becomes
        return {}


@dataclass
class AllBlobs:
    """Files that are all there, but for those that are `lost`."""

    lost: set[str] = field(default_factory=set)

    def holds(self, blobs: Iterable[Blob]) -> bool:
        return not any(blob.digest in self.lost for blob in blobs)


@dataclass
class DictStore:
    blobs: AllBlobs = field(default_factory=AllBlobs)
    outcomes: dict[Key, Outcome] = field(default_factory=dict)
    requests: dict[Key, Outcome] = field(default_factory=dict)
    structures: dict[Key, Outcome] = field(default_factory=dict)

    def get(self, key: Key) -> Outcome | None:
        return self.outcomes.get(key)

    def find(self, request_key: Key) -> Outcome | None:
        return self.requests.get(request_key)

    def similar(self, structural_key: Key) -> Outcome | None:
        return self.structures.get(structural_key)

    def put(self, action: Action, outcome: Outcome) -> None:
        if outcome.storable:
            self.outcomes[action.key] = self.requests[action.request_key] = outcome
            if action.structural_key:
                self.structures[action.structural_key] = outcome


@dataclass(frozen=True)
class Unconfined:
    """A Runner that starts nothing."""

    refusal: Unavailability | None = None
    told: str = "without a sandbox"


@dataclass
class Bench:
    """A pipeline with everything faked, and a record of what was executed."""

    toy: Toy = field(default_factory=Toy)
    store: DictStore = field(default_factory=DictStore)
    mode: ExecuteMode = "auto"
    answers: dict[str, Outcome] = field(default_factory=dict)
    executed: list[str] = field(default_factory=list)
    opened: int = 0
    said: list[str] = field(default_factory=list)
    memory: dict[Key, Outcome] = field(default_factory=dict)
    ahead: list[str] = field(default_factory=list)
    refusal: Unavailability | None = None
    sandbox: SandboxMode = "auto"
    noted: list[Event] = field(default_factory=list)

    def expect(self, actions: Sequence[Action]) -> None:
        """Start nothing: what it runs is made up."""

    def build_ahead(self, actions: Sequence[Action]) -> None:
        self.ahead += [dict(action.files)["s"] for action in actions]

    def run(self, work: Sequence[Action], finish: Finish, begin: Begin | None = None) -> None:
        for action in work:
            code = dict(action.files)["s"]
            self.executed.append(code)
            if begin is not None:
                begin(action)
            assert () == finish(action, self.answers.get(code, outcome(Exited(0), f"ran {code}")))

    @contextmanager
    def workers(self) -> Iterator[tuple[Runner, Executor]]:
        self.opened += 1
        yield Unconfined(self.refusal), self  # type: ignore[misc]

    def say(self, message: str) -> None:
        self.said.append(message)

    def note(self, event: Event) -> None:
        self.noted.append(event)

    def pipeline(self) -> Pipeline:
        return Pipeline(
            languages={"toy": self.toy},  # type: ignore[dict-item]
            store=self.store,
            states=ObservedInputs(),
            workers=self.workers,
            narrator=self,  # type: ignore[arg-type]
            mode=self.mode,
            sandbox=self.sandbox,
            memory=self.memory,
        )

    def resolve(self, *samples: Sample) -> list[str]:
        """Return a word for each sample: its output if Met, else its verdict."""
        words = []
        for item in self.pipeline().resolve(samples):
            met = isinstance(item.verdict, Met) and item.outcome
            words.append(item.outcome.steps[-1].stdout if met and item.outcome else repr(item.verdict))
        return words


@dataclass
class Compiled(Toy):
    """The same with a build step."""

    def plan(self, sample: Sample) -> Action:
        action = super().plan(sample)
        return replace(action, steps=(Step(kind="build", argv=("cc",), timeout=1.0), *action.steps))
