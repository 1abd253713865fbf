"""What may change how a sample ended, by what is known of its end alone; languages know more of theirs."""

from __future__ import annotations

import errno
import math
import os
import re
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.confinement import ISOLATED
from mkdocs_codeexec.core.outcome import Exited, LimitReached, NotStarted, OutOfMemory, Signaled, TimedOut

if TYPE_CHECKING:
    from mkdocs_codeexec.core.outcome import Outcome


def hint_of(outcome: Outcome, language: str, file: str) -> str:
    """Return which option of the site's `file` may change how the last step ended; nothing if none is known to."""
    step = outcome.steps[-1]
    match step.ended:
        case Exited(126 | 127) if step.kind == "run" and outcome.sandbox in ISOLATED:  # a shell's "command not found"
            return (
                "the sandbox shows programs of the system and of the language; the folder of another one is named "
                f"under `languages.{language}.readable` in {file}"
            )
        case Exited() | Signaled() if outcome.sandbox in ISOLATED and (call := refused(step.errors)):
            return (
                f"the sandbox refuses some system calls{call}; docs/sandbox.md of mkdocs-codeexec lists them, and what "
                "works instead"
            )
        case TimedOut(after) if step.kind == "run":
            return (
                f'`timeout="{longer}"` on the fence, or `timeout` in {file} for all, gives it more time'
                if (longer := _longer(after)) > after
                else f"`timeout` in {file} gives all samples more time"
            )
        case TimedOut():
            return f"`build_timeout` in {file} gives compilers more time"
        case OutOfMemory(limit):
            name = "memory"
        case LimitReached("left", _):
            return (
                "it is needed by others, so all files that it leaves are kept: have it remove those that nobody reads"
            )
        case LimitReached(name, limit):
            pass
        case NotStarted(why) if why.endswith(os.strerror(errno.E2BIG)):
            return (
                "its `env` and `args`, those of its page and of its language among them, are more than the system hands "
                "over to a program: let the sample read what is large from a file"
            )
        case _:
            return ""
    option = "build_limits" if step.kind == "build" else "limits"
    # The system says the same of a thread that finds no memory for its stack.
    more = "; the stacks of threads count as `memory`" if name == "processes" else ""
    return f"`{option}: {{{name}: {2 * limit}}}` in {file} allows twice as much{more}"


MOST_SECONDS = 300
"""What a fence may ask for."""


def _longer(seconds: float) -> int:
    """Return seconds that are more than `seconds`, as far as a fence may ask for them."""
    return min(max(30, math.ceil(3 * seconds)), MOST_SECONDS)


_REFUSED = re.compile(
    r"Operation not permitted|Function not implemented|\(os error (?:1|38)\)|\b(?:EPERM|ENOSYS)\b|PermissionError: \[Errno 1\]"
)
"""What programs say whose system call was refused, or is not there: EPERM and ENOSYS, in words and by name."""
_CALL = re.compile(
    r"\b(ptrace|prlimit|setpriority|ioprio_set|sched_set\w+|shmget|shmat|semget|msgget|mq_open|inotify_\w+|socket|connect"
    r"|bind|mount|unshare|chroot|setns|perf_event_open|bpf|io_uring_\w+|keyctl|process_vm_\w+|memfd_secret)\b"
)


def refused(said: str) -> str:
    """Return which system call the sandbox may have refused, by what a program `said`; nothing if it says no such thing."""
    found = _REFUSED.search(said)
    if found is None:
        return ""
    start = said.rfind("\n", 0, found.start()) + 1
    end = said.find("\n", found.end())
    call = _CALL.search(said[start : end if end >= 0 else len(said)])
    return f", `{call[1]}` perhaps" if call else ", perhaps one that it has made"
