"""Allow a child the system calls that programs need, and no other: a seccomp filter, in classic BPF.

The second fence behind Landlock and the namespaces: what they do not cover (sockets that are not TCP, `ptrace`, keys,
new namespaces, other processes' priorities, the kernel's rarely used corners) is refused here. Which calls are allowed
stands in `calls`; what is known and refused fails with EPERM, what is not known with ENOSYS.

The filter is a value, made once (`program`); a forked child puts it on (`install`). Sources: `seccomp(2)` and
`include/uapi/linux/{seccomp,filter,bpf_common,audit}.h` for the machine.

It is loaded into the supervisor, whose start counts: it imports next to nothing, and nothing of this package but its own
folder.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

from . import calls

# --- What may be asked --------------------------------------------------------------------------------------------

# Address families, `include/linux/socket.h`.
AF_UNIX = 1
AF_INET = 2
AF_INET6 = 10
AF_NETLINK = 16

NONE: tuple[int, ...] = ()
NETWORK = (AF_INET, AF_INET6, AF_NETLINK)
LOCAL = (AF_UNIX, *NETWORK)

PURPOSES = ("compile", "run", "network")
"""What a child is for.

`compile`: to make a program. `run`: to be one, which may want to talk to another of its own. `network`: the same, with the
network, but without UNIX sockets: on those the services of this machine listen (Docker's, the desktop's, the key agent's),
and their abstract names belong to the network, not to the file system.
"""


def families(purpose: str, *, alone: bool) -> tuple[int, ...]:
    """Return which sockets a child may open: without the network none, but where nobody listens except itself."""
    if purpose == "network":
        return NETWORK
    return LOCAL if alone else NONE


# --- The machine --------------------------------------------------------------------------------------------------

SECCOMP_SET_MODE_FILTER = 1
SECCOMP_GET_ACTION_AVAIL = 2
KILL_PROCESS = 0x80000000
ALLOW = 0x7FFF0000
REFUSE = 0x00050000 | 1  # SECCOMP_RET_ERRNO, EPERM
UNKNOWN = 0x00050000 | 38  # the same, ENOSYS
UNSUPPORTED = 0x00050000 | 95  # the same, EOPNOTSUPP
PR_SET_NO_NEW_PRIVS = 38

# Instructions: BPF_LD | BPF_W | BPF_ABS, BPF_JMP | {BPF_JA, BPF_JEQ, BPF_JGE, BPF_JSET} | BPF_K, BPF_ALU | BPF_AND, BPF_RET.
LOAD, SKIP, EQUAL, AT_LEAST, ANY_BIT, MASK, RETURN = 0x20, 0x05, 0x15, 0x35, 0x45, 0x54, 0x06
LONGEST_JUMP = 255
"""Instructions that a condition can skip."""

# Where they are in `struct seccomp_data`. The kernel looks at the low halves of those arguments alone: they are `int`s.
NUMBER, ARCHITECTURE = 0, 4
ARGUMENT = (16, 24, 32)

X32_BIT = 0x40000000

# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, `include/uapi/linux/sched.h`. CLONE_NEWTIME (0x80) is a
# part of the exit signal in `clone`.
NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
NEW_TIME = 0x80
CLONE_FILES, CLONE_THREAD = 0x400, 0x10000
CLOSE_RANGE_UNSHARE = 2
PRIO_PROCESS, PRIO_PGRP = 0, 1  # of `setpriority`; in `ioprio_set` they are 1 and 2

SOCK_TYPE_MASK = 0xF
SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET = 1, 2, 5
NETLINK_ROUTE = 0

TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI and TIOCLINUX type for the user, `include/uapi/asm-generic/ioctls.h`
PERSONALITIES = (0xFFFFFFFF, 0, 0x0040000)  # to ask, PER_LINUX, and ADDR_NO_RANDOMIZE (debuggers, sanitizers)

CHANGING_FLAGS = (0x40086602, 0x40046602, 0x401C5820, 0x40087602)
"""FS_IOC_SETFLAGS, FS_IOC32_SETFLAGS, FS_IOC_FSSETXATTR and FS_IOC_SETVERSION, `include/uapi/linux/fs.h`."""
OWN = 0x5A96C3A5
"""Stands in a program for the number of the process that puts it on."""

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


def program(purpose: str, *, alone: bool) -> bytes | None:
    """Return the filter for this machine: an array of `struct sock_filter`. None if the machine is not known.

    A call by the rules of another machine (32-bit, x32) ends the process, or all this could be walked around. `clone3`
    does not exist (ENOSYS): its flags are in memory, where no filter can look, and the C libraries then use `clone`.

    Args:
        purpose: One of `PURPOSES`.
        alone: Whether the child has namespaces of its own: of processes, of shared memory, of mounts, and, without the
            network, of that. Then there is nothing of others that these calls could reach.
    """
    at = column()
    if at is None:
        return None
    decisions = given(calls.ALLOWED, at, ALLOW) | given(calls.REFUSED, at, REFUSE)
    shares = alone and purpose != "compile"
    for names in (calls.SHARING, calls.WATCHING):
        decisions |= given(names, at, ALLOW if shares else REFUSE)
    decisions |= given(calls.MARKING, at, ALLOW if alone else UNSUPPORTED)
    open_to = families(purpose, alone=alone)
    decisions |= given(calls.CONNECTING, at, ALLOW if open_to else REFUSE)
    bodies = examinations(open_to, alone=alone)
    decisions |= {number: bodies[name] for name, pair in calls.EXAMINED.items() if (number := pair[at]) is not None}
    return packed([*foreign(at), *search(decisions, end(UNKNOWN))])


def packed(code: Code) -> bytes:
    """Return instructions as the kernel takes them."""
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def given(names: dict[str, calls.Numbers], at: int, action: int) -> dict[int, Code]:
    """Return the same decision about all calls of a table that this machine has."""
    return {number: end(action) for pair in names.values() if (number := pair[at]) is not None}


def foreign(at: int) -> Code:
    """End a process that calls by the rules of another machine; leave the number of the call loaded."""
    architecture = next(audit for column, audit in MACHINES.values() if column == at)
    code = [*load(ARCHITECTURE), (EQUAL, 1, 0, architecture), *end(KILL_PROCESS), *load(NUMBER)]
    if at == 0:  # -1 is no call of any machine
        code += when(X32_BIT, [*when(0xFFFFFFFF, end(UNKNOWN)), *end(KILL_PROCESS)], test=AT_LEAST)
    return code


def search(decisions: dict[int, Code], otherwise: Code) -> Code:
    """Find the decision about the loaded number; what there is none about is decided `otherwise`.

    By halves, for the kernel tries every number when a filter is put on (5.11): a list would take it 0.1 ms.
    """
    steps = [(0, decisions.get(0, otherwise))]
    for number in sorted({near for one in decisions for near in (one, one + 1)} - {0}):
        code = decisions.get(number, otherwise)
        if code != steps[-1][1]:  # else it is decided as what is before it
            steps.append((number, code))
    return halves(steps)


def halves(steps: list[tuple[int, Code]]) -> Code:
    """Find what is decided from a number on, up to the next one."""
    if len(steps) == 1:
        return steps[0][1]
    middle = len(steps) // 2
    lower, upper = halves(steps[:middle]), halves(steps[middle:])
    if len(lower) <= LONGEST_JUMP:
        return [(AT_LEAST, len(lower), 0, steps[middle][0]), *lower, *upper]
    return [(AT_LEAST, 0, 1, steps[middle][0]), (SKIP, 0, 0, len(lower)), *lower, *upper]


def examinations(open_to: tuple[int, ...], *, alone: bool) -> dict[str, Code]:
    """Return what decides about each call that is looked into; none of it goes on afterwards."""
    flags = load(ARGUMENT[0])
    # Each process has one table of descriptors, which can be counted.
    threads = [*flags, (MASK, 0, 0, CLONE_THREAD | CLONE_FILES), *when(CLONE_THREAD, end(REFUSE))]
    news = NAMESPACES | NEW_TIME | CLONE_FILES
    itself = end(ALLOW) if alone else [*load(ARGUMENT[0]), *among((0, OWN), ALLOW), *end(REFUSE)]
    marks = [] if alone else among(CHANGING_FLAGS, UNSUPPORTED)
    return {
        "clone": [*threads, *flags, *when(NAMESPACES, end(REFUSE), test=ANY_BIT), *end(ALLOW)],
        "clone3": end(UNKNOWN),
        "unshare": [*flags, *when(news, end(REFUSE), test=ANY_BIT), *end(ALLOW)],
        "close_range": [*load(ARGUMENT[2]), *when(CLOSE_RANGE_UNSHARE, end(REFUSE), test=ANY_BIT), *end(ALLOW)],
        "personality": [*load(ARGUMENT[0]), *among(PERSONALITIES, ALLOW), *end(REFUSE)],
        "ioctl": [*load(ARGUMENT[1]), *among(TERMINAL_INPUT, REFUSE), *marks, *end(ALLOW)],
        # To everybody at once: without a process namespace, and below version 6 of Landlock, that is the user's session.
        "kill": [*load(ARGUMENT[0]), *when(0xFFFFFFFF, end(REFUSE)), *end(ALLOW)],
        "socket": sockets(open_to),
        "socketpair": pairs(open_to),
        **dict.fromkeys(PRIORITIES, itself),
        "setpriority": end(ALLOW) if alone else itself_or_group(PRIO_PROCESS, PRIO_PGRP),
        "ioprio_set": end(ALLOW) if alone else itself_or_group(PRIO_PROCESS + 1, PRIO_PGRP + 1),
    }


PRIORITIES = ("prlimit64", "sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr")
"""Calls that take the number of a process first, and change how it is treated: of every process of the user."""


def itself_or_group(process: int, group: int) -> Code:
    """Allow the process itself, by its number or 0, and its own group, by 0: the groups are those of its session."""
    who = load(ARGUMENT[1])
    of_process = [*who, *among((0, OWN), ALLOW), *end(REFUSE)]
    of_group = [*who, *when(0, end(ALLOW)), *end(REFUSE)]
    return [*load(ARGUMENT[0]), *when(process, of_process), *when(group, of_group), *end(REFUSE)]


def sockets(open_to: tuple[int, ...]) -> Code:
    """Allow streams and datagrams of the families `open_to`, and of netlink what `getifaddrs` and resolvers ask."""
    kind = [*load(ARGUMENT[1]), (MASK, 0, 0, SOCK_TYPE_MASK)]
    plain = [*kind, *among((SOCK_STREAM, SOCK_DGRAM), ALLOW), *end(REFUSE)]
    route = [*load(ARGUMENT[2]), *when(NETLINK_ROUTE, end(ALLOW)), *end(REFUSE)]
    bodies = {AF_UNIX: end(ALLOW), AF_INET: plain, AF_INET6: plain, AF_NETLINK: route}
    return [*load(ARGUMENT[0]), *(step for family in open_to for step in when(family, bodies[family])), *end(REFUSE)]


def pairs(open_to: tuple[int, ...]) -> Code:
    """Allow connected pairs of UNIX sockets, which event loops need.

    Not of datagrams, unless UNIX sockets are allowed anyway: half of such a pair can be connected to another address
    (`unix(7)`), so it would reach the services of this machine without a call of `socket`.
    """
    kind = [*load(ARGUMENT[1]), (MASK, 0, 0, SOCK_TYPE_MASK)]
    connected = [*kind, *among((SOCK_STREAM, SOCK_SEQPACKET), ALLOW), *end(REFUSE)]
    return [*load(ARGUMENT[0]), *when(AF_UNIX, end(ALLOW) if AF_UNIX in open_to else connected), *end(REFUSE)]


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
    program = program.replace(struct.pack("=I", OWN), struct.pack("=I", os.getpid()))
    filters = Program(len(program) // 8, program)
    number = ctypes.c_long(calls.ALLOWED["seccomp"][at] or 0)
    if _LIBC.syscall(number, ctypes.c_ulong(SECCOMP_SET_MODE_FILTER), ctypes.c_ulong(0), ctypes.byref(filters)):
        fail()


def works() -> bool:
    """Return whether filters are to be had here: a known machine, and a kernel that has them (Linux 4.14). Tries none."""
    at = column()
    if at is None or _LIBC is None:
        return False
    number = ctypes.c_long(calls.ALLOWED["seccomp"][at] or 0)
    action = ctypes.c_uint32(KILL_PROCESS)
    return not _LIBC.syscall(number, ctypes.c_ulong(SECCOMP_GET_ACTION_AVAIL), ctypes.c_ulong(0), ctypes.byref(action))


def fail() -> None:
    """Raise what the last system call left in `errno`."""
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number), "seccomp")
