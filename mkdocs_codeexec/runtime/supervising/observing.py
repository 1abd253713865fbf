"""What a child and all that it starts ask the file system for: told by the kernel, call by call.

A second filter of system calls (`seccomp_unotify(2)`, Linux 5.6) sends the calls that open, execute, list or look for a
file to us before they are carried out. We note the path and let the call go on: nothing is decided here, so that a
path which changes meanwhile can deceive nobody but the sample's own cache entry. What is there, and what it holds, our
parent looks up when the child has ended.

Two ways lead to it. Most children are given the filter between fork and exec (`filter_here`). A Python would tell us
of some four hundred calls before it comes to the sample, which cost more than all the rest; it is given the other end of
a socket instead, puts the filter on by itself when it has started (`startup/sitecustomize.py`), and sends the listener.

It is loaded into the supervisor, whose start counts: it imports next to nothing, and nothing of this package but its own
folder.
"""

from __future__ import annotations

import _socket
import ctypes
import errno
import fcntl
import os
import select
import struct

from . import calls, seccomp
from .processes import LIBC
from .protocol import LARGEST

TYPE_CHECKING = False  # importing `typing` would cost a fifth of the start
if TYPE_CHECKING:
    from .seccomp import Code

AT_FDCWD = 0xFFFFFF9C
AT_EMPTY_PATH = 0x1000
AT_SYMLINK_NOFOLLOW = 0x100
O_ACCMODE, O_WRONLY = 0o3, 0o1
O_DIRECTORY_BY_COLUMN = (0o200000, 0o40000)
"""Other bits on x86_64 and on aarch64, `include/uapi/asm-generic/fcntl.h` and `arch/arm64/include/uapi/asm/fcntl.h`."""

QUIET = 0x7FFFC0DE
"""No descriptor. The kernel does not look at it where the path is absolute, so a call with it is not sent to us: Python's
own look-ups, which `startup` tells of in another way, and cheaper."""
NAMES = b"/codeexec-names/"
"""`startup` looks for this, a folder, NUL excluded, a newline and a name: it has looked for a module of that name there."""
BLIND = b"/codeexec-blind"
"""`startup` looks for this if it cannot tell of what it does."""
SOCKET = 3
"""The descriptor on which a Python finds the socket."""

NOTIFY = 0x7FC00000  # SECCOMP_RET_USER_NOTIF
NEW_LISTENER = 8  # SECCOMP_FILTER_FLAG_NEW_LISTENER
CONTINUE = 1  # SECCOMP_USER_NOTIF_FLAG_CONTINUE
RECEIVE, SEND, SET_FLAGS = 0xC0502100, 0xC0182101, 0x40082104  # SECCOMP_IOCTL_NOTIF_{RECV,SEND,SET_FLAGS}
SYNC_WAKE_UP = 1  # both sides on one processor: half the price (Linux 6.6)
REQUEST = struct.Struct("=QIIiIQQQQQQQ")
RESPONSE = struct.Struct("=QqiI")

PAGE = 4096
LONGEST = 4096
"""Bytes of a path (`PATH_MAX`)."""
WITH_IT = 65_536
"""Bytes that come with a listener, at most."""
MOST = 60_000
"""Paths that are noted of one child; of one that asks for more, nothing is known."""
AT_ONCE = 64
"""Calls that are answered before other work has its turn."""

