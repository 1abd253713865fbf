"""What building an Environment may use: real cargos that want more, and one that waits for another."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from support.crates import crate

from mkdocs_codeexec.core.action import Action
from mkdocs_codeexec.core.confinement import BUILD_LIMITS, UNLIMITED, Access, Limits, Tier
from mkdocs_codeexec.core.outcome import Exited, LimitReached, NotStarted, OutOfMemory
from mkdocs_codeexec.core.protocols import Command, Unavailability
from mkdocs_codeexec.languages import open_languages
from mkdocs_codeexec.languages.rust.environments import bounds
from mkdocs_codeexec.runtime.process import Children

Workshop: TypeAlias = Any
"""The fixture of that name; test folders are no packages, so its class cannot be imported."""
TIERS: tuple[Tier, ...] = ("bubblewrap", "landlock", "limits")


@pytest.fixture(params=TIERS)
def walled(request: pytest.FixtureRequest, workshop: Workshop) -> Iterator[Workshop]:
    """Yield a workshop in one tier of the sandbox."""
    with Children("auto", path=os.environ["PATH"], tiers=(request.param,)) as children:
        if children.tier != request.param:
            pytest.skip(f"`{request.param}` does not work here")
        workshop.runner.children = children
        yield workshop


def refused(workshop: Workshop, script: str, **changes: Any) -> Unavailability:
    """Return why a local crate with the build script `script` does not build."""
    crate(workshop.root, "greedy", "pub fn one() -> u8 { 1 }", **{"build.rs": script})
    settings = replace(workshop.rust({"greedy": {"path": "../greedy"}}), **changes)
    why = workshop.provide(open_languages(settings, workshop.listener)["rust"], workshop.main)
    assert isinstance(why, Unavailability), why
    return why


MEMORY = "fn main() { let held: Vec<u8> = vec![1; 3 << 30]; assert!(held.iter().all(|one| *one == 1)); }"
TOGETHER = """
fn main() {
    let children: Vec<_> = (0..40)
        .map(|_| std::process::Command::new("python3").args(["-c", "held = b'x' * (64 << 20); import time; time.sleep(50)"]).spawn())
        .collect();
    for child in children { let _ = child.unwrap().wait(); }
}
"""
FILES = """
use std::io::Write;
fn main() {
    let folder = std::path::PathBuf::from(std::env::var_os("OUT_DIR").unwrap());
    for number in 0..200 {
        let mut file = std::fs::File::create(folder.join(number.to_string())).unwrap();
        file.write_all(&vec![number; 1 << 20]).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(40));
    }
}
"""
THREADS = """
fn main() {
    for _ in 0..400 { std::thread::spawn(|| std::thread::sleep(std::time::Duration::from_secs(50))); }
}
"""


@pytest.mark.parametrize(
    ("script", "limits", "reason", "hint"),
    [
        (TOGETHER, {"memory": 64}, "more than 1024 MiB of memory (limit `memory`)", "{memory: 128}"),
        (FILES, {"disk": 2}, "more than 32 MiB in the working directory (limit `disk`)", "{disk: 4}"),
        (THREADS, {"processes": 20}, "more than 320 processes and threads (limit `processes`)", "{processes: 40}"),
    ],
)
@pytest.mark.turns("walled")
def test_a_build_script_that_wants_too_much(
    walled: Workshop, script: str, limits: dict[str, int], reason: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is ended, the limit is named, and what to set; all that cargo has started counts together."""
    monkeypatch.setattr(bounds, "TIMES", 16)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    why = refused(walled, script, build_limits=replace(BUILD_LIMITS, **limits))

    assert f"environment `default` does not build: cargo was stopped: {reason}" == why.reason
    assert f"`build_limits: {hint}` in mkdocs.yml allows twice as much: 16 times that" in why.hint


