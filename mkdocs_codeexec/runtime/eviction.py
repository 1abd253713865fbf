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

from mkdocs_codeexec.core.action import Key
from mkdocs_codeexec.core.codec import from_json
from mkdocs_codeexec.runtime.blobs import BLOBS
from mkdocs_codeexec.runtime.entries import INDEXES, LARGEST, LISTS, RESULTS, decode, named, place, shelf
from mkdocs_codeexec.runtime.observed import manifests
from mkdocs_codeexec.runtime.slices import SHELF, KeptSlices, slice_named
from mkdocs_codeexec.untrusted import PREFIX, remove

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping

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
    shelves = (SHELF, *map(shelf, (RESULTS, *INDEXES)))
    for at in [(), (BLOBS,), *(at for one in shelves for at in _folders(tree, one))]:
        with suppress(OSError, ValueError), tree.folder(at) as folder:
            for name in folder.names():
                with suppress(OSError):
                    if _TEMPORARY.fullmatch(name) and abs(now - folder.about(name).st_mtime) > ORPHANED:
                        remove(folder, name)


def evict(tree: Tree, size: int, used: Container[str], needed: Container[str] = ()) -> None:
    """Bring a store that takes more than `size` bytes down to nine tenths of it.

    Blobs go that no result names, and slices that no list is made of. Then results go, those first that were used longest
    ago, and with each the entries of the indexes that lead to it, and blobs and slices that nothing else names. A blob or a
    slice that was used within the last hour stays, whoever used it. Nothing goes that is not named as an entry, and no
    link leads anywhere.

    Args:
        tree: The store.
        size: Bytes on the disk.
        used: Names of results that stay, however much that is.
        needed: Names of blobs and slices that stay.
    """
    # In this order: a result is written before what leads to it.
    indexes = [file for what in INDEXES for file in listed(tree, what)]
    results = list(listed(tree, RESULTS))
    blobs = list(kept_blobs(tree))  # last: a blob is written before the result that names it
    slices = list(kept_slices(tree))
    taken = sum(file.size for kind in (indexes, results, blobs, slices) for file in kind)
    if taken <= size:
        return
    left = Naming(tree, blobs, {file.name: left_by(tree, file) for file in results} if blobs else {}, needed)
    reader = KeptSlices(tree, writable=False)
    lists = [file for file in indexes if file.place[0] == LISTS] if slices else []
    shared = Naming(tree, slices, {file.name: shared_by(tree, reader, file.place, file.name) for file in lists}, needed)
    taken -= left.clear() + shared.clear()
    leading: dict[str, list[File]] = {}
    for index in indexes:
        leading.setdefault(leads_to(tree, index), []).append(index)

    def unlead(target: str) -> int:
        """Delete what leads to `target`, and return the bytes that are free."""
        gone = leading.get(target, [])
        return delete(tree, gone) + sum(shared.drop(file.name) for file in gone if file.place[0] == LISTS)

    for target in leading.keys() - {result.name for result in results}:
        at = place(RESULTS, target)
        if at is None or not _is_there(tree, at):
            taken -= unlead(target)
    ahead = (time.time() + SKEW) * 1e9
    # Those first that no build can read, and those from a time to come.
    for result in sorted(results, key=lambda file: (file.length <= LARGEST and file.used <= ahead, file.used)):
        if taken <= size * 9 // 10:
            break
        if result.name not in used and (freed := delete(tree, [result])):
            taken -= freed + unlead(result.name) + left.drop(result.name)


class Naming:
    """Which entries name which files: results name blobs, lists of inputs slices.

    Args:
        tree: The store.
        files: Those that are there and may be named.
        names: What each entry names, of those that were there before `files` were listed.
        needed: Names of files that stay, whoever names them.
    """

    def __init__(
        self, tree: Tree, files: Iterable[File], names: Mapping[str, frozenset[str]], needed: Container[str]
    ) -> None:
        self._tree = tree
        self._needed = needed
        self._files = {file.name: file for file in files}
        self._names = names
        self._counts = Counter(name for found in names.values() for name in found)

    def clear(self) -> int:
        """Delete files that nobody names, and return the bytes that are free."""
        return self._delete([name for name in self._files if not self._counts[name]])

    def drop(self, entry: str) -> int:
        """Delete the files that `entry` alone has named, and return the bytes that are free."""
        names = self._names.get(entry, frozenset())
        self._counts.subtract(names)
        return self._delete([name for name in names if not self._counts[name]])

    def _delete(self, names: Iterable[str]) -> int:
        """Delete files, except those that were used within the last hour.

        Another build may have put them there, whose entry is still to come, or may be about to use them.
        """
        now = time.time() * 1e9
        found = [self._files[name] for name in names if name in self._files and name not in self._needed]
        return delete(self._tree, [file for file in found if abs(now - file.used) > ORPHANED * 1e9])


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


def shared_by(tree: Tree, slices: KeptSlices, lists: Place, key: str) -> frozenset[str]:
    """Return the names of outlines and slices that the lists of `key` are made of; none if nobody can read the entry."""
    try:
        found = manifests.lists(decode(tree.read(lists, LARGEST)), Key(key))
    except (OSError, ValueError, RecursionError):
        return frozenset()
    return frozenset().union(*(slices.names(kept.outline) for kept in found))


def kept_blobs(tree: Tree) -> Iterator[File]:
    """Yield the blobs; what is damaged is among them."""
    return _below(tree, (BLOBS,), _blob_named)


def kept_slices(tree: Tree) -> Iterator[File]:
    """Yield the slices, and the outlines that name them; what is damaged is among them."""
    return _below(tree, SHELF, slice_named)


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
    return _below(tree, shelf(what), named)


def _below(tree: Tree, shelf: Place, named_by: Callable[[str], str | None]) -> Iterator[File]:
    for at in _folders(tree, shelf):
        with suppress(OSError, ValueError), tree.folder(at) as folder:
            yield from _entries(folder, at, named_by)


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