# The calls: their number on x86_64 and on aarch64, which argument is the path, which one the folder that it is relative to,
# and which one the flags (None where there is none).
CALLS: dict[str, tuple[tuple[int | None, int], int, int | None, int | None]] = {
    "open": ((2, -1), 0, None, 1),
    "openat": ((257, 56), 1, 0, 2),
    "openat2": ((437, 437), 1, 0, None),
    "stat": ((4, -1), 0, None, None),
    "lstat": ((6, -1), 0, None, None),
    "newfstatat": ((262, 79), 1, 0, 3),
    "statx": ((332, 291), 1, 0, 2),
    "access": ((21, -1), 0, None, None),
    "faccessat": ((269, 48), 1, 0, None),
    "faccessat2": ((439, 439), 1, 0, None),
    "readlink": ((89, -1), 0, None, None),
    "readlinkat": ((267, 78), 1, 0, None),
    "execve": ((59, 221), 0, None, None),
    "execveat": ((322, 281), 1, 0, None),
    "chdir": ((80, 49), 0, None, None),
}
WRITES: dict[str, tuple[tuple[int | None, int], tuple[tuple[int, int | None], ...]]] = {
    "creat": ((85, -1), ((0, None),)),
    "mkdir": ((83, -1), ((0, None),)),
    "mkdirat": ((258, 34), ((1, 0),)),
    "mknod": ((133, -1), ((0, None),)),
    "mknodat": ((259, 33), ((1, 0),)),
    "rmdir": ((84, -1), ((0, None),)),
    "unlink": ((87, -1), ((0, None),)),
    "unlinkat": ((263, 35), ((1, 0),)),
    "truncate": ((76, 45), ((0, None),)),
    "chmod": ((90, -1), ((0, None),)),
    "fchmodat": ((268, 53), ((1, 0),)),
    "fchmodat2": ((452, 452), ((1, 0),)),
    "chown": ((92, -1), ((0, None),)),
    "lchown": ((94, -1), ((0, None),)),
    "fchownat": ((260, 54), ((1, 0),)),
    "utime": ((132, -1), ((0, None),)),
    "utimes": ((235, -1), ((0, None),)),
    "futimesat": ((261, -1), ((1, 0),)),
    "utimensat": ((280, 88), ((1, 0),)),
    "getxattr": ((191, 8), ((0, None),)),
    "lgetxattr": ((192, 9), ((0, None),)),
    "listxattr": ((194, 11), ((0, None),)),
    "llistxattr": ((195, 12), ((0, None),)),
    "setxattr": ((188, 5), ((0, None),)),
    "lsetxattr": ((189, 6), ((0, None),)),
    "inotify_add_watch": ((254, 27), ((1, None),)),
    "rename": ((82, -1), ((0, None), (1, None))),
    "renameat": ((264, 38), ((1, 0), (3, 2))),
    "renameat2": ((316, 276), ((1, 0), (3, 2))),
    "link": ((86, -1), ((0, None), (1, None))),
    "linkat": ((265, 37), ((1, 0), (3, 2))),
    "symlink": ((88, -1), ((0, None), (1, None))),
    "symlinkat": ((266, 36), ((0, None), (2, 1))),
}
"""Calls that tell a child something of a project which it may change for itself, or give something in it another name:
the same, but of all paths which argument each is, and which one the folder that it is relative to."""
_OPENS = ("open", "openat")
_STATS = ("newfstatat", "statx")
_LINKS = ("readlink", "readlinkat")
_EXECUTES = ("execve", "execveat")


def argument(number: int) -> int:
    """Return where the low half of an argument is in `struct seccomp_data`."""
    return 16 + 8 * number


def program(*, writes: bool = False) -> bytes | None:
    """Return the filter for this machine, or None if the machine is not known.

    With `writes` it sends what only writes, too.
    """
    at = seccomp.column()
    if at is None:
        return None
    decisions: dict[int, Code] = {}
    for name, (numbers, _, folder, flags) in CALLS.items():
        number = numbers[at]
        if number is None or number < 0:
            continue
        body: Code = []
        if folder is not None:
            body += [*seccomp.load(argument(folder)), *seccomp.when(QUIET, seccomp.end(seccomp.ALLOW))]
        if name in _OPENS and flags is not None and not writes:  # what is only written to
            write = [*seccomp.load(argument(flags)), (seccomp.MASK, 0, 0, O_ACCMODE)]
            body += [*write, *seccomp.when(O_WRONLY, seccomp.end(seccomp.ALLOW))]
        if name in _STATS and flags is not None:  # `fstat`: the file is open already
            asked = seccomp.when(AT_EMPTY_PATH, seccomp.end(seccomp.ALLOW), test=seccomp.ANY_BIT)
            body += [*seccomp.load(argument(flags)), *asked]
        decisions[number] = [*body, *seccomp.end(NOTIFY)]
    for numbers, _ in WRITES.values() if writes else ():
        if (number := numbers[at]) is not None and number >= 0:
            decisions[number] = seccomp.end(NOTIFY)
    ring = calls.REFUSED["io_uring_setup"][at]
    assert ring is not None, "every machine has it"
    decisions[ring] = seccomp.end(seccomp.UNKNOWN)  # through which files are opened without a call
    return seccomp.packed([*native(at), *seccomp.search(decisions, seccomp.end(seccomp.ALLOW))])


def native(at: int) -> Code:
    """Send every call by the rules of another machine (32-bit, x32), where no other filter refuses it; load the number.

    What it means is not known here, and so it is known that something was not seen.
    """
    architecture = next(audit for column, audit in seccomp.MACHINES.values() if column == at)
    code = [*seccomp.load(seccomp.ARCHITECTURE), (seccomp.EQUAL, 1, 0, architecture), *seccomp.end(NOTIFY)]
    code += seccomp.load(seccomp.NUMBER)
    if at == 0:  # -1 is no call of any machine
        of_x32 = [*seccomp.when(0xFFFFFFFF, seccomp.end(seccomp.ALLOW)), *seccomp.end(NOTIFY)]
        code += seccomp.when(seccomp.X32_BIT, of_x32, test=seccomp.AT_LEAST)
    return code


