"""What could not be started is tried again, what was started never is."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mkdocs_codeexec.core.action import Action, Step
from mkdocs_codeexec.core.confinement import Limits, Tier
from mkdocs_codeexec.core.outcome import Exited, LimitReached, NotStarted, Outcome, OutOfMemory, StepResult, Termination
from mkdocs_codeexec.core.protocols import Command, OutputSink
from mkdocs_codeexec.errors import Cancelled
from mkdocs_codeexec.runtime.executor import ParallelExecutor
from mkdocs_codeexec.runtime.process import Children
from mkdocs_codeexec.runtime.retry import FIRST_PAUSE, RETRIES, Retrying, is_transient

if TYPE_CHECKING:
    from mkdocs_codeexec.core.outcome import StepKind
    from mkdocs_codeexec.core.protocols import Bench, Scratch

pytestmark = pytest.mark.skipif(os.name != "posix", reason="children need `fork`")

PATH = "/usr/local/bin:/usr/bin:/bin"
BUSY = NotStarted("no process could be started: Resource temporarily unavailable", transient=True)


class Flaky(Children):
    """Children of which the first few cannot be started, and which count the tries."""

    def __init__(self, *endings: Termination, tier: Tier = "off") -> None:
        super().__init__()
        self.endings = list(endings)
        self.tries: list[float] = []
        self.said = tier

    @property
    def tier(self) -> Tier:
        return self.said

    def run(self, command: Command, kind: StepKind, *, on_output: OutputSink | None = None) -> StepResult:
        self.check()
        self.tries.append(time.monotonic())
        if self.endings and not self.too_late:
            return StepResult(kind=kind, stdout="", stderr="", ended=self.endings.pop(0))
        return self._run(command, kind, "off", on_output)


class Shell:
    """The smallest language, which counts what it is asked for."""

    name = "shell"

    def __init__(self) -> None:
        self.asked = 0

    def batches(self, actions: Sequence[Action]) -> Sequence[Sequence[Action]]:
        return [(action,) for action in actions]

    def build(self, work: Sequence[tuple[Action, Scratch]], bench: Bench) -> Iterator[Any]:  # noqa: ARG002
        for action, scratch in work:
            [step] = [step for step in action.steps if step.kind == "build"]
            yield action, self.run(action, step, scratch)

    def run(self, action: Action, step: Step, scratch: Scratch) -> StepResult:  # noqa: ARG002 - the protocol's
        self.asked += 1
        return scratch.run(step, step.argv if len(step.argv) > 1 else ("/bin/sh", "-c", *step.argv), {})


def execute(
    tmp_path: Path, children: Children, *argv: str, kind: StepKind = "run", limits: Limits | None = None, **more: Any
) -> tuple[Outcome, Shell]:
    """Execute one Action of one step, and return its Outcome."""
    step = Step(kind=kind, argv=argv, timeout=20, limits=limits or Limits())
    action = Action(language="shell", files=(), steps=(step,), toolchain="sh 1")
    language: Any = Shell()
    outcomes: list[Outcome] = []

    def finish(_: Action, outcome: Outcome) -> Sequence[Action]:
        outcomes.append(outcome)
        return ()

    with children:
        ParallelExecutor(
            children,
            {"shell": language},
            jobs=1,
            total_timeout=more.get("total"),
            path=PATH,
            scratch_root=more.get("root", tmp_path),
        ).run([action], finish)
    [outcome] = outcomes
    return outcome, language


TRANSIENT = [BUSY, NotStarted("`./main`: Text file busy", transient=True)]


@pytest.mark.parametrize("kind", ["build", "run"])
@pytest.mark.parametrize("ended", TRANSIENT, ids=lambda ended: ended.why)
def test_a_lack_that_passes_costs_another_try(tmp_path: Path, ended: NotStarted, kind: StepKind) -> None:
    """Two tries fail for want of something, the third goes well; the language is asked once and nobody sees it."""
    children = Flaky(ended, ended)

    outcome, language = execute(tmp_path, children, "echo ok", kind=kind)

    assert [("ok\n", Exited(0))] == [(step.stdout, step.ended) for step in outcome.steps]
    assert (3, 1) == (len(children.tries), language.asked)
    assert outcome.storable


def test_nothing_is_tried_more_than_three_times(tmp_path: Path) -> None:
    """What is still lacking then is the Outcome, which is not stored."""
    children = Flaky(*[BUSY] * 9)

    outcome, _ = execute(tmp_path, children, "echo ok")

    assert [BUSY] == [step.ended for step in outcome.steps]
    assert 3 == 1 + RETRIES == len(children.tries)
    assert not outcome.storable
    assert "off" == outcome.sandbox


FINAL = [
    NotStarted("`no-such-program`: not found on PATH"),
    NotStarted("`/etc/passwd`: Permission denied"),
    NotStarted("`/no/such`: No such file or directory (the working directory)"),
    NotStarted("`total_timeout` (1 s) was used up"),
    NotStarted("the process that starts samples was ended by signal 9"),
    NotStarted("internal error: OSError: Text file busy, it said"),
]


@pytest.mark.parametrize("ended", FINAL, ids=lambda ended: ended.why)
def test_what_will_not_change_is_not_tried_again(tmp_path: Path, ended: NotStarted) -> None:
    """A program that is not there, or may not be started, is not there in a moment either."""
    children = Flaky(ended, ended)

    outcome, _ = execute(tmp_path, children, "echo ok")

    assert ([ended], 1) == ([step.ended for step in outcome.steps], len(children.tries))


FAILURES = [
    ("exit 3", Exited(3)),
    ("echo 'sh: fork: Resource temporarily unavailable' >&2; exit 1", LimitReached("processes", 64)),
    ("echo 'x: Cannot allocate memory' >&2; exit 1", OutOfMemory(512)),
    ("kill -9 $PPID; sleep 9", NotStarted("the process that starts samples was ended by signal 9")),
]


@pytest.mark.parametrize(("code", "ended"), FAILURES, ids=[code for code, _ in FAILURES])
def test_a_failure_of_its_own_is_never_repeated(tmp_path: Path, code: str, ended: Termination) -> None:
    """A sample that failed, that came to a limit, or that killed what started it, has run once."""
    mark = tmp_path / "ran"
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    children = Flaky(tier="limits")

    outcome, _ = execute(
        tmp_path, children, f"echo x >>{mark}; {code}", limits=Limits(memory=512, processes=64), root=scratch
    )

    assert ended == outcome.steps[-1].ended
    assert ("x\n", 1) == (mark.read_text(), len(children.tries))


@pytest.mark.parametrize("seed", range(20))
def test_pauses_are_random_and_bounded(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Before each retry there is a pause between nothing and a bound that doubles."""
    pauses: list[float] = []
    monkeypatch.setattr(Retrying, "_pause", lambda _, seconds: pauses.append(seconds))
    random.seed(seed)
    children = Flaky(*[BUSY] * 3)

    Retrying(children).run(Command(argv=("true",), cwd=Path("/"), env={}, timeout=1), "run")

    assert len(pauses) == 2
    assert [True, True] == [0 <= pause <= FIRST_PAUSE * 2**n for n, pause in enumerate(pauses)]
    assert pauses[0] != pauses[1]


