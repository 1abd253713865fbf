"""What only somebody with privileges may do, and what large parts of the kernel are opened by.

What would harm is asked in a way that can only be refused: by who may not (EPERM), or, with the permission, as wrong.
"""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import socket
import stat
import struct

from .trying import LIBC, Absent, Canaries, call, done, either, probe, refused_only_as_wrong, same_processes

NAMESPACES = {
    "users": 0x10000000,
    "mounts": 0x00020000,
    "network": 0x40000000,
    "processes": 0x20000000,
    "names": 0x04000000,
    "shared memory": 0x08000000,
    "cgroups": 0x02000000,
    "time": 0x80,
}
READ_IMPLIES_EXEC = 0x0400000
TIOCSTI, TIOCSCTTY = 0x5412, 0x540E
SIZE_OF_LOG = 10
"""The action of `syslog(2)` that tells how large the kernel's log is."""


CAPABILITIES = 64
"""More than there are."""
PR_CAPBSET_READ, PR_GET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET = 23, 39, 47, 1
VERSION_3 = 0x20080522  # of `capget(2)`


def asked(option: int, *arguments: int) -> int:
    """Ask the kernel something of this process (`prctl(2)`); it may not know."""
    words = [*arguments, 0, 0, 0, 0][:4]
    return max(0, int(LIBC.prctl(option, *map(ctypes.c_ulong, words))))


def output(argv: list[str], env: dict[str, str]) -> tuple[int, str]:
    """Run a program without input, and return its exit status and what it says."""
    with open("said", "w+b", buffering=0) as said, open("/dev/null", "rb") as nothing:
        actions = [(os.POSIX_SPAWN_DUP2, file.fileno(), to) for to, file in ((0, nothing), (1, said), (2, said))]
        pid = os.posix_spawn(argv[0], argv, env, file_actions=actions)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        said.seek(0)
        return code, said.read().decode("utf-8", "replace")


@probe
def user(canaries: Canaries) -> str | None:
    del canaries
    return "it is root" if 0 in (*os.getresuid(), *os.getresgid()) else None


@probe
def capabilities(canaries: Canaries) -> str | None:
    del canaries
    sets = (ctypes.c_uint32 * 6)()
    done(LIBC.capget((ctypes.c_uint32 * 2)(VERSION_3, 0), sets))
    has = {
        "effective": sets[0] or sets[3],
        "permitted": sets[1] or sets[4],
        "inheritable": sets[2] or sets[5],
        # An ordinary user cannot empty that one; without new privileges nothing comes of it.
        "bounding": not asked(PR_GET_NO_NEW_PRIVS) and any(asked(PR_CAPBSET_READ, one) for one in range(CAPABILITIES)),
        "ambient": any(asked(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, one) for one in range(CAPABILITIES)),
    }
    found = [name for name, value in has.items() if value]
    return f"not empty: {', '.join(found)}" if found else None


@probe
def new_privileges(canaries: Canaries) -> str | None:
    del canaries
    return None if asked(PR_GET_NO_NEW_PRIVS) else "programs may have more privileges"


def _set_user_id(canaries: Canaries) -> str | None:
    """Start a program of root's; the loader shows its start to nobody when it has got privileges (`ld.so(8)`)."""
    del canaries
    shown = {"LD_SHOW_AUXV": "1"}
    found = [
        name for name in ("su", "passwd", "mount", "chsh", "sudo") if (path := shutil.which(name)) and _has_bit(path)
    ]
    plain = shutil.which("true")
    if not found or plain is None or os.geteuid() == 0 or "AT_SECURE" not in output([plain], shown)[1]:
        raise Absent("there is no such program, or nobody to become")
    path = shutil.which(found[0])
    assert path is not None
    return f"`{found[0]}` has become root" if "AT_SECURE" not in output([path, "--version"], shown)[1] else None


def _has_bit(path: str) -> bool:
    return bool(os.stat(path).st_mode & stat.S_ISUID)


def _sudo(canaries: Canaries) -> str | None:
    del canaries
    path = shutil.which("sudo")
    if path is None or os.geteuid() == 0:
        raise Absent("there is no sudo, or nobody to become")
    return "sudo asked for no password" if output([path, "-n", "true"], {"PATH": os.defpath})[0] == 0 else None


@probe
def set_user_id(canaries: Canaries) -> str | None:
    return either(canaries, _set_user_id, _sudo)


@probe
def namespaces(canaries: Canaries) -> str | None:
    def unshare(name: str) -> str:
        done(LIBC.unshare(NAMESPACES[name]))
        return f"has its own: {name}"

    return either(canaries, *(lambda _, name=name: unshare(name) for name in NAMESPACES))


