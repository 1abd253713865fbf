"""Programs on a real terminal, and what somebody in front of it sees: `from support import terminals`."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import termios
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyte

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

ROWS = 24


@dataclass
class Seen:
    """What was seen of a program.

    Attributes:
        status: Its exit status.
        raw: What it has written.
        shots: What was in the last line that is not empty, each time that it changed.
        screen: What is left, from the first line on.
    """

    status: int = -1
    raw: bytes = b""
    shots: list[str] = field(default_factory=list)
    screen: list[str] = field(default_factory=list)


def run(
    argv: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    *,
    columns: int = 80,
    then: Callable[[str, Terminal], None] | None = None,
    seconds: float = 120,
) -> Seen:
    """Run a program on a terminal of its own until it ends.

    Args:
        argv: Its command line.
        cwd: Where it starts.
        env: Its variables.
        columns: How wide the terminal is.
        then: Is told each change of the last line, and may do something to the terminal.
        seconds: After which it is a failure that it has not ended.
    """
    child, fd = pty.fork()
    if not child:
        os.chdir(cwd)
        os.execvpe(argv[0], list(argv), dict(env))
    terminal = Terminal(child, fd, columns)
    seen, ends = Seen(), time.monotonic() + seconds
    try:
        while time.monotonic() < ends:
            if not select.select([fd], [], [], 1.0)[0]:
                continue
            try:
                chunk = os.read(fd, 65536)
            except OSError:  # it has ended, and so has its terminal
                break
            if not chunk:
                break
            seen.raw += chunk
            terminal.feed(chunk)
            last = next((line for line in reversed(terminal.lines) if line), "")
            if [last] != seen.shots[-1:]:
                seen.shots.append(last)
                if then is not None:
                    then(last, terminal)
        else:
            os.kill(child, 9)
            raise AssertionError(f"it has not ended: {terminal.lines}")
    finally:
        os.close(fd)
        _, status = os.waitpid(child, 0)
    seen.status = os.waitstatus_to_exitcode(status)
    seen.screen = terminal.everything
    return seen


class Terminal:
    """A terminal, and the program on it.

    Args:
        child: The program.
        fd: The other end of the terminal.
        columns: How wide it is.
    """

    def __init__(self, child: int, fd: int, columns: int) -> None:
        self.child = child
        self.fd = fd
        self._screen = pyte.HistoryScreen(columns, ROWS, history=5000)
        self._stream = pyte.ByteStream(self._screen)
        self.resize(columns)

    def resize(self, columns: int) -> None:
        """Have it be so wide from now on; the program gets the signal for that."""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
        self._screen.resize(ROWS, columns)

    def feed(self, chunk: bytes) -> None:
        """Show `chunk`."""
        self._stream.feed(chunk)

    @property
    def lines(self) -> list[str]:
        """What is shown."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def everything(self) -> list[str]:
        """What is shown, and what has gone up, empty lines left out."""
        gone = ["".join(row[x].data for x in range(self._screen.columns)).rstrip() for row in self._screen.history.top]
        return [line for line in (*gone, *self.lines) if line]
