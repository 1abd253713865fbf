"""What children will reach is said before it is known whether bubblewrap works: one start of it serves all of them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mkdocs_codeexec.core.action import Action, Step
from mkdocs_codeexec.core.confinement import RUN_LIMITS, Access
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult
from mkdocs_codeexec.core.protocols import NO_ACCESS, Command
from mkdocs_codeexec.runtime import process
from mkdocs_codeexec.runtime.executor import ParallelExecutor
from mkdocs_codeexec.runtime.process import Children
from mkdocs_codeexec.runtime.scratch import ScratchDirectory
from mkdocs_codeexec.runtime.scratch_root import ScratchRoot

PATH = "/usr/local/bin:/usr/bin:/bin"
BWRAP = shutil.which("bwrap")
COUNTING = """#!/bin/sh
echo start >>{log}
case "$*" in *{bad}*) echo 'bwrap: no such thing' >&2; exit 1;; esac
exec {bwrap} "$@"
"""


@dataclass(frozen=True)
class Started:
    """A bubblewrap that writes down that it is started, and refuses what has `bad` in its command line."""

    folder: Path
    bad: str

    @property
    def times(self) -> int:
        """How often it was started."""
        log = self.folder / "log"
        return len(log.read_text().splitlines()) if log.exists() else 0


@pytest.fixture
def started(tmp_path: Path) -> Started:
    found = Started(tmp_path, "refused-on-purpose")
    program = tmp_path / "bwrap"
    program.write_text(COUNTING.format(log=tmp_path / "log", bad=found.bad, bwrap=BWRAP))
    program.chmod(0o755)
    tmp_path.chmod(0o755)
    with Children("auto", path=PATH, tiers=("bubblewrap",)) as children:
        if children.tier != "bubblewrap":
            pytest.skip(f"`bubblewrap` does not work here: {children.told}")
    return found


@pytest.fixture
def root() -> Iterator[Path]:
    """Return a folder of scratch directories that is not below `/tmp`, which every child has to itself."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, ScratchRoot(Path(folder)) as found:
        yield found.path


def sample(children: Children, root: Path, code: str, access: Access = NO_ACCESS) -> StepResult:
    with ScratchDirectory(root, [("a.sh", code)], children, PATH, output_limit=4096) as scratch:
        return scratch.run(Step(kind="run", argv=(), timeout=20, limits=RUN_LIMITS), ("sh", "a.sh"), {}, access)


def question(children: Children, code: str, access: Access = NO_ACCESS) -> StepResult:
    env = {"PATH": PATH}
    return children.run(Command(argv=("sh", "-c", code), cwd=Path("/tmp"), env=env, timeout=20, access=access), "build")


def test_one_start_serves_the_trial_a_question_and_a_sample(started: Started, root: Path) -> None:
    """It is tried where the sample will be, and whoever asks a program what it is asks it there, too."""
    with Children("auto", path=str(started.folder)) as children:
        children.expect(root, [NO_ACCESS])
        assert "bubblewrap" == children.tier
        assert "asked\n" == question(children, "echo asked").stdout
        assert "run\n" == sample(children, root, "echo run").stdout

    assert 1 == started.times


def test_what_reaches_something_else_has_a_start_of_its_own(started: Started, root: Path) -> None:
    """Nobody is put where more, or less, of the machine is than what they may reach."""
    more = Access(readable=(os.fspath(started.folder),))
    with Children("auto", path=str(started.folder)) as children:
        children.expect(root, [NO_ACCESS])
        inside = question(children, f"test -e {started.folder}/bwrap && echo seen", more)
        outside = question(children, f"test -e {started.folder}/bwrap || echo unseen")

    assert ("seen\n", "unseen\n") == (inside.stdout, outside.stdout)
    assert 2 == started.times


def test_a_question_sees_nothing_of_samples(started: Started, root: Path) -> None:
    """A program that is asked may be a checkout's: the scratch directories of samples are not there for it."""
    with Children("auto", path=str(started.folder)) as children:
        children.expect(root, [NO_ACCESS])
        with ScratchDirectory(root, [("secret.txt", "of a sample")], children, PATH, output_limit=4096) as scratch:
            known, before = scratch.path, sorted(root.iterdir())
            found = question(children, f"ls {root}; cat {known}/secret.txt; echo mine >{root}/left")
            assert before == sorted(root.iterdir())

    assert "" == found.stdout
    assert "No such file" in found.stderr
    assert Exited(0) != found.ended
    assert 1 == started.times


def test_what_cannot_be_shown_costs_nobody_the_sandbox(started: Started, root: Path, tmp_path: Path) -> None:
    """Where the start for a sample fails that is no reason against bubblewrap: it is tried by itself, too."""
    bad = tmp_path / started.bad
    bad.mkdir()
    with Children("auto", path=str(started.folder)) as children:
        children.expect(root, [Access(readable=(os.fspath(bad),))])
        assert "bubblewrap" == children.tier
        assert "run\n" == sample(children, root, "echo run").stdout


def test_where_samples_have_been_nobody_is_put_when_they_are_gone(started: Started, root: Path, tmp_path: Path) -> None:
    """A question that comes after a batch is not asked where its scratch directories were."""
    with Children("auto", path=str(started.folder)) as children:
        with ScratchRoot(tmp_path) as other:
            children.expect(other.path, [NO_ACCESS])
            assert "run\n" == sample(children, other.path, "echo run").stdout
            children.forget()
        assert "asked\n" == question(children, "echo asked").stdout
        children.expect(root, [NO_ACCESS])
        assert "again\n" == sample(children, root, "echo again").stdout


class Shell:
    """As much of a language as executing takes: each Action is a script."""

    name = "shell"

    def batches(self, actions: Sequence[Action]) -> Sequence[Sequence[Action]]:
        return [(action,) for action in actions]

    def run(self, action: Action, step: Step, scratch: Any) -> StepResult:
        result: StepResult = scratch.run(step, ("sh", "-c", action.files[0][1]), {})
        return result


def executed(started: Started, root: Path, *codes: str) -> list[str]:
    """Return what scripts printed that were executed by two threads, in their order."""
    step = Step(kind="run", argv=("sh",), timeout=60, limits=RUN_LIMITS)
    actions = [Action(language="shell", files=(("a.sh", code),), steps=(step,), toolchain="1") for code in codes]
    found: dict[str, str] = {}

    def finish(action: Action, outcome: Outcome) -> Sequence[Action]:
        found[action.files[0][1]] = outcome.steps[-1].stdout
        return ()

    language: Any = {"shell": Shell()}
    with Children("auto", path=str(started.folder)) as children:
        assert "bubblewrap" == children.tier
        executor = ParallelExecutor(children, language, jobs=2, total_timeout=None, path=PATH, scratch_root=root)
        executor.run(actions, finish)
        executor.close()
    return [found[code] for code in codes]


def test_few_quick_samples_share_a_start(started: Started, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who finds one at work waits for it: it is free before another would be there."""
    monkeypatch.setattr(process, "START", 30.0)

    assert ["one\n", "two\n", "three\n"] == executed(started, root, "echo one", "echo two", "echo three")
    assert 2 == started.times  # the trial's, and that of the samples


def test_slow_samples_run_side_by_side(started: Started, root: Path) -> None:
    """Nobody waits longer than a start takes."""
    slow = "read a b </proc/uptime; echo $a; sleep 3; read a b </proc/uptime; echo $a"
    times = [tuple(map(float, said.split())) for said in executed(started, root, f"{slow} # 1", f"{slow} # 2")]
    (first, until), (second, end) = sorted(times)

    assert first <= second < until <= end
    assert 3 == started.times
