"""The filter, run through by a small machine of our own for both processors, and put on real children."""

from __future__ import annotations

import errno
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from mkdocs_codeexec.runtime.supervising import calls, seccomp

ALLOW, EPERM, ENOSYS, UNSUPPORTED, KILL = "allow", "EPERM", "ENOSYS", "EOPNOTSUPP", "kill"
ACTIONS = {
    seccomp.ALLOW: ALLOW,
    seccomp.REFUSE: EPERM,
    seccomp.UNKNOWN: ENOSYS,
    seccomp.UNSUPPORTED: UNSUPPORTED,
    seccomp.KILL_PROCESS: KILL,
}
KINDS = {
    f"{purpose}{' alone' if alone else ''}": (purpose, alone) for purpose in seccomp.PURPOSES for alone in (False, True)
}
"""What a filter can be for: a purpose, and whether the child has namespaces of its own."""
MACHINES = sorted(seccomp.MACHINES)
EVERY = 0xFFFFFFFF

UNIX, INET, INET6, NETLINK, PACKET, ALG, VSOCK, BLUETOOTH = 1, 2, 10, 16, 17, 38, 40, 31
STREAM, DGRAM, RAW, SEQPACKET = 1, 2, 3, 5
CLOEXEC = 0o2000000


def decide(program: bytes, architecture: int, number: int, *arguments: int) -> str:
    """Return what `program` decides about a system call; it must end, and stay within itself."""
    words = struct.pack("=IIQ6Q", number, architecture, 0, *arguments, *(0,) * (6 - len(arguments)))
    code = list(struct.iter_unpack("=HBBI", program))
    loaded, at = 0, 0
    while True:
        operation, then, otherwise, value = code[at]
        at += 1
        match operation:
            case 0x20:
                (loaded,) = struct.unpack_from("=I", words, value)
            case 0x54:
                loaded &= value
            case 0x06:
                return ACTIONS[value]
            case 0x05:
                at += value
            case 0x15:
                at += then if loaded == value else otherwise
            case 0x35:
                at += then if loaded >= value else otherwise
            case 0x45:
                at += then if loaded & value else otherwise
            case _:
                raise AssertionError(f"no such instruction: {operation:#x}")


