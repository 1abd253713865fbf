"""Looks, some times a second, whether a child and all that it started use more than they may.

Limits of the kernel (`setrlimit(2)`) hold for one process each, and none of them sees shared memory.
"""

from __future__ import annotations

import os
import stat

from .processes import proportional, tree, usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_FILES = 20_000
"""In a scratch directory, whatever their size."""


class Watchdog:
    """Watches one child.

    Args:
        request: What was started.
        overhead: Processes below us that are ours.
        watches_disk: Whether the scratch directory can grow beyond its limit.
    """

    def __init__(self, request: dict[str, Any], overhead: int, *, watches_disk: bool) -> None:
        limits = request["limits"]
        self._memory = limits["memory"]
        self._processes = limits["processes"]
        self._overhead = overhead
        scratch = request["scratch"]
        self._folders = []
        if watches_disk and scratch is not None:
            kept = ("disk", os.path.join(scratch, "work"), limits["disk"])
            rest = [("tmp", os.path.join(scratch, name), limits["tmp"]) for name in ("tmp", "home")]
            self._folders = [(name, folder, limit) for name, folder, limit in (kept, *rest) if limit is not None]
        self.idle = self._memory is None and self._processes is None and not self._folders

    def look(self) -> tuple[str, int] | None:
        """Return the name and the amount of a limit that is exceeded, or None."""
        if self._memory is not None or self._processes is not None:
            pids = tree(os.getpid())
            threads, memory = usage(pids)
            if self._processes is not None and threads - self._overhead >= self._processes:
                return "processes", self._processes
            if self._memory is not None and memory > self._memory * 1024:
                exact = proportional(pids) if len(pids) > 1 else memory
                if (memory if exact is None else exact) > self._memory * 1024:
                    return "memory", self._memory
        for name, folder, limit in self._folders:
            if occupied(folder, limit * 1024 * 1024) > limit * 1024 * 1024:
                return name, limit
        return None


def occupied(folder: str, enough: int) -> int:
    """Return the bytes that the files in `folder` take, or any number above `enough`: also for very many files."""
    total, files = 0, 0
    pending = [folder]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    about = entry.stat(follow_symlinks=False)
                    # A link to what others have, too, is not this one's doing.
                    total += about.st_blocks * 512 if about.st_nlink < 2 or stat.S_ISDIR(about.st_mode) else 0
                    files += 1
                    if total > enough or files > MOST_FILES:
                        return enough + 1
                    if stat.S_ISDIR(about.st_mode):
                        pending.append(entry.path)
        except OSError:  # it has just gone, or is closed to us
            continue
    return total
