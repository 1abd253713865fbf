"""Let a child see only the files that it is given: a Landlock ruleset, without privileges and without a namespace.

Everything that the kernel's version of Landlock can refuse is refused, and what is on the lists is allowed. Sources:
`landlock(7)`, `include/uapi/linux/landlock.h`, `Documentation/userspace-api/landlock.rst`.

    version   Linux   refuses also
    1         5.13    opening, listing, executing, creating, removing
    2         5.19    (allows to move files between folders, which version 1 refuses altogether)
    3         6.2     truncating
    4         6.7     TCP: bind, connect
    5         6.10    ioctl of devices
    6         6.12    abstract UNIX sockets and signals of processes outside
    7         6.15    (allows to choose what is logged)

No version refuses `stat`, `access`, `readlink` and `chdir`: names, sizes and times of any file can be asked for. None
refuses `chmod`, `chown`, `utime` and `setxattr` of what the user owns, either; nor UDP, for which seccomp is there.

It is loaded into the supervisor, whose start counts: it imports next to nothing, and nothing of this package.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import sys

TYPE_CHECKING = False  # importing `typing` would cost a fifth of the start
if TYPE_CHECKING:
    from collections.abc import Iterable

# --- What every child may reach -----------------------------------------------------------------------------------

OWNERS = (b"ImageMagick", b"R", b"dotnet", b"fonts", b"java", b"mono", b"perl", b"python", b"terminfo", b"texmf")
"""How names in /etc start that belong to one language or library: `java-17-openjdk`, `python3.11`."""


def settings() -> tuple[bytes, ...]:
    """Return the folders of `OWNERS` that are there."""
    try:
        names = os.listdir(b"/etc")
    except OSError:
        return ()
    return tuple(b"/etc/" + name for name in sorted(names) if name.startswith(OWNERS))


SYSTEM = (
    b"/usr",
    b"/bin",
    b"/sbin",
    b"/lib",
    b"/lib32",
    b"/lib64",
    b"/libx32",
    b"/nix/store",
    b"/gnu/store",
    b"/etc/ld.so.cache",
    b"/etc/ld.so.conf",
    b"/etc/ld.so.conf.d",
    b"/etc/ld.so.preload",
    b"/etc/alternatives",
    b"/etc/localtime",
    b"/etc/mime.types",
    b"/etc/ssl/openssl.cnf",
    b"/etc/pki/tls/openssl.cnf",
    b"/etc/crypto-policies",
    *settings(),
)
"""Programs, libraries, and the few settings that they cannot do without. Absent ones are skipped."""

KERNEL = (
    b"/proc/self",
    b"/proc/cpuinfo",
    b"/proc/filesystems",
    b"/proc/loadavg",
    b"/proc/meminfo",
    b"/proc/stat",
    b"/proc/sys",
    b"/proc/uptime",
    b"/proc/version",
    b"/sys/devices/system/cpu",
    b"/sys/kernel/mm/transparent_hugepage",
    b"/dev/random",
    b"/dev/urandom",
)
"""What the kernel tells of itself. `/proc/self` is the process that calls `restrict`, not those that it will start."""

NETWORK = (
    b"/etc/resolv.conf",
    b"/etc/hosts",
    b"/etc/nsswitch.conf",
    b"/etc/host.conf",
    b"/etc/gai.conf",
    b"/etc/services",
    b"/etc/protocols",
    b"/etc/ssl/certs",
    b"/etc/ssl/cert.pem",
    b"/etc/pki/tls/certs",
    b"/etc/pki/tls/cert.pem",
    b"/etc/pki/ca-trust",
    b"/etc/ca-certificates",
    b"/etc/ca-certificates.conf",
)
"""How names are resolved and who is trusted, for a child that may use the network. `/etc/resolv.conf` often is a link."""

DEVICES = (b"/dev/null", b"/dev/zero", b"/dev/full")
"""To read and write. Not `/dev/tty`, which is the author's terminal."""

# --- Rights, `include/uapi/linux/landlock.h` ------------------------------------------------------------------------

