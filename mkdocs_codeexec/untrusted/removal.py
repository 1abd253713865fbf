"""Removal of what strangers have made, however deep, wide, or closed to us it is."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.untrusted.folder import Folder

if TYPE_CHECKING:
    from collections.abc import Callable

AT_ONCE = 1024
"""Names that are listed before they are removed; a folder may hold millions."""


def remove(folder: Folder, name: str) -> bool:
    """Remove the entry `name` of `folder` with all that is in it; return whether it is gone.

    Links are removed, and not what they lead to. Never raises for what it finds or for what the disk says, follows no
    path, and needs no more descriptors for a thousand folders within each other than for one: an inner folder becomes
    an entry of `folder` before it is emptied. So nobody but us should be able to write to `folder`.
    """
    try:
        mode = folder.about(name).st_mode
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False
    if not stat.S_ISDIR(mode):
        return _tried(folder.unlink, name)
    pending = [name]
    gone = True
    while pending:
        at = pending.pop()
        gone = _emptied(folder, at, pending) and _tried(folder.rmdir, at) and gone
    return gone


def clear(folder: Folder, *, but: tuple[str, ...] = ()) -> bool:
    """Remove all that is in `folder`, other than entries named in `but`; return whether it is gone."""
    try:
        names = [name for name in folder.names() if name not in but]
    except OSError:
        return False
    gone = [remove(folder, name) for name in names]
    return all(gone)


def remove_path(path: Path) -> bool:
    """Remove what is at `path`, an entry of a folder that nobody else can write to; return whether it is gone."""
    try:
        with Folder.at(path.parent) as parent:
            return remove(parent, path.name)
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _emptied(top: Folder, name: str, pending: list[str]) -> bool:
    """Remove the files in the folder `name` of `top`, and make the folders in it entries of `top`, added to `pending`.

    Returns whether it is empty.
    """
    with suppress(OSError, ValueError):
        if top.about(name).st_mode & stat.S_IRWXU != stat.S_IRWXU:
            top.permit(name, stat.S_IRWXU)
    try:
        with top.folder(name) as folder:
            while found := folder.some(AT_ONCE):
                left = [one for one in found if not _taken_out(folder, one, top, pending)]
                if len(left) == len(found):
                    return False
    except (OSError, ValueError):
        return False
    return True


def _taken_out(folder: Folder, entry: os.DirEntry[str], top: Folder, pending: list[str]) -> bool:
    try:
        if not entry.is_dir(follow_symlinks=False):
            folder.unlink(entry.name)
            return True
        if _tried(folder.rmdir, entry.name):  # most are empty
            return True
        with suppress(OSError, ValueError):  # to give it another parent takes the right to write to it
            folder.permit(entry.name, stat.S_IRWXU)
        aside = f".gone-{os.urandom(8).hex()}"
        folder.rename(entry.name, aside, into=top)
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False
    pending.append(aside)
    return True


def _tried(what: Callable[[str], None], name: str) -> bool:
    try:
        what(name)
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False
    return True
