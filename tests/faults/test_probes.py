"""What samples, macros and build scripts reach of this machine: `codeexec doctor --probe`, as root and as an ordinary user."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from support import outside

from mkdocs_codeexec.core.confinement import WALLS, Tier
from mkdocs_codeexec.probing.table import PROBES, PYTHON, SHELL, WAYS
from mkdocs_codeexec.runtime.supervising import landlock

Wrap: TypeAlias = Callable[[list[str]], list[str]]

ROOT = os.geteuid() == 0
NAMES = {probe.name for probe in PROBES}
OPEN = {"files.stat", "files.times"}
"""What `landlock` leaves open; of files that the sample's own user owns, the mode, too."""
OUTSIDE = {"limits.memory", "limits.processes", "limits.disk"}
"""What is tried by samples of their own."""
NEEDS_ROOT = {
    *("places.accounts", "places.system", "places.nodes", "network.raw", "network.packets", "privileges.user"),
    *("privileges.mounts", "privileges.another-root", "privileges.entering", "privileges.bpf", "privileges.modules"),
    *("privileges.another-kernel", "privileges.restart", "privileges.swap", "privileges.host-name", "privileges.clock"),
    *("kernel.settings", "kernel.groups", "privileges.capabilities"),
}
KERNELS = {
    "privileges.log",
    "privileges.terminal-input",
    "privileges.page-faults",
    "privileges.counters",
    "network.names",
    "kernel.memory",
}
"""What some kernels refuse to an ordinary user, and what needs a network."""
BWRAP = {"privileges.new-privileges", "privileges.set-user-id"}
"""What nobody can do whom bubblewrap has started, as it starts the tests' ordinary user."""


@pytest.fixture
def wrap(request: pytest.FixtureRequest, tmp_path: Path) -> Wrap:
    """Wraps command lines so that they are run by whoever runs the tests, or by an ordinary user."""
    (tmp_path / "site").mkdir()
    if request.param == "tests":
        return list
    found: Wrap = request.getfixturevalue("user")(tmp_path / "site")
    return found


def doctor(wrap: Wrap, folder: Path, *args: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        wrap([sys.executable, "-m", "mkdocs_codeexec.cli", "doctor", *args]),
        cwd=folder,
        env=os.environ | {"CODEEXEC_TESTED_TOKEN": "a secret of whoever builds"} | (env or {}),
        capture_output=True,
        text=True,
        timeout=220,
        check=False,
    )


def reached(found: dict[str, dict[str, str]]) -> set[str]:
    return {name for name, told in found.items() if told["state"] == "reached"}


def has_capabilities() -> bool:
    """Tell whether root may do everything but set limits of others (CAP_SYS_RESOURCE): in containers it often may not."""
    effective = re.search(r"^CapEff:\t(\w+)$", Path("/proc/self/status").read_text(), re.MULTILINE)
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    return effective is not None and int(effective[1], 16) | 1 << 24 == (2 << last) - 1


QUICK = {("tests", "bubblewrap"), ("user", "landlock"), ("tests", "limits")}
"""Every level, and both users."""


@pytest.mark.parametrize(
    ("wrap", "level"),
    [
        pytest.param(*one, marks=() if one in QUICK else pytest.mark.slow)
        for one in itertools.product(("tests", "user"), WALLS)
    ],
    indirect=["wrap"],
)
def test_every_level_holds_what_it_promises(
    wrap: Wrap, tmp_path: Path, request: pytest.FixtureRequest, level: Tier
) -> None:
    """86 probes as a sample, 83 by a shell, a macro and a build script; nothing is reached but what is documented."""
    ended = doctor(wrap, tmp_path / "site", "--probe", "--json", env={"CODEEXEC_SANDBOX_TIERS": level})
    report: dict[str, Any] = json.loads(ended.stdout)
    (found,) = report["levels"]
    if not found["works"]:
        pytest.skip(f"`{level}` does not work here: {found['why']}")
    is_root = ROOT and "tests" in request.node.name

    assert (0, True, []) == (ended.returncode, report["ok"], found["differences"]), ended.stdout
    ways = [way for way in WAYS if shutil.which("cargo") or way in (PYTHON, SHELL)]
    assert {way: 86 if way == PYTHON else 83 for way in ways} == {
        way: len(told) for way, told in found["ways"].items()
    }, found["skipped"]
    assert 86 == found["held"] + found["reached"] + found["absent"]
    for way, told in found["ways"].items():
        if level == "limits":  # which isolates nothing: the same probes do reach what there is
            free = {probe.name for probe in PROBES if probe.group in ("files", "sharing") and probe.held != "limits"}
            assert free - {"files.mode"} <= reached(told), way
            assert not {"environment.secrets", "privileges.user", "processes.staying"} & reached(told), way
            continue
        open_by_level = set() if level == "bubblewrap" else OPEN if is_root else OPEN | {"files.mode"}
        if level == "bubblewrap" or landlock.abi() >= 6:
            assert open_by_level == reached(told), way


@pytest.mark.parametrize("wrap", ["tests", "user"], indirect=True)
def test_every_probe_can_tell_that_something_was_reached(
    wrap: Wrap, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Where nothing holds it, the same program reaches all that whoever runs it may, and tells so."""
    (tmp_path / "site").chmod(0o755)
    ended = subprocess.run(
        wrap([sys.executable, str(outside.__file__), str(tmp_path / "site")]),
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert 0 == ended.returncode, ended.stderr
    told = json.loads(ended.stdout)
    found = {name: state for name, (state, _) in told["found"].items()} | dict.fromkeys(told["changed"], "reached")
    held = {name for name, state in found.items() if state == "held"}

    assert NAMES - OUTSIDE == set(found), told["said"]
    assert {"network.udp", "processes.staying", "sharing.system-v", "places.project"} <= told["changed"].keys()
    if ROOT and "tests" in request.node.name:
        lacking = NEEDS_ROOT | KERNELS | {name for name in NAMES if name.startswith("processes.")}
        assert held <= {"files.links", "network.names", *({"processes.limits"} if has_capabilities() else lacking)}, (
            told
        )
    else:
        assert held <= {"files.links", *NEEDS_ROOT, *KERNELS, *BWRAP}, told
    assert Counter(found.values())["absent"] < 9, told
