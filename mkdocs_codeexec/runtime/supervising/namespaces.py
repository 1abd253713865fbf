"""Namespaces of its own for each child, within those that bubblewrap has made (`namespaces(7)`).

bubblewrap decides what of the machine is there at all, once for many children. Here each child gets its own processes,
its own shared memory and its own, fresh scratch directory in memory; all of it is gone when its first process ends.
That costs less than a millisecond; a bubblewrap for each child would cost ten.
"""

from __future__ import annotations

import ctypes
import os
import struct

from . import overlaying
from .processes import LIBC
from .protocol import PROJECT, SCRATCH, STEPS
from .signals import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWPID = 0x00020000, 0x08000000, 0x20000000
CLONE_NEWCGROUP, CLONE_INTO_CGROUP = 0x02000000, 0x200000000
SIGCHLD = 17
SYS_CLONE = {"x86_64": 56, "aarch64": 220, "riscv64": 220}
SYS_CLONE3 = 435

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = (
    1,
    2,
    4,
    8,
    32,
    4096,
    16384,
    1 << 18,
)
MS_MINE = MS_NOSUID | MS_NODEV

MIB = 1024 * 1024
COPIED = 256 * 1024
"""Bytes of a file up to which a child gets a copy, which it may change."""
IPC = (("shmall", 4096), ("msgmni", 32))
"""Pages of System V memory, which no process needs to have mapped, and queues of messages, of 16 KiB each."""
EVERY = 0.025
"""Seconds between two looks at whether a file system is full: a program may tidy up before it ends."""
INODES = 20_000
FULL_BELOW = 64 * 1024
STATUS = "!i??"
"""What the first process reports: the child's wait status, and whether its working directory and the rest were full."""
ALONE = b"."
"""What it adds when no other process is left."""


MASKED = (
    *("acpi", "asound", "bus", "fs", "interrupts", "irq", "kcore", "key-users", "keys", "latency_stats", "sched_debug"),
    *("scsi", "sysrq-trigger", "timer_list", "timer_stats"),
)
"""Names in `/proc` that a container does not show either (moby, `oci/defaults.go`); `/proc` as a whole is read-only."""


def clone_into(group: int, *, namespaced: bool) -> int:
    """Fork into the cgroup whose folder is the descriptor `group`, and into new namespaces if it is `namespaced`.

    It is there from its first moment; to move it afterwards would make the kernel wait for all processors.

    Raises:
        OSError: The system refuses it.
    """
    flags = CLONE_INTO_CGROUP | (CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWPID if namespaced else 0)
    # flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup
    arguments = (ctypes.c_uint64 * 11)(flags, 0, 0, 0, SIGCHLD, 0, 0, 0, 0, 0, group)
    pid: int = LIBC.syscall(ctypes.c_long(SYS_CLONE3), arguments, ctypes.c_size_t(ctypes.sizeof(arguments)))
    if pid < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), "clone3")
    return pid


def leave_groups() -> None:
    """Have this process see no other cgroup than its own.

    Raises:
        OSError: The system refuses it.
    """
    if LIBC.unshare(CLONE_NEWCGROUP):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), "unshare")


def clone() -> int:
    """Fork, as `os.fork` does it, into new namespaces: the new process is the first one there.

    Raises:
        OSError: The system refuses it.
    """
    number = SYS_CLONE.get(os.uname().machine)
    if number is None:
        raise OSError(f"namespaces are not supported on `{os.uname().machine}`")
    flags = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWPID | SIGCHLD
    pid: int = LIBC.syscall(ctypes.c_long(number), ctypes.c_ulong(flags), *[ctypes.c_ulong(0)] * 4)
    if pid < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), "clone")
    return pid


def mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    """Call `mount(2)`.

    Raises:
        OSError: The system refuses it.
    """
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind)]
    if LIBC.mount(*words, ctypes.c_ulong(flags), data.encode()):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), f"mount {target}")


