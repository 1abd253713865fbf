"""Builds that are killed: nothing goes on, nothing is half-written, and little is done again."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.sizes import TIMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project

# What a sample may do so as not to be found: it ignores signals, leaves its session, and forks twice.
STUBBORN = """\
```bash exec timeout="120"
trap '' TERM INT HUP
(setsid sh -c 'trap "" TERM; sleep 60.31 & sleep 60.31' &)
setsid sleep 60.31 &
while :; do sleep 60.31; done
```

```python exec timeout="120"
import os, subprocess, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 3)
        os.execvp("sleep", ["sleep", "60.31"])
    os._exit(0)
time.sleep(120)
```
"""
BUILT = "```built exec\nsleep 0.31\necho built\n```\n"
RUST = '```rust exec\nprintln!("{}", 6 * 7);\n```\n'
QUICK = "".join(f"```bash exec\necho quick {n}\n```\n\n" for n in range(4))
OPTIONS = {
    "jobs": 4,
    "timeout": 60,
    "languages": {"built": {"build": ["sh", "{file}"], "command": ["cat", "{file}"], "extension": "sh"}},
}


MOMENTS = ("starting", "compiling", "building", "running")


def sites(project: Project, number: int) -> list[Project]:
    """Return copies of `project`, each with temporary files of its own."""
    found = []
    for n in range(number):
        tmp = project.root.parent / f"tmp-{n}"
        tmp.mkdir()
        copy = replace(project, root=project.root.parent / f"site-{n}", env={**project.env, "TMPDIR": str(tmp)})
        for name in ("mkdocs.yml", "docs/index.md"):
            copy.write(name, (project.root / name).read_text("utf-8"))
        found.append(copy)
    return found


def killed(site: Project, seed: str, kills: int, number: signal.Signals, *moments: str) -> list[dict[str, Any]]:
    """Have builds of `site` killed, each of which executes everything."""
    program = Path(__file__).with_name("killing.py")
    done = subprocess.run(
        [sys.executable, program, site.root, seed, str(kills), str(int(number)), *moments],
        env=os.environ | site.env | {"CODEEXEC_EXECUTE": "always"},
        capture_output=True,
        text=True,
        timeout=200 * TIMES,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.timeout(240 * TIMES)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name)
def test_a_killed_build_leaves_nothing(project: Project, build: Callable[..., Any], number: signal.Signals) -> None:
    """Whenever a build is killed, and however, it is gone in 2 s, all that it started 1 s later, and the store is whole.

    Its temporary files are gone, too, but after SIGKILL the next build removes them.
    """
    kills = 4 * TIMES  # one at each moment
    project.configure(OPTIONS)
    project.page(QUICK + BUILT + RUST + STUBBORN)
    lanes = sites(project, 2)
    with ThreadPoolExecutor(len(lanes)) as pool:
        both = pool.map(
            lambda n: killed(lanes[n], f"{number} {n}", kills // len(lanes), number, *MOMENTS[n :: len(lanes)]),
            range(len(lanes)),
        )
        found = [one for lane in both for one in lane]

    assert kills == len(found)
    assert 4 == len(Counter(one["moment"] for one in found if one["reached"]))
    assert any(one["entries"] for one in found)
    wrong = {
        "came not so far": [one for one in found if not one["reached"] and one["moment"] != "starting"],
        "goes on": [one for one in found if one["running"]],
        "took its time": [one for one in found if one["seconds"] > 2],
        "damaged the store": [one for one in found if one["damaged"]],
        "left files": [one for one in found if number != signal.SIGKILL and (one["folders"] or one["torn"])],
    }
    assert {} == {what: ones for what, ones in wrong.items() if ones}, json.dumps(wrong, indent=1)

    lanes[0].page(QUICK + BUILT + RUST)
    after = build(lanes[0], env={"CODEEXEC_EXECUTE": "always"})
    assert (0, 6) == (after.status, after.counts["met"]), after.log
    assert [] == list(Path(lanes[0].env["TMPDIR"]).iterdir())


@pytest.mark.usefixtures("tier")
@pytest.mark.parametrize("tier", ["bubblewrap"], indirect=True)  # others are not made beforehand
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda s: s.name)
def test_a_build_that_is_killed_while_its_sandbox_is_made(project: Project, number: signal.Signals) -> None:
    """Neither the sandbox goes on, with nobody to tell it what to do, nor does Ctrl-C have to wait for it."""
    # A slow one: what it does after the kill is what it would do with less luck.
    slow = project.write("bin/bwrap", f'#!/bin/sh\nsleep 0.2\nexec {shutil.which("bwrap")} "$@"\n')
    slow.chmod(0o755)
    project.env["PATH"] = f"{slow.parent}{os.pathsep}{os.environ['PATH']}"
    project.configure({"jobs": 2})
    project.page(QUICK)
    [site] = sites(project, 1)

    found = killed(site, f"sandbox {number}", 4, number, "confining")

    assert any(one["reached"] for one in found)
    assert [] == [one for one in found if one["running"] or one["seconds"] > 2 or one["damaged"]]


def entries(project: Project) -> int:
    return len(list((project.root / ".cache/codeexec/results").glob("v*/??/*.json")))


def stopped(project: Project, wanted: int) -> int:
    """Start a build of `project`, kill it when the store has `wanted` entries, and return how many there are then."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mkdocs", "-q", "build"],
        cwd=project.root,
        env=os.environ | project.env,
        stdin=subprocess.DEVNULL,
    )
    while entries(project) < wanted and process.poll() is None:
        time.sleep(0.01)
    assert process.poll() is None
    process.kill()
    process.wait()
    return entries(project)


