"""What commands cost beside what they cannot do without: `watch` against rustc, `plan` against reading pages, `status` against Python.

    python benchmarks/commands.py                   # 10,000 stored samples for `plan`: some minutes, most to execute them once
    python benchmarks/commands.py --samples 500 --rounds 5

Each is done in turns with the other thing, and told as a ratio, by processor time and by the clock.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import measuring
from measuring import MeasurementError, Timing
from run import machine, say
from warm import Contest

EDITED = 1.2
"""How much longer it may take from a save to the line that tells the outcome than to compile the sample and run it."""
PLAN = 1.3
"""How much longer a plan of stored samples may take than reading their pages."""
STATUS = 0.060
"""Seconds that `status` may take beside Python itself."""
TICK = os.sysconf("SC_CLK_TCK")
SAMPLE = """\
use std::collections::BTreeMap;
#[derive(Debug, Clone, PartialEq)]
enum Shape { Circle(f64), Square(f64), Rectangle { width: f64, height: f64 } }
fn area(shape: &Shape) -> f64 {
    match shape {
        Shape::Circle(radius) => std::f64::consts::PI * radius * radius,
        Shape::Square(side) => side * side,
        Shape::Rectangle { width, height } => width * height,
    }
}
fn main() {
    let shapes = vec![Shape::Circle(1.5), Shape::Square(2.0), Shape::Rectangle { width: 2.0, height: 4.5 }];
    let mut found: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for shape in &shapes {
        found.entry(format!("{shape:?}")).or_default().push(area(shape));
    }
    for (name, areas) in &found {
        println!("NUMBER {name}: {:.2}", areas.iter().sum::<f64>());
    }
}
"""


class Watched:
    """A site of one Rust sample that is watched; a context manager.

    Args:
        folder: Of the site.
        env: Of all processes.
        debounce: Seconds.
    """

    def __init__(self, folder: Path, env: Mapping[str, str], debounce: float) -> None:
        self._page = write(folder, {"index.md": f"```rust exec\n{SAMPLE}```\n"}) / "docs/index.md"
        self._numbers = itertools.count(1)
        argv = [sys.executable, "-m", "mkdocs_codeexec", "watch", "--json", "--debounce", str(debounce)]
        with (folder / "watch.log").open("wb") as log:
            self._child = subprocess.Popen(
                argv, cwd=folder, env=dict(env), stdout=subprocess.PIPE, stderr=log, text=True
            )
        self._next()

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *exc: object) -> None:
        self._child.kill()
        self._child.wait()

    def edit(self) -> Timing:
        """Save the sample with another number, and wait until it is told what it came to."""
        time.sleep(0.5)  # what comes after a round is not a part of the next
        text = SAMPLE.replace("NUMBER", f"edit {next(self._numbers)} of {os.getpid()}")
        cpu, began = self._cpu(), time.perf_counter()
        self._page.write_text(f"```rust exec\n{text}```\n", "utf-8")
        told = self._next()
        wall = time.perf_counter() - began
        if told["run"]["counts"]["executed"] != 1 or told["run"]["counts"]["met"] != 1:
            raise MeasurementError(f"the edited sample was not executed: {told}")
        return Timing(wall, self._cpu() - cpu)

    def _next(self) -> dict[str, object] | object:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise MeasurementError("`codeexec watch` has ended")
        return json.loads(line)

    def _cpu(self) -> float:
        """Return the processor seconds of the process, and of the children that it has waited for."""
        fields = Path(f"/proc/{self._child.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / TICK


def write(folder: Path, pages: Mapping[str, str], options: str = "{}") -> Path:
    (folder / "docs").mkdir(parents=True)
    for name, text in pages.items():
        (folder / "docs" / name).write_text(text, "utf-8")
    (folder / "mkdocs.yml").write_text(f"site_name: T\ntheme: mkdocs\nplugins:\n  - codeexec: {options}\n", "utf-8")
    return folder


def bare(folder: Path, env: Mapping[str, str], scratch: Path) -> Timing:
    """Compile the sample with nothing but rustc, and run it."""
    (folder / "bare.rs").write_text(SAMPLE, "utf-8")
    began = time.perf_counter()
    how = {"cwd": folder, "env": env, "scratch": scratch}
    built = measuring.succeed(["rustc", "--edition", "2024", "bare.rs"], **how)  # type: ignore[arg-type]
    run = measuring.succeed([str(folder / "bare")], **how)  # type: ignore[arg-type]
    return Timing(time.perf_counter() - began, built.timing.cpu + run.timing.cpu)


READ = (
    "import sys, tempfile; from pathlib import Path; from mkdocs_codeexec.commands.site import collect\n"
    "import argparse, mkdocs_codeexec.cli, mkdocs_codeexec.commands.plan\n"
    "with tempfile.TemporaryDirectory() as name: found = collect(Path('mkdocs.yml').absolute(), Path(name))\n"
    "print(len(found.samples))"
)
PEAK = "import resource, sys\nfrom mkdocs_codeexec.cli import main\nmain(['plan'])\nsys.stderr.write(f'peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}')"


def main() -> int:
    """Measure, and write a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=10_000, help="for `plan`")
    parser.add_argument("--rounds", type=int, default=9)
    asked = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="commands-"))
    try:
        return measure(asked.samples, asked.rounds, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def measure(samples: int, rounds: int, scratch: Path) -> int:
    env = measuring.environment(scratch, CODEEXEC_ENVIRONMENT_DIR=str(scratch / "environments"))
    rows: list[str] = []
    for debounce, name in ((0.0, "watch: one Rust sample edited"), (0.3, "the same, --debounce 0.3")):
        folder = scratch / f"watched-{debounce}"
        with Watched(folder, env, debounce) as watched:
            contest = Contest(name, EDITED, watched.edit, lambda folder=folder: bare(folder, env, scratch), "rustc")  # type: ignore[misc]
            watched.edit()
            for number in range(rounds):
                contest.round(number)
        rows += contest.rows()
    many = 50
    pages = {
        f"page-{at}.md": "# Page\n\n" + "".join(f"Text.\n\n```bash exec\necho {at}-{n}\n```\n\n" for n in range(many))
        for at in range(max(1, samples // many))
    }
    folder = write(scratch / "many", pages, "{sandbox: off}")
    how = {"cwd": folder, "env": env, "scratch": scratch}
    python = sys.executable
    say(f"executing {samples} samples once")
    measuring.succeed([python, "-m", "mkdocs_codeexec", "run", "--json"], **how)  # type: ignore[arg-type]
    contest = Contest(
        f"plan of {samples} stored samples",
        PLAN,
        lambda: measuring.succeed([python, "-m", "mkdocs_codeexec", "plan"], **how).timing,  # type: ignore[arg-type]
        lambda: measuring.succeed([python, "-c", READ], **how).timing,  # type: ignore[arg-type]
        "reading the pages",
    )
    for number in range(max(1, rounds // 3)):
        contest.round(number)
    rows += contest.rows()
    peak = int(measuring.succeed([python, "-c", PEAK], **how).stderr.rpartition("peak ")[2]) / 1024  # type: ignore[arg-type]
    status, nothing = [], []
    for _ in range(2 * rounds):
        status.append(measuring.succeed([python, "-m", "mkdocs_codeexec", "status"], **how).timing.cpu)  # type: ignore[arg-type]
        nothing.append(measuring.succeed([python, "-c", "pass"], **how).timing.cpu)  # type: ignore[arg-type]
    more = median(status) - median(nothing)
    print(machine())
    print(f"{'':<34}{'':<11}{'wanted':>7}{'ratio':>9}  {'':<8}{'least':>7}{'most':>7}{'ours':>9}{'other':>9}")
    print("\n".join(rows))
    print(f"plan: {peak:.0f} MiB at most")
    told = f"{median(status) * 1000:.0f} ms, python alone {median(nothing) * 1000:.0f} ms"
    print(f"status: {more * 1000:.0f} ms more than python alone (wanted {STATUS * 1000:.0f}): {told}, of the processor")
    return 0


if __name__ == "__main__":
    sys.exit(main())
