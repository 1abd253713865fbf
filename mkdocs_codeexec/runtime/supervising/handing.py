"""The working directory of a child, handed to whoever builds: a file system in memory that goes with its namespaces.

What has a descriptor of it finds in it what was left, after all processes have gone; nobody else can change it then.
"""

from __future__ import annotations

import _socket
import os
import struct


def hand(fd: int, folder: str) -> None:
    """Send a descriptor of `folder` over the socket `fd`.

    Raises:
        OSError: The system refuses it.
    """
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET, 0, fd)
    try:
        sock.sendmsg([b"W"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack("i", opened))])
    finally:
        sock.detach()
        os.close(opened)
