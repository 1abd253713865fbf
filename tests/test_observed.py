"""Outcomes that depend on what was observed: when they are taken from a store, and when they are not."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from mkdocs_codeexec.core.action import Action, Key, Step
from mkdocs_codeexec.core.expectation import Succeeds
from mkdocs_codeexec.core.observed import observed_key
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult, Termination, TimedOut
from mkdocs_codeexec.core.sample import Location, Sample
from mkdocs_codeexec.engine.pipeline import Pipeline
from mkdocs_codeexec.runtime.observed.inputs import ObservedInputs
from mkdocs_codeexec.runtime.store import DirectoryStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mkdocs_codeexec.core.protocols import Begin, Executor, Finish, Runner
    from mkdocs_codeexec.core.resolved import Resolved
    from mkdocs_codeexec.core.settings import ExecuteMode


@dataclass
class Machine:
    """A folder, a language whose samples print a file in it, and all that resolves them."""

    root: Path
    mode: ExecuteMode = "auto"
    seen: bool = True
    ends: Termination = field(default_factory=lambda: Exited(0))
    assumes: tuple[str, ...] | None = ()
    executed: int = 0
    said: list[str] = field(default_factory=list)
    memory: dict[Key, Outcome] = field(default_factory=dict)
    refusal: None = None
    told: str = "without a sandbox"
    name: str = "toy"
    revision: int = 0

    # The language.

    def plan(self, sample: Sample) -> Action:
        step = Step(kind="run", argv=("toy",), timeout=1.0)
        return Action(language="toy", files=(("s", sample.code),), steps=(step,), toolchain="toy 1", observed=True)

    def survey(self) -> None: ...

    def note(self, event: object) -> None: ...

    def expect(self, work: object) -> None: ...

    def structured(self, action: Action) -> Action:
        return action

    def layout_free(self, _: Outcome) -> bool:
        return False

    def provide(self, *_: object) -> dict[Key, object]:
        return {}

    def assumed(self, action: Action, *, seen: bool) -> Sequence[str] | None:
        assert action.observed
        assert seen is self.seen
        return self.assumes

    # The executor.

    def run(self, work: Sequence[Action], finish: Finish, begin: Begin | None = None) -> None:  # noqa: ARG002
        for action in work:
            self.executed += 1
            path = self.root / dict(action.files)["s"]
            text = path.read_text() if path.exists() else "nothing"
            asked = (f"f{path}",) if self.seen else None
            step = StepResult(kind="run", stdout=text, stderr="", ended=self.ends, asked=asked, began=time.time())
            finish(action, Outcome(language="toy", steps=(step,), toolchain="toy 1"))

    @contextmanager
    def workers(self) -> Iterator[tuple[Runner, Executor]]:
        yield self, self  # type: ignore[misc]

    def say(self, message: str) -> None:
        self.said.append(message)

    def warn(self, message: str) -> None:
        pytest.fail(message)

    # A build.

    def resolve(self, code: str = "data") -> Resolved:
        time.sleep(0.03)  # what has changed just now may have changed while the sample ran
        pipeline = Pipeline(
            languages={"toy": self},  # type: ignore[dict-item]
            store=DirectoryStore(self.root / "store", self.warn),
            states=ObservedInputs(),
            workers=self.workers,
            narrator=self,  # type: ignore[arg-type]
            mode=self.mode,
            memory=self.memory,
        )
        sample = Sample(location=Location("a.md", 1), language="toy", code=code, expectation=Succeeds())
        return pipeline.resolve([sample])[0]

    def shows(self, *, executed: int) -> str:
        before = self.executed
        found = self.resolve()
        assert found.outcome is not None
        assert executed == self.executed - before
        assert (executed == 0) == found.cached
        return found.outcome.steps[0].stdout


@pytest.fixture(params=["one process", "a process each"])
def machine(tmp_path: Path, request: pytest.FixtureRequest) -> Machine:
    """Return one whose builds share what a process remembers, or do not."""

    class Forgetful(dict[Key, Outcome]):
        def __setitem__(self, *_: object) -> None: ...

    return Machine(tmp_path, memory={} if request.param == "one process" else Forgetful())


def test_an_outcome_is_valid_as_long_as_what_was_read_is_unchanged(machine: Machine) -> None:
    """Missing, there, edited, and back again: what was shown then is a hit."""
    data = machine.root / "data"

    assert "nothing" == machine.shows(executed=1)
    assert "nothing" == machine.shows(executed=0)
    data.write_text("one")
    assert "one" == machine.shows(executed=1)
    data.write_text("two")
    assert "two" == machine.shows(executed=1)
    assert "two" == machine.shows(executed=0)
    data.write_text("one")
    assert "one" == machine.shows(executed=0)
    data.unlink()
    assert "nothing" == machine.shows(executed=0)


def test_the_key_of_an_outcome_holds_its_inputs(machine: Machine) -> None:
    """It is reported as the address under which the outcome is stored, cold and warm."""
    (machine.root / "data").write_text("one")
    cold, warm = machine.resolve(), machine.resolve()
    (machine.root / "data").write_text("two")
    other = machine.resolve()

    assert cold.outcome is not None
    assert cold.outcome.inputs
    plain = machine.plan(cold.sample).key
    assert observed_key(plain, cold.outcome.inputs) == cold.key == warm.key != other.key
    assert cold.key is not None
    assert (machine.root / "store/results/v1" / cold.key[:2] / f"{cold.key}.json").exists()


def test_a_change_while_a_sample_runs_is_not_stored(machine: Machine) -> None:
    """It is shown, and executed again next time."""
    (machine.root / "data").write_text("one")
    time.sleep(0.03)
    run = machine.run

    def meanwhile(work: Sequence[Action], finish: Finish, begin: Begin | None = None) -> None:
        def later(action: Action, outcome: Outcome) -> Sequence[Action]:
            time.sleep(0.03)
            (machine.root / "data").write_text("two")
            return finish(action, outcome)

        run(work, later, begin)

    machine.run = meanwhile  # type: ignore[method-assign]
    assert "one" == machine.shows(executed=1)
    machine.run = run  # type: ignore[method-assign]
    assert "two" == machine.shows(executed=1)
    assert "two" == machine.shows(executed=0)


def test_frozen_needs_none_of_the_files(machine: Machine) -> None:
    """It shows what was stored last, wherever it is served."""
    (machine.root / "data").write_text("one")
    machine.resolve()
    (machine.root / "data").unlink()
    machine.mode = "frozen"

    assert "one" == machine.shows(executed=0)


def test_what_was_shown_last_is_what_a_frozen_build_shows_and_what_stays(machine: Machine) -> None:
    """Of a file that goes back and forth what it has always been again is never executed twice."""
    data = machine.root / "data"
    data.write_text("base")
    assert "base" == machine.shows(executed=1)
    for number in range(10):
        data.write_text(f"branch {number}")
        assert f"branch {number}" == machine.shows(executed=1)
        data.write_text("base")
        assert "base" == machine.shows(executed=0)
    machine.mode = "frozen"

    assert "base" == machine.shows(executed=0)


def test_where_nothing_is_observed_what_may_be_read_counts(machine: Machine) -> None:
    """What the language takes for read; and it is said, once for all samples."""
    machine.seen = False
    (machine.root / "data").write_text("one")
    machine.assumes = (f"read:{machine.root}/data",)

    assert "one" == machine.shows(executed=1)
    assert "one" == machine.shows(executed=0)
    (machine.root / "data").write_text("two")
    assert "two" == machine.shows(executed=1)
    told = [line for line in machine.said if "observed" in line]
    assert 2 == len(told)


@pytest.mark.parametrize("ends", [Exited(126), Exited(127)], ids=str)
@pytest.mark.parametrize("seen", [True, False])
def test_a_lack_is_stored_only_if_it_is_known_what_is_lacking(machine: Machine, ends: Termination, seen: bool) -> None:
    """Otherwise the tool may appear, and nobody would see it."""
    machine.ends, machine.seen = ends, seen

    machine.shows(executed=1)
    machine.shows(executed=0 if seen else 1)


def test_what_nobody_can_tell_is_never_valid(machine: Machine) -> None:
    """Such an outcome is shown once, by this process and by the next."""
    machine.seen, machine.assumes = False, None

    machine.shows(executed=1)
    machine.shows(executed=1)


def test_what_timed_out_is_remembered_by_its_process_until_an_input_changes(tmp_path: Path) -> None:
    """A rebuild of `serve` does not wait for it again; after an edit of what it read, it does."""
    machine = Machine(tmp_path, ends=TimedOut(1.0))
    (machine.root / "data").write_text("one")

    machine.shows(executed=1)
    machine.shows(executed=0)
    (machine.root / "data").write_text("two")
    machine.shows(executed=1)
