"""Children: started, watched, bounded and ended.

The work is done by supervisors, small programs of their own. Each thread that runs a child has one to itself for as long,
and gives it back for the next child.
"""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.confinement import STRICT, WALLS, Access
from mkdocs_codeexec.core.outcome import Exited, NotStarted, OutOfMemory, Signaled, StepResult, TimedOut, describe
from mkdocs_codeexec.core.protocols import Command
from mkdocs_codeexec.errors import Cancelled
from mkdocs_codeexec.runtime.answers import PASSING, ended
from mkdocs_codeexec.runtime.kept import Kept
from mkdocs_codeexec.runtime.observed.asked import decoded
from mkdocs_codeexec.runtime.parts import Divided, results
from mkdocs_codeexec.runtime.sandbox import bubblewrap, groups, places, tiers, users
from mkdocs_codeexec.runtime.sandbox.tiers import Choice
from mkdocs_codeexec.runtime.sections import Sections
from mkdocs_codeexec.runtime.starting import Post, Supervisor, encode
from mkdocs_codeexec.runtime.supervising.protocol import SCRATCH, STEPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mkdocs_codeexec.core.confinement import SandboxMode, Tier
    from mkdocs_codeexec.core.outcome import StepKind, Termination
    from mkdocs_codeexec.core.protocols import OutputSink, Unavailability
    from mkdocs_codeexec.runtime.sandbox.groups import Group

STOP_SECONDS = 0.25
"""How long `stop_all` waits for children to be gone; they are ended in any case."""

# The interpreter is there, for it is what runs us and the supervisors: that a shell is missing says nothing of a tier.
_TRIAL = Command(
    argv=(os.path.realpath(sys.executable), "-I", "-S", "-V"),
    cwd=Path("/"),
    env={"LD_LIBRARY_PATH": f"{sys.base_prefix}/lib"},
    timeout=5.0,
    access=Access(readable=tuple(sorted(set(places.interpreter())))),
)
SLOW = 3.0
"""Seconds after which it is told that trying a tier takes long."""

_SUPPORTED = hasattr(os, "fork")

_settled: dict[tuple[tuple[Tier, ...], str | None], Choice] = {}
"""What was found out already in this process, which may build a site many times."""
_choosing = threading.Lock()
_no_groups: list[str] = []
"""Why groups of processes cannot be used, if that was found out in this process."""
_reached: list[Access] = []
"""What the children of the last batch reached, most of them first."""
MOST_EXPECTED = 2
START = 0.05
"""Seconds that a start of bubblewrap takes, with a supervisor in it."""
GLANCE = 0.001
ANYWHERE = ("/", "/tmp")  # noqa: S108 - within the sandbox
"""Folders that are there wherever bubblewrap puts a supervisor."""


