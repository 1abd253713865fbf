"""Our side of a supervisor: how it is started, asked and ended. The one door to the operating system's processes.

Its own side is `supervising`, a small program of its own.
"""

from __future__ import annotations

import marshal
import math
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.displays import LARGEST
from mkdocs_codeexec.runtime import answers
from mkdocs_codeexec.runtime.descriptors import above_standard, received
from mkdocs_codeexec.runtime.sandbox import bubblewrap, users
from mkdocs_codeexec.runtime.supervising.protocol import CHUNK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mkdocs_codeexec.core.confinement import Access, Tier
    from mkdocs_codeexec.core.outcome import StepKind
    from mkdocs_codeexec.core.protocols import Command, OutputSink
    from mkdocs_codeexec.runtime.kept import Kept
    from mkdocs_codeexec.runtime.sandbox.groups import Group

SLACK_SECONDS = 10.0
"""How much longer than its child's timeout a supervisor may be silent. A sample may have stopped it."""
CLOSE_SECONDS = 6.0
"""How long a supervisor may take to clean up before it is given up."""
INSIDE_SECONDS = 0.5
"""How long bubblewrap may take to say which process it has started."""
_START = "import sys; sys.path.append(sys.argv[1]); from supervising.supervisor import main; main()"
"""Imported rather than run as a script, so that it need not be compiled each time."""


class Post(NamedTuple):
    """Where bubblewrap puts a supervisor: its children can go nowhere else, so it is of use for no others.

    Attributes:
        access: What of the machine is there.
        scratch: The folder of scratch directories, if there are any.
        cwd: Where children start that have no scratch directory.
    """

    access: Access
    scratch: str | None
    cwd: str | None


