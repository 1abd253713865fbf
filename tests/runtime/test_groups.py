"""Groups of processes in which the kernel bounds a sample as a whole: only where this machine has cgroups of version 2."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mkdocs_codeexec.core.action import Step
from mkdocs_codeexec.core.confinement import RUN_LIMITS, Limits, Tier
from mkdocs_codeexec.core.outcome import Exited, LimitReached, OutOfMemory, StepResult
from mkdocs_codeexec.runtime.process import Children
from mkdocs_codeexec.runtime.sandbox import groups
from mkdocs_codeexec.runtime.scratch import ScratchDirectory
from mkdocs_codeexec.runtime.scratch_root import ScratchRoot

PYTHON = "/usr/bin/python3"
MIB = 1024 * 1024
TIERS: tuple[Tier, ...] = ("bubblewrap", "landlock", "limits")


@pytest.fixture(params=TIERS)
def children(request: pytest.FixtureRequest) -> Iterator[Children]:
    """Yield children that the kernel bounds, in each tier."""
    with Children("auto", tiers=[request.param], path=os.environ["PATH"]) as found:
        if found.tier != request.param or found.inexact:
            pytest.skip(f"`{request.param}`: {found.inexact or found.told}")
        yield found


def run(children: Children, code: str, limits: Limits = RUN_LIMITS) -> StepResult:
    """Run a Python program in a scratch directory of its own."""
    with (
        ScratchRoot() as root,
        ScratchDirectory(root.path, [("sample.py", code)], children, os.environ["PATH"], output_limit=MIB) as scratch,
    ):
        return scratch.run(Step(kind="run", argv=(), timeout=120, limits=limits), (PYTHON, "sample.py"), {})


def most(children: Children, name: str) -> int:
    """Return the most of something that any group of `children` has had."""
    assert children._groups is not None
    return max(int((one / name).read_text()) for one in children._groups.iterdir() if (one / name).is_file())


BURST = """
import os, sys
for number in range(15):
    if os.fork() == 0:
        held = bytearray(b"x") * (120 << 20)
        os._exit(0)
for number in range(15):
    os.wait()
print("all of it was had")
"""


def test_memory_that_is_taken_at_once(children: Children) -> None:
    """Fifteen processes that take 1.8 GiB in a moment never have more than the limit, with what the kernel needs."""
    found = run(children, BURST)

    assert OutOfMemory(512) == found.ended, found
    beside = 64 + 256 if children.tier == "bubblewrap" else 0  # files in memory
    assert most(children, "memory.peak") <= (512 + 64 + beside + 8) * MIB


FORKS = """
import os, time
for _ in range(9):
    try:
        os.fork()
    except OSError:
        pass
time.sleep(9)
"""


def test_processes_that_are_started_at_once(children: Children) -> None:
    """A program that forks as fast as it can has come to its limit; its group would not have let it have more."""
    found = run(children, FORKS)

    assert LimitReached("processes", 64) == found.ended, found
    assert children._groups is not None
    assert "66" in [(one / "pids.max").read_text().strip() for one in children._groups.iterdir() if one.is_dir()]


def test_limits_are_those_of_each_child(children: Children) -> None:
    """One after the other in one group: the next has its own limits, and what the last came to is not its fault."""
    assert OutOfMemory(64) == run(children, BURST.replace("120", "50"), replace(RUN_LIMITS, memory=64)).ended
    assert Exited(0) == run(children, "held = b'x' * (300 << 20)").ended
    assert Exited(0) == run(children, "held = b'x' * (900 << 20)", replace(RUN_LIMITS, memory=None)).ended


def test_a_sample_does_not_leave_its_group(children: Children) -> None:
    """Whatever it writes; in `bubblewrap` it sees no other one. Under `limits` it is whoever builds, unless that is root."""
    if children.tier == "limits" and os.geteuid() != 0:
        pytest.skip("it may do what the builder may")
    code = """
import glob
print(open("/proc/self/cgroup").read().strip())
for name in glob.glob("/sys/fs/cgroup/**/cgroup.procs", recursive=True):
    try:
        open(name, "w").write("0")
        print("left for", name)
    except OSError:
        pass
"""
    found = run(children, code)

    lines = found.stdout.splitlines()
    assert Exited(0) == found.ended, found
    assert not [line for line in lines if line.startswith("left")]
    if children.tier == "bubblewrap":
        assert "0::/" in lines


def test_nothing_is_left(children: Children) -> None:
    """A build removes its groups; one that is killed leaves them to the next."""
    assert Exited(0) == run(children, "print(1)").ended
    ours = children._groups
    assert ours is not None
    code = (
        "import os, sys, time\nfrom mkdocs_codeexec.runtime.sandbox import groups\nfound, _ = groups.open_groups()\n"
        "groups.Group(found)\nprint(found, flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        other = Path(killed.stdout.readline().strip())
        found, _ = groups.open_groups()
        assert found is not None
        groups.close_groups(found)
        assert other.is_dir()  # it is in use
        killed.kill()
    children.close()
    assert not ours.exists()

    found, _ = groups.open_groups()
    assert found is not None
    groups.close_groups(found)
    give_up = time.monotonic() + 5
    while other.exists() and time.monotonic() < give_up:
        time.sleep(0.05)
    assert not other.exists()


def test_what_keeps_groups_from_being_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said: where there is no version 2, and where nobody passes on what is needed."""
    monkeypatch.setattr(groups, "_above", lambda: iter(()))
    assert (None, "there is no cgroup of version 2 here") == groups.open_groups()
    (tmp_path / "cgroup.procs").touch()
    (tmp_path / "cgroup.subtree_control").mkdir()  # which cannot be read
    monkeypatch.setattr(groups, "_above", lambda: iter([tmp_path]))

    assert (None, f"`{tmp_path}`: Is a directory") == groups.open_groups()
