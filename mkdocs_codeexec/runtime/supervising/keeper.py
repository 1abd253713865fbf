"""What outlives a supervisor: its parent, which ends what it leaves behind if somebody kills it.

A supervisor is the child subreaper of all that its child starts; if it is killed, what came of the child goes to the next
subreaper above it. That is this process, which does nothing else but wait: a supervisor is forked from it, so it costs a
fork for each supervisor and nothing for each child. It is outside of all walls, so it can end who is within.

Inside bubblewrap there is none: the supervisor is the first process there, and the kernel ends all others with it.
"""

from __future__ import annotations

import os
import time

from .processes import (
    ON_LINUX,
    PR_SET_CHILD_SUBREAPER,
    PR_SET_DUMPABLE,
    PR_SET_PDEATHSIG,
    descendants,
    kill,
    kill_group,
    prctl,
)
from .signals import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

PATIENCE = 5.0
"""Seconds in which killed processes must be gone; what waits for a dead disk is left to the kernel."""
FORWARDED = {signal.SIGTERM, signal.SIGINT}


def keep() -> None:
    """Return in a new process, and stay behind as its parent; do nothing where that would be of no use."""
    if not ON_LINUX or os.getpid() == 1:
        return
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    prctl(PR_SET_DUMPABLE, 0)
    keeper = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)
    supervisor = os.fork()
    if supervisor:
        stay(supervisor)
    # The one who waits can be killed, too. A group of its own, so that both are not killed at one blow.
    os.setsid()
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
    if os.getppid() != keeper:
        os._exit(0)


def stay(supervisor: int) -> NoReturn:
    """Wait for the end of `supervisor`, end what it has left, and end in the same way."""

    def forward(*_: object) -> None:
        os.kill(supervisor, signal.SIGTERM)
        os.kill(supervisor, signal.SIGCONT)  # a sample may have stopped it

    signal.signal(signal.SIGTERM, forward)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
    _, status = os.waitpid(supervisor, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the number may be another's from here on
    end_orphans()
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 1)


def end_orphans() -> None:
    """Kill all that descends from this process, again and again until nothing is left."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        for pid in descendants(os.getpid()):
            kill_group(pid)
            kill(pid)
        time.sleep(0.002)
