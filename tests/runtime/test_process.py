"""Real children: how they start, what is read of them, and that nothing outlives them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.times import quickest

from mkdocs_codeexec.core.outcome import Exited, NotStarted, OutputFlooded, Signaled, StepResult, Termination, TimedOut
from mkdocs_codeexec.core.protocols import NO_ACCESS, Command
from mkdocs_codeexec.errors import Cancelled
from mkdocs_codeexec.runtime import process, starting
from mkdocs_codeexec.runtime.process import Children

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the tables are of Linux")

ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
LIMIT = 1024 * 1024


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    with Children() as those:
        yield those


@pytest.fixture
def mark() -> str:
    """A word that no other process has on its command line."""
    return f"mark-{uuid.uuid4().hex}"


def command(*argv: str, timeout: float | None = 20, cwd: Path = Path("/"), **more: Any) -> Command:
    return Command(**{"argv": argv, "cwd": cwd, "env": ENV, "timeout": timeout, **more})


def python(code: str, *args: str, **more: Any) -> Command:
    return command(sys.executable, "-I", "-S", "-c", code, *args, **more)


def sh(code: str, **more: Any) -> Command:
    return command("/bin/sh", "-c", code, **more)


def alive(mark: str) -> list[str]:
    """Return the command lines of living processes with `mark` in them."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if mark in line and (folder / "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                found.append(line)
        except OSError:
            continue
    return found


def until(condition: Callable[[], bool], seconds: float = 5) -> bool:
    """Wait for `condition`, and return whether it came."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


# --- How children end -------------------------------------------------------------------------------------------------

ENDINGS: list[tuple[str, Command, Termination]] = [
    ("success", sh("exit 0"), Exited(0)),
    ("status", sh("exit 3"), Exited(3)),
    ("largest status", sh("exit 255"), Exited(255)),
    ("panic", sh("exit 101"), Exited(101)),
    ("segmentation fault", sh("kill -SEGV $$"), Signaled(11)),
    ("abort", python("import os; os.abort()"), Signaled(6)),
    ("SIGTERM of its own", sh("kill $$"), Signaled(15)),
    ("looked up on its own PATH", command("true"), Exited(0)),
    ("not on PATH", command("no-such-program"), NotStarted("`no-such-program`: not found on PATH")),
    (
        "not in the PATH it was given",
        command("true", env={"PATH": "/nonexistent"}),
        NotStarted("`true`: not found on PATH"),
    ),
    ("no such file", command("/no/such/program"), NotStarted("`/no/such/program`: No such file or directory")),
    ("not executable", command("/etc/passwd"), NotStarted("`/etc/passwd`: Permission denied")),
    (
        "no working directory",
        sh("exit 0", cwd=Path("/no/such")),
        NotStarted("`/no/such`: No such file or directory (the working directory)"),
    ),
    ("NUL in an argument", command("true", "a\0b"), NotStarted("`true`: embedded null byte")),
    ("a surrogate in an argument", command("true", "a\ud800b"), None),  # type: ignore[list-item]
]


@pytest.mark.parametrize(("spec", "ended"), [e[1:] for e in ENDINGS], ids=[e[0] for e in ENDINGS])
def test_every_ending_is_told_apart(children: Children, spec: Command, ended: Termination | None) -> None:
    """Exit, signal and the reasons not to start are values, never exceptions."""
    found = children.run(spec, "run")

    assert found.kind == "run"
    if ended is None:
        assert isinstance(found.ended, NotStarted)
    else:
        assert ended == found.ended


def test_sigpipe_has_its_default_action(children: Children) -> None:
    """A writer whose reader left is ended by SIGPIPE, although Python ignores that signal."""
    found = children.run(python("import signal; print(*map(signal.getsignal, (13, 2, 15, 1)))"), "run")
    piped = children.run(command("bash", "-c", "yes | head -1; echo ${PIPESTATUS[0]}"), "run")

    assert "y\n141\n" == piped.stdout
    assert "1 0" not in found.stdout
    status = children.run(sh("grep -E 'SigBlk|SigIgn' /proc/self/status"), "run")
    # 32 and 33 are the C library's own (nptl(7)), and nobody may change them.
    assert {0} == {int(line.split()[1], 16) & ~(0b11 << 31) for line in status.stdout.splitlines()}


# --- What children are given --------------------------------------------------------------------------------------------


def test_the_environment_is_built(children: Children, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child gets the variables of its Command and no other, whatever this process has."""
    monkeypatch.setenv("RUST_BACKTRACE", "1")
    monkeypatch.setenv("GITHUB_TOKEN", "secret")

    found = children.run(command("env", env={**ENV, "Ä": "ö =x", "EMPTY": ""}), "run")

    assert ["EMPTY=", f"PATH={ENV['PATH']}", "Ä=ö =x"] == sorted(found.stdout.splitlines())


