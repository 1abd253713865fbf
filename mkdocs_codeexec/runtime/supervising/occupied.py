"""How much the files in a child's folders take: by descriptor, so that no name that a child has given leads elsewhere."""

from __future__ import annotations

import os
import stat

MOST_FILES = 20_000
"""In the folders of one limit, whatever their size."""
DEEPEST = 100
"""Folders within each other; what is deeper is taken for more than any limit allows."""
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

Key = tuple[int, int]
"""A file: its device and inode."""


def linked(folder: str) -> frozenset[Key]:
    """Return the files in `folder` that have other names, too: what a child is given, and others have as well."""
    found = set()
    try:
        fd = os.open(folder, FOLDER)
    except OSError:  # an earlier step has removed it
        return frozenset()
    try:
        with os.scandir(fd) as entries:
            for entry in entries:
                about = entry.stat(follow_symlinks=False)
                if about.st_nlink > 1 and not stat.S_ISDIR(about.st_mode):
                    found.add((about.st_dev, about.st_ino))
    finally:
        os.close(fd)
    return frozenset(found)


class Files:
    """Adds up the files in a folder, each once, until it is `enough`.

    Args:
        enough: Bytes; any number above it stands for more, and for what cannot be added up.
        given: Files that are not counted.
        opening: Whether folders that are closed to their owner, which is us, are opened for as long as they are looked at.
    """

    def __init__(self, enough: int, given: frozenset[Key], *, opening: bool) -> None:
        self.total = 0
        self._enough = enough
        self._seen = set(given)
        self._left = MOST_FILES
        self._opening = opening

    def add(self, folder: str) -> int:
        """Add what is in `folder`, and return the sum of all."""
        try:
            self._enter(folder, os.lstat(folder).st_mode, None, DEEPEST)
        except OSError:
            pass
        return self.total

    def _within(self, fd: int, depth: int) -> None:
        """Add what is in the folder `fd`, and close it."""
        inner = []
        try:
            with os.scandir(fd) as entries:
                for entry in entries:
                    try:
                        about = entry.stat(follow_symlinks=False)
                    except OSError:  # it has just gone, or may not be looked at
                        continue
                    if stat.S_ISDIR(about.st_mode):
                        inner.append((entry.name, about.st_mode))
                    self._count(about)
                    if self.total > self._enough:
                        return
            for name, mode in inner:
                if depth == 0:
                    self.total = self._enough + 1
                else:
                    self._enter(name, mode, fd, depth - 1)
                if self.total > self._enough:
                    return
        except OSError:
            pass
        finally:
            os.close(fd)

    def _count(self, about: os.stat_result) -> None:
        self._left -= 1
        if about.st_nlink > 1 and not stat.S_ISDIR(about.st_mode):
            if (about.st_dev, about.st_ino) in self._seen:
                return
            self._seen.add((about.st_dev, about.st_ino))
        self.total += about.st_blocks * 512
        if self._left < 0:
            self.total = self._enough + 1

    def _enter(self, name: str, mode: int, within: int | None, depth: int) -> None:
        """Add what is in the folder `name`, if it can be looked into."""
        try:
            if not self._opening or mode & stat.S_IRWXU == stat.S_IRWXU:
                self._within(os.open(name, FOLDER, dir_fd=within), depth)
                return
            there = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=within)
        except OSError:
            return
        itself = f"/proc/self/fd/{there}"
        try:
            os.chmod(itself, stat.S_IMODE(mode) | stat.S_IRWXU)
            self._within(os.open(itself, FOLDER & ~os.O_NOFOLLOW), depth)
            os.chmod(itself, stat.S_IMODE(mode))
        except OSError:
            pass
        finally:
            os.close(there)
