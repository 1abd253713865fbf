"""A supervisor that lies: it is heard to the end of its words, nothing is believed that cannot be, and nobody waits for it."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from mkdocs_codeexec.core.outcome import Exited, LimitReached, NotStarted, OutOfMemory, Signaled, Termination, TimedOut
from mkdocs_codeexec.core.protocols import Command
from mkdocs_codeexec.runtime import answers, starting
from mkdocs_codeexec.runtime.process import Children
from mkdocs_codeexec.runtime.sandbox.bubblewrap import SUPERVISING

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="there are supervisors where there is `fork`"
)

COMMAND = Command(argv=("true",), cwd=Path("/"), env={}, timeout=5)
LIAR = "import os, sys, time; os.read(0, 1 << 20); {}"


def frame(what: bytes, payload: bytes) -> bytes:
    return struct.pack("!cI", what, len(payload)) + payload


def run(command: Command = COMMAND) -> Termination:
    with Children() as children:  # which starts the first supervisor
        return children.run(command, "run").ended


LIES = {
    "an unknown type": frame(b"z", b""),
    "a length that nothing has": struct.pack("!cI", b"o", 2**32 - 1),
    "a report longer than any": struct.pack("!cI", b"x", 2**20),
    "a child that is everybody": frame(b"p", b"1"),
    "a child that is nobody": frame(b"p", b"-1"),
    "no report": frame(b"x", b""),
    "a report that is code": frame(b"x", b"{'how': 'exited', 'value': 0, 'seconds': 1}"),
    "brackets without end": frame(b"x", b"(" * 60_000),
    "a status beyond any": frame(b"x", b"exited\x001\x00256"),
    "a time beyond any": frame(b"x", b"exited\0inf\x000"),
    "no time": frame(b"x", b"exited\0nan\x000"),
    "digits of others": frame(b"x", "exited\x001\0\u0661".encode()),
    "a number of digits without end": frame(b"x", b"output_flooded\x001\0" + b"9" * 5000),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_what_is_no_answer_is_told(lie: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is sent instead of an answer, the sample was not started, and it is said why."""
    monkeypatch.setattr(starting, "_START", LIAR.format(f"os.write(1, {lie!r}); time.sleep(60)"))
    began = time.monotonic()
    found = run()

    assert isinstance(found, NotStarted)
    assert found.why.startswith("the process that starts samples sent "), found.why
    assert len(found.why) < 200
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    "code",
    [
        "[os.write(1, b'o\\0\\1\\0\\0' + b'x' * 65536) for _ in iter(int, 1)]",
        "[os.write(1, b'o\\0\\0\\0\\0' * 1000) for _ in iter(int, 1)]",
        "time.sleep(60)",
        "os.write(1, b'o\\0'); time.sleep(60)",
    ],
    ids=["floods", "floods with nothing", "is silent", "stops within an answer"],
)
def test_nobody_waits_for_ever(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the time is over that a child may take, a supervisor that has not reported is given up, however busy it is."""
    monkeypatch.setattr(starting, "SLACK_SECONDS", 0.3)
    monkeypatch.setattr(starting, "_START", LIAR.format(code))
    began = time.monotonic()
    found = run(replace(COMMAND, timeout=0.2))

    assert isinstance(found, NotStarted)
    assert time.monotonic() - began < 60


def test_a_supervisor_that_does_not_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request larger than a pipe is not waited with for ever, either."""
    monkeypatch.setattr(starting, "SLACK_SECONDS", 0.3)
    monkeypatch.setattr(starting, "_START", "import time; time.sleep(60)")

    assert isinstance(run(replace(COMMAND, timeout=0.2, stdin="x" * 2**20)), NotStarted)


def test_who_keeps_its_errors_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a supervisor has left behind may hold its standard error for as long as it likes."""
    note = tmp_path / "pid"
    left = f"os.fork() or (os.close(1), os.setsid(), open({str(note)!r}, 'w').write(str(os.getpid())), time.sleep(60))"
    monkeypatch.setattr(starting, "_START", LIAR.format(f"{left}; sys.exit('torn')"))
    began = time.monotonic()
    try:
        found = run()
    finally:
        while not (note.exists() and note.read_text()):
            time.sleep(0.01)
        os.kill(int(note.read_text()), signal.SIGKILL)

    assert isinstance(found, NotStarted)
    assert "torn" in found.why
    assert time.monotonic() - began < 30


TRUE: dict[bytes, Termination] = {
    b"exited\x000.5\x003": Exited(3),
    b"signaled\x000\x009": Signaled(9),
    b"timed_out\x005\x005.0": TimedOut(5),
    b"limit_reached\x001\0memory\x00512": OutOfMemory(512),
    b"limit_reached\x001\0open_files\x0064": LimitReached("open_files", 64),
    b"not_started\x001\0no such\x002": NotStarted("no such"),
    b"not_started\x001\0full\x0011": NotStarted("full", transient=True),
}


@pytest.mark.parametrize(("payload", "ended"), TRUE.items())
def test_reports(payload: bytes, ended: Termination) -> None:
    """Each way to end has its report."""
    assert ended == answers.ended(answers.report(payload), COMMAND)


@pytest.mark.parametrize("asked", [b"\xff\xff\xff\xff", b"\x7f\xff\xff\xffabc", b"\0\0\0\0", b"\0\0\0\5abc", b"\0"])
def test_a_supervisor_believes_no_length_either(asked: bytes) -> None:
    """A request that is torn, or longer than its parent lives to write, is none: it ends, and has taken no memory for it."""
    argv = [sys.executable, "-I", "-S", "-c", starting._START, str(SUPERVISING.parent)]
    code = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[2:], input=bytes.fromhex(sys.argv[1]), capture_output=True, timeout=60)\n"
        "assert not (done.returncode or done.stdout or done.stderr), done\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    said = subprocess.check_output([sys.executable, "-c", code, asked.hex(), *argv], text=True)

    assert int(said) < 100 * 1024
