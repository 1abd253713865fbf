"""What earlier builds have built, for a build that leaves nothing: used where it is, or copied and gone on from.

Nothing is written where it is, not even that it was used: it is as it was before a stranger's work was built.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from mkdocs_codeexec.languages.rust.environments.collection import COMPILED, LOCK, TARGET
from mkdocs_codeexec.untrusted import Folder, UnfitError

_copying = threading.Lock()


@contextlib.contextmanager
def untouched(home: Path) -> Iterator[bool]:
    """Have nobody else change the project in `home` meanwhile, and change nothing there; tell whether that can be had."""
    with ExitStack() as stack:
        yield all(_held(path, stack) for path in (home.parent / LOCK, home / LOCK))


def _held(path: Path, stack: ExitStack) -> bool:
    try:
        import fcntl

        file = stack.enter_context(path.open("rb"))
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (ImportError, OSError):  # it is not there, or somebody builds there
        return False
    return True


def copy(theirs: Path, ours: Path) -> None:
    """Copy the libraries of the toolchain's folder `theirs` to `ours`, once; what cannot be copied is built.

    cargo goes on from what is there by dates, which are kept, and we from the note of what it was compiled from. Links stay links, and what is no file is left out.
    """
    with _copying, contextlib.suppress(OSError, shutil.Error, RecursionError):
        target = ours / TARGET
        if target.exists() or not (theirs / TARGET).is_dir() or (theirs / TARGET).is_symlink():
            return
        ours.mkdir(parents=True, exist_ok=True)
        shutil.copytree(theirs / TARGET, target, symlinks=True, copy_function=_copy)
        _copy(str(theirs / COMPILED), str(ours / COMPILED))


def _copy(source: str, target: str) -> None:
    """Copy a file with its date, and no right that a build script has given it: the copy is the own of who builds."""
    place, own = Path(source), Path(target)
    with contextlib.suppress(UnfitError), Folder.at(place.parent) as there, Folder.at(own.parent) as here:
        fd = there.open_file(place.name)
        try:
            about = os.fstat(fd)
            here.take(own.name, fd, about.st_mode & 0o777)
        finally:
            os.close(fd)
        os.utime(own, ns=(about.st_atime_ns, about.st_mtime_ns))
