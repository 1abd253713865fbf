"""Whether what others have written can do any harm by what it is: fuzzing of all that reads it, by targets.

    pip install 'atheris>=3'                              # CPython 3.11 to 3.13, Linux
    python benchmarks/fuzz.py --seconds 600               # ten minutes for each target, one after the other
    python benchmarks/fuzz.py ansi headers --seconds 60   # some of them
    python benchmarks/fuzz.py --plain --tries 500         # without atheris: mutants of the seeds, blindly

Each target has a process of its own. It begins with real values (messages of rustc, objects, entries of a store, fences of
our own pages), and atheris, which is libFuzzer, prefers mutants that reach new code. A target states its law: no exceptions
but those that are documented, bounds of processor time and memory for each input, output that is bounded by the input, and
what must be so besides. `fuzzing/target.py` has the bounds.

The table says what was tried. Each fault is told once, with where it is; its smallest input goes to the folder `--keep`,
if there is one. Exits with 1 if there is any.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple, NoReturn

TARGETS = ("ansi", "headers", "messages", "entries", "answers", "requests", "objects", "sources", "cargo")
GRACE = 180.0
"""Seconds beside those of the fuzzing that a target may take: rustc makes its seeds."""
SETTLING = 5.0
"""Seconds between two reports of a child to its parent."""


class Known(NamedTuple):
    """A fault.

    Attributes:
        number: In the order in which they were found.
        size: Bytes of the smallest input that brings it to light.
        told: What was said of that.
        times: How often it was found.
    """

    number: int
    size: int
    told: str
    times: int


class Tally:
    """What one process has tried, and where it writes that down."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self._folder = folder
        self._seconds = seconds
        self._began = self._told = time.monotonic()
        self.inputs = 0
        self.faults: dict[str, Known] = {}

    def add(self, fault: tuple[str, str], data: bytes) -> None:
        """Take a fault that `data` has brought to light."""
        known = self.faults.get(fault[0])
        if known is None or len(data) < known.size:
            number, times = (known.number, known.times) if known else (len(self.faults), 0)
            (self._folder / f"input-{number}").write_bytes(data)
            known = Known(number, len(data), fault[1], times)
        self.faults[fault[0]] = known._replace(times=known.times + 1)
        self.tell()

    @property
    def is_over(self) -> bool:
        """Whether the time is over; tells what there is to tell now and then."""
        now = time.monotonic()
        if now - self._told > SETTLING:
            self.tell()
        return now - self._began > self._seconds

    def tell(self) -> None:
        """Write down what there is."""
        self._told = time.monotonic()
        found = {
            "inputs": self.inputs,
            "seconds": self._told - self._began,
            "faults": {where: known._asdict() for where, known in self.faults.items()},
        }
        (self._folder / "tally.new").write_text(json.dumps(found), "utf-8")
        (self._folder / "tally.new").replace(self._folder / "tally.json")


def fuzz(name: str, folder: Path, seconds: float) -> NoReturn:
    """Fuzz one target in this process, which ends with that."""
    import atheris

    with atheris.instrument_imports(include=["mkdocs_codeexec"]):
        target = importlib.import_module(f"fuzzing.{name}").TARGET
    from fuzzing.target import attempt

    seeds = target.seeds(folder)
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds):
        (corpus / f"{number:04}").write_bytes(seed)
    tally = Tally(folder, seconds)

    def one(data: bytes) -> None:
        tally.inputs += 1
        if (fault := attempt(target, data)) is not None:
            tally.add(fault, data)
        if tally.is_over:
            tally.tell()
            os._exit(0)

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        rng = random.Random(seed)
        changed = (
            atheris.Mutate(data, most) if not target.waits and rng.random() < 0.25 else target.mutate(data, most, rng)
        )
        return bytes(changed)

    argv = [
        sys.argv[0],
        f"-max_len={target.longest}",
        "-timeout=3600",
        "-handle_alrm=0",
        "-rss_limit_mb=4096",
        "-verbosity=0",
        "-len_control=0",
    ]
    atheris.Setup([*argv, f"-artifact_prefix={folder}/", str(corpus)], one, custom_mutator=mutate)
    atheris.Fuzz()
    raise SystemExit(2)  # it does not return


def plain(name: str, folder: Path, tries: int, seed: int = 1) -> Tally:
    """Try the seeds of one target, and mutants of these, without looking at what they reach."""
    from fuzzing.target import attempt

    target = importlib.import_module(f"fuzzing.{name}").TARGET
    pool = list(target.seeds(folder))
    rng = random.Random(seed)
    tally = Tally(folder, float("inf"))
    for number in range(len(pool) + tries):
        data = pool[number] if number < len(pool) else target.mutate(rng.choice(pool), target.longest, rng)
        tally.inputs += 1
        if (fault := attempt(target, data)) is not None:
            tally.add(fault, data)
        elif number >= len(pool) and rng.random() < 0.3:  # mutants of mutants go further
            pool[rng.randrange(len(pool))] = data
    tally.tell()
    return tally


def child(name: str, seconds: float, keep: Path | None, more: list[str]) -> bool:
    """Have a process of its own try one target, print what came of it, and return whether all was well."""
    with tempfile.TemporaryDirectory(prefix="codeexec-fuzz-") as scratch:
        folder = Path(scratch)
        log = folder / "log"
        argv = [sys.executable, __file__, name, "--seconds", str(seconds), "--child", scratch, *more]
        with log.open("wb") as output:
            began = time.monotonic()
            process = subprocess.Popen(argv, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
            try:
                status = process.wait(seconds + GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                status = process.wait()
        path = folder / "tally.json"
        found = json.loads(path.read_text("utf-8")) if path.exists() else {"inputs": 0, "seconds": 0.0, "faults": {}}
        rate = found["inputs"] / max(found["seconds"], 0.001)
        print(
            f"{name:10} {found['inputs']:>10} {found['seconds']:>8.0f} {rate:>8.0f} {len(found['faults']):>7}",
            flush=True,
        )
        for where, fault in found["faults"].items():
            print(f"    {where}: {fault['times']} times, smallest input {fault['size']} bytes")
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{name}-{fault['number']}").write_bytes((folder / f"input-{fault['number']}").read_bytes())
                (keep / f"{name}-{fault['number']}.txt").write_text(f"{where}\n\n{fault['told']}", "utf-8")
        if status != 0:
            lines = log.read_text("utf-8", "replace").strip().splitlines()[-16:]
            print(
                f"    the process ended with {status} after {time.monotonic() - began:.0f} s:", *lines, sep="\n        "
            )
        return status == 0 and not found["faults"]


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"some of: {' '.join(TARGETS)}")
    parser.add_argument("--seconds", type=float, default=600.0, help="for each target (%(default)s)")
    parser.add_argument("--plain", action="store_true", help="without atheris")
    parser.add_argument("--tries", type=int, default=500, help="mutants of a target, with --plain (%(default)s)")
    parser.add_argument("--keep", type=Path, help="a folder for inputs that break a law")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    if options.child:
        if options.plain:
            plain(options.targets[0], options.child, options.tries)
            return 0
        fuzz(options.targets[0], options.child, options.seconds)
    if not options.plain and importlib.util.find_spec("atheris") is None:
        parser.error("atheris is not installed: `pip install 'atheris>=3'`, or try without it: `--plain`")
    print(
        f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors\n{'target':10} {'inputs':>10} {'seconds':>8} {'a second':>8} {'faults':>7}"
    )
    more = ["--plain", "--tries", str(options.tries)] if options.plain else []
    well = [child(name, options.seconds, options.keep, more) for name in options.targets or TARGETS]
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
