"""The figures of the Rust side: rows that are timed, what they are divided by, and the targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from measuring import Timing

MIXED_OURS = "mixed: ours"
MIXED_RUSTDOC = "mixed: rustdoc --test"
MIXED_CARGO = "mixed: cargo run, shared target"
MANY_OURS = "many mixed: ours"
PASSING_OURS = "passing: ours"
PASSING_RUSTDOC = "passing: rustdoc --test"
CHECK_OURS = "check: ours"
CHECK_CARGO = "check: cargo check --bins"
TWO_OURS = "two misses: ours"
TWO_DIRECT = "two misses: bare rustc, and run"
REFERENCE_OURS = "Reference: mkdocs build"
REFERENCE_PLAIN = "Reference: plain site"
REFERENCE_RUSTDOC = "Reference: rustdoc --test"
EDITED = ("std", "serde")
MEMORY_OURS = "ours, cold"
MEMORY_PLAIN = "same site without the plugin"


def serve_rows(kind: str) -> tuple[str, str, str]:
    """Return the rows of the sample of `kind` in `EDITED`: ours, the plain site, bare rustc."""
    return f"serve, {kind}: ours", f"serve, {kind}: plain site", f"serve, {kind}: bare rustc, and run"


@dataclass(slots=True)
class Measured:
    """What was measured.

    Attributes:
        samples: How many samples a row is about, where that says something.
        rows: Timings by row. Of our rows in this process `cpu` is what the children took; of processes it is all.
        memory: Peaks in MB, by row.
    """

    samples: Mapping[str, int]
    rows: dict[str, list[Timing]] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)

    def add(self, row: str, timing: Timing) -> None:
        """Take a timing of `row`."""
        self.rows.setdefault(row, []).append(timing)

    def wall(self, row: str) -> float | None:
        """Return the median wall time in seconds, None if there is none."""
        return median(timing.wall for timing in self.rows[row]) if self.rows.get(row) else None

    def cpu(self, row: str) -> float | None:
        """Return the median processor time in seconds, None if there is none."""
        return median(timing.cpu for timing in self.rows[row]) if self.rows.get(row) else None

    def lines(self) -> Iterator[str]:
        """Yield the rows as lines of text."""
        heads = ("samples", "times", "median s", "min", "max", "cpu s", "ms/sample")
        yield f"{'row':<36}" + "".join(f"{head:>10}" for head in heads)
        for row, timings in self.rows.items():
            walls = [timing.wall for timing in timings]
            number, middle = self.samples.get(row), median(walls)
            seconds = (middle, min(walls), max(walls), median(timing.cpu for timing in timings))
            texts = "".join(f"{second:>10.3f}" if second else f"{'-':>10}" for second in seconds)
            yield f"{row:<36}{number or '-':>10}{len(walls):>10}{texts}" + (
                f"{1000 * middle / number:>10.1f}" if number else ""
            )


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and its target.

    Attributes:
        told: What it is.
        limit: At most this.
        reached: Computes it; None if it was not measured.
        floor: Computes what it could not be below with the same children; None if that says nothing.
        unit: Of the figure.
    """

    told: str
    limit: float
    reached: Callable[[Measured], float | None]
    floor: Callable[[Measured], float | None] = lambda _: None
    unit: str = ""

    def line(self, measured: Measured) -> str:
        """Return it as a line of text."""
        reached, floor = self.reached(measured), self.floor(measured)
        shape = ".0f" if self.unit else ".2f"
        start = f"{self.told:<58}{self.limit:>8{shape}}{self.unit}"
        if reached is None:
            return f"{start}{'-':>9}  not measured"
        told = f"{start}{reached:>9{'.1f' if self.unit else '.3f'}}{self.unit}"
        told += f"  {'met' if reached <= self.limit else 'missed':<8}"
        return told if floor is None else f"{told}{floor:.3f}"


