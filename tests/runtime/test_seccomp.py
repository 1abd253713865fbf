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

from mkdocs_codeexec.runtime.supervising import seccomp

ALLOW, EPERM, ENOSYS, KILL = "allow", "EPERM", "ENOSYS", "kill"
ACTIONS = {seccomp.ALLOW: ALLOW, seccomp.REFUSE: EPERM, seccomp.UNKNOWN: ENOSYS, seccomp.KILL_PROCESS: KILL}
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


def ask(machine: str, sockets: str, name: str, *arguments: int) -> str:
    column, architecture = seccomp.MACHINES[machine]
    number = {**seccomp.REFUSED, **seccomp.EXAMINED}[name][column]
    program = seccomp.program(sockets)
    assert program is not None
    assert number is not None
    return decide(program, architecture, number, *arguments)


@pytest.mark.parametrize("sockets", sorted(seccomp.SOCKETS))
def test_every_call_of_the_table_is_refused_and_no_other(machine: str, sockets: str) -> None:
    """Of all numbers, those of the table fail with EPERM, and those that are looked into depend on their arguments."""
    column, architecture = seccomp.MACHINES[machine]
    program = seccomp.program(sockets)
    assert program is not None
    refused = {pair[column] for pair in seccomp.REFUSED.values()} - {None}
    examined = {pair[column] for name, pair in seccomp.EXAMINED.items() if name != "seccomp"}

    found = {number for number in range(600) if decide(program, architecture, number) != ALLOW} - examined

    assert refused == found


CASES: list[tuple[str, str, tuple[int, ...], str]] = [
    # sockets, call, arguments, decision
    ("none", "socket", (INET, STREAM, 0), EPERM),
    ("none", "socket", (INET6, DGRAM, 0), EPERM),
    ("none", "socket", (UNIX, STREAM, 0), EPERM),
    ("none", "socket", (NETLINK, RAW, 0), EPERM),
    ("none", "socketpair", (UNIX, STREAM | CLOEXEC, 0), ALLOW),
    ("none", "socketpair", (UNIX, SEQPACKET, 0), ALLOW),
    ("none", "socketpair", (UNIX, DGRAM | CLOEXEC, 0), EPERM),
    ("none", "socketpair", (UNIX, RAW, 0), EPERM),
    ("none", "socketpair", (30, STREAM, 0), EPERM),
    ("network", "socket", (INET, STREAM | CLOEXEC, 0), ALLOW),
    ("network", "socket", (INET6, DGRAM, 17), ALLOW),
    ("network", "socket", (INET, RAW, 1), EPERM),
    ("network", "socket", (INET, 10, 0), EPERM),  # SOCK_PACKET
    ("network", "socket", (NETLINK, RAW | CLOEXEC, 0), ALLOW),
    ("network", "socket", (NETLINK, RAW, 12), EPERM),  # NETLINK_NETFILTER
    ("network", "socket", (UNIX, STREAM, 0), EPERM),
    ("network", "socketpair", (UNIX, DGRAM, 0), EPERM),
    ("local", "socket", (UNIX, STREAM, 0), ALLOW),
    ("local", "socket", (INET, STREAM, 0), ALLOW),
    ("local", "socketpair", (UNIX, DGRAM, 0), ALLOW),
    *((sockets, "socket", (family, 1, 0), EPERM) for sockets in seccomp.SOCKETS for family in (PACKET, ALG, VSOCK, BLUETOOTH)),
    ("none", "socket", (1 << 32 | UNIX, STREAM, 0), EPERM),  # the kernel drops the upper half
    ("local", "socket", (1 << 32 | VSOCK, STREAM, 0), EPERM),
    ("local", "clone", (signal.SIGCHLD,), ALLOW),
    ("local", "clone", (0x003D0F00,), ALLOW),  # a thread
    ("local", "clone", (0x4111,), ALLOW),  # vfork
    ("local", "clone", (0x10000000 | signal.SIGCHLD,), EPERM),
    ("local", "clone", (0x00020000,), EPERM),
    ("local", "clone", (0x40000000,), EPERM),
    ("local", "clone3", (), ENOSYS),
    ("local", "unshare", (0x400,), ALLOW),  # CLONE_FILES
    ("local", "unshare", (0x10000000,), EPERM),
    ("local", "unshare", (0x80,), EPERM),
    ("local", "personality", (0xFFFFFFFF,), ALLOW),
    ("local", "personality", (0,), ALLOW),
    ("local", "personality", (0x40000,), ALLOW),
    ("local", "personality", (0x400000,), EPERM),  # READ_IMPLIES_EXEC
    ("local", "ioctl", (0, 0x5401), ALLOW),  # TCGETS
    ("local", "ioctl", (0, 0x5412), EPERM),
    ("local", "ioctl", (0, 1 << 32 | 0x5412), EPERM),  # CVE-2019-10063
    ("local", "ioctl", (0, 0x541C), EPERM),
    ("none", "kill", (EVERY, 9), EPERM),
    ("none", "kill", (2**64 - 1, 9), EPERM),
    ("none", "kill", (4711, 9), ALLOW),
    ("none", "kill", (0, 9), ALLOW),
]  # fmt: skip


@pytest.mark.parametrize(("sockets", "name", "arguments", "decision"), CASES)
def test_arguments_decide(machine: str, sockets: str, name: str, arguments: tuple[int, ...], decision: str) -> None:
    """Sockets by their family and type, processes by their namespaces, terminals by what is asked of them."""
    assert decision == ask(machine, sockets, name, *arguments)


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
    program = seccomp.program("local")
    assert program is not None
    assert machine

    assert decision == decide(program, architecture, number)


