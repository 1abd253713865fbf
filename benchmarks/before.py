"""A cold build of this version against that of another one, and whether both write the same pages.

    python -m venv /tmp/old && /tmp/old/bin/pip install 'mkdocs-codeexec[docs] @ git+file:///path/to/repository@REVISION'
    python benchmarks/before.py /tmp/old/bin/python      # 100 Rust samples, 7 rounds

Each has a site of its own, with the same samples; the Environment is built beforehand, and every sample is a miss.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from generate import MIXED, SHARES, rust_samples
from measuring import MeasurementError, Timing
from run import machine, say
from sites import Site
from warm import Contest

COLD = 1.00
"""How much longer a cold build may take than it took."""


def differences(one: Path, other: Path) -> list[str]:
    """Return the files that are not the same in two built sites; a map of a site holds the time."""
    names = {path.relative_to(root) for root in (one, other) for path in root.rglob("*") if path.is_file()}
    return [
        str(name)
        for name in sorted(names)
        if not name.name.startswith("sitemap.") and _content(one / name) != _content(other / name)
    ]


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("python", help="an interpreter for which the other version is installed")
    parser.add_argument("--samples", type=int, default=100, help="Rust samples (default: 100)")
    parser.add_argument("--shares", choices=("usual", "mixed"), default="usual", help="which ones (default: usual)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds (default: 7)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other samples (default: 1)")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    print(machine(), flush=True)
    samples = rust_samples(args.samples, args.seed, {"usual": SHARES, "mixed": MIXED}[args.shares])
    with tempfile.TemporaryDirectory(prefix="codeexec-before-", ignore_cleanup_errors=True) as folder:
        root = Path(folder).resolve()
        sites = []
        for name, python in (("now", sys.executable), ("before", args.python)):
            scratch = root / f"{name}-scratch"
            scratch.mkdir()
            site = Site(root / name, samples, "codeexec", scratch=scratch, python=python)
            say(f"{name}: building the Environment, and all once")
            site.build_executing(len(samples))
            sites.append(site)
        now, before = sites

        def cold(site: Site) -> Timing:
            site.forget()
            return site.build_executing(len(samples))

        contest = Contest("cold build", COLD, lambda: cold(now), lambda: cold(before), "before")
        for number in range(args.rounds):
            say(f"round {number + 1} of {args.rounds}, load {os.getloadavg()[0]:.2f}")
            contest.round(number)
        print(
            f"\n{'figure':<34}{'by the':<11}{'at most':>7}{'reached':>9}{'':>10}{'min':>7}{'max':>7}{'now s':>9}{'before s':>9}"
        )
        print("\n".join(contest.rows()))
        differ = differences(now.folder / "site", before.folder / "site")
        print(f"files that differ: {', '.join(differ) or 'none'}")


if __name__ == "__main__":
    try:
        main()
    except MeasurementError as error:
        sys.exit(f"{error}")
