"""How much a child has written to folders that stay, such as the target directory of cargo.

They may hold a hundred thousand files of earlier builds, so they are looked through only when the whole disk has lost
more than the child may write; then what counts is what was written since it was started.
"""

from __future__ import annotations

import os
import stat
import time

from .occupied import DEEPEST, FOLDER

SHARE = 20
"""Looking through takes at most this part of the time."""
CLOCK = 0.1
"""Seconds by which times of files may be behind (`CLOCK_REALTIME_COARSE`)."""


class Grown:
    """What has come to `folders`, of one disk, since now."""

    def __init__(self, folders: list[str], most: int) -> None:
        self._folders = folders
        self._most = most
        self._began = time.time() - CLOCK
        self._free = _free(folders[0])
        self._next = 0.0
        self.disk = os.stat(folders[0]).st_dev

    def exceeds(self, removed: int) -> bool:
        """Tell whether it is more than `most` bytes; files that are open and have no name are `removed`."""
        try:
            if self._free - _free(self._folders[0]) <= self._most or time.monotonic() < self._next:
                return False
        except OSError:  # whoever builds may have removed it
            return False
        began = time.monotonic()
        total = removed
        for folder in self._folders:
            try:
                total += self._within(os.open(folder, FOLDER), self._most - total, DEEPEST)
            except OSError:
                continue
        self._next = time.monotonic() + SHARE * (time.monotonic() - began)
        return total > self._most

    def _within(self, fd: int, enough: int, depth: int) -> int:
        """Return the bytes of what was written in the folder `fd`, which is closed; those beyond `enough` may be missing."""
        total, inner = 0, []
        try:
            with os.scandir(fd) as entries:
                for entry in entries:
                    try:
                        about = entry.stat(follow_symlinks=False)
                    except OSError:  # it has just gone
                        continue
                    if stat.S_ISDIR(about.st_mode):
                        inner.append(entry.name)
                    elif about.st_ctime >= self._began:
                        total += about.st_blocks * 512 // about.st_nlink
            for name in inner:
                if total > enough:
                    break
                if depth == 0:
                    return enough + 1
                try:
                    total += self._within(os.open(name, FOLDER, dir_fd=fd), enough - total, depth - 1)
                except PermissionError:  # nothing that compilers make is closed to whoever builds
                    return enough + 1
                except OSError:  # it has just gone
                    continue
        finally:
            os.close(fd)
        return total


def _free(folder: str) -> int:
    disk = os.statvfs(folder)
    return disk.f_bfree * disk.f_frsize
