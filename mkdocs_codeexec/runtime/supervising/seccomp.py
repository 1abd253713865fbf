"""Refuse a child the system calls that no sample needs: a seccomp filter, in classic BPF.

The second fence behind Landlock and the namespaces: what they do not cover (sockets that are not TCP, `ptrace`, keys,
new namespaces, the kernel's rarely used corners) is refused here. A system call that is not named is allowed.

The filter is a value, made once (`program`); a forked child puts it on (`install`). Sources: `seccomp(2)` and
`include/uapi/linux/{seccomp,filter,bpf_common,audit}.h` for the machine; `arch/x86/entry/syscalls/syscall_64.tbl` and
`include/uapi/asm-generic/unistd.h` for the numbers; Docker's default profile (moby/profiles, `seccomp/default.json`)
for what is worth refusing.

It is loaded into the supervisor, whose start counts: it imports next to nothing, and nothing of this package.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

# --- What may be asked --------------------------------------------------------------------------------------------

# Address families, `include/linux/socket.h`.
AF_UNIX = 1
AF_INET = 2
AF_INET6 = 10
AF_NETLINK = 16

SOCKETS: dict[str, tuple[int, ...]] = {
    "none": (),
    "network": (AF_INET, AF_INET6, AF_NETLINK),
    "local": (AF_UNIX, AF_INET, AF_INET6, AF_NETLINK),
}
"""Which sockets a child may open.