def test_an_unknown_machine_has_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the numbers are not known, there is no filter, rather than a wrong one."""
    monkeypatch.setattr(seccomp, "column", lambda: None)

    assert seccomp.program("none") is None
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
    theirs = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", HEADERS[machine].read_text("utf-8")))
    ours = {name: pair[column] for name, pair in {**seccomp.REFUSED, **seccomp.EXAMINED}.items()}

    known = {name: number for name, number in ours.items() if name in theirs}

    assert {name: int(theirs[name]) for name in known} == known
    assert {"open_tree_attr"} >= {name for name, number in ours.items() if number is not None} - set(theirs)


# --- Real children ------------------------------------------------------------------------------------------------

real = pytest.mark.skipif(not seccomp.works(), reason="seccomp filters are needed")

FILTERED = """
import os, sys
sys.path.insert(0, sys.argv[1])
import seccomp
program = seccomp.program(sys.argv[2])
seccomp.install(program)
os.execv(sys.argv[3], sys.argv[3:])
"""


def filtered(sockets: str, *argv: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Start `argv` as the supervisor does: in a bare Python that puts the filter on and becomes the program."""
    folder = Path(seccomp.__file__).parent
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        FILTERED,
        str(folder),
        sockets,
        shutil.which(argv[0]) or argv[0],
        *argv[1:],
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=cwd)


def ask_python(sockets: str, code: str) -> str:
    """Return what a filtered Python prints: the value of `code`, or the name of the error."""
    lines = [
        "import ctypes, errno, os, socket, threading, time",
        "libc = ctypes.CDLL(None, use_errno=True)",
        "def call(*arguments):",
        "    result = libc.syscall(*map(ctypes.c_long, arguments))",
        "    return result if result >= 0 else errno.errorcode[ctypes.get_errno()]",
        "try:",
        f"    print({code})",
        "except OSError as error:",
        "    print(type(error).__name__, errno.errorcode.get(error.errno, error.errno))",
    ]
    done = filtered(sockets, sys.executable, "-c", "\n".join(lines))
    return (done.stdout + done.stderr).strip()


@real
@pytest.mark.parametrize(
    ("sockets", "code", "answer"),
    [
        ("none", "socket.socket(socket.AF_INET)", "PermissionError EPERM"),
        ("none", "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", "PermissionError EPERM"),
        ("none", "socket.socket(socket.AF_UNIX)", "PermissionError EPERM"),
        ("none", "socket.create_connection(('192.0.2.1', 80), 5)", "PermissionError EPERM"),
        ("none", "socket.getaddrinfo('example.com', 80)", "gaierror -3"),
        ("none", "[pair[0].send(b'abc') for pair in [socket.socketpair()]]", "[3]"),
        ("none", "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)", "PermissionError EPERM"),
        ("network", "socket.socket(socket.AF_INET).family.name", "AF_INET"),
        ("network", "socket.if_nameindex()[0][1]", "lo"),
        ("network", "socket.socket(socket.AF_UNIX)", "PermissionError EPERM"),
        ("local", "socket.socket(socket.AF_UNIX).family.name", "AF_UNIX"),
        ("local", "os.kill(-1, 0)", "PermissionError EPERM"),
        ("local", "os.kill(os.getpid(), 0)", "None"),
        ("local", "libc.unshare(0x10000000), ctypes.get_errno()", f"-1 {errno.EPERM}"),
        ("local", "libc.unshare(0x400)", "0"),
        ("local", "libc.ptrace(0, 0, 0, 0), ctypes.get_errno()", f"-1 {errno.EPERM}"),
        ("local", "libc.personality(0xffffffff)", "0"),
        ("local", "call(435, 0, 0)", "ENOSYS"),
        ("local", "call(425, 8, 0)", "EPERM"),  # io_uring_setup
        ("local", "os.waitstatus_to_exitcode(os.waitpid(os.posix_spawnp('true', ['true'], {}), 0)[1])", "0"),
        ("local", "[t.start() or t.join() for t in [threading.Thread(target=time.time)]]", "[None]"),
        ("local", "os.popen('echo child').read()", "child"),
        ("local", "[line.split() for line in open('/proc/self/status') if line.startswith('Seccomp:')]", "[['Seccomp:', '2']]"),
        ("local", "libc.prctl(39, 0, 0, 0, 0)", "1"),
    ],
)  # fmt: skip
def test_a_child_gets_this_answer(sockets: str, code: str, answer: str) -> None:
    """The kernel refuses at once what the table says, and threads, children and event loops work as ever."""
    assert answer == ask_python(sockets, code)


@real
def test_half_a_pair_reaches_no_listener(tmp_path: Path) -> None:
    """A connected UNIX socket cannot be turned to a service of this machine."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "service"))
        listener.listen()

        assert "OSError EISCONN" == ask_python(
            "none", f"[s.connect({str(tmp_path / 'service')!r}) for s in socket.socketpair()]"
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

    done = filtered("local", str(tmp_path / "a"))

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
    built = filtered("none", "rustc", "a.rs", "-o", "a", cwd=tmp_path)
    assert (0, "") == (built.returncode, built.stderr)

    done = filtered("none", str(tmp_path / "a"))

    assert "55 child\ntrue\nOperation not permitted (os error 1)\n" == done.stdout