@pytest.mark.parametrize("how", ["stopped", "too late"])
def test_a_pause_ends_with_the_run(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Whoever waits to try again gives up at once when the run is stopped, or when its time is over."""
    monkeypatch.setattr("mkdocs_codeexec.runtime.retry.random.uniform", lambda _, __: 60.0)
    children = Flaky(*[BUSY] * 3)
    command = Command(argv=("true",), cwd=Path("/"), env={}, timeout=1)
    began = time.monotonic()
    with children:
        if how == "stopped":
            threading.Timer(0.1, children.stop_all).start()
            with pytest.raises(Cancelled):
                Retrying(children).run(command, "run")
        else:
            children.limit(0.1, "the time was over")
            assert NotStarted("the time was over") == Retrying(children).run(command, "run").ended

    assert 0.1 <= time.monotonic() - began < 10  # of the 60 s that it was about to wait


def test_a_file_that_is_still_being_written(tmp_path: Path) -> None:
    """A real ETXTBSY: the program is started when the one who writes it has closed it, and once."""
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho ok\n")
    program.chmod(0o755)
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    class Closing(Flaky):
        def run(self, command: Command, kind: StepKind, *, on_output: OutputSink | None = None) -> StepResult:
            if self.tries:
                file.close()
            return super().run(command, kind, on_output=on_output)

    children = Closing()
    with program.open("a") as file:
        try:
            subprocess.run([program], check=False)
            pytest.skip("this system starts programs that are being written")
        except OSError as error:
            assert errno.ETXTBSY == error.errno  # noqa: PT017 - what raises nothing is skipped
        outcome, _ = execute(tmp_path, children, str(program), "argument", root=scratch)

    assert (Exited(0), "ok\n", 2) == (outcome.steps[-1].ended, outcome.steps[-1].stdout, len(children.tries))


NO_DESCRIPTORS = """
import os, resource, sys, threading, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_retries import Flaky, Retrying
from mkdocs_codeexec.core.protocols import Command
children = Flaky()
children.tier
command = Command(argv=("true",), cwd=Path("/"), env={"PATH": "/usr/bin:/bin"}, timeout=9)
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
taken = []
try:
    while True:
        taken.append(os.open("/", os.O_RDONLY))
except OSError:
    pass
if sys.argv[2] == "passes":
    threading.Timer(0.01, lambda: [os.close(fd) for fd in taken]).start()
import mkdocs_codeexec.runtime.retry as retry
retry.random.uniform = lambda _, most: most
print(Retrying(children).run(command, "run").ended, len(children.tries))
for fd in taken if sys.argv[2] == "stays" else ():
    os.close(fd)
children.close()
"""


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("passes", "Exited(code=0) 2"),
        ("stays", "NotStarted(why='no process could be started: Too many open files', transient=True) 3"),
    ],
)
def test_a_process_without_descriptors(how: str, said: str) -> None:
    """A real EMFILE: what cannot even start a supervisor starts it in a moment, or says why not."""
    command = [sys.executable, "-c", NO_DESCRIPTORS, str(Path(__file__).parent), how]

    found = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert said == found.stdout.strip(), found.stderr


@pytest.mark.parametrize("ended", [Exited(1), OutOfMemory(1), LimitReached("cpu", 1), *FINAL])
def test_what_is_not_transient(ended: Termination) -> None:
    """Only that which was not started, and may be in a moment."""
    assert not is_transient(ended)