def furnish(request: dict[str, Any]) -> None:
    """Give this process, the first of its namespaces, its own processes, temporary files and scratch directory.

    Raises:
        OSError: The system refuses it.
    """
    limits, scratch, user = request["limits"], request["scratch"], request["user"]
    work = -1 if scratch is None else os.open(os.path.join(scratch, "work"), os.O_PATH | os.O_CLOEXEC)
    steps = -1 if scratch is None else _found(os.path.join(scratch, STEPS))
    project = -1 if request["project"] is None else os.open(request["project"], os.O_PATH | os.O_CLOEXEC)
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    shown = [*request["readable"], *request["writable"]]
    inside = {folder: _opened(folder, shown) for folder in ("/tmp", "/dev/shm")}
    # All places for temporary files are of one file system, so that they have one limit.
    mount("tmpfs", "/dev/shm", "tmpfs", MS_MINE, size(limits["tmp"], "mode=0755"))
    tmp, shm, rest = (
        _folder(f"/dev/shm/{name}", mode) for name, mode in (("tmp", 0o1777), ("shm", 0o1777), ("rest", 0o755))
    )
    _cover("/tmp", tmp, inside["/tmp"])
    _cover("/dev/shm", shm, inside["/dev/shm"])
    root = request["root"]
    if root is not None and os.path.isdir(root):  # else it was in the `/tmp` that is gone
        _cover(root, rest, [])
    if scratch is None:
        os.makedirs(request["cwd"].encode("latin-1"), exist_ok=True)
    else:
        os.makedirs(scratch, mode=0o755)
        for name in SCRATCH:
            folder = os.path.join(scratch, name)
            os.mkdir(folder, 0o755)
            own(folder, user)
        if steps >= 0:
            place = os.path.join(scratch, STEPS)
            os.mkdir(place, 0o755)
            own(place, user)
            populate(f"/proc/self/fd/{steps}", place, user)
            os.close(steps)
        place = os.path.join(scratch, "work")
        if request["keeps"]:
            mount(f"/proc/self/fd/{work}", place, None, MS_BIND)
        else:
            mount("tmpfs", place, "tmpfs", MS_MINE, size(limits["disk"], "mode=0755"))
            own(place, user)
            populate(f"/proc/self/fd/{work}", place, user)
        if project >= 0:
            overlaying.lay(project, work, request)
            os.close(project)
        os.close(work)
    # Last: what was open until now is found through the old one.
    mount("proc", "/proc", "proc", MS_MINE | MS_NOEXEC)
    _bound()
    mount("none", "/proc", None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_MINE | MS_NOEXEC)
    _mask()


def hidden() -> tuple[list[str], list[str]]:
    """Return those of `MASKED` that are there: files, and folders. The same on this machine for every child."""
    there = [path for name in MASKED if os.path.exists(path := f"/proc/{name}")]
    folders = [path for path in there if os.path.isdir(path)]
    return [path for path in there if path not in folders], folders


_hidden = hidden() if os.path.isdir("/proc/1") else ([], [])


def _mask() -> None:
    """Put nothing in the place of what `/proc` tells of the machine and no sample needs: 0.1 ms."""
    files, folders = _hidden
    for path in files:
        mount("/dev/null", path, None, MS_BIND)
    for path in folders[:1]:
        mount("tmpfs", path, "tmpfs", MS_MINE | MS_NOEXEC | MS_RDONLY, "nr_inodes=1,mode=0555")
    for path in folders[1:]:
        mount(folders[0], path, None, MS_BIND)


def reach(paths: list[str]) -> None:
    """Make a way to `paths` where folders above them are closed to other users, as root's own home is, for this process.

    Raises:
        OSError: The system refuses it.
    """
    above = {folder for path in paths for folder in _parents(path)}
    closed = sorted(folder for folder in above if os.path.isdir(folder) and not os.stat(folder).st_mode & 0o001)
    if not closed:
        return
    if LIBC.unshare(CLONE_NEWNS):
        code = ctypes.get_errno()
        raise OSError(code, f"closed to the users that samples run as; try: chmod o+x {closed[0]}", closed[0])
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    for folder in closed:
        if any(other in closed for other in _parents(folder)):
            continue
        found = _opened(folder, paths)
        mount("tmpfs", folder, "tmpfs", MS_MINE, "size=1M,mode=0755")
        _show(found)


def _found(path: str) -> int:
    """Return a descriptor of a folder; -1 if there is none."""
    try:
        return os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return -1


def _folder(path: str, mode: int) -> int:
    """Make a folder, and return a descriptor of it."""
    os.mkdir(path)
    os.chmod(path, mode)  # whatever the umask is
    return os.open(path, os.O_PATH | os.O_CLOEXEC)


