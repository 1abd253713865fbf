"""Start children for one worker, one at a time, and leave nothing behind: a program of its own.

It is not imported but started by `process`, once for many children, because only a process can promise what a thread
cannot: it is the *child subreaper* (`prctl(2)`) of all it starts, so that a grandchild which forked twice and made its
own session comes back to it when its parent ends, and can be ended too; and its standard input is a *lifeline*: when
the other end closes, for whatever reason, SIGKILL included, it ends everything and exits. If it is killed itself, its
parent does that (`keeper`).

With bubblewrap it is started inside the walls, the first process there, and gives each child further ones
(`namespaces`). Otherwise a child is confined between fork and exec (`child`).

It and its modules import as little as possible (a start costs 12 ms) and nothing of this package.

Requests on standard input: a length (u32, big-endian) and a dictionary by `marshal`; strings in it hold bytes, as Latin-1,
for the two programs may not agree on an encoding.
Answers on standard output: a type, a length (u32) and a payload.

    p   the child's process id, in decimal digits
    o   a chunk of its standard output
    e   a chunk of its standard error
    i   what it has looked for in the file system, if that was asked for and could be seen (`observing`)
    x   the last one, in parts with NUL between them: how it ended, in how many seconds, and what goes with that

The systems without a subreaper (all but Linux) have the process group, and what leaves the group is not found.
"""

from __future__ import annotations

import gc
import marshal  # `json` would cost a third of the start
import os
import select
import struct
import sys
import time

from .child import SIGNALS, become, filters_of_calls, first, prepare
from .keeper import PATIENCE, keep
from .processes import (
    ON_LINUX,
    PR_SET_CHILD_SUBREAPER,
    PR_SET_DUMPABLE,
    PR_SET_PDEATHSIG,
    descendants,
    kill,
    kill_group,
    prctl,
    take,
)
from .protocol import answer, receive
from .signals import signal
from .streams import Streams

TYPE_CHECKING = False  # importing `typing` would cost a fifth of the start
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from .guard import Watchdog
    from .observing import Observer

    Request = dict[str, Any]

GRACE = 0.2
"""Seconds that what a child started may still write after the child itself has ended.

A shell does not wait for `> >(tee log)`: without this, its last lines would come or not come by chance.
"""
PERIOD = 0.1
"""Seconds between two looks of the watchdog."""
SOON = 0.005


