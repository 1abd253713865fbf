"""Does a process that builds a site again and again, as `mkdocs serve` does, keep what it takes?

    python benchmarks/soak.py                          # 1,000 samples, 20 builds
    python benchmarks/soak.py --samples 50 --builds 6  # a look at it

Every build is of one process. Every second one executes all samples anew; of the others each finds some samples changed,
in turn to one of three texts, so that after the third all is stored that will ever be.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import generate
import measuring

SETTLED = 3
"""The build after which nothing may grow any more."""
FLAT = 0.05
"""By how much, as a part of what it was then, it may all the same."""
TEXTS = 3
EVERY = 20
"""Of so many samples one changes in each build."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What the process has after a build.

    Attributes:
        memory: KiB of resident memory.
        descriptors: That are open.
        threads: That have not ended.
        processes: That it started and that are still there.
        temporary: Files and folders in the folder for temporary files.
        entries: Files in the store; the last 100 runs, of which there are no more, left out.
        store: KiB of them.
    """

    memory: int
    descriptors: int
    threads: int
    processes: int
    temporary: int
    entries: int
    store: int


@dataclass(frozen=True, slots=True)
class Build:
    """One build: how many samples it executed, how many seconds it took, and what was taken after it."""

    executed: int
    seconds: float
    taken: Taken


def taken(store: Path) -> Taken:
    """Return what this process has now, and cannot give back: MkDocs leaves cycles, with the plugin or without."""
    gc.collect()
    status = Path("/proc/self/status").read_text("utf-8")
    sizes = [path.stat().st_size for path in store.rglob("*") if path.is_file() and path.parent.name != "runs"]
    return Taken(
        memory=int(status.split("VmRSS:")[1].split()[0]),
        descriptors=len(list(Path("/proc/self/fd").iterdir())),
        threads=threading.active_count(),
        processes=len(Path(f"/proc/self/task/{os.getpid()}/children").read_text("utf-8").split()),
        temporary=sum(1 for _ in Path(tempfile.gettempdir()).rglob("*")),
        entries=len(sizes),
        store=round(sum(sizes) / 1024),
    )


def changed(samples: Sequence[generate.Sample], number: int) -> list[generate.Sample]:
    """Return `samples` with some in the text that they have in build `number`."""
    note = f"# text {number % TEXTS}\n"
    return [
        replace(sample, code=sample.code + note) if place % EVERY == 0 else sample
        for place, sample in enumerate(samples)
    ]


def builds(folder: Path, samples: Sequence[generate.Sample], number: int) -> Iterator[Build]:
    """Build the site in `folder` again and again, in this process.

    Raises:
        MeasurementError: A sample did not succeed.
    """
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    store = folder / ".cache/codeexec"
    for one in range(1, number + 1):
        for name, text in generate.pages(changed(samples, one), "codeexec"):
            (folder / "docs" / name).write_text(text, "utf-8")
        # MkDocs keeps the plugin from build to build, as in `serve`.
        execute = "auto" if one % 2 else "always"
        options = {"execute": execute, "environment_dir": str(folder / "environments")}
        generate.write_config(folder, "codeexec", rust={}, options=options)
        began = time.perf_counter()
        config = load_config(str(folder / "mkdocs.yml"))
        if one == 1:
            config.plugins.on_startup(command="serve", dirty=False)
        build(config)
        seconds = time.perf_counter() - began
        counts = json.loads((store / "last-run.json").read_text("utf-8"))["counts"]
        if counts["met"] != len(samples):
            raise measuring.MeasurementError(f"of {len(samples)} samples {counts['met']} succeeded")
        yield Build(counts.get("executed", 0), seconds, taken(store))


def lines(done: Sequence[Build]) -> Iterator[str]:
    """Yield a line for each figure: what it was, the most that it came to since, and whether that is flat."""
    settled, since = done[SETTLED - 1].taken, [build.taken for build in done[SETTLED:]]
    for figure in (item.name for item in fields(Taken)):
        was, most = getattr(settled, figure), max(getattr(one, figure) for one in since)
        grown = (most - was) / was if was else float(most > 0)
        says = "flat" if grown <= FLAT else "GROWS"
        yield f"{figure:<12}{was:>10}{most:>10}{100 * grown:>+9.1f} %  {says}"


def run(folder: Path, samples: int, number: int) -> list[str]:
    """Build a site of so many samples, print what each build took, and return the lines about it."""
    scripts = generate.script_samples(samples, cheap=True)
    generate.write_site(folder, scripts, "codeexec")
    names = [item.name for item in fields(Taken)]
    print(f"{'build':>5}{'executed':>10}{'seconds':>10}" + "".join(f"{name:>12}" for name in names))
    done = []
    for one in builds(folder, scripts, number):
        done.append(one)
        figures = "".join(f"{getattr(one.taken, name):>12}" for name in names)
        print(f"{len(done):>5}{one.executed:>10}{one.seconds:>10.2f}{figures}", flush=True)
    print(f"\n{'figure':<12}{f'build {SETTLED}':>10}{'since':>10}{'grown':>11}")
    return list(lines(done))


def main() -> None:
    parser = argparse.ArgumentParser(description="Build one site again and again in one process.")
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--builds", type=int, default=20, help=f"at least {SETTLED + 1}")
    args = parser.parse_args()
    if args.builds <= SETTLED:
        parser.error(f"`--builds`: expected more than {SETTLED}, got {args.builds}")
    logging.getLogger("mkdocs").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="soak-") as scratch:
        (temporary := Path(scratch, "tmp")).mkdir()
        # What users have set must not count, nor what others put among temporary files.
        found = measuring.environment(temporary)
        os.environ.clear()
        os.environ.update(found)
        tempfile.tempdir = None
        verdicts = run(Path(scratch, "site"), args.samples, args.builds)
    print("\n".join(verdicts))
    sys.exit(any(line.endswith("GROWS") for line in verdicts))


if __name__ == "__main__":
    main()
