"""What an Action leaves in its working directory for others, and what others have left for it.

A sample may have made whatever it likes there. It is looked at when nothing of the sample runs any more, by descriptor and
without following links, and within limits.
"""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from mkdocs_codeexec.core.artifacts import matches
from mkdocs_codeexec.core.blobs import Blob, is_within
from mkdocs_codeexec.core.outcome import LimitReached
from mkdocs_codeexec.core.sample import in_one_line
from mkdocs_codeexec.runtime.orders import builds
from mkdocs_codeexec.runtime.restoring import restore
from mkdocs_codeexec.runtime.supervising.namespaces import COPIED
from mkdocs_codeexec.untrusted import Folder, Place, UnfitError, below, copied

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from mkdocs_codeexec.core.action import Action
    from mkdocs_codeexec.core.confinement import Limits
    from mkdocs_codeexec.core.protocols import Blobs

MOST = 5000
"""Files and folders that are looked at."""
DEEPEST = 100
"""Folders within each other."""
MIB = 1024 * 1024
CACHES = frozenset({"__pycache__"})
"""Folders in which interpreters keep what they have made of sources, with the times of these; others make their own."""

_Signature: TypeAlias = tuple[int, int, int, int]


class _Seen(NamedTuple):
    """A file as it was before the Action ran.

    Attributes:
        size: In bytes.
        signature: Of a large one: device, inode, size and date.
        digest: Of a small one.
        covered: Whether a child sees a copy of a small one, and a large one that it cannot change.
    """

    size: int
    signature: _Signature
    digest: str
    covered: bool


