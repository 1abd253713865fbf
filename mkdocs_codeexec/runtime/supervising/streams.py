"""The pipes between a supervisor and a child, and the terminal that may be in their place."""

from __future__ import annotations

import os
import select
import time

from .protocol import CHUNK, answer

TYPE_CHECKING = False  # importing `typing` would cost a fifth of the start
if TYPE_CHECKING:
    from .terminal import Terminal

SHOWS = b"EVCXR_BEGIN_CONTENT "
"""What begins a section of standard output that shows more than text (`core.displays`)."""


AGAIN = 0.05
"""Seconds between two tries to end what reads from a terminal."""


class Streams:
    """The pipes between a child and us, and what has been read of them.

    Attributes:
        ours: Our ends: the type of answer that each descriptor feeds.
        theirs: The child's ends: standard input, output and error, the pipe on which it reports that it could not start,
            and the one on which the first process of its namespaces, if it has any, reports its end.
        limit: Bytes read of one stream. A terminal is one stream, that of standard output.
        more: Bytes that are read of standard output beyond that, if it has sections that show more than text.
        flooded: Whether a stream had more.
        heard: When the last output came, by the clock that only goes forward; before the first, when these were opened.
        failure: Why the program could not be started.
        status: What that first process has reported.
        passed: How many parts of its program have ended, of one whose output is marked.
        again: When the end of the input is to be typed once more; None if it is not.
    """

    def __init__(
        self,
        stdin: bytes | None,
        limit: int,
        mark: tuple[bytes, int] = (b"", 1),
        more: int = 0,
        *,
        merged: bool = False,
        terminal: tuple[int, int | None] = (0, None),
        turns: list[bytes] | None = None,
    ) -> None:
        self.limit = limit
        self.more = more
        self._before = b""
        self.passed = 0
        self._mark, self._times = mark
        self._marks = {b"o": (0, b""), b"e": (0, b"")}
        self.flooded = False
        self.heard = time.monotonic()
        self.failure = b""
        self.status = b""
        self._stdin = stdin or b""
        self._turns = turns or []
        self._handed = 0  # turns that were taken from these
        self.again: float | None = None
        self._seen = {b"o": 0, b"e": 0}
        self.poll = select.poll()
        self.feeding = -1
        self._terminal: Terminal | None = None
        self.ours: dict[int, bytes] = {}
        self.theirs: list[int] = []
        try:
            if terminal[0]:
                self._open_terminal(*terminal)
            self._open(given=stdin is not None or bool(turns), merged=merged)
            self._hand()
        except OSError:
            self.close()
            raise

    def _open_terminal(self, columns: int, user: int | None) -> None:
        from .terminal import END, Terminal

        self._terminal = Terminal(columns, user, typed=bool(self._turns))
        self._turns += [END] if self._turns else []
        self.ours[self._terminal.ours] = b"o"
        self.poll.register(self._terminal.ours, select.POLLIN)

    def _open(self, *, given: bool, merged: bool) -> None:
        terminal = self._terminal
        if terminal is not None and self._turns:
            self.feeding = os.dup(terminal.ours)
            self.theirs.append(os.dup(terminal.theirs))
        elif given:
            readable, self.feeding = os.pipe()
            self.theirs.append(readable)
            os.set_blocking(self.feeding, False)
            if not self._turns:
                self.poll.register(self.feeding, select.POLLOUT)
        elif terminal is not None:
            self.theirs.append(os.dup(terminal.theirs))
        else:
            self.theirs.append(os.open(os.devnull, os.O_RDONLY))
        if terminal is not None:
            self.theirs += (terminal.theirs, os.dup(terminal.theirs))
        for what in (b"!", b"s") if terminal is not None else (b"o", b"e", b"!", b"s"):
            if what == b"e" and merged:
                self.theirs.append(os.dup(self.theirs[-1]))
                continue
            readable, writable = os.pipe()
            self.ours[readable] = what
            self.theirs.append(writable)
            os.set_blocking(readable, False)
            self.poll.register(readable, select.POLLIN)

    def feed(self) -> None:
        """Write what the child will take; close its input when all is written, or nobody will read it."""
        try:
            self._stdin = self._stdin[os.write(self.feeding, self._stdin[:CHUNK]) :]
        except BlockingIOError:
            return
        except OSError:
            self._stdin = b""
            self._turns = []
            self._handed = 0
        if not self._stdin:
            self.poll.unregister(self.feeding)
            if not self._handed:
                self._stop_feeding()

    def _hand(self) -> None:
        """Have the next turn written if the part before it has ended, or the input closed if all have."""
        if self.feeding < 0 or not self._handed + len(self._turns) or self._stdin or self.passed < self._handed:
            return
        if not self._turns:
            self._stop_feeding()
            return
        self._stdin = self._turns.pop(0)
        if not self._turns and self._terminal is not None:
            self.again = time.monotonic() + AGAIN
        self._handed += 1
        if self._stdin:
            self.poll.register(self.feeding, select.POLLOUT)
        else:
            self._hand()

    def type_end(self) -> None:
        """Type the end of the input once more: who was just about to change the terminal has not seen it."""
        from .terminal import END

        if not self._stdin and self.feeding >= 0:
            self._stdin = END
            self.poll.register(self.feeding, select.POLLOUT)
        self.again = time.monotonic() + AGAIN

    def _stop_feeding(self) -> None:
        os.close(self.feeding)
        self.feeding = -1

    def read(self, fd: int) -> bool:
        """Pass on a chunk of `fd`; return whether there may be more at once."""
        what = self.ours[fd]
        room = self.limit - self._seen.get(what, 0)
        if room < 0:
            return False
        try:
            chunk = os.read(fd, min(CHUNK, room + 1))
        except BlockingIOError:
            return False
        except OSError:
            if fd != self._of_terminal:
                raise
            chunk = b""  # EIO: nobody has it open any more
        ended = not chunk
        if self._terminal is not None and fd == self._of_terminal:
            chunk = self._terminal.undone(chunk)
        if ended:
            self.poll.unregister(fd)
            os.close(fd)
            del self.ours[fd]
        if what == b"!":
            self.failure += chunk
        elif what == b"s":
            self.status += chunk
        elif chunk:
            room = self._pass_on(what, chunk, room)
        return not ended and len(chunk) <= room

    def _pass_on(self, what: bytes, chunk: bytes, room: int) -> int:
        """Answer with `chunk`, or with as much of it as there is room for; return how much that is."""
        self.heard = time.monotonic()
        self._seen[what] += len(chunk)
        if self.more and what == b"o":
            room += self._look(chunk)
        self.flooded = self.flooded or len(chunk) > room
        if self._mark:
            self._count(what, chunk)
        answer(what, chunk[:room])
        return room

    @property
    def _of_terminal(self) -> int:
        return -1 if self._terminal is None else self._terminal.ours

    def _look(self, chunk: bytes) -> int:
        """Return what may be read beyond the limit from now on: something once a section begins in `chunk`, or has begun before it."""
        data = self._before + chunk
        if SHOWS not in data:
            self._before = data[1 - len(SHOWS) :]
            return 0
        more, self.more = self.more, 0
        self.limit += more
        return more

    def _count(self, what: bytes, chunk: bytes) -> None:
        """Look for marks in `chunk`, one of which may have begun before."""
        count, before = self._marks[what]
        data = before + chunk
        count += data.count(self._mark)
        self._marks[what] = count, data[len(data) - len(self._mark) + 1 :] if len(self._mark) > 1 else b""
        self.passed = max(self.passed, -(-count // self._times))
        self._hand()

    def drain(self) -> None:
        """Pass on what is still in the pipes, which nobody writes to any more."""
        for fd in list(self.ours):
            while self.read(fd):
                pass

    @property
    def written(self) -> bool:
        """Whether there may still come output."""
        return any(what in (b"o", b"e") for what in self.ours.values())

    def read_status(self, seconds: float) -> bytes:
        """Return what the first process has reported, and wait at most `seconds` for all of it."""
        for fd in [fd for fd, what in self.ours.items() if what == b"s"]:
            poll = select.poll()
            poll.register(fd, select.POLLIN)
            if poll.poll(seconds * 1000):
                while self.read(fd):
                    pass
        return self.status

    def give(self, fd: int) -> None:
        """Let the child have `fd` too, after its own ends."""
        self.theirs.append(fd)

    def close_theirs(self) -> None:
        """Close the child's ends, once it has them."""
        while self.theirs:
            os.close(self.theirs.pop())

    def close(self) -> None:
        """Close everything."""
        self.close_theirs()
        for fd in self.ours:
            os.close(fd)
        if self.feeding >= 0:
            os.close(self.feeding)
