"""The measurements as text: one table, and the targets beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from measuring import Timing

if TYPE_CHECKING:
    from others import Ran
    from sites import Shown

COLD = "ours, cold"
WARM = "ours, warm"
EDIT = "ours, one sample edited"
PLAIN = "same site without the plugin"
FRESH = "(a) cargo project per sample"
FRESH_NEEDED = "(a) with needed crates only"
SHARED = "(b) cargo run, shared target"
RUSTDOC = "(c) rustdoc --test"
MARKDOWN_EXEC = "markdown-exec"

_ANSI = re.compile(r"\x1b\[[0-9;:]*[A-Za-z]")
_THREAD_ID = re.compile(r"(thread '[^'\n]*') \(\d+\)")


@dataclass(slots=True)
class Section:
    """Rows that are about the same samples.

    Attributes:
        title: What is measured.
        samples: How many samples the site has.
        rows: Timings by row, in the order in which they are shown.
        notes: What stands behind a row.
    """

    title: str
    samples: int
    rows: dict[str, list[Timing]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def median(self, row: str) -> float | None:
        """Return the median wall time in seconds, None if there is none."""
        timings = self.rows.get(row)
        return median(timing.wall for timing in timings) if timings else None

    def lines(self) -> Iterator[str]:
        """Yield the section as lines of text."""
        heads = ("median s", "min", "max", "cpu s", "ms/sample", "x cold", "x warm")
        yield f"{self.title:<32}" + "".join(f"{head:>10}" for head in heads)
        ours = [self.median(COLD), self.median(WARM)]
        for name in dict.fromkeys([*self.rows, *self.notes]):
            note = f"  {self.notes[name]}" if name in self.notes else ""
            timings = self.rows.get(name)
            if not timings:
                yield f"{name:<32}{note}"
                continue
            walls = [timing.wall for timing in timings]
            middle = median(walls)
            numbers = [middle, min(walls), max(walls), median(timing.cpu for timing in timings)]
            ratios = [f"{middle / our:>10.2f}" if our else f"{'-':>10}" for our in ours]
            per_sample = f"{1000 * middle / self.samples:>10.1f}"
            yield f"{name:<32}" + "".join(f"{n:>10.2f}" for n in numbers) + per_sample + "".join(ratios) + note


def extrapolated(samples: Sequence[tuple[bool, Timing]], std: int, crates: int) -> list[Timing]:
    """Return what all samples would cost, from timings of a few: at their means, their fastest and their slowest.

    Args:
        samples: Timings, each with whether the sample uses crates.
        std: Number of samples that use none.
        crates: Number of samples that use some.
    """
    by_kind = {
        uses: sorted((timing for used, timing in samples if used == uses), key=lambda timing: timing.wall)
        for uses in (False, True)
    }
    everything = [timing for _, timing in samples]

    def total(pick: str) -> Timing:
        wall = cpu = 0.0
        for uses, number in ((False, std), (True, crates)):
            timings = by_kind[uses] or everything
            few = {"min": timings[:1], "mean": timings, "max": timings[-1:]}[pick]
            wall += number * sum(timing.wall for timing in few) / len(few)
            cpu += number * sum(timing.cpu for timing in few) / len(few)
        return Timing(wall, cpu)

    return [total("min"), total("mean"), total("max")] if samples else []


def disagreements(shown: Sequence[Shown], ran: Sequence[Ran]) -> list[str]:
    """Return in which samples our pages differ from what cargo's run printed, and how."""
    if len(shown) != len(ran):
        return [f"{len(shown)} samples are on the pages, {len(ran)} ran"]
    found = []
    for number, (page, run) in enumerate(zip(shown, ran, strict=True)):
        if page.verdict != "met":
            found.append(f"sample {number}: {page.verdict}: {' '.join(page.notes)}")
        elif page.status != run.status:
            found.append(f"sample {number}: exit status {page.status} on the page, {run.status} by cargo")
        elif run.status is not None and _plain(page.streams.get("stdout", "")) != _plain(run.stdout):
            found.append(f"sample {number}: other output")
    return found


def _plain(text: str) -> str:
    return _THREAD_ID.sub(r"\1", _ANSI.sub("", text)).rstrip("\n")


def targets(rust: Section, memory: dict[str, float]) -> Iterator[str]:
    """Yield each target with the figure that was reached, and whether it was met."""
    cold, warm, plain = rust.median(COLD), rust.median(WARM), rust.median(PLAIN)
    shared, fresh = rust.median(SHARED), rust.median(FRESH)
    growth = memory[WARM] - memory[PLAIN] if len(memory) == 2 else None
    yield _target("cold / (b)", "<= 0.40", 0.40, cold / shared if cold and shared else None, "{:.3f}")
    yield _target("cold / (a)", "<= 0.01", 0.01, cold / fresh if cold and fresh else None, "{:.4f}")
    adds = warm - plain if warm and plain else None
    yield _target("warm adds to the plain site", "<= 10 %", 0.10, adds / plain if adds and plain else None, "{:.1%}")
    yield _target("warm adds, per sample", "<= 1 ms", 1.0, 1000 * adds / rust.samples if adds else None, "{:.2f} ms")
    yield _target("memory growth, warm", "<= 60 MB", 60.0, growth, "{:.1f} MB")


def _target(name: str, says: str, limit: float, reached: float | None, shape: str) -> str:
    if reached is None:
        return f"{name:<32}{says:>10}{'-':>12}  not measured"
    return f"{name:<32}{says:>10}{shape.format(reached):>12}  {'met' if reached <= limit else 'missed'}"
