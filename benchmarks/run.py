"""Compare this plugin with the other ways to run the samples of a site, side by side in one run.

`python benchmarks/run.py` prints one table and the targets. What the rows are is told in README.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import table
from generate import Sample, pages, rust_samples, script_samples
from measuring import MeasurementError, Timing
from others import Cargo, Ran, processors
from sites import Shown, Site
from table import Section

SECTIONS = ("site", "a", "b", "c", "scripts", "memory")
PAIRS = 5
"""Warm builds a round, each beside one without the plugin: they are short, and their difference is small."""
MEMORY_RUST = 50

T = TypeVar("T")


class Benchmark:
    """All that is measured in one run.

    Args:
        args: The command line.
        root: A folder for everything.
    """

    def __init__(self, args: argparse.Namespace, root: Path) -> None:
        self.args = args
        self.root = root
        self.scratch = root / "scratch"
        self.scratch.mkdir()
        self.samples = rust_samples(args.samples, args.seed)
        self.rust = Section(f"Rust, {args.samples} samples", args.samples)
        self.scripts = Section(f"Python and bash, {args.samples} samples", args.samples)
        self.memory: dict[str, float] = {}
        self.failures: list[str] = []
        self.loads: list[float] = []
        self.environment: Timing | None = None
        self.prebuilt: Timing | None = None
        self.shown: list[Shown] = []
        self.ran: list[Ran] = []
        self._fresh: dict[str, list[tuple[bool, Timing]]] = {}
        self._edits = 0

    def run(self) -> None:
        """Measure everything that was asked for, interleaved."""
        only = self.args.only
        rust = self._prepared("site", self._rust_sites)
        cargo = self._prepared("cargo", self._cargo) if {"a", "b", "c"} & set(only) else None
        scripts = self._prepared("scripts", self._script_sites) if "scripts" in only else None
        fresh = self._fresh_samples() if cargo and "a" in only else []
        for number in range(self.args.repeat):
            self.loads.append(os.getloadavg()[0])
            say(f"round {number + 1} of {self.args.repeat}, load {self.loads[-1]:.2f}")
            if rust and "site" in only:
                self._rust_round(*rust)
            if cargo and "b" in only:
                self._measure(self.rust, table.SHARED, lambda: self._shared(cargo))
            if cargo and "c" in only:
                self._measure(self.rust, table.RUSTDOC, lambda: self._rustdoc(cargo))
            if cargo:
                for sample in fresh[number :: self.args.repeat]:
                    self._fresh_round(cargo, sample)
            if scripts:
                self._script_round(scripts)
        self._extrapolate()
        if "memory" in only:
            self._prepared("memory", self._memory)

    def _prepared(self, what: str, prepare: Callable[[], T]) -> T | None:
        say(f"preparing: {what}")
        try:
            return prepare()
        except MeasurementError as error:
            self.failures.append(f"{what}: {error}")
            return None

    def _measure(self, section: Section, row: str, build: Callable[[], Timing]) -> None:
        timings = section.rows.setdefault(row, [])
        if section.notes.get(row) == "failed":
            return
        try:
            timings.append(build())
            say(f"  {row}: {timings[-1].wall:.2f} s")
        except MeasurementError as error:
            section.notes[row] = "failed"
            self.failures.append(f"{row}: {error}")

    # Rust

    def _rust_sites(self) -> tuple[Site, Site]:
        plain = Site(self.root / "rust-plain", self.samples, "plain", scratch=self.scratch)
        ours = Site(self.root / "rust-ours", self.samples, "codeexec", scratch=self.scratch)
        if "site" in self.args.only:
            plain.build()
            # One sample is enough to have the Environment built.
            first = [sample for sample in self.samples if sample.crates][:1]
            small = Site(self.root / "environment", first, "codeexec", scratch=self.scratch)
            self.environment = small.build_executing(1)
            ours.take_over(small)
        return plain, ours

    def _rust_round(self, plain: Site, ours: Site) -> None:
        ours.forget()
        self._measure(self.rust, table.COLD, lambda: ours.build_executing(len(self.samples)))
        if not self.shown:
            self.shown = ours.shown()
        for _ in range(PAIRS):
            self._measure(self.rust, table.WARM, lambda: ours.build_executing(0))
            self._measure(self.rust, table.PLAIN, plain.build)
        self._edits += 1
        before = ours.edit(self._edits)
        self._measure(self.rust, table.EDIT, lambda: ours.build_executing(1))
        for page, text in before:
            page.write_text(text, "utf-8")

    def _cargo(self) -> Cargo:
        cargo = Cargo(self.root / "cargo", self.samples, self.scratch)
        self.prebuilt = cargo.prepare()
        return cargo

    def _shared(self, cargo: Cargo) -> Timing:
        timing, self.ran = cargo.shared()
        return timing

    def _rustdoc(self, cargo: Cargo) -> Timing:
        page = self.root / "samples.md"
        texts = [text for _, text in pages(self.samples, "rustdoc", per_page=len(self.samples))]
        page.write_text("\n".join(texts), "utf-8")
        timing, self.rust.notes[table.RUSTDOC] = cargo.rustdoc(page)
        return timing

    def _fresh_samples(self) -> list[Sample]:
        """Return a few plain samples, with and without crates by turns."""
        plain = [sample for sample in self.samples if sample.kind == "plain"]
        turns = [[sample for sample in plain if bool(sample.crates) == uses] for uses in (False, True)]
        mixed = [sample for pair in zip(*turns, strict=False) for sample in pair]
        return mixed[: self.args.a_samples]

    def _fresh_round(self, cargo: Cargo, sample: Sample) -> None:
        for row, all_crates in ((table.FRESH, True), (table.FRESH_NEEDED, False)):
            timing = cargo.fresh(sample, all_crates=all_crates)
            say(f"  {row}: {timing.wall:.2f} s for one")
            # With all crates in the manifest every project builds them, whatever the sample uses.
            uses = bool(sample.crates) and not all_crates
            self._fresh.setdefault(row, []).append((uses, timing))

    def _extrapolate(self) -> None:
        crates = sum(1 for sample in self.samples if sample.crates)
        for row, timings in self._fresh.items():
            number = crates if row == table.FRESH_NEEDED else 0
            self.rust.rows[row] = table.extrapolated(timings, len(self.samples) - number, number)
            self.rust.notes[row] = f"extrapolated from {len(timings)}"

    # Python and bash

    def _script_sites(self) -> list[Site]:
        samples = script_samples(self.args.samples, self.args.seed)
        found = []
        for name in ("plain", "codeexec", "markdown-exec"):
            if name == "markdown-exec" and importlib.util.find_spec("markdown_exec") is None:
                self.scripts.notes[table.MARKDOWN_EXEC] = "not installed: pip install markdown-exec"
                continue
            found.append(Site(self.root / f"scripts-{name}", samples, name, scratch=self.scratch))
            found[-1].build()
        return found

    def _script_round(self, sites: list[Site]) -> None:
        plain, ours, *others = sites
        ours.forget()
        self._measure(self.scripts, table.COLD, lambda: ours.build_executing(self.args.samples))
        self._measure(self.scripts, table.WARM, lambda: ours.build_executing(0))
        self._measure(self.scripts, table.PLAIN, plain.build)
        for other in others:
            self._measure(self.scripts, table.MARKDOWN_EXEC, other.build)

    # Memory

    def _memory(self) -> None:
        rust = min(MEMORY_RUST, self.args.memory_samples)
        samples = rust_samples(rust, self.args.seed) + script_samples(
            self.args.memory_samples - rust, self.args.seed, cheap=True
        )
        plain = Site(self.root / "memory-plain", samples, "plain", scratch=self.scratch, peak=True)
        ours = Site(self.root / "memory-ours", samples, "codeexec", scratch=self.scratch, peak=True)
        ours.build_executing(len(samples))
        ours.build_executing(0)
        self.memory[table.WARM] = ours.peak()
        plain.build()
        self.memory[table.PLAIN] = plain.peak()

    # Report

    def report(self) -> None:
        """Print the table, the targets, and whether the outputs agree."""
        print(f"load when the rounds began: {', '.join(f'{load:.2f}' for load in self.loads)}")
        for section in (self.rust, self.scripts):
            if section.rows or section.notes:
                print("\n" + "\n".join(section.lines()))
        if self.environment:
            print(
                f"\nour Environment's one-off build: {self.environment.wall:.1f} s (a whole `mkdocs build`, 1 sample)"
            )
        if self.prebuilt:
            print(f"one-off build of the dependencies for (b) and (c): {self.prebuilt.wall:.1f} s")
        if self.memory:
            told = ", ".join(f"{name} {megabytes:.1f} MB" for name, megabytes in self.memory.items())
            print(f"peak memory of the mkdocs process, {self.args.memory_samples} samples: {told}")
        print(f"\n{'target':<32}{'':>10}{'reached':>12}")
        print("\n".join(table.targets(self.rust, self.memory)))
        if self.shown and self.ran:
            found = table.disagreements(self.shown, self.ran)
            ran = sum(1 for one in self.ran if one.status is not None)
            print(
                f"\ndisagreements with (b) in output or exit status: {len(found)} ({ran} ran, {len(self.ran) - ran} refused)"
            )
            print("".join(f"  {line}\n" for line in found), end="")
        print("".join(f"\nfailed: {failure}\n" for failure in self.failures), end="")


def say(message: str) -> None:
    """Tell on stderr how far it is."""
    print(message, file=sys.stderr, flush=True)


def machine() -> str:
    """Return the versions and the load that the figures stand for."""
    rustc = subprocess.run(["rustc", "-V"], capture_output=True, text=True, check=False).stdout.split("(")[0].strip()
    load = os.getloadavg()[0]
    caution = "; the machine is busy, so expect worse and less stable figures" if load > 0.25 * processors() else ""
    return f"{processors()} processors, {rustc}, Python {platform.python_version()}; load at start {load:.2f}{caution}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=100, help="samples on each site (default: 100)")
    parser.add_argument("--repeat", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other samples (default: 1)")
    parser.add_argument("--a-samples", type=int, default=4, help="samples that (a) is measured on (default: 4)")
    parser.add_argument("--memory-samples", type=int, default=1000, help="samples for the memory (default: 1000)")
    parser.add_argument("--quick", action="store_true", help="20 samples, 1 round, memory of 200")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS, help="some of it")
    args = parser.parse_args()
    if args.quick:
        args.samples, args.repeat, args.a_samples, args.memory_samples = 20, 1, 2, 200
    return args


def main() -> None:
    args = arguments()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="codeexec-benchmark-", ignore_cleanup_errors=True) as folder:
        benchmark = Benchmark(args, Path(folder).resolve())
        try:
            benchmark.run()
        except KeyboardInterrupt:
            say("interrupted; what was measured so far:")
        benchmark.report()


if __name__ == "__main__":
    main()
