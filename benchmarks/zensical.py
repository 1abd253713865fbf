"""What samples add to Zensical: 300 that are all stored, against the same pages with plain fences.

    python benchmarks/zensical.py                         # some five minutes on two cores

Needs a Zensical that can be imported (`PYTHONPATH`). Rows by turns, three ways to build of each site:

- `zensical build`, its own cache of pages removed before: every page is rendered;
- `zensical build` once more: what it has kept is not rendered, but for pages with samples, which never are kept;
- `codeexec zensical build` once more, which keeps them under what their samples came to.

Wall seconds are those of a reader who waits; seconds of processors are less disturbed by what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import measuring
from generate import PASSING, Dialect, Sample, pages, rust_samples, script_samples, without_crates
from measuring import MeasurementError, Timing
from run import machine, say

PLAIN = ("zensical", "build")
WRAPPED = ("mkdocs_codeexec", "zensical", "build")
BOUND = 1.10
"""Of the first and of the last row: what a build of stored samples may take, against plain fences."""


class Site:
    """A site of Zensical.

    Args:
        folder: Where; must not exist.
        samples: What stands on its pages.
        dialect: How fences are written.
        scratch: For temporary files.
    """

    def __init__(self, folder: Path, samples: Sequence[Sample], dialect: Dialect, scratch: Path) -> None:
        self._folder = folder
        self._scratch = scratch
        self._samples = len(samples) if dialect == "codeexec" else 0
        extensions: list[object] = ["admonition", "attr_list", "pymdownx.highlight", "pymdownx.superfences"]
        if dialect == "codeexec":
            extensions.append("codeexec")
        (folder / "docs").mkdir(parents=True)
        (folder / "mkdocs.yml").write_text(json.dumps({"site_name": "Benchmark", "markdown_extensions": extensions}))
        (folder / "docs/index.md").write_text("# A site\n\nSee the chapters.\n", "utf-8")
        for name, text in pages(samples, dialect):
            (folder / "docs" / name).write_text(text, "utf-8")

    def build(self, *command: str, cold: bool = False) -> Timing:
        """Build, with or without what Zensical has kept of pages, and return what it took.

        Raises:
            MeasurementError: It failed, or not every sample is on a page with what it came to.
        """
        if cold:
            shutil.rmtree(self._folder / ".cache", ignore_errors=True)
        env = measuring.environment(self._scratch)
        argv = [sys.executable, "-m", *command]
        timing = measuring.succeed(argv, cwd=self._folder, env=env, scratch=self._scratch).timing
        found = sum(
            path.read_text("utf-8").count('<div class="codeexec" data-codeexec="met"')
            for path in self._folder.glob("site/**/*.html")
        )
        if found != self._samples:
            raise MeasurementError(
                f"{found} samples are on the pages of `{self._folder.name}`, expected {self._samples}"
            )
        return timing


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float, float]:
    """Return the medians of both, and of the ratios of turns, which other work on the machine disturbs alike."""
    turns = [one / other for one, other in zip(ours, theirs, strict=True)]
    return statistics.median(ours), statistics.median(theirs), statistics.median(turns)


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare Zensical with and without samples.")
    parser.add_argument("--samples", type=int, default=300, help="half of them Rust (default: 300)")
    parser.add_argument("--repeat", type=int, default=9, help="turns (default: 9)")
    args = parser.parse_args()
    say(machine())
    half = args.samples // 2
    samples = [*rust_samples(half, 1, without_crates(PASSING)), *script_samples(args.samples - half)]
    with tempfile.TemporaryDirectory(prefix="codeexec-zensical-", ignore_cleanup_errors=True) as name:
        root = Path(name)
        root.chmod(0o755)  # the samples of root run as others
        (root / "scratch").mkdir()
        ours = Site(root / "codeexec", samples, "codeexec", root / "scratch")
        plain = Site(root / "plain", samples, "plain", root / "scratch")
        took = ours.build(*PLAIN)
        say(f"the first build, which executes {args.samples} samples: {took.wall:.1f} s")
        plain.build(*PLAIN)
        rows: dict[str, list[tuple[Timing, Timing]]] = {}
        for _ in range(args.repeat):
            rows.setdefault("every page is rendered", []).append(
                (ours.build(*PLAIN, cold=True), plain.build(*PLAIN, cold=True))
            )
            rows.setdefault("once more", []).append((ours.build(*PLAIN), plain.build(*PLAIN)))
            ours.build(*WRAPPED)
            rows.setdefault("once more, `codeexec zensical`", []).append((ours.build(*WRAPPED), plain.build(*PLAIN)))
    print("| build | of | with samples | plain fences | ratio |\n|---|---|---|---|---|")
    for row, turns in rows.items():
        for of in ("wall", "cpu"):
            mine, theirs = ([getattr(turn[side], of) for turn in turns] for side in (0, 1))
            found = ratio(mine, theirs)
            print(f"| {row} | {of} | {found[0]:.2f} s | {found[1]:.2f} s | {found[2]:.2f} |")


if __name__ == "__main__":
    main()
