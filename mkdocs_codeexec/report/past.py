"""What past runs came to, in words."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.wording import counted

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from mkdocs_codeexec.report.history import Past, Row

FORMAT = 1
SLOWEST = 5
"""Samples that are told as the slowest."""
MOST = 100
"""Samples that are told as failed, or as different."""
_SPANS = ((60, "second"), (60, "minute"), (24, "hour"), (7, "day"), (0, "week"))


def ago(then: dt.datetime, now: dt.datetime) -> str:
    """Say how long ago that was; of a time to come, that the clock has changed."""
    amount = (now - then).total_seconds()
    if amount < -1:
        return "in the future (a clock was changed)"
    for size, word in _SPANS:
        if not size or amount < size:
            return f"{counted(max(0, int(amount)), word)} ago"
        amount /= size
    raise AssertionError


def listed(runs: Iterable[Past], most: int, now: dt.datetime) -> Iterator[str]:
    """Yield a line for each of the last `most` runs, the last one first."""
    number = 0
    for number, run in enumerate(islice(runs, most), start=1):  # noqa: B007 - how many there were
        yield f"{run.run_id}  {ago(run.started, now)}: {_counts(run)}"
    if not number:
        yield "no run is known: none has ended yet, or `cache_dir` is another one"


def whole(run: Past, now: dt.datetime) -> Iterator[str]:
    """Yield what is known of one run."""
    yield f"{run.run_id}, {run.started.isoformat()}, {ago(run.started, now)}"
    yield _counts(run)
    if run.sandbox:
        yield f"sandbox: {run.sandbox}"
    failing = [row for row in run.rows if row.failed]
    yield from (f"{row.place}: {row.reason or row.verdict}" for row in failing[:MOST])
    if len(failing) > MOST:
        yield f"… and {counted(len(failing) - MOST, 'more sample')} that failed"
    fresh = sorted((row for row in run.rows if not row.cached and row.seconds), key=lambda row: -row.seconds)
    if fresh:
        yield f"slowest of {counted(len(fresh), 'sample')} that were executed:"
        for row in fresh[:SLOWEST]:
            yield f"{row.seconds:9.3f} s  {row.place}"
    if saved := sum(row.seconds for row in run.rows if row.cached):
        yield f"the store has saved {saved:.1f} s of executing"


def compared(one: Past, other: Past) -> Iterator[str]:
    """Yield how two runs differ: what failed in one alone, what is new or gone, and what has become slower or faster."""
    first, second = sorted((one, other), key=lambda run: run.run_id)
    yield f"from {first.run_id}: {_counts(first)}"
    yield f"to   {second.run_id}: {_counts(second)}"
    some = first.selected is not None or second.selected is not None
    was, now = _by_identity(first, by_line=some), _by_identity(second, by_line=some)
    every = [*now, *(each for each in was if each not in now)]
    lines = [_difference(was.get(each), now.get(each)) for each in every if not some or (each in was and each in now)]
    told = [line for line in lines if line]
    yield from told[:MOST]
    if len(told) > MOST:
        yield f"… and {counted(len(told) - MOST, 'more sample')} that differ"
    if not told:
        yield f"no sample {'of both ' * some}differs in what it is worth"
    both = [(now[each].seconds - was[each].seconds, each) for each in now if each in was and not now[each].cached]
    slower = [(more, each) for more, each in sorted(both, reverse=True) if more > 0.1 and more > was[each].seconds / 2]
    for more, each in slower[:SLOWEST]:
        yield f"{now[each].place}: slower by {more:.1f} s ({was[each].seconds:.1f} s before)"


def _by_identity(run: Past, *, by_line: bool) -> dict[tuple[str, str], Row]:
    """Return the samples of a run by page and name; those without one by line, or by number, as lines move."""
    found: dict[tuple[str, str], Row] = {}
    numbers: dict[str, int] = {}
    for row in run.rows:
        numbers[row.page] = number = numbers.get(row.page, 0) + 1
        found[row.page, row.name or (f":{row.line}" if by_line else f"{number}.")] = row
    return found


def _difference(was: Row | None, now: Row | None) -> str:
    if was is None or now is None:
        row = now or was
        return f"{row.place}: {f'new, {row.verdict}' if now else 'gone'}" if row else ""
    if was.verdict == now.verdict:
        return ""
    return f"{now.place}: {was.verdict} → {now.verdict}{f': {now.reason}' if now.reason else ''}"


def _counts(run: Past) -> str:
    counts = run.counts
    executed, cached = counts.get("executed", 0), counts.get("cached", 0)
    rate = f" ({100 * cached // (cached + executed)} %)" if cached + executed else ""
    parts = [f"{executed} executed", f"{cached} cached{rate}", f"{run.failed} failed"]
    if run.selected is not None:
        parts.append("of a selection")
    if not run.ended:
        parts.append("interrupted")
    return f"{counted(counts.get('samples', 0), 'sample')}: {', '.join(parts)} ({run.seconds:.1f} s)"
