"""What a child is allowed to do: its user, its capabilities, its limits (`capabilities(7)`, `setrlimit(2)`)."""

from __future__ import annotations

import ctypes
import os
import resource

from . import user_namespace
from .processes import (
    LIBC,
    PR_CAP_AMBIENT,
    PR_CAP_AMBIENT_CLEAR_ALL,
    PR_CAPBSET_DROP,
    PR_CAPBSET_READ,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    prctl,
)
from .signals import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CAPABILITY_VERSION_3 = 0x20080522
MOST_CAPABILITIES = 64
TELLING = (0, 8, 21)
"""CAP_CHOWN, CAP_SETPCAP, CAP_SYS_ADMIN: bubblewrap leaves an ordinary user the latter two and no other."""
MOST_PROCESSORS = 16
MIB = 1024 * 1024


def bound() -> None:
    """See to it that no program can give a capability to this process or to what it starts, whatever its file says."""
    if not any(LIBC.prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1 for capability in TELLING):
        return  # it has been done
    for capability in range(MOST_CAPABILITIES):
        if LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0):  # there are no more, or we have no say in it
            break


def drop(user: int | None) -> None:
    """Become `user`, if it is one, without any capability or a way to gain one.

    Raises:
        OSError: The system refuses it.
    """
    if user is not None:
        user_namespace.enter()
    bound()
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    if LIBC.capset(header, (ctypes.c_uint32 * 6)()):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "capset")
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # which a change of the user clears


def share_processors() -> None:
    """Leave this process a few of the processors, if there are many.

    Libraries start a thread for each that they may use, so on a large machine a sample would come to its limit of
    threads that is far from it on the author's. The limit itself is in the key, and the same on every machine.
    """
    there = sorted(os.sched_getaffinity(0))
    if len(there) > MOST_PROCESSORS:
        os.sched_setaffinity(0, share(there, os.getpid()))


def share(processors: list[int], number: int) -> list[int]:
    """Return as many of `processors` as a sample may use; others for another `number`."""
    start = number * MOST_PROCESSORS % len(processors)
    return (processors + processors)[start : start + MOST_PROCESSORS]


def limit(limits: dict[str, Any], processes: int | None) -> None:
    """Set the limits of this process; `processes` is what the user may have in all."""
    restrict(resource.RLIMIT_CORE, 0)
    restrict(resource.RLIMIT_NOFILE, limits["open_files"])
    restrict(resource.RLIMIT_FSIZE, None if limits["file_size"] is None else limits["file_size"] * MIB)
    restrict(resource.RLIMIT_CPU, limits["cpu"], 1)
    # Not RLIMIT_AS, which counts what is only reserved: Node and rustc reserve gigabytes.
    restrict(resource.RLIMIT_DATA, None if limits["memory"] is None else limits["memory"] * MIB)
    restrict(resource.RLIMIT_NPROC, processes)


def restrict(which: int, amount: int | None, more: int = 0) -> None:
    """Lower a limit, the hard one to `more` above it; what is lower already stays."""
    if amount is None:
        return
    _, most = resource.getrlimit(which)
    hard = amount + more if most == resource.RLIM_INFINITY else min(amount + more, most)
    resource.setrlimit(which, (min(amount, hard), hard))
