"""The last runs of a site, each as `last-run.json` has it: `<cache_dir>/runs/<run_id>.json`.

There is no lock: a file is complete or absent, any number of builds may write and tidy at the same time, and any file may be
deleted at any time. Strangers may have written there: what is not a run of ours is not there.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.core.wording import FAILING
from mkdocs_codeexec.untrusted import Tree, remove

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from mkdocs_codeexec.untrusted import Folder

RUNS = "runs"
MOST = 100
"""Runs that are kept."""
MOST_BYTES = 64 * 1024 * 1024
"""Bytes that they take; the last one is kept however large it is."""
LARGEST = 64 * 1024 * 1024
"""Bytes of a run that is read."""
FORMAT = 1
_NAME = re.compile(r"(?P<id>[0-9]{8}T[0-9]{12}-[0-9a-f]{8})\.json")


@dataclass(frozen=True, slots=True)
class Row:
    """A sample in a run.

    Attributes:
        page: Where it was.
        line: The same.
        name: What its author calls it; may be empty.
        verdict: What it was worth.
        reason: Why, in words; may be empty.
        cached: Whether a stored outcome answered it.
        seconds: What it took to build and to run it, whenever that was.
    """

    page: str
    line: int
    name: str
    verdict: str
    reason: str
    cached: bool
    seconds: float

    @property
    def failed(self) -> bool:
        """Whether a build fails for it."""
        return self.verdict in FAILING

    @property
    def place(self) -> str:
        """Where it was, in words."""
        return f"{self.page}:{self.line}"


@dataclass(frozen=True, slots=True)
class Past:
    """A run that has ended.

    Attributes:
        run_id: Its name.
        started: When it began.
        seconds: What it spent on samples.
        sandbox: Under what samples were executed; empty if none was.
        counts: How many samples there were of each kind.
        rows: Its samples, in the order of pages.
        selected: The pages of which these were all samples, if they were some of the site only; None for the site.
        ended: Whether it came to its end.
    """

    run_id: str
    started: dt.datetime
    seconds: float
    sandbox: str
    counts: Mapping[str, int]
    rows: tuple[Row, ...]
    selected: frozenset[str] | None = None
    ended: bool = True

    @property
    def failed(self) -> int:
        """How many samples failed."""
        from mkdocs_codeexec.report.rows import (
            FAILING,  # which knows what verdicts are: half of what `status` would load
        )

        return sum(self.counts.get(name, 0) for name in FAILING)


def keep(directory: Path, run_id: str, text: bytes) -> None:
    """Keep a run, and forget the oldest ones that are too many.

    Args:
        directory: The store's.
        run_id: Its name.
        text: What is kept of it, JSON.

    Raises:
        OSError: The disk is in the way.
    """
    with Tree(directory) as tree:
        tree.replace((RUNS, f"{run_id}.json"), text)
        with tree.folder((RUNS,)) as folder:
            for name, fits in _bounded(folder):
                with suppress(OSError, ValueError):  # another build tidies, too
                    if name != f"{run_id}.json" and not fits:
                        remove(folder, name)


def names(directory: Path) -> list[str]:
    """Return the names of the runs that are kept, the last one first; not of more than a build would keep."""
    try:
        with Tree(directory) as tree, tree.folder((RUNS,)) as folder:
            return [name.removesuffix(".json") for name, fits in _bounded(folder) if fits]
    except OSError:
        return []


def _bounded(folder: Folder) -> Iterator[tuple[str, bool]]:
    """Yield the files of runs, the last one first, and whether that is one of those that are kept."""
    size = 0
    for number, name in enumerate(_last_first(filter(_NAME.fullmatch, folder.names()))):
        with suppress(OSError):  # it has just gone
            size += folder.about(name).st_size
            yield name, number < MOST and (size <= MOST_BYTES or not number)


def _last_first(names: Iterable[str]) -> list[str]:
    """Return `names` of runs, the last one first.

    What is dated later than tomorrow comes from a clock that was wrong, and is not the last one for all the time to come.
    """
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    return sorted(names, key=lambda name: (name < f"{tomorrow:%Y%m%dT%H%M%S}", name), reverse=True)


def read(directory: Path, run_id: str) -> Past | None:
    """Return the run of this name; None if there is none that can be read."""
    raw = raw_of(directory, run_id)
    return None if raw is None else _past(raw)


def raw_of(directory: Path, run_id: str) -> dict[str, Any] | None:
    """Return what is kept of the run of this name; None if there is nothing, or nothing of this version."""
    try:
        with Tree(directory) as tree:
            found = json.loads(
                tree.read((RUNS, f"{run_id}.json"), LARGEST), parse_float=_finite, parse_constant=_finite
            )
        if found["format"] != FORMAT or found["run_id"] != run_id or _past(found) is None:
            return None
        return dict(found)
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def _finite(text: str) -> float:
    """Return the number that `text` is in JSON, which has no others.

    Raises:
        ValueError: It is none that programs can read.
    """
    if not math.isfinite(number := float(text)):
        raise ValueError(text)
    return number


def runs(directory: Path) -> Iterator[Past]:
    """Yield the runs that are kept and can be read, the last one first."""
    for name in names(directory):
        if (past := read(directory, name)) is not None:
            yield past


def failing(directory: Path) -> list[Row]:
    """Return the samples that failed when they were last tried: since the last run of the whole site, one by one."""
    found: dict[tuple[str, int], Row] = {}
    known: set[str] = set()
    for past in runs(directory):
        for row in past.rows:
            if row.page not in known:
                found.setdefault((row.page, row.line), row)
        if past.selected is None and past.ended:
            break
        known |= past.selected or frozenset() if past.ended else frozenset()
    return [row for row in found.values() if row.failed]


def _past(raw: Any) -> Past | None:
    try:
        started = dt.datetime.fromisoformat(raw["started"])
        return Past(
            run_id=str(raw["run_id"]),
            started=started if started.tzinfo else started.replace(tzinfo=dt.UTC),
            seconds=float(raw["duration_ms"]) / 1000,
            sandbox=str(raw["sandbox"] or ""),
            counts={str(name): int(number) for name, number in raw["counts"].items()},
            rows=tuple(map(_row, raw["samples"])),
            selected=None if raw.get("selected") is None else frozenset(map(str, raw["selected"])),
            ended=not raw.get("interrupted", False),
        )
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError):
        return None


def _row(raw: Any) -> Row:
    return Row(
        page=str(raw["page"]),
        line=int(raw["line"]),
        name=str(raw["name"] or ""),
        verdict=str(raw["verdict"]),
        reason=str(raw["reason"] or ""),
        cached=bool(raw["cached"]),
        seconds=(float(raw["build_ms"] or 0) + float(raw["run_ms"] or 0)) / 1000,
    )
