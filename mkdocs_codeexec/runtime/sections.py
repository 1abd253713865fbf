"""Standard output in which a program shows more than text (`core.displays`): what is shown is taken out as it comes."""

from __future__ import annotations

import hashlib
import re

from mkdocs_codeexec.core import displays
from mkdocs_codeexec.core.displays import BEGIN, BUNDLE, END, LARGEST, MOST, Content
from mkdocs_codeexec.runtime.kept import Kept

_BEGIN = BEGIN.encode()
_OPENED = re.compile(_BEGIN + rb" ([^\r\n]{1,200})\r?\n")
_ANYWHERE = f"{BEGIN} {BUNDLE}\n".encode()
"""The first line of a section that may begin within a line: who shows a bundle does not know what others have written."""
_LINE = re.compile(rb"(?<=\n)(?:" + END.encode() + rb"\r?(?:\n|\Z)|" + _BEGIN + rb" )")
"""What ends a section: the line that says so, or the next one, before which it should have ended."""
_HELD = 256
"""Bytes that the first line of a section may take."""


class Sections(Kept):
    """A stream in bounded memory, with a line of JSON in each of its sections.

    A whole bundle may begin within a line, and is on lines of its own then. A section without an end, of no type, or beyond what is read of sections stays as it was written.
    """

    def __init__(self, head: int, tail: int) -> None:
        super().__init__(head, tail)
        self._waiting = b""
        self._section: bytearray | None = None
        self._looked = 0
        self._at_start = True
        self._within = False
        self._count = 0
        self._size = 0

    def add(self, chunk: bytes) -> None:
        """Take the next bytes of the stream."""
        if self._section is None and not self._waiting and _BEGIN[:1] not in chunk:
            self._take(chunk)
            return
        self._waiting += chunk
        while self._advance():
            pass

    def finish(self) -> tuple[str, int]:
        """Return the text, and how many bytes of it are missing; see `Kept`."""
        if self._section is not None:
            self._close(final=True)
        rest, self._waiting = self._waiting, b""
        self._take(rest)
        return super().finish()

    def _take(self, text: bytes) -> None:
        if text:
            super().add(text)
            self._at_start = text.endswith(b"\n")

    def _advance(self) -> bool:
        """Go on with what is waiting; return whether there may be more to do."""
        if self._section is not None:
            return self._close(final=False)
        data = self._waiting
        at = data.find(_BEGIN)
        if at >= 0 and ((at == 0 and self._at_start) or (at > 0 and data[at - 1 : at] == b"\n")):
            opened = _OPENED.match(data, at) if at else _OPENED.match(data)
            if opened is None and len(data) - at < _HELD and b"\n" not in data[at:]:
                self._pass(at)
                return False
            if opened is not None and self._count < MOST:
                self._pass(at)
                self._open(within=False)
                return True
        elif at >= 0 and self._count < MOST and _ANYWHERE.startswith(data[at : at + len(_ANYWHERE)]):
            self._pass(at)
            if len(data) - at < len(_ANYWHERE):
                return False
            self._open(within=True)
            return True
        if at >= 0:
            self._pass(at + len(_BEGIN))
            return True
        self._pass(len(data) - _held(data))
        return False

    def _open(self, *, within: bool) -> None:
        """Take what is waiting as a section, which may begin `within` a line."""
        self._section = bytearray(self._waiting)
        self._waiting = b""
        self._looked = 0
        self._within = within
        self._count += 1

    def _pass(self, count: int) -> None:
        """Take the first `count` bytes that are waiting as text."""
        self._take(self._waiting[:count])
        self._waiting = self._waiting[count:]

    def _close(self, *, final: bool) -> bool:
        """Look for the end of the section that is open; return whether it has ended."""
        assert self._section is not None
        start = max(self._looked - _HELD, 0)
        self._section += self._waiting
        self._waiting = b""
        ended = _LINE.search(self._section, start)
        self._looked = len(self._section)
        if (
            ended is not None
            and not final
            and ended.end() == len(self._section)
            and not ended[0].endswith((b"\n", b" "))
        ):
            ended = None  # there may come more of that line
        if ended is None:
            if final or self._size + len(self._section) > LARGEST:
                section, self._section = bytes(self._section), None
                self._take(section)
            return False
        is_end = not ended[0].startswith(_BEGIN)
        end = ended.end() if is_end else ended.start()
        section, self._waiting = bytes(self._section[:end]), bytes(self._section[end:])
        self._section = None
        named = self._named(section, ended.start()) if is_end else b""
        if named:
            super().add_whole(named)
            self._at_start = True
        else:
            self._take(section)
        return True

    def _named(self, section: bytes, end: int) -> bytes:
        """Return `section`, whose last line begins at `end`, with what it shows named; empty if that is nothing."""
        opened = _OPENED.match(section)
        assert opened is not None, "it was opened"
        mime = opened[1].decode("utf-8", "replace").strip().lower()
        if self._size + len(section) > LARGEST:
            return b""
        found = displays.read(mime, section[opened.end() : end].removesuffix(b"\n").removesuffix(b"\r"))
        if found is None:
            return b""
        self._size += len(section)
        contents = []
        for kind, content in found.items():
            digest = hashlib.sha256(content).hexdigest()
            self.contents[digest] = content
            contents.append(Content(kind, digest, len(content)))
        named = displays.section(tuple(contents), whole=mime == BUNDLE).encode()
        return b"\n" + named if self._within else named


def _held(data: bytes) -> int:
    """Return how many bytes at the end of `data` may be the start of a section."""
    return next((count for count in range(len(_BEGIN) - 1, 0, -1) if data.endswith(_BEGIN[:count])), 0)
