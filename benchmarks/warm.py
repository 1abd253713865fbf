"""What the plugin costs where nothing is executed: a warm build, and a rebuild in `serve` after an edit of prose.

    python benchmarks/warm.py            # 1,000 Python and 300 Rust samples, 9 rounds
    python benchmarks/warm.py --quick    # does it work at all; figures of no meaning

Each is timed in turns with the same site without the plugin, whose fences are plain (`python`, not `python exec`), and told as
a ratio, by processor time and by the clock.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from generate import Sample, python_samples, rust_samples
from measuring import MeasurementError, Timing
from run import machine, say
from serving import Served
from sites import Site

WARM = 1.10
"""How much longer a warm build may take than that of the site without the plugin."""
REBUILD = 0.90
"""The same of a rebuild: what the highlighter made of an unchanged fence is remembered."""


@dataclass(slots=True)
class Contest:
    """Work that is done with the plugin and without it, in turns.

    Attributes:
        name: What it is.
        most: The ratio that is wanted.
        ours: Does it with the plugin.
        plain: Does it without.
        told: What that is called.
    """

    name: str
    most: float
    ours: Callable[[], Timing]
    plain: Callable[[], Timing]
    told: str = "without the plugin"
    _pairs: list[tuple[Timing, Timing]] = field(default_factory=list)

    def round(self, number: int) -> None:
        """Do it once each; who comes first changes from round to round."""
        if number % 2:
            plain, ours = self.plain(), self.ours()
        else:
            ours, plain = self.ours(), self.plain()
        self._pairs.append((ours, plain))
        say(f"  {self.name}: {ours.cpu:.2f} s of the processor, {plain.cpu:.2f} {self.told}")

    def rows(self) -> Iterator[str]:
        """Yield the rows of the table: the ratio, and what it is made of."""
        for what, of in (("processor", lambda timing: timing.cpu), ("clock", lambda timing: timing.wall)):
            pairs = [(of(ours), of(plain)) for ours, plain in self._pairs]
            ratios = sorted(ours / plain for ours, plain in pairs)
            reached = median(ratios)
            yield (
                f"{self.name:<34}{what:<11}{self.most:>7.2f}{reached:>9.3f}  {'met' if reached <= self.most else 'missed':<8}"
                f"{ratios[0]:>7.3f}{ratios[-1]:>7.3f}"
                f"{median(ours for ours, _ in pairs):>9.3f}{median(plain for _, plain in pairs):>9.3f}"
            )


class Rebuilds:
    """A served site, rebuilt after edits of its prose; a context manager.

    Args:
        site: The site.
        scratch: For Environments, and files of MkDocs.
    """

    def __init__(self, site: Site, scratch: Path) -> None:
        self._pages = sorted((site.folder / "docs").glob("page-*.md"))
        self._numbers = itertools.count(1)
        self._served = Served(site.folder, scratch)

    def __enter__(self) -> Rebuilds:
        self._served.__enter__()
        self.rebuild()  # the first build has nothing to remember
        return self

    def __exit__(self, *exc: object) -> None:
        self._served.__exit__(*exc)

    def rebuild(self) -> Timing:
        """Write one sentence more on a page, and rebuild.

        Raises:
            MeasurementError: The page does not say it.
        """
        number = next(self._numbers)
        page = self._pages[number % len(self._pages)]
        text = page.read_text("utf-8")
        page.write_text(f"{text}\nThe author has come back, for the {number}. time.\n", "utf-8")
        rebuilt = self._served.rebuild(f"{page.stem}/index.html")
        if f"for the {number}. time" not in rebuilt.page:
            raise MeasurementError(f"the sentence of rebuild {number} is not on its page")
        return Timing(rebuilt.whole, rebuilt.cpu)


def contests(args: argparse.Namespace, root: Path, stack: ExitStack) -> list[Contest]:
    """Return what is measured; every sample has been executed then, and no build executes one."""
    scratch = root / "scratch"
    scratch.mkdir()
    samples = [*python_samples(args.python, args.seed), *rust_samples(args.rust, args.seed)]
    random.Random(args.seed).shuffle(samples)
    ours, plain = _sites(root, "warm", samples, scratch)
    say("executing all samples, once")
    ours.build_executing(len(samples))
    ours.build_executing(0)
    plain.build()
    served, without = _sites(root, "served", samples[: args.served], scratch)
    shutil.copytree(ours.folder / ".cache", served.folder / ".cache")
    served.build_executing(0)
    ours_served, plain_served = (stack.enter_context(Rebuilds(site, scratch)) for site in (served, without))
    return [
        Contest("warm build", WARM, lambda: ours.build_executing(0), plain.build),
        Contest("rebuild in `serve`, prose edited", REBUILD, ours_served.rebuild, plain_served.rebuild),
    ]


def _sites(root: Path, name: str, samples: Sequence[Sample], scratch: Path) -> tuple[Site, Site]:
    ours = Site(root / f"{name}-ours", samples, "codeexec", scratch=scratch)
    return ours, Site(root / f"{name}-plain", samples, "plain", scratch=scratch)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", type=int, default=1000, help="Python samples (default: 1000)")
    parser.add_argument("--rust", type=int, default=300, help="Rust samples (default: 300)")
    parser.add_argument("--served", type=int, default=1000, help="of those, samples of the served site (default: 1000)")
    parser.add_argument("--rounds", type=int, default=9, help="rounds (default: 9)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other samples (default: 1)")
    parser.add_argument("--quick", action="store_true", help="30 samples, 2 rounds")
    args = parser.parse_args()
    if args.quick:
        args.python, args.rust, args.served, args.rounds = 20, 10, 20, 2
    return args


def main() -> None:
    args = arguments()
    print(machine(), flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="codeexec-warm-", ignore_cleanup_errors=True) as folder,
        ExitStack() as stack,
    ):
        found = contests(args, Path(folder).resolve(), stack)
        for number in range(args.rounds):
            say(f"round {number + 1} of {args.rounds}, load {os.getloadavg()[0]:.2f}")
            for contest in found:
                contest.round(number)
        print(
            f"\n{'figure':<34}{'by the':<11}{'at most':>7}{'reached':>9}{'':>10}{'min':>7}{'max':>7}{'ours s':>9}{'plain s':>9}"
        )
        print("\n".join(row for contest in found for row in contest.rows()))


if __name__ == "__main__":
    try:
        main()
    except MeasurementError as error:
        sys.exit(f"{error}")
