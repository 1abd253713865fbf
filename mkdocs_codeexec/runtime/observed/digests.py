"""Digests of files, remembered: a build in which nothing changed asks for the dates of files and reads none."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time
from typing import TYPE_CHECKING, Any, TypeAlias

from mkdocs_codeexec.files import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Signature: TypeAlias = tuple[int, int, int, int]
"""Size, time of the last change of the contents and of the file, both in nanoseconds, and the number of the inode."""

FORMAT = 1
LARGEST = 512 * 1024 * 1024
"""Bytes of a file that is read; of a larger one size and date count."""
RELOCATED = 256 * 1024
"""Bytes of a file in which the folders of this machine are looked for."""
MOST = 50_000
"""Files that are remembered."""
TICK = 50_000_000
"""Nanoseconds within which two changes of a file may have one date: what changed just now is not remembered."""
DIGITS = 40


class Digests:
    """Digests by path and signature; kept in the file `memo`, which no checkout and no cache can bring along.

    It never fails: what cannot be read is not known, what cannot be written is remembered by this process alone.
    """

    def __init__(self, memo: Path | None, relocated: Callable[[str, bytes], bytes]) -> None:
        self._memo = memo
        self._relocated = relocated
        self._known: dict[str, tuple[Signature, str]] | None = None
        self._used: set[str] = set()
        self._changed = False

    def of(self, path: str, about: os.stat_result) -> str:
        """Return the digest of the regular file `path`.

        Raises:
            OSError: It cannot be read.
        """
        signature = (about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino)
        if self._known is None:
            self._known = self._load()
        self._used.add(path)
        found = self._known.get(path)
        if found is not None and found[0] == signature:
            return found[1]
        digest = self._digest(path, signature)
        if time.time_ns() - max(about.st_ctime_ns, about.st_mtime_ns) > TICK:
            self._known[path] = (signature, digest)
            self._changed = True
        return digest

    def _digest(self, path: str, signature: Signature) -> str:
        if signature[0] > LARGEST:
            return f"{signature[0]} bytes of {signature[1]}"
        # Never wait for a pipe that was put there since.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        with os.fdopen(fd, "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise OSError(f"{path}: not a regular file")
            if signature[0] <= RELOCATED:
                data = file.read(RELOCATED + 1)
                if data is None:
                    raise OSError(f"{path}: it has nothing to read now")
                return hashlib.sha256(self._relocated(path, data)).hexdigest()[:DIGITS]
            return hashlib.file_digest(file, "sha256").hexdigest()[:DIGITS]

    def save(self) -> None:
        """Keep what was found out."""
        if self._memo is None or not self._changed or self._known is None:
            return
        self._changed = False
        # What was asked for comes last, and stays when there is too much.
        order = sorted(self._known, key=lambda path: path in self._used)[-MOST:]
        files = {path: [*self._known[path][0], self._known[path][1]] for path in order}
        with contextlib.suppress(OSError, ValueError):
            write_json(self._memo, {"format": FORMAT, "files": files}, compact=True)

    def _load(self) -> dict[str, tuple[Signature, str]]:
        return (read_json(self._memo, _remembered) if self._memo else None) or {}


def _remembered(value: Any) -> dict[str, tuple[Signature, str]]:
    if value["format"] != FORMAT:
        return {}
    return {
        str(path): ((int(size), int(mtime), int(ctime), int(inode)), str(digest))
        for path, (size, mtime, ctime, inode, digest) in value["files"].items()
    }