def listen(filters: bytes) -> int:
    """Put the filter on this process and all that it will start, and return the listener.

    Raises:
        OSError: The kernel refuses it: it is too old, or there is a listener already.
    """
    at = seccomp.column()
    assert at is not None, "there is a program"
    number = ctypes.c_long(calls.ALLOWED["seccomp"][at] or 0)
    value = seccomp.Program(len(filters) // 8, filters)
    mode, flags = ctypes.c_ulong(seccomp.SECCOMP_SET_MODE_FILTER), ctypes.c_ulong(NEW_LISTENER)
    fd: int = LIBC.syscall(number, mode, flags, ctypes.byref(value))
    if fd < 0:
        seccomp.fail()
    return fd


def filter_here(filters: bytes, fd: int) -> None:
    """In the child, before exec: put the filter on and send the listener over the socket `fd`.

    What fails leaves the child unobserved, and does not keep it from running.
    """
    try:
        listener = listen(filters)
    except OSError:
        return
    try:
        sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET, 0, fd)
        sock.sendmsg([b"L"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack("i", listener))])
        sock.detach()
    finally:
        os.close(listener)


class Observer:
    """Notes the paths of one child. To be fed by the supervisor's loop.

    Attributes:
        theirs: The child's end of the socket, which whoever takes it closes.
        ours: Our end, on which the listener comes; -1 afterwards.
        listener: The descriptor on which calls come; -1 before and afterwards.
        found: What was asked for: a letter, `f` for a file, `e` for one that was executed, `k` for one that is not looked
            for behind a link, `y` for where a link leads, `l` for a folder that was opened, and the path; or `n`, and
            what stands behind `NAMES`. Of a child that may change a project, also `r` for what it gives another name, and
            `s` for where a link shall lead that it makes.
        blind: Whether something could not be seen.
    """

    def __init__(self, filters: bytes) -> None:
        mine, other = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        mine.send(filters)  # for a Python, which puts it on by itself
        self.ours, self.theirs = mine.detach(), other.detach()
        self.listener = -1
        self.found: set[bytes] = set()
        self.blind = False
        self.came = False
        at = seccomp.column() or 0
        self._architecture = next(audit for column, audit in seccomp.MACHINES.values() if column == at)
        self._calls = {n: (p, d, f, name) for name, (ns, p, d, f) in CALLS.items() if (n := ns[at]) is not None}
        self._writes = {
            n: (paths, name) for name, (ns, paths) in WRITES.items() if (n := ns[at]) is not None and n >= 0
        }
        self._directory = O_DIRECTORY_BY_COLUMN[at]
        self._buffer = bytearray(REQUEST.size)
        self._waiting = select.poll()
        self._empty = bytes(REQUEST.size)
        self._answer = bytearray(RESPONSE.size)
        self._text = ctypes.create_string_buffer(LONGEST + PAGE)
        self._local = (ctypes.c_size_t * 2)(ctypes.addressof(self._text), len(self._text))
        self._remote = (ctypes.c_size_t * 4)()
        self._read = LIBC.process_vm_readv

    def meet(self) -> bool:
        """Take the listener from the socket; return whether it has come. Then there is nothing more on the socket."""
        sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET, 0, self.ours)
        self.ours = -1
        try:
            text, extra, _, _ = sock.recvmsg(WITH_IT, _socket.CMSG_SPACE(4))
            fds = [struct.unpack("i", data[:4])[0] for level, kind, data in extra if kind == _socket.SCM_RIGHTS]
        except OSError:
            text, fds = b"", []
        sock.close()
        if not fds:
            return False
        self.listener, self.came = fds[0], True
        for item in filter(None, text[1:].split(b"\0")):  # what a Python has looked for before
            self._add(item)
        os.set_inheritable(self.listener, False)  # noqa: FBT003 - its only way
        self._waiting.register(self.listener, select.POLLIN)
        LIBC.ioctl(self.listener, ctypes.c_ulong(SET_FLAGS), ctypes.c_ulong(SYNC_WAKE_UP))
        return True

    def answer(self) -> None:
        """Note the calls that wait, and let them go on."""
        buffer, response = self._buffer, self._answer
        for turn in range(AT_ONCE):
            if turn and not any(event & select.POLLIN for _, event in self._waiting.poll(0)):
                return
            buffer[:] = self._empty
            try:
                fcntl.ioctl(self.listener, RECEIVE, buffer, True)  # noqa: FBT003 - the buffer is changed
            except OSError as error:
                if error.errno in (errno.ENOENT, errno.EINTR):  # it was killed while it waited
                    return
                self.blind = True
                return
            call = REQUEST.unpack_from(buffer)
            try:
                self._note(call)
            except (OSError, ValueError) as error:
                # A path that the kernel cannot read either, or that is too long for it, looks for nothing: Rust's standard
                # library asks for such a one to find out what the kernel can do. The program itself may not be readable before it has started: it is known.
                known = self._calls.get(call[3])
                nothing = isinstance(error, OSError) and error.errno in (errno.EFAULT, errno.ENAMETOOLONG)
                self.blind = self.blind or (not nothing and (bool(self.found) or known is None or known[3] != "execve"))
            RESPONSE.pack_into(response, 0, call[0], 0, 0, CONTINUE)
            try:
                fcntl.ioctl(self.listener, SEND, response, True)  # noqa: FBT003
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.EINPROGRESS):
                    raise

    def _note(self, call: tuple[int, ...]) -> None:
        tid, number, architecture, arguments = call[1], call[3], call[4], call[6:]
        if architecture == self._architecture and number in self._writes:
            self._note_written(tid, *self._writes[number], arguments)
            return
        if architecture != self._architecture or number not in self._calls:
            self.blind = True
            return
        place, folder, flags, name = self._calls[number]
        path = self._string(tid, arguments[place])
        if not path.startswith(b"/"):
            path = self._absolute(tid, path, AT_FDCWD if folder is None else arguments[folder] & 0xFFFFFFFF)
        if path.startswith(b"/codeexec-"):
            self._told(path)
            return
        self._add(self._letter(name, 0 if flags is None else arguments[flags]) + path)

    def _note_written(
        self, tid: int, paths: tuple[tuple[int, int | None], ...], name: str, arguments: tuple[int, ...]
    ) -> None:
        """Note the paths of a call that changes something; of a link that is made, where it shall lead."""
        for count, (place, folder) in enumerate(paths):
            if not arguments[place]:  # what is open already
                continue
            path = self._string(tid, arguments[place])
            if name.startswith("symlink") and count == 0:
                self._add(b"s" + path)
                continue
            if not path.startswith(b"/"):
                path = self._absolute(tid, path, AT_FDCWD if folder is None else arguments[folder] & 0xFFFFFFFF)
            renamed = len(paths) > 1 and count == 0
            self._add((b"r" if renamed else b"f") + path)

    def _letter(self, name: str, flags: int) -> bytes:
        """Return what stands for how the call `name` looks at a path."""
        if name in _EXECUTES:
            return b"e"
        if name in _LINKS:
            return b"y"
        if name == "lstat" or (name in _STATS and flags & AT_SYMLINK_NOFOLLOW):
            return b"k"
        if name in _OPENS and flags & self._directory:
            return b"l"
        return b"o" if name in (*_OPENS, "openat2") else b"f"

    def _told(self, path: bytes) -> None:
        """Take what `startup` says."""
        if path.startswith(NAMES):
            self._add(b"n" + path[len(NAMES) :])
        elif path == BLIND:
            self.blind = True

    def _add(self, what: bytes) -> None:
        if len(self.found) < MOST:
            self.found.add(what)
        elif what not in self.found:
            self.blind = True

    def _absolute(self, tid: int, path: bytes, folder: int) -> bytes:
        """Return the absolute path that the process means.

        Raises:
            OSError: The folder cannot be asked for.
        """
        if not path and folder == AT_FDCWD:
            return b"/"
        where = "cwd" if folder == AT_FDCWD else f"fd/{folder}"
        base = os.readlink(f"/proc/{tid}/{where}").encode("utf-8", "surrogateescape")
        return base + b"/" + path if path else base

    def _string(self, tid: int, address: int) -> bytes:
        """Return the text at `address` in the memory of the process `tid`.

        Raises:
            OSError: It cannot be read: the process is closed to us.
        """
        remote = self._remote
        first = PAGE - address % PAGE
        remote[0], remote[1], remote[2], remote[3] = address, first, address + first, LONGEST
        size = self._read(tid, self._local, ctypes.c_ulong(1), remote, ctypes.c_ulong(1), ctypes.c_ulong(0))
        if size < 0:
            seccomp.fail()
        text = self._text.raw[:size]
        end = text.find(b"\0")
        if end < 0:
            size = self._read(tid, self._local, ctypes.c_ulong(1), remote, ctypes.c_ulong(2), ctypes.c_ulong(0))
            text = self._text.raw[: max(size, 0)]
            end = text.find(b"\0")
        if end < 0:
            raise OSError(errno.ENAMETOOLONG, "a path without an end")
        return text[:end]

    def result(self) -> bytes | None:
        """Return what was found, each ended by NUL; None if not all of it was seen."""
        if self.blind or not self.came:
            return None
        found = b"".join(item + b"\0" for item in sorted(self.found))
        return found if len(found) <= LARGEST[b"i"] else None

    def close(self) -> None:
        """Free the descriptors."""
        for fd in (self.ours, self.listener):
            if fd >= 0:
                os.close(fd)
        self.ours = self.listener = -1