EXECUTE = 1 << 0
WRITE_FILE = 1 << 1
READ_FILE = 1 << 2
READ_DIR = 1 << 3
MAKE_CHAR = 1 << 6
MAKE_BLOCK = 1 << 11
REFER = 1 << 13
TRUNCATE = 1 << 14
IOCTL_DEV = 1 << 15

FIRST = (1 << 13) - 1
"""The rights of version 1."""

TO_READ = EXECUTE | READ_FILE | READ_DIR
TO_WRITE = (FIRST | REFER | TRUNCATE) & ~(MAKE_CHAR | MAKE_BLOCK)
TO_USE = READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
"""Rights that a rule for something else than a folder may hold; the kernel refuses a rule with others (EINVAL)."""

TCP = 0b11  # LANDLOCK_ACCESS_NET_BIND_TCP, CONNECT_TCP
SCOPES = 0b11  # LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET, SIGNAL

# The numbers are the same on every machine: `include/uapi/asm-generic/unistd.h`.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION = 1  # LANDLOCK_CREATE_RULESET_VERSION
PATH_BENEATH = 1
PR_SET_NO_NEW_PRIVS = 38

ABSENT = frozenset((errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ELOOP))
"""Why a path cannot be opened that needs no rule: it is not there, or this user cannot reach it."""

_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


OLDEST = 3
"""The oldest version that is worth a name: versions 1 and 2 let a child truncate every file that the user may write."""


def abi() -> int:
    """Return the version of Landlock here; 0 where there is none, or it is switched off."""
    if _LIBC is None:
        return 0
    return max(0, int(_LIBC.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION)))


def handled(version: int) -> int:
    """Return the rights to files that this version of Landlock knows, all of which are refused without a rule."""
    later = ((2, REFER), (3, TRUNCATE), (5, IOCTL_DEV))
    return FIRST | sum(right for since, right in later if version >= since)


def restrict(readable: Iterable[bytes], writable: Iterable[bytes], *, network: bool, terminal: int = -1) -> None:
    """Confine this process and all that it will start, for good; it also can gain no privileges any more.

    For a forked child of one thread: other threads would not be confined. Descriptors that are open stay usable.
    Paths that are not there, or that this user cannot reach, are skipped; links are followed.

    Args:
        readable: Files and folders to read, list and execute, beside `SYSTEM`, `KERNEL` and, with the network, `NETWORK`.
        writable: Folders to do everything in but making device nodes. Beside them, `DEVICES`.
        network: Whether TCP is allowed. Without it, `seccomp` must refuse the rest of the network.
        terminal: A descriptor of a terminal of its own, which it may open by its name; none if it is negative.

    Raises:
        OSError: The kernel has no Landlock, or refuses the ruleset.
    """
    if _LIBC is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), "landlock")
    version = abi()
    rights = handled(version)
    # An older kernel takes a longer structure, if what it does not know of is 0.
    tcp = TCP if version >= 4 and not network else 0
    attributes = struct.pack("=QQQ", rights, tcp, SCOPES if version >= 6 else 0)
    ruleset = done(_LIBC.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0))
    try:
        for path in (*SYSTEM, *KERNEL, *(NETWORK if network else ()), *readable):
            allow(ruleset, path, TO_READ & rights)
        for path in writable:
            allow(ruleset, path, TO_WRITE & rights)
        for path in DEVICES:
            allow(ruleset, path, TO_USE & rights)
        if terminal >= 0:
            add(ruleset, terminal, TO_USE & OF_FILES & rights)
        done(_LIBC.prctl(PR_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0))))
        done(_LIBC.syscall(RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def allow(ruleset: int, path: bytes, rights: int) -> None:
    """Add a rule for what `path` leads to: the file, or the folder with all that is in it."""
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in ABSENT:
            return
        raise
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            rights &= OF_FILES
        add(ruleset, fd, rights)
    finally:
        os.close(fd)


def add(ruleset: int, fd: int, rights: int) -> None:
    """Add a rule for what is open as `fd`."""
    assert _LIBC is not None
    done(_LIBC.syscall(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", rights, fd), 0))


def done(result: int) -> int:
    """Return what a system call returned.

    Raises:
        OSError: It failed.
    """
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "landlock")
    return result