@pytest.fixture(params=MACHINES)
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The processor that the filter is made for."""
    column, _ = seccomp.MACHINES[request.param]
    monkeypatch.setattr(seccomp, "column", lambda: column)
    return str(request.param)


def made(kind: str) -> bytes:
    """Return a filter by its name in `KINDS`."""
    purpose, alone = KINDS[kind]
    program = seccomp.program(purpose, alone=alone)
    assert program is not None
    return program


def ask(machine: str, kind: str, name: str, *arguments: int) -> str:
    column, architecture = seccomp.MACHINES[machine]
    tables = (
        calls.ALLOWED,
        calls.CONNECTING,
        calls.SHARING,
        calls.WATCHING,
        calls.MARKING,
        calls.REFUSED,
        calls.EXAMINED,
    )
    number = next(table[name] for table in tables if name in table)[column]
    assert number is not None
    return decide(made(kind), architecture, number, *arguments)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_call_is_decided_by_its_table(machine: str, kind: str) -> None:
    """Of all numbers those of the tables are allowed, refused or looked into; any other does not exist."""
    column, architecture = seccomp.MACHINES[machine]
    purpose, alone = KINDS[kind]
    program = made(kind)
    shares = ALLOW if alone and purpose != "compile" else EPERM
    decisions = {
        ALLOW: calls.ALLOWED,
        EPERM: calls.REFUSED,
    }
    expected = {pair[column]: decision for decision, table in decisions.items() for pair in table.values()}
    for table, decision in (
        (calls.CONNECTING, ALLOW if alone or purpose == "network" else EPERM),
        (calls.SHARING, shares),
        (calls.WATCHING, shares),
        (calls.MARKING, ALLOW if alone else UNSUPPORTED),
    ):
        expected |= {pair[column]: decision for pair in table.values()}
    examined = {pair[column] for pair in calls.EXAMINED.values()}

    found = {number: decide(program, architecture, number) for number in range(700) if number not in examined}

    assert {number: expected.get(number, ENOSYS) for number in found} == found


def test_no_call_is_in_two_tables() -> None:
    """A call is decided in one way, and no two calls have the same number."""
    tables = (
        calls.ALLOWED,
        calls.CONNECTING,
        calls.SHARING,
        calls.WATCHING,
        calls.MARKING,
        calls.REFUSED,
        calls.EXAMINED,
    )
    names = [name for table in tables for name in table]
    assert len(names) == len(set(names))
    for column in (0, 1):
        numbers = [pair[column] for table in tables for pair in table.values() if pair[column] is not None]
        assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_filter_fits_into_the_kernel(machine: str, kind: str) -> None:
    """It is shorter than the longest one (`BPF_MAXINSNS`), and names the process where that is looked at."""
    program = made(kind)
    own = sum(value == seccomp.OWN for _, _, _, value in struct.iter_unpack("=HBBI", program))

    assert machine
    assert len(program) // 8 <= 4096
    assert KINDS[kind][1] == (own == 0)
    assert own == program.count(struct.pack("=I", seccomp.OWN))


PROCESSES = ((0, ALLOW), (seccomp.OWN, ALLOW), (1, EPERM), (4711, EPERM), (EVERY, EPERM), (1 << 32 | 4711, EPERM))
"""Numbers of processes, and what a call may do to them that has no process namespace; the kernel drops the upper half."""

CASES: list[tuple[str, str, tuple[int, ...], str]] = [
    # kind, call, arguments, decision
    ("run", "socket", (INET, STREAM, 0), EPERM),
    ("run", "socket", (INET6, DGRAM, 0), EPERM),
    ("run", "socket", (UNIX, STREAM, 0), EPERM),
    ("run", "socket", (NETLINK, RAW, 0), EPERM),
    ("run", "socketpair", (UNIX, STREAM | CLOEXEC, 0), ALLOW),
    ("run", "socketpair", (UNIX, SEQPACKET, 0), ALLOW),
    ("run", "socketpair", (UNIX, DGRAM | CLOEXEC, 0), EPERM),
    ("run", "socketpair", (UNIX, RAW, 0), EPERM),
    ("run", "socketpair", (30, STREAM, 0), EPERM),
    ("network", "socket", (INET, STREAM | CLOEXEC, 0), ALLOW),
    ("network", "socket", (INET6, DGRAM, 17), ALLOW),
    ("network", "socket", (INET, RAW, 1), EPERM),
    ("network", "socket", (INET, 10, 0), EPERM),  # SOCK_PACKET
    ("network", "socket", (NETLINK, RAW | CLOEXEC, 0), ALLOW),
    ("network", "socket", (NETLINK, RAW, 12), EPERM),  # NETLINK_NETFILTER
    ("network", "socket", (UNIX, STREAM, 0), EPERM),
    ("network", "socketpair", (UNIX, DGRAM, 0), EPERM),
    ("run alone", "socket", (UNIX, STREAM, 0), ALLOW),
    ("run alone", "socket", (INET, STREAM, 0), ALLOW),
    ("run alone", "socketpair", (UNIX, DGRAM, 0), ALLOW),
    *((kind, "socket", (family, 1, 0), EPERM) for kind in KINDS for family in (PACKET, ALG, VSOCK, BLUETOOTH)),
    ("run", "socket", (1 << 32 | UNIX, STREAM, 0), EPERM),  # the kernel drops the upper half
    ("run alone", "socket", (1 << 32 | VSOCK, STREAM, 0), EPERM),
    ("run alone", "clone", (signal.SIGCHLD,), ALLOW),
    ("run alone", "clone", (0x003D0F00,), ALLOW),  # a thread
    ("run alone", "clone", (0x4111,), ALLOW),  # vfork
    ("run alone", "clone", (0x10000000 | signal.SIGCHLD,), EPERM),
    ("run alone", "clone", (0x00020000,), EPERM),
    ("run alone", "clone", (0x40000000,), EPERM),
    ("run alone", "clone3", (), ENOSYS),
    ("run alone", "unshare", (0x200,), ALLOW),  # CLONE_FS
    ("run alone", "unshare", (0x400,), EPERM),  # CLONE_FILES: a thread with descriptors of its own
    ("run alone", "clone", (0x00010900,), EPERM),  # the same
    ("run alone", "clone", (0x00010D00,), ALLOW),
    ("run alone", "close_range", (3, EVERY, 0), ALLOW),
    ("run alone", "close_range", (3, EVERY, 4), ALLOW),
    ("run alone", "close_range", (3, EVERY, 2), EPERM),
    ("run alone", "unshare", (0x10000000,), EPERM),
    ("run alone", "unshare", (0x80,), EPERM),
    ("run alone", "personality", (0xFFFFFFFF,), ALLOW),
    ("run alone", "personality", (0,), ALLOW),
    ("run alone", "personality", (0x40000,), ALLOW),
    ("run alone", "personality", (0x400000,), EPERM),  # READ_IMPLIES_EXEC
    ("run alone", "ioctl", (0, 0x5401), ALLOW),  # TCGETS
    ("run alone", "ioctl", (0, 0x5412), EPERM),
    ("run alone", "ioctl", (0, 1 << 32 | 0x5412), EPERM),  # CVE-2019-10063
    ("run alone", "ioctl", (0, 0x541C), EPERM),
    ("run", "kill", (EVERY, 9), EPERM),
    ("run", "kill", (2**64 - 1, 9), EPERM),
    ("run", "kill", (4711, 9), ALLOW),
    ("run", "kill", (0, 9), ALLOW),
    ("compile", "socket", (UNIX, STREAM, 0), EPERM),
    ("compile alone", "socket", (UNIX, STREAM, 0), ALLOW),
    ("network alone", "socket", (INET, STREAM, 0), ALLOW),
    ("network alone", "socket", (UNIX, STREAM, 0), EPERM),  # abstract names are the host's
    ("network alone", "socketpair", (UNIX, DGRAM, 0), EPERM),
    *(("run", name, (who,), decision) for name in seccomp.PRIORITIES for who, decision in PROCESSES),
    *(("run alone", name, (who,), ALLOW) for name in seccomp.PRIORITIES for who, _ in PROCESSES),
    *(("run", name, (which, who), decision) for name, which in (("setpriority", 0), ("ioprio_set", 1)) for who, decision in PROCESSES),
    *(("run", name, (which, 0), ALLOW) for name, which in (("setpriority", 1), ("ioprio_set", 2))),
    *(("run", name, (which, 4711), EPERM) for name, which in (("setpriority", 1), ("ioprio_set", 2))),
    *(("run", name, (which, 0), EPERM) for name, which in (("setpriority", 2), ("ioprio_set", 3), ("ioprio_set", 0))),
    ("run alone", "setpriority", (2, 0), ALLOW),
    ("run", "ioctl", (0, 0x40086602), UNSUPPORTED),  # FS_IOC_SETFLAGS
    ("run alone", "ioctl", (0, 0x40086602), ALLOW),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "name", "arguments", "decision"), CASES)
def test_arguments_decide(machine: str, kind: str, name: str, arguments: tuple[int, ...], decision: str) -> None:
    """Sockets by their family and type, processes by their namespaces, terminals by what is asked of them."""
    assert decision == ask(machine, kind, name, *arguments)


@pytest.mark.parametrize(
    ("machine", "architecture", "number", "decision"),
    [
        ("x86_64", 0xC000003E, 39, ALLOW),  # getpid
        ("x86_64", 0xC000003E, EVERY, ENOSYS),
        ("x86_64", 0xC000003E, 0x40000000 | 39, KILL),  # x32
        ("x86_64", 0x40000003, 20, KILL),  # i386
        ("aarch64", 0xC00000B7, 172, ALLOW),
        ("aarch64", 0x40000028, 20, KILL),  # 32-bit ARM
        ("aarch64", 0xC000003E, 39, KILL),
    ],
    indirect=["machine"],
)
def test_other_numberings_end_the_process(machine: str, architecture: int, number: int, decision: str) -> None:
    """A call under other numbers than the filter's cannot be judged by it."""
    assert machine

    assert decision == decide(made("run alone"), architecture, number)


