"""Real children behind Landlock, and behind Landlock and seccomp together: what they reach, and what they do not."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from mkdocs_codeexec.runtime.supervising import landlock, seccomp

VERSION = landlock.abi()
PYTHON = (sys.prefix, sys.base_prefix)

pytestmark = pytest.mark.skipif(VERSION < landlock.OLDEST, reason="Landlock is needed")
with_seccomp = pytest.mark.skipif(not seccomp.works(), reason="seccomp filters are needed")

CONFINED = """
import os, sys
folder, version, network, filtered, readable, writable, *argv = sys.argv[1:]
sys.path.insert(0, folder)
from supervising import landlock, seccomp
if version:
    landlock.abi = lambda: int(version)
program = seccomp.program("network" if network else "run", alone=False) if filtered else None
landlock.restrict(os.fsencode(readable).split(b":"), os.fsencode(writable).split(b":"), network=bool(network))
if program:
    seccomp.install(program)
os.execv(argv[0], argv)
"""


class Place(NamedTuple):
    """Folders outside the system's own: a secret, something to read, and a scratch directory."""

    secret: Path
    readable: Path
    scratch: Path

    def run(self, *argv: str, version: int = 0, network: bool = False, filtered: bool = False, **env: str) -> Done:
        """Start `argv` as the supervisor does: in a bare Python that confines itself and becomes the program."""
        readable = ":".join((str(self.readable), *PYTHON, *SYSROOT))
        flags = [str(version or ""), "1" if network else "", "1" if filtered else ""]
        folder = str(Path(landlock.__file__).parent.parent)
        program = shutil.which(argv[0]) or argv[0]
        command = [
            sys.executable,
            "-I",
            "-S",
            "-c",
            CONFINED,
            folder,
            *flags,
            readable,
            str(self.scratch),
            program,
            *argv[1:],
        ]
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.scratch),
            "TMPDIR": str(self.scratch),
        } | env
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=60, cwd=self.scratch, env=environment
        )
        return Done(done.stdout, done.stderr, done.returncode)

    def ask(self, code: str, *, version: int = 0, filtered: bool = False) -> str:
        """Return what a confined Python answers: `ok`, or the name of the error."""
        lines = [
            "import ctypes, errno, os, socket, sys",
            f"secret, readable, scratch = {tuple(map(str, self))!r}",
            "try:",
            f"    {code}",
            "    print('ok')",
            "except OSError as error:",
            "    print(errno.errorcode.get(error.errno, error.errno))",
        ]
        done = self.run(sys.executable, "-c", "\n".join(lines), version=version, filtered=filtered)
        return (done.stdout + done.stderr).strip()


class Done(NamedTuple):
    """What a child wrote, and its exit status."""

    stdout: str
    stderr: str
    status: int


def sysroot() -> tuple[str, ...]:
    rustc = shutil.which("rustc")
    return (subprocess.check_output([rustc, "--print", "sysroot"], text=True).strip(),) if rustc else ()


SYSROOT = sysroot()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folders = Place(*(tmp_path / name for name in ("secret", "readable", "scratch")))
    for folder in folders:
        folder.mkdir()
        (folder / "file").write_text("text", "utf-8")
    return folders


