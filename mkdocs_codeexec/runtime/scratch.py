"""The private directories in which Actions are executed, and their removal, whatever was left in them."""

from __future__ import annotations

import base64
import os
import re
import shutil
import stat
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.confinement import ISOLATING
from mkdocs_codeexec.core.protocols import NO_ACCESS, Command, Observe
from mkdocs_codeexec.errors import CodeExecError
from mkdocs_codeexec.runtime.observed import start
from mkdocs_codeexec.runtime.observed.asked import sifted
from mkdocs_codeexec.runtime.sandbox import places
from mkdocs_codeexec.runtime.sandbox.users import another, give, is_root

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mkdocs_codeexec.core.action import Step
    from mkdocs_codeexec.core.confinement import Access
    from mkdocs_codeexec.core.outcome import StepResult
    from mkdocs_codeexec.core.protocols import Runner

PREFIX = "codeexec-"
_LOCK = "lock"
_FOLDERS = ("work", "home", "tmp")
FULL_BELOW = 64 * 1024
"""Bytes that are free on a disk that is called full."""

EVERY_CHILD = {
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "TERM": "xterm-256color",
    "COLUMNS": "100",
    "CLICOLOR_FORCE": "1",
    "FORCE_COLOR": "1",
}
"""What every child gets, so that it prints the same everywhere, with colours though no terminal is there."""


class ScratchRoot:
    """One directory for all scratch directories of a batch; a context manager that removes it.

    A killed build cannot remove its own. It is locked while in use, and what nobody locks any more is removed by the
    next build.
    """

    def __init__(self, parent: Path | None = None) -> None:
        self._parent = parent
        self._lock = -1
        self.path = Path()

    def __enter__(self) -> ScratchRoot:
        """Make it.

        Raises:
            OSError: The parent is not writable or full.
        """
        parent = Path(tempfile.gettempdir()) if self._parent is None else self._parent
        _sweep(parent)
        # The real path, which a child is told by `getcwd`.
        self.path = Path(os.path.realpath(_unguessable(parent, PREFIX)))
        try:
            if is_root():
                self.path.chmod(0o711)  # each directory in it belongs to another user
            self._lock = _locked(self.path)
        except OSError:
            remove(self.path)
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        with suppress(OSError):
            for entry in self.path.iterdir():
                if entry.name != _LOCK:
                    remove(entry)
        remove(self.path)  # the lock last: without it, nobody would remove the rest
        if self._lock >= 0:
            os.close(self._lock)