class Leaving:
    """What one Action gets of others, and leaves to others.

    Args:
        action: The Action.
        own: Names of the files that are its program: it leaves none of them, whatever has become of it.
        blobs: Where files are kept.
        tell: Takes a kind and a message for people: a file that is not kept. Each kind is told once.
    """

    def __init__(self, action: Action, own: Collection[str], blobs: Blobs, tell: Callable[[str, str], None]) -> None:
        self._action = action
        self._own = frozenset(own)
        self._blobs = blobs
        self._tell = tell
        self._given = {blob.path: blob for blob in action.left}
        self._before: dict[str, _Seen] | None = None
        self._covering: set[_Signature] = set()
        self._owner = -1
        self._limits = next((step.limits for step in reversed(action.steps) if step.kind == "run"), None)
        self._left: tuple[Blob, ...] | LimitReached = ()
        self._fault: Exception | None = None

    def restore(self, work: Folder, *, linked: bool) -> None:
        """Put what others have left into `work`, to be read only.

        Args:
            work: The working directory, before anything has run there.
            linked: Whether no run step could change a file there that has another name elsewhere. A build step could.

        Raises:
            CodeExecError: One is gone, or damaged, or there is no room for it.
        """
        restore(work, self._action.left, self._blobs, linked=linked and not builds(self._action))

    @property
    def wanted(self) -> bool:
        """Whether anybody wants what it leaves."""
        return self._action.leaves or bool(self._action.artifacts)

    @property
    def left(self) -> tuple[Blob, ...] | LimitReached:
        """What it has left, sorted by path, or which limit that has come to. Known when it has run.

        Raises:
            OSError: There is no room for it.
        """
        if self._fault is not None:
            raise self._fault
        return self._left

    def note(self, work: Folder, *, covered: bool) -> None:
        """Note what is in `work` before the first run step: that is not left, unless it is changed.

        Args:
            work: The working directory.
            covered: Whether children see copies, and large files that they cannot change.

        Raises:
            OSError: It cannot be read.
        """
        if self._before is not None:
            return
        before: dict[str, _Seen] = {}
        for place, about in self._given_files(work):
            fd = -1
            try:
                fd = _opened(work, place)
                digest = copied(fd, None, COPIED)[0] if about.st_size <= COPIED else ""
            except UnfitError:
                continue
            finally:
                if fd >= 0:
                    os.close(fd)
            before["/".join(place)] = _Seen(about.st_size, _signature(about), digest, covered)
        self._before = before  # one file may have several of these names
        self._covering = {seen.signature for seen in before.values() if covered and not seen.digest}

    def take(self, fd: int) -> None:
        """Keep what is in the folder `fd`, and remember it or why that is not possible. Never raises."""
        try:
            with Folder(Path(), os.dup(fd)) as work:
                self._left = self._collected(work)
        except _LimitError as limit:
            self._left = limit.ended
        except Exception as error:  # noqa: BLE001 - raised again by whoever asks what was left
            self._fault = error

    def _collected(self, work: Folder) -> tuple[Blob, ...]:
        limits = self._limits
        found = sorted(
            (("/".join(place), place, about) for place, about in self._files(work)), key=lambda each: each[0]
        )
        found = [each for each in found if each[0] not in self._own]
        if not self._action.leaves:
            found = [each for each in found if matches(each[0], self._action.artifacts)]
        files = [each for each in found if not self._is_untouched(each[0], each[2])]
        _bounded(limits, [about.st_size for _, _, about in files])
        blobs = {path: self._given[path] for path, *_ in found if path in self._given}
        for path, _, _ in files:
            blobs.pop(path, None)
        total = sum(blob.size for blob in blobs.values())
        for path, place, about in files:
            try:
                fd = _opened(work, place)
            except (OSError, ValueError):  # nobody makes this but a process that has escaped
                self._ignored(path, "replaced", "was replaced while it was looked at")
                continue
            try:
                blob = self._kept(path, about, fd, limits)
            finally:
                os.close(fd)
            if blob is not None:
                blobs[path] = blob
                total += blob.size
                _bounded(limits, [total], disk_only=True)
        _bounded(limits, [total], disk_only=True)
        return tuple(blobs[path] for path in sorted(blobs))

    def _kept(self, path: str, about: os.stat_result, fd: int, limits: Limits | None) -> Blob | None:
        """Keep one file; None if it is as it was, and none of those that were given."""
        executable = bool(about.st_mode & stat.S_IXUSR)
        before = (self._before or {}).get(path)
        if before is not None and before.digest and about.st_size == before.size <= COPIED:
            digest = hashlib.sha256(os.pread(fd, COPIED + 1, 0)).hexdigest()
            if digest == before.digest:
                return Blob(path, digest, before.size, executable) if path in self._given else None
        most = [each for each in (limits.file_size, limits.disk) if each is not None] if limits else []
        try:
            digest, size = self._blobs.keep(fd, min(most) * MIB if most else 2**62)
        except ValueError:  # it has grown since
            assert limits is not None
            name = "file_size" if limits.file_size == min(most) else "disk"
            raise _LimitError(LimitReached(name, min(most))) from None
        return Blob(path, digest, size, executable)

    def _is_untouched(self, path: str, about: os.stat_result) -> bool:
        """Tell whether a large file is as it was: no child could change it, or it is still the same."""
        before = (self._before or {}).get(path)
        if before is None or before.digest:
            return False
        # The kernel takes down what covers it while we look.
        return (before.covered and _is_cover(about)) or before.signature == _signature(about)

    def _given_files(self, work: Folder) -> Iterator[tuple[Place, os.stat_result]]:
        with suppress(_LimitError):  # so it will be afterwards
            yield from self._files(work, told=False)

    def _files(self, work: Folder, *, told: bool = True) -> Iterator[tuple[Place, os.stat_result]]:
        """Yield the regular files below `work` that others may have, in no order, each with the names that lead to it.

        Raises:
            _LimitError: There are too many.
        """
        pending: list[Place] = [()]
        left = MOST
        self._owner = os.fstat(work.fileno()).st_uid
        while pending:
            at = pending.pop()
            with below(work, at) as folder:
                names = sorted(entry.name for entry in folder.some(left + 1))
                left -= len(names)
                if left < 0:
                    raise _LimitError(LimitReached("left", MOST))
                for name in names:
                    place = (*at, name)
                    try:
                        about = folder.about(name)
                    except OSError:  # it has just gone
                        continue
                    if stat.S_ISDIR(about.st_mode) and name in CACHES:
                        continue
                    kind, why = self._unfit(place, about)
                    path = "/".join(place)
                    if why and told and (self._action.leaves or matches(path, self._action.artifacts)):
                        self._ignored(path, kind, why)
                    if why:
                        continue
                    if stat.S_ISDIR(about.st_mode):
                        pending.append(place)
                    else:
                        yield place, about

    def _unfit(self, place: Place, about: os.stat_result) -> tuple[str, str]:
        """Return why an entry is not given to others, as a kind and in words; empty if it is."""
        mode, path = about.st_mode, "/".join(place)
        if stat.S_ISLNK(mode):
            return "link", "is a symbolic link"
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            return "special", "is no regular file"
        if stat.S_ISREG(mode) and self._is_of_others(about) and path not in (self._before or {}):
            return (
                "foreign",
                "belongs to another user",
            )  # a link to a file that it may not read, where systems allow that
        needed = stat.S_IRUSR | stat.S_IXUSR if stat.S_ISDIR(mode) else stat.S_IRUSR
        known = (self._before or {}).get(path)
        if mode & needed != needed and not (known and known.covered and _is_cover(about)):
            return "closed", "is closed to its owner"
        if _signature(about) in self._covering and not (known and known.signature == _signature(about)):
            return "closed", "is closed to its owner"  # as it will be in a moment: its folder was renamed
        return _misplaced(path, len(place))

    def _is_of_others(self, about: os.stat_result) -> bool:
        """Tell whether a file is neither the sample's nor, as the folder is then, of whoever builds."""
        return self._owner != os.geteuid() and about.st_uid != self._owner

    def _ignored(self, path: str, kind: str, why: str) -> None:
        shown = in_one_line(path.encode("utf-8", "replace").decode("utf-8"))[:200]
        self._tell(
            kind,
            f"`{shown}` {why}: a sample of `{self._action.language}` leaves it, and it is not kept"
            "\n\nhint: pages show, and others get, regular files, and folders with such files; have it make one",
        )


