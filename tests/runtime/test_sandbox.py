"""What children of each tier can and cannot do, tried by real ones.

Run by root, they are another user; the same tests are run by an ordinary user in `tests/faults`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.tiers import confined

from mkdocs_codeexec.core.action import Step
from mkdocs_codeexec.core.confinement import BUILD_LIMITS, RUN_LIMITS, UNLIMITED, Access, Limits, SandboxMode, Tier
from mkdocs_codeexec.core.outcome import Exited, LimitReached, NotStarted, OutOfMemory, Signaled, StepResult
from mkdocs_codeexec.core.protocols import NO_ACCESS, Command
from mkdocs_codeexec.runtime import process, starting
from mkdocs_codeexec.runtime.process import Children
from mkdocs_codeexec.runtime.scratch import ScratchDirectory
from mkdocs_codeexec.runtime.scratch_root import ScratchRoot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the tiers are of Linux")

PATH = "/usr/local/bin:/usr/bin:/bin"
TIERS: tuple[Tier, ...] = ("bubblewrap", "landlock", "limits")
PYTHON = "/usr/bin/python3"
ROOT = os.geteuid() == 0


@dataclass(frozen=True)
class Sandbox:
    """Children of one tier, and where their scratch directories are."""

    tier: Tier
    children: Children
    root: Path

    @contextmanager
    def scratch(self, **files: str) -> Iterator[ScratchDirectory]:
        """Yield a scratch directory with `files`; `_` in a name stands for a dot."""
        named = [(name.replace("_", "."), text) for name, text in files.items()]
        with ScratchDirectory(self.root, named, self.children, PATH, output_limit=1024 * 1024) as scratch:
            yield scratch

    def sh(
        self, code: str, access: Access = NO_ACCESS, *, limits: Limits = RUN_LIMITS, timeout: float = 20
    ) -> StepResult:
        """Run a shell script in a scratch directory of its own."""
        with self.scratch(sample_sh=code) as scratch:
            step = Step(kind="run", argv=(), timeout=timeout, limits=limits, network=access.network)
            return scratch.run(step, ("bash", "sample.sh"), {}, access)

    def python(self, code: str, access: Access = NO_ACCESS, *, limits: Limits = RUN_LIMITS) -> StepResult:
        """Run a Python program in a scratch directory of its own."""
        with self.scratch(sample_py=code) as scratch:
            step = Step(kind="run", argv=(), timeout=20, limits=limits, network=access.network)
            return scratch.run(step, (PYTHON, "sample.py"), {}, access)


@pytest.fixture(scope="module", params=TIERS)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Return a sandbox of each tier that works on this machine."""
    with ExitStack() as stack:
        children = stack.enter_context(confined(request.param))
        root = stack.enter_context(ScratchRoot())
        yield Sandbox(request.param, children, root.path)


@pytest.fixture
def isolating(sandbox: Sandbox) -> Sandbox:
    """Return those sandboxes alone that isolate."""
    if sandbox.tier == "limits":
        pytest.skip("`limits` isolates nothing")
    return sandbox


def status(found: StepResult) -> dict[str, str]:
    return dict(line.split(":\t", 1) for line in found.stdout.splitlines() if ":\t" in line)


@pytest.mark.skipif(not ROOT, reason="only root makes files of others")
def test_what_root_has_left_where_a_child_may_write_is_the_childs(sandbox: Sandbox, tmp_path: Path) -> None:
    """Also where the folder is its own already, because root was still at it when that was given away; links stay links."""
    kept, outside = tmp_path / "kept", tmp_path / "outside"
    inner = kept / "x86_64" / "debug"
    inner.mkdir(parents=True)
    outside.write_text("")
    tmp_path.chmod(0o711)
    write = Access(writable=(str(kept),))
    for number in range(2):
        lock = inner / f".lock-{number}"
        lock.write_text("")
        (inner / f"link-{number}").symlink_to(outside)
        with sandbox.scratch() as scratch:
            found = scratch.run(Step(kind="build", argv=(), timeout=20), ("sh", "-c", f"echo x >>{lock}"), {}, write)

        assert Exited(0) == found.ended, found
        assert 0 == outside.stat().st_uid
        assert len({path.lstat().st_uid for path in (kept, *kept.rglob("*"))}) == 1


# --- Who a child is -----------------------------------------------------------------------------------------------------


def test_a_child_has_no_privileges_and_cannot_gain_any(sandbox: Sandbox) -> None:
    """Whoever builds, a sample is not root, has no capability, and no program can give it one."""
    found = status(
        sandbox.sh("cat /proc/self/status") if sandbox.tier != "landlock" else sandbox.sh("exec cat /proc/self/status")
    )

    assert {"0000000000000000"} == {found[f"Cap{which}"] for which in ("Inh", "Prm", "Eff", "Amb")}
    assert "1" == found["NoNewPrivs"]
    if ROOT or sandbox.tier == "bubblewrap":  # elsewhere only who has capabilities can see to that
        assert "0000000000000000" == found["CapBnd"]
    if ROOT:
        assert all(int(uid) >= 100_000 for uid in found["Uid"].split())
        assert all(int(gid) >= 100_000 for gid in found["Gid"].split())
        assert "" == found["Groups"].strip()
    if sandbox.tier != "limits":
        assert "2" == found["Seccomp"]


def test_two_samples_are_two_users(sandbox: Sandbox) -> None:
    """As root two samples are two users; one is the same in both its steps, and whenever it is run."""
    if not ROOT:
        pytest.skip("an ordinary user can become nobody else")
    users = [int(sandbox.sh(f"id -u; : {number}").stdout) for number in range(3)]
    again = [int(sandbox.sh(f"id -u; : {number}").stdout) for number in range(3)]
    with sandbox.scratch() as scratch:
        both = {scratch.run(Step(kind=kind, argv=(), timeout=9), ("id", "-u"), {}).stdout for kind in ("build", "run")}

    assert 3 == len(set(users))
    assert users == again
    assert 1 == len(both)


