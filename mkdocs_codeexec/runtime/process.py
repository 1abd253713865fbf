"""Children: started, watched, bounded and ended. The one door to the operating system's processes.

The work is done by `supervisor`, a small program of its own; here is the side of it that the others see. Each thread
that runs a child has a supervisor to itself for as long, and gives it back for the next child.
"""

from __future__ import annotations

import ast
import codecs
import errno
import marshal
import math
import os
import re
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.outcome import (
    Exited,
    LimitReached,
    NotStarted,
    OutOfMemory,
    OutputFlooded,
    Signaled,
    StepResult,
    TimedOut,
    describe,
)
from mkdocs_codeexec.core.protocols import NO_ACCESS, Command
from mkdocs_codeexec.errors import Cancelled
from mkdocs_codeexec.runtime.sandbox import bubblewrap, tiers, users

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mkdocs_codeexec.core.confinement import Access, SandboxMode, Tier
    from mkdocs_codeexec.core.outcome import StepKind, Termination
    from mkdocs_codeexec.core.protocols import OutputSink, Unavailability
    from mkdocs_codeexec.runtime.sandbox.tiers import Choice

STOP_SECONDS = 0.25
"""How long `stop_all` waits for children to be gone; they are ended in any case."""
SLACK_SECONDS = 10.0
"""How much longer than its child's timeout a supervisor may be silent. A sample may have stopped it."""
CLOSE_SECONDS = 6.0
"""How long a supervisor may take to clean up before it is given up."""

_INSIDE_MILLISECONDS = 500
MONTH = 2_000_000_000
"""Milliseconds: the longest that `poll` takes."""


