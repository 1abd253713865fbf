"""Which user id children get when MkDocs runs as root: never root's, and hardly two samples the same."""

from __future__ import annotations

import functools
import os
import zlib
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from mkdocs_codeexec.untrusted import Folder


class Range(NamedTuple):
    """User ids that belong to nobody: the first, and how many there are. The first builds Environments, whose files stay."""

    first: int
    size: int


USUAL = Range(100_000, 60_000)
WITHIN = Range(20_000, 40_000)
"""Where a container has no more than 65,536 user ids."""


def is_root() -> bool:
    """Tell whether this program is run by root, and can become others: in some namespaces there are none."""
    return free() is not None


def builder() -> int | None:
    """Return the user that builds Environments; None if we cannot become anybody."""
    found = free()
    return found.first if found else None


def another(seed: str) -> int | None:
    """Return a user for a scratch directory; None if we cannot become anybody.

    The same `seed` has the same one whenever and in whatever order it is run: samples print who they are.
    """
    found = free()
    return found.first + 1 + zlib.crc32(seed.encode("utf-8", "surrogatepass")) % (found.size - 1) if found else None


@functools.cache
def free() -> Range | None:
    """Return the ids that we can use, as root; None for ordinary users (`user_namespaces(7)`)."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    most = min(_most("/proc/self/uid_map"), _most("/proc/self/gid_map"))
    return next((one for one in (USUAL, WITHIN) if one.first + one.size <= most), None)


def _most(map_of_ids: str) -> int:
    """Return below which number all ids are there."""
    try:
        lines = [tuple(map(int, line.split())) for line in Path(map_of_ids).read_text("ascii").splitlines()]
    except (OSError, ValueError):  # another system than Linux
        return 2**31
    most = 0
    for inside, _, size in sorted(lines):
        if inside <= most:
            most = max(most, inside + size)
    return most


DEEPEST = 64
"""Folders within each other that are given; what code of others has made may nest without end."""


def give_path(folder: Path, user: int) -> None:
    """Make what is at `folder` and all in it `user`'s own, if it is not yet: what root has made there before, too.

    Raises:
        OSError: The disk refuses it, or it is no folder.
    """
    if folder.lstat().st_uid != user:
        with Folder.at(folder.parent) as parent, parent.folder(folder.name) as opened:
            give(opened, user)


def give(folder: Folder, user: int, depth: int = 0) -> None:
    """Make `folder` and all in it `user`'s own; of links, the links themselves.

    Raises:
        OSError: The disk refuses it.
    """
    for name in folder.names() if depth < DEEPEST else ():
        with suppress(FileNotFoundError):
            try:
                with folder.folder(name) as inner:
                    give(inner, user, depth + 1)
            except NotADirectoryError:
                folder.own(name, user)
    os.fchown(folder.fileno(), user, user)  # last: it vouches for the rest


def take(folder: Path) -> None:
    """Make `folder` root's again, before root writes to it: it does not vouch for the rest any more."""
    os.chown(folder, 0, 0, follow_symlinks=False)
