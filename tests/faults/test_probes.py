"""What samples, macros and build scripts reach of this machine: `codeexec doctor --probe`, as root and as an ordinary user."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from support import outside

from mkdocs_codeexec.probing.table import BUILD_SCRIPT, PROBES, WAYS
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


@pytest.fixture(params=["tests", "user"])
def wrap(request: pytest.FixtureRequest, tmp_path: Path) -> Wrap:
    """Wraps command lines so that they are run by whoever runs the tests, or by an ordinary user."""
    (tmp_path / "site").mkdir()
    if request.param == "tests":
        return list
    if not ROOT:
        pytest.skip("the tests are run by an ordinary user")
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


def left_over() -> list[str]:
    """Return what probes may have left: processes, and folders."""
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    folders = [str(path) for place in ("/tmp", "/var/tmp") for path in Path(place).glob("codeexec-doctor-*")]
    return [*(str(line) for line in lines if b"codeexec-staying" in line), *folders]


def test_every_level_holds_what_it_promises(wrap: Wrap, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """86 probes as a sample, 83 by a shell, a macro and a build script; nothing is reached but what is documented."""
    ended = doctor(wrap, tmp_path / "site", "--probe", "--json")
    report: dict[str, Any] = json.loads(ended.stdout)
    is_root = ROOT and "tests" in request.node.name
    levels = {level["level"]: level for level in report["levels"] if level["works"]}

    assert (0, True) == (ended.returncode, report["ok"]), ended.stdout
    assert [] == [difference for level in levels.values() for difference in level["differences"]]
    assert ["bubblewrap", "landlock", "limits"] == [level["level"] for level in report["levels"]]
    ways = [way for way in WAYS if shutil.which("cargo") or way in WAYS[:2]]
    for name, level in levels.items():
        assert set(ways) == set(level["ways"]), (name, level["skipped"])
        assert {way: 86 if way == WAYS[0] else 83 for way in ways} == {
            way: len(found) for way, found in level["ways"].items()
        }
        assert 86 == level["held"] + level["reached"] + level["absent"]
    own = OPEN if is_root else OPEN | {"files.mode"}
    expected = {"bubblewrap": set(), "landlock": own if landlock.abi() >= 6 else None}
    for name in expected.keys() & levels.keys():
        for way, found in levels[name]["ways"].items():
            limits = {"limits.kernel"} if way == BUILD_SCRIPT else set()  # cargo's builds have none
            if expected[name] is not None:
                assert expected[name] | limits == reached(found), (name, way)
    if "limits" in levels:  # which isolates nothing: the same probes do reach what there is
        for way, found in levels["limits"]["ways"].items():
            free = {probe.name for probe in PROBES if probe.group in ("files", "sharing") and probe.held != "limits"}
            assert free - {"files.mode"} <= reached(found), way
            assert not {"environment.secrets", "privileges.user", "processes.staying"} & reached(found), way
    assert [] == left_over()


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
        assert held <= {"files.links", "network.names", "privileges.terminal-input"}, told
    else:
        assert held <= {"files.links", *NEEDS_ROOT, *KERNELS, *BWRAP}, told
    assert Counter(found.values())["absent"] < 9, told
    assert [] == left_over()