class ScratchDirectory:
    """A Scratch; a context manager that removes it.

    Layout: `work` is the working directory, with the given files and nothing else; `home` and `tmp` stand beside it.

    Args:
        root: Where it is made.
        files: Names and texts.
        runner: Starts what is run here.
        path: The `PATH` of every child.
        output_limit: Bytes read of one stream.
        keep_head: Bytes kept of the start of a long stream; None is as usual.
        seed: Chooses the user that children become where root runs this; by default the files do.

    It is made when it is first used. An Action that is only checked, together with others, needs none.
    """

    def __init__(
        self,
        root: Path,
        files: Sequence[tuple[str, str]],
        runner: Runner,
        path: str,
        *,
        output_limit: int,
        keep_head: int | None = None,
        seed: str = "",
    ) -> None:
        self._seed = seed
        self._root = root
        self._files = files
        self._runner = runner
        self._search = path
        self._limits = {"output_limit": output_limit} | ({} if keep_head is None else {"keep_head": keep_head})
        self._all: Path | None = None
        self._user: int | None = None

    @property
    def path(self) -> Path:
        """The working directory.

        Raises:
            OSError: It cannot be made: the disk is full, say.
            CodeExecError: A name of a file would leave it.
        """
        return (self._all or self._make()) / "work"

    @property
    def shared(self) -> bool:
        """Whether files in it may be links to files in others: nothing that is run here can change them then.

        As root each Action has a user of its own; bubblewrap mounts what was built, unchangeable.
        """
        return self._runner.tier in ("bubblewrap", "off") or is_root()

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Its folders, innermost first, and what they are called where somebody reads of them.

        Their real names are others in each run. `$HOME` and `$TMPDIR` are what a sample itself would say.
        """
        if self._all is None:
            return ()
        return (
            (str(self._all / "work"), "."),
            (str(self._all / "home"), "$HOME"),
            (str(self._all / "tmp"), "$TMPDIR"),
            (str(self._all), ".."),
            (str(self._root), "../.."),
        )

    def _make(self) -> Path:
        made = _unguessable(self._root)
        try:
            for folder in _FOLDERS:
                (made / folder).mkdir()
            for name, text in self._files:
                parts = _parts(name)
                path = (made / "work").joinpath(*parts)
                if len(parts) > 1:
                    path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text.encode("utf-8", "surrogatepass"))
            if self._runner.tier != "off" and (user := another(self._seed or repr(self._files))) is not None:
                give(made, user)
                self._user = user
        except BaseException:
            remove(made)
            raise
        self._all = made
        return made

    def __enter__(self) -> ScratchDirectory:
        return self

    def __exit__(self, *exc: object) -> None:
        made, self._all = self._all, None
        if made is None:
            return
        try:
            # What most samples leave is gone so in a fifth of the time.
            for path in (made / "work").iterdir():
                path.unlink()
            for folder in _FOLDERS:
                (made / folder).rmdir()
            made.rmdir()
        except OSError:
            remove(made)

    def run(
        self,
        step: Step,
        argv: tuple[str, ...],
        env: Mapping[str, str],
        access: Access = NO_ACCESS,
        observe: Observe = "",
    ) -> StepResult:
        """Run `step` here, by the command line `argv`, with no more of the machine than `access`.

        The environment is the one that every child gets, then the step's own variables, then `env`.
        """
        folder = self.path
        search = places.search(self._search, access) if self._runner.tier in ISOLATING else self._search
        own = {"PATH": search, "HOME": str(folder.with_name("home")), "TMPDIR": str(folder.with_name("tmp"))}
        tier = self._runner.tier
        variables = {**EVERY_CHILD, **own, **dict(step.env), **env}
        if observe == "python" and tier != "off":
            variables["PYTHONPATH"] = ":".join(filter(None, (start.folder(), variables.get("PYTHONPATH", ""))))
            if (
                tier == "landlock"
            ):  # bubblewrap shows what the supervisor is made of to all; we may be installed elsewhere
                access = replace(access, readable=(*access.readable, start.FOLDER))
        command = Command(
            argv=argv,
            cwd=folder,
            env=variables,
            timeout=step.timeout,
            stdin=step.stdin,
            access=replace(access, network=step.network),
            limits=step.limits,
            scratch=self._all,
            user=self._user,
            observe=observe,
            **self._limits,
        )
        result = self._runner.run(command, step.kind)
        if result.asked is None:
            return result
        return replace(result, asked=sifted(result.asked, str(self._root), access, tier))


def is_full(folder: Path) -> bool:
    """Tell whether nothing more can be written to the disk that `folder` is on."""
    try:
        disk = os.statvfs(folder)
    except (AttributeError, OSError):  # Windows has no such call
        return False
    # What is set aside for root is free for root alone. Some file systems count nothing: their totals are 0.
    blocks, inodes = (disk.f_bfree, disk.f_ffree) if os.geteuid() == 0 else (disk.f_bavail, disk.f_favail)
    no_bytes = disk.f_blocks > 0 and blocks * disk.f_frsize < FULL_BELOW
    return no_bytes or (disk.f_files > 0 and inodes == 0)


def remove(path: Path) -> None:
    """Remove the directory `path` and all in it, read-only directories included; what resists is left."""
    shutil.rmtree(path, ignore_errors=True)
    if not path.exists():
        return
    for folder, names, _ in os.walk(path):
        with suppress(OSError):
            Path(folder).chmod(stat.S_IRWXU)
        for name in names:
            inner = Path(folder, name)
            if not inner.is_symlink():
                with suppress(OSError):
                    inner.chmod(stat.S_IRWXU)
    shutil.rmtree(path, ignore_errors=True)


def nameless(text: str, root: Path) -> str:
    """Return `text` without the names of scratch directories in `root`: they are others in each run."""
    text = re.sub(re.escape(f"{root}/") + r"[a-z2-7]{26}/work\b", ".", text)
    return re.sub(re.escape(f"{root}/") + r"[a-z2-7]{26}\b", "..", text)


def _unguessable(parent: Path, prefix: str = "") -> Path:
    """Make a folder in `parent` by a name that nobody can guess: where names are not hidden, a sample could look for it."""
    path = parent / f"{prefix}{base64.b32encode(os.urandom(16)).decode().rstrip('=').lower()}"
    path.mkdir(mode=0o700)
    return path


def _parts(name: str) -> tuple[str, ...]:
    """Return the parts of a file's name.

    Raises:
        CodeExecError: It is absolute, climbs, or is no name at all.
    """
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or any(c in name for c in "\\:\0"):
        raise CodeExecError(f"`{name}`: not the name of a file within the scratch directory")
    return parts


def _locked(root: Path) -> int:
    """Lock `root` for as long as the returned descriptor is open, which the end of this process closes too."""
    try:
        import fcntl
    except ImportError:  # Windows; there is nothing to sweep with, either
        return -1
    # Only a locked file gets the name that others look for.
    fd = os.open(root / "lock.new", os.O_RDWR | os.O_CREAT, 0o600)
    with suppress(OSError):  # some network disks know no locks
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        (root / "lock.new").rename(root / _LOCK)
    return fd


def _sweep(parent: Path) -> None:
    """Remove what builds of this user left in `parent` when they were killed."""
    try:
        import fcntl
    except ImportError:
        return
    for lock in parent.glob(f"{PREFIX}*/{_LOCK}"):
        with suppress(OSError):
            about = lock.parent.lstat()
            if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid():
                continue
            fd = os.open(lock, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(lock.parent)
            finally:
                os.close(fd)
