"""A stream of a session's program, taken apart at its marks (`core.action.Marks`)."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.outcome import Exited, StepResult, TimedOut
from mkdocs_codeexec.runtime.kept import Kept

if TYPE_CHECKING:
    from mkdocs_codeexec.core.action import Marks
    from mkdocs_codeexec.core.outcome import StepKind, Termination


_MARK = re.compile(rb"codeexec(?:-[0-9a-f]*-([0-9]{1,3})-([0-9]{1,4})([.<;])|(\+[0-9a-f]*[>;]))((?<!;)\r?\n)?")
"""Behind the start that only marks of one program have; the end of a line belongs to those that a program prints."""


@dataclass(slots=True)
class Part:
    """What one step of a session has written to a stream.

    Attributes:
        kept: What is kept of it.
        status: How it ended.
        going_on: How many threads it leaves.
        ended: When its mark came, by the clock that only goes forward.
    """

    kept: Kept
    status: int = 0
    going_on: int = 0
    ended: float = 0.0


class Divided(Kept):
    """The parts of a stream, each in bounded memory.

    Args:
        head: Bytes kept of the start of each.
        tail: Bytes kept of its end.
        marks: Where it is taken apart.
        kept: What a part is kept in.

    Attributes:
        seconds: How long each part may take.
        parts: What has come of each so far.
    """

    def __init__(self, head: int, tail: int, marks: Marks, kept: type[Kept] = Kept) -> None:
        super().__init__(head, tail)
        self._kept = kept
        self.seconds = marks.seconds
        self._starts = marks.start.encode(), marks.begin[:-1].encode()
        self._pending = b""
        self._times, self._ends = marks.times, 0
        self._gap: Kept | None = None
        self.parts = [Part(self._kept(*self._sizes))]

    def add(self, chunk: bytes) -> None:
        """Take the next bytes of the stream."""
        super().add(chunk)
        data = self._pending + chunk
        at = 0
        while (found := self._found(data, at)) and (found[5] or found.end() + 2 <= len(data)):
            self._take(data[at : found.start()])
            self._cut(found)
            at = found.end()
        hold = self._held(data, at)
        self._take(data[at:hold])
        self._pending = data[hold:]

    def close(self) -> None:
        """Take what may have been the start of a mark and was none; what nobody began belongs to the last part."""
        data, self._pending = self._pending, b""
        if (found := self._found(data, 0)) and found.start() == 0:
            self._cut(found)
            data = data[found.end() :]
        self._take(data)
        if self._gap is not None:
            gap, self._gap = self._gap, None
            self.parts[-1].kept.add(gap.finish()[0].encode("utf-8", "replace"))

    def _found(self, data: bytes, at: int) -> re.Match[bytes] | None:
        """Return the first mark in `data` from `at` on."""
        places = [place for start in self._starts if (place := data.find(start, at)) >= 0]
        while places:
            if found := _MARK.match(data, min(places)):
                return found
            at = min(places) + 1
            places = [place for start in self._starts if (place := data.find(start, at)) >= 0]
        return None

    def _take(self, data: bytes) -> None:
        if data:
            (self.parts[-1].kept if self._gap is None else self._gap).add(data)

    def _cut(self, found: re.Match[bytes]) -> None:
        if found[4]:
            self._gap = None
            return
        self._ends += 1
        if (self._ends - 1) % self._times:
            return
        last = self.parts[-1]
        last.status, last.going_on, last.ended = min(int(found[1]), 255), int(found[2]), time.monotonic()
        if len(self.parts) < len(self.seconds):
            self.parts.append(Part(self._kept(*self._sizes)))
        self._gap = Kept(*self._sizes) if found[3] == b"<" else None

    def _held(self, data: bytes, at: int) -> int:
        """Return from where on `data` may be the start of a mark."""
        longest = max(map(len, self._starts)) + len("255-9999.\r\n")
        place = data.find(b"codeexec"[:1], max(at, len(data) - longest))
        while place >= 0:
            rest = data[place:]
            if any(rest[: len(start)] == start[: len(rest)] for start in self._starts):
                return place
            place = data.find(b"codeexec"[:1], place + 1)
        return len(data)


def results(out: Divided, err: Divided, kind: StepKind, ended: Termination, began: float) -> tuple[StepResult, ...]:
    """Return what each step came to, up to the one with which the program ended.

    Args:
        out: What it wrote to standard output.
        err: What it wrote to standard error.
        kind: What a result is called.
        ended: How the program ended.
        began: When it did, by the clock that only goes forward.
    """
    out.close()
    err.close()
    found = []
    count = max(len(out.parts), len(err.parts))
    if isinstance(ended, TimedOut):
        ended = TimedOut(out.seconds[count - 1])
    told = out.parts if len(out.parts) == count else err.parts
    for place in range(count):
        last = place == count - 1
        texts = [_text(stream, place, last=last) for stream in (out, err)]
        until = time.monotonic() if last else told[place].ended
        found.append(
            StepResult(
                kind=kind,
                stdout=texts[0][0],
                stderr=texts[1][0],
                ended=ended if last else Exited(told[place].status),
                truncated=(texts[0][1], texts[1][1]),
                duration=max(until - began, 0.0),
                going_on=0 if last else told[place].going_on,
                contents=out.parts[place].kept.contents if place < len(out.parts) else {},
            )
        )
        began = until
    return tuple(found)


def _text(stream: Divided, place: int, *, last: bool) -> tuple[str, int]:
    """Return what is kept of the part at `place`; a stream without any mark is all of the `last` one."""
    if len(stream.parts) == 1:
        return stream.parts[0].kept.finish() if last else ("", 0)
    return stream.parts[place].kept.finish() if place < len(stream.parts) else ("", 0)
