"""A folder of ours that others can have written to, a cache that came with a checkout say, and the files below it."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeAlias

from mkdocs_codeexec.untrusted.folder import Folder
from mkdocs_codeexec.untrusted.removal import remove

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Place: TypeAlias = tuple[str, ...]
"""The names that lead from the root to a file: of folders, and of the file."""

PREFIX = ".codeexec-"
"""What the names of temporary files begin with."""
_KEPT = 2
"""How deep folders are kept open; below, there may be hundreds."""


class Tree:
    """The files below `root`, which is opened once, when it is first needed; a context manager that closes it.

    Threads may share it.

    No link below the root is followed. Should the root, or a folder in it, be replaced by another one, what is written
    next opens it anew.

    Attributes:
        root: Its path.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._open: dict[Place, Folder] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Tree:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def path(self, place: Place) -> Path:
        """Return the path of a place, for messages."""
        return self.root.joinpath(*place)

    def read(self, place: Place, limit: int) -> bytes:
        """Return the contents of a regular file of at most `limit` bytes.

        Raises:
            UnfitError: Something else is there.
            OSError: It is not there, or cannot be read; a folder on the way is a link or a file.
        """
        with self._named(place), self.folder(place[:-1]) as folder:
            return folder.read(place[-1], limit)

    def replace(self, place: Place, data: bytes, *, sync: bool = False) -> None:
        """Put `data` there: whoever looks sees what was there or all of it. Whatever else stands there goes.

        Args:
            place: Where; folders on the way are made.
            data: The contents.
            sync: Whether it survives the power too, not only this process.

        Raises:
            OSError: It could not be written, and nothing of it is left; a folder on the way is a link or a file.
        """
        with self._named(place):
            try:
                self._replace(place, data, sync=sync)
            except FileNotFoundError:  # somebody has removed a folder that we hold open
                self.close()
                self._replace(place, data, sync=sync)

    def touch(self, place: Place) -> None:
        """Note that a file was used now, if that is possible."""
        with suppress(OSError, ValueError, NotImplementedError), self.folder(place[:-1]) as folder:
            folder.touch(place[-1])

    def folder(self, place: Place, *, make: bool = False) -> Folder:
        """Open the folder at a place; the caller closes it.

        Args:
            place: Where; the empty one is the root.
            make: Whether it and those on the way are made if they are not there.

        Raises:
            NotADirectoryError: It, or one on the way, is a link or a file.
            OSError: It is not there, or cannot be opened.
        """
        with self._lock:
            at = self._root(make=make)
            for depth in range(1, min(len(place), _KEPT) + 1):
                known = self._open.get(place[:depth])
                if known is None:
                    known = self._open[place[:depth]] = at.folder(place[depth - 1], make=make)
                at = known
            # Under the lock: somebody may close what is kept.
            at = at.folder(place[_KEPT], make=make) if len(place) > _KEPT else at.copy()
        for name in place[_KEPT + 1 :]:
            with at:
                at = at.folder(name, make=make)
        return at

    def close(self) -> None:
        """Close all that is open; what is done next opens it again."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()

    @contextmanager
    def _named(self, place: Place) -> Iterator[None]:
        """Have errors say the whole path: by descriptor, the system knows the last name alone."""
        try:
            yield
        except OSError as error:
            error.filename = str(self.path(place))
            raise

    def _root(self, *, make: bool) -> Folder:
        if () not in self._open:
            if make:
                self.root.mkdir(parents=True, exist_ok=True)
            self._open[()] = Folder.at(self.root)
        return self._open[()]

    def _replace(self, place: Place, data: bytes, *, sync: bool) -> None:
        with self.folder(place[:-1], make=True) as folder:
            temporary = aside()
            # Unlike those of `tempfile`, it may be read by whom the umask allows: a cache can be shared.
            folder.create(temporary, data, sync=sync)
            try:
                settle(folder, temporary, folder, place[-1])
            except BaseException:
                with suppress(OSError):
                    folder.unlink(temporary)
                raise


def below(folder: Folder, place: Place, *, make: bool = False) -> Folder:
    """Open the folder at `place` below `folder`, which stays open; the caller closes it.

    Args:
        folder: Where to begin.
        place: The names that lead there; without any it is `folder` itself.
        make: Whether it and those on the way are made if they are not there.

    Raises:
        NotADirectoryError: It, or one on the way, is a link or a file.
        OSError: It is not there, or cannot be opened.
    """
    at = folder.copy()
    for name in place:
        with at:
            at = at.folder(name, make=make)
    return at


def settle(folder: Folder, temporary: str, into: Folder, name: str) -> None:
    """Call the file `temporary` of `folder` `name` in `into` from now on; whatever stands there goes.

    Raises:
        OSError: It could not be done.
    """
    try:
        folder.rename(temporary, name, into=into)
    except IsADirectoryError:  # a folder in the place of a file is damage like any other
        remove(into, name)
        folder.rename(temporary, name, into=into)


def aside() -> str:
    """Return a new name for a temporary file."""
    return f"{PREFIX}{os.urandom(8).hex()}.tmp"