class Supervisor:
    """The one child there is at a time, and the loop around it."""

    def __init__(self, group: int = -1, handing: int = -1) -> None:
        self.group = group
        self.handing = handing
        self.child = 0
        self.status: int | None = None
        self.ended = 0.0
        self.namespaced = False
        self.observer: Observer | None = None
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
            if os.getpid() == 1:  # the bubblewrap around us; if somebody kills that, all of this goes with it
                prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    def serve(self) -> None:
        """Answer requests until the lifeline ends."""
        while True:
            request = marshal.loads(receive(struct.unpack("!I", receive(4))[0]))  # noqa: S302 - from our parent alone
            for name in ("readable", "writable"):
                request[name] = [path_of(path) for path in request[name]]
            request["has_group"] = self.group >= 0
            request["handing"] = self.handing if request["leaves"] and not request["keeps"] else -1
            for name in ("scratch", "root", "project"):
                request[name] = None if request[name] is None else path_of(request[name])
            request["over"] = [path_of(name) for name in request["over"]]
            started = self.ended = time.monotonic()
            try:
                how, value = self.execute(request, started)
            except OSError as error:
                how, value = "not_started", (error.strerror or str(error), error.errno or 0)
            answer(b"x", report(how, self.ended - started, value))
            # Of namespaces in which nothing was left, the kernel may take down the rest while our parent goes on.
            self.end_all()

    def execute(self, request: Request, started: float) -> tuple[str, object]:
        """Run one child to its end, and return how it ended.

        Raises:
            OSError: There are no descriptors or processes left.
        """
        stdin = request["stdin"]
        given = None if stdin is None else stdin.encode("latin-1")
        mark = request["mark"].encode("latin-1"), request["times"]
        streams = Streams(
            given,
            request["limit"],
            mark,
            request["more"],
            merged=request["merged"],
            terminal=(request["columns"], request["user"]),
            turns=[turn.encode("latin-1") for turn in request["turns"]],
        )
        alone = False
        try:
            self.prepare(request)
            self.observe(request, streams)
            watchdog = self.watchdog(request)
            self.start(request, streams)
            timeout = request["timeout"]
            deadline = None if timeout is None else started + timeout
            exceeded = self.watch(streams, deadline, request["silence"], watchdog, request["seconds"])
            alone = exceeded is None and self.namespaced and self.is_alone(streams)
            if not alone:
                self.end_all()
            streams.drain()
        finally:
            if not alone:
                self.end_all()
            streams.close()
            self.tell_observed()
        if streams.failure:
            number, _, words = streams.failure.decode("utf-8", "replace").partition(" ")
            return "not_started", (words, int(number))
        if streams.flooded:
            return "output_flooded", streams.limit
        if exceeded is not None:
            return exceeded
        return self.judge(request, streams)

    def is_alone(self, streams: Streams) -> bool:
        """Return whether the first process of the namespaces says that no other is left there: soon, or not at all."""
        from .namespaces import ALONE

        return not streams.flooded and streams.read_status(SOON).endswith(ALONE)

    def judge(self, request: Request, streams: Streams) -> tuple[str, object]:
        """Return how a child ended that nobody stopped."""
        status = self.status
        if self.namespaced:
            from . import namespaces

            if len(streams.status) < struct.calcsize(namespaces.STATUS):
                return "not_started", ("the sandbox was ended from outside", 0)
            status, *full = struct.unpack_from(namespaces.STATUS, streams.status)
            if status:
                for name, is_full in zip(("disk", "tmp"), full, strict=True):
                    if is_full and request["limits"][name] is not None:
                        return "limit_reached", (name, request["limits"][name])
        if status is None:  # killed, but not gone: it waits for a dead disk
            return "timed_out", request["timeout"] or 0.0
        code = os.waitstatus_to_exitcode(status)
        return ("signaled", -code) if code < 0 else ("exited", code)

    def prepare(self, request: Request) -> None:
        """Load what the child needs before there is a child, once."""
        self.namespaced = request["tier"] == "bubblewrap"
        if request["tier"] != "off" and ON_LINUX:
            prepare(request)

    def observe(self, request: Request, streams: Streams) -> None:
        """Get ready to hear what the child looks for, if `request` says so."""
        if not request["observe"] or request["tier"] == "off" or not ON_LINUX:
            request["observe"] = ""
            return
        program = filters_of_calls(writes=request["project"] is not None)
        if not program:
            request["observe"] = ""
            return
        from .observing import Observer

        self.observer = Observer(program)
        streams.give(self.observer.theirs)
        streams.poll.register(self.observer.ours, select.POLLIN)

    def tell_observed(self) -> None:
        """Tell what was seen, if all of it was."""
        observer, self.observer = self.observer, None
        if observer is not None:
            found = observer.result()
            observer.close()
            if found is not None:
                answer(b"i", found)

    def hear(self, fd: int, event: int, poll: select.poll) -> bool:
        """Answer the child's look-ups, if `fd` brings any."""
        observer = self.observer
        if observer is None or fd not in (observer.ours, observer.listener):
            return False
        if fd == observer.ours:
            poll.unregister(fd)
            if observer.meet():
                poll.register(observer.listener, select.POLLIN)
        elif event & select.POLLIN:
            observer.answer()
        else:  # nobody is left who could ask
            poll.unregister(fd)
        return True

    def watchdog(self, request: Request) -> Watchdog | None:
        """Return what looks after the child while it runs, if anything must be looked after."""
        if request["tier"] == "off":
            return None
        from .guard import Watchdog

        # In namespaces the scratch directory is of limited size, but for what a build step leaves behind.
        found = Watchdog(request, watches_disk=not self.namespaced or request["keeps"])
        return None if found.idle else found

    def start(self, request: Request, streams: Streams) -> None:
        """Fork. The process table may be full for a moment, so this is tried a few times."""
        for attempt in range(3):
            # No handler of ours may run in the child, nor between the fork and the assignment.
            before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
            try:
                self.status = None
                self.child = self.fork(grouped=request["grouped"])
                if self.child == 0:
                    (first if self.namespaced else become)(request, streams.theirs)
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

    def fork(self, *, grouped: bool) -> int:
        """Return 0 in the new process, and its id here."""
        if grouped and self.group >= 0:
            from .namespaces import clone_into

            return clone_into(self.group, namespaced=self.namespaced)
        if not self.namespaced:
            return os.fork()
        from .namespaces import clone

        return clone()

    def watch(
        self,
        streams: Streams,
        deadline: float | None,
        silence: int | None,
        watchdog: Watchdog | None,
        seconds: tuple[float, ...],
    ) -> tuple[str, object] | None:
        """Pass output on until the child has ended (None), or return which limit it has come to.

        Each part of a program whose output is marked has its `seconds`.
        """
        began = part = time.monotonic()
        passed, longest = 0, deadline
        poll = streams.poll
        poll.register(0, select.POLLIN)
        poll.register(self.alarm, select.POLLIN)
        over: float | None = None
        look = None if watchdog is None else began + PERIOD
        while True:
            now = time.monotonic()
            if over is None:
                self.ended = now
                over = now if self.has_ended(streams) else None
            if over is not None and not streams.written:
                return None
            if seconds:
                if streams.passed > passed:
                    passed, part = streams.passed, now
                ends = part + seconds[min(passed, len(seconds) - 1)]
                deadline = ends if longest is None else min(ends, longest)
            until = deadline if over is None else over + GRACE
            if until is not None and now >= until:
                return None if over is not None else ("timed_out", until - began)
            quiet = None if silence is None or over is not None else streams.heard + silence
            if quiet is not None and now >= quiet:
                return "limit_reached", ("silence", silence)
            if watchdog is not None and look is not None and now >= look:
                if (exceeded := watchdog.look(self.child if self.namespaced else 0)) is not None:
                    return "limit_reached", exceeded
                take(besides=self.child)
                look = time.monotonic() + PERIOD
            if streams.again is not None and now >= streams.again:
                streams.type_end()
            times = [when for when in (until, quiet, look, streams.again) if when is not None]
            for fd, event in poll.poll(min((min(times) - now) * 1000 + 1, 3_600_000) if times else None):
                self.attend(fd, event, streams)
            if streams.flooded:
                return None

    def attend(self, fd: int, event: int, streams: Streams) -> None:
        """Do what a descriptor asks for."""
        if fd == 0:
            self.leave()
        elif fd == self.alarm:
            os.read(fd, 512)
        elif self.hear(fd, event, streams.poll):
            pass
        elif fd == streams.feeding:
            streams.feed()
        else:
            streams.read(fd)

    def has_ended(self, streams: Streams) -> bool:
        """Return whether the child has ended; its process id stays taken until everything else is gone, too."""
        if self.namespaced and streams.status:
            return True
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
            if self.namespaced:  # all of it goes with its first process
                self.wait(pause)
                pause = 0.02
                continue
            for pid in descendants(os.getpid()):
                kill_group(pid)  # a group at one blow, or a fork bomb is faster than we are
                kill(pid)
            time.sleep(pause)
            pause = min(2 * pause, 0.02)
        self.child = 0

    def wait(self, seconds: float) -> None:
        """Wait until a process has ended, or `seconds` are over."""
        poll = select.poll()
        poll.register(self.alarm, select.POLLIN)
        if poll.poll(seconds * 1000):
            os.read(self.alarm, 512)

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


def report(how: str, seconds: float, value: object) -> bytes:
    """Return the last answer: `value` is a number, or words and a number."""
    parts = value if isinstance(value, tuple) else (value,)
    said = (str(part).replace("\0", "\ufffd") for part in (how, seconds, *parts))
    return "\0".join(said).encode("utf-8", "replace")


def path_of(carried: str) -> str:
    """Return a path as this program spells it, from bytes that were carried as Latin-1."""
    return os.fsdecode(carried.encode("latin-1"))


def main() -> None:
    """Serve, and clean up whatever happens."""
    gc.freeze()  # what is not looked at in a child needs no copy for it
    gc.disable()
    keep()
    given = [int(word) for word in sys.argv[2:]]
    for fd in given:
        if fd >= 0:
            os.set_inheritable(fd, False)  # noqa: FBT003 - it has no name
    supervisor = Supervisor(*given)
    try:
        supervisor.serve()
    except (EOFError, BrokenPipeError):
        pass
    except BaseException:  # noqa: BLE001 - shown as Python would, but only after nothing is left running
        sys.excepthook(*sys.exc_info())
    supervisor.leave()


if __name__ == "__main__":
    main()
