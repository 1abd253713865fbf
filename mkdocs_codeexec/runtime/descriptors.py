"""Descriptors of this process, where somebody has started it with fewer than the three that every program expects."""

from __future__ import annotations

import os
import socket
import stat
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STANDARD = 3
"""Descriptors below that are the standard streams of every program (`stdin(3)`)."""


@contextmanager
def above_standard() -> Iterator[None]:
    """Have descriptors that are opened meanwhile be no standard stream, although one is closed (`<&-`).

    What a program is given besides its standard streams would otherwise be in their place, and lost to it.

    Raises:
        OSError: There are no descriptors left.
    """
    held: list[int] = []
    try:
        while (fd := os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)) < STANDARD:
            held.append(fd)
        os.close(fd)
        yield
    finally:
        for fd in held:
            os.close(fd)


def received(sock: socket.socket) -> int | None:
    """Return a descriptor of the folder that was sent last over `sock`; None if none has been sent. Never waits."""
    found: int | None = None
    while True:
        flags = socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC
        try:
            said, extra, _, _ = sock.recvmsg(16, socket.CMSG_SPACE(AT_ONCE * _INT), flags)
        except OSError:  # that was all
            break
        if not said and not extra:  # nobody is there any more
            break
        for level, kind, data in extra:
            if (level, kind) != (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                continue
            for fd in memoryview(data[: len(data) - len(data) % _INT]).cast("i"):
                if found is not None:
                    os.close(found)
                found = int(fd)
    if found is not None and not stat.S_ISDIR(os.fstat(found).st_mode):
        os.close(found)
        return None
    return found


AT_ONCE = 8
"""Descriptors of one message; a child sends one."""
_INT = struct.calcsize("i")
