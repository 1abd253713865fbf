"""The other ways to run Rust samples: cargo in three ways, and rustdoc."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import measuring
from generate import DEPENDENCIES, Sample
from measuring import Ended, Timing

_PREBUILT = "benchmark-prebuilt"
_BIN = "benchmark_sample"
_REFUSED = re.compile(rf'could not compile .*\(bin "({_BIN}_\d+)"\)')
_RUSTDOC = re.compile(r"test result: \w+\. (\d+) passed; (\d+) failed")


@dataclass(frozen=True, slots=True)
class Ran:
    """What one sample did under cargo; `status` is None if it did not compile."""

    status: int | None
    stdout: str


def manifest(name: str, crates: Collection[str]) -> str:
    """Return a Cargo.toml with these dependencies."""
    lines = [f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2024"\n\n[dependencies]']
    for crate in sorted(crates):
        wanted = DEPENDENCIES[crate]
        table = wanted if isinstance(wanted, dict) else {"version": wanted}
        lines.append(f"{crate} = {{ {', '.join(f'{key} = {json.dumps(value)}' for key, value in table.items())} }}")
    return "\n".join(lines) + "\n"


class Cargo:
    """Runs samples by cargo, in projects below `folder`.

    Args:
        folder: Made here.
        samples: What is run.
        scratch: For temporary files.
        crates: What they may use, in cargo's own keys.
    """

    def __init__(
        self, folder: Path, samples: Sequence[Sample], scratch: Path, crates: Mapping[str, object] = DEPENDENCIES
    ) -> None:
        self._folder = folder
        self._samples = samples
        self._scratch = scratch
        self._target = folder / "target"
        self._env = measuring.environment(scratch)
        self._crates = crates
        self._prebuilt = self._project(_PREBUILT, "fn main() {}\n", crates)
        self._lock = ""
        self._artifacts: list[dict[str, object]] = []
        self._projects: list[Path] = []

    def prepare(self) -> Timing:
        """Download and build the dependencies, once, into the shared target directory."""
        fetch = ("cargo", "fetch")
        measuring.succeed(fetch, cwd=self._prebuilt, env=self._env, scratch=self._scratch)
        env = self._env | {"CARGO_TARGET_DIR": str(self._target)}
        argv = ("cargo", "build", "--message-format=json")
        ended = measuring.succeed(argv, cwd=self._prebuilt, env=env, scratch=self._scratch)
        self._artifacts = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
        self._lock = (self._prebuilt / "Cargo.lock").read_text("utf-8")
        # Names differ, because projects of one name that share a target directory get each other's program.
        self._projects = [
            self._project(f"benchmark-{number:04}", sample.program(), self._crates)
            for number, sample in enumerate(self._samples)
        ]
        return ended.timing

    def shared(self) -> tuple[Timing, list[Ran]]:
        """Run every sample with the shared target directory, as many at once as there are processors."""
        env = self._env | {"CARGO_TARGET_DIR": str(self._target)}
        began = time.perf_counter()
        with ThreadPoolExecutor(processors()) as pool:
            ended = list(pool.map(lambda project: self._cargo_run(project, env), self._projects))
        wall = time.perf_counter() - began
        self._forget()
        return Timing(wall, sum(one.timing.cpu for one in ended)), [_ran(one) for one in ended]

    def fresh(self, sample: Sample, *, all_crates: bool) -> Timing:
        """Run one sample in a project with a target directory of its own, and throw that away."""
        crates = self._crates if all_crates else sample.crates
        project = self._project("benchmark-fresh", sample.program(), crates)
        try:
            return self._cargo_run(project, self._env).timing
        finally:
            shutil.rmtree(project)

    def _cargo_run(self, project: Path, env: dict[str, str]) -> Ended:
        argv = ("cargo", "run", "-q", "--offline")
        return measuring.run(argv, cwd=project, env=env, scratch=self._scratch)

    def _project(self, name: str, program: str, crates: Collection[str]) -> Path:
        project = self._folder / name
        (project / "src").mkdir(parents=True)
        (project / "Cargo.toml").write_text(manifest(name, crates), "utf-8")
        (project / "src/main.rs").write_text(program, "utf-8")
        if name != _PREBUILT:
            (project / "Cargo.lock").write_text(self._lock.replace(f'"{_PREBUILT}"', f'"{name}"'), "utf-8")
        return project

    def _forget(self) -> None:
        """Take what the samples left out of the target directory; the dependencies stay."""
        for path in [*self._target.glob("debug/benchmark*"), *self._target.glob("debug/*/benchmark*")]:
            if path.name.replace("_", "-").startswith(_PREBUILT):
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def rustdoc(self, page: Path) -> tuple[Timing, str]:
        """Let rustdoc test `page` with the prebuilt libraries; return what it says of the number of samples."""
        argv = ("rustdoc", "--test", str(page), *self.rustdoc_flags())
        ended = measuring.run(argv, cwd=self._folder, env=self._env, scratch=self._scratch)
        found = _RUSTDOC.findall(ended.stdout)
        passed, failed = (sum(int(pair[index]) for pair in found) for index in (0, 1))
        return ended.timing, f"{passed} passed, {failed} failed"

    def rustdoc_flags(self) -> list[str]:
        """Return what tells rustdoc of the prebuilt libraries, and the edition."""
        flags = ["--edition", "2024", "-L", f"dependency={self._target}/debug/deps"]
        for name, file in sorted(self._libraries().items()):
            flags += ["--extern", f"{name}={file}"]
        return flags

    def _libraries(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for message in self._artifacts:
            target, files = message.get("target"), message.get("filenames")
            if isinstance(target, dict) and isinstance(files, list) and target["name"] in DEPENDENCIES:
                found.update((target["name"], file) for file in files if file.endswith(".rlib"))
        return found


class Bins:
    """Checks samples by cargo, all of them programs of one project, without linking or running any.

    Args:
        folder: Made here.
        samples: What is checked.
        scratch: For temporary files.
        crates: What they may use, in cargo's own keys.
    """

    def __init__(
        self, folder: Path, samples: Sequence[Sample], scratch: Path, crates: Mapping[str, object] = DEPENDENCIES
    ) -> None:
        self._folder = folder
        self._samples = samples
        self._scratch = scratch
        self._crates = crates
        self._env = measuring.environment(scratch)
        self._programs = folder / "src/bin"

    def prepare(self) -> None:
        """Download and check the dependencies."""
        self._programs.mkdir(parents=True)
        (self._folder / "Cargo.toml").write_text(manifest(_PREBUILT, self._crates), "utf-8")
        first = self._programs / f"{_BIN}.rs"
        first.write_text("fn main() {}\n", "utf-8")
        argv = ("cargo", "check", "--bins")
        measuring.succeed(argv, cwd=self._folder, env=self._env, scratch=self._scratch)
        first.unlink()
        for number, sample in enumerate(self._samples):
            (self._programs / f"{_BIN}_{number:04}.rs").write_text(sample.program(), "utf-8")
        self._forget()

    def check(self) -> tuple[Timing, tuple[bool, ...]]:
        """Check all of them; return whether each one compiles, too."""
        argv = ("cargo", "check", "--bins", "--keep-going", "--offline")
        ended = measuring.run(argv, cwd=self._folder, env=self._env, scratch=self._scratch)
        self._forget()
        refused = set(_REFUSED.findall(ended.stderr))
        return ended.timing, tuple(f"{_BIN}_{number:04}" not in refused for number in range(len(self._samples)))

    def _forget(self) -> None:
        """Take what the samples left out of the target directory; the dependencies stay."""
        debug = self._folder / "target/debug"
        for path in (*debug.glob(f"*/*{_BIN}*"), *debug.glob(f".fingerprint/{_PREBUILT}-*")):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def _ran(ended: Ended) -> Ran:
    compiled = "could not compile" not in ended.stderr
    return Ran(ended.status if compiled else None, ended.stdout)