def test_a_build_goes_on_where_the_last_was_killed(project: Project, build: Callable[..., Any]) -> None:
    """What was stored when builds were killed is not executed again, however often they were."""
    number = 30
    rng = random.Random("resume")
    for story in range(2):
        project.configure({"jobs": 2})
        project.page("\n".join(f"```bash exec\nsleep 0.03; echo {story} {n}\n```\n" for n in range(number)))
        before = entries(project)
        kept = before
        for wanted in sorted(rng.sample(range(1, number - 4), 2)):
            kept = max(kept, stopped(project, max(before + wanted, kept + 1)))
        after = build(project)

        assert 0 == after.status, after.log
        assert {"samples": number, "executed": before + number - kept, "cached": kept - before, "met": number} == (
            after.counts
        )


BUILD_SCRIPT = """\
fn main() {
    std::process::Command::new("sh").args(["-c", "setsid sleep 60.31 & sleep 60.31"]).status().unwrap();
}
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name)
def test_a_build_that_is_killed_while_dependencies_are_built(
    project: Project, build: Callable[..., Any], number: signal.Signals
) -> None:
    """Neither cargo nor what a build script started goes on, and the next build makes the Environment whole."""
    project.write("tally/Cargo.toml", '[package]\nname = "tally"\nversion = "0.1.0"\nedition = "2021"\n')
    project.write("tally/src/lib.rs", "pub const N: u8 = 7;\n")
    script = project.write("tally/build.rs", BUILD_SCRIPT)
    project.configure({"languages": {"rust": {"dependencies": {"tally": {"path": "tally"}}}}})
    project.page('```rust exec\nprintln!("{}", tally::N);\n```\n')
    tmp = project.root / "tmp"
    tmp.mkdir()
    project.env |= {"TMPDIR": str(tmp), "CODEEXEC_ENVIRONMENT_DIR": str(project.root / "environments")}

    [one] = killed(project, f"environment {number}", 1, number, "running")

    assert one["reached"]
    assert ([], True) == (one["running"], one["seconds"] < 2)
    script.write_text("fn main() {}\n")
    after = build(project)
    assert (0, [("stdout", "7")]) == (after.status, project.streams()), after.log
