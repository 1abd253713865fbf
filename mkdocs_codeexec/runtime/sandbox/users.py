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


_LOOKED = 3
"""Folders within each other that are looked at: `.cargo-lock` of cargo is in the second or the third of them."""
_MANY = 256
"""Entries of each that are looked at."""
DEEPEST = 64
"""Folders within each other that are given; what code of others has made may nest without end."""


def give_path(folder: Path, user: int) -> None:
    """Make what is at `folder` and all in it `user`'s own, if it is not yet: what root has made there before, too.

    It may be, and root have written to it since: who was at it when it was given away went on. cargo's locks show that.

    Raises:
        OSError: The disk refuses it, or it is no folder.
    """
    with Folder.at(folder.parent) as parent, parent.folder(folder.name) as opened:
        if os.fstat(opened.fileno()).st_uid != user or not _is_owned(opened, user, _LOOKED):
            give(opened, user)


def _is_owned(folder: Folder, user: int, depth: int) -> bool:
    """Tell whether what is in `folder` is `user`'s own, in so many folders within each other."""
    for entry in folder.some(_MANY):
        with suppress(FileNotFoundError, NotADirectoryError):
            if folder.about(entry.name).st_uid != user:
                return False
            if depth > 1 and entry.is_dir(follow_symlinks=False):
                with folder.folder(entry.name) as inner:
                    if not _is_owned(inner, user, depth - 1):
                        return False
    return True


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