@pytest.fixture
def outsider() -> Iterator[subprocess.Popen[bytes]]:
    """A process of the same user that is none of the child's business."""
    with subprocess.Popen(["sleep", "60"], env={"SECRET": "1"}) as process:
        yield process
        process.kill()


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        # what it is not given
        ("open(secret + '/file')", "EACCES"),
        ("open(secret + '/file', 'a')", "EACCES"),
        ("open(secret + '/new', 'w')", "EACCES"),
        ("os.listdir(secret)", "EACCES"),
        ("os.listdir('/')", "EACCES"),
        ("os.listdir('/home')", "EACCES"),
        ("os.truncate(secret + '/file', 0)", "EACCES"),
        ("os.remove(secret + '/file')", "EACCES"),
        ("os.rename(secret + '/file', secret + '/other')", "EACCES"),
        ("os.mkdir(secret + '/folder')", "EACCES"),
        ("os.symlink('a', secret + '/link')", "EACCES"),
        ("os.mkfifo(secret + '/fifo')", "EACCES"),
        ("socket.socket(socket.AF_UNIX).bind(secret + '/socket')", "EACCES"),
        ("os.link(secret + '/file', scratch + '/link')", "EXDEV"),
        ("os.symlink(secret + '/file', scratch + '/link'); open(scratch + '/link')", "EACCES"),
        ("os.rename(scratch + '/file', secret + '/moved')", "EACCES"),
        ("os.execv(secret + '/file', ['x'])", "EACCES"),
        ("open('/etc/shadow')", "EACCES"),
        ("open('/etc/passwd')", "EACCES"),
        ("open('/etc/resolv.conf')", "EACCES"),
        ("open('/tmp/x', 'w')", "EACCES"),
        ("os.listdir('/tmp')", "EACCES"),
        ("os.listdir('/run')", "EACCES"),
        ("os.listdir('/dev/shm')", "EACCES"),
        ("os.listdir('/proc')", "EACCES"),
        ("open('/proc/1/environ')", "EACCES"),
        ("open('/proc/sys/kernel/core_pattern', 'a')", "EACCES"),
        ("open('/proc/self/mem', 'r+')", "EACCES"),
        ("open('/usr/x', 'w')", "EACCES"),
        ("open('/dev/ptmx', 'r+')", "EACCES"),
        # what it may only read
        ("open(readable + '/file')", "ok"),
        ("os.listdir(readable)", "ok"),
        ("open(readable + '/file', 'a')", "EACCES"),
        ("os.truncate(readable + '/file', 0)", "EACCES"),
        ("os.remove(readable + '/file')", "EACCES"),
        ("os.rename(readable + '/file', scratch + '/moved')", "EACCES"),
        ("os.link(readable + '/file', scratch + '/link')", "EXDEV"),  # it would be writable there
        ("os.listdir('/usr')", "ok"),
        ("open('/proc/self/status')", "ok"),
        ("open('/proc/sys/kernel/ostype')", "ok"),
        ("open('/proc/cpuinfo')", "ok"),
        ("open('/dev/urandom', 'rb').read(1)", "ok"),
        # what is its own
        ("open(scratch + '/new', 'w').write('x')", "ok"),
        ("open(scratch + '/file', 'w').truncate(0)", "ok"),
        ("os.mkdir(scratch + '/a'); os.rename(scratch + '/file', scratch + '/a/file'); os.listdir(scratch)", "ok"),
        ("os.mkdir(scratch + '/a'); os.rmdir(scratch + '/a'); os.remove(scratch + '/file')", "ok"),
        ("os.mkfifo(scratch + '/fifo'); os.symlink('a', scratch + '/link'); os.link(scratch + '/file', scratch + '/hard')", "ok"),
        ("os.mknod(scratch + '/null', 0o20666, os.makedev(1, 3))", "EACCES" if os.geteuid() == 0 else "EPERM"),
        ("open('/dev/null', 'w').write('x')", "ok"),
        ("os.get_terminal_size(os.open('/dev/null', os.O_RDWR))", "ENOTTY"),
        ("open('/dev/full', 'rb').read(1)", "ok"),
    ],
)  # fmt: skip
def test_a_child_reaches_only_what_it_is_given(place: Place, code: str, answer: str) -> None:
    """Files of the lists can be used as the lists say; all others can be neither opened, listed, made nor removed."""
    assert answer == place.ask(code)
    assert "text" == (place.secret / "file").read_text("utf-8")
    assert ["file"] == [path.name for path in place.secret.iterdir()]


@pytest.mark.parametrize("name", ["environ", "cmdline", "maps", "fd"])
def test_other_processes_are_not_looked_into(place: Place, outsider: subprocess.Popen[bytes], name: str) -> None:
    """What another process of the same user is started with stays its secret."""
    assert "EACCES" == place.ask(f"os.close(os.open('/proc/{outsider.pid}/{name}', os.O_RDONLY))")


@pytest.mark.skipif(VERSION < 6, reason="Linux 6.12 is needed")
def test_other_processes_get_no_signals(place: Place, outsider: subprocess.Popen[bytes]) -> None:
    """A signal to a process outside is refused; one to a child of its own is not."""
    assert "EPERM" == place.ask(f"os.kill({outsider.pid}, 15)")
    assert outsider.poll() is None

    assert "ok" == place.ask("pid = os.posix_spawnp('sleep', ['sleep', '60'], {}); os.kill(pid, 9); os.waitpid(pid, 0)")


@pytest.mark.skipif(VERSION < 6, reason="Linux 6.12 is needed")
def test_abstract_sockets_outside_are_not_reached(place: Place) -> None:
    """Services that listen on a socket without a file are refused by Landlock already."""
    name = f"\0codeexec-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(name)
        listener.listen()

        assert "EPERM" == place.ask(f"socket.socket(socket.AF_UNIX).connect({name!r})")


