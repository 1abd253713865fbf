"""Ten small sites in one process, against one after the other: `python benchmarks/several.py`.

A monorepo of ten packages, each with a site of its own: half of them have samples in Python and Bash, the other half also samples in
Rust that use their package, which cargo builds first. The build script of such a package waits, as one does that downloads a
library: nothing is computed meanwhile. Both ways begin with no results and no Environments; crates of others are none. They are
timed in turns, and have to come to the same outcomes: the keys in each store are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import measuring

Way: TypeAlias = "Callable[[list[Path], Path, dict[str, str], Path], measuring.Timing]"

SITE = """\
site_name: {name}
theme: {{name: null, custom_dir: theme}}
plugins:
  - codeexec: {options}
"""
TEXT = """\
# Page {number}

```python exec
print(sum(n * n for n in range(200_000)) + {number})
```

```bash exec
for n in 1 2 3; do echo "$n {number}"; done
```
"""
RUST = """\

```rust exec
println!("{{}}", {package}::twice({number}));
```
"""
BUILD = "fn main() {{ std::thread::sleep(std::time::Duration::from_millis({wait})); }}\n"
PAGES = 3
TARGET = 0.4


def main() -> int:
    parser = argparse.ArgumentParser(description="Time ten sites in one process, and one after the other.")
    parser.add_argument("--rounds", type=int, default=3, help="of both (default: 3)")
    parser.add_argument("--sites", type=int, default=10, help="how many (default: 10), every other one with Rust")
    parser.add_argument("--wait", type=int, default=1000, help="milliseconds that a build script waits (default: 1000)")
    parser.add_argument("--processors", type=int, default=2, help="how many may be used (default: 2)")
    args = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: args.processors])
    ratios, rows = [], []
    with tempfile.TemporaryDirectory() as temporary:
        for number in range(args.rounds):
            ways = [together, one_by_one]
            took = {way: _timed(way, args, Path(temporary)) for way in (ways if number % 2 else ways[::-1])}
            ratios.append(took[together].wall / took[one_by_one].wall)
            rows.append((took[together], took[one_by_one], os.getloadavg()[0]))
    for ours, theirs, load in rows:
        print(
            f"together {ours.wall:.1f} s (cpu {ours.cpu:.1f} s), one by one {theirs.wall:.1f} s (cpu {theirs.cpu:.1f} s): "
            f"{ours.wall / theirs.wall:.2f}; load {load:.1f}"
        )
    ratio = statistics.median(ratios)
    print(
        f"{args.sites} sites together / one by one: {ratio:.2f}, at most {TARGET}: {'met' if ratio <= TARGET else 'missed'}"
    )
    return 0


def _timed(way: Way, args: argparse.Namespace, temporary: Path) -> measuring.Timing:
    folder = temporary / "monorepo"
    shutil.rmtree(folder, ignore_errors=True)
    files = [_written(folder / f"p{number}", number, args.wait, rust=bool(number % 2)) for number in range(args.sites)]
    scratch = temporary / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    env = measuring.environment(scratch, CODEEXEC_ENVIRONMENT_DIR=str(temporary / "environments"))
    shutil.rmtree(temporary / "environments", ignore_errors=True)
    timing = way(files, folder, env, scratch)
    keys = {file.parent.name: _keys(file.parent) for file in files}
    known = temporary / "keys.json"
    if not known.exists():
        known.write_text(json.dumps(keys))
    if json.loads(known.read_text()) != keys:
        raise measuring.MeasurementError("the keys of both ways differ")
    return timing


def together(files: list[Path], folder: Path, env: dict[str, str], scratch: Path) -> measuring.Timing:
    return _run(files, folder, env, scratch)


def one_by_one(files: list[Path], folder: Path, env: dict[str, str], scratch: Path) -> measuring.Timing:
    every = [_run([file], folder, env, scratch) for file in files]
    return measuring.Timing(sum(one.wall for one in every), sum(one.cpu for one in every))


def _run(files: list[Path], folder: Path, env: dict[str, str], scratch: Path) -> measuring.Timing:
    argv = [sys.executable, "-m", "mkdocs_codeexec", "run", *(word for file in files for word in ("-f", str(file)))]
    done = measuring.run(argv, cwd=folder, env=env, scratch=scratch)
    if done.status:
        raise measuring.MeasurementError(f"status {done.status}\n{done.stdout}\n{done.stderr}")
    return done.timing


def _written(folder: Path, number: int, wait: int, *, rust: bool) -> Path:
    name = f"package_{number}"
    (folder / "docs").mkdir(parents=True)
    (folder / "theme").mkdir()
    languages: dict[str, object] = {"python": {}, "bash": {}}
    if rust:
        languages["rust"] = {"dependencies": {name: {"path": "."}}}
        (folder / "src").mkdir()
        (folder / "src/lib.rs").write_text("pub fn twice(n: u32) -> u32 { 2 * n }\n")
        (folder / "build.rs").write_text(BUILD.format(wait=wait))
        (folder / "Cargo.toml").write_text(f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2024"\n')
    for page in range(PAGES):
        at = number * PAGES + page
        text = TEXT.format(number=at) + (RUST.format(package=name, number=at) if rust else "")
        (folder / "docs" / f"page{page}.md").write_text(text)
    file = folder / "mkdocs.yml"
    file.write_text(SITE.format(name=name, options=json.dumps({"languages": languages})))
    return file


def _keys(folder: Path) -> list[str]:
    return sorted(path.stem for path in (folder / ".cache/codeexec/results").rglob("*.json"))


if __name__ == "__main__":
    sys.exit(main())
