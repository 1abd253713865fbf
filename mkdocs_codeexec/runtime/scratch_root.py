"""One directory for all scratch directories of a batch, and the removal of what killed builds have left."""

from __future__ import annotations

import base64
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.confinement import ISOLATING
from mkdocs_codeexec.runtime.sandbox.users import is_root
from mkdocs_codeexec.untrusted import Folder, clear, remove

if TYPE_CHECKING:
    from collections.abc import Callable

    from mkdocs_codeexec.core.confinement import Tier

PREFIX = "codeexec-"
OWN = "scratch"
"""What the folder is called that scratch directories are made in if it is not the system's for temporary files."""
LOCK = "lock"
_NEW = "lock.new"


def place(tier: Tier, own: Path | None) -> Path:
    """Return where scratch directories are made: where programs that look upwards find nothing that other users have put there.

    cargo obeys `.cargo/config.toml` and `Cargo.toml` above the folder that it stands in, node `package.json` and
    `node_modules`, and many others have such files. In the system's folder for temporary files anybody may write them. A tier
    that isolates does not show them; in others it is used only if nobody else may write to it, or above it.

    Args:
        tier: The one of samples.
        own: A folder of the user's; None if there is none.
    """
    if tier in ISOLATING or own is None or not shared_at(usual()) or (tier == "limits" and is_root()):
        return usual()
    made = own / OWN
    try:
        made.mkdir(mode=0o700, parents=True, exist_ok=True)
        with Folder.at(own) as above, above.folder(OWN):  # no link
            return usual() if shared_at(made) else made
    except (OSError, ValueError):
        return usual()


def usual() -> Path:
    """Return the system's folder for temporary files."""
    return Path(tempfile.gettempdir())


def shared_at(folder: Path) -> str:
    """Return the name of a folder, `folder` or one above it, that other users may write to; empty if there is none."""
    if not hasattr(os, "geteuid"):
        return ""
    real = Path(os.path.realpath(folder))
    for one in (real, *real.parents):
        about = one.stat()
        ours = about.st_uid in (0, os.geteuid())
        by_group = about.st_mode & stat.S_IWGRP and about.st_gid not in (0, os.getegid())
        if not ours or by_group or about.st_mode & stat.S_IWOTH:
            return str(one)
    return ""


class ScratchRoot:
    """A directory for scratch directories; a context manager that removes it.

    A killed build cannot remove its own. It is locked while in use, and what nobody locks any more is removed by the
    next build. What resists is left where it is, and told.

    Attributes:
        path: Its real path, which a child is told by `getcwd`.

    Args:
        parent: Where it is made; None is the system's directory for temporary files.
        tell: Takes a message for people.
    """

    def __init__(self, parent: Path | None = None, tell: Callable[[str], None] | None = None) -> None:
        self._parent = parent
        self._tell = tell
        self._lock = -1
        self._above: Folder | None = None
        self.path = Path()

    def __enter__(self) -> ScratchRoot:
        """Make it.

        Raises:
            OSError: The parent is not writable or full.
        """
        parent = usual() if self._parent is None else self._parent
        self._above = Folder.at(parent)
        try:
            _sweep(self._above)
            name = f"{PREFIX}{unguessable()}"
            with self._above.folder(name, make=True, mode=0o700):
                self.path = Path(os.path.realpath(parent), name)
            if is_root():
                self._above.permit(name, 0o711)  # each directory in it belongs to another user
            self._lock = _locked(self.path)
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        gone = self._remove()
        if self._lock >= 0:
            os.close(self._lock)
        if not gone and self._tell:
            self._tell(f"{self.path}: could not be removed after samples had run; delete it when nothing uses it")

    def _remove(self) -> bool:
        """Remove it, the lock last: without it, nobody would remove the rest."""
        above, self._above = self._above, None
        if above is None:
            return True
        with above:
            return not self.path.name or _removed(above, self.path.name)


def unguessable() -> str:
    """Return a name that nobody can guess: where names are not hidden, a sample could look for it."""
    return base64.b32encode(os.urandom(16)).decode().rstrip("=").lower()


def _removed(above: Folder, name: str) -> bool:
    with suppress(OSError, ValueError), above.folder(name) as folder:
        clear(folder, but=(LOCK,))
    return remove(above, name)


def _locked(root: Path) -> int:
    """Lock `root` for as long as the returned descriptor is open, which the end of this process closes too."""
    try:
        import fcntl
    except ImportError:  # Windows; there is nothing to sweep with, either
        return -1
    # Only a locked file gets the name that others look for.
    fd = os.open(root / _NEW, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with suppress(OSError):  # some network disks know no locks
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        (root / _NEW).rename(root / LOCK)
    return fd


def _sweep(parent: Folder) -> None:
    """Remove what builds of this user left in `parent` when they were killed; what resists is left."""
    try:
        import fcntl
    except ImportError:
        return
    with suppress(OSError):
        for name in [name for name in parent.names() if name.startswith(PREFIX)]:
            with suppress(OSError, ValueError):
                about = parent.about(name)
                if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid():
                    continue
                with parent.folder(name) as folder:
                    fd = folder.open_file(LOCK)
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    _removed(parent, name)
                finally:
                    os.close(fd)
