"""A user namespace for the children of one supervisor of root, in which every id is what it is outside.

The kernel counts processes (`RLIMIT_NPROC`) by user and, since Linux 5.14, by user namespace (`user_namespaces(7)`). A
sample is the same user in every build, for it may print who it is. In a namespace of its own, what it starts in two builds
at once is not counted together.
"""

from __future__ import annotations

import os

from .processes import LIBC

CLONE_NEWUSER = 0x10000000

_made: list[int] = []


def prepare() -> None:
    """Make the namespace, once, in the supervisor. Where none is to be had, children are counted as everywhere else."""
    if not _made:
        try:
            _made.append(_make())
        except OSError:
            _made.append(-1)


def enter() -> None:
    """Let this process, a child with the rights of root, be counted in it. It has all rights there, and none elsewhere."""
    if _made and _made[0] >= 0:
        LIBC.setns(_made[0], CLONE_NEWUSER)  # what fails changes nothing


def _make() -> int:
    """Return a descriptor of the namespace, which somebody must be in while its ids are given.

    Raises:
        OSError: The system refuses it.
    """
    ready, is_ready = os.pipe()
    over, is_over = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if LIBC.unshare(CLONE_NEWUSER) == 0:
                os.close(is_over)
                os.write(is_ready, b".")
                os.read(over, 1)
        finally:
            os._exit(0)
    os.close(is_ready)
    os.close(over)
    try:
        if not os.read(ready, 1):
            raise PermissionError
        for ids in ("uid_map", "gid_map"):
            with open(f"/proc/self/{ids}", "rb") as file:
                ranges = [line.split() for line in file.read().splitlines()]
            with open(f"/proc/{child}/{ids}", "wb", buffering=0) as file:
                file.write(b"".join(b"%s %s %s\n" % (first, first, size) for first, _, size in ranges))
        return os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(ready)
        os.close(is_over)
        os.waitpid(child, 0)
