"""How much building an Environment may use, and what is said when it wants more.

One cargo compiles as many crates at once as there are processors, and some take many times as long as any sample. So it
gets a multiple of what one compilation of a sample may use, and its time is not bounded as long as it gets on.
"""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.confinement import Limits
from mkdocs_codeexec.core.outcome import LimitReached, OutOfMemory, describe

if TYPE_CHECKING:
    from mkdocs_codeexec.core.outcome import Termination
    from mkdocs_codeexec.core.settings import Settings

TIMES = 16
"""Of `build_limits`, or as many as there are processors, if those are more."""
SILENT_TIMES = 30
"""Of `build_timeout`: how long cargo may compile without a line. It writes one for each crate that it begins with."""
SILENCE = "silence"
_MACHINE = {"memory": 3, "tmp": 1}
"""Quarters of this machine's memory that are the most of what is kept in it."""


def limits(settings: Settings) -> Limits:
    """Return the limits of a cargo that builds."""
    amounts = dataclasses.asdict(settings.build_limits)
    return Limits(**{name: _amount(name, amount) for name, amount in amounts.items()})


def silence(settings: Settings) -> int:
    """Return the seconds after which a cargo is ended that has written nothing."""
    return max(1, round(SILENT_TIMES * settings.build_timeout))


def stopped(ended: Termination, settings: Settings) -> tuple[str, str] | None:
    """Return which limit has ended a cargo, and what to set, both in words; None if none has."""
    match ended:
        case LimitReached(name, amount) if name == SILENCE:
            what = f"cargo was stopped: nothing was heard of it for {amount} s"
            more = f"{2 * settings.build_timeout:g}"
            allows = f"in {settings.host.file} allows twice as much: {SILENT_TIMES} times that long"
            return what, f"`build_timeout: {more}` {allows}"
        case LimitReached(name, amount):
            pass
        case OutOfMemory(amount):
            name = "memory"
        case _:
            return None
    what = f"cargo was {describe(ended)}"
    set_to: int = getattr(settings.build_limits, name)
    if amount < set_to * _times():
        return what, "this machine has no more; with `jobs = 1` under `[build]` in cargo's configuration it takes less"
    allows = f"in {settings.host.file} allows twice as much: {_times()} times that"
    hint = f"`build_limits: {{{name}: {2 * set_to}}}` {allows}"
    return what, f"{hint}, for dependencies together"


def _times() -> int:
    return max(TIMES, os.cpu_count() or 1)


def _amount(name: str, amount: int | None) -> int | None:
    if amount is None:
        return None
    most = _MACHINE.get(name)
    return amount * _times() if most is None else min(amount * _times(), most * _memory() // 4)


def _memory() -> int:
    """Return the MiB of memory of this machine."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024**2
