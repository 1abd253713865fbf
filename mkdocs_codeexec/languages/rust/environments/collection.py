"""Who uses which folder of built Environments, and the removal of what nobody has used for long.

    rust/<toolchain>/                  one for each toolchain and configuration of cargo
        .lock                          shared by all that build there, alone for whoever removes
        .programs                      alone for whoever builds programs of local packages
        cargo-<home>/                  what cargo takes for its home when it builds
        target/                        the libraries of all projects
        compiled.json                  from which contents local packages in it were compiled last
        <manifest>/                    a cargo project
            .lock                      alone for whoever builds it; its mtime tells the last use
            building/                  what a build may write to, beside the libraries; emptied when it has ended
            built/<lock file>/         its libraries, picked out of `target`
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
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

from mkdocs_codeexec.languages.rust.environments.manifest import PROBE
from mkdocs_codeexec.untrusted import Folder, remove

DAY = 24 * 60 * 60.0
UNUSED = 30 * DAY
"""Seconds after which something that nobody has used is removed."""
BUILDING, BUILT, COMPILED, LOCK, TARGET = "building", "built", "compiled.json", ".lock", "target"
_PROGRAMS = ".programs"
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


@contextlib.contextmanager
def in_turn(home: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Be the only one who builds programs of local packages for the toolchain of the project in `home`.

    Two of one name, as those of two checkouts are, have one place in the target directory: what is there is what was built last.

    Args:
        home: The folder of the project.
        waiting: Called once if somebody else builds some.

    Raises:
        OSError: As the disk says.
    """
    with _held(home.parent / _PROGRAMS, waiting):
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
                    _remove_path(state.with_suffix(""))
            if max(map(_used, (project / LOCK, *states)), default=0.0) < old:
                _remove_path(project)
        projects = list(_folders(toolchain))
        if projects:
            _sweep(toolchain, {project.name for project in projects}, _named(projects), old)
        elif _used(toolchain / LOCK) < old:
            _remove_path(toolchain)


def _sweep(toolchain: Path, projects: set[str], named: frozenset[str] | None, old: float) -> None:
    """Remove from the target directory what is old and neither of `projects` nor of the units `named`.

    Builds write to it, which execute what others wrote: it is looked at by descriptor.
    """
    with contextlib.suppress(OSError), Folder.at(toolchain) as above, above.folder(TARGET) as target:
        for profile in profiles(target):
            for name in profile.names():
                probe = _PROGRAM.fullmatch(name)
                if name.startswith(_REMOVED) or (probe and probe[1] not in projects and _used_in(profile, name) < old):
                    remove_entry(profile, name)
            for made in _MADE if named is not None else ():
                with contextlib.suppress(OSError), profile.folder(made) as folder:
                    _sweep_units(folder, named or frozenset(), old)


def _sweep_units(folder: Folder, named: frozenset[str], old: float) -> None:
    for name in folder.names():
        unit = _UNIT.fullmatch(name)
        if name.startswith(_REMOVED) or (unit and unit[1] not in named and _used_in(folder, name) < old):
            remove_entry(folder, name)


def profiles(target: Folder, *, below: bool = True) -> Iterator[Folder]:
    """Yield the folders of profiles, as `debug`. A configuration that names a `target` has a folder more in between."""
    for name in target.names():
        with contextlib.suppress(OSError), target.folder(name) as folder:
            if folder.has(_MADE[0]):
                yield folder
            elif below:
                yield from profiles(folder, below=False)


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
    with contextlib.suppress(OSError), Folder.at(parent) as folder:
        for name in folder.names():
            if name.startswith(_REMOVED):
                remove(folder, name)
            elif _OURS.fullmatch(name) and stat.S_ISDIR(folder.about(name).st_mode):
                yield parent / name


def _used(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0


def _used_in(folder: Folder, name: str) -> float:
    try:
        return folder.about(name).st_mtime
    except OSError:
        return 0.0


def remove_entry(folder: Folder, name: str) -> None:
    """Remove the entry `name` of `folder`; one that is a folder is gone at once, or not at all."""
    gone = name if name.startswith(_REMOVED) else f"{_REMOVED}{name}-{os.getpid()}"
    with contextlib.suppress(OSError):
        if gone != name:
            folder.rename(name, gone)
        remove(folder, gone)


def _remove_path(path: Path) -> None:
    with contextlib.suppress(OSError), Folder.at(path.parent) as folder:
        remove_entry(folder, path.name)


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
            if not acquire(file, shared=shared):
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
        yield acquire(file, shared=False) and _is(file, path)


def acquire(file: IO[bytes], *, shared: bool) -> bool:
    """Return whether the lock of `file` is ours now; closing it gives the lock back."""
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
