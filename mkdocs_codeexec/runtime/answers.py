"""What a supervisor answers: read from its pipe, and believed as far as it can be true.

A supervisor is a program of ours, but strangers' code runs beside it. Whatever it sends, reading that comes to an end, and
takes no more memory than has really come.
"""

from __future__ import annotations

import errno
import math
import os
import re
import select
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.outcome import (
    Exited,
    LimitReached,
    NotStarted,
    OutOfMemory,
    OutputFlooded,
    Signaled,
    TimedOut,
)
from mkdocs_codeexec.runtime.supervising.protocol import CHUNK, LARGEST

if TYPE_CHECKING:
    from mkdocs_codeexec.core.outcome import Termination
    from mkdocs_codeexec.core.protocols import Command

PASSING = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ETXTBSY})
"""Why no process can be started now, and perhaps can in a moment (`fork(2)`, `execve(2)`)."""
MONTH = 2_000_000_000
"""Milliseconds: the longest that `poll` takes."""
LATE = 16 * 1024 * 1024
"""Bytes that are read when the time is over. This process may have been stopped while the child ran and ended."""
SMALL = 512
"""Bytes that each of those reads counts for, at least."""
_LAST_PROCESS = 2**22
"""The largest id of a process (`PID_MAX_LIMIT` of Linux)."""

_WHOLE = re.compile(r"[0-9]{1,15}")
_NAME = re.compile(r"[a-z_]{1,20}")
_WORDS = 8192
"""Characters of a reason."""


class AnswerError(ValueError):
    """What came is no answer of a supervisor."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a supervisor says at the end of a child.

    Attributes:
        how: How the child ended, in a word.
        value: A number that goes with it; for a limit its name and amount, for no child the reason and its `errno`.
        seconds: How long it ran.
        asked: What it looked for, if that is known.
    """

    how: str
    value: float | tuple[str, int]
    seconds: float
    asked: bytes | None = None


class Answers:
    """The answers that come on the descriptor `fd`, up to `deadline`."""

    def __init__(self, fd: int, deadline: float) -> None:
        self._fd = fd
        self._deadline = deadline
        self._late = LATE
        self._poll = select.poll()
        self._poll.register(fd, select.POLLIN)

    def next(self) -> tuple[bytes, bytes] | None:
        """Return type and payload of the next answer, or None if none comes, or not all of it.

        Raises:
            AnswerError: There is no such answer.
        """
        header = self._receive(5)
        if header is None:
            return None
        what, size = struct.unpack("!cI", header)
        if size > LARGEST.get(what, -1):
            raise AnswerError(f"an answer of the type {what!r} with {size} bytes")
        payload = self._receive(size)
        return None if payload is None else (what, payload)

    def _receive(self, size: int) -> bytes | None:
        """Return `size` bytes, or None if they do not come."""
        data = bytearray()
        while len(data) < size:
            left = self._deadline - time.monotonic()
            if left <= 0 and self._late <= 0:
                return None
            if not self._poll.poll(patience(self._deadline)):
                return None
            chunk = os.read(self._fd, min(size - len(data), CHUNK))
            if not chunk:
                return None
            if left <= 0:
                self._late -= max(len(chunk), SMALL)
            data += chunk
        return bytes(data)


def patience(deadline: float) -> float | None:
    """Return how long to wait up to `deadline`, as `poll` has it."""
    left = deadline - time.monotonic()
    return None if left == math.inf else min(max(left * 1000, 0), MONTH)


def process(payload: bytes) -> int:
    """Return the id of a child.

    Raises:
        AnswerError: There can be no such child of a supervisor.
    """
    number = _whole(payload.decode("ascii", "replace"))
    if not 1 < number <= _LAST_PROCESS:
        raise AnswerError(f"a child with the number {number}")
    return number


def report(payload: bytes, asked: bytes | None = None) -> Report:
    """Return what the last answer says.

    Raises:
        AnswerError: No child can end so.
    """
    how, *rest = payload.decode("utf-8", "replace").split("\0")
    if len(rest) < 2:
        raise AnswerError("a report without its parts")
    seconds, *said = rest
    return Report(how, _value(how, said), _seconds(seconds), asked)


def _value(how: str, said: list[str]) -> float | tuple[str, int]:
    match how, said:
        case "exited" | "signaled", [number] if (code := _whole(number)) <= 255:
            return code
        case "timed_out", [number]:
            return _seconds(number)
        case "output_flooded", [number]:
            return _whole(number)
        case "limit_reached", [name, number] if _NAME.fullmatch(name):
            return name, _whole(number)
        case "not_started", [words, number]:
            return words[:_WORDS], _whole(number)
        case _:
            raise AnswerError(f"a child that has ended as {how[:40]!r} and {len(said)} values")


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise AnswerError(f"{text[:40]!r} instead of a number")
    return int(text)


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 <= found < math.inf:
        raise AnswerError(f"{text[:40]!r} instead of seconds")
    return found


def ended(found: Report, command: Command) -> Termination:
    """Return how the child of `command` ended, by the report of its supervisor."""
    value = found.value
    if isinstance(value, tuple):
        what, number = value
        if found.how == "not_started":
            return NotStarted(what, transient=number in PASSING)
        return OutOfMemory(number) if what == "memory" else LimitReached(what, number)
    match found.how:
        case "exited":
            return Exited(int(value))
        case "signaled":
            return Signaled(int(value))
        case "timed_out":
            return TimedOut(command.timeout if command.timeout is not None else value)
        case _:
            return OutputFlooded(int(value))