def test_an_unknown_machine_has_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the numbers are not known, there is no filter, rather than a wrong one."""
    monkeypatch.setattr(seccomp, "column", lambda: None)

    assert seccomp.program("run", alone=False) is None
    assert not seccomp.works()


HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_the_numbers_are_the_kernels(machine: str) -> None:
    """The tables agree with the kernel's headers, as far as these go."""
    if not HEADERS[machine].exists():
        pytest.skip(f"there is no {HEADERS[machine]}")
    column, _ = seccomp.MACHINES[machine]
    text = HEADERS[machine].read_text("utf-8")
    theirs = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text))
    theirs |= {
        name: theirs[other] for name, other in re.findall(r"#define __NR_(\w+) __NR3264_(\w+)", text) if other in theirs
    }
    tables = (
        calls.ALLOWED,
        calls.CONNECTING,
        calls.SHARING,
        calls.WATCHING,
        calls.MARKING,
        calls.REFUSED,
        calls.EXAMINED,
    )
    ours = {name: pair[column] for table in tables for name, pair in table.items() if pair[column] is not None}

    known = {name: number for name, number in ours.items() if name in theirs}

    assert {name: int(theirs[name]) for name in known} == known
    assert all(number > 450 for name, number in ours.items() if name not in theirs and name != "uretprobe")


