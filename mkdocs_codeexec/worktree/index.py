"""What git tracks: the names in the index of a checkout (`gitformat-index(5)`), read without starting git."""

from __future__ import annotations

import os
import re
import struct
from pathlib import Path

from mkdocs_codeexec.untrusted.regular import read_regular

LARGEST = 256 * 1024 * 1024
"""Bytes of an index that is read: some 2,000,000 files."""
_CONFIG = 1024 * 1024
_FILE = 0o100000
_LINK = 0o120000


def folder_of(root: Path) -> Path | None:
    """Return the folder in which git keeps the index of the checkout `root`; None if it is none."""
    place = root / ".git"
    if place.is_dir():
        return place
    text = (read_regular(place, 4096) or b"").decode("utf-8", "replace")
    if not text.startswith("gitdir:"):
        return None
    return Path(os.path.normpath(root / text.removeprefix("gitdir:").strip()))


def common(git: Path) -> Path:
    """Return the folder that all worktrees of the repository of `git` share."""
    text = (read_regular(git / "commondir", 4096) or b"").decode("utf-8", "replace").strip()
    return Path(os.path.normpath(git / text)) if text else git


def tracked(git: Path) -> frozenset[str] | None:
    """Return the files and links that are tracked, by their paths from the root; None if the index cannot be read."""
    data = read_regular(git / "index", LARGEST)
    if data is None:
        return None
    config = (read_regular(common(git) / "config", _CONFIG) or b"").decode("utf-8", "replace")
    size = 32 if re.search(r"(?im)^\s*objectformat\s*=\s*sha256", config) else 20
    try:
        return frozenset(_names(data, size))
    except (struct.error, ValueError, IndexError):
        return None


def _names(data: bytes, hash_size: int) -> list[str]:
    """Return the names of all entries.

    Raises:
        ValueError: It is none that we know, or is spread over two files.
    """
    magic, version, count = struct.unpack_from("!4sII", data)
    if magic != b"DIRC" or version not in (2, 3, 4):
        raise ValueError("no index")
    found: list[str] = []
    at, name = 12, b""
    for _ in range(count):
        start = at
        (mode,) = struct.unpack_from("!I", data, at + 24)
        (flags,) = struct.unpack_from("!H", data, at + 40 + hash_size)
        at += 42 + hash_size + (2 if flags & 0x4000 else 0)
        if version == 4:
            dropped, at = _number(data, at)
            end = data.index(b"\0", at)
            name = name[: len(name) - dropped] + data[at:end]
            at = end + 1
        else:
            end = data.index(b"\0", at)
            name = data[at:end]
            at = start + (end - start + 8) // 8 * 8
        if mode & 0o170000 in (_FILE, _LINK):
            found.append(os.fsdecode(name))
    while at + 8 <= len(data) - hash_size:
        kind, size = struct.unpack_from("!4sI", data, at)
        if kind == b"link":
            raise ValueError("most entries are in another file")
        at += 8 + size
    return found


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of variable length, and where it ends."""
    value = data[at] & 0x7F
    while data[at] & 0x80:
        at += 1
        value = ((value + 1) << 7) | (data[at] & 0x7F)
    return value, at + 1