def test_a_build_script_that_hangs(walled: Workshop) -> None:
    """Time is limited by silence alone: `build_timeout` decides how long that may be."""
    why = refused(walled, "fn main() { loop { std::thread::park(); } }", build_timeout=0.1)

    assert "environment `default` does not build: cargo was stopped: nothing was heard of it for 3 s" == why.reason
    assert "`build_timeout: 0.2` in mkdocs.yml" in why.hint


def test_a_build_that_says_something_goes_on(tmp_path: Path) -> None:
    """However long it takes; the end of the first second without a line is the end."""
    code = "import time\nfor _ in range(5):\n    print('on', flush=True)\n    time.sleep(0.6)\ntime.sleep(50)"
    command = Command(
        argv=(sys.executable, "-c", code),
        cwd=tmp_path,
        env={},
        timeout=None,
        silence=1,
        access=Access(),
        limits=UNLIMITED,
    )
    with Children("off") as children:
        result = children.run(command, "build")

    assert (LimitReached("silence", 1), 5) == (result.ended, result.stdout.count("on"))
    assert 3.0 < result.duration < 20


def test_waiting_for_another_cargo_is_no_silence(workshop: Workshop) -> None:
    """It is started again as long as the lock of the target directory is held by somebody else."""
    workshop = replace(workshop, environment_dir=workshop.root / "environments")
    settings = replace(workshop.rust({"itoa": "1"}), build_timeout=0.1)
    workshop.provide(open_languages(settings, workshop.listener)["rust"], workshop.main)
    (target,) = workshop.environment_dir.glob("rust/*/target")
    another = replace(workshop.rust({"itoa": "1", "ryu": "1"}), build_timeout=0.1)
    with held(target / "debug" / ".cargo-lock", seconds=7):
        began = time.monotonic()
        found = workshop.provide(open_languages(another, workshop.listener)["rust"], workshop.main)

    assert isinstance(found, Action), found
    assert 6 < time.monotonic() - began


@contextmanager
def held(lock: Path, seconds: float) -> Iterator[None]:
    """Hold a lock of cargo for a while, as another cargo does."""
    code = "import fcntl, sys, time\nfile = open(sys.argv[1], 'a')\nfcntl.flock(file, fcntl.LOCK_EX)\nprint('held', flush=True)\ntime.sleep(float(sys.argv[2]))"
    with subprocess.Popen([sys.executable, "-c", code, str(lock), str(seconds)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert b"held\n" == process.stdout.readline()
        yield
        process.kill()


@pytest.mark.parametrize(
    ("ended", "set_to", "said"),
    [
        (LimitReached("silence", 1800), BUILD_LIMITS, "`build_timeout: 120` in mkdocs.yml allows twice as much"),
        (OutOfMemory(100), Limits(memory=4096), "this machine has no more"),
        (OutOfMemory(10**9), Limits(memory=4096), "`build_limits: {memory: 8192}` in mkdocs.yml"),
        (LimitReached("cpu", 10**6), Limits(cpu=240), "`build_limits: {cpu: 480}` in mkdocs.yml"),
    ],
)
def test_what_to_set(workshop: Workshop, ended: Any, set_to: Limits, said: str) -> None:
    """The option that decided; where it was the machine, what takes less of it."""
    stopped = bounds.stopped(ended, workshop.settings(build_limits=set_to))

    assert stopped is not None
    assert said in stopped[1]


@pytest.mark.parametrize("ended", [Exited(1), NotStarted("no")])
def test_what_no_limit_has_ended(workshop: Workshop, ended: Any) -> None:
    """Nothing is said of limits."""
    assert bounds.stopped(ended, workshop.settings()) is None


def test_limits_fit_the_machine(workshop: Workshop) -> None:
    """Memory and what is kept in it are together no more than there is; what is unlimited stays so."""
    found = bounds.limits(workshop.settings(build_limits=replace(BUILD_LIMITS, memory=10**9, tmp=10**9, cpu=None)))
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024**2

    assert found.memory is not None
    assert found.tmp is not None
    assert there - 2 <= found.memory + found.tmp <= there
    assert None is found.cpu
    assert (found.disk or 0) >= 16 * 1024