def _bound() -> None:
    """Limit what is shared by number, as far as this kernel lets us (`proc(5)`); nobody else has these namespaces."""
    for name, most in IPC:
        try:
            with open(f"/proc/sys/kernel/{name}", "wb", buffering=0) as file:
                file.write(b"%d" % most)
        except OSError:
            continue


def _cover(folder: str, source: int, inside: list[tuple[str, int, bool]]) -> None:
    """Put the folder `source` over another, but for what was `inside`."""
    mount(f"/proc/self/fd/{source}", folder, None, MS_BIND)
    _show(inside)


def _opened(folder: str, paths: list[str]) -> list[tuple[str, int, bool]]:
    """Return those of `paths` that are in `folder`, each with a descriptor and whether it is a folder."""
    inside = sorted({path for path in paths if path.startswith(folder + "/") and os.path.exists(path)})
    return [(path, os.open(path, os.O_PATH | os.O_CLOEXEC), os.path.isdir(path)) for path in inside]


def _show(found: list[tuple[str, int, bool]]) -> None:
    """Let what was `_opened` be where it was."""
    for path, fd, is_folder in found:
        if not os.path.exists(path):  # else it is in one that is there already
            os.makedirs(path if is_folder else os.path.dirname(path), mode=0o755, exist_ok=True)
            if not is_folder:
                os.close(os.open(path, os.O_CREAT | os.O_CLOEXEC, 0o600))
            mount(f"/proc/self/fd/{fd}", path, None, MS_BIND | MS_REC)
        os.close(fd)


def _parents(path: str) -> list[str]:
    parents = []
    while (path := os.path.dirname(path)) not in ("/", ""):
        parents.append(path)
    return parents


def size(mebibytes: int | None, options: str) -> str:
    """Return the options of a file system in memory."""
    return f"size=50%,{options}" if mebibytes is None else f"size={mebibytes * MIB},nr_inodes={INODES},{options}"


def own(path: str, user: int | None) -> None:
    """Make what is at `path` the own of `user`, if it is one."""
    if user is not None:
        os.chown(path, user, user, follow_symlinks=False)


def populate(source: str, target: str, user: int | None) -> None:
    """Put what is in `source` into `target`: small files as copies, large ones as they are and unchangeable."""
    for entry in os.scandir(source):
        place = os.path.join(target, entry.name)
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), place)
        elif entry.is_dir():
            os.mkdir(place)
            populate(entry.path, place, user)
        elif entry.is_file():
            about = entry.stat()
            with open(place, "xb", buffering=0) as copy:
                if about.st_size <= COPIED:
                    with open(entry.path, "rb", buffering=0) as file:
                        while chunk := file.read(about.st_size + 1):
                            copy.write(chunk)
                    os.fchmod(copy.fileno(), about.st_mode & 0o777)
                    os.utime(copy.fileno(), ns=(about.st_atime_ns, about.st_mtime_ns))
            if about.st_size > COPIED:
                os.chmod(place, 0)  # whoever finds what is covered knows it for that
                mount(entry.path, place, None, MS_BIND)
                mount("none", place, None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_MINE)
                continue
        own(place, user)


def watch_over(child: int, status_pipe: int, scratch: str | None) -> None:
    """Be the first process: take the exit status of whatever ends here, and report that of `child`."""
    folders = [] if scratch is None else [os.path.join(scratch, name) for name in ("work", "tmp")]
    # No look-up here: the filter is on this process too, which an ordinary user's supervisor must not read.
    project = os.path.join(scratch or "", PROJECT)
    if folders and f"{os.getcwd()}/".startswith(f"{project}/"):  # in which it starts
        folders[0] = project
    full = [False, False]
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            os.write(status_pipe, ALONE)
            return
        if pid in (child, 0):
            full = [was or _is_full(folder) for was, folder in zip(full, folders, strict=False)] or full
        if pid == child:
            child = 0
            os.write(status_pipe, struct.pack(STATUS, status, *full))
        elif pid == 0:
            signal.sigtimedwait({signal.SIGCHLD}, EVERY if child else 3600)


def _is_full(folder: str) -> bool:
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < FULL_BELOW or (disk.f_files > 0 and disk.f_ffree == 0)
