"""One entry of a store: its place, its text with a seal, and its file, which is complete or absent.

An entry is a JSON object that people can read. Its last field, `sha256`, is the digest of all the text before it, so
that every damage shows before anything is made of the text. Only the ends of lines may change: a checkout may.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import re
import shutil
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.codec import FORMAT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LARGEST = 2 * 1024 * 1024
"""Bytes of an entry; anything larger is neither written nor read."""
RESULTS = "results"
LISTS = "observed"
INDEXES = ("requests", "structures", LISTS)
PREFIX = ".codeexec-"
"""What the names of temporary files begin with."""

_NAME = re.compile("[0-9a-f]{64}")
_NO_ENTRY = {errno.ELOOP: "it is a symbolic link", errno.EMLINK: "it is a symbolic link", errno.ENXIO: "it is no file"}


def shelf(directory: Path, what: str) -> Path:
    """Return the folder of the entries of one kind; it holds folders named by two hex digits, which hold them."""
    return directory / what / f"v{FORMAT}"


def place(directory: Path, what: str, name: str) -> Path | None:
    """Return the path of an entry, or None if `name` is not the 64 hex digits that all names are."""
    return shelf(directory, what) / name[:2] / f"{name}.json" if _NAME.fullmatch(name) else None


def named(file_name: str) -> str | None:
    """Return the name of the entry in a file called `file_name`, or None if no entry is called so."""
    name = file_name.removesuffix(".json")
    return name if name != file_name and _NAME.fullmatch(name) else None


# --- Text -----------------------------------------------------------------------------------------------------------


def encode(entry: Mapping[str, object]) -> bytes:
    """Return the text of `entry`, sealed; `decode` is the inverse."""
    text = json.dumps(entry, ensure_ascii=False, indent=1).removesuffix("\n}")
    # A lone surrogate has no UTF-8; `backslashreplace` spells it as JSON does.
    payload = text.encode("utf-8", "backslashreplace")
    return payload + _seal(payload)


def decode(data: bytes) -> Mapping[str, object]:
    """Return the object that `encode` was given.

    Raises:
        ValueError: `data` is not what `encode` wrote.
        RecursionError: Somebody sealed what nests too deeply.
    """
    data = data.replace(b"\r\n", b"\n")
    if data[-_SEAL_LENGTH:] != _seal(data[:-_SEAL_LENGTH]):
        raise ValueError("its checksum does not match" if b'"sha256"' in data else "it has no checksum")
    entry = json.loads(data.decode("utf-8"))
    if not isinstance(entry, dict):
        raise ValueError("it holds no object")  # noqa: TRY004 - one kind of error
    return entry


def _seal(payload: bytes) -> bytes:
    return b',\n "sha256": "%s"\n}\n' % hashlib.sha256(payload).hexdigest().encode()


_SEAL_LENGTH = len(_seal(b""))


# --- Files ----------------------------------------------------------------------------------------------------------


def read(path: Path, largest: int = LARGEST) -> bytes:
    """Return the contents of a regular file of at most `largest` bytes; never wait for a pipe, nor follow a link.

    Raises:
        ValueError: Something else is there.
        OSError: Nothing is there, or it cannot be read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        fd = os.open(path, flags)
    except OSError as error:
        if error.errno in _NO_ENTRY:
            raise ValueError(_NO_ENTRY[error.errno]) from None
        raise
    try:
        about = os.fstat(fd)
        if not stat.S_ISREG(about.st_mode):
            raise ValueError("it is not a regular file")
        if about.st_size > largest:
            raise ValueError(f"it is larger than {largest} bytes")
        return os.read(fd, about.st_size)
    finally:
        os.close(fd)


def replace(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Put `data` at `path`: whoever looks sees what was there or all of it. Whatever else stands there goes.

    Args:
        path: Where; its folder is made.
        data: The contents.
        sync: Whether it survives the power too, not only this process.

    Raises:
        OSError: It could not be written; nothing of it is left.
    """
    temporary = _aside(path)
    try:
        with _made(temporary) as file:
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
            if sync:
                os.fsync(file.fileno())
        try:
            temporary.replace(path)
        except IsADirectoryError:
            discard(path.rename(_aside(path)))  # a folder in the place of an entry is damage like any other
            temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def discard(path: Path) -> None:
    """Delete a file or a folder, if that is possible; a link is deleted, and not what it leads to."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def touch(path: Path) -> None:
    """Note that the entry at `path` was used now, if that is possible."""
    with suppress(OSError, NotImplementedError):
        os.utime(path, follow_symlinks=False)


def _made(path: Path) -> io.FileIO:
    """Return a new file, open to be written. Its folder mostly is there already.

    Unlike those of `tempfile`, it may be read by whom the umask allows: a store can be shared.

    Raises:
        OSError: It could not be made.
    """
    try:
        return path.open("xb", buffering=0)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb", buffering=0)


def _aside(path: Path) -> Path:
    return path.with_name(f"{PREFIX}{os.urandom(8).hex()}.tmp")