class Children:
    """Runs children, any number at once, each call in the thread that makes it.

    One object serves one batch. A context manager: leaving it ends what is still there.

    Args:
        mode: How strongly children with an `access` must be confined.
        path: Where bubblewrap is searched; None is the default of the system.
        tiers: Those that may be chosen.
    """

    def __init__(
        self, mode: SandboxMode = "off", *, path: str | None = None, tiers: Sequence[Tier] = tiers.ALL
    ) -> None:
        self._mode = mode
        self._path = path
        self._tiers = tuple(tiers)
        self._choice: Choice | None = None
        self._choosing = threading.Lock()
        # Lists and deques are changed by single, atomic calls only, and without a lock: `stop_all` may be called by a
        # signal handler, in a thread that would be holding that lock.
        self._all: list[_Supervisor] = []
        self._idle: dict[_Place | None, deque[_Supervisor]] = {}
        self._stopped = False
        self._deadline = math.inf
        self._too_late = ""

    def __enter__(self) -> Children:
        """Let the first supervisor start: whoever opens this has something to run, and first finds out what."""
        if self._mode != "off" and "bubblewrap" in self._tiers and bubblewrap.program(self._path):
            with suppress(OSError):  # the one in which it is tried whether bubblewrap works
                self._put_back(self._start(_place(_TRIAL, "bubblewrap")))
        else:
            self.prepare(1)
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def prepare(self, count: int) -> None:
        """Let `count` supervisors start meanwhile, so that nobody waits for them later. Costs 2 ms each."""
        with suppress(OSError):  # whoever needs one hears why there is none
            while _SUPPORTED and not self._stopped and len(self._all) < count:
                self._put_back(self._start(None))

    def limit(self, seconds: float, reason: str) -> None:
        """End what still runs after `seconds` from now, and start nothing more: both is `NotStarted(reason)`."""
        self._deadline = time.monotonic() + seconds
        self._too_late = reason

    @property
    def tier(self) -> Tier:
        """How children with an `access` are confined. The first to ask waits until something has run so, once."""
        return self._chosen().tier

    @property
    def refusal(self) -> Unavailability | None:
        """Why no such child is started at all: the tier is weaker than what is required."""
        return tiers.refusal(self._mode, self._chosen()) if self._mode == "required" else None

    @property
    def told(self) -> str:
        """How such children are confined, and what would be stronger, in words."""
        return tiers.told(self._chosen())

    def _chosen(self) -> Choice:
        if self._choice is None:
            with self._choosing:
                if self._choice is None:
                    self._choice = tiers.choose(self._mode, self._tiers, self._path, self._try)
        return self._choice

    def _try(self, tier: Tier) -> str:
        """Run something in `tier`, and return why it does not work, or nothing."""
        ended = self._run(_TRIAL, "run", tier).ended
        for pause in (0.1, 0.2):
            if isinstance(ended, NotStarted) and ended.transient:
                time.sleep(pause)  # a lack that passes must not cost the whole build its sandbox
                ended = self._run(_TRIAL, "run", tier).ended
        if ended == Exited(0):
            return ""
        return ended.why if isinstance(ended, NotStarted) else describe(ended)

    @property
    def too_late(self) -> str:
        """Why nothing is started any more, or an empty string."""
        return self._too_late if time.monotonic() >= self._deadline else ""

    def check(self) -> None:
        """Raise if everything was stopped.

        Raises:
            Cancelled: It was.
        """
        if self._stopped:
            raise Cancelled("the run was stopped")

    def run(self, command: Command, kind: StepKind, *, on_output: OutputSink | None = None) -> StepResult:
        """Run `command` to its end and return how it went; the child and all that it started are gone then.

        Never raises for what the child does, or for what keeps it from starting. What descends from the child may go
        on for 0.2 s after it, if it holds one of its output streams.

        Args:
            command: What to start; its program is looked up on the `PATH` of its own environment.
            kind: What the result is called.
            on_output: Gets chunks of output as they come, in this thread.

        Raises:
            Cancelled: The run was stopped from outside.
        """
        self.check()
        tier: Tier = "off" if command.access is None else self.tier
        if command.access is not None and self.refusal is not None:
            return _result(kind, NotStarted(self.refusal.reason))
        return self._run(command, kind, tier, on_output)

    def _run(self, command: Command, kind: StepKind, tier: Tier, on_output: OutputSink | None = None) -> StepResult:
        if not _SUPPORTED:
            return _result(kind, NotStarted(f"samples cannot be run on `{sys.platform}`, which lacks `fork`"))
        left = self._deadline - time.monotonic()
        if left <= 0:
            return _result(kind, NotStarted(self._too_late))
        try:
            request = _encode(command, left, kind, tier, _user(command, tier))
            supervisor = self._take(_place(command, tier))
        except OSError as error:
            why = f"no process could be started: {error.strerror}"
            return _result(kind, NotStarted(why, transient=error.errno in _PASSING))
        except UnicodeError as error:
            return _result(kind, NotStarted(f"the command line cannot be encoded: {error}"))
        out, err = (_Kept(command.keep_head, command.keep_tail) for _ in range(2))
        try:
            longest = min(left, math.inf if command.timeout is None else command.timeout)
            report = supervisor.ask(request, longest, {b"o": out, b"e": err}, on_output)
        except BaseException:  # Ctrl-C in this thread, or a fault of `on_output`
            self._discard(supervisor)
            raise
        if report is None:
            # Once it has a child, that may be to blame.
            transient = not supervisor.has_child
            why = self._discard(supervisor)
            self.check()
            return _result(kind, NotStarted(f"the process that starts samples {why}", transient))
        self._put_back(supervisor)
        ended = _ended(report, command)
        if isinstance(ended, TimedOut) and (command.timeout is None or left < command.timeout):
            ended = NotStarted(self._too_late)
        (stdout, no_stdout), (stderr, no_stderr) = out.finish(), err.finish()
        return StepResult(
            kind=kind,
            stdout=stdout,
            stderr=stderr,
            ended=ended,
            truncated=(no_stdout, no_stderr),
            duration=report.seconds,
        )

    def stop_all(self) -> None:
        """End all children now; every `run`, in progress or to come, raises `Cancelled`.

        May be called from any thread and from a signal handler, and again. Takes less than 0.3 s.
        """
        self._stopped = True
        for supervisor in list(self._all):
            supervisor.terminate()
        give_up = time.monotonic() + STOP_SECONDS
        while not all(supervisor.has_ended for supervisor in list(self._all)) and time.monotonic() < give_up:
            time.sleep(0.002)

    def close(self) -> None:
        """End what is still there and free everything. Nothing can be run afterwards."""
        self.stop_all()
        while True:
            try:
                _, waiting = self._idle.popitem()  # those that are not idle are closed by the thread that has them
            except KeyError:
                return
            while waiting:
                self._discard(waiting.pop())

    def _put_back(self, supervisor: _Supervisor) -> None:
        self._idle.setdefault(supervisor.place, deque()).append(supervisor)

    def _take(self, place: _Place | None) -> _Supervisor:
        waiting = self._idle.setdefault(place, deque())
        while True:
            try:
                supervisor = waiting.pop()
            except IndexError:
                return self._start(place)
            if not supervisor.has_ended:
                return supervisor
            self._discard(supervisor)

    def _start(self, place: _Place | None) -> _Supervisor:
        supervisor = _Supervisor(place, self._path)
        self._all.append(supervisor)
        if self._stopped:  # `stop_all` may have looked just before the line above
            self._discard(supervisor)
            self.check()
        return supervisor

    def _discard(self, supervisor: _Supervisor) -> str:
        why = supervisor.dismiss()
        with suppress(ValueError):
            self._all.remove(supervisor)
        return why


