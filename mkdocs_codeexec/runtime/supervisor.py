# ruff: noqa: PTH118, PTH123, PTH208, SIM105 - `pathlib` and `contextlib` would cost more than the rest of the start
"""Start children for one worker, one at a time, and leave nothing behind: a program of its own.

It is not imported but started by `process`, once for many children, because only a process can promise what a thread
cannot: it is the *child subreaper* (`prctl(2)`) of all it starts, so that a grandchild which forked twice and made its
own session comes back to it when its parent ends, and can be ended too; and its standard input is a *lifeline*: when
the other end closes, for whatever reason, SIGKILL included, it ends everything and exits.

It imports as little as possible (a start costs 12 ms) and nothing of this package.

Requests on standard input: a length (u32, big-endian) and a dictionary by `marshal`; strings in it hold bytes, as Latin-1.
Answers on standard output: a type, a length (u32) and a payload.

    p   the child's process id, in decimal digits
    o   a chunk of its standard output
    e   a chunk of its standard error
    x   the last one: a JSON object with `how` it ended, the `value` that goes with it, and `seconds`

The systems without a subreaper (all but Linux) have the process group, and what leaves the group is not found.
"""

from __future__ import annotations

import ctypes
import errno
import marshal  # `json` would cost a third of the start
import os
import resource
import select
import signal
import struct
import sys
import time

TYPE_CHECKING = False  # importing `typing` would cost a fifth of the start
if TYPE_CHECKING:
    from typing import Any, NoReturn

    Request = dict[str, Any]

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36

CHUNK = 64 * 1024
GRACE = 0.2
"""Seconds that what a child started may still write after the child itself has ended.

A shell does not wait for `> >(tee log)`: without this, its last lines would come or not come by chance.
"""
PATIENCE = 5.0
"""Seconds in which killed processes must be gone; what waits for a dead disk is left to the kernel."""

SIGNALS = [int(number) for number in signal.valid_signals()]
ON_LINUX = sys.platform == "linux"


def prctl(option: int, value: int) -> None:
    """Call `prctl(2)`; what an old kernel does not know is done without."""
    _LIBC.prctl(option, ctypes.c_ulong(value), *[ctypes.c_ulong(0)] * 3)


_LIBC = ctypes.CDLL(None)


class Streams:
    """The pipes between a child and us, and what has been read of them.

    Attributes:
        ours: Our ends: the type of answer that each descriptor feeds.
        theirs: The child's ends: standard input, output and error, and the pipe on which it reports that it could not start.
        limit: Bytes read of one stream.
        flooded: Whether a stream had more.
        failure: Why the program could not be started.
    """

    def __init__(self, stdin: bytes | None, limit: int) -> None:
        self.limit = limit
        self.flooded = False
        self.failure = b""
        self._stdin = stdin or b""
        self._seen = {b"o": 0, b"e": 0}
        self.poll = select.poll()
        self.feeding = -1
        self.ours: dict[int, bytes] = {}
        self.theirs: list[int] = []
        try:
            self._open(given=stdin is not None)
        except OSError:
            self.close()
            raise

    def _open(self, *, given: bool) -> None:
        if given:
            readable, self.feeding = os.pipe()
            self.theirs.append(readable)
            os.set_blocking(self.feeding, False)
            self.poll.register(self.feeding, select.POLLOUT)
        else:
            self.theirs.append(os.open(os.devnull, os.O_RDONLY))
        for what in (b"o", b"e", b"!"):
            readable, writable = os.pipe()
            self.ours[readable] = what
            self.theirs.append(writable)
            os.set_blocking(readable, False)
            self.poll.register(readable, select.POLLIN)

    def feed(self) -> None:
        """Write what the child will take; close its input when all is written, or nobody will read it."""
        try:
            self._stdin = self._stdin[os.write(self.feeding, self._stdin[:CHUNK]) :]
        except BlockingIOError:
            return
        except OSError:
            self._stdin = b""
        if not self._stdin:
            self.poll.unregister(self.feeding)
            os.close(self.feeding)
            self.feeding = -1

    def read(self, fd: int) -> bool:
        """Pass on a chunk of `fd`; return whether there may be more at once."""
        what = self.ours[fd]
        room = self.limit - self._seen.get(what, 0)
        if room < 0:
            return False
        try:
            chunk = os.read(fd, min(CHUNK, room + 1))
        except BlockingIOError:
            return False
        if not chunk:
            self.poll.unregister(fd)
            os.close(fd)
            del self.ours[fd]
            return False
        if what == b"!":
            self.failure += chunk
            return True
        self._seen[what] += len(chunk)
        self.flooded = self.flooded or len(chunk) > room
        answer(what, chunk[:room])
        return len(chunk) <= room

    def drain(self) -> None:
        """Pass on what is still in the pipes, which nobody writes to any more."""
        for fd in list(self.ours):
            while self.read(fd):
                pass

    def close_theirs(self) -> None:
        """Close the child's ends, once it has them."""
        while self.theirs:
            os.close(self.theirs.pop())

    def close(self) -> None:
        """Close everything."""
        self.close_theirs()
        for fd in self.ours:
            os.close(fd)
        if self.feeding >= 0:
            os.close(self.feeding)


