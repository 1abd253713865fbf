"""Processes, by the words of the kernel: what they are, how much they use, and their end."""

from __future__ import annotations

import ctypes
import os
import sys

from .signals import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

ON_LINUX = sys.platform == "linux"

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_KEEPCAPS = 8
PR_CAPBSET_READ, PR_CAPBSET_DROP = 23, 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4

LIBC = ctypes.CDLL(None, use_errno=True)


def prctl(option: int, value: int) -> None:
    """Call `prctl(2)`; what an old kernel does not know is done without."""
    LIBC.prctl(option, ctypes.c_ulong(value), *[ctypes.c_ulong(0)] * 3)


def kill(pid: int) -> None:
    """Send SIGKILL, which nothing can ignore; a process that is gone, or somebody else's, is passed over."""
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass


def kill_group(pid: int) -> None:
    """Send SIGKILL to the group that `pid` leads, if it leads one."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass


def descendants(ancestor: int) -> list[int]:
    """Return the process ids below `ancestor`, by `/proc/<pid>/stat` (`proc(5)`)."""
    families: dict[int, list[int]] = {}
    for name in os.listdir("/proc") if ON_LINUX else ():
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                stat = file.read()
        except OSError:  # it has just ended
            continue
        parent = int(stat[stat.rindex(b")") + 1 :].split()[1])
        families.setdefault(parent, []).append(int(name))
    found: list[int] = []
    pending = [ancestor]
    while pending:
        children = families.get(pending.pop(), [])
        found += children
        pending += children
    return found


def tree(ancestor: int) -> list[int]:
    """Return the process ids below `ancestor`, and look at no others where the kernel lists children (`proc(5)`)."""
    found: list[int] = []
    pending = [ancestor]
    while pending:
        pid = pending.pop()
        try:
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                    pending += map(int, file.read().split())
        except FileNotFoundError:
            if pid == ancestor:  # a kernel without CONFIG_PROC_CHILDREN
                return descendants(ancestor)
        except OSError:  # it has just ended
            pass
        if pid != ancestor:
            found.append(pid)
    return found


def take(besides: int) -> None:
    """Take the exit status of children that have ended, but for one: what was orphaned is ours, and counts until then."""
    for pid in tree(os.getpid()) if ON_LINUX else ():
        if pid != besides:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:  # a child's child
                pass


def usage(pids: Iterable[int]) -> tuple[int, int, list[str]]:
    """Return what `pids` use.

    That is how many threads they have, how many KiB they hold that no file could give back, and the folders in `/proc` that
    tell of those which are alive: of another thread where the first one has ended, of which nothing more is known.
    """
    threads, memory, folders = 0, 0, []
    for pid in pids:
        folder = f"/proc/{pid}"
        try:
            status = read_status(folder)
            number = int(status[b"Threads"])
            threads += number
            if b"RssAnon" not in status and number > 1:
                for thread in os.listdir(f"{folder}/task"):
                    status = read_status(f"/proc/{pid}/task/{thread}")
                    if b"RssAnon" in status:
                        folder = f"/proc/{pid}/task/{thread}"
                        break
        except OSError:
            continue
        if b"RssAnon" in status:  # else a zombie
            memory += int(status[b"RssAnon"].split()[0]) + int(status[b"RssShmem"].split()[0])
            folders.append(folder)
    return threads, memory, folders


def read_status(folder: str) -> dict[bytes, bytes]:
    """Return what the kernel tells of a process or a thread.

    Raises:
        OSError: It has just ended.
    """
    with open(f"{folder}/status", "rb") as file:
        return dict(line.split(b":", 1) for line in file.read().splitlines() if b":" in line)


def proportional(folders: Iterable[str]) -> int | None:
    """Return the same KiB with what several processes share counted once; None where the kernel does not tell.

    Args:
        folders: As of `usage`.
    """
    total = 0
    for folder in folders:
        try:
            with open(f"{folder}/smaps_rollup", "rb") as file:
                lines = dict(line.split(b":", 1) for line in file.read().splitlines()[1:])
            total += int(lines[b"Pss_Anon"].split()[0]) + int(lines[b"Pss_Shmem"].split()[0])
        except (ProcessLookupError, FileNotFoundError):
            continue
        except (OSError, KeyError):
            return None
    return total