@pytest.mark.skipif(VERSION < 4, reason="Linux 6.7 is needed")
@pytest.mark.parametrize(("network", "error"), [(False, errno.EACCES), (True, 0)])
def test_tcp_is_a_matter_of_the_network(place: Place, network: bool, error: int) -> None:
    """Without the network no TCP connection is made, with it one is."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = f"import socket; print(socket.socket().connect_ex(('127.0.0.1', {server.getsockname()[1]})))"
        done = place.run(sys.executable, "-c", code, network=network)

    assert (f"{error}\n", "", 0) == done


@pytest.mark.skipif(VERSION < 5, reason="Linux 6.10 is needed")
def test_devices_to_read_take_no_commands(place: Place) -> None:
    """What may only be read of a device is its data."""
    assert "EACCES" == place.ask(
        "import fcntl; fcntl.ioctl(open('/dev/urandom'), 0x80045200, bytes(4))"
    )  # RNDGETENTCNT


@pytest.mark.parametrize("version", range(1, VERSION + 1))
def test_older_versions_confine_too(place: Place, version: int) -> None:
    """Each version of Landlock takes the ruleset that is made for it, and hides what is not given."""
    assert "EACCES" == place.ask("open(secret + '/file')", version=version)
    assert "EACCES" == place.ask("open(readable + '/file', 'a')", version=version)
    assert "ok" == place.ask("open(scratch + '/new', 'w').write('x')", version=version)


@pytest.mark.parametrize(("version", "answer"), [(2, "ok"), (3, "EACCES")])
def test_truncating_is_why_there_is_an_oldest_version(place: Place, version: int, answer: str) -> None:
    """Versions 1 and 2 cannot keep a child from emptying what the user may write."""
    assert answer == place.ask("os.truncate(secret + '/file', 0)", version=version)


def test_rules_for_single_files_and_for_nothing(place: Place) -> None:
    """A path may be a file, a link to one, or absent; a rule holds for what it leads to."""
    (place.readable / "link").symlink_to(place.secret / "file")
    narrowed = place._replace(readable=place.readable / "link")

    assert "ok" == narrowed.ask("open(readable)")
    assert "ok" == narrowed.ask("open(secret + '/file')")
    assert "EACCES" == narrowed.ask("os.listdir(secret)")
    assert "EACCES" == narrowed.ask("open(secret + '/../readable/file')")
    assert "ok" == place._replace(readable=place.readable / "absent").ask("open('/dev/null')")


def test_no_descriptors_and_no_privileges_are_left(place: Place) -> None:
    """The child gets nothing but its streams, and can gain no privilege through a set-user-ID program."""
    code = "import os; print(os.listdir('/proc/self/fd')); print([l for l in open('/proc/self/status') if 'NoNewPrivs' in l])"

    assert (
        "['0', '1', '2', '3']\n['NoNewPrivs:\\t1\\n']\n" == place.run(sys.executable, "-c", code).stdout
    )  # 3: the listing


def test_what_the_kernel_cannot_refuse(place: Place) -> None:
    """Names, sizes and modes of files outside are not hidden, and their modes can be changed by who owns them.

    Should this fail, the kernel has learnt to, and the list of what is not refused has become shorter.
    """
    assert "ok" == place.ask("assert os.stat(secret + '/file').st_size == 4")
    assert "ok" == place.ask("os.chmod(secret + '/file', 0o600)")


def test_it_imports_elsewhere() -> None:
    """Both modules can be imported on systems that have neither."""
    code = (
        f"import sys; sys.platform = 'win32'; sys.path.insert(0, {str(Path(landlock.__file__).parent.parent)!r}); "
        "from supervising import landlock, seccomp; "
        "print(landlock.abi(), seccomp.program('run', alone=False), seccomp.works())"
    )

    assert "0 None False\n" == subprocess.check_output([sys.executable, "-I", "-S", "-c", code], text=True)


# --- Both fences ----------------------------------------------------------------------------------------------------

BASH = "cat <(echo a); echo b > /dev/null; echo c | cat; cat <<< d; echo e > file; cat file; echo f >&2; echo g > >(cat); wait"
GO = 'package main\nimport ("fmt"; "os/exec")\nfunc main() { o, e := exec.Command("echo", "a").Output(); fmt.Print(string(o), e) }\n'


@with_seccomp
@pytest.mark.parametrize(
    ("argv", "stdout"),
    [
        (("bash", "-c", BASH), "a\nc\nd\ne\ng\n"),
        ((sys.executable, "-c", "import asyncio, ssl, hashlib; print(asyncio.run(asyncio.sleep(0, 1)))"), "1\n"),
        (("/usr/bin/python3", "-c", "import tempfile, subprocess; print(subprocess.run('true').returncode)"), "0\n"),
        (("node", "-e", "console.log(require('child_process').execSync('echo a').toString())"), "a\n\n"),
        (("node", "-e", "new (require('worker_threads').Worker)('console.log(1)', {eval: true})"), "1\n"),
        (("perl", "-MPOSIX", "-e", "print POSIX::floor(1.5)"), "1"),
    ],
)  # fmt: skip
def test_interpreters_work(place: Place, argv: tuple[str, ...], stdout: str) -> None:
    """Scripts run as they do outside, with nothing on standard error that is not theirs."""
    if shutil.which(argv[0]) is None:
        pytest.skip(f"there is no {argv[0]}")

    assert (stdout, "f\n" if argv[0] == "bash" else "", 0) == place.run(*argv, filtered=True)


@with_seccomp
@pytest.mark.skipif(not SYSROOT, reason="rustc is needed")
@pytest.mark.parametrize(
    ("source", "word"), [('"{}", env!("X")', "not defined"), ('"{}", include_str!("SECRET")', "Permission denied")]
)
def test_a_compiler_reads_no_secrets(place: Place, source: str, word: str) -> None:
    """Compiling is executing: a file outside is not included."""
    text = f"fn main() {{ println!({source}); }}".replace("SECRET", str(place.secret / "file"))
    (place.scratch / "a.rs").write_text(text, "utf-8")

    done = place.run(f"{SYSROOT[0]}/bin/rustc", "a.rs", filtered=True)

    assert word in done.stderr
    assert 1 == done.status


@with_seccomp
@pytest.mark.skipif(not SYSROOT, reason="cargo is needed")
def test_cargo_builds_and_runs(place: Place) -> None:
    """A crate is built from what may be read, in the scratch directory, and runs."""
    (place.scratch / "src").mkdir()
    (place.scratch / "src/main.rs").write_text('fn main() { println!("cargo") }', "utf-8")
    (place.scratch / "Cargo.toml").write_text('[package]\nname = "a"\nedition = "2021"\n', "utf-8")
    tools = f"{SYSROOT[0]}/bin"

    argv = (f"{tools}/cargo", "run", "-q", "--offline")
    done = place.run(*argv, filtered=True, PATH=f"{tools}:/usr/bin:/bin", CARGO_HOME=str(place.scratch / "home"))

    assert ("cargo\n", "", 0) == done


@with_seccomp
@pytest.mark.skipif(shutil.which("gofmt") is None, reason="go is needed")
def test_go_formats(place: Place) -> None:
    """A program of Go's runtime, with its threads, works."""
    (place.scratch / "a.go").write_text(GO, "utf-8")
    gofmt = os.path.realpath(str(shutil.which("gofmt")))
    within = place._replace(readable=Path(gofmt).parent)

    assert 0 == within.run(gofmt, "-l", "a.go", filtered=True).status


@with_seccomp
@pytest.mark.parametrize("argv", [("unshare", "-Ur", "true"), ("bwrap", "--ro-bind", "/", "/", "true")])
def test_no_new_namespaces(place: Place, argv: tuple[str, ...]) -> None:
    """A child cannot become root of a namespace of its own."""
    if shutil.which(argv[0]) is None:
        pytest.skip(f"there is no {argv[0]}")

    done = place.run(*argv, filtered=True)

    assert "Operation not permitted" in done.stderr
    assert 1 == done.status


@with_seccomp
@pytest.mark.parametrize(
    "code",
    [
        "socket.create_connection(('192.0.2.1', 80), 5)",
        "socket.getaddrinfo('example.com', 80)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
        "socket.socket(socket.AF_UNIX).connect('/run/docker.sock')",
    ],
)
def test_the_network_is_refused_at_once(place: Place, code: str) -> None:
    """No connection, name, datagram or service of this machine, and nobody waits for it."""
    timed = f"import time; start = time.monotonic()\n    try: {code}\n    finally: assert time.monotonic() - start < 4"

    assert ("-3" if "getaddrinfo" in code else "EPERM") == place.ask(timed, filtered=True)