_SUPPORTED = hasattr(os, "fork")


_START = "import sys; sys.path.append(sys.argv[1]); from supervising.supervisor import main; main()"
"""Imported rather than run as a script, so that it need not be compiled each time."""
_PASSING = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ETXTBSY})
"""Why no process can be started now, and perhaps can in a moment (`fork(2)`, `execve(2)`)."""
_TRIAL = Command(argv=("/bin/sh", "-c", "exit 0"), cwd=Path("/"), env={}, timeout=10.0, access=NO_ACCESS)


class _Place(NamedTuple):
    """Where bubblewrap puts a supervisor: its children can go nowhere else, so it is of use for no others.

    Attributes:
        access: What of the machine is there.
        scratch: The folder of scratch directories, if there are any.
        cwd: Where children start that have no scratch directory.
    """

    access: Access
    scratch: str | None
    cwd: str | None


def _place(command: Command, tier: Tier) -> _Place | None:
    """Return where `command` needs its supervisor; None if any will do."""
    if tier != "bubblewrap" or command.access is None:
        return None
    if command.scratch is None:
        return _Place(command.access, None, str(command.cwd))
    return _Place(command.access, str(command.scratch.parent), None)


def _user(command: Command, tier: Tier) -> int | None:
    """Return the user that the child of `command` becomes: as root, not root; others cannot become anybody.

    What it may write to is made that user's own.
    """
    user = users.builder()
    if user is None or command.access is None:
        return None
    for folder in map(Path, command.access.writable):
        if tier == "off":
            users.take(folder)
        else:
            users.give(folder, user)
    if tier == "off":
        return None
    if not command.access.writable:
        return user if command.user is None else command.user
    if command.scratch is not None:  # what is kept from one to the next belongs to one user
        users.give(command.scratch, user)
    return user