def test_the_machine_s_settings_cannot_be_written(sandbox: Sandbox) -> None:
    """`core_pattern`, by which root of a container can become root of its host, cannot be opened for writing."""
    for name in ("kernel/core_pattern", "kernel/hotplug", "vm/panic_on_oom"):
        found = sandbox.sh(f"[ ! -e /proc/sys/{name} ] || (: >/proc/sys/{name}) 2>/dev/null && echo open")
        if not Path("/proc/sys", name).exists():
            continue
        assert "" == found.stdout, name


MASKED = (
    *("acpi", "asound", "bus", "fs", "interrupts", "irq", "kcore", "key-users", "keys", "latency_stats", "sched_debug"),
    *("scsi", "sysrq-trigger", "timer_list", "timer_stats"),
)


def test_the_kernel_tells_nothing_of_the_machine(isolating: Sandbox) -> None:
    """What containers do not show of `/proc` is empty or closed, and what programs need of it is there."""
    names = [name for name in MASKED if Path("/proc", name).exists()]
    found = isolating.sh(f"cd /proc; for f in {' '.join(names)}; do ls -A $f/ 2>/dev/null; cat $f 2>/dev/null; done")
    needed = isolating.sh(
        "cat /proc/meminfo /proc/cpuinfo /proc/loadavg /proc/sys/kernel/osrelease >/dev/null && echo ok"
    )

    assert {"keys", "irq"} <= set(names)
    assert "" == found.stdout
    assert "ok\n" == needed.stdout, needed.stderr


def test_no_file_of_the_kernel_can_be_written(isolating: Sandbox) -> None:
    """Nothing in `/proc` can be opened for writing: neither what is the machine's, nor what is the sample's own."""
    code = (
        "for f in $(find /proc -path '/proc/[0-9]*' -prune -o -type f -print 2>/dev/null) /proc/self/oom_score_adj; do"
    )
    found = isolating.sh(f"{code} [ ! -c $f ] && (: >>$f) 2>/dev/null && echo $f; done; true")
    open_to_it = set(found.stdout.split())

    assert set() == (open_to_it - {"/proc/self/oom_score_adj"} if isolating.tier == "landlock" else open_to_it)


@pytest.mark.parametrize(
    "call", ["unshare -Ur true", "unshare -n true", "unshare -m true", "chroot / true", "mount -t tmpfs none ."]
)
def test_namespaces_cannot_be_nested(isolating: Sandbox, call: str) -> None:
    """A sample can make no namespace, in which it would be root again."""
    found = isolating.sh(f"{call} && echo made")

    assert "" == found.stdout
    assert found.stderr


# --- What it sees -------------------------------------------------------------------------------------------------------


def test_the_home_directory_is_not_there(isolating: Sandbox, tmp_path: Path) -> None:
    """Neither the user's home, nor the checkout with its `.git`, nor `/run`, nor other files can be opened."""
    canary = tmp_path / "canary"
    canary.write_text("secret")
    canary.chmod(0o644)
    home = Path.home()
    places = [str(canary), "/etc/shadow", "/etc/passwd", "/etc/hostname", str(home / ".profile"), str(home / ".bashrc")]
    places += [str(Path(__file__)), str(Path.cwd() / ".git/config"), "/proc/1/environ", f"/proc/{os.getpid()}/environ"]
    for place in places:
        found = isolating.sh(f"cat '{place}'")
        if place.startswith("/proc/1/") and isolating.tier == "bubblewrap":
            assert "SECRET" not in found.stdout  # the first process of its own
            continue
        assert ("", Exited(1)) == (found.stdout, found.ended), place
    for folder in (str(tmp_path), str(home), "/run", "/var/run", "/home", "/mnt", "/srv", "/boot"):
        found = isolating.sh(f"ls -A '{folder}' 2>/dev/null")
        ours = {"root": {".pyenv", ".local"}}.get(home.name, set())  # the way to the interpreter of the supervisor
        names = {name for name in found.stdout.split() if not name.startswith("codeexec-")}  # its own scratch directory
        assert not names - ours - {"user", *home.parts, *Path(sys.base_prefix).parts}, folder


def test_what_is_declared_can_be_read_and_not_be_changed(isolating: Sandbox, tmp_path: Path) -> None:
    """A declared folder is there under its own name, and read-only; what is beside it is not."""
    tmp_path.chmod(0o755)
    shown, hidden = tmp_path / "shown", tmp_path / "hidden"
    for folder in (shown, hidden):
        folder.mkdir()
        (folder / "file").write_text(folder.name)
    link = tmp_path / "link"
    link.symlink_to("shown")
    access = Access(readable=(str(link), str(shown)))

    found = isolating.sh(
        f"cat {shown}/file {link}/file; cat {hidden}/file; echo x >{shown}/file; echo x >{shown}/new", access
    )

    assert "shownshown" == found.stdout
    assert 3 == len([line for line in found.stderr.splitlines() if line])
    assert ["file"] == [path.name for path in shown.iterdir()]


def test_what_is_declared_writable_can_be_written(isolating: Sandbox, tmp_path: Path) -> None:
    """A folder that is declared writable keeps what is written there, whoever builds."""
    tmp_path.chmod(0o755)
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "old").write_text("old")
    command = Command(
        argv=("sh", "-c", f"cat {folder}/old; echo new >{folder}/old; echo x >{folder}/x"),
        cwd=tmp_path,
        env={"PATH": PATH},
        timeout=20,
        access=Access(writable=(str(folder),)),
    )
    for expected in ("old", "new\n"):
        assert expected == isolating.children.run(command, "build").stdout

    assert ["new\n", "x\n"] == [(folder / name).read_text() for name in ("old", "x")]