class Supervisor:
    """A running `supervisor`, used by one thread at a time."""

    def __init__(self, place: Post | None, path: str | None, group: Group | None = None) -> None:
        self.place = place
        self.group = group
        self._inside = 0  # the id of its own process, if bubblewrap is around it
        # A file, not a pipe: bubblewrap would wait for ever if we were gone when it says which process it has started.
        self._told = -1
        self._handed: socket.socket | None = None
        try:
            with above_standard():
                self._told = os.memfd_create("inside") if place is not None else -1
                self._open(place, path)
        except OSError:
            self._release()
            raise

    def _release(self) -> None:
        """Close what is held beside the pipes."""
        if self.group is not None:
            self.group.close()
        if self._handed is not None:
            self._handed.close()
        if self._told >= 0:
            os.close(self._told)

    def _open(self, place: Post | None, path: str | None) -> None:
        wall: list[str] = []
        theirs: socket.socket | None = None
        if place is not None:
            self._handed, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            wall = bubblewrap.command(
                bubblewrap.program(path) or bubblewrap.NAME,
                place.access,
                scratch=place.scratch,
                cwd=place.cwd,
                as_root=users.is_root(),
                info=self._told,
                grouped=self.group is not None,
            )
        given = (self._told, -1 if self.group is None else self.group.fd, -1 if theirs is None else theirs.fileno())
        # The interpreter itself, not the link to it in a virtual environment: bubblewrap shows that and no more.
        python = os.path.realpath(sys.executable)
        # -I -S: neither the user's settings nor the folder of mkdocs.yml, nor `.pth` files, have a say in it.
        # Its environment is built: a sample can read that of its parent process. A Python whose library is not in the
        # system's places needs to be told where that is.
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [*wall, python, "-I", "-S", "-c", _START, str(bubblewrap.SUPERVISING.parent), *map(str, given[1:])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd="/",
                env={"LD_LIBRARY_PATH": str(Path(sys.base_prefix, "lib"))},
                start_new_session=True,
                pass_fds=[fd for fd in given if fd >= 0],
            )
        finally:
            if theirs is not None:
                theirs.close()
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        self._child = 0
        self._lie = ""

    @property
    def has_child(self) -> bool:
        """Whether it has said that it has started a child, and not yet that this has ended."""
        return self._child != 0

    @property
    def has_ended(self) -> bool:
        """Whether it is gone, and all that it had started."""
        return self._process.poll() is not None

    def ask(
        self, request: bytes, seconds: float, kept: Mapping[bytes, Kept], on_output: OutputSink | None
    ) -> answers.Report | None:
        """Have one child run, for `seconds` at most, and return the report; None if the supervisor fails to send one."""
        assert self._process.stdout is not None
        deadline = time.monotonic() + seconds + SLACK_SECONDS
        coming = answers.Answers(self._process.stdout.fileno(), deadline)
        asked: bytes | None = None
        try:
            self._send(struct.pack("!I", len(request)) + request, deadline)
        except OSError:
            return None
        try:
            while answer := coming.next():
                what, payload = answer
                if what in kept:
                    kept[what].add(payload)
                    if on_output is not None and payload:
                        on_output(payload)
                elif what == b"p":
                    self._child = answers.process(payload)
                elif what == b"i":
                    asked = payload
                else:
                    report = answers.report(payload, asked)
                    self._child = 0
                    return report
        except answers.AnswerError as error:
            self._lie = f"sent {error}"
        return None

    def handed(self) -> int | None:
        """Return a descriptor of the working directory that the last child had to itself; None if there is none.

        It is a file system in memory, of which nothing is left when the descriptor is closed.
        """
        return None if self._handed is None else received(self._handed)

    def _send(self, data: bytes, deadline: float) -> None:
        """Send `data`.

        Raises:
            OSError: Nobody reads it any more, or nobody does up to `deadline`.
        """
        assert self._process.stdin is not None
        fd = self._process.stdin.fileno()
        poll = select.poll()
        poll.register(fd, select.POLLOUT)
        rest = memoryview(data)
        while rest:
            if not poll.poll(answers.patience(deadline)):
                raise TimeoutError
            with suppress(BlockingIOError):
                rest = rest[os.write(fd, rest) :]

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
            OSError: It has not come so far, and bubblewrap is ended; what starts all the same finds its lifeline cut.
        """
        if not self._inside:
            give_up = time.monotonic() + INSIDE_SECONDS
            while b"}" not in (text := os.pread(self._told, 4096, 0)) and time.monotonic() < give_up:
                time.sleep(0.005)
            found = re.search(rb'"child-pid":\s*(\d+)', text)
            if found is None:
                self._process.kill()
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
        self._release()
        if self.place is None and status and self._child:
            # Somebody killed the supervisor. Its child dies with it; the child's group is what else can be found.
            with suppress(OSError):
                os.killpg(self._child, signal.SIGKILL)
        said = b""
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            with suppress(OSError):
                if pipe is self._process.stderr:
                    os.set_blocking(pipe.fileno(), False)  # whoever else has it may keep it
                    said = os.read(pipe.fileno(), CHUNK)
                pipe.close()
        if self._lie:
            return self._lie
        last = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
        if status == 0:
            return "did not answer"
        return f"was ended by signal {-status}" if status < 0 else f"failed: {last or f'exit status {status}'}"


def encode(
    command: Command,
    left: float,
    kind: StepKind,
    tier: Tier,
    user: int | None,
    *,
    grouped: bool,
    root: str | None = None,
) -> bytes:
    """Return the request for `command`, which has at most `left` seconds; bytes travel as Latin-1.

    With `grouped` its child is started in the group of its supervisor, if that has one. `root` is where the supervisor has
    scratch directories of others, which the child does not see.
    """

    def carried(text: str) -> str:
        return os.fsencode(text).decode("latin-1")

    timeout = left if command.timeout is None else min(command.timeout, left)
    return marshal.dumps(
        {
            "argv": [carried(arg) for arg in command.argv],
            "cwd": carried(str(command.cwd)),
            "env": {carried(name): carried(value) for name, value in command.env.items()},
            "timeout": None if timeout == math.inf else timeout,
            "silence": command.silence,
            "stdin": None if command.stdin is None else command.stdin.encode("utf-8", "replace").decode("latin-1"),
            "limit": command.output_limit,
            "more": LARGEST if command.shows else 0,
            "tier": tier,
            "readable": [carried(path) for path in command.access.readable] if command.access else [],
            "writable": [carried(path) for path in command.access.writable] if command.access else [],
            "network": command.access is not None and command.access.network,
            "limits": asdict(command.limits),
            "scratch": None if command.scratch is None else carried(str(command.scratch)),
            "root": None if root is None else carried(root),
            "keeps": kind == "build",
            "leaves": command.leaves is not None,
            "user": user,
            "observe": command.observe,
            "project": None if command.project is None else carried(str(command.project)),
            "over": [carried(name) for name in command.over],
            "grouped": grouped,
            "mark": "" if command.marks is None else command.marks.start,
            "times": 1 if command.marks is None else command.marks.times,
            "merged": command.merged,
            "columns": command.columns,
            "turns": tuple(turn.encode("utf-8", "replace").decode("latin-1") for turn in command.turns),
            "seconds": () if command.marks is None else command.marks.seconds,
        }
    )
