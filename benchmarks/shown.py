"""What is printed is shown once, in order, nothing of it is lost, and nothing is executed that stands in output: at length.

    python benchmarks/shown.py                               # 20,000 fences: some ten minutes of processors
    python benchmarks/shown.py --cases 600 --seed 7          # the same fences for the same seed
    python benchmarks/shown.py --kinds consoles doctests     # or `conventions`

Hypothesis makes the fences: consoles of a real bash, blocks of a real Python as doctest has them, and samples that show something by
evcxr's convention, or seem to. What they print is known by how they are made, and looks like prompts, fences, markup and
conventions. Pages of forty, most of them with one session for each language, are converted by Python-Markdown with our
extension, and the HTML is what is looked at. What is wrong is printed, and then it exits with 1.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import markdown
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from run import machine, say
from showing import consoles, conventions
from showing.page import wrong

if TYPE_CHECKING:
    from showing.words import Case

KINDS = {"consoles": consoles.shell(), "doctests": consoles.doctest(), "conventions": conventions.convention()}
AT_ONCE = 40
"""Fences of a page."""
MOST = 20
"""Faults after which it ends."""
_HIGHLIGHTED = ["pymdownx.highlight", "pymdownx.superfences"]


class EnoughError(Exception):
    """As many fences were tried as are to be."""


def shown(cases: list[Case], *, highlighted: bool, joined: bool) -> str:
    """Return the HTML of a page with the fences `cases`, those that end well as steps of one session for each language if `joined`."""
    steps = (joined and case.verdict == "met" for case in cases)
    named = (
        case._replace(header=f'{case.header} session="one"') if step else case
        for case, step in zip(cases, steps, strict=True)
    )
    text = "\n".join(case.markdown for case in named)
    extensions = [*(_HIGHLIGHTED if highlighted else ()), "codeexec"]
    return markdown.markdown(text, extensions=extensions, extension_configs={"codeexec": {"timeout": 60}})


def run(kinds: list[str], count: int, number: int) -> tuple[Counter[str], list[str]]:
    """Return how many fences of each kind were tried, no two alike, and what is wrong with pages."""
    tried: Counter[str] = Counter()
    faults: list[str] = []
    page: list[Case] = []
    known: set[str] = set()
    began = told = time.monotonic()

    def turn() -> None:
        nonlocal told
        pages = sum(tried.values()) // AT_ONCE
        highlighted, joined = pages % 2 == 0, pages % 5 > 0
        for fault in wrong(page, shown(page, highlighted=highlighted, joined=joined)):
            faults.append(fault)
            print(
                f"{'highlighted' if highlighted else 'plain'}, {'joined' if joined else 'apart'}: {fault}", flush=True
            )
        tried.update(case.kind for case in page)
        page.clear()
        if time.monotonic() - told > 30:
            told = time.monotonic()
            print(f"{tried.total():>6} fences, {told - began:.0f} s, {len(faults)} faults", flush=True)

    @seed(number)
    @settings(
        max_examples=10 * count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of([KINDS[kind] for kind in kinds]))
    def law(case: Case) -> None:
        if tried.total() >= count or len(faults) >= MOST:
            raise EnoughError
        if case.markdown not in known:
            known.add(case.markdown)
            page.append(case)
        if len(page) == AT_ONCE:
            turn()

    with contextlib.suppress(EnoughError):
        law()
    return tried, faults


def main() -> None:
    parser = argparse.ArgumentParser(description="Look at what pages show of random samples.")
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    args = parser.parse_args()
    say(machine())
    logging.getLogger("codeexec").setLevel(logging.CRITICAL)
    began, before = time.monotonic(), os.times()
    with tempfile.TemporaryDirectory(prefix="shown-") as folder:
        Path(folder).chmod(0o755)  # the samples of root run as others
        os.chdir(folder)
        tried, faults = run(args.kinds, args.cases, args.seed)
        os.chdir("/")
    after = os.times()
    spent = sum(after[:4]) - sum(before[:4])
    kinds = ", ".join(f"{kind} {number:,}" for kind, number in sorted(tried.items()))
    print(f"{tried.total():,} fences ({kinds}) in {time.monotonic() - began:.0f} s, {spent:.0f} s of processors")
    print(
        f"{len(faults)} faults"
        if faults
        else "each showed what it printed, once and in order, and nothing else was executed"
    )
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
