"""Reading files that strangers may have made.

Only regular ones are opened, never a device or a pipe; no more is read of them than a limit; and a link is followed only
where it leads to something in the tree that it stands in.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path

from mkdocs_codeexec.untrusted.folder import UnfitError

CHUNK = 1024 * 1024
_HOW = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


def read_regular(path: Path, limit: int, tree: Path | None = None) -> bytes | None:
    """Return at most `limit` bytes of the regular file `path`; None if there is none that may be read.

    Args:
        path: The file.
        limit: Bytes.
        tree: Links are followed, on the way too, if all of it ends within this folder. None: `path` itself is no link.
    """
    found = _opened(path, tree)
    if found is None:
        return None
    with os.fdopen(found[0], "rb") as file:
        try:
            return file.read(limit)
        except OSError:
            return None


def text_of(path: Path, limit: int, tree: Path | None = None) -> str:
    """Return the text of a file as `read_regular` reads it; empty if there is none, or it is longer or no UTF-8."""
    content = read_regular(path, limit + 1, tree)
    if content is None or len(content) > limit:
        return ""
    try:
        return content.decode("utf-8").replace("\r\n", "\n")
    except ValueError:
        return ""


def hash_regular(path: Path, limit: float, tree: Path | None = None) -> tuple[str, int] | None:
    """Return what changes when the content of a file does, and how much of it was read; None as `read_regular`.

    Of a file that is larger than `limit` bytes the size alone counts.
    """
    opened = _opened(path, tree)
    if opened is None:
        return None
    fd, size = opened
    with os.fdopen(fd, "rb", buffering=0) as file:
        try:
            if size > limit:
                return f"{size} bytes", 0
            found, left = hashlib.sha256(), size  # files of the kernel that say they are empty may have no end
            while left > 0 and (chunk := file.read(min(left, CHUNK))):
                found.update(chunk)
                left -= len(chunk)
        except OSError:
            return None
        return found.hexdigest(), size - left


def copied(fd: int, to: int | None, most: int) -> tuple[str, int]:
    """Return the hex sha256 of what is left to read of the regular file `fd`, and how much that is.

    Args:
        fd: What is read.
        to: Where it is written, too; None for nowhere.
        most: Bytes.

    Raises:
        UnfitError: There are more.
        OSError: It could not be read or written.
    """
    found, size = hashlib.sha256(), 0
    while chunk := os.read(fd, CHUNK):
        size += len(chunk)
        if size > most:
            raise UnfitError(f"it is larger than {most} bytes")
        found.update(chunk)
        rest = memoryview(chunk)
        while rest and to is not None:
            rest = rest[os.write(to, rest) :]
    return found.hexdigest(), size


def is_within(real: str, tree: str) -> bool:
    """Tell whether the resolved path `real` is the resolved folder `tree`, or in it."""
    return real == tree or real.startswith(tree.rstrip("/") + "/")


def _opened(path: Path, tree: Path | None) -> tuple[int, int] | None:
    """Return a descriptor of a regular file, and its size: looked at before it is opened, as opening some devices does something."""
    name = os.fspath(path)
    try:
        if tree is not None:
            name = os.path.realpath(name)
            if not is_within(name, os.path.realpath(tree)):
                return None
        if not stat.S_ISREG(os.lstat(name).st_mode):
            return None
        fd = os.open(name, _HOW)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.EMFILE:
            raise
        return None
    about = os.fstat(fd)
    if stat.S_ISREG(about.st_mode):
        return fd, about.st_size
    os.close(fd)
    return None