class Children:
    """Runs children, any number at once, each call in the thread that makes it.

    One object serves one batch. A context manager: leaving it ends what is still there.

    Attributes:
        few: Whether only few children are to be run, so that what one has ended in is likely to be free before another is there.

    Args:
        mode: How strongly children with an `access` must be confined.
        path: Where bubblewrap is searched; None is the default of the system.
        tiers: Those that may be chosen.
        say: Is told, by a thread of its own, if it takes long to find out what works.
    """

    def __init__(
        self,
        mode: SandboxMode = "off",
        *,
        path: str | None = None,
        tiers: Sequence[Tier] = WALLS,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self._mode = mode
        self._path = path
        self._tiers = tuple(tiers)
        self._say = say
        self._groups: Path | None = None
        self._ungrouped = "there are none yet"
        self._choice = Choice("off") if mode == "off" else _settled.get((self._tiers, path))
        # Lists and deques are changed by single, atomic calls only, and without a lock: `stop_all` may be called by a
        # signal handler, in a thread that would be holding that lock.
        self._all: list[Supervisor] = []
        self._idle: dict[Post | None, deque[Supervisor]] = {}
        self._expected: tuple[Post, ...] = ()
        self.few = False
        self._stopped = False
        self._deadline = math.inf
        self._too_late = ""

    def __enter__(self) -> Children:
        """Let the first supervisor start, unless it depends on what is run where."""
        if self._mode != "off" and sys.platform == "linux":
            self._groups, self._ungrouped = (None, _no_groups[0]) if _no_groups else groups.open_groups()
        if not self._may_be_within():
            self.prepare(1)
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def prepare(self, count: int) -> None:
        """Let `count` supervisors start meanwhile, so that nobody waits for them later. Costs 2 ms each."""
        with suppress(OSError):  # whoever needs one hears why there is none
            while _SUPPORTED and not self._stopped and len(self._all) < count:
                self._put_back(self._start(None))

    def limit(self, seconds: float, reason: str) -> None:
        """End what still runs after `seconds` from now, and start nothing more: both is `NotStarted(reason)`."""
        self._deadline = time.monotonic() + seconds
        self._too_late = reason

    @property
    def tier(self) -> Tier:
        """How children with an `access` are confined. The first to ask waits until something has run so, once.

        `off` where no tier works, too: none of them is started then (`refusal`).
        """
        return self._chosen().tier or "off"

    @property
    def confinement(self) -> str:
        """The same, as an outcome says it."""
        return STRICT if self._mode == "strict" else self.tier

    @property
    def refusal(self) -> Unavailability | None:
        """Why no such child is started at all: the tier is weaker than what is required, or none works."""
        return None if self._mode == "off" else tiers.refusal(self._mode, self._chosen(), self.inexact)

    @property
    def inexact(self) -> str:
        """Why the kernel does not bound memory and processes of a child as a whole; empty if it does."""
        self._chosen()
        return self._ungrouped

    @property
    def told(self) -> str:
        """How such children are confined, and what would be stronger, in words."""
        return tiers.told(self._mode, self._chosen())

    @property
    def choice(self) -> Choice:
        """The tier, and why none of the stronger ones is used."""
        return self._chosen()

    def _chosen(self) -> Choice:
        if self._choice is None:
            with _choosing:  # of several that begin at once, the others know what the first has found out
                if self._choice is None:
                    settled = _settled.get((self._tiers, self._path))
                    self._choice = settled or tiers.choose(self._mode, self._tiers, self._path, self._try)
                    if self._choice.tier == self._tiers[0]:  # else there may be a stronger one next time
                        _settled[self._tiers, self._path] = self._choice
        return self._choice

    def expect(self, scratch: Path, accesses: Iterable[Access] = ()) -> None:
        """Let supervisors start for what children will reach, and for what the last ones reached in this process.

        Whether bubblewrap works is tried in one of them, if that is not known.

        Args:
            scratch: Where scratch directories will be.
            accesses: What children will reach.
        """
        if not self._may_be_within():
            return
        known = () if self._choice is None else list(_reached)
        places = tuple(Post(access, str(scratch), None) for access in dict.fromkeys((*accesses, *known)))
        self._expected = places
        with suppress(OSError):
            for place in places:
                if not self._stopped and not self._idle.get(place):
                    self._put_back(self._start(place))

    def forget(self) -> None:
        """Expect nothing any more: scratch directories will be elsewhere."""
        self._expected = ()

    def _may_be_within(self) -> bool:
        """Tell whether supervisors are within bubblewrap, as far as that is known."""
        if self._choice is not None:
            return self._choice.tier == "bubblewrap"
        return "bubblewrap" in self._tiers and bubblewrap.program(self._path) is not None

    def _remember(self) -> None:
        """Remember what children have reached: in `serve`, the next build asks for the same."""
        places = [supervisor.place for supervisor in self._all if supervisor.place and supervisor.place.scratch]
        if places:
            _reached[:] = [access for access, _ in Counter(place.access for place in places).most_common(MOST_EXPECTED)]

    def _try(self, tier: Tier) -> str:
        """Return why `tier` does not work, or nothing; where it works without groups of processes alone, there are none."""
        why = self._tried(tier)
        if why and self._groups is not None:
            kept, self._groups = self._groups, None
            self._discard_idle()
            if again := self._tried(tier):
                self._groups = kept
                return again
            groups.close_groups(kept)
            self._ungrouped = why
            _no_groups.append(why)
            why = ""
        return why

    def _tried(self, tier: Tier) -> str:
        """Run something in `tier`, and return why it does not work, or nothing."""
        wait = threading.Timer(
            SLOW, self._say or str, [f"whether the sandbox `{tier}` works here is still being tried"]
        )
        wait.daemon = True
        began = time.monotonic()
        with suppress(RuntimeError):  # the system has no threads left
            wait.start()
        try:
            place = self._expected[0] if self._expected and tier == "bubblewrap" else None
            how = self._run(_TRIAL, "run", tier, place=place).ended
            if place is not None and how != Exited(0) and time.monotonic() - began < SLOW:
                how = self._run(_TRIAL, "run", tier).ended  # what is reached there may be to blame
            for pause in (0.1, 0.2):
                if isinstance(how, NotStarted) and how.transient and time.monotonic() - began < SLOW:
                    time.sleep(pause)  # a lack that passes must not cost the whole build its sandbox
                    how = self._run(_TRIAL, "run", tier).ended
        finally:
            wait.cancel()
        if how == Exited(0):
            return ""
        return how.why if isinstance(how, NotStarted) else describe(how)

    @property
    def too_late(self) -> str:
        """Why nothing is started any more, or an empty string."""
        return self._too_late if time.monotonic() >= self._deadline else ""

    def check(self) -> None:
        """Raise if everything was stopped.

        Raises:
            Cancelled: It was.
        """
        if self._stopped:
            raise Cancelled("the run was stopped")

    def run(self, command: Command, kind: StepKind, *, on_output: OutputSink | None = None) -> StepResult:
        """Run `command` to its end and return how it went; the child and all that it started are gone then.

        Never raises for what the child does, or for what keeps it from starting. What descends from the child may go
        on for 0.2 s after it, if it holds one of its output streams.

        Args:
            command: What to start; its program is looked up on the `PATH` of its own environment.
            kind: What the result is called.
            on_output: Gets chunks of output as they come, in this thread.

        Raises:
            Cancelled: The run was stopped from outside.
        """
        self.check()
        if command.access is None:
            return self._run(command, kind, "off", on_output)
        if (refusal := self.refusal) is not None:
            return _result(kind, NotStarted(refusal.reason))
        return self._run(command, kind, self.tier, on_output)

    def _run(
        self,
        command: Command,
        kind: StepKind,
        tier: Tier,
        on_output: OutputSink | None = None,
        place: Post | None = None,
    ) -> StepResult:
        if not _SUPPORTED:
            return _result(kind, NotStarted(f"samples cannot be run on `{sys.platform}`, which lacks `fork`"))
        left = self._deadline - time.monotonic()
        if left <= 0:
            return _result(kind, NotStarted(self._too_late))
        try:
            grouped = self._groups is not None and tier != "off"
            place = place or self._place(command, tier)
            user = _user(command, tier)
            request = encode(command, left, kind, tier, user, grouped=grouped, root=place and place.scratch)
            supervisor, group = self._bounded(command, kind, tier, place, grouped=grouped)
        except OSError as error:
            why = f"no process could be started: {error.strerror}"
            return _result(kind, NotStarted(why, transient=error.errno in PASSING))
        except UnicodeError as error:
            return _result(kind, NotStarted(f"the command line cannot be encoded: {error}"))
        began = time.time()
        start = time.monotonic()
        out, err = _streams(command)
        try:
            longest = min(left, math.inf if command.timeout is None else command.timeout)
            report = supervisor.ask(request, longest, {b"o": out, b"e": err}, on_output)
        except BaseException:  # Ctrl-C in this thread, or a fault of `on_output`
            self._discard(supervisor)
            raise
        if report is None:
            # Once it has a child, that may be to blame.
            transient = not supervisor.has_child
            why = self._discard(supervisor)
            self.check()
            return _result(kind, NotStarted(f"the process that starts samples {why}", transient))
        how = ended(report, command)
        if group is not None and command.limits.memory is not None and group.was_short_of_memory():
            how = OutOfMemory(command.limits.memory)
        _hand_over(command, kind, supervisor, how)
        self._put_back(supervisor)
        if isinstance(how, TimedOut) and (command.timeout is None or left < command.timeout):
            how = NotStarted(self._too_late)
        parts: tuple[StepResult, ...] = ()
        if isinstance(out, Divided) and isinstance(err, Divided):
            parts = results(out, err, kind, how, start)
            parts = tuple(replace(part, merged=command.merged) for part in parts)
            how = parts[-1].ended
        (stdout, no_stdout), (stderr, no_stderr) = out.finish(), err.finish()
        return StepResult(
            kind=kind,
            stdout=stdout,
            stderr=stderr,
            ended=how,
            truncated=(no_stdout, no_stderr),
            duration=report.seconds,
            began=began,
            asked=None if report.asked is None else decoded(report.asked),
            parts=parts,
            contents=out.contents,
            merged=command.merged,
        )

    def stop_all(self) -> None:
        """End all children now; every `run`, in progress or to come, raises `Cancelled`.

        May be called from any thread and from a signal handler, and again. Takes less than 0.3 s.
        """
        self._stopped = True
        for supervisor in list(self._all):
            supervisor.terminate()
        give_up = time.monotonic() + STOP_SECONDS
        while not all(supervisor.has_ended for supervisor in list(self._all)) and time.monotonic() < give_up:
            time.sleep(0.002)

    def close(self) -> None:
        """End what is still there and free everything. Nothing can be run afterwards."""
        self._remember()
        self.stop_all()
        self._discard_idle()
        if self._groups is not None:
            groups.close_groups(self._groups)
            self._groups = None

    def _discard_idle(self) -> None:
        while True:
            try:
                _, waiting = self._idle.popitem()  # those that are not idle are closed by the thread that has them
            except KeyError:
                break
            while waiting:
                self._discard(waiting.pop())

    def _place(self, command: Command, tier: Tier) -> Post | None:
        """Return where `command` needs its supervisor; None if any will do.

        What starts in no folder of this machine is at home where others reach the same.
        """
        if tier != "bubblewrap" or command.access is None:
            return None
        if command.scratch is not None:
            return Post(command.access, str(command.scratch.parent), None)
        alike = (place for place in self._expected if place.access == command.access)
        own = Post(command.access, None, str(command.cwd))
        return next(alike, own) if str(command.cwd) in ANYWHERE else own

    def _bounded(
        self, command: Command, kind: StepKind, tier: Tier, place: Post | None, *, grouped: bool
    ) -> tuple[Supervisor, Group | None]:
        """Return a supervisor for `command`, and its group, in which its child will be bounded, if it has one.

        Raises:
            OSError: None can be started, or the group cannot be bounded.
        """
        supervisor = self._take(place, patient=self.few and kind == "run" and command.scratch is not None)
        group = supervisor.group if grouped else None
        try:
            if group is not None:
                group.bound(command.limits, files_are_memory=tier == "bubblewrap")
        except OSError:
            self._discard(supervisor)
            raise
        return supervisor, group

    def _put_back(self, supervisor: Supervisor) -> None:
        self._idle.setdefault(supervisor.place, deque()).append(supervisor)

    def _take(self, place: Post | None, *, patient: bool) -> Supervisor:
        """Return a supervisor at `place`; who is `patient` waits for one that is at work there, no longer than a start takes."""
        waiting = self._idle.setdefault(place, deque())
        until = time.monotonic() + START if patient and any(one.place == place for one in list(self._all)) else 0.0
        while True:
            try:
                supervisor = waiting.pop()
            except IndexError:
                if place is not None and not self._stopped and time.monotonic() < until:
                    time.sleep(GLANCE)
                    continue
                return self._start(place)
            if not supervisor.has_ended:
                return supervisor
            self._discard(supervisor)

    def _start(self, place: Post | None) -> Supervisor:
        group = None
        if self._groups is not None:
            try:
                group = groups.Group(self._groups)
            except OSError:
                if self._mode == "strict":
                    raise
        supervisor = Supervisor(place, self._path, group)
        self._all.append(supervisor)
        if self._stopped:  # `stop_all` may have looked just before the line above
            self._discard(supervisor)
            self.check()
        return supervisor

    def _discard(self, supervisor: Supervisor) -> str:
        why = supervisor.dismiss()
        with suppress(ValueError):
            self._all.remove(supervisor)
        return why


def _streams(command: Command) -> tuple[Kept, Kept]:
    """Return what takes the output of `command`."""
    head, tail = command.keep_head, command.keep_tail
    shown = Sections if command.shows else Kept
    if command.marks is None:
        return shown(head, tail), Kept(head, tail)
    return Divided(head, tail, command.marks, shown), Divided(head, tail, command.marks)


def _hand_over(command: Command, kind: StepKind, supervisor: Supervisor, how: Termination) -> None:
    """Let `command.leaves` look at the working directory, before the memory that it takes counts for another child."""
    if command.leaves is None:
        return
    fd = supervisor.handed()
    if fd is None and (supervisor.place is None or kind == "build"):
        fd = os.open(command.cwd, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | os.O_CLOEXEC)
    if fd is not None:
        try:
            if isinstance(how, Exited | Signaled):
                command.leaves(fd)
        finally:
            os.close(fd)


def _user(command: Command, tier: Tier) -> int | None:
    """Return the user that the child of `command` becomes: as root, not root; others cannot become anybody.

    What it may write to is made that user's own.
    """
    user = users.builder()
    if user is None or command.access is None or command.own:
        return None
    for folder in map(Path, command.access.writable):
        if tier == "off":
            users.take(folder)
        else:
            users.give_path(folder, user)
    if tier == "off":
        return None
    if not command.access.writable:
        return user if command.user is None else command.user
    if command.scratch is not None:  # what is kept from one to the next belongs to one user
        for name in (*SCRATCH, STEPS):
            if name != STEPS or (command.scratch / name).exists():
                users.give_path(command.scratch / name, user)
    return user


def _result(kind: StepKind, ended: Termination) -> StepResult:
    return StepResult(kind=kind, stdout="", stderr="", ended=ended)
