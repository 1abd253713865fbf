"""What the sandbox costs: a child in each tier, and a hundred Rust samples with nothing in the store.

    python benchmarks/sandbox.py

Everything is measured in turns, in one run. A tier that does not work on this machine is left out.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import get_args

import measuring
from contests import Setting
from generate import MIXED
from run import machine, say
from sites import Site

from mkdocs_codeexec.core.action import Step
from mkdocs_codeexec.core.confinement import RUN_LIMITS, Access, Tier
from mkdocs_codeexec.core.outcome import Exited
from mkdocs_codeexec.runtime.process import Children
from mkdocs_codeexec.runtime.scratch import ScratchDirectory
from mkdocs_codeexec.runtime.scratch_root import ScratchRoot

MILLISECONDS = 15.0
"""That a child may cost more at the median than without a sandbox."""
PART = 0.10
"""By which a cold batch may take longer."""


def children_of(tier: Tier) -> Children:
    """Return what starts children in `tier`."""
    return Children("off" if tier == "off" else "auto", tiers=[tier])


def working() -> list[Tier]:
    """Return the tiers that work here, weakest first."""
    found = []
    for tier in reversed(get_args(Tier)):
        with children_of(tier) as children:
            if children.tier == tier:
                found.append(tier)
            else:
                say(f"left out: {tier}: {children.told}")
    return found


def a_child(tiers: Sequence[Tier], repeats: int) -> dict[Tier, list[float]]:
    """Return milliseconds from the request to the end of `true`, by tier; its scratch directory is there already."""
    found: dict[Tier, list[float]] = {tier: [] for tier in tiers}
    step = Step(kind="run", argv=("true",), timeout=9.0, limits=RUN_LIMITS)
    with ExitStack() as stack:
        root = stack.enter_context(ScratchRoot())
        opened = {tier: stack.enter_context(children_of(tier)) for tier in tiers}
        for number in range(repeats + 1):
            for tier, children in opened.items():
                with ScratchDirectory(root.path, [("f", "x")], children, "/usr/bin:/bin", output_limit=1024) as scratch:
                    assert scratch.path.is_dir()
                    began = time.perf_counter()
                    ended = scratch.run(step, step.argv, {}, Access()).ended
                    if number:  # the first one starts a supervisor
                        found[tier].append((time.perf_counter() - began) * 1000)
                    if ended != Exited(0):
                        raise measuring.MeasurementError(f"{tier}: `true`: {ended}")
    return found


def a_batch(tiers: Sequence[Tier], setting: Setting, rounds: int) -> dict[Tier, list[float]]:
    """Return seconds for all mixed samples with nothing stored, by tier; supervisors start within that time."""
    project = setting.project("mixed", setting.drawn(MIXED, setting.samples))
    found: dict[Tier, list[float]] = {tier: [] for tier in tiers}
    met = set()
    for number in range(rounds + 1):
        for tier in tiers if number % 2 else reversed(tiers):
            answered = project.answer(children=children_of(tier))
            met.add(answered.met)
            if number:  # the first round builds the Environment
                found[tier].append(answered.timing.wall)
                say(f"  {tier}: {answered.timing.wall:.3f} s")
    if len(met) != 1:
        raise measuring.MeasurementError("the verdicts differ between tiers")
    return found


def a_site(tiers: Sequence[Tier], setting: Setting, rounds: int) -> dict[Tier, list[float]]:
    """Return seconds for a whole `mkdocs build` of the same samples with nothing stored, by tier."""
    samples = setting.drawn(MIXED, setting.samples)
    rust = {"dependencies": setting.dependencies}
    site = Site(setting.root / "site", samples, "codeexec", scratch=setting.scratch, rust=rust)
    found: dict[Tier, list[float]] = {tier: [] for tier in tiers}
    executed = 0
    for number in range(rounds + 1):
        for tier in tiers if number % 2 else reversed(tiers):
            site.forget()
            mode = {"CODEEXEC_SANDBOX": "off"} if tier == "off" else {"CODEEXEC_SANDBOX_TIERS": tier}
            timing = site.build_executing(executed, **mode) if executed else site.build(**mode)
            executed = executed or site.executed()
            if number:
                found[tier].append(timing.wall)
                say(f"  mkdocs build, {tier}: {timing.wall:.3f} s")
    return found


def report(name: str, unit: str, found: dict[Tier, list[float]]) -> Iterator[str]:
    """Yield a table."""
    yield f"\n{name:<44}{'median ' + unit:>12}{'min':>10}{'max':>10}{'more':>10}"
    without = median(found["off"])
    for tier, values in found.items():
        more = median(values) - without
        told = f"{more:.2f}" if unit == "ms" else f"{more / without:+.1%}"
        yield f"{tier:<44}{median(values):>12.3f}{min(values):>10.3f}{max(values):>10.3f}{told:>10}"


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--repeats", type=int, default=200, help="children in each tier")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="codeexec-bench-") as name:
        root = Path(name)
        (root / "scratch").mkdir()
        setting = Setting(
            root=root,
            scratch=root / "scratch",
            samples=args.samples,
            many=args.samples,
            repeats=1,
            seed=args.seed,
            crates=True,
        )
        tiers = working()
        child, batch = a_child(tiers, args.repeats), a_batch(tiers, setting, args.rounds)
        site = a_site(tiers, setting, args.rounds)
    strongest = tiers[-1]
    more = median(child[strongest]) - median(child["off"])
    parts = [median(found[strongest]) / median(found["off"]) - 1 for found in (site, batch)]
    print(machine())
    cold = f"{args.samples} mixed samples, cold"
    print("\n".join((*report("a child", "ms", child), *report(f"{cold}: mkdocs build", "s", site))))
    print("\n".join(report(f"{cold}: the batch alone", "s", batch)))
    print(f"\n{'figure':<40}{'at most':>10}{'reached':>10}")
    print(f"{strongest + ', ms a child':<40}{MILLISECONDS:>10.1f}{more:>10.2f}")
    print(f"{strongest + ', cold mkdocs build':<40}{PART:>10.0%}{parts[0]:>10.1%}")
    print(f"{strongest + ', cold batch alone':<40}{'':>10}{parts[1]:>10.1%}")


if __name__ == "__main__":
    main()