def numbers(samples: int, many: int) -> dict[str, int]:
    """Return how many samples each row is about, if "100" are `samples` and "600" are `many`."""
    rows = (MIXED_OURS, MIXED_RUSTDOC, MIXED_CARGO, PASSING_OURS, PASSING_RUSTDOC, CHECK_OURS, CHECK_CARGO)
    return dict.fromkeys(rows, samples) | {MANY_OURS: many, TWO_OURS: 2, TWO_DIRECT: 2}


def _ratio(one: str, other: str) -> Callable[[Measured], float | None]:
    def reached(measured: Measured) -> float | None:
        mine, theirs = measured.wall(one), measured.wall(other)
        return mine / theirs if mine and theirs else None

    return reached


def _floor(one: str, other: str, processors: int) -> Callable[[Measured], float | None]:
    """Return what the ratio would be if nothing but the children's CPU time counted, spread over all processors."""

    def floor(measured: Measured) -> float | None:
        mine, theirs = measured.cpu(one), measured.wall(other)
        return mine / processors / theirs if mine and theirs else None

    return floor


def _growth(measured: Measured) -> float | None:
    many, few = measured.wall(MANY_OURS), measured.wall(MIXED_OURS)
    if not many or not few:
        return None
    return (many / measured.samples[MANY_OURS]) / (few / measured.samples[MIXED_OURS])


def _growth_floor(processors: int) -> Callable[[Measured], float | None]:
    def floor(measured: Measured) -> float | None:
        many, few = measured.cpu(MANY_OURS), measured.wall(MIXED_OURS)
        if not many or not few:
            return None
        return (many / processors / measured.samples[MANY_OURS]) / (few / measured.samples[MIXED_OURS])

    return floor


def serve(measured: Measured, kind: str) -> float | None:
    """Return what one edit adds to a rebuild of the plain site, by what bare rustc and one run take."""
    mine, plain, bare = (measured.wall(row) for row in serve_rows(kind))
    return (mine - plain) / bare if mine and plain and bare else None


def _serve(measured: Measured) -> float | None:
    """Return the worse of both."""
    found = [ratio for kind in EDITED if (ratio := serve(measured, kind)) is not None]
    return max(found, default=None)


def _memory(measured: Measured) -> float | None:
    if len(measured.memory) < 2:
        return None
    return measured.memory[MEMORY_OURS] - measured.memory[MEMORY_PLAIN]


def figures(samples: int, many: int, memory: int, processors: int) -> dict[str, Figure]:
    """Return all figures, by the word that stands for them on the command line.

    Args:
        samples: How many samples "100" are in this run.
        many: How many "600" are.
        memory: How many the memory is measured with.
        processors: That may be used.
    """

    def versus(told: str, limit: float, one: str, other: str) -> Figure:
        return Figure(told, limit, _ratio(one, other), _floor(one, other, processors))

    return {
        "rustdoc": versus(f"{samples} mixed / `rustdoc --test`", 0.30, MIXED_OURS, MIXED_RUSTDOC),
        "cargo": versus(f"{samples} mixed / `cargo run`, shared target", 0.11, MIXED_OURS, MIXED_CARGO),
        "passing": versus(f"{samples} that pass / `rustdoc --test`", 0.95, PASSING_OURS, PASSING_RUSTDOC),
        "growth": Figure(f"ms a sample, {many} mixed / {samples} mixed", 0.75, _growth, _growth_floor(processors)),
        "check": versus(f"`run: check` of {samples} / `cargo check --bins`", 0.35, CHECK_OURS, CHECK_CARGO),
        "serve": Figure("one sample edited in `serve` / bare rustc and one run", 1.25, _serve, lambda _: 1.0),
        "reference": versus("Rust Reference / rustdoc", 0.60, REFERENCE_OURS, REFERENCE_RUSTDOC),
        "two": versus("two misses / compiling them directly", 1.05, TWO_OURS, TWO_DIRECT),
        "memory": Figure(f"memory over the plain site, {memory} cold", 100.0, _memory, unit=" MB"),
    }
