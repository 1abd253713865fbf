"""What a store deletes by itself: temporary files of killed builds, and beyond its size what was used longest ago.

Nothing is locked. What another build is about to read may go: it has a miss. Clocks are not trusted: a time that is
still to come says nothing of when a file was used.
"""

from __future__ import annotations

import re
import stat
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.codec import from_json
from mkdocs_codeexec.runtime.blobs import BLOBS
from mkdocs_codeexec.runtime.entries import INDEXES, LARGEST, RESULTS, decode, named, place, shelf
from mkdocs_codeexec.untrusted import PREFIX, remove

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from mkdocs_codeexec.untrusted import Folder, Place, Tree

ORPHANED = 3600
"""Seconds after which a temporary file belongs to nobody who is still writing it."""
SKEW = 3600
"""Seconds by which the clock of whoever wrote a file may be ahead of ours."""
_DIGITS = re.compile("[0-9a-f]{2}")
_DIGEST = re.compile("[0-9a-f]{64}")
_TEMPORARY = re.compile(re.escape(PREFIX) + r"[^.]+\.tmp")


def sweep(tree: Tree) -> None:
    """Delete temporary files that a killed build left. A clock that is far off, either way, counts as old."""
    now = time.time()
    for at in [(), (BLOBS,), *(at for what in (RESULTS, *INDEXES) for at in _folders(tree, shelf(what)))]:
        with suppress(OSError, ValueError), tree.folder(at) as folder:
            for name in folder.names():
                with suppress(OSError):
                    if _TEMPORARY.fullmatch(name) and abs(now - folder.about(name).st_mtime) > ORPHANED:
                        remove(folder, name)


def evict(tree: Tree, size: int, used: Container[str], needed: Container[str] = ()) -> None:
    """Bring a store that takes more than `size` bytes down to nine tenths of it.

    Blobs go that no result names. Then results go, those first that were used longest ago, and with each the entries of
    the indexes that lead to it, and blobs that no other result names. A blob that was used within the last hour stays,
    whoever used it. Nothing goes that is not named as an entry, and no
    link leads anywhere.

    Args:
        tree: The store.
        size: Bytes on the disk.
        used: Names of results that stay, however much that is.
        needed: Digests of blobs that stay.
    """
    # In this order: a result is written before what leads to it.
    indexes = [file for what in INDEXES for file in listed(tree, what)]
    results = list(listed(tree, RESULTS))
    blobs = list(kept_blobs(tree))  # last: a blob is written before the result that names it
    taken = sum(file.size for kind in (indexes, results, blobs) for file in kind)
    if taken <= size:
        return
    naming = Naming(tree, blobs, results, needed)
    taken -= naming.clear()
    leading: dict[str, list[File]] = {}
    for index in indexes:
        leading.setdefault(leads_to(tree, index), []).append(index)
    for target in leading.keys() - {result.name for result in results}:
        at = place(RESULTS, target)
        if at is None or not _is_there(tree, at):
            taken -= delete(tree, leading[target])
    ahead = (time.time() + SKEW) * 1e9
    # Those first that no build can read, and those from a time to come.
    for result in sorted(results, key=lambda file: (file.length <= LARGEST and file.used <= ahead, file.used)):
        if taken <= size * 9 // 10:
            break
        if result.name not in used and (freed := delete(tree, [result])):
            taken -= freed + delete(tree, leading.get(result.name, ())) + naming.drop(result.name)


