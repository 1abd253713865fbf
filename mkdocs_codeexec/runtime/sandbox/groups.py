"""Groups of processes in which the kernel itself bounds memory and processes of a sample, all at once (`cgroups(7)`).

They are of version 2 alone, and made where whoever builds may make some: in the innermost group above this process that can
pass on the controllers `memory` and `pids`. That is so for root where no container keeps it from that, and for the sessions
and services of an ordinary user that systemd's user manager has started. Each supervisor has one, for its children one after
the other; it is not in it itself.
"""

from __future__ import annotations

import itertools
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs_codeexec.core.confinement import Limits

PREFIX = "codeexec-"
CONTROLLERS = frozenset({"memory", "pids"})
MIB = 1024 * 1024
MORE = 8
"""The kernel also counts its own memory for a group: an eighth of the limit is left for that."""
OURS = 2
"""Processes that are no sample's: the first of its namespaces, and one that is about to be another program."""

_number = itertools.count()
_held: dict[Path, int] = {}
"""Folders of ours, each with a descriptor whose lock says that it is in use: to whoever sweeps, in whatever container."""


class Group:
    """The group of one supervisor's children.

    Args:
        folder: Where it is made.

    Raises:
        OSError: It cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / f"{next(_number)}"
        self._folder.mkdir()
        self._written: dict[str, str] = {}
        self._ended = 0
        try:
            self.fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            self._folder.rmdir()
            raise

    def bound(self, limits: Limits, *, files_are_memory: bool) -> None:
        """Let the next child have what `limits` say.

        Args:
            limits: Its limits.
            files_are_memory: Whether what it writes is in memory, too.

        Raises:
            OSError: The system refuses that.
        """
        memory = limits.memory
        if memory is not None:
            memory += memory // MORE
            if files_are_memory:
                memory = None if None in (limits.disk, limits.tmp) else memory + (limits.disk or 0) + (limits.tmp or 0)
        self._write("memory.max", None if memory is None else memory * MIB)
        self._write("pids.max", None if limits.processes is None else limits.processes + OURS)
        self._ended = self._killed()

    def was_short_of_memory(self) -> bool:
        """Tell whether the kernel has ended a process of the last child because all of it had too much memory."""
        return self._killed() > self._ended

    def close(self) -> None:
        """Remove it. What is still ending in it keeps it, and a later build removes it."""
        os.close(self.fd)
        with suppress(OSError):
            self._folder.rmdir()

    def _write(self, name: str, amount: int | None) -> None:
        text = "max" if amount is None else str(amount)
        if not self._written:
            for other, fixed in (("memory.oom.group", "1"), ("memory.swap.max", "0")):
                with suppress(FileNotFoundError):  # a kernel without swap
                    self._folder.joinpath(other).write_text(fixed)
        if self._written.get(name) != text:
            self._folder.joinpath(name).write_text(text)
            self._written[name] = text

    def _killed(self) -> int:
        try:
            words = self._folder.joinpath("memory.events").read_text().split()
        except OSError:
            return 0
        return int(dict(zip(words[::2], words[1::2], strict=False)).get("oom_kill", "0"))


def open_groups() -> tuple[Path | None, str]:
    """Return a folder in which Groups can be made, or None and why there is none; whoever gets one removes it.

    What builds have left that were killed is removed.
    """
    import fcntl

    found = list(_above())
    if not found:
        return None, "there is no cgroup of version 2 here"
    why = "no cgroup above this process passes on `memory` and `pids`"
    for folder in found:
        if not os.access(folder, os.W_OK) or not os.access(folder / "cgroup.procs", os.W_OK):
            continue
        try:
            _pass_on(folder)
            _sweep(folder)
            ours = folder / f"{PREFIX}{os.getpid()}-{next(_number)}"
            ours.mkdir()
            _held[ours] = os.open(ours, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(_held[ours], fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            why = f"`{folder}`: {error.strerror}"
            continue
        try:
            _pass_on(ours)
        except OSError as error:
            why = f"`{folder}`: {error.strerror}"
            close_groups(ours)
            continue
        return ours, ""
    return None, why


def close_groups(ours: Path) -> None:
    """Remove the folder that `open_groups` has returned, and what is left in it."""
    if (held := _held.pop(ours, -1)) >= 0:
        os.close(held)
    for folder in (*_inner(ours), ours):
        with suppress(OSError):
            folder.rmdir()


def _above() -> Iterator[Path]:
    """Yield the group of this process and those above it, as far as they are mounted here; none of version 1."""
    mounted = _mounted()
    if mounted is None:
        return
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    own = next((line[3:] for line in lines if line.startswith("0::/")), None)
    if own is None or "/.." in own:
        return
    inner = mounted / own.lstrip("/")
    for folder in (inner, *inner.parents):
        if (folder / "cgroup.subtree_control").exists():
            yield folder
        if folder == mounted:
            return


def _mounted() -> Path | None:
    try:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        before, _, after = line.partition(" - ")
        if after.startswith("cgroup2 "):
            return Path(before.split()[4])
    return None


def _pass_on(folder: Path) -> None:
    """See to it that groups in `folder` have the controllers.

    Raises:
        OSError: They cannot have them: they are not there, or processes are in `folder` itself.
    """
    control = folder / "cgroup.subtree_control"
    lacking = CONTROLLERS - set(control.read_text().split())
    if lacking:
        control.write_text(" ".join(f"+{name}" for name in sorted(lacking)))


def _sweep(folder: Path) -> None:
    """Remove the groups in `folder` of builds that are gone."""
    import fcntl

    for one in folder.glob(f"{PREFIX}*-*"):
        try:
            fd = os.open(one, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:  # it has just gone
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            close_groups(one)
        except OSError:  # it is in use
            continue
        finally:
            os.close(fd)


def _inner(folder: Path) -> list[Path]:
    with suppress(OSError):
        return [one for one in folder.iterdir() if one.is_dir()]
    return []
