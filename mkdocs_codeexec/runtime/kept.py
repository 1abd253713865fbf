"""What is kept of a stream that may be endless."""

from __future__ import annotations

import codecs

from mkdocs_codeexec.core.outcome import OMITTED


class Kept:
    """The start and the end of a stream, in bounded memory.

    Attributes:
        contents: What is kept of it apart from its text, by digest.
    """

    def __init__(self, head: int, tail: int) -> None:
        self.contents: dict[str, bytes] = {}
        self._wholes: list[tuple[int, int]] = []
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

    def add_whole(self, chunk: bytes) -> None:
        """Take the next bytes of the stream, which are kept whole or not at all."""
        self._wholes.append((self._total, self._total + len(chunk)))
        Kept.add(self, chunk)

    def finish(self) -> tuple[str, int]:
        """Return the text, with a line that says what is missing where something is, and the bytes that are missing.

        What is cut is cut between characters.
        """
        head, tail = self._sizes
        if self._total <= head + tail:
            return (self._head + self._tail).decode("utf-8", "replace"), 0
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        begin = self._total - tail
        for first, last in self._wholes:
            head = min(head, first) if first < self._sizes[0] < last else head
            begin = max(begin, last) if first < self._total - tail < last else begin
        start = decoder.decode(bytes(self._head[:head]))
        undecoded, _ = decoder.getstate()
        end = self._tail[len(self._tail) - (self._total - begin) :]
        skip = next((i for i, byte in enumerate(end[:3]) if byte & 0xC0 != 0x80), min(3, len(end)))
        omitted = self._total - (head - len(undecoded)) - (len(end) - skip)
        newline = "" if start.endswith("\n") else "\n"
        return f"{start}{newline}{OMITTED.format(omitted)}\n{end[skip:].decode('utf-8', 'replace')}", omitted
