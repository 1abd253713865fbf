"""Runs that are stopped: what had ended is told, is kept, and is not executed again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from support.schemas import check

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project

SAMPLES = 12
PATIENCE = 60.0


@pytest.fixture
def site(project: Project) -> Project:
    reports = {"junit": "junit.xml", "trace": "trace.json"}
    project.configure({"languages": {"bash": {}}, "jobs": 2, "sandbox": "off", "reports": reports, "timeout": 100})
    one = '```bash exec\n[ {n} -gt 5 ] && [ -z "$(ls {root}/go 2>/dev/null)" ] && sleep 90\necho {n}\n```\n'
    project.page("\n".join(one.format(n=number, root=project.root) for number in range(SAMPLES)))
    return project


def stopped(
    site: Project, command: list[str], how: signal.Signals, when: Callable[[str], bool]
) -> tuple[int, str, float]:
    """Start a command, send it `how` when its log is as it should be, and return its status, its log, and how long it went on."""
    path = site.root / "log"
    with path.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=site.root,
            env=os.environ | site.env | {"CODEEXEC_LOG_FORMAT": "json"},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        end = time.monotonic() + PATIENCE
        while not when(path.read_text("utf-8")):
            assert process.poll() is None, path.read_text("utf-8")
            assert time.monotonic() < end, path.read_text("utf-8")
            time.sleep(0.01)
        sent = time.monotonic()
        process.send_signal(how)
        process.wait(PATIENCE)
        took = time.monotonic() - sent
    finally:
        process.kill()
        process.wait()
    return process.returncode, path.read_text("utf-8"), took


def ended(log: str) -> set[int]:
    """Return the lines of samples that have ended, as the log says."""
    events = [json.loads(line) for line in log.splitlines() if line.startswith('{"format"') and line.endswith("}")]
    return {event["line"] for event in events if event["event"] == "ended"}


def some(log: str) -> bool:
    return len(ended(log)) >= 6


def last_run(site: Project) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((site.root / ".cache/codeexec/last-run.json").read_text("utf-8"))
    check("run", found)
    return found


BUILD = ["mkdocs", "build"]
RUN = ["mkdocs_codeexec", "run", "--junit", "junit.xml", "--trace", "trace.json"]


@pytest.mark.parametrize(
    ("command", "how"),
    [(BUILD, signal.SIGINT), (BUILD, signal.SIGTERM), (RUN, signal.SIGINT)],
    ids=["build-interrupted", "build-terminated", "run-interrupted"],
)
def test_what_had_ended_is_told_and_is_kept(site: Project, command: list[str], how: signal.Signals) -> None:
    """At once, with all reports, and with what to do next; the next run goes on from there."""
    status, log, took = stopped(site, command, how, some)

    assert status != 0
    assert took < 5, "with all others on this machine"
    run = last_run(site)
    assert run["interrupted"] is True
    lines = {row["line"] for row in run["samples"]}
    assert ended(log) <= lines
    assert len(lines) < SAMPLES
    assert re.search(r"interrupted: .*(mkdocs build|codeexec run)` again goes on from here", log)
    assert len(lines) == int(ET.fromstring((site.root / "junit.xml").read_text()).attrib["tests"])
    assert run["run_id"] == json.loads((site.root / "trace.json").read_text())["otherData"]["run_id"]
    (site.root / "go").touch()
    again = site.build()
    assert 0 == again.status, again.log
    assert again.counts["cached"] >= len(lines)


@pytest.mark.parametrize("module", ["mkdocs", "mkdocs_codeexec"])
def test_what_was_told_to_have_ended_is_there_after_a_kill(site: Project, module: str) -> None:
    """Nothing of a run can be written any more: each sample that it has told of is stored, and no lock and no half file is left."""
    command = [module, "build" if module == "mkdocs" else "run"]
    status, log, _ = stopped(site, command, signal.SIGKILL, some)

    assert -signal.SIGKILL == status
    assert not (site.root / "trace.json").exists()
    (site.root / "go").touch()
    again = site.build()
    assert 0 == again.status, again.log
    assert last_run(site)["counts"]["cached"] >= len(ended(log))
    assert not list((site.root / ".cache/codeexec").rglob("*.tmp"))