def test_the_supervisor_has_nothing_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a child's parent, which it can read, holds none of ours."""
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    with Children() as fresh:
        found = fresh.run(sh("tr '\\0' '\\n' </proc/$PPID/environ"), "run")

    assert {"LD_LIBRARY_PATH"} >= {line.partition("=")[0] for line in found.stdout.splitlines()}


def test_the_working_directory_is_the_child_s_own(children: Children, tmp_path: Path) -> None:
    """A child starts in its `cwd`, and relative programs are found there; this process stays where it is."""
    before = Path.cwd()
    folder = tmp_path / "a b é"
    folder.mkdir()
    (folder / "prog").write_text("#!/bin/sh\npwd\n")
    (folder / "prog").chmod(0o755)

    assert f"{folder}\n" == children.run(command("./prog", cwd=folder), "run").stdout
    assert before == Path.cwd()


STDIN = [
    ("closed", None, ""),
    ("empty", "", ""),
    ("text", "grüße\r\n\0end", "grüße\r\n\0end"),
    ("surrogate", "a\ud800b", "a?b"),
]


@pytest.mark.parametrize(("given", "seen"), [s[1:] for s in STDIN], ids=[s[0] for s in STDIN])
def test_standard_input(children: Children, given: str | None, seen: str) -> None:
    """A child reads what it is given and then the end, or the end at once."""
    assert (seen, Exited(0)) == _text(children.run(command("cat", stdin=given), "run"))


def _text(result: StepResult) -> tuple[str, Termination]:
    return result.stdout, result.ended


def test_input_that_nobody_reads(children: Children) -> None:
    """A megabyte for a child that does not read, or stops reading, does not hold anything up."""
    text = "x" * 1024 * 1024

    assert Exited(0) == children.run(command("true", stdin=text), "run").ended
    assert ("xxx", Exited(0)) == _text(children.run(command("head", "-c3", stdin=text), "run"))
    slow = children.run(python("import time; time.sleep(0.3)", stdin=text), "run")
    assert Exited(0) == slow.ended


def test_input_and_output_at_once(children: Children) -> None:
    """A child that answers while it reads more than a pipe holds is no deadlock."""
    text = "0123456789abcdef" * 16 * 1024

    found = children.run(command("cat", stdin=text), "run")

    assert (len(text), text, Exited(0)) == (len(found.stdout), found.stdout, found.ended)


def test_a_child_has_three_descriptors(children: Children) -> None:
    """Nothing of the supervisor leaks into a child."""
    found = children.run(python("import os; print(sorted(os.listdir('/proc/self/fd')))", stdin="x"), "run")

    assert "['0', '1', '2', '3']\n" == found.stdout  # 3 is the listing itself


def test_limits_that_every_child_has(children: Children) -> None:
    """No core files, one umask, a session of its own."""
    code = "import os, resource; print(resource.getrlimit(resource.RLIMIT_CORE), oct(os.umask(0)), os.getsid(0)==os.getpid())"

    assert "(0, 0) 0o22 True\n" == children.run(python(code), "run").stdout


# --- What is read of children -----------------------------------------------------------------------------------------------


def test_more_than_a_pipe_on_both_streams(children: Children) -> None:
    """Two streams are read at once, each to its end."""
    code = "import sys\nfor i in range(200): sys.stderr.write('e' * 1000); sys.stdout.write('o' * 1000)"

    found = children.run(python(code), "run")

    assert ("o" * 200_000, "e" * 200_000, (0, 0)) == (found.stdout, found.stderr, found.truncated)