`none`: no TCP, no UDP, no name is resolved, and no service of this machine is reached. `network`: the network, but none
of this machine's services that listen on UNIX sockets (Docker's, the desktop's, the key agent's): in the network of the
machine those with abstract names are reached through no file. `local`: for a child with network and mount namespaces of
its own, where nobody listens but itself.
"""

# --- The machine --------------------------------------------------------------------------------------------------

SECCOMP_SET_MODE_FILTER = 1
SECCOMP_GET_ACTION_AVAIL = 2
KILL_PROCESS = 0x80000000
ALLOW = 0x7FFF0000
REFUSE = 0x00050000 | 1  # SECCOMP_RET_ERRNO, EPERM
UNKNOWN = 0x00050000 | 38  # SECCOMP_RET_ERRNO, ENOSYS
PR_SET_NO_NEW_PRIVS = 38

# Instructions: BPF_LD | BPF_W | BPF_ABS, BPF_JMP | {BPF_JEQ, BPF_JGE, BPF_JSET} | BPF_K, BPF_ALU | BPF_AND, BPF_RET.
LOAD, EQUAL, AT_LEAST, ANY_BIT, MASK, RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06

# Where they are in `struct seccomp_data`. The kernel looks at the low halves of those arguments alone: they are `int`s.
NUMBER, ARCHITECTURE = 0, 4
ARGUMENT = (16, 24, 32)

X32_BIT = 0x40000000

# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, `include/uapi/linux/sched.h`. CLONE_NEWTIME (0x80) is a
# part of the exit signal in `clone`.
NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
NEW_TIME = 0x80

SOCK_TYPE_MASK = 0xF
SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET = 1, 2, 5
NETLINK_ROUTE = 0

TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI and TIOCLINUX type for the user, `include/uapi/asm-generic/ioctls.h`
PERSONALITIES = (0xFFFFFFFF, 0, 0x0040000)  # to ask, PER_LINUX, and ADDR_NO_RANDOMIZE (debuggers, sanitizers)

# Refused, whatever the arguments: the number on x86_64 and on aarch64; None where there is none.
REFUSED: dict[str, tuple[int | None, int | None]] = {
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    # large parts of the kernel
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "perf_event_open": (298, 241),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    # mounts, roots and namespaces
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "chroot": (161, 51),
    "setns": (308, 268),
    # files without their paths
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "lookup_dcookie": (212, 18),
    # the machine: its kernel, clock, disks, name, log and console
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "create_module": (174, None),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "nfsservctl": (180, 42),
    "syslog": (103, 116),
    "vhangup": (153, 58),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "ioperm": (173, None),
    "iopl": (172, None),
    "modify_ldt": (154, None),
    "uselib": (134, None),
}

# Looked into: the number on x86_64 and on aarch64.
EXAMINED = {
    "clone": (56, 220),
    "clone3": (435, 435),
    "unshare": (272, 97),
    "personality": (135, 92),
    "ioctl": (16, 29),
    "kill": (62, 129),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "seccomp": (317, 277),
}

# Machine: its column of the tables above, and its AUDIT_ARCH, `include/uapi/linux/audit.h`.
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


def column() -> int | None:
    """Return which numbers the system calls of this process have; None if it is none of the known machines."""
    if sys.platform != "linux" or sys.maxsize < 2**32:
        return None
    machine = MACHINES.get(os.uname().machine)
    return machine and machine[0]


# --- Programs -----------------------------------------------------------------------------------------------------

Code = list[tuple[int, int, int, int]]
"""Instructions: what to do, how many to skip if so and if not, and a number."""


def program(sockets: str) -> bytes | None:
    """Return the filter for this machine: an array of `struct sock_filter`. None if the machine is not known.

    A refused call fails with EPERM. A call by the rules of another machine (32-bit, x32) ends the process, or all this
    could be walked around. `clone3` does not exist (ENOSYS): its flags are in memory, where no filter can look, and
    the C libraries then use `clone`.

    Args:
        sockets: One of `SOCKETS`.
    """
    at = column()
    if at is None:
        return None
    decisions = {number: end(REFUSE) for pair in REFUSED.values() if (number := pair[at]) is not None}
    decisions |= {EXAMINED[name][at]: body for name, body in examinations(SOCKETS[sockets]).items()}
    code = [*foreign(at), *search(sorted(decisions.items()))]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def foreign(at: int) -> Code:
    """End a process that calls by the rules of another machine; leave the number of the call loaded."""
    architecture = next(audit for column, audit in MACHINES.values() if column == at)
    code = [*load(ARCHITECTURE), (EQUAL, 1, 0, architecture), *end(KILL_PROCESS), *load(NUMBER)]
    if at == 0:  # -1 is no call of any machine
        code += when(X32_BIT, [*when(0xFFFFFFFF, end(UNKNOWN)), *end(KILL_PROCESS)], test=AT_LEAST)
    return code


def search(decisions: list[tuple[int, Code]]) -> Code:
    """Find the decision about the loaded number; what there is none about is allowed.

    By halves, for the kernel tries every number when a filter is put on (5.11): a list would take it 0.1 ms.
    """
    if len(decisions) == 1:
        return [*when(*decisions[0]), *end(ALLOW)]
    middle = len(decisions) // 2
    lower, upper = search(decisions[:middle]), search(decisions[middle:])
    return [(AT_LEAST, len(lower), 0, decisions[middle][0]), *lower, *upper]


def examinations(families: tuple[int, ...]) -> dict[str, Code]:
    """Return what decides about each call that is looked into; none of it goes on afterwards."""
    return {
        "clone": [*load(ARGUMENT[0]), *when(NAMESPACES, end(REFUSE), test=ANY_BIT), *end(ALLOW)],
        "clone3": end(UNKNOWN),
        "unshare": [*load(ARGUMENT[0]), *when(NAMESPACES | NEW_TIME, end(REFUSE), test=ANY_BIT), *end(ALLOW)],
        "personality": [*load(ARGUMENT[0]), *among(PERSONALITIES, ALLOW), *end(REFUSE)],
        "ioctl": [*load(ARGUMENT[1]), *among(TERMINAL_INPUT, REFUSE), *end(ALLOW)],
        # To everybody at once: without a process namespace, and below version 6 of Landlock, that is the user's session.
        "kill": [*load(ARGUMENT[0]), *when(0xFFFFFFFF, end(REFUSE)), *end(ALLOW)],
        "socket": sockets(families),
        "socketpair": pairs(families),
    }


def sockets(families: tuple[int, ...]) -> Code:
    """Allow streams and datagrams of `families`, and of netlink what `getifaddrs` and resolvers ask."""
    kind = [*load(ARGUMENT[1]), (MASK, 0, 0, SOCK_TYPE_MASK)]
    plain = [*kind, *among((SOCK_STREAM, SOCK_DGRAM), ALLOW), *end(REFUSE)]
    route = [*load(ARGUMENT[2]), *when(NETLINK_ROUTE, end(ALLOW)), *end(REFUSE)]
    bodies = {AF_UNIX: end(ALLOW), AF_INET: plain, AF_INET6: plain, AF_NETLINK: route}
    return [*load(ARGUMENT[0]), *(step for family in families for step in when(family, bodies[family])), *end(REFUSE)]


def pairs(families: tuple[int, ...]) -> Code:
    """Allow connected pairs of UNIX sockets, which event loops need.

    Not of datagrams, unless UNIX sockets are allowed anyway: half of such a pair can be connected to another address
    (`unix(7)`), so it would reach the services of this machine without a call of `socket`.
    """
    kind = [*load(ARGUMENT[1]), (MASK, 0, 0, SOCK_TYPE_MASK)]
    connected = [*kind, *among((SOCK_STREAM, SOCK_SEQPACKET), ALLOW), *end(REFUSE)]
    return [*load(ARGUMENT[0]), *when(AF_UNIX, end(ALLOW) if AF_UNIX in families else connected), *end(REFUSE)]


def load(offset: int) -> Code:
    """Load a word of `struct seccomp_data`."""
    return [(LOAD, 0, 0, offset)]


def end(action: int) -> Code:
    """Return `action`."""
    return [(RETURN, 0, 0, action)]


def when(value: int, then: Code, *, test: int = EQUAL) -> Code:
    """Do `then`, which must not go on afterwards, if the loaded word passes the test against `value`."""
    return [(test, 0, len(then), value), *then]


def among(values: tuple[int, ...], action: int) -> Code:
    """Return `action` if the loaded word is one of `values`."""
    return [step for value in values for step in when(value, end(action))]


# --- The kernel ---------------------------------------------------------------------------------------------------


class Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def install(program: bytes) -> None:
    """Put `program` on this process and all that it will start, for good; it also can gain no privileges any more.

    For a forked child of one thread: other threads would not have it.

    Raises:
        OSError: The kernel refuses it.
    """
    assert _LIBC is not None
    at = column()
    assert at is not None
    if _LIBC.prctl(PR_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0))):
        fail()
    filters = Program(len(program) // 8, program)
    number = ctypes.c_long(EXAMINED["seccomp"][at])
    if _LIBC.syscall(number, ctypes.c_ulong(SECCOMP_SET_MODE_FILTER), ctypes.c_ulong(0), ctypes.byref(filters)):
        fail()


def works() -> bool:
    """Return whether filters are to be had here: a known machine, and a kernel that has them (Linux 4.14). Tries none."""
    at = column()
    if at is None or _LIBC is None:
        return False
    number = ctypes.c_long(EXAMINED["seccomp"][at])
    action = ctypes.c_uint32(KILL_PROCESS)
    return not _LIBC.syscall(number, ctypes.c_ulong(SECCOMP_GET_ACTION_AVAIL), ctypes.c_ulong(0), ctypes.byref(action))


def fail() -> None:
    """Raise what the last system call left in `errno`."""
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number), "seccomp")
