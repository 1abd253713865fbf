"""Hears of changes below folders: from the system (inotify), or by looking every second where the system does not tell."""

from __future__ import annotations

import errno
import math
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from mkdocs_codeexec.watching.places import Places, Spots

POLL_SECONDS = 1.0
"""How often folders are looked at of which the system does not tell."""
_SILENT = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "vboxsf", "prl_fs", "drvfs", "virtiofs", "afs", "ceph"}
)
"""File systems that others write to of whom inotify hears nothing."""
_TOLD = ("created", "modified", "deleted", "moved", "closed")


class Changes:
    """Paths of which something was told, for a thread that waits for them."""

    def __init__(self) -> None:
        self._paths: dict[str, None] = {}
        self._made: set[str] = set()
        self._last = -math.inf
        self._changed = threading.Condition()

    def add(self, *paths: str, made: bool = False) -> None:
        """Take note of `paths`, which are new if they were `made`."""
        with self._changed:
            if made:
                self._made.update(path for path in paths if path not in self._paths)
            self._paths.update(dict.fromkeys(paths))
            self._last = time.monotonic()
            self._changed.notify_all()

    def wake(self) -> None:
        """Have who waits look what there is."""
        with self._changed:
            self._changed.notify_all()

    @property
    def any(self) -> bool:
        """Whether there is something."""
        return bool(self._paths)

    def wait(self, until: Callable[[], bool] = lambda: False, seconds: float | None = None) -> None:
        """Wait until there is something, or `until` says so, or the time is over."""
        end = None if seconds is None else time.monotonic() + seconds
        with self._changed:
            # A signal that comes just before the wait does not end it: Python handles it when the wait is over.
            while not (self._paths or until()) and (end is None or time.monotonic() < end):
                self._changed.wait(0.2 if end is None else max(0.0, min(0.2, end - time.monotonic())))

    @property
    def told(self) -> frozenset[str]:
        """What there is."""
        return frozenset(self._paths)

    def left(self, seconds: float) -> float:
        """Return how much longer nothing must come so that nothing has come for so long."""
        return self._last + seconds - time.monotonic()

    def rest(self, seconds: float) -> None:
        """Wait until nothing has come for so long."""
        while (left := self.left(seconds)) > 0:
            time.sleep(min(left, 0.2))

    def take(self) -> tuple[list[str], set[str]]:
        """Return what there is, in the order in which it came first, and what of it is new; from now on there is nothing."""
        with self._changed:
            found, self._paths = list(self._paths), {}
            made, self._made = self._made, set()
            return found, made


class Observer:
    """Tells `changes` of what changes at the spots that are to be watched.

    Args:
        changes: Is told.
        places: Which folders are of no interest.
        say: Takes a message for people.
    """

    def __init__(self, changes: Changes, places: Places, say: Callable[[str], None]) -> None:
        self._changes = changes
        self._places = places
        self._say = say
        self._by_system: Any = None
        self._by_looking: Any = None
        self._watched: dict[str, tuple[Any, Any, bool]] = {}
        self._gone: set[str] = set()
        self._spots: Spots | None = None
        self._told = False
        self._all = False

    def watch(self, spots: Spots, *, all_of_it: bool = False) -> None:
        """Watch exactly `spots` from now on; with `all_of_it`, whatever changes in their folders is of interest."""
        self._spots, self._all = spots, all_of_it
        gone, self._gone = self._gone, set()
        for folder in [*self._watched]:
            if spots.folders.get(folder) != self._watched[folder][2] or folder in gone:
                observer, watch, _ = self._watched.pop(folder)
                with suppress(KeyError, OSError):
                    observer.unschedule(watch)
        for folder, recursive in spots.folders.items():
            if folder not in self._watched:
                self._schedule(folder, recursive=recursive)

    def close(self) -> None:
        """Watch nothing any more."""
        for observer in (self._by_system, self._by_looking):
            if observer is not None:
                observer.stop()

    def dispatch(self, event: Any) -> None:
        """Take an event of watchdog."""
        if event.event_type not in _TOLD or (event.is_directory and event.event_type == "modified"):
            return
        paths = [os.fsdecode(path) for path in (event.src_path, getattr(event, "dest_path", "")) if path]
        if event.event_type in ("deleted", "moved"):
            self._gone.update(path for path in paths if path in self._watched)
        if found := [path for path in paths if self._wanted(path)]:
            self._changes.add(*found, made=event.event_type == "created")

    def _wanted(self, path: str) -> bool:
        spots = self._spots
        if spots is None:
            return False
        if path in spots.files or path in spots.awaited:
            return True
        if tree := next((tree for tree in spots.trees if path == tree or path.startswith(f"{tree}/")), None):
            return not self._places.left_out(path, tree)
        return self._all and not self._places.left_out(path, os.path.dirname(path))  # noqa: PTH120

    def _schedule(self, folder: str, *, recursive: bool) -> None:
        if (why := "" if self._told else silent(folder)) or self._told:
            self._look(folder, why, recursive=recursive)
            return
        from watchdog.observers import Observer as BySystem

        try:
            if self._by_system is None:
                self._by_system = BySystem()
                self._by_system.start()
            watch = self._by_system.schedule(self, folder, recursive=recursive)
        except FileNotFoundError:  # it went just now
            self._changes.add(folder)
        except OSError as error:
            why = "the user's limit of watches is reached" if error.errno == errno.ENOSPC else error.strerror or "?"
            self._look(folder, why, recursive=recursive)
        else:
            self._watched[folder] = self._by_system, watch, recursive

    def _look(self, folder: str, why: str, *, recursive: bool) -> None:
        """Look at `folder` every second, because the system does not tell."""
        from watchdog.observers.polling import PollingObserver

        if not self._told:
            self._told = True
            self._say(f"the system does not tell of changes in `{folder}` ({why}): files are looked at every second")
        if self._by_looking is None:
            self._by_looking = PollingObserver(timeout=POLL_SECONDS)
            self._by_looking.start()
        with suppress(OSError):  # it went just now
            self._watched[folder] = (
                self._by_looking,
                self._by_looking.schedule(self, folder, recursive=recursive),
                recursive,
            )


def silent(folder: str, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """Return why the system does not tell of changes in `folder`: on which file system it is; empty if it does, or nobody knows."""
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        before, _, after = line.partition(" - ")
        fields = before.split()
        point = fields[4].replace("\\040", " ") if len(fields) > 4 else ""
        if len(point) >= len(best) and (folder == point or folder.startswith(f"{point.rstrip('/')}/")):
            best, kind = point, after.partition(" ")[0]
    return f"a file system of the kind `{kind}`" if kind in _SILENT or kind.startswith("fuse.") else ""
