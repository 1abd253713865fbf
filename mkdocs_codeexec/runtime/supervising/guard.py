"""Looks, some times a second, whether a child and all that it started use more than they may.

Limits of the kernel (`setrlimit(2)`) hold for one process each, and none of them sees shared memory or removed files.

What a child can hold without a descriptor and without a name is found in another way: when the memory that is files, or
what the disk has in use, has grown on the whole machine by more than the child may have, since it was started, and it holds
something that cannot be counted, then it is taken to be the reason.
"""

from __future__ import annotations

import os

from .grown import Grown
from .occupied import Files, linked
from .processes import proportional, tree, usage
from .protocol import PROJECT
from .unnamed import Unnamed, mapped_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MIB = 1024 * 1024


class Watchdog:
    """Watches one child, which is not started yet.

    Args:
        request: What will be started.
        watches_disk: Whether the scratch directory can grow beyond its limit.
    """

    def __init__(self, request: dict[str, Any], *, watches_disk: bool) -> None:
        limits, scratch = request["limits"], request["scratch"]
        self._memory = limits["memory"]
        self._processes = limits["processes"]
        self._folders: list[tuple[str, list[str], int]] = []
        self._had = 0
        self._given: frozenset[tuple[int, int]] = frozenset()
        self._free = 0
        self._disk = -1
        self._rest: tuple[str, ...] = ()
        if watches_disk and scratch is not None:
            work, *rest = (os.path.join(scratch, name) for name in ("work", "tmp", "home"))
            project = os.path.join(scratch, PROJECT)
            if request["project"] is not None:  # a copy of its own
                self._had = Files(2**62, frozenset(), opening=False).add(project)
            folders = [("disk", [work, project], limits["disk"]), ("tmp", rest, limits["tmp"])]
            self._folders = [one for one in folders if one[2] is not None]
            self._rest = tuple(path + "/" for path in rest)
            self._given = linked(os.path.join(scratch, "work"))
            self._free = free(scratch)
            self._disk = os.stat(scratch).st_dev
        self._grown = None
        if scratch is None and limits["disk"] is not None and request["writable"]:
            self._grown = Grown(request["writable"], limits["disk"] * MIB)
            self._disk = self._grown.disk
        self._most = limits["disk"]
        self._scratch = scratch
        self._shared = shared() if self._memory is not None else 0
        self.idle = self._memory is None and self._processes is None and not self._folders and self._grown is None

    def look(self, ours: int) -> tuple[str, int] | None:
        """Return the name and the amount of a limit that is exceeded, or None; the process `ours` does not count."""
        threads, memory, alive = usage(pid for pid in tree(os.getpid()) if pid != ours)
        if self._processes is not None and threads >= self._processes:
            return "processes", self._processes
        unnamed = Unnamed(alive, self._disk)
        if self._memory is not None and self._has_too_much(memory, alive, unnamed):
            return "memory", self._memory
        if self._grown is not None and self._grown.exceeds(sum(size for size, _ in unnamed.removed.values())):
            return "disk", self._most
        return self._has_written_too_much(unnamed)

    def _has_too_much(self, memory: int, alive: list[str], unnamed: Unnamed) -> bool:
        most = self._memory * 1024
        files = sum(unnamed.memory.values()) // 1024
        if memory + files > most:
            exact = proportional(alive) if len(alive) > 1 or files else memory
            counted = (memory if exact is None else exact) + files
            if counted > most and (not files or counted - mapped_of(alive, unnamed.memory) > most):
                return True
        if shared() - self._shared <= most:
            return False
        unnamed.look_closely()
        return unnamed.hidden or files * 1024 + sum(unnamed.mapped.values()) > most * 1024

    def _has_written_too_much(self, unnamed: Unnamed) -> tuple[str, int] | None:
        written = self._written() if self._folders else 0
        for name, paths, most in self._folders:
            had = self._had if name == "disk" else 0
            files = Files(most * MIB + had, self._given, opening=written > most * MIB and os.geteuid() != 0)
            for path in paths:
                files.add(path)
            removed = [
                size for size, path in unnamed.removed.values() if path.startswith(self._rest) == (name == "tmp")
            ]
            total = files.total - had + sum(removed)
            if total <= most * MIB and written > most * MIB:
                unnamed.look_closely()
                total += most * MIB if unnamed.hidden_on_disk else 0
            if total > most * MIB:
                return name, most
        return None

    def _written(self) -> int:
        """Return how many bytes more the whole disk has in use."""
        try:
            return self._free - free(self._scratch)
        except OSError:  # the child may have removed all of it
            return 0


def free(folder: str) -> int:
    """Return the bytes that nobody has in use on the disk of `folder`."""
    disk = os.statvfs(folder)
    return disk.f_bfree * disk.f_frsize


def shared() -> int:
    """Return the KiB of memory that is files on the whole machine; 0 where that is not told."""
    try:
        with open("/proc/meminfo", "rb") as file:
            return int(file.read().partition(b"\nShmem:")[2].split(None, 1)[0])
    except (OSError, IndexError):  # another system than Linux
        return 0
