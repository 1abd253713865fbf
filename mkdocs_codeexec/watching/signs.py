"""How files are, and were when they were read: what tells a change from a word of the file system."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

LARGEST = 4 * 1024 * 1024
"""Bytes of a file whose contents are compared; of a larger one it counts when it was written."""


class Sign(NamedTuple):
    """How a file is.

    Attributes:
        size: In bytes; -1 of a folder, of which it counts that it is there.
        written: In nanoseconds since the epoch.
        inode: Which file it is.
    """

    size: int
    written: int
    inode: int


FOLDER = Sign(-1, 0, 0)


def sign(path: str) -> Sign | None:
    """Return how the file `path` is; None if there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - thousands of them
    except (OSError, ValueError):
        return None
    return FOLDER if stat.S_ISDIR(found.st_mode) else Sign(found.st_size, found.st_mtime_ns, found.st_ino)


class Known:
    """How files were when they were looked at last, their contents included where they are not too large."""

    def __init__(self) -> None:
        self._signs: dict[str, Sign | None] = {}
        self._digests: dict[str, tuple[Sign, bytes]] = {}

    def __contains__(self, path: str) -> bool:
        return path in self._signs

    def note(self, read: Mapping[str, Sign | None]) -> list[str]:
        """Take how files were when they were read, and return those that are otherwise by now."""
        self._signs.update(read)
        return [path for path, found in read.items() if sign(path) != found]

    def changed(self, paths: Iterable[str]) -> set[str]:
        """Return those of `paths` that are otherwise than they were, and take note of how they are now."""
        found = set()
        for path in paths:
            now = sign(path)
            if path in self._signs and self._signs[path] == now:
                continue
            self._signs[path] = now
            if not self._same(path, now):
                found.add(path)
                if now is not None and now != FOLDER:
                    self._digest(path, now)
        return found

    def otherwise(self) -> list[str]:
        """Return all files that are otherwise than they were: nobody may have told."""
        return [path for path, found in self._signs.items() if found != FOLDER and sign(path) != found]

    def read(self, going: Callable[[], bool]) -> None:
        """Take note of what is in all files, as long as `going` says so."""
        for path, found in self._signs.items():
            if found is None or found == FOLDER or self._digests.get(path, (None,))[0] == found:
                continue
            if not going():
                return
            self._digest(path, found)

    def _same(self, path: str, now: Sign | None) -> bool:
        """Tell whether a file that was written is what it was."""
        before = self._digests.get(path)
        if now is None:
            self._digests.pop(path, None)
        if before is None or now is None or now.size != before[0].size:
            return False
        return self._digest(path, now) == before[1]

    def _digest(self, path: str, now: Sign) -> bytes | None:
        """Return a digest of what is in a file, and keep it; None if the file is not as it was `now`, or too large."""
        self._digests.pop(path, None)
        if now.size > LARGEST:
            return None
        try:
            with open(path, "rb") as file:  # noqa: PTH123 - thousands of them
                found = hashlib.sha256(file.read(LARGEST + 1)).digest()
        except OSError:
            return None
        if sign(path) != now:
            return None
        self._digests[path] = now, found
        return found
