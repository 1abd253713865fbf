"""How a probe is tried: in a process of its own, for a few seconds at most."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import select
import signal
import time
from collections.abc import Callable
from typing import Any

Canaries = dict[str, Any]
"""What there is to be reached, as `probing.canaries` describes it."""
Try = Callable[[Canaries], "str | None"]
"""Returns a word about what it has reached; nothing, or an error of the system, if that was not to be."""

HELD, REACHED, ABSENT = "held", "reached", "absent"
PROBES: dict[str, Try] = {}
LIBC: Any = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
PATIENCE = 5.0
"""Seconds that one probe may take."""
UNKNOWN_HERE = (errno.ENOSYS, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT)
"""What the kernel says of something that it does not have."""
MISSING = (errno.ENOENT, *UNKNOWN_HERE)
"""What says the least of why something is not to be had."""
REFUSALS = (errno.EPERM, errno.EACCES)


class Absent(Exception):  # noqa: N818 - says what it means
    """There is no such thing on this machine."""


def probe(function: Try) -> Try:
    """Make a probe of `function`, called by its module and its name."""
    PROBES[f"{function.__module__.rpartition('.')[2]}.{function.__name__.replace('_', '-')}"] = function
    return function


def either(canaries: Canaries, *tries: Try) -> str | None:
    """Return what the first of `tries` has reached that reaches something.

    Raises:
        OSError: None does; why one did not.
        Absent: There is none of what they try.
    """
    failures: list[OSError] = []
    absent: list[Absent] = []
    for one in tries:
        try:
            if found := one(canaries):
                return found
        except OSError as error:
            failures.append(error)
        except Absent as error:
            absent.append(error)
    if failures:
        raise min(failures, key=lambda error: error.errno in MISSING)
    if len(absent) == len(tries):
        raise absent[0]
    return None


def call(canaries: Canaries, name: str, *arguments: Any) -> int:
    """Call the system.

    Raises:
        Absent: Nobody knows the number of that call on this machine.
        OSError: It fails.
    """
    number = canaries["calls"].get(name)
    if number is None:
        raise Absent("there is no such system call")
    words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return done(LIBC.syscall(ctypes.c_long(number), *words))


def done(result: int) -> int:
    """Return what a function of the C library returned.

    Raises:
        OSError: It failed.
    """
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def refused_only_as_wrong(function: Callable[[], object]) -> str | None:
    """Do what can only be refused, and tell whether it was for another reason than a lack of permission."""
    try:
        function()
    except OSError as error:
        if error.errno in REFUSALS or error.errno in UNKNOWN_HERE:
            raise
        return f"permitted, and only wrong ({name_of(error)})"
    return "done"


def same_processes(canaries: Canaries) -> int:
    """Return the number of the victim.

    Raises:
        OSError: That number means another process here, one of this program's own.
    """
    victim = int(canaries["victim"])
    try:
        elsewhere = os.readlink("/proc/self/ns/pid") != canaries["processes"]
    except OSError:
        elsewhere = False
    if elsewhere and os.path.exists(f"/proc/{victim}"):
        raise OSError(errno.ESRCH, "that is another process")
    return victim


def name_of(error: OSError) -> str:
    """Return what went wrong in one word."""
    return errno.errorcode.get(error.errno or 0, type(error).__name__)


def once(function: Try, canaries: Canaries) -> list[str]:
    """Try, in this process, and return what came of it and a word about that."""
    try:
        found = function(canaries)
    except Absent as error:
        return [ABSENT, str(error)]
    except OSError as error:
        return [ABSENT if error.errno in UNKNOWN_HERE else HELD, name_of(error)]
    except Exception as error:  # noqa: BLE001 - it has reached nothing
        return [HELD, f"{type(error).__name__}: {error}"[:100]]
    return [REACHED, found[:100]] if found else [HELD, ""]


def apart(function: Try, canaries: Canaries) -> list[str]:
    """Try in a process of its own: what it does to itself is gone with it."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            os.write(writer, json.dumps(once(function, canaries)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    until = time.monotonic() + PATIENCE
    said = b""
    while (left := until - time.monotonic()) > 0 and select.select([reader], [], [], left)[0]:
        piece = os.read(reader, 4096)
        if not piece:
            break
        said += piece
    os.close(reader)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if said:
        return list(json.loads(said))
    code = os.waitstatus_to_exitcode(status)
    return [HELD, "it took too long" if code == -signal.SIGKILL else f"ended by signal {-code}"]


def variables() -> dict[str, str]:
    """Return the variables of this process."""
    return dict(os.environ)


LAST = "files.links"
"""What may move the working directory away."""


def everything(canaries: Canaries) -> dict[str, list[str]]:
    """Try every probe, and return what came of each."""
    return {name: apart(PROBES[name], canaries) for name in sorted(PROBES, key=LAST.__eq__)}