class _Supervisor:
    """A running `supervisor`, used by one thread at a time."""

    def __init__(self, place: _Place | None, path: str | None) -> None:
        self.place = place
        self._inside = 0  # the id of its own process, if bubblewrap is around it
        told = tells = os.memfd_create("inside") if place is not None else -1
        self._told = told
        try:
            self._open(place, path, tells)
        except OSError:
            if place is not None:
                os.close(told)
            raise

    def _open(self, place: _Place | None, path: str | None, info: int) -> None:
        wall: list[str] = []
        if place is not None:
            wall = bubblewrap.command(
                bubblewrap.program(path) or bubblewrap.NAME,
                place.access,
                scratch=place.scratch,
                cwd=place.cwd,
                as_root=users.is_root(),
                info=info,
            )
        # The interpreter itself, not the link to it in a virtual environment: bubblewrap shows that and no more.
        python = os.path.realpath(sys.executable)
        # -I -S: neither the user's settings nor the folder of mkdocs.yml, nor `.pth` files, have a say in it.
        # Its environment is built: a sample can read that of its parent process. A Python whose library is not in the
        # system's places needs to be told where that is.
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [*wall, python, "-I", "-S", "-c", _START, str(bubblewrap.SUPERVISING.parent)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd="/",
            env={"LD_LIBRARY_PATH": str(Path(sys.base_prefix, "lib"))},
            start_new_session=True,
            pass_fds=(info,) if place is not None else (),
        )
        self._child = 0

    @property
    def has_child(self) -> bool:
        """Whether it has said that it has started a child, and not yet that this has ended."""
        return self._child != 0

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def ask(
        self, request: bytes, seconds: float, kept: Mapping[bytes, _Kept], on_output: OutputSink | None
    ) -> _Report | None:
        """Have one child run, for `seconds` at most, and return the report; None if the supervisor fails to send one."""
        deadline = time.monotonic() + seconds + SLACK_SECONDS
        try:
            self._send(struct.pack("!I", len(request)) + request)
        except OSError:
            return None
        while header := self._receive(5, deadline):
            what, size = struct.unpack("!cI", header)
            payload = self._receive(size, deadline)
            if payload is None:
                break
            if what in kept:
                kept[what].add(payload)
                if on_output is not None and payload:
                    on_output(payload)
            elif what == b"p":
                self._child = int(payload)
            else:
                self._child = 0
                return _Report(**ast.literal_eval(payload.decode()))
        return None

    def _send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._process.stdin.fileno(), rest) :]

    def _receive(self, size: int, deadline: float) -> bytes | None:
        """Return `size` bytes, or None if they do not come."""
        assert self._process.stdout is not None
        fd = self._process.stdout.fileno()
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        data = bytearray()
        while len(data) < size:
            left = deadline - time.monotonic()
            if not poll.poll(None if left == math.inf else min(max(left * 1000, 0), MONTH)):
                return None
            chunk = os.read(fd, size - len(data))
            if not chunk:
                return None
            data += chunk
        return bytes(data)

    def terminate(self) -> None:
        """Ask it to end everything and itself, and wake it if somebody has stopped it."""
        with suppress(OSError):
            if self.place is None:
                self._process.terminate()
                self._process.send_signal(signal.SIGCONT)
            elif not self.has_ended:  # else its id may be another's
                # It is the first process of its namespaces: all the others go with it, and nothing can stop it.
                os.kill(self._inner(), signal.SIGKILL)

    def _inner(self) -> int:
        """Return the id of the supervisor within bubblewrap, which passes no signals on.

        Raises:
            OSError: It has not come so far: it will find its lifeline cut.
        """
        if not self._inside:
            give_up = time.monotonic() + _INSIDE_MILLISECONDS / 1000
            while b"}" not in (text := os.pread(self._told, 4096, 0)) and time.monotonic() < give_up:
                time.sleep(0.005)
            found = re.search(rb'"child-pid":\s*(\d+)', text)
            if found is None:
                raise ProcessLookupError
            self._inside = int(found[1])
        return self._inside

    def dismiss(self) -> str:
        """End it and free its descriptors; return how it ended, in words."""
        self.terminate()
        try:
            status = self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            with suppress(OSError):
                if self.place is not None:
                    os.kill(self._inner(), signal.SIGKILL)
            self._process.kill()
            status = self._process.wait()
        if self.place is not None:
            os.close(self._told)
        elif status and self._child:
            # Somebody killed the supervisor. Its child dies with it; the child's group is what else can be found.
            with suppress(OSError):
                os.killpg(self._child, signal.SIGKILL)
        said = b""
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            with suppress(OSError):
                if pipe is self._process.stderr:
                    said = pipe.read()
                pipe.close()
        last = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
        if status == 0:
            return "did not answer"
        return f"was ended by signal {-status}" if status < 0 else f"failed: {last or f'exit status {status}'}"