# --- Real children ------------------------------------------------------------------------------------------------

real = pytest.mark.skipif(not seccomp.works(), reason="seccomp filters are needed")

FILTERED = """
import os, sys
sys.path.insert(0, sys.argv[1])
from supervising import seccomp
program = seccomp.program(sys.argv[2], alone=sys.argv[3] == "True")
seccomp.install(program)
os.execv(sys.argv[4], sys.argv[4:])
"""


def filtered(kind: str, *argv: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Start `argv` as the supervisor does: in a bare Python that puts the filter on and becomes the program."""
    folder = Path(seccomp.__file__).parent.parent
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        FILTERED,
        str(folder),
        *map(str, KINDS[kind]),
        shutil.which(argv[0]) or argv[0],
        *argv[1:],
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=cwd)


def ask_python(kind: str, code: str) -> str:
    """Return what a filtered Python prints: the value of `code`, or the name of the error."""
    lines = [
        "import ctypes, errno, os, resource, socket, threading, time",
        "libc = ctypes.CDLL(None, use_errno=True)",
        "def call(*arguments):",
        "    result = libc.syscall(*map(ctypes.c_long, arguments))",
        "    return result if result >= 0 else errno.errorcode[ctypes.get_errno()]",
        "try:",
        f"    print({code})",
        "except OSError as error:",
        "    print(type(error).__name__, errno.errorcode.get(error.errno, error.errno))",
    ]
    done = filtered(kind, sys.executable, "-c", "\n".join(lines))
    return (done.stdout + done.stderr).strip()


@real
@pytest.mark.parametrize(
    ("kind", "code", "answer"),
    [
        ("run", "socket.socket(socket.AF_INET)", "PermissionError EPERM"),
        ("run", "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", "PermissionError EPERM"),
        ("run", "socket.socket(socket.AF_UNIX)", "PermissionError EPERM"),
        ("run", "socket.create_connection(('192.0.2.1', 80), 5)", "PermissionError EPERM"),
        ("run", "socket.getaddrinfo('example.com', 80)", "gaierror -3"),
        ("run", "[pair[0].send(b'abc') for pair in [socket.socketpair()]]", "[3]"),
        ("run", "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)", "PermissionError EPERM"),
        ("network", "socket.socket(socket.AF_INET).family.name", "AF_INET"),
        ("network", "socket.if_nameindex()[0][1]", "lo"),
        ("network", "socket.socket(socket.AF_UNIX)", "PermissionError EPERM"),
        ("run alone", "socket.socket(socket.AF_UNIX).family.name", "AF_UNIX"),
        ("run alone", "os.kill(-1, 0)", "PermissionError EPERM"),
        ("run alone", "os.kill(os.getpid(), 0)", "None"),
        ("run alone", "libc.unshare(0x10000000), ctypes.get_errno()", f"-1 {errno.EPERM}"),
        ("run alone", "libc.unshare(0x200)", "0"),
        ("run", "resource.prlimit(os.getpid(), resource.RLIMIT_NOFILE)[0] > 0", "True"),
        ("run", "resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE)", "PermissionError EPERM"),
        ("run", "os.sched_setaffinity(os.getpid(), os.sched_getaffinity(0))", "None"),
        ("run", "os.sched_setaffinity(os.getppid(), os.sched_getaffinity(0))", "PermissionError EPERM"),
        ("run", "os.setpriority(os.PRIO_PROCESS, 0, 19)", "None"),
        ("run", "os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)", "PermissionError EPERM"),
        ("run", "os.setpriority(os.PRIO_USER, 0, 19)", "PermissionError EPERM"),
        ("run", "os.setxattr('/proc/self/exe', 'user.a', b'')", "OSError ENOTSUP"),
        ("run", "libc.shmget(4711, 4096, 0o1600), ctypes.get_errno()", f"-1 {errno.EPERM}"),
        ("run", "libc.inotify_init1(0), ctypes.get_errno()", f"-1 {errno.EPERM}"),
        ("run", "libc.mq_open(b'/codeexec-canary', 0o102, 0o600, None), ctypes.get_errno()", f"-1 {errno.EPERM}"),
        ("run alone", "libc.inotify_init1(0) > 0", "True"),
        ("compile alone", "libc.inotify_init1(0), ctypes.get_errno()", f"-1 {errno.EPERM}"),
        ("run", "call(999)", "ENOSYS"),
        ("run alone", "libc.ptrace(0, 0, 0, 0), ctypes.get_errno()", f"-1 {errno.EPERM}"),
        ("run alone", "libc.personality(0xffffffff)", "0"),
        ("run alone", "call(435, 0, 0)", "ENOSYS"),
        ("run alone", "call(425, 8, 0)", "EPERM"),  # io_uring_setup
        ("run alone", "os.waitstatus_to_exitcode(os.waitpid(os.posix_spawnp('true', ['true'], {}), 0)[1])", "0"),
        ("run alone", "[t.start() or t.join() for t in [threading.Thread(target=time.time)]]", "[None]"),
        ("run alone", "os.popen('echo child').read()", "child"),
        ("run alone", "[line.split() for line in open('/proc/self/status') if line.startswith('Seccomp:')]", "[['Seccomp:', '2']]"),
        ("run alone", "libc.prctl(39, 0, 0, 0, 0)", "1"),
    ],
)  # fmt: skip
def test_a_child_gets_this_answer(kind: str, code: str, answer: str) -> None:
    """The kernel refuses at once what the table says, and threads, children and event loops work as ever."""
    assert answer == ask_python(kind, code)


@real
def test_half_a_pair_reaches_no_listener(tmp_path: Path) -> None:
    """A connected UNIX socket cannot be turned to a service of this machine."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "service"))
        listener.listen()

        assert "PermissionError EPERM" == ask_python(
            "run", f"[s.connect({str(tmp_path / 'service')!r}) for s in socket.socketpair()]"
        )


I386 = r"""
#include <stdio.h>
int main(void) {
    int pid;
    puts("before"); fflush(stdout);
    __asm__ volatile("int $0x80" : "=a"(pid) : "a"(20) : "memory");
    puts("after");
    return 0;
}
"""


@real
@pytest.mark.skipif(sys.platform != "linux" or seccomp.column() != 0, reason="only x86_64 has the calls of i386")
@pytest.mark.skipif(shutil.which("cc") is None, reason="a C compiler is needed")
def test_a_call_by_the_rules_of_i386_ends_the_process(tmp_path: Path) -> None:
    """A 64-bit program cannot walk around the filter through `int 0x80`."""
    (tmp_path / "a.c").write_text(I386, "utf-8")
    subprocess.run(["cc", "a.c", "-o", "a"], cwd=tmp_path, check=True, timeout=60)

    done = filtered("run alone", str(tmp_path / "a"))

    assert ("before\n", -signal.SIGSYS) == (done.stdout, done.returncode)


RUST = r"""
use std::{process::Command, thread, os::unix::net::UnixStream, net::TcpStream};
fn main() {
    let sum = thread::spawn(|| (1..=10).sum::<i32>()).join().unwrap();
    let echo = Command::new("echo").arg("child").output().unwrap();
    print!("{sum} {}", String::from_utf8(echo.stdout).unwrap());
    println!("{}", UnixStream::pair().is_ok());
    println!("{}", TcpStream::connect("127.0.0.1:9").unwrap_err());
}
"""


@real
@pytest.mark.skipif(shutil.which("rustc") is None, reason="rustc is needed")
def test_rust_threads_and_commands_work(tmp_path: Path) -> None:
    """Rust's own library starts threads and programs under the filter."""
    (tmp_path / "a.rs").write_text(RUST, "utf-8")
    built = filtered("run", "rustc", "a.rs", "-o", "a", cwd=tmp_path)
    assert (0, "") == (built.returncode, built.stderr)

    done = filtered("run", str(tmp_path / "a"))

    assert "55 child\ntrue\nOperation not permitted (os error 1)\n" == done.stdout