class Naming:
    """Which results name which blobs.

    Args:
        tree: The store.
        blobs: Those that are there.
        results: Those that were there before `blobs` were listed.
        needed: Digests of blobs that stay, whoever names them.
    """

    def __init__(self, tree: Tree, blobs: Iterable[File], results: Iterable[File], needed: Container[str]) -> None:
        self._tree = tree
        self._needed = needed
        self._blobs = {blob.name: blob for blob in blobs}
        self._names = {result.name: left_by(tree, result) for result in results} if self._blobs else {}
        self._counts = Counter(digest for names in self._names.values() for digest in names)

    def clear(self) -> int:
        """Delete blobs that nobody names, and return the bytes that are free."""
        return self._delete([name for name in self._blobs if not self._counts[name]])

    def drop(self, result: str) -> int:
        """Delete the blobs that `result` alone has named, and return the bytes that are free."""
        names = self._names.get(result, frozenset())
        self._counts.subtract(names)
        return self._delete([name for name in names if not self._counts[name]])

    def _delete(self, names: Iterable[str]) -> int:
        """Delete blobs, except those that were used within the last hour.

        Another build may have put them there, whose result is still to come, or may be about to give them to a sample.
        """
        now = time.time() * 1e9
        found = [self._blobs[name] for name in names if name in self._blobs and name not in self._needed]
        return delete(self._tree, [blob for blob in found if abs(now - blob.used) > ORPHANED * 1e9])


class File(NamedTuple):
    """An entry as a listing shows it.

    Attributes:
        place: Where it is. It may be anything: a link is deleted like a file, a folder is not.
        name: The name of the entry.
        size: Bytes that it takes on the disk.
        length: Bytes that it holds.
        used: When it was last used, in nanoseconds.
    """

    place: Place
    name: str
    size: int
    length: int
    used: int


def leads_to(tree: Tree, index: File) -> str:
    """Return the name of the result that an entry of an index leads to; empty if it leads nowhere."""
    try:
        return str(decode(tree.read(index.place, LARGEST))["key"])
    except (OSError, ValueError, KeyError, RecursionError):
        return ""


def left_by(tree: Tree, result: File) -> frozenset[str]:
    """Return the digests of the blobs that a result names; none if nobody can read it."""
    try:
        outcome = from_json(decode(tree.read(result.place, LARGEST)))
        return frozenset(blob.digest for blob in (*outcome.left, *outcome.shown))
    except (OSError, ValueError, RecursionError):
        return frozenset()


def kept_blobs(tree: Tree) -> Iterator[File]:
    """Yield the blobs; what is damaged is among them."""
    for at in _folders(tree, (BLOBS,)):
        with suppress(OSError, ValueError), tree.folder(at) as folder:
            yield from _entries(folder, at, _blob_named)


def _blob_named(file_name: str) -> str | None:
    return file_name if _DIGEST.fullmatch(file_name) else None


def _is_there(tree: Tree, at: Place) -> bool:
    try:
        with tree.folder(at[:-1]) as folder:
            return folder.has(at[-1])
    except (OSError, ValueError):
        return False


def delete(tree: Tree, files: Iterable[File]) -> int:
    """Delete `files`, except those that were used or written since they were listed; return the bytes that are free."""
    freed = 0
    for file in files:
        try:
            with tree.folder(file.place[:-1]) as folder:
                if folder.about(file.place[-1]).st_mtime_ns != file.used:
                    continue
                folder.unlink(file.place[-1])
        except FileNotFoundError:
            pass  # another build was faster
        except (OSError, ValueError):
            continue
        freed += file.size
    return freed


def listed(tree: Tree, what: str) -> Iterator[File]:
    """Yield the entries of one kind; what is damaged is among them."""
    for at in _folders(tree, shelf(what)):
        with suppress(OSError, ValueError), tree.folder(at) as folder:
            yield from _entries(folder, at, named)


def _entries(folder: Folder, at: Place, named_by: Callable[[str], str | None]) -> Iterator[File]:
    for file in folder.names():
        with suppress(OSError):
            if name := named_by(file):
                about = folder.about(file)
                # A small file takes a whole block; some file systems do not tell of blocks.
                size = max(about.st_size, 512 * getattr(about, "st_blocks", 0))
                yield File((*at, file), name, size, about.st_size, about.st_mtime_ns)


def _folders(tree: Tree, at: Place) -> list[Place]:
    """Return the folders of entries at `at`; links are none."""
    try:
        with tree.folder(at) as folder:
            names = [name for name in folder.names() if _DIGITS.fullmatch(name)]
            return [(*at, name) for name in names if stat.S_ISDIR(folder.about(name).st_mode)]
    except (OSError, ValueError):
        return []