@dataclass(frozen=True, slots=True)
class _Report:
    """What a supervisor says at the end of a child; `value` goes with `how`."""

    how: str
    value: float | str | tuple[str, int]
    seconds: float


def _encode(command: Command, left: float, kind: StepKind, tier: Tier, user: int | None) -> bytes:
    """Return the request for `command`, which has at most `left` seconds; bytes travel as Latin-1."""

    def carried(text: str) -> str:
        return os.fsencode(text).decode("latin-1")

    timeout = left if command.timeout is None else min(command.timeout, left)
    return marshal.dumps(
        {
            "argv": [carried(arg) for arg in command.argv],
            "cwd": carried(str(command.cwd)),
            "env": {carried(name): carried(value) for name, value in command.env.items()},
            "timeout": None if timeout == math.inf else timeout,
            "stdin": None if command.stdin is None else command.stdin.encode("utf-8", "replace").decode("latin-1"),
            "limit": command.output_limit,
            "tier": tier,
            "readable": [carried(path) for path in command.access.readable] if command.access else [],
            "writable": [carried(path) for path in command.access.writable] if command.access else [],
            "network": command.access is not None and command.access.network,
            "limits": asdict(command.limits),
            "scratch": None if command.scratch is None else carried(str(command.scratch)),
            "keeps": kind == "build",
            "user": user,
        }
    )


def _ended(report: _Report, command: Command) -> Termination:
    value = report.value
    if isinstance(value, tuple):
        what, number = value
        if report.how == "not_started":
            return NotStarted(what, transient=number in _PASSING)
        return OutOfMemory(number) if what == "memory" else LimitReached(what, number)
    match report.how:
        case "exited":
            return Exited(int(value))
        case "signaled":
            return Signaled(int(value))
        case "timed_out":
            return TimedOut(command.timeout if command.timeout is not None else float(value))
        case "output_flooded":
            return OutputFlooded(int(value))
        case _:
            return NotStarted(str(value))


def _result(kind: StepKind, ended: Termination) -> StepResult:
    return StepResult(kind=kind, stdout="", stderr="", ended=ended)


class _Kept:
    """The start and the end of a stream, in bounded memory."""

    def __init__(self, head: int, tail: int) -> None:
        self._sizes = head, tail
        self._head = bytearray()
        self._tail = bytearray()
        self._total = 0

    def add(self, chunk: bytes) -> None:
        """Take the next bytes of the stream."""
        head, tail = self._sizes
        room = head - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        self._total += len(chunk)
        if len(self._tail) > 2 * tail + 65536:
            del self._tail[: len(self._tail) - tail]

    def finish(self) -> tuple[str, int]:
        """Return the text, with a line that says what is missing where something is, and the bytes that are missing.

        What is cut is cut between characters.
        """
        head, tail = self._sizes
        if self._total <= head + tail:
            return (self._head + self._tail).decode("utf-8", "replace"), 0
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        start = decoder.decode(bytes(self._head))
        undecoded, _ = decoder.getstate()
        end = self._tail[len(self._tail) - tail :]
        skip = next((i for i, byte in enumerate(end[:3]) if byte & 0xC0 != 0x80), min(3, len(end)))
        omitted = self._total - (head - len(undecoded)) - (len(end) - skip)
        newline = "" if start.endswith("\n") else "\n"
        return f"{start}{newline}… {omitted} bytes omitted …\n{end[skip:].decode('utf-8', 'replace')}", omitted