class Supervisor:
    """The one child there is at a time, and the loop around it."""

    def __init__(self) -> None:
        self.child = 0
        self.status: int | None = None
        self.ended = 0.0
        self.alarm, wake = os.pipe()
        os.set_blocking(self.alarm, False)
        os.set_blocking(wake, False)
        # The end of a child interrupts `poll` through this pipe; a handler is needed, or SIGCHLD would be discarded.
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self.leave())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if ON_LINUX:
            prctl(PR_SET_CHILD_SUBREAPER, 1)
            # Children run under the same user: they shall not open our pipes through /proc, or trace us.
            prctl(PR_SET_DUMPABLE, 0)

    def serve(self) -> None:
        """Answer requests until the lifeline ends."""
        while True:
            request = marshal.loads(receive(struct.unpack("!I", receive(4))[0]))  # noqa: S302 - from our parent alone
            started = self.ended = time.monotonic()
            try:
                how, value = self.execute(request, started)
            except OSError as error:
                how, value = "not_started", error.strerror or str(error)
            report = {"how": how, "value": value, "seconds": self.ended - started}
            answer(b"x", ascii(report).encode())

    def execute(self, request: Request, started: float) -> tuple[str, object]:
        """Run one child to its end, and return how it ended.

        Raises:
            OSError: There are no descriptors or processes left.
        """
        stdin = request["stdin"]
        streams = Streams(None if stdin is None else stdin.encode("latin-1"), request["limit"])
        try:
            self.start(request, streams)
            timeout = request["timeout"]
            ended = self.watch(streams, None if timeout is None else started + timeout)
            self.end_all()
            streams.drain()
        finally:
            self.end_all()
            streams.close()
        if streams.failure:
            return "not_started", streams.failure.decode("utf-8", "replace")
        if streams.flooded:
            return "output_flooded", streams.limit
        if not ended or self.status is None:
            return "timed_out", timeout
        code = os.waitstatus_to_exitcode(self.status)
        return ("signaled", -code) if code < 0 else ("exited", code)

    def start(self, request: Request, streams: Streams) -> None:
        """Fork. The process table may be full for a moment, so this is tried a few times."""
        for attempt in range(3):
            # No handler of ours may run in the child, nor between the fork and the assignment.
            before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
            try:
                self.status = None
                self.child = os.fork()
                if self.child == 0:
                    become(request, streams.theirs)
            except BlockingIOError:
                if attempt == 2:
                    raise
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            if self.child:
                break
            time.sleep(0.05 * (attempt + 1))
        streams.close_theirs()
        answer(b"p", b"%d" % self.child)

    def watch(self, streams: Streams, deadline: float | None) -> bool:
        """Pass output on until the child has ended (True), or its time or its output limit is over (False)."""
        poll = streams.poll
        poll.register(0, select.POLLIN)
        poll.register(self.alarm, select.POLLIN)
        over: float | None = None
        while True:
            now = time.monotonic()
            if over is None:
                self.ended = now
                over = now if self.has_ended() else None
            until = deadline if over is None else over + GRACE
            if over is not None and not streams.ours:
                return True
            if until is not None and now >= until:
                return over is not None
            for fd, _ in poll.poll(None if until is None else min((until - now) * 1000 + 1, 3_600_000)):
                if fd == 0:
                    self.leave()
                elif fd == self.alarm:
                    os.read(fd, 512)
                elif fd == streams.feeding:
                    streams.feed()
                else:
                    streams.read(fd)
            if streams.flooded:
                return over is not None

    def has_ended(self) -> bool:
        """Return whether the child has ended; its process id stays taken until everything else is gone, too."""
        if hasattr(os, "waitid"):
            return os.waitid(os.P_PID, self.child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        pid, status = os.waitpid(self.child, os.WNOHANG)
        if pid:
            self.status = status
        return pid != 0

    def end_all(self) -> None:
        """Kill the child and all that descends from it, again and again until nothing is left."""
        give_up = time.monotonic() + PATIENCE
        pause = 0.0005
        if self.child:
            kill_group(self.child)
            kill(self.child)
        while not self.reap() and time.monotonic() < give_up:
            for pid in descendants(os.getpid()):
                kill_group(pid)  # a group at one blow, or a fork bomb is faster than we are
                kill(pid)
            time.sleep(pause)
            pause = min(2 * pause, 0.02)
        self.child = 0

    def reap(self) -> bool:
        """Take the exit status of what is dead; return whether nothing is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return False
            if pid == self.child:
                self.status = status

    def leave(self) -> NoReturn:
        """End everything, and this program."""
        self.end_all()
        os._exit(0)


# --- The child, between fork and exec -----------------------------------------------------------------------------


def become(request: Request, pipes: list[int]) -> NoReturn:
    """Turn this forked process into the program of `request`; report on the last of `pipes` if that cannot be."""
    *streams, report = pipes
    try:
        os.setsid()
        if ON_LINUX:
            # If someone kills the supervisor, at least its child goes with it. Bound to the thread that forked: the only one.
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            prctl(PR_SET_DUMPABLE, 1)
        for target, source in enumerate(streams):
            os.dup2(source, target)  # all other descriptors are close-on-exec (PEP 446)
        restrict(request)
        enter(request["cwd"].encode("latin-1"))
        reset_signals()
        env = {name.encode("latin-1"): value.encode("latin-1") for name, value in request["env"].items()}
        execute(tuple(arg.encode("latin-1") for arg in request["argv"]), env)
    except BaseException as error:  # noqa: BLE001 - whatever it is must be told, and this process must end
        text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        where = os.fsdecode(error.filename) if isinstance(error, OSError) and error.filename else request["argv"][0]
        os.write(report, f"`{where}`: {text}".encode("utf-8", "replace")[:4096])
    finally:
        os._exit(127)


def restrict(request: Request) -> None:  # noqa: ARG001 - the limits of a request come here
    """Take away what a child must not have. It still runs in this program, and is about to be another one."""
    os.umask(0o022)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def enter(cwd: bytes) -> None:
    """Change to `cwd`, which says in its error that it is a working directory."""
    try:
        os.chdir(cwd)  # noqa: TID251 - the child's own directory
    except OSError as error:
        error.strerror = f"{error.strerror} (the working directory)"
        raise


def reset_signals() -> None:
    """Give every signal its default action: Python ignores SIGPIPE, `nohup` SIGHUP, and we SIGINT."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def execute(argv: tuple[bytes, ...], env: dict[bytes, bytes]) -> NoReturn:
    """Replace this process, with the program looked up on the `PATH` of `env` as `execvp(3)` does it.

    Raises:
        OSError: It is not there, or the system refuses it.
    """
    program = argv[0]
    if b"/" in program:
        replace(program, argv, env)
    failure: OSError = FileNotFoundError(errno.ENOENT, "not found on PATH", program)
    for folder in env.get(b"PATH", os.defpath.encode()).split(b":"):
        try:
            replace(os.path.join(folder, program) if folder else b"./" + program, argv, env)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError as error:
            failure = error
    raise failure


def replace(path: bytes, argv: tuple[bytes, ...], env: dict[bytes, bytes]) -> NoReturn:
    """Call `execve(2)`; a file that was written a moment ago may still be open in a process that was forked then."""
    for attempt in range(5):
        try:
            os.execve(path, argv, env)  # noqa: S606 - a shell is a sample's own choice
        except OSError as error:
            error.filename = path
            if error.errno != errno.ETXTBSY or attempt == 4:
                raise
            time.sleep(0.02 * 2**attempt)
    raise AssertionError


# --- Processes ------------------------------------------------------------------------------------------------------


def kill(pid: int) -> None:
    """Send SIGKILL, which nothing can ignore; a process that is gone, or somebody else's, is passed over."""
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass


def kill_group(pid: int) -> None:
    """Send SIGKILL to the group that `pid` leads, if it leads one."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass


def descendants(ancestor: int) -> list[int]:
    """Return the process ids below `ancestor`, by `/proc/<pid>/stat` (`proc(5)`)."""
    families: dict[int, list[int]] = {}
    for name in os.listdir("/proc") if ON_LINUX else ():
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                stat = file.read()
        except OSError:  # it has just ended
            continue
        parent = int(stat[stat.rindex(b")") + 1 :].split()[1])
        families.setdefault(parent, []).append(int(name))
    found: list[int] = []
    pending = [ancestor]
    while pending:
        children = families.get(pending.pop(), [])
        found += children
        pending += children
    return found


# --- The protocol ---------------------------------------------------------------------------------------------------


def receive(size: int) -> bytes:
    """Return `size` bytes of the request.

    Raises:
        EOFError: The lifeline has ended.
    """
    parts = bytearray()
    while len(parts) < size:
        chunk = os.read(0, size - len(parts))
        if not chunk:
            raise EOFError
        parts += chunk
    return bytes(parts)


def answer(what: bytes, payload: bytes) -> None:
    """Send one answer.

    Raises:
        BrokenPipeError: Nobody reads it any more.
    """
    rest = memoryview(struct.pack("!cI", what, len(payload)) + payload)
    while rest:
        rest = rest[os.write(1, rest) :]


def main() -> None:
    """Serve, and clean up whatever happens."""
    supervisor = Supervisor()
    try:
        supervisor.serve()
    except (EOFError, BrokenPipeError):
        pass
    except BaseException:  # noqa: BLE001 - shown as Python would, but only after nothing is left running
        sys.excepthook(*sys.exc_info())
    supervisor.leave()


if __name__ == "__main__":
    main()
