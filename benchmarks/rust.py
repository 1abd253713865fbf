"""The figures of the Rust side, as ratios from one run: against rustdoc, cargo, and rustc itself.

`python benchmarks/rust.py` prints them beside their targets. What they are is told in README.md.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import contests
import figures
from contests import Contest, Setting, Turn
from editing import editing
from figures import Measured
from generate import MIXED
from measuring import MeasurementError
from others import processors
from reference import URL, reading
from run import machine, say
from sites import Site

FIGURES = ("rustdoc", "cargo", "passing", "growth", "check", "serve", "reference", "two", "memory")


class Benchmark:
    """All that is measured in one run.

    Args:
        args: The command line.
        root: A folder for everything.
    """

    def __init__(self, args: argparse.Namespace, root: Path) -> None:
        self.args = args
        self.setting = Setting(
            root=root,
            scratch=root / "scratch",
            samples=args.samples,
            many=6 * args.samples,
            repeats=args.repeats,
            seed=args.seed,
            crates=not args.no_crates,
        )
        self.setting.scratch.mkdir()
        self.measured = Measured(figures.numbers(args.samples, self.setting.many))
        self.contests: list[Contest] = []
        self.failures: list[str] = []
        self.loads: list[float] = []
        self._failed: set[str] = set()

    def run(self) -> None:
        """Measure everything that was asked for, interleaved."""
        for what, make in self._makers().items():
            self._prepare(what, make)
        for number in range(self.args.rounds):
            self.loads.append(os.getloadavg()[0])
            say(f"round {number + 1} of {self.args.rounds}, load {self.loads[-1]:.2f}")
            for contest in self.contests:
                # Whoever comes second may find a warmer machine, so they change places.
                for turn in contest.turns[::-1] if number % 2 else contest.turns:
                    self._take(turn)
        if "memory" in self.args.only:
            say("memory")
            try:
                self._memory()
            except MeasurementError as error:
                self.failures.append(f"memory: {error}")

    def _makers(self) -> dict[str, Callable[[], Contest]]:
        args, only, setting = self.args, set(self.args.only), self.setting
        makers: dict[str, Callable[[], Contest]] = {
            "mixed": lambda: contests.mixed(setting, only),
            "passing": lambda: contests.passing(setting),
            "growth": lambda: contests.many(setting),
            "check": lambda: contests.check(setting),
            "serve": lambda: editing(setting),
            "two": lambda: contests.two(setting),
            "reference": lambda: reading(args.reference, setting.root, setting.scratch, args.pages),
        }
        wanted = only | ({"mixed"} if only & {"rustdoc", "cargo", "growth"} else set())
        return {what: make for what, make in makers.items() if what in wanted}

    def _prepare(self, what: str, make: Callable[[], Contest]) -> None:
        say(f"preparing: {what}")
        try:
            self.contests.append(make())
        except MeasurementError as error:
            self.failures.append(f"{what}: {error}")

    def _take(self, turn: Turn) -> None:
        row, work = turn
        if row in self._failed:
            return
        try:
            timing = work()
        except MeasurementError as error:
            self._failed.add(row)
            self.failures.append(f"{row}: {error}")
            return
        self.measured.add(row, timing)
        say(f"  {row}: {timing.wall:.3f} s")

    def _memory(self) -> None:
        samples = self.setting.drawn(MIXED, self.args.memory_samples)
        rust = {"dependencies": self.setting.dependencies}
        scratch = self.setting.scratch
        plain = Site(self.setting.root / "memory-plain", samples, "plain", scratch=scratch, peak=True)
        ours = Site(self.setting.root / "memory-ours", samples, "codeexec", scratch=scratch, peak=True, rust=rust)
        plain.build()
        ours.build_executing(len(samples))
        self.measured.memory = {figures.MEMORY_PLAIN: plain.peak(), figures.MEMORY_OURS: ours.peak()}

    def close(self) -> None:
        """End what still runs."""
        for contest in self.contests:
            contest.close()

    def report(self) -> None:
        """Print the figures, and what stands behind them."""
        print("\n".join(self._lines()))

    def _lines(self) -> Iterator[str]:
        yield f"load when the rounds began: {', '.join(f'{load:.2f}' for load in self.loads)}"
        yield f"\n{'figure':<58}{'at most':>8}{'reached':>9}  {'':<8}floor"
        table = figures.figures(self.args.samples, self.setting.many, self.args.memory_samples, processors())
        for name in self.args.only:
            yield table[name].line(self.measured)
        yield "\nfloor: the same with nothing but the children's processor time counted, spread over all processors"
        yield ""
        yield from self.measured.lines()
        yield ""
        for contest in self.contests:
            yield from contest.told()
        for failure in self.failures:
            yield f"\nfailed: {failure}"


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is timed (default: 5)")
    parser.add_argument("--repeats", type=int, default=5, help="how often short work is, in a round (default: 5)")
    parser.add_argument("--samples", type=int, default=100, help="samples of each set (default: 100)")
    parser.add_argument("--memory-samples", type=int, default=1000, help="samples for the memory (default: 1000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other samples (default: 1)")
    parser.add_argument("--processors", type=int, default=2, help="how many may be used (default: 2)")
    parser.add_argument("--reference", type=Path, help=f"a checkout of {URL} (default: it is cloned)")
    parser.add_argument("--pages", type=int, default=0, help="how many pages of it (default: all)")
    parser.add_argument("--no-crates", action="store_true", help="samples of the standard library only")
    parser.add_argument("--quick", action="store_true", help="12 samples, 1 round, memory of 40, 10 pages")
    parser.add_argument("--only", nargs="+", choices=FIGURES, default=FIGURES, help="some of it")
    args = parser.parse_args(argv)
    if args.quick:
        args.samples, args.rounds, args.repeats, args.memory_samples, args.pages = 12, 1, 1, 40, 10
    return args


def main() -> None:
    args = arguments()
    # Children inherit it, so that everybody has as many.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: args.processors])
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="codeexec-benchmark-", ignore_cleanup_errors=True) as folder:
        benchmark = Benchmark(args, Path(folder).resolve())
        try:
            benchmark.run()
        except KeyboardInterrupt:
            say("interrupted; what was measured so far:")
        finally:
            benchmark.close()
        benchmark.report()


if __name__ == "__main__":
    main()
