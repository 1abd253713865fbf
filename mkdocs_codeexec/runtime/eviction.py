"""What a store deletes by itself: temporary files of killed builds, and beyond its size what was used longest ago.

Nothing is locked. What another build is about to read may go: it has a miss. Clocks are not trusted: a time that is
still to come says nothing of when a file was used.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.runtime.entries import (
    INDEXES,
    LARGEST,
    PREFIX,
    RESULTS,
    decode,
    discard,
    named,
    place,
    read,
    shelf,
)

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

ORPHANED = 3600
"""Seconds after which a temporary file belongs to nobody who is still writing it."""
SKEW = 3600
"""Seconds by which the clock of whoever wrote a file may be ahead of ours."""


def sweep(directory: Path) -> None:
    """Delete temporary files that a killed build left. A clock that is far off, either way, counts as old."""
    now = time.time()
    folders = [directory, *(folder for what in (RESULTS, *INDEXES) for folder in _folders(shelf(directory, what)))]
    for folder in folders:
        for file in _listed(folder):
            with suppress(OSError):
                if file.name.startswith(PREFIX) and abs(now - file.stat(follow_symlinks=False).st_mtime) > ORPHANED:
                    discard(Path(file.path))


def evict(directory: Path, size: int, used: Container[str]) -> None:
    """Bring a store that takes more than `size` bytes down to nine tenths of it.

    Results go, those first that were used longest ago, and with each the entries of the indexes that lead to it.

    Args:
        directory: Of the store.
        size: Bytes on the disk.
        used: Names of results that stay, however much that is.
    """
    # In this order: a result is written before what leads to it.
    indexes = [file for what in INDEXES for file in _files(directory, what)]
    results = list(_files(directory, RESULTS))
    taken = sum(file.size for file in indexes) + sum(file.size for file in results)
    if taken <= size:
        return
    leading: dict[str, list[_File]] = {}
    for index in indexes:
        leading.setdefault(_target(index), []).append(index)
    for target in leading.keys() - {result.name for result in results}:
        path = place(directory, RESULTS, target)
        if path is None or not os.path.lexists(path):
            taken -= _delete(leading[target])
    ahead = (time.time() + SKEW) * 1e9
    # Those first that no build can read, and those from a time to come.
    for result in sorted(results, key=lambda file: (file.length <= LARGEST and file.used <= ahead, file.used)):
        if taken <= size * 9 // 10:
            break
        if result.name not in used and (freed := _delete([result])):
            taken -= freed + _delete(leading.get(result.name, ()))


class _File(NamedTuple):
    """An entry as a listing shows it.

    Attributes:
        path: Where it is. It may be anything: a link is deleted like a file, a folder is not.
        name: The name of the entry.
        size: Bytes that it takes on the disk.
        length: Bytes that it holds.
        used: When it was last used, in nanoseconds.
    """

    path: str
    name: str
    size: int
    length: int
    used: int


def _target(index: _File) -> str:
    """Return the name of the result that an entry of an index leads to; empty if it leads nowhere."""
    try:
        return str(decode(read(Path(index.path)))["key"])
    except (OSError, ValueError, KeyError, RecursionError):
        return ""


def _delete(files: Iterable[_File]) -> int:
    """Delete `files`, except those that were used or written since they were listed; return the bytes that are free."""
    freed = 0
    for file in files:
        try:
            path = Path(file.path)
            if path.lstat().st_mtime_ns != file.used:
                continue
            path.unlink()
        except FileNotFoundError:
            pass  # another build was faster
        except OSError:
            continue
        freed += file.size
    return freed


def _files(directory: Path, what: str) -> Iterator[_File]:
    for folder in _folders(shelf(directory, what)):
        for entry in _listed(folder):
            with suppress(OSError):
                if name := named(entry.name):
                    about = entry.stat(follow_symlinks=False)
                    # A small file takes a whole block; some file systems do not tell of blocks.
                    size = max(about.st_size, 512 * getattr(about, "st_blocks", 0))
                    yield _File(entry.path, name, size, about.st_size, about.st_mtime_ns)


def _folders(shelf: Path) -> list[Path]:
    return [Path(entry.path) for entry in _listed(shelf) if entry.is_dir(follow_symlinks=False)]


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    """Return what is in `folder`; nothing if that cannot be known."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []
