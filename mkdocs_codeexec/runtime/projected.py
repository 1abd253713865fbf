"""The project as samples see it, copied once for all samples of a batch: what they change is a copy of their own.

Where namespaces are to be had, a sample has a file system over it (`supervising.namespaces`), in which only what it
changes takes room. Elsewhere it gets a copy of all of it.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from mkdocs_codeexec.errors import CodeExecError
from mkdocs_codeexec.runtime.sandbox.users import is_root
from mkdocs_codeexec.runtime.scratch_root import unguessable
from mkdocs_codeexec.untrusted import Folder, UnfitError

if TYPE_CHECKING:
    from pathlib import Path

    from mkdocs_codeexec.worktree.tree import Entry, Tree, Worktree

MIB = 1024 * 1024
LARGEST = 512 * MIB
"""Bytes of all files of a project that samples can see."""
COPIED = 64 * MIB
"""Bytes of them where each sample gets a copy."""
MOST_COPIED = 10_000
"""Files and folders of such a copy."""
DATE = 946_684_800
"""The date of every file, in seconds since the epoch: that of a checkout says nothing, and differs on each machine."""
_IGNORE = "let git ignore what samples do not need, or keep it elsewhere"


class Projected:
    """The copy of a project, made when it is first asked for. Threads may share it.

    Args:
        root: The folder of all scratch directories, with which it goes.
        of: Where the project is, and what of it may be seen.
    """

    def __init__(self, root: Path, of: Worktree) -> None:
        self.of = of
        self._root = root
        self._made: Path | None = None
        self._looked_at: Tree | None = None
        self._lock = threading.Lock()
        self._bytes = 0

    @property
    def folder(self) -> Path:
        """The copy, which nothing that is run may change.

        Raises:
            CodeExecError: The project is too large.
            OSError: It cannot be read, or there is no room for the copy.
        """
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def holds(self, path: str) -> bool:
        """Tell whether `path` leads to a folder in it, by links in it too: none of them leads out.

        Raises:
            CodeExecError: The project is too large.
            OSError: It cannot be read, or there is no room for the copy.
        """
        self.folder  # noqa: B018 - it is made when it is asked for
        return self._tree.resolve(path) in self._tree.folders

    @property
    def began(self) -> float:
        """When it was begun to be made, in seconds since the epoch: what has changed since, samples have not seen."""
        return self._tree.made / 1e9

    @property
    def _tree(self) -> Tree:
        assert self._looked_at is not None, "there is a copy"
        return self._looked_at

    def copy(self, into: Folder) -> None:
        """Copy all of it into the empty folder `into`, for one sample alone.

        Raises:
            CodeExecError: It is too large for that.
            OSError: There is no room for it.
        """
        folder = self.folder
        count = sum(map(len, self._tree.folders.values()))
        if self._bytes > COPIED or count > MOST_COPIED:
            raise CodeExecError(
                f"`workdir`: the project has {count} files, of {self._bytes // MIB} MiB together; without namespaces each "
                f"sample gets a copy, of {MOST_COPIED} files and {COPIED // MIB} MiB at most; {_IGNORE}"
            )
        with Folder.at(folder) as source:
            _copy(source, into, self._tree, "", 0o644, LARGEST)

    def _make(self) -> Path:
        name = unguessable()
        tree = self._looked_at = self.of.look()
        # Whoever a sample is run as may change it, as far as they can tell.
        mode = 0o666 if is_root() else 0o644
        with (
            Folder.at(self._root) as root,
            root.folder(name, make=True, mode=0o700) as made,
            made.folder("tree", make=True, mode=0o777) as target,
            Folder.at(self.of.folder) as source,
        ):
            self._bytes = _copy(source, target, tree, "", mode, LARGEST)
        return self._root / name / "tree"


def _copy(source: Folder, target: Folder, tree: Tree, path: str, mode: int, most: int) -> int:
    """Copy what `tree` has in `path`, and return how many bytes that are; what has gone meanwhile is left out."""
    taken = 0
    for name, entry in tree.folders[path].items():
        inner = f"{path}/{name}" if path else name
        try:
            taken += _copy_one(source, target, tree, inner, entry, mode, most - taken)
        except (FileNotFoundError, NotADirectoryError, UnfitError, PermissionError):
            continue  # it was replaced just now, or nobody may read it
        if taken > most:
            raise CodeExecError(f"`workdir`: the project's files take more than {LARGEST // MIB} MiB; {_IGNORE}")
    _settle(target, mode | (mode & 0o444) >> 2)
    return taken


def _copy_one(source: Folder, target: Folder, tree: Tree, path: str, entry: Entry, mode: int, most: int) -> int:
    name = path.rpartition("/")[2]
    if entry.kind == "link":
        os.symlink(entry.target, name, dir_fd=target.fileno())
        os.utime(name, (DATE, DATE), dir_fd=target.fileno(), follow_symlinks=False)
        return len(entry.target)
    if entry.kind == "folder":
        with source.folder(name) as inside, target.folder(name, make=True) as made:
            return _copy(inside, made, tree, path, mode, most)
    fd = source.open_file(name)
    try:
        about = os.fstat(fd)
        if about.st_size > most:
            return about.st_size
        target.take(name, fd, mode | (mode & 0o444) >> 2 if about.st_mode & 0o111 else mode)
        os.utime(name, (DATE, DATE), dir_fd=target.fileno())
        return about.st_size
    finally:
        os.close(fd)


def _settle(folder: Folder, mode: int) -> None:
    """Give a folder that is filled its permissions and its date."""
    os.fchmod(folder.fileno(), mode)
    os.utime(folder.fileno(), (DATE, DATE))