def test_a_flood_is_ended_at_the_limit(children: Children) -> None:
    """What writes for ever is ended when more than the limit was written, long before its time is over."""
    found = children.run(command("yes"), "run")

    assert OutputFlooded(LIMIT) == found.ended
    assert "y\n" == found.stdout[:2]
    assert LIMIT - 256 * 1024 == found.truncated[0]


def test_exactly_the_limit_is_no_flood(children: Children) -> None:
    """The limit itself may be written."""
    code = "import sys; sys.stdout.write('x' * int(sys.argv[1]))"

    assert Exited(0) == children.run(python(code, "1000", output_limit=1000), "run").ended
    assert OutputFlooded(1000) == children.run(python(code, "1001", output_limit=1000), "run").ended


def test_a_flood_of_one_stream_keeps_the_other(children: Children) -> None:
    """What the other stream said before is kept."""
    found = children.run(sh("echo why; yes >&2"), "run")

    assert (OutputFlooded(LIMIT), "why\n") == (found.ended, found.stdout)


def test_a_line_of_ten_megabytes(children: Children) -> None:
    """Of a long stream the start and the end are kept, and the number of bytes between them is said."""
    code = "import sys; sys.stdout.write('a' * 5_000_000 + 'z' * 5_000_000)"

    found = children.run(python(code, output_limit=20_000_000), "run")

    omitted = 10_000_000 - 256 * 1024
    assert Exited(0) == found.ended
    assert (omitted, 0) == found.truncated
    assert "a" * 192 * 1024 + f"\n… {omitted} bytes omitted …\n" + "z" * 64 * 1024 == found.stdout