def test_the_environment_is_short(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child has ten variables and none of ours, and finds none in other processes either."""
    monkeypatch.setenv("GITHUB_TOKEN", "SECRET-TOKEN")
    found = sandbox.sh("env | grep -v -E '^(PWD|SHLVL|_|OLDPWD)='")
    others = sandbox.sh("cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'")

    assert 10 >= len(found.stdout.splitlines())
    assert "SECRET" not in found.stdout
    if sandbox.tier != "limits" or ROOT:
        assert "SECRET" not in others.stdout


def test_scratch_directories_do_not_see_each_other(isolating: Sandbox) -> None:
    """What a sample writes is for itself alone: its directory, temporary files, shared memory."""
    with isolating.scratch(mine="") as other:
        other.run(
            Step(kind="run", argv=(), timeout=9),
            ("sh", "-c", "echo x >$TMPDIR/a; echo x >/dev/shm/codeexec-test; true"),
            {},
        )
        found = isolating.sh(
            f"ls -A {other.path} $TMPDIR $HOME /dev/shm 2>/dev/null; cat {other.path}/mine && echo seen; echo x >{other.path}/new"
        )

    assert "seen" not in found.stdout
    assert "codeexec-test" not in found.stdout
    assert "a" not in found.stdout.split()


def test_what_was_built_is_there_for_the_run_step(sandbox: Sandbox) -> None:
    """Programs, large files, folders and links that a build step made are found by the run step."""
    with sandbox.scratch() as scratch:
        made = "head -c 2000000 /dev/zero >big; printf '#!/bin/sh\\necho ran\\n' >prog; chmod 755 prog; mkdir d; echo in >d/f"
        build = Step(kind="build", argv=(), timeout=9, limits=BUILD_LIMITS)
        run = Step(kind="run", argv=(), timeout=9, limits=RUN_LIMITS)

        assert Exited(0) == scratch.run(build, ("sh", "-c", f"{made}; ln -s prog link"), {}).ended
        assert "ran\nin\n2000000\n" == scratch.run(run, ("sh", "-c", "./link; cat d/f; stat -c %s big"), {}).stdout


def test_a_program_that_others_share_cannot_be_changed(sandbox: Sandbox) -> None:
    """Where several samples run one and the same file, none of them can change it, its mode or its times."""
    with sandbox.scratch(theirs="") as bench, sandbox.scratch(own="") as scratch:
        build = Step(kind="build", argv=(), timeout=9, limits=BUILD_LIMITS)
        bench.run(build, ("sh", "-c", "head -c 2000000 /dev/zero >prog; chmod 755 prog"), {})
        scratch.adopt("prog", bench)
        before = (bench.path / "prog").stat()
        run = Step(kind="run", argv=(), timeout=9, limits=RUN_LIMITS)
        scratch.run(
            run, ("sh", "-c", "chmod 0 prog; echo x >>prog; touch -d 2001-01-01 prog; rm -f prog; cp /bin/sh prog"), {}
        )
        after = (bench.path / "prog").stat()

    assert [getattr(before, f"st_{name}") for name in ("mode", "size", "mtime_ns")] == [
        getattr(after, f"st_{name}") for name in ("mode", "size", "mtime_ns")
    ]


@pytest.mark.parametrize("made", ["ln -s /etc/passwd prog", "mkfifo prog", "mkdir prog", "true", "ln -s other prog"])
def test_only_a_regular_file_is_shared(sandbox: Sandbox, made: str) -> None:
    """What a build step has made in place of a program is neither followed nor waited for, with the builder's rights."""
    with sandbox.scratch(theirs="", other="x") as bench, sandbox.scratch(own="") as scratch:
        build = Step(kind="build", argv=(), timeout=9, limits=BUILD_LIMITS)
        assert bench.run(build, ("sh", "-c", made), {}).ended == Exited(0)

        assert not bench.has("prog")
        with pytest.raises((OSError, ValueError)):
            scratch.adopt("prog", bench)
        assert not scratch.has("prog")


def test_processes_of_others_are_out_of_reach(isolating: Sandbox) -> None:
    """A sample can end neither our processes nor its supervisor, and traces nobody."""
    with subprocess.Popen(["sleep", "60"]) as victim:
        try:
            found = isolating.sh(f"kill -9 {victim.pid}; kill -9 $PPID; kill -9 -1; echo alive")
            again = isolating.sh("echo again")
        finally:
            victim.poll()
            state = victim.returncode
            victim.kill()

    assert state is None
    assert "alive\n" == found.stdout
    assert "again\n" == again.stdout


REACHING = """
import ctypes, os, resource, sys
libc = ctypes.CDLL(None, use_errno=True)
def attempt(what):
    try:
        return what()
    except OSError:
        return -1
number, folder, key = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
attempt(lambda: resource.prlimit(number, resource.RLIMIT_NOFILE, (7, 7)))
attempt(lambda: os.sched_setaffinity(number, {0}))
attempt(lambda: os.sched_setscheduler(number, os.SCHED_IDLE, os.sched_param(0)))
attempt(lambda: os.setpriority(os.PRIO_PROCESS, number, 19))
attempt(lambda: os.setpriority(os.PRIO_USER, os.getuid(), 19))
libc.syscall(ctypes.c_long(IOPRIO_SET), 1, number, (3 << 13))
libc.shmget(key, 4096, 0o1666), libc.semget(key, 1, 0o1666), libc.msgget(key, 0o1666)
libc.mq_open(b"/%d" % key, 0o102, 0o666, None)
watch = libc.inotify_init1(0o4000)
libc.inotify_add_watch(watch, os.fsencode(os.path.dirname(folder)), 0xFFF)
attempt(lambda: os.setxattr(folder, "user.canary", b"x"))
print("watches" if watch >= 0 and attempt(lambda: os.listdir(os.path.dirname(folder))) != -1 else "sees nothing")
"""


def test_processes_and_folders_of_the_same_user_stay_as_they_are(isolating: Sandbox, tmp_path: Path) -> None:
    """Limits, processors, priorities and attributes are not changed, nothing is left that others find by number."""
    key = uuid.uuid4().int % 2**30
    code = REACHING.replace("IOPRIO_SET", "30" if os.uname().machine == "aarch64" else "251")
    with subprocess.Popen(["sleep", "60"]) as victim, isolating.scratch(sample_py=code) as scratch:
        try:
            before = _state(victim.pid)
            step = Step(kind="run", argv=(), timeout=20, limits=RUN_LIMITS)
            found = scratch.run(step, (PYTHON, "sample.py", str(victim.pid), str(tmp_path), str(key)), {})
            after = _state(victim.pid)
        finally:
            victim.kill()

    assert ("sees nothing\n", Exited(0)) == (found.stdout, found.ended), found.stderr
    assert before == after
    assert [] == [line for name in ("shm", "sem", "msg") for line in _of_system_v(name) if line.split()[0] == str(key)]
    assert not Path(f"/dev/mqueue/{key}").exists()
    assert [] == os.listxattr(tmp_path)


def _of_system_v(name: str) -> list[str]:
    return Path(f"/proc/sysvipc/{name}").read_text("ascii").splitlines()[1:]


def _state(pid: int) -> tuple[object, ...]:
    """Return how a process is treated."""
    limits = Path(f"/proc/{pid}/limits").read_text("ascii")
    niceness = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[16]
    return limits, niceness, os.sched_getaffinity(pid), os.sched_getscheduler(pid)


def test_a_neighbour_cannot_be_looked_for(isolating: Sandbox) -> None:
    """The folder of scratch directories cannot be listed, and their names are of 128 random bits."""
    with isolating.scratch(mine="") as one, isolating.scratch(mine="") as other:
        names = {path.path.parent.name for path in (one, other)}
        found = isolating.sh(
            f"ls {one.path.parent.parent} | grep -F -e {one.path.parent.name} -e {other.path.parent.name}"
        )

    assert 2 == len(names)
    assert {26} == {len(name) for name in names}
    assert "" == found.stdout


def test_what_a_killed_supervisor_leaves_is_ended(sandbox: Sandbox) -> None:
    """If the system kills a supervisor, what its sample has started is gone: daemons in sessions of their own, too."""
    mark = f"60.{uuid.uuid4().int % 10**9:09}"
    code = f"setsid sleep {mark} & (setsid sleep {mark} &) ; (exec -a x sleep {mark}) & sleep {mark}"
    found: list[StepResult] = []
    with Children("auto", tiers=[sandbox.tier]) as children:
        assert sandbox.tier == children.tier
        own = replace(sandbox, children=children)
        thread = threading.Thread(target=lambda: found.append(own.sh(code)))
        thread.start()
        assert _until(lambda: len(_sleeping(mark)) == 4)
        for supervisor in children._all:
            if not supervisor.has_child:
                continue
            waits = supervisor._process.pid
            inner = (
                supervisor._inner()
                if supervisor.place
                else int(Path(f"/proc/{waits}/task/{waits}/children").read_text())
            )
            os.kill(inner, signal.SIGKILL)
        thread.join(10)

        assert _until(lambda: _sleeping(mark) == [], 2)
    assert isinstance(found[0].ended, NotStarted)


def _sleeping(mark: str) -> list[int]:
    """Return the processes that sleep for `mark`."""
    pids = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    return [pid for pid in pids if (words := command_line(pid).split()) and len(words) == 2 and words[1] == mark]


def _until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def test_scratch_directories_within_what_is_declared_are_private(isolating: Sandbox, tmp_path: Path) -> None:
    """Where the folder of scratch directories is within a declared one, a sample still has its own files, and writes."""
    tmp_path.chmod(0o755)
    (tmp_path / "shown").write_text("shown")
    step = Step(kind="run", argv=(), timeout=9, limits=RUN_LIMITS)
    access = Access(readable=(str(tmp_path),))
    with ScratchRoot(tmp_path) as root:
        for name in ("one", "two"):
            with ScratchDirectory(root.path, [("f", name)], isolating.children, PATH, output_limit=1024) as scratch:
                code = f"cat f {tmp_path}/shown; echo x >new; cat new"
                assert f"{name}shownx\n" == scratch.run(step, ("sh", "-c", code), {}, access).stdout


@pytest.mark.parametrize("name", ["a b", "\u00e9\u4e2d", "new\nline", "-dash", "quote'\"$"])
def test_any_name_will_do(sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    """Folders may be called as they like: of scratch directories, of what is declared, and where a child starts."""
    tmp_path.chmod(0o755)
    declared, kept, root = (tmp_path / f"{kind}-{name}" for kind in ("declared", "kept", "root"))
    for folder in (declared, kept, root):
        folder.mkdir()
    (declared / "f").write_text("shown")
    access = Access(readable=(str(declared),), writable=(str(kept),))
    step = Step(kind="run", argv=(), timeout=9, limits=RUN_LIMITS)
    argv = ("sh", "-c", 'cat g "$1/f"; echo x >"$2/left"', "sh", str(declared), str(kept))
    with (
        ScratchRoot(root) as scratches,
        ScratchDirectory(scratches.path, [("g", "own")], sandbox.children, PATH, output_limit=1024) as scratch,
    ):
        found = scratch.run(step, argv, {}, access)

    assert ("ownshown", "") == (found.stdout, found.stderr)
    assert "x\n" == (kept / "left").read_text()


# --- The network ----------------------------------------------------------------------------------------------------------

CONNECT = """
import socket, sys, time
started = time.monotonic()
for family, kind, address in {targets}:
    try:
        with socket.socket(family, kind) as one:
            one.settimeout(3)
            one.connect(address)
            one.sendall(b"x")
        print("reached", address)
    except OSError as error:
        print("refused")
try:
    print("resolved", socket.getaddrinfo("example.org", 80))
except OSError:
    print("refused")
print("quick" if time.monotonic() - started < 3 else "slow")
"""


@pytest.fixture
def services() -> Iterator[tuple[str, list[tuple[int, int, object]]]]:
    """Yield a folder, and real services of this machine: TCP, UDP, a UNIX socket in that folder, and an abstract one."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/tmp")))  # a socket's name must be short
        folder.chmod(0o755)
        addresses: list[tuple[int, int, object]] = [
            (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            (socket.AF_UNIX, socket.SOCK_STREAM, str(folder / "s")),
            (socket.AF_UNIX, socket.SOCK_STREAM, "\0codeexec-" + uuid.uuid4().hex),
        ]
        found = []
        for family, kind, address in addresses:
            one = stack.enter_context(socket.socket(family, kind))
            one.bind(address)  # type: ignore[arg-type]
            if kind == socket.SOCK_STREAM:
                one.listen()
            found.append((int(family), int(kind), one.getsockname() if family == socket.AF_INET else address))
        (folder / "s").chmod(0o777)
        yield str(folder), found


@pytest.mark.parametrize("shown", [False, True], ids=["folder hidden", "folder declared"])
def test_there_is_no_network(
    isolating: Sandbox, services: tuple[str, list[tuple[int, int, object]]], shown: bool
) -> None:
    """TCP, UDP, names and services of this machine are refused, at once."""
    folder, tried = services
    if isolating.tier == "bubblewrap":
        # To send to nobody by UDP is no error; and who declares a folder with a socket in it shows that socket.
        tried = [one for one in tried if one[1] != socket.SOCK_DGRAM and not (shown and str(one[2]).startswith("/"))]
    access = Access(readable=(folder,)) if shown else NO_ACCESS
    found = isolating.python(CONNECT.format(targets=tried), access)

    assert ["refused"] * (len(tried) + 1) + ["quick"] == found.stdout.split()


def test_the_network_is_there_for_who_asks(sandbox: Sandbox) -> None:
    """With `network` a server of this machine answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        answering = threading.Thread(target=lambda: server.accept()[0].sendall(b"hello"))
        answering.start()
        code = (
            f"import socket; print(socket.create_connection(('127.0.0.1', {server.getsockname()[1]})).recv(9).decode())"
        )
        found = sandbox.python(code, Access(network=True))
        answering.join(20)

    assert "hello\n" == found.stdout


LOCAL = """
import socket
def name(what, do):
    try:
        do()
        print(what)
    except OSError as error:
        print(type(error).__name__)
name("reached", lambda: socket.socket(socket.AF_UNIX).connect({address!r}))
name("a datagram", lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))
name("a pair", lambda: socket.socketpair())
name("the network", lambda: socket.socket(socket.AF_INET))
"""


@pytest.mark.parametrize("abstract", [True, False], ids=["abstract", "in a declared folder"])
def test_with_the_network_services_of_the_machine_stay_closed(
    isolating: Sandbox, services: tuple[str, list[tuple[int, int, object]]], abstract: bool
) -> None:
    """UNIX sockets cannot be opened then: those with abstract names are in the network of the machine, which is shared."""
    folder, tried = services
    address = next(a for family, _, a in tried if family == socket.AF_UNIX and str(a).startswith("\0") == abstract)
    found = isolating.python(LOCAL.format(address=address), Access(readable=(folder,), network=True))

    assert ["PermissionError", "PermissionError", "a pair", "the network"] == found.stdout.splitlines()


def test_a_sample_can_talk_to_itself(sandbox: Sandbox) -> None:
    """Connected pairs of sockets work everywhere, and servers of its own where it has a network of its own."""
    pair = sandbox.python("import socket; a, b = socket.socketpair(); a.send(b'x'); print(b.recv(1))")

    assert "b'x'\n" == pair.stdout
    if sandbox.tier == "bubblewrap":
        own = sandbox.python(
            "import socket; s = socket.create_server(('127.0.0.1', 0)); c = socket.create_connection(s.getsockname()); print('ok')"
        )
        assert "ok\n" == own.stdout


# --- Limits -----------------------------------------------------------------------------------------------------------------


def test_a_fork_bomb_is_stopped_by_name(sandbox: Sandbox) -> None:
    """A fork bomb ends long before its timeout, and nothing of it is left."""
    mark = f"bomb{uuid.uuid4().hex}"
    found = sandbox.sh(f"{mark}() {{ {mark} | {mark} & }}; {mark}; sleep 50 # {mark}", timeout=40)

    assert LimitReached("processes", 64) == found.ended
    assert found.duration < 30
    time.sleep(0.2)
    assert not [pid for pid in pids() if mark in command_line(pid)]


def pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


LITTLE = replace(RUN_LIMITS, memory=256)
MEMORY = {
    "private": "x = bytearray(b'x') * (1 << 30)",
    "not touched": "x = bytearray(1 << 30)",
    "in small pieces": "x = [bytearray(b'x') * 100_000 for _ in range(20_000)]",
    "shared": "import mmap\nx = mmap.mmap(-1, 2 << 30)\nfor i in range(0, 2 << 30, 1 << 20): x[i:i + (1 << 20)] = b'x' * (1 << 20)",
    "in children": (
        "import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n        x = bytearray(b'x') * (50 << 20)\n"
        "        time.sleep(20)\n        os._exit(0)\ntime.sleep(20)"
    ),
}

FILL = """
import array, mmap, os, socket, threading, time
def memory(size=90 << 20):
    fd = os.memfd_create("canary")
    for _ in range(size >> 20):
        os.write(fd, b"x" * (1 << 20))
    return fd
"""
HELD = {
    "files in memory": "kept = [memory() for _ in range(9)]",
    "files in memory, of children": "for _ in range(9):\n    if os.fork() == 0:\n        memory(); time.sleep(20); os._exit(0)",
    "mapped and closed": (
        "kept = []\nfor _ in range(9):\n    fd = memory()\n    kept.append(mmap.mmap(fd, 4096))\n    os.close(fd)"
    ),
    "on its way": (
        "a, b = socket.socketpair()\nfor _ in range(9):\n    fd = memory()\n"
        "    a.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [fd]))])\n    os.close(fd)"
    ),
    "mapped, and not in use": (
        "x = mmap.mmap(-1, 2 << 30)\nfor i in range(0, 900 << 20, 1 << 20):\n    x[i:i + (1 << 20)] = b'x' * (1 << 20)\n"
        "    x.madvise(mmap.MADV_DONTNEED, i, 1 << 20)"
    ),
    "of who cannot be looked at": (
        "import ctypes\nctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\nkept = [memory() for _ in range(9)]"
    ),
    "its first thread has ended": (
        "import ctypes\ndef go():\n    time.sleep(0.1)\n    x = mmap.mmap(-1, 900 << 20)\n"
        "    for i in range(0, 900 << 20, 1 << 20): x[i:i + (1 << 20)] = b'x' * (1 << 20)\n"
        "    time.sleep(20)\nthreading.Thread(target=go).start()\nctypes.CDLL(None).pthread_exit(None)"
    ),
}


@pytest.mark.parametrize("how", HELD)
@pytest.mark.turns("sandbox")
def test_memory_that_is_held_otherwise_is_limited(sandbox: Sandbox, how: str) -> None:
    """Files that are memory count, open or mapped or sent to nobody, and so does a process without its first thread."""
    found = sandbox.python(FILL + HELD[how] + "\ntime.sleep(20)")

    assert OutOfMemory(512) == found.ended, found.stderr


@pytest.mark.turns("sandbox")
def test_memory_that_is_mapped_is_counted_once(sandbox: Sandbox) -> None:
    """Half the limit in a file that is memory, which is mapped and used in two processes, is not over it."""
    code = (
        f"{FILL}\nkept = [memory() for _ in range(3)]\nmaps = [mmap.mmap(fd, 90 << 20) for fd in kept]\nos.fork()\n"
        "print(sum(len(x[:]) for x in maps) >> 20)\ntime.sleep(0.5)"
    )
    found = sandbox.python(code)

    assert (Exited(0), "270\n270\n") == (found.ended, found.stdout), found.stderr


@pytest.mark.parametrize("how", MEMORY)
def test_memory_is_limited(sandbox: Sandbox, how: str) -> None:
    """Private memory, shared memory and that of several processes are counted; what is refused is known by its words."""
    found = sandbox.python(MEMORY[how], limits=LITTLE)

    if how in ("shared", "in children"):
        assert OutOfMemory(256) == found.ended
    else:
        assert found.ended in (OutOfMemory(256), Exited(1))
        assert isinstance(found.ended, OutOfMemory) or "MemoryError" in found.stderr


def test_memory_that_is_only_reserved_does_not_count(sandbox: Sandbox) -> None:
    """Runtimes reserve gigabytes that they never use."""
    found = sandbox.python(
        "import mmap; x = mmap.mmap(-1, 8 << 30, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ); print('ok')"
    )

    assert "ok\n" == found.stdout


@pytest.mark.parametrize(
    "code",
    [
        "head -c 90M /dev/zero >big",
        "for i in $(seq 30); do head -c 4M /dev/zero >f$i || exit 1; done",
        "mkdir d; cd d; for i in $(seq 30); do touch $(seq -s ' ' -f \"$i-%g\" 1000) || exit 1; done",
    ],
)
@pytest.mark.turns("sandbox")
def test_the_working_directory_is_limited(sandbox: Sandbox, code: str) -> None:
    """More than 64 MiB, in one file, in many, or very many files at all, are stopped by that name."""
    found = sandbox.sh(f"{code}; s=$?; sleep 0.5; exit $s")

    assert LimitReached("disk", 64) == found.ended


WRITTEN = {
    "removed and open": "exec 3>x; rm x; head -c 99M /dev/zero >&3",
    "removed and open, in TMPDIR": "exec 3>$TMPDIR/x; rm $TMPDIR/x; head -c 99M /dev/zero >&3",
    "of two names": "head -c 1 /dev/zero >x; ln x y; head -c 99M /dev/zero >>x",
    "in a folder that cannot be listed": "mkdir d; chmod 300 d; head -c 99M /dev/zero >d/x",
    "in a folder that is closed": "mkdir d; exec 3>d/x; chmod 000 d; head -c 99M /dev/zero >&3",
    "very deep": (
        "for i in $(seq 30); do n=$(printf 'a%.0s' $(seq 200)); mkdir $n; cd -P $n 2>/dev/null || break; done; "
        "head -c 99M /dev/zero >x"
    ),
    "in two hundred folders": "for i in $(seq 200); do mkdir d && cd d || break; done; head -c 99M /dev/zero >x",
}


@pytest.mark.parametrize("how", WRITTEN)
@pytest.mark.turns("sandbox")
def test_what_is_written_is_limited_wherever_it_is(sandbox: Sandbox, how: str) -> None:
    """A file counts that has no name any more, or two, or is where nobody may look, or at the end of a long way."""
    limits = replace(RUN_LIMITS, tmp=64)
    found = sandbox.sh(f"{WRITTEN[how]}; s=$?; sleep 1; exit $s", limits=limits)

    assert LimitReached("tmp" if "TMPDIR" in how else "disk", 64) == found.ended, found.stderr


def test_a_file_that_is_only_mapped_is_limited(sandbox: Sandbox) -> None:
    """A file that has no name, and no descriptor either, takes its place on the disk, and is found by that."""
    code = (
        "import mmap, os, sys, time\nf = open('x', 'wb+')\nos.remove('x')\n"
        "try:\n    for _ in range(99): f.write(b'x' * (1 << 20)); f.flush()\n"
        "except OSError:\n    time.sleep(0.5)\n    raise\n"
        "m = mmap.mmap(f.fileno(), 4096)\nf.close()\ntime.sleep(20)"
    )
    found = sandbox.python(code)

    assert LimitReached("disk", 64) == found.ended, found.stderr


@pytest.mark.parametrize("place", ["$TMPDIR", "$HOME", "/tmp", "/dev/shm"])
def test_a_full_place_is_called_by_its_name(sandbox: Sandbox, place: str) -> None:
    """All that is not the working directory is `tmp`, also if it is tidied up at once, and no message names it."""
    if sandbox.tier != "bubblewrap" and place.startswith("/"):
        pytest.skip("the machine's own")
    code = f"head -c 20M /dev/zero >{place}/big 2>/dev/null; s=$?; sleep 0.5; rm {place}/big; echo full >&2; exit $s"
    found = sandbox.sh(code, limits=replace(RUN_LIMITS, tmp=8))

    assert LimitReached("tmp", 8) == found.ended


def test_temporary_files_are_limited(sandbox: Sandbox) -> None:
    """The same for what is written elsewhere."""
    limits = replace(RUN_LIMITS, tmp=8)
    found = sandbox.sh("head -c 20M /dev/zero >$TMPDIR/big; s=$?; sleep 0.5; exit $s", limits=limits)

    assert LimitReached("tmp", 8) == found.ended


def test_one_file_is_limited(sandbox: Sandbox) -> None:
    """A file does not grow beyond its limit: SIGXFSZ says so."""
    found = sandbox.sh("exec head -c 9M /dev/zero >big", limits=Limits(file_size=4))

    assert Signaled(25) == found.ended


@pytest.mark.turns("sandbox")
def test_processor_time_is_limited(sandbox: Sandbox) -> None:
    """A busy loop ends when its processor time is over: SIGXCPU says so."""
    found = sandbox.sh("while :; do :; done", limits=Limits(cpu=1))

    assert Signaled(24) == found.ended


def test_open_files_are_limited(sandbox: Sandbox) -> None:
    """A program has so many descriptors and no more."""
    found = sandbox.sh("ulimit -n; ulimit -c", limits=Limits(open_files=77))

    assert "77\n0\n" == found.stdout


def test_without_limits_there_are_none(sandbox: Sandbox) -> None:
    """An Environment's build has none of them."""
    usual = subprocess.run(
        ["bash", "-c", "ulimit -n; ulimit -t; ulimit -f; ulimit -u"], capture_output=True, text=True, check=True
    )
    found = sandbox.sh("ulimit -n; ulimit -t; ulimit -f; ulimit -u", limits=UNLIMITED)

    assert usual.stdout.splitlines()[:3] == found.stdout.splitlines()[:3]


def test_two_builds_at_once_are_counted_apart(sandbox: Sandbox) -> None:
    """The same sample, and so the same user, may start as many processes in each of two builds."""
    code = "for i in $(seq 40); do sleep 3 & done; wait; echo all"
    found: list[StepResult] = []
    with Children("auto", tiers=[sandbox.tier]) as others:
        both = [sandbox, replace(sandbox, children=others)]
        assert sandbox.tier == others.tier
        threads = [threading.Thread(target=lambda one=one: found.append(one.sh(code))) for one in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert [("all\n", Exited(0))] * 2 == [(one.stdout, one.ended) for one in found], found


def test_names_are_the_same_in_a_user_namespace(sandbox: Sandbox) -> None:
    """As root, files belong to whom they belong to, and a sample has no right to be another."""
    if not ROOT:
        pytest.skip("an ordinary user can become nobody else")
    found = sandbox.sh(
        "stat -c '%u %g' /usr/bin; chown 0 sample.sh 2>/dev/null || echo no; su -c id 2>/dev/null || echo no"
    )

    assert "0 0\nno\nno\n" == found.stdout


# --- How a tier is chosen ------------------------------------------------------------------------------------------------


def test_the_strongest_tier_that_works_is_chosen() -> None:
    """Without bubblewrap it is Landlock, without that the limits; what would be stronger is said."""
    with Children("auto", path="/nonexistent") as children:
        assert children.tier in ("landlock", "limits")
        assert "`bwrap` was not found, try: sudo apt-get install bubblewrap" in children.told
    with Children("auto", tiers=["limits"]) as children:
        assert "limits" == children.tier
        assert "samples can read your files and use the network" in children.told
    with Children("off") as children:
        assert "off" == children.tier
        assert children.refusal is None


def test_a_bubblewrap_that_is_forbidden_is_not_chosen(tmp_path: Path) -> None:
    """That the program is there says nothing: it must work."""
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    broken.chmod(0o755)
    with Children("auto", path=str(tmp_path)) as children:
        assert children.tier in ("landlock", "limits")
        assert "bwrap: setting up uid map: Permission denied" in children.told


def test_a_bubblewrap_that_never_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is told while it is waited for, and after a while the next tier is taken."""
    (tmp_path / "bwrap").write_text("#!/bin/sh\nexec sleep 500\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setattr(starting, "SLACK_SECONDS", 0.5)
    monkeypatch.setattr(process, "_TRIAL", replace(process._TRIAL, timeout=2.5))
    monkeypatch.setattr(process, "SLOW", 1.5)
    said: list[str] = []
    began = time.monotonic()
    with Children("auto", path=str(tmp_path), say=said.append) as children:
        assert children.tier in ("landlock", "limits")
        assert time.monotonic() - began < 20
        assert "`bubblewrap`: the process that starts samples" in children.told
    assert ["whether the sandbox `bubblewrap` works here is still being tried"] == said
    assert time.monotonic() - began < 25


def test_a_tier_that_is_ruled_out_is_no_old_kernel() -> None:
    """Where a variable keeps the tiers away that would do, the hint is about that variable."""
    with Children("required", path=PATH, tiers=["limits"]) as children:
        assert children.refusal is not None
        hint = "let `CODEEXEC_SANDBOX_TIERS` name `bubblewrap` or `landlock`, or unset it"
        assert hint == children.refusal.hint


def test_required_refuses_what_does_not_isolate() -> None:
    """`sandbox: required` starts nothing under `limits`, and says which line would mend the machine."""
    with Children("required", path="/nonexistent", tiers=["bubblewrap", "limits"]) as children:
        command = Command(argv=("true",), cwd=Path("/"), env={}, timeout=9, access=NO_ACCESS)
        ended = children.run(command, "run").ended
        tool = children.run(replace(command, access=None, env={"PATH": PATH}), "run").ended
        refusal = children.refusal

    assert isinstance(ended, NotStarted)
    assert refusal is not None
    assert "`bwrap` was not found" in refusal.reason
    assert "try: sudo apt-get install bubblewrap" == refusal.hint
    assert Exited(0) == tool  # what asks a compiler for its version is no sample


@pytest.mark.parametrize("mode", ["auto", "required", "strict"])
def test_without_any_sandbox_nothing_is_executed(mode: SandboxMode) -> None:
    """Where no tier works nobody is left without one: all obstacles are said, and the word that would execute it."""
    with Children(mode, path="/nonexistent", tiers=["bubblewrap"]) as children:
        command = Command(argv=("true",), cwd=Path("/"), env={"PATH": PATH}, timeout=9, access=NO_ACCESS)
        ended = children.run(command, "run").ended
        refusal = children.refusal

    assert refusal is not None
    assert NotStarted(refusal.reason) == ended
    assert "`bubblewrap`: `bwrap` was not found" in refusal.reason
    if mode == "auto":
        assert "`landlock`: it is ruled out; `limits`: it is ruled out" in refusal.reason
        assert "`sandbox: off`" in refusal.hint


def test_off_is_for_who_has_written_it() -> None:
    """`off` among the tiers is chosen where no other works, and the log says why none does."""
    with Children("auto", path="/nonexistent", tiers=["bubblewrap", "off"]) as children:
        assert ("off", None) == (children.tier, children.refusal)
        assert children.told.startswith("without a sandbox (`bubblewrap`: `bwrap` was not found")


NO_SHELL = """
import os, sys
for name in ("sh", "dash", "bash", "true", "env"):
    for folder in ("/bin", "/usr/bin"):
        assert not os.access(f"{{folder}}/{{name}}", os.X_OK) or os.path.getsize(f"{{folder}}/{{name}}") == 0, name
from mkdocs_codeexec.runtime.process import Children
with Children("auto", tiers={tiers}) as children:
    print(children.tier, children.refusal)
"""


@pytest.mark.parametrize("tier", TIERS)
def test_a_machine_without_a_shell_has_its_sandbox(sandbox: Sandbox, tmp_path: Path, tier: Tier) -> None:
    """That no shell can be executed, which says nothing of a tier, costs nobody the sandbox."""
    if sandbox.tier != tier:
        pytest.skip("tried for each tier that works")
    empty = tmp_path / "empty"
    empty.touch(mode=0o644)
    shells = [f"/usr/bin/{name}" for name in ("sh", "dash", "bash", "true", "env")]
    hidden = [word for shell in shells if Path(shell).exists() for word in ("--ro-bind", str(empty), shell)]
    argv = ["bwrap", "--dev-bind", "/", "/", *hidden, "--", sys.executable, "-c", NO_SHELL.format(tiers=[tier])]
    if subprocess.run(["bwrap", "--dev-bind", "/", "/", "true"], capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)

    assert f"{tier} None\n" == ended.stdout, ended.stderr


def test_strict_is_bubblewrap_alone() -> None:
    """`sandbox: strict` starts nothing under `landlock`, nor where the kernel does not bound what samples take."""
    with Children("strict", tiers=["landlock"]) as children:
        refusal = children.refusal
        assert refusal is not None
        assert "`sandbox: strict`, but samples would only be under" in refusal.reason or "no sandbox" in refusal.reason
    with Children("strict") as children:
        if children.tier != "bubblewrap":
            pytest.skip(f"`bubblewrap` does not work here: {children.told}")
        assert "strict" == children.confinement
        if children.inexact:
            assert children.refusal is not None
            assert children.inexact in children.refusal.reason
            assert "systemd-run --user --scope -p Delegate=yes" in children.refusal.hint
        else:
            assert None is children.refusal
            assert "bounded by the kernel" in children.told


def test_strict_is_fail_closed() -> None:
    """Whoever has not looked for groups of processes has none, and starts nothing."""
    children = Children("strict")
    with contextlib.closing(children):
        if children.tier != "bubblewrap":
            pytest.skip(f"`bubblewrap` does not work here: {children.told}")
        command = Command(argv=("true",), cwd=Path("/"), env={"PATH": PATH}, timeout=9, access=NO_ACCESS)

        assert isinstance(children.run(command, "run").ended, NotStarted)
        assert "there are none yet" == children.inexact


def test_the_tier_is_found_out_once() -> None:
    """However many threads ask, one child is started to see."""
    with Children("auto") as children:
        threads = [threading.Thread(target=lambda: children.tier) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        # One that was tried in vain, and one for what works.
        assert (1 if children.tier == "bubblewrap" else 2) >= len(children._all)


WITHOUT = """
import os, subprocess, select, signal, struct, marshal, threading, pathlib, sys
from mkdocs_codeexec.core.protocols import Command, NO_ACCESS  # what it needs of the standard library is loaded
for name in ("fork", "geteuid", "statvfs", "posix_spawn"):
    delattr(os, name)
sys.platform = "{platform}"
from mkdocs_codeexec.runtime.process import Children
import mkdocs_codeexec.runtime.executor, mkdocs_codeexec.runtime.store
with Children("auto") as children:
    command = Command(argv=("true",), cwd=pathlib.Path("/"), env={{}}, timeout=9, access=NO_ACCESS)
    print(children.tier, children.run(command, "run").ended.why)
"""


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_other_systems_can_load_everything(platform: str) -> None:
    """Nothing breaks at import where there is no `fork` and no Linux; a run says why it does nothing."""
    code = WITHOUT.format(platform=platform)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert ended.stdout.startswith("off no sandbox works here"), ended.stderr
    assert f"samples cannot be run on `{platform}`, which lacks `fork`" in ended.stdout
