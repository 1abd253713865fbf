"""What a target is, and how one input is tried: with bounds of processor time and of memory."""

from __future__ import annotations

import gc
import os
import random
import resource
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeAlias

Mutator: TypeAlias = Callable[[bytes, int, random.Random], bytes]
"""Returns a mutant of an input, of so many bytes at most."""

LONGEST = 64 * 1024
"""Bytes of an input."""
MEMORY = 160 * 1024 * 1024
"""Bytes of address space that one input may add, however large the numbers in it are."""
BASE, EACH = 0.3, 15e-6
"""Seconds of processor time that an input may take, and those for each of its bytes: in instrumented code."""
HANGS = 20.0
"""Seconds after which an input is given up."""


class BrokenLawError(AssertionError):
    """A law does not hold."""


class TooLongError(BaseException):
    """An input takes so long that nobody waits for it. No handler of the code that is tried may take it for its own."""


def check(holds: object, law: str) -> None:
    """Raise if a law does not hold.

    Raises:
        BrokenLawError: It does not.
    """
    if not holds:
        raise BrokenLawError(law)


class Target(NamedTuple):
    """Something that reads what others have written.

    Attributes:
        seeds: Returns real values; it may write to a folder of its own.
        mutate: Makes others of them.
        law: Raises if something is wrong with an input; the documented refusals are none of that.
        longest: Bytes of an input.
        waits: Whether it waits for other processes: then time on the clock is bounded too.
    """

    seeds: Callable[[Path], Sequence[bytes]]
    mutate: Mutator
    law: Callable[[bytes], None]
    longest: int = LONGEST
    waits: bool = False


class Fault(NamedTuple):
    """What an input has brought to light.

    Attributes:
        where: The kind of fault and the place, by which faults are told apart.
        told: All that is to be said of it.
    """

    where: str
    told: str


def attempt(target: Target, data: bytes) -> Fault | None:
    """Return what is wrong with `data`; None if its law holds within the bounds."""
    fault, seconds = _once(target, data)
    allowed = BASE + EACH * len(data)
    if fault is None and seconds > allowed:
        gc.collect()  # it may have come just then
        fault, again = _once(target, data)
        if fault is None and (seconds := min(seconds, again)) > allowed:
            told = f"{seconds:.2f} s of processor time for {len(data)} bytes, expected at most {allowed:.2f}"
            fault = Fault("too slow", told)
    return fault


def _once(target: Target, data: bytes) -> tuple[Fault | None, float]:
    began = time.process_time()
    try:
        with _bounded(clock=target.waits):
            target.law(data)
    except (Exception, TooLongError) as error:  # noqa: BLE001 - each of them is a fault
        return Fault(_place(error), "".join(traceback.format_exception(error)[-12:])), time.process_time() - began
    return None, time.process_time() - began


@contextmanager
def _bounded(*, clock: bool) -> Iterator[None]:
    """Bound what follows: by processor time, on the clock if that is wanted, and in memory."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    signals = (signal.SIGPROF, signal.SIGALRM) if clock else (signal.SIGPROF,)
    timers = {signal.SIGPROF: signal.ITIMER_PROF, signal.SIGALRM: signal.ITIMER_REAL}
    before = [(one, signal.signal(one, _give_up)) for one in signals]
    for one in signals:
        signal.setitimer(timers[one], HANGS)
    resource.setrlimit(resource.RLIMIT_AS, (_size() + MEMORY, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        for one, handler in before:
            signal.setitimer(timers[one], 0)
            signal.signal(one, handler)


def _give_up(*_: object) -> None:
    raise TooLongError(f"not done after {HANGS:.0f} s")


def _size() -> int:
    """Return the bytes of address space that this process has."""
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - for each input
        return int(file.read().split(None, 1)[0]) * _PAGE


_PAGE = os.sysconf("SC_PAGE_SIZE")


def _place(error: BaseException) -> str:
    """Return where in the plugin `error` came from; for a law, which."""
    if isinstance(error, BrokenLawError):
        return f"law: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/mkdocs_codeexec/" in frame.filename] or frames
    if isinstance(error, TooLongError):
        return f"hangs in {ours[-1].name}"
    last = ours[-1]
    return f"{type(error).__name__} in {last.filename.rpartition('/mkdocs_codeexec/')[2]}:{last.lineno} ({last.name})"
