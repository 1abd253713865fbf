"""A folder that is open: what is in it is reached through its descriptor, whatever its name leads to by now."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import suppress
from itertools import islice
from pathlib import Path

BY_DESCRIPTOR = os.open in os.supports_dir_fd
"""Whether this system has what it takes. Windows has not: there names are joined, and links are looked for before."""
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_OPENED = os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_FOLDER = _OPENED | getattr(os, "O_DIRECTORY", 0)
_FILE = _OPENED | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | (_OPENED & ~os.O_RDONLY)
_LINK = frozenset({errno.ELOOP, errno.EMLINK})  # how systems call a link that is not followed
_NO_FILE = frozenset({errno.ENXIO, errno.ENODEV})


class UnfitError(ValueError):
    """Something is there, but not what is wanted: a link, a pipe, a folder, a file that is too large."""


class Folder:
    """An open folder; a context manager that closes it.

    Names are those of entries: they hold no slash, and are neither `.` nor `..`. All that is done is done in this very
    folder, even if somebody puts another one or a link in its place.

    Args:
        above: What it was opened as, or the folder that it was opened in.
        fd: Its descriptor; None where the system has none for folders.
        name: Of its entry in `above`; empty if it is that itself.
    """

    __slots__ = ("_above", "_entry", "_fd")

    def __init__(self, above: Path, fd: int | None, name: str = "") -> None:
        self._above = above
        self._entry = name
        self._fd = fd

    @property
    def path(self) -> Path:
        """What it was opened as; for messages, and for programs that are told where to look."""
        if self._entry:  # joined when somebody asks: a store opens thousands, and tells of none
            self._above, self._entry = self._above / self._entry, ""
        return self._above

    @classmethod
    def at(cls, path: Path) -> Folder:
        """Open `path`. Links in it are followed: it is the word of somebody who is trusted.

        Raises:
            OSError: It is not there, or no folder.
        """
        if not BY_DESCRIPTOR:
            if not path.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
            return cls(path, None)
        return cls(path, os.open(path, _FOLDER & ~_NO_FOLLOW))

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it; nothing can be done in it afterwards. May be called again."""
        fd, self._fd = self._fd, -1 if BY_DESCRIPTOR else None
        if fd is not None and fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        self.close()

    def copy(self) -> Folder:
        """Return the same folder, to be closed by itself.

        Raises:
            OSError: There are no descriptors left.
        """
        return Folder(self.path, None if self._fd is None else os.dup(self._fd))

    def fileno(self) -> int:
        """Return its descriptor, which is -1 where the system has none for folders."""
        return -1 if self._fd is None else self._fd

    def folder(self, name: str, *, make: bool = False, mode: int = 0o777) -> Folder:
        """Open the folder `name` in it.

        Args:
            name: Of the entry.
            make: Whether it is made if it is not there.
            mode: Of a new one.

        Raises:
            UnfitError: The name is that of no entry.
            NotADirectoryError: It is a link, or no folder.
            OSError: It is not there, or cannot be opened.
        """
        if make:
            try:
                return self.folder(name)  # mostly it is there
            except FileNotFoundError:
                with suppress(FileExistsError):
                    os.mkdir(self._name(name), mode, dir_fd=self._fd)
        if self._fd is None:
            about = self.about(name)
            if not stat.S_ISDIR(about.st_mode):
                raise self._no_folder(name)
            return Folder(self.path / name, None)
        try:
            return Folder(self.path, os.open(self._name(name), _FOLDER, dir_fd=self._fd), name)
        except OSError as error:
            if error.errno in _LINK or error.errno == errno.ENOTDIR:
                raise self._no_folder(name) from None
            raise

    def names(self) -> list[str]:
        """Return the names of its entries, sorted.

        Raises:
            OSError: It cannot be read.
        """
        return sorted(os.listdir(self.path if self._fd is None else self._fd))  # noqa: PTH208 - by its descriptor

    def some(self, most: int) -> list[os.DirEntry[str]]:
        """Return `most` of its entries, or all if there are fewer, in no order.

        Only their names and types are of use: their paths lead nowhere.

        Raises:
            OSError: It cannot be read.
        """
        with os.scandir(self.path if self._fd is None else self._fd) as entries:
            return list(islice(entries, most))

    def about(self, name: str) -> os.stat_result:
        """Return what is known of the entry `name`; of a link, not of what it leads to.

        Raises:
            OSError: It is not there.
        """
        return os.stat(self._name(name), dir_fd=self._fd, follow_symlinks=False)

    def has(self, name: str) -> bool:
        """Tell whether there is an entry `name`, whatever it is."""
        try:
            self.about(name)
        except OSError:
            return False
        return True

    def open_file(self, name: str) -> int:
        """Open the regular file `name` to be read, and return its descriptor. Never waits for a pipe.

        Raises:
            UnfitError: It is a link, or no regular file.
            OSError: It is not there, or cannot be opened.
        """
        if self._fd is None and stat.S_ISLNK(self.about(name).st_mode):
            raise UnfitError("it is a symbolic link")
        try:
            fd = os.open(self._name(name), _FILE, dir_fd=self._fd)
        except OSError as error:
            if error.errno in _LINK:
                raise UnfitError("it is a symbolic link") from None
            if error.errno in _NO_FILE:
                raise UnfitError("it is no file") from None
            raise
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise UnfitError("it is not a regular file")
        return fd

    def read(self, name: str, limit: int) -> bytes:
        """Return the contents of the regular file `name`.

        Args:
            name: Of the entry.
            limit: Bytes; a larger file is not read.

        Raises:
            UnfitError: It is a link, no regular file, or larger than `limit`.
            OSError: It is not there, or cannot be read.
        """
        fd = self.open_file(name)
        try:
            size = os.fstat(fd).st_size
            if size > limit:
                raise UnfitError(f"it is larger than {limit} bytes")
            content = os.read(fd, size + 1)
            while (
                len(content) != size
                and len(content) <= limit
                and (more := os.read(fd, max(1, limit + 1 - len(content))))
            ):
                content += more  # it grew, or the system gives it in parts
        finally:
            os.close(fd)
        if len(content) > limit:
            raise UnfitError(f"it is larger than {limit} bytes")
        return content

    def new(self, name: str, mode: int) -> int:
        """Make the file `name`, and return a descriptor to write it with; nothing may be there yet, not even a link.

        Raises:
            FileExistsError: Something is there.
            OSError: It could not be made.
        """
        return os.open(self._name(name), _NEW, mode, dir_fd=self._fd)

    def create(self, name: str, data: bytes, *, mode: int = 0o666, sync: bool = False) -> None:
        """Make the file `name` with the contents `data`; nothing may be there yet, not even a link that leads nowhere.

        Raises:
            FileExistsError: Something is there.
            OSError: It could not be written; nothing of it is left.
        """
        fd = self.new(name, mode)
        try:
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(fd, rest) :]
                if sync:
                    os.fsync(fd)
            finally:
                os.close(fd)
        except BaseException:
            with suppress(OSError):
                self.unlink(name)
            raise

    def take(self, name: str, fd: int, mode: int) -> None:
        """Make the file `name` with what is left to read of `fd`; nothing may be there yet.

        Raises:
            FileExistsError: Something is there.
            OSError: It could not be read or written.
        """
        copy = self.new(name, mode)
        with os.fdopen(fd, "rb", closefd=False) as source, os.fdopen(copy, "wb") as file:
            shutil.copyfileobj(source, file, 1024 * 1024)
            if hasattr(os, "fchmod"):
                os.fchmod(copy, mode)

    def link(self, name: str, into: Folder, *, to: str = "") -> None:
        """Have the file `name` in the folder `into`, too, as `to` or under the same name; of a link, the link itself.

        Raises:
            OSError: As `link(2)` says.
        """
        there, fds = self._name(name), {"src_dir_fd": self._fd, "dst_dir_fd": into._fd}
        os.link(there, into._name(to or name), **fds, follow_symlinks=False)

    def rename(self, name: str, to: str, *, into: Folder | None = None) -> None:
        """Call the entry `name` `to` from now on, in this folder or another one; a file of that name is replaced.

        Raises:
            OSError: As `rename(2)` says: IsADirectoryError if a folder has that name.
        """
        there = self if into is None else into
        os.replace(self._name(name), there._name(to), src_dir_fd=self._fd, dst_dir_fd=there._fd)  # noqa: SLF001 - our own

    def unlink(self, name: str) -> None:
        """Delete the entry `name`, which is no folder; of a link, not what it leads to.

        Raises:
            OSError: It could not be deleted.
        """
        os.unlink(self._name(name), dir_fd=self._fd)

    def rmdir(self, name: str) -> None:
        """Delete the folder `name`, which is empty.

        Raises:
            OSError: It could not be deleted.
        """
        os.rmdir(self._name(name), dir_fd=self._fd)

    def touch(self, name: str) -> None:
        """Give the entry `name` the time of now; of a link, not what it leads to.

        Raises:
            OSError: It could not be done.
            NotImplementedError: This system cannot do it to links.
        """
        os.utime(self._name(name), dir_fd=self._fd, follow_symlinks=False)

    def own(self, name: str, user: int) -> None:
        """Make the entry `name` the own of `user` and the group of the same number; of a link, the link itself.

        Raises:
            OSError: It could not be done.
        """
        os.chown(self._name(name), user, user, dir_fd=self._fd, follow_symlinks=False)

    def permit(self, name: str, mode: int) -> None:
        """Give the folder `name` other permissions, also if it cannot be opened; never what a link leads to.

        Raises:
            OSError: It is a link or no folder, or it could not be done: it is somebody else's.
        """
        if self._fd is None:
            return
        if not hasattr(os, "O_PATH"):  # macOS, which can change a link's own
            os.chmod(self._name(name), mode, dir_fd=self._fd, follow_symlinks=False)
            return
        try:
            fd = os.open(self._name(name), os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._fd)
        except NotADirectoryError:
            raise self._no_folder(name) from None
        try:
            os.chmod(f"/proc/self/fd/{fd}", mode)  # noqa: PTH101 - the folder that is open (`open(2)`, O_PATH)
        finally:
            os.close(fd)

    def is_still(self, path: Path) -> bool:
        """Tell whether `path`, whose last part may not be a link, leads to this folder."""
        try:
            here = self.path.stat() if self._fd is None else os.fstat(self._fd)
            return os.path.samestat(path.lstat(), here)
        except OSError:
            return False

    def _no_folder(self, name: str) -> NotADirectoryError:
        return NotADirectoryError(errno.ENOTDIR, "it is a symbolic link, or no folder", str(self.path / name))

    def _name(self, name: str) -> str:
        if name in ("", ".", "..") or "/" in name or "\0" in name:
            raise UnfitError(f"`{name}` is no name of an entry")
        return name if self._fd is not None else str(self.path / name)
