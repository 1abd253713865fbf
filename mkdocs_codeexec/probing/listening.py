"""What can be reached without a file: listeners of this machine, a process, a terminal, shared memory."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextlib import ExitStack

EVERYBODY = 0o666
IPC_CREAT, IPC_RMID, SETVAL = 0o1000, 0, 16
_LIBC: Any = ctypes.CDLL(None, use_errno=True)

_VICTIM = """\
import os, sys
os.chdir(sys.argv[1])
file = open("read")
sys.stdout.write(f"{file.fileno()}\\n")
sys.stdout.flush()
sys.stdin.read()
"""


def listen(stack: ExitStack, folder: Path, token: str) -> tuple[dict[str, Any], socket.socket]:
    """Return the addresses of listeners, and the one that takes datagrams."""

    def bound(family: int, kind: int, address: object) -> socket.socket:
        one = stack.enter_context(socket.socket(family, kind))
        one.bind(address)  # type: ignore[arg-type]
        if kind == socket.SOCK_STREAM:
            one.listen(64)
        one.settimeout(0)
        return one

    tcp, udp = (bound(socket.AF_INET, kind, ("127.0.0.1", 0)) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM))
    ipv6 = None
    with contextlib.suppress(OSError):
        ipv6 = bound(socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0)).getsockname()[:2]
    stream, datagrams = str(folder / token[:8]), str(folder / f"{token[:8]}-d")
    for kind, path in ((socket.SOCK_STREAM, stream), (socket.SOCK_DGRAM, datagrams)):
        bound(socket.AF_UNIX, kind, path)
        Path(path).chmod(EVERYBODY)
    bound(socket.AF_UNIX, socket.SOCK_STREAM, f"\0codeexec-{token}")
    found = {
        "tcp": tcp.getsockname(),
        "udp": udp.getsockname(),
        "ipv6": ipv6,
        "unix": stream,
        "unix-datagrams": datagrams,
        "abstract": f"codeexec-{token}",
        "interfaces": [name for _, name in socket.if_nameindex() if name != "lo"],
        "resolvers": _resolvers(),
    }
    return found, udp


def _resolvers() -> list[tuple[int, str]]:
    try:
        lines = Path("/etc/resolv.conf").read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    found = [line.split()[1] for line in lines if line.startswith("nameserver ")]
    return [(socket.AF_INET6 if ":" in address else socket.AF_INET, address) for address in found]


def victim(stack: ExitStack, folder: Path, token: str) -> dict[str, Any]:
    """Start a process that does nothing, and return what there is to be reached of it. It ends with this one."""
    (theirs, ours), (told, tells) = os.pipe(), os.pipe()
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, "-I", "-S", "-c", _VICTIM, str(folder), token],
        {"CODEEXEC_CANARY": token, "LD_LIBRARY_PATH": f"{sys.base_prefix}/lib"},
        file_actions=[(os.POSIX_SPAWN_DUP2, theirs, 0), (os.POSIX_SPAWN_DUP2, tells, 1)],
    )
    stack.callback(os.waitpid, pid, 0)
    stack.callback(os.close, ours)
    os.close(theirs)
    os.close(tells)
    with os.fdopen(told) as said:
        fd = int(said.readline() or -1)
    about = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return {
        "victim": pid,
        "victim-fd": fd,
        "victim-memory": int(about[47]),
        "processes": str(Path("/proc/self/ns/pid").readlink()),
    }


def terminal(stack: ExitStack) -> str:
    """Return the name of a terminal."""
    for fd in (pair := os.openpty()):
        stack.callback(os.close, fd)
    name = os.ttyname(pair[1])
    with contextlib.suppress(OSError):
        Path(name).chmod(EVERYBODY)
    return name


def share(stack: ExitStack, name: str, token: str) -> dict[str, Any]:
    """Make shared memory that holds `token`, a semaphore and queues called `name`, and return how they are found."""
    memory = _LIBC.shmget(0, ctypes.c_size_t(4096), IPC_CREAT | EVERYBODY)
    semaphores = _LIBC.semget(0, 1, IPC_CREAT | EVERYBODY)
    messages = _LIBC.msgget(0, IPC_CREAT | EVERYBODY)
    stack.callback(_LIBC.shmctl, memory, IPC_RMID, None)
    stack.callback(_LIBC.semctl, semaphores, 0, IPC_RMID)
    stack.callback(_LIBC.msgctl, messages, IPC_RMID, None)
    _LIBC.semctl(semaphores, 0, SETVAL, 77)
    _LIBC.shmat.restype = ctypes.c_void_p
    at = _LIBC.shmat(memory, None, 0)
    if at not in (None, ctypes.c_void_p(-1).value):
        ctypes.memmove(at, token.encode(), len(token))
        _LIBC.shmdt(ctypes.c_void_p(at))
    queue = f"/codeexec-{name}"
    umask = os.umask(0)
    try:
        if hasattr(_LIBC, "mq_open"):
            fd = _LIBC.mq_open(queue.encode(), os.O_CREAT | os.O_RDWR, EVERYBODY, None)
            stack.callback(_LIBC.mq_unlink, queue.encode())
            if fd >= 0:
                stack.callback(os.close, fd)
    finally:
        os.umask(umask)
    file = Path("/dev/shm", f"codeexec-{name}")  # noqa: S108 - what is looked at is this very folder
    if file.parent.is_dir():
        file.write_text(token, "utf-8")
        file.chmod(EVERYBODY)
        stack.callback(file.unlink, missing_ok=True)
    return {
        "memory": memory,
        "semaphores": semaphores,
        "messages": messages,
        "queue": queue,
        "shared-file": str(file),
        "leaving": int(name[:7], 16) + 1,
    }


def has_rings(number: int | None) -> bool:
    """Tell whether the kernel has io_uring: it is asked for one without a place for its description."""
    return number is not None and _LIBC.syscall(number, 0, None) < 0 and ctypes.get_errno() != errno.ENOSYS


def left(key: int) -> bool:
    """Tell whether somebody has left shared memory under `key`, and remove it."""
    found = _LIBC.shmget(key, ctypes.c_size_t(0), 0)
    if found < 0:
        return False
    _LIBC.shmctl(found, IPC_RMID, None)
    return True