@pytest.mark.parametrize("head", range(8, 12))
@pytest.mark.parametrize("tail", range(8, 12))
def test_a_cut_never_splits_a_character(children: Children, head: int, tail: int) -> None:
    """Whole characters are kept on both sides, and what they cost is counted."""
    found = children.run(python("print('😀' * 100, end='')", keep_head=head, keep_tail=tail, output_limit=1000), "run")

    left, right = "😀" * (head // 4), "😀" * (tail // 4)
    omitted = 400 - 4 * len(left + right)
    assert f"{left}\n… {omitted} bytes omitted …\n{right}" == found.stdout
    assert (omitted, 0) == found.truncated


def test_bytes_that_are_no_text(children: Children) -> None:
    """Invalid UTF-8 is replaced, NUL and carriage returns are kept."""
    found = children.run(sh(r"printf '\377\000a\r\nb\303'"), "run")

    assert "\ufffd\0a\r\nb\ufffd" == found.stdout


def test_output_is_heard_as_it_comes(children: Children) -> None:
    """Chunks of both streams are passed on while the child runs."""
    heard: list[tuple[float, bytes]] = []
    found = children.run(
        sh("echo one; sleep 0.3; echo two >&2"), "build", on_output=lambda c: heard.append((time.monotonic(), c))
    )

    assert [b"one\n", b"two\n"] == [chunk for _, chunk in heard]
    assert heard[1][0] - heard[0][0] > 0.2
    assert "build" == found.kind


def test_a_listener_that_fails(children: Children, mark: str) -> None:
    """The fault of a listener is its caller's, and ends the child."""

    def fail(_: bytes) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        children.run(sh(f"echo x; sleep 60; : {mark}"), "run", on_output=fail)

    assert [] == alive(mark)
    assert Exited(0) == children.run(command("true"), "run").ended


# --- The end of children ------------------------------------------------------------------------------------------------------

# Two forks and a session of its own: found by no process group, and no tree of parents.
DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        {closing}
        time.sleep(60)
    os._exit(0)
os.wait()
"""
STUBBORN = {
    "sleeper": "import time; time.sleep(60)",
    "ignores SIGTERM": "import signal, time; signal.signal(15, signal.SIG_IGN); signal.signal(1, signal.SIG_IGN); time.sleep(60)",
    "stopped itself": "import os; os.kill(os.getpid(), 19)",
    "daemon, and waits": DAEMON.format(closing="pass") + "time.sleep(60)",
    "daemon that closed its streams, and waits": DAEMON.format(closing="os.closerange(0, 9)") + "time.sleep(60)",
    "stopped daemon": DAEMON.format(closing="os.kill(os.getpid(), 19)") + "time.sleep(60)",
    "endless loop": "while True: pass",
    "fifty sessions": "import os, time\nfor i in range(50):\n  if os.fork() == 0: os.setsid(); time.sleep(60)\ntime.sleep(60)",
    "breeds": "import os, time\nfor i in range(400):\n  if os.fork(): time.sleep(60)\n  os.setsid(); time.sleep(0.002)",
}


@pytest.mark.parametrize("code", STUBBORN.values(), ids=STUBBORN)
def test_time_over_ends_everything(children: Children, mark: str, code: str) -> None:
    """When the time is over, the child and all that came of it are gone within a second."""

    def once() -> float:
        began = time.monotonic()
        found = children.run(python(code, mark, timeout=0.4), "run")
        took = time.monotonic() - began

        assert TimedOut(0.4) == found.ended
        assert [] == alive(mark)
        return took

    assert quickest(once, within=1.4) < 1.4


@pytest.mark.parametrize("closing", ["pass", "os.closerange(0, 9)"], ids=["holds the pipe", "closed"])
def test_a_daemon_does_not_outlive_its_sample(children: Children, mark: str, closing: str) -> None:
    """When the child has ended, the result comes at once, though a grandchild holds the pipe, and that one is ended."""

    def once() -> float:
        found = children.run(python(DAEMON.format(closing=closing) + "print('done')", mark), "run")

        assert ("done\n", Exited(0)) == _text(found)
        assert [] == alive(mark)
        return found.duration

    assert quickest(once, within=1) < 1


def test_the_last_words_of_a_pipeline(children: Children) -> None:
    """What a shell does not wait for may still end what it writes."""
    found = children.run(command("bash", "-c", "echo late > >(sleep 0.05; cat)"), "run")

    assert ("late\n", Exited(0)) == _text(found)


def test_what_is_in_the_pipe_is_read(children: Children) -> None:
    """All that was written before the end is there, even if a grandchild still holds the pipe."""
    code = DAEMON.format(closing="pass") + "sys.stdout.write('x' * 60_000); sys.stdout.flush(); os._exit(7)"

    assert ("x" * 60_000, Exited(7)) == _text(children.run(python(code), "run"))


def test_two_hundred_children_cost_no_descriptor_and_no_process() -> None:
    """Descriptors and children of this process and of the supervisor are as many afterwards as before."""
    with Children() as some:
        some.run(command("true"), "run")
        [supervisor] = some._all
        folder = Path(f"/proc/{own(supervisor)}")
        before = descriptors(), len(list((folder / "fd").iterdir()))
        for number in range(200):
            spec = (command("true"), command("nope"), sh("(sleep 60 &) >/dev/null 2>&1"), command("cat", stdin="x"))[
                number % 4
            ]
            some.run(spec, "run")

        assert [supervisor] == some._all
        assert before == (descriptors(), len(list((folder / "fd").iterdir())))
        assert "" == (folder / "task" / folder.name / "children").read_text()
    assert not folder.exists()


def test_closing_frees_every_descriptor() -> None:
    """As many descriptors are open after closing as were before."""
    before = descriptors()
    with Children() as some:
        some.prepare(3)
        assert before + 9 == descriptors()
    assert before == descriptors()


# --- Stopped from outside -------------------------------------------------------------------------------------------------------


def test_stop_all(mark: str) -> None:
    """Every run in progress or to come raises `Cancelled`, and nothing is left."""
    assert quickest(lambda: _stopped(mark), within=0.35) < 0.35


def _stopped(mark: str) -> float:
    """Stop all that runs, and return how long that took."""
    results: list[object] = []

    def work(some: Children) -> None:
        try:
            results.append(some.run(python(STUBBORN["daemon, and waits"], mark, timeout=None), "run"))
        except Cancelled as cancelled:
            results.append(cancelled)

    with Children() as some:
        threads = [threading.Thread(target=work, args=(some,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert until(lambda: len(alive(mark)) == 8)
        began = time.monotonic()
        some.stop_all()
        took = time.monotonic() - began
        for thread in threads:
            thread.join(5)

        assert ["Cancelled"] * 4 == [type(result).__name__ for result in results]
        assert [] == alive(mark)
        with pytest.raises(Cancelled):
            some.run(command("true"), "run")
        return took


def test_a_supervisor_that_is_stopped(mark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that stops its supervisor cannot make a run wait for ever, and is gone then."""
    monkeypatch.setattr(starting, "SLACK_SECONDS", 3.0)
    with Children() as some:
        found = some.run(sh(f"sleep 0.3; kill -STOP $PPID; sleep 60; : {mark}", timeout=0.6), "run")

        assert NotStarted("the process that starts samples did not answer") == found.ended
        assert [] == alive(mark)
        assert Exited(0) == some.run(command("true"), "run").ended


def test_a_limit_for_all() -> None:
    """After the limit children are ended and not started, which is nobody's timeout."""
    with Children() as some:
        some.limit(0.3, "too late")
        found = some.run(command("sleep", "60", timeout=None), "run")
        late = some.run(command("true"), "run")

        assert NotStarted("too late") == found.ended
        assert NotStarted("too late") == late.ended
        assert "too late" == some.too_late


def test_the_limit_of_one_is_its_own() -> None:
    """A child that is over its own time has timed out, whatever limit there is for all."""
    with Children() as some:
        some.limit(60, "too late")

        assert TimedOut(0.2) == some.run(command("sleep", "60", timeout=0.2), "run").ended


def test_a_supervisor_that_is_killed(mark: str) -> None:
    """A child that kills its supervisor is told of, is gone itself, and the next one runs."""
    with Children() as some:
        found = some.run(sh(f"sleep 0.3; kill -9 $PPID; sleep 60; : {mark}"), "run")

        assert NotStarted("the process that starts samples was ended by signal 9") == found.ended
        assert [] == alive(mark)
        assert Exited(0) == some.run(command("true"), "run").ended
        [idle] = some._all
        os.kill(idle._process.pid, signal.SIGKILL)
        idle._process.wait()
        assert Exited(0) == some.run(command("true"), "run").ended


@pytest.mark.parametrize("code", STUBBORN.values(), ids=STUBBORN)
def test_what_a_killed_supervisor_leaves_is_ended(children: Children, mark: str, code: str) -> None:
    """Whatever came of the child is gone when its supervisor is killed by it: daemons, sessions, what is stopped."""
    code = (
        f"import os, signal\nif not os.fork():\n import time; time.sleep(0.3); os.kill({{0}}, 9); os._exit(0)\n{code}"
    )
    code = code.replace("{0}", "int(open(f'/proc/{os.getppid()}/stat').read().rpartition(')')[2].split()[1])")
    found = children.run(python(code, mark, timeout=20), "run")

    assert NotStarted("the process that starts samples was ended by signal 9") == found.ended
    assert [] == alive(mark)


def test_what_a_killed_keeper_leaves_is_ended(mark: str) -> None:
    """If it is the parent of the supervisor that is killed, the supervisor ends what it has started."""
    results: list[StepResult] = []
    with Children() as some:
        spec = python(STUBBORN["daemon, and waits"], mark, timeout=None)
        thread = threading.Thread(target=lambda: results.append(some.run(spec, "run")))
        thread.start()
        assert until(lambda: len(alive(mark)) == 2)
        [supervisor] = some._all
        inner = own(supervisor)
        os.kill(supervisor._process.pid, signal.SIGKILL)
        thread.join(10)

        assert [NotStarted("the process that starts samples was ended by signal 9")] == [one.ended for one in results]
        assert until(lambda: alive(mark) == [] and not Path(f"/proc/{inner}").exists())


def own(supervisor: starting.Supervisor) -> int:
    """Return the number of a supervisor's own process, which the one that we have started waits for."""
    waits = supervisor._process.pid
    children = Path(f"/proc/{waits}/task/{waits}/children")
    assert until(lambda: bool(children.read_text()))
    return int(children.read_text())


def test_a_bubblewrap_that_is_killed(mark: str) -> None:
    """With the process around its walls all that is within them goes, at once, and the next sample runs."""
    with Children("auto", path=ENV["PATH"], tiers=["bubblewrap"]) as children:
        if children.tier != "bubblewrap":
            pytest.skip("it does not work here")
        results: list[StepResult] = []
        spec = sh(f"sleep 77 & sleep 77; : {mark}", access=NO_ACCESS)
        thread = threading.Thread(target=lambda: results.append(children.run(spec, "run")))
        thread.start()
        assert until(lambda: len(alive(mark)) == 1)
        for supervisor in children._all:
            if supervisor.place is not None:
                os.kill(supervisor._process.pid, signal.SIGKILL)
        thread.join(10)

        assert [NotStarted("the process that starts samples was ended by signal 9")] == [one.ended for one in results]
        assert until(lambda: alive(mark) == [])
        assert Exited(0) == children.run(command("true", access=NO_ACCESS), "run").ended


HELPER = """
import sys
from pathlib import Path
from mkdocs_codeexec.core.protocols import NO_ACCESS, Command
from mkdocs_codeexec.runtime.process import Children
code = {code!r}
with Children() as children:
    print("ready", flush=True)
    argv = (sys.executable, "-I", "-S", "-c", code, sys.argv[1])
    children.run(Command(argv=argv, cwd=Path("/"), env={{}}, timeout=None), "run")
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
def test_the_end_of_this_process_ends_its_children(mark: str, how: signal.Signals) -> None:
    """However the parent ends, SIGKILL included, nothing is left two seconds later."""
    helper = [sys.executable, "-c", HELPER.format(code=STUBBORN["daemon, and waits"]), mark]
    with subprocess.Popen(helper, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as parent:
        came = until(lambda: len(alive(mark)) == 3)
        parent.send_signal(how)
        _, said = parent.communicate(timeout=5)

        assert came
        assert until(lambda: alive(mark) == [], 2)
        assert -how == parent.returncode
        assert (how == signal.SIGINT) == (b"KeyboardInterrupt" in said)


def test_the_end_of_both_parents_ends_the_child(mark: str) -> None:
    """If this process and the supervisor are killed at one blow, the child goes with them."""
    helper = HELPER.format(code="import os, time; os.kill(os.getppid(), 19); time.sleep(60)")
    with subprocess.Popen([sys.executable, "-c", helper, mark], stdout=subprocess.PIPE) as parent:
        try:
            assert until(lambda: len(_children(mark)) == 1)
            [child] = _children(mark)
            _, supervisor = _state(child)
            assert until(lambda: _state(supervisor)[0] == "T")
        finally:
            parent.kill()
        os.kill(supervisor, signal.SIGKILL)

    assert until(lambda: alive(mark) == [], 2)


def _state(pid: int) -> tuple[str, int]:
    """Return the state of a process, and its parent."""
    state, parent, *_ = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return state, int(parent)


def _children(mark: str) -> list[int]:
    """Return the children with `mark`, told from the helper (and its fork, before it is another program) by `-S`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if mark.encode() in (line := path.read_bytes()) and b"\0-S\0" in line:
                found.append(int(path.parent.name))
    return found


# --- Where it cannot work --------------------------------------------------------------------------------------------------------


def test_a_system_without_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a system that lacks `fork`, all can be made, and a run says why it does nothing."""
    monkeypatch.setattr(process, "_SUPPORTED", False)
    with Children() as some:
        some.prepare(2)
        found = some.run(command("true"), "run").ended

    assert NotStarted(f"samples cannot be run on `{sys.platform}`, which lacks `fork`") == found


def test_a_python_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """If no supervisor can be started, the reason is in the result."""
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with Children() as some:
        found = some.run(command("true"), "run").ended

    assert NotStarted("no process could be started: No such file or directory") == found