@probe
def mounts(canaries: Canaries) -> str | None:
    def mount(_: Canaries) -> str | None:
        unknown = (b"none", b".", b"no-such-file-system")
        return refused_only_as_wrong(lambda: done(LIBC.mount(*unknown, ctypes.c_ulong(0), None)))

    def opened(_: Canaries) -> str:
        call(canaries, "fsopen", b"tmpfs", 0)
        return "a file system was opened"

    return either(canaries, mount, opened)


@probe
def another_root(canaries: Canaries) -> str | None:
    os.makedirs("root", exist_ok=True)

    def pivot(_: Canaries) -> str | None:
        return refused_only_as_wrong(lambda: call(canaries, "pivot_root", b"root", b"root"))

    def change(_: Canaries) -> str:
        os.chroot("root")
        return "it has another root folder"

    return either(canaries, pivot, change)


@probe
def entering(canaries: Canaries) -> str | None:
    def enter(pid: str) -> str:
        fd = os.open(f"/proc/{pid}/ns/uts", os.O_RDONLY)
        call(canaries, "setns", fd, 0)
        return "the namespaces of another process were entered"

    return either(canaries, lambda _: enter(str(same_processes(canaries))), lambda _: enter("self"))


@probe
def keys(canaries: Canaries) -> str | None:
    return f"key ring {call(canaries, 'keyctl', 0, -2, 1)}"


@probe
def bpf(canaries: Canaries) -> str | None:
    array = ctypes.create_string_buffer(struct.pack("=5I", 2, 4, 4, 1, 0), 128)
    call(canaries, "bpf", 0, array, 20)
    return "a table in the kernel was made"


@probe
def counters(canaries: Canaries) -> str | None:
    # PERF_TYPE_SOFTWARE, of this process alone, off, without the kernel (`perf_event_open(2)`).
    event = ctypes.create_string_buffer(struct.pack("=2I4QQ", 1, 112, 0, 0, 0, 0, 0b1100001), 112)
    call(canaries, "perf_event_open", event, 0, -1, -1, 0)
    return "a counter was opened"


@probe
def page_faults(canaries: Canaries) -> str | None:
    call(canaries, "userfaultfd", 1)
    return "faults can be handled"


@probe
def rings(canaries: Canaries) -> str | None:
    try:
        call(canaries, "io_uring_setup", 1, ctypes.create_string_buffer(120))
    except OSError:
        if canaries["rings"]:  # it may be said that there is no such call
            return None
        raise
    return "a ring was made"


@probe
def modules(canaries: Canaries) -> str | None:
    return refused_only_as_wrong(lambda: call(canaries, "init_module", 0, 0, b""))


@probe
def another_kernel(canaries: Canaries) -> str | None:
    too_many = 17
    return refused_only_as_wrong(lambda: call(canaries, "kexec_load", 0, too_many, 0, 0))


@probe
def restart(canaries: Canaries) -> str | None:
    return refused_only_as_wrong(lambda: call(canaries, "reboot", 0, 0, 0, 0))  # by no magic number


@probe
def swap(canaries: Canaries) -> str | None:
    with open("no-swap", "wb") as file:
        file.write(bytes(16384))
    return refused_only_as_wrong(lambda: call(canaries, "swapon", os.path.abspath("no-swap").encode(), 0))


@probe
def host_name(canaries: Canaries) -> str | None:
    name = platform.node().encode()
    call(canaries, "sethostname", name, len(name))
    return "its name was set"


@probe
def clock(canaries: Canaries) -> str | None:
    impossible = struct.pack("=2i", 9999, 0)  # minutes west of Greenwich, which are looked at after the permission
    return refused_only_as_wrong(lambda: call(canaries, "settimeofday", 0, impossible))


@probe
def log(canaries: Canaries) -> str | None:
    return f"it holds {call(canaries, 'syslog', SIZE_OF_LOG, 0, 0)} bytes"


@probe
def terminal_input(canaries: Canaries) -> str | None:
    """Type into a terminal of its own; where there is none to be had, ask it of what is none."""

    def typed(_: Canaries) -> str:
        os.setsid()
        _keyboard, fd = os.openpty()
        call(canaries, "ioctl", fd, TIOCSCTTY, 0)
        call(canaries, "ioctl", fd, TIOCSTI, b"X")
        return "a letter was typed"

    def passed(_: Canaries) -> str | None:
        one, other = socket.socketpair()
        with one, other:
            return refused_only_as_wrong(lambda: call(canaries, "ioctl", one.fileno(), TIOCSTI, b"X"))

    return either(canaries, typed, passed)


@probe
def personality(canaries: Canaries) -> str | None:
    call(canaries, "personality", READ_IMPLIES_EXEC)
    return "its memory is executable"
