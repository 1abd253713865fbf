"""Who uses which folder of built Environments, and the removal of what nobody has used for long.

    rust/<toolchain>/                  one for each toolchain and configuration of cargo
        .lock                          shared by all that build there, alone for whoever removes
        cargo-<home>/                  what cargo takes for its home when it builds
        target/                        the libraries of all projects
        <manifest>/                    a cargo project
            .lock                      alone for whoever builds it; its mtime tells the last use
            building/                  what a build may write to, beside the libraries; emptied when it has ended
            built/<lock file>.json     one state of it, with the names of its libraries; its mtime tells the last use

Collected are states, projects without a state, libraries that no state names, and at last the toolchain's folder. It
costs nothing where nothing is built, and is done once a day. A clock that goes wrong does no harm: old is what had not
been used for `UNUSED` when things were *last* collected, which is a day ago or more; nothing that was used since is old,
whatever the clock says now.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

from mkdocs_codeexec.languages.rust.environments.manifest import PROBE

DAY = 24 * 60 * 60.0
UNUSED = 30 * DAY
"""Seconds after which something that nobody has used is removed."""
BUILDING, BUILT, LOCK, TARGET = "building", "built", ".lock", "target"
_LAST = ".collected"
_REMOVED = ".removed-"
_OURS = re.compile(r"[0-9a-f]{16}")
_PROGRAM = re.compile(rf"{PROBE}_([0-9a-f]{{16}})(?:\.d)?")
_UNIT = re.compile(r".+?-([0-9a-f]{16})(?:\..*)?")
"""What cargo appends to the name of whatever it makes of one unit."""
_MADE = (".fingerprint", "build", "deps")
"""Where cargo puts such things. The fingerprints go first: without one, cargo makes the rest again."""
_RETRY_SECONDS = 0.1


@contextlib.contextmanager
def alone(home: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Have the project in `home` to oneself, and its toolchain's folder safe from removal.

    Makes the folders, and notes that they are in use.

    Args:
        home: The folder of the project.
        waiting: Called once if somebody else has it.

    Raises:
        OSError: As the disk says.
    """
    with _held(home.parent / LOCK, waiting, shared=True), _held(home / LOCK, waiting):
        os.utime(home / LOCK)
        yield


def collect(root: Path, now: float | None = None) -> None:
    """Remove what nobody has used for long below `root`, once a day. Never raises for what the disk says.

    Args:
        root: The folder of toolchains' folders.
        now: Seconds since the epoch; None asks the clock.
    """
    now = time.time() if now is None else now
    try:
        mark = root / _LAST
        if not mark.exists():  # what was used before is judged next time
            mark.touch()
            os.utime(mark, (now, now))
            return
        last = mark.stat().st_mtime
        if 0 <= now - last < DAY:
            return
        os.utime(mark, (now, now))
        for toolchain in _folders(root):
            _collect(toolchain, min(now, last) - UNUSED)
    except OSError:
        return


def _collect(toolchain: Path, old: float) -> None:
    with _tried(toolchain / LOCK) as free:
        if not free:
            return
        for project in _folders(toolchain):
            states = list((project / BUILT).glob("*.json"))
            for state in states:
                if _used(state) < old:
                    state.unlink()
            if max(map(_used, (project / LOCK, *states)), default=0.0) < old:
                _remove(project)
        projects = list(_folders(toolchain))
        if projects:
            _sweep(toolchain / TARGET, {project.name for project in projects}, _named(projects), old)
        elif _used(toolchain / LOCK) < old:
            _remove(toolchain)


def _sweep(target: Path, projects: set[str], named: frozenset[str] | None, old: float) -> None:
    """Remove from the target directory what is old and neither of `projects` nor of the units `named`."""
    # A configuration that names a `target` has a folder more in between.
    for profile in [found.parent for depth in ("*", "*/*") for found in target.glob(f"{depth}/.fingerprint")]:
        if os.path.realpath(profile) != os.path.join(os.path.realpath(target), profile.relative_to(target)):  # noqa: PTH118
            continue  # by a link that a build has made, it would lead elsewhere
        for path in _entries(profile):
            probe = _PROGRAM.fullmatch(path.name)
            if probe and probe[1] not in projects and _used(path) < old:
                _remove(path)
        for path in (path for name in _MADE for path in _entries(profile / name)):
            unit = _UNIT.fullmatch(path.name)
            if named is not None and unit and unit[1] not in named and _used(path) < old:
                _remove(path)


def _named(projects: Iterable[Path]) -> frozenset[str] | None:
    """Return the units that the states of `projects` name; None if one of them cannot be read."""
    found: set[str] = set()
    for state in (state for project in projects for state in (project / BUILT).glob("*.json")):
        try:
            found.update(map(str, json.loads(state.read_text("utf-8"))["units"]))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
    return frozenset(found)


def _folders(parent: Path) -> Iterator[Path]:
    """Yield the folders in `parent` that we have made; what was left half-removed is removed first."""
    for path in _entries(parent):
        if path.name.startswith(_REMOVED):
            shutil.rmtree(path, ignore_errors=True)
        elif _OURS.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
            yield path


def _entries(folder: Path) -> list[Path]:
    try:
        return [] if folder.is_symlink() else sorted(folder.iterdir())
    except OSError:
        return []


def _used(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0


def _remove(path: Path) -> None:
    """Remove `path`; a folder is gone at once, or not at all."""
    with contextlib.suppress(OSError):
        if not path.is_dir() or path.is_symlink():
            path.unlink()
            return
        gone = path.rename(path.with_name(f"{_REMOVED}{path.name}-{os.getpid()}"))
        shutil.rmtree(gone, ignore_errors=True)


# --- Locks ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _held(path: Path, waiting: Callable[[], None], *, shared: bool = False) -> Iterator[None]:
    """Hold the lock file `path`; closing it gives the lock back."""
    told = False
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = path.open("ab")
        except FileNotFoundError:  # somebody has just removed the folder
            continue
        with file:
            if not _acquire(file, shared=shared):
                if not told:
                    waiting()
                    told = True
                time.sleep(_RETRY_SECONDS)
            elif _is(file, path):
                yield
                return


@contextlib.contextmanager
def _tried(path: Path) -> Iterator[bool]:
    """Hold the lock file `path` alone if that is possible at once, and tell whether it is."""
    with path.open("ab") as file:
        yield _acquire(file, shared=False) and _is(file, path)


def _acquire(file: IO[bytes], *, shared: bool) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows, where nothing is executed yet
        return True
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is(file: IO[bytes], path: Path) -> bool:
    """Tell whether `path` still is `file`: the folder may have been removed while we waited."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False