class _LimitError(Exception):
    """More was left than may be."""

    def __init__(self, ended: LimitReached) -> None:
        super().__init__()
        self.ended = ended


def _bounded(limits: Limits | None, sizes: list[int], *, disk_only: bool = False) -> None:
    """Raise if files of these sizes are more than `limits` allow.

    Raises:
        _LimitError: They are.
    """
    if limits is None:
        return
    if limits.file_size is not None and not disk_only and max(sizes, default=0) > limits.file_size * MIB:
        raise _LimitError(LimitReached("file_size", limits.file_size))
    if limits.disk is not None and sum(sizes) > limits.disk * MIB:
        raise _LimitError(LimitReached("disk", limits.disk))


def _misplaced(path: str, depth: int) -> tuple[str, str]:
    """Return what is wrong with where an entry is, as a kind and in words; empty if nothing is."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return "name", "has a name that is no UTF-8"
    if not is_within(path):
        return "name", "has a name that not every system can have"
    return ("deep", f"is within more than {DEEPEST} folders") if depth > DEEPEST else ("", "")


def _opened(work: Folder, place: Place) -> int:
    with below(work, place[:-1]) as folder:
        return folder.open_file(place[-1])


def _signature(about: os.stat_result) -> _Signature:
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns


def _is_cover(about: os.stat_result) -> bool:
    """Tell whether it is what a large file was put over (`namespaces`), which is gone with the child's namespaces."""
    return stat.S_ISREG(about.st_mode) and about.st_size == 0 and not stat.S_IMODE(about.st_mode)
