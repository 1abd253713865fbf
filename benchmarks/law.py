"""The law of observed inputs, at length: two thousand random mutations of a project, a build after each.

    python benchmarks/law.py                                 # some twenty minutes on two quiet cores
    python benchmarks/law.py --mutations 100 --tiers landlock --seed 7

What the project is, what is done to it, and what must hold then is told in `tests/laws/mutating`. It prints what broke the
law, and exits with 1 if anything did. A seed gives the same mutations on every machine.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import Counter
from pathlib import Path

from run import machine, say

import mkdocs_codeexec

DRIVING = Path(__file__).parent.parent / "tests/laws/mutating/driving.py"
PACKAGES = os.pathsep.join([sysconfig.get_path("purelib"), str(Path(mkdocs_codeexec.__file__).parents[1])])
AT_ONCE = 200
"""Mutations of one project; then another begins from the same state with the next seed."""


def run(tier: str, count: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Return how often each kind of mutation was tried, and what broke the law."""
    root = Path(tempfile.mkdtemp(prefix="law-"))
    root.chmod(0o755)  # the samples of root run as others
    try:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", root / "venv"], check=True)
        argv = [root / "venv/bin/python", DRIVING, root, str(count), str(seed), tier]
        env = os.environ | {"PYTHONPATH": PACKAGES}
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    tried = Counter(re.findall(r"^\d+: (\w+)", done.stderr, re.MULTILINE))
    broken = [line for line in done.stdout.splitlines() if line]
    if tried.total() != count:
        broken.append(f"it ended after {tried.total()} of {count} mutations: {done.stderr[-1000:]}")
    return tried, broken


def main() -> None:
    parser = argparse.ArgumentParser(description="Mutate a project at random, and build it after each mutation.")
    parser.add_argument("--mutations", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tiers", nargs="+", default=["bubblewrap", "landlock"])
    args = parser.parse_args()
    say(machine())
    total: Counter[str] = Counter()
    found: list[str] = []
    number = 0
    while left := args.mutations - total.total():
        tier, seed = args.tiers[number % len(args.tiers)], args.seed + number
        began = time.monotonic()
        tried, broken = run(tier, min(AT_ONCE, left), seed)
        number += 1
        total += tried
        found += [f"{tier}, seed {seed}: {line}" for line in broken]
        print(
            f"{total.total():>5}  {tier}, seed {seed}: {len(broken)} broken, {time.monotonic() - began:.0f} s",
            flush=True,
        )
        if tried.total() < min(AT_ONCE, left):
            break
    print(", ".join(f"{kind} {count}" for kind, count in sorted(total.items())))
    print("\n".join(found) or "nothing was stale, and nothing was executed needlessly")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
