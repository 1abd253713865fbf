"""How far a run is, in words: many, or few where there is no room."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.outcome import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mkdocs_codeexec.report.progress.tally import Tally

NAMED = 3
"""Failures that one line names."""


def left_in_words(seconds: float | None) -> str:
    """Return about how long something takes; empty if that is not known."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{max(math.ceil(seconds), 1)} s left"
    if seconds < 3600:
        return f"{math.ceil(seconds / 60)} min left"
    return f"{seconds / 3600:.1f} h left"


def variants(tally: Tally, now: float) -> Iterator[str]:
    """Yield what one line of a terminal says, the longest first."""
    if tally.preparing:
        yield from _environments(tally)
        return
    left = left_in_words(tally.left(now))
    failed = f"{len(tally.failed)} failed" if tally.failed else ""
    built = f"{tally.built} built" if tally.built else ""
    done = f"samples {tally.done}/{tally.total}"
    for parts in ((done, built, failed, left and f"about {left}"), (done, failed, left), (done, failed), (done,)):
        yield ", ".join(part for part in parts if part)


def _environments(tally: Tally) -> Iterator[str]:
    under_way = list(tally.preparing.values())
    latest = under_way[-1] if len(under_way) == 1 else max(under_way, key=lambda one: one.done)
    done, total = sum(one.done for one in under_way), sum(one.total for one in under_way)
    number = f"{tally.prepared + 1}/{tally.prepared + len(under_way)}" if len(under_way) + tally.prepared > 1 else ""
    name = f"environment `{latest.environment}`"
    crates = f"crate {done}/{total}" if total else "cargo"
    if number:
        yield f"environment {number} `{latest.environment}`: {crates} {latest.part}".rstrip()
    yield f"{name}: {crates} {latest.part}".rstrip()
    yield f"{crates} {latest.part}".rstrip()
    yield crates


def fraction(tally: Tally) -> tuple[int, int]:
    """Return how much is done, and of how much."""
    if tally.preparing:
        under_way = tally.preparing.values()
        return sum(one.done for one in under_way), sum(one.total for one in under_way)
    return tally.done, tally.total


def line(tally: Tally, now: float, failed: Sequence[str]) -> str:
    """Return the line of a log, with those that have `failed` since the last one."""
    parts = []
    if tally.preparing:
        for one, since in ((one, now - tally.since[name]) for name, one in tally.preparing.items()):
            how = f", crate {one.done} of at most {one.total} (`{one.part}`)" if one.part else ""
            parts.append(f"the environment `{one.environment}` has been built for {since:.0f} s{how}")
    if tally.begun is not None and tally.total:
        done = f"{tally.done} of {counted(tally.total, 'sample')} executed"
        left = left_in_words(tally.left(now))
        parts.append(
            ", ".join([done, *([f"{len(tally.failed)} failed"] if tally.failed else []), *([left] if left else [])])
        )
    parts += [*failed[:NAMED], *([f"and {len(failed) - NAMED} more failed"] if len(failed) > NAMED else [])]
    return "; ".join(parts)
