"""What children will reach is said before it is known whether bubblewrap works: one start of it serves all of them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mkdocs_codeexec.core.action import Step
from mkdocs_codeexec.core.confinement import RUN_LIMITS, Access
from mkdocs_codeexec.core.outcome import Exited, StepResult
from mkdocs_codeexec.core.protocols import NO_ACCESS, Command
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
