"""Which folders are to be watched for files and folders, and which never are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NEVER = frozenset({".git", ".hg", ".svn", "__pycache__", "node_modules", ".cache", ".codeexec"})
"""Names of folders in which nothing is written by an author."""
MARKS = ("CACHEDIR.TAG", "pyvenv.cfg")
"""Files of folders that a tool can make again: cargo's target directories, caches, environments."""
_PASSING = ("~", ".swp", ".swx", ".swo", ".tmp", ".part", ".crdownload")
"""How names of files end that editors leave for a moment."""


class Places:
    """Where nothing is watched.

    Args:
        apart: Folders that a build, or this program, writes.
    """

    def __init__(self, apart: Iterable[str]) -> None:
        apart = tuple(apart)
        self._apart = frozenset((*apart, *map(os.path.realpath, apart)))
        self._refused: dict[str, bool] = {}

    def forget(self) -> None:
        """Look again at what is in folders."""
        self._refused.clear()

    def refused(self, folder: str) -> bool:
        """Tell whether nothing in `folder` is of interest, by its own name and what is in it."""
        if folder not in self._refused:
            named = folder.rpartition("/")[2] in NEVER or folder in self._apart
            # `cargo` marks what it makes; the name alone may be a page's.
            self._refused[folder] = named or any(os.path.lexists(f"{folder}/{mark}") for mark in MARKS)
        return self._refused[folder]

    def left_out(self, path: str, above: str) -> bool:
        """Tell whether the file `path` is of no interest: it, or a folder from `above` on, is refused, or passes away."""
        folder, _, name = path.rpartition("/")
        if name == "4913" or name.startswith((".#", "#")) or name.endswith(_PASSING):  # vim, Emacs
            return True
        while len(folder) > len(above):
            if self.refused(folder):
                return True
            folder = folder.rpartition("/")[0]
        return False

    def covering(self, folder: str) -> dict[str, bool]:
        """Return the folders to be watched for all that is below `folder`, and whether with all that is below them."""
        found, whole = self._cover(os.path.realpath(folder), set())
        return {os.path.realpath(folder): True} if whole else found

    def _cover(self, folder: str, seen: set[str]) -> tuple[dict[str, bool], bool]:
        """Return what is watched for `folder`; whether that may be the whole of it is the second."""
        seen.add(folder)
        found, whole = {folder: False}, True
        for name, is_link in _folders(folder):
            inner = f"{folder}/{name}"
            if is_link:  # which nobody follows who watches
                inner = os.path.realpath(inner)
            if inner in seen or self.refused(inner):
                whole = False
                continue
            below, all_of_it = self._cover(inner, seen)
            found |= {inner: True} if all_of_it else below
            whole = whole and all_of_it and not is_link
        return found, whole


class Spots(NamedTuple):
    """What is to be watched.

    Attributes:
        folders: Each with whether all that is below it is, too.
        files: Which files are of interest, there or not.
        trees: Folders in which everything is.
        awaited: Folders on the way to what is not there.
    """

    folders: dict[str, bool]
    files: frozenset[str]
    trees: tuple[str, ...]
    awaited: frozenset[str]


def spots(paths: Iterable[str], trees: Iterable[str], places: Places) -> Spots:
    """Return what is to be watched for the files and folders `paths`, and all that is in the folders `trees`."""
    folders: dict[str, bool] = {}
    files, awaited, whole = set(), set(), dict.fromkeys(trees)
    for path in paths:
        if os.path.isdir(path):  # noqa: PTH112 - thousands of them
            whole[path] = None
        else:
            files.update({path, _by_real_folder(path), os.path.realpath(path)})
    for tree in [tree for tree in whole if os.path.isdir(tree)]:  # noqa: PTH112
        folders |= places.covering(tree)
    files |= {tree for tree in whole if not os.path.isdir(tree)}  # noqa: PTH112
    for path in files:
        above = os.path.dirname(path)  # noqa: PTH120
        while not os.path.isdir(above) and above != os.path.dirname(above):  # noqa: PTH112, PTH120
            awaited.add(above)
            above = os.path.dirname(above)  # noqa: PTH120
        folders.setdefault(os.path.realpath(above), False)
    return Spots(dict(_needed(folders)), frozenset(files), tuple(_trees(whole)), frozenset(awaited))


def _by_real_folder(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{os.path.realpath(folder)}/{name}"


def _trees(found: Iterable[str]) -> Iterator[str]:
    for tree in found:
        yield from dict.fromkeys((tree, os.path.realpath(tree)))


def _needed(folders: dict[str, bool]) -> Iterator[tuple[str, bool]]:
    """Yield those of `folders` that are not watched with one above them."""
    whole = {folder for folder, recursive in folders.items() if recursive}
    for folder, recursive in folders.items():
        above = folder.rpartition("/")[0]
        while above and above not in whole:
            above = above.rpartition("/")[0]
        if not above:
            yield folder, recursive


def _folders(folder: str) -> list[tuple[str, bool]]:
    """Return the folders in `folder`, and whether each is a link."""
    try:
        with os.scandir(folder) as entries:
            return sorted((entry.name, entry.is_symlink()) for entry in entries if entry.is_dir())
    except OSError:
        return []
