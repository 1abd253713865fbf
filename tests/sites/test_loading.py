"""What the collector of garbage is spared by a build of MkDocs, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conftest import Project

TOLD = """
import gc, json, sys
from mkdocs.__main__ import cli

full = []
gc.callbacks.append(lambda phase, about: full.append(1) if phase == "start" and about["generation"] == 2 else None)
if sys.argv.pop() == "off":
    gc.disable()
try:
    cli(["build", "-q"])
except SystemExit as ended:
    print(json.dumps({"status": ended.code, "full": len(full), "collects": gc.isenabled(), "aside": gc.get_freeze_count()}))
"""


def built(project: Project, how: str) -> dict[str, Any]:
    argv = [sys.executable, "-c", TOLD, how]
    done = subprocess.run(argv, cwd=project.root, capture_output=True, text=True, check=True, timeout=120)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_what_is_loaded_is_set_aside_once(project: Project) -> None:
    """No full collection looks through it, garbage is collected as before, and not where somebody has switched that off."""
    project.page("# A page\n")
    on, off = built(project, "on"), built(project, "off")

    assert (0, 0, True) == (on["status"], on["full"], on["collects"])
    assert on["aside"] > 30_000
    assert (0, False) == (off["status"], off["collects"])
