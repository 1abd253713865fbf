"""Hooks, by real builds and runs: commands around samples, outside the sandbox."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import forks

if TYPE_CHECKING:
    from conftest import Project

PAGE = "```bash exec\necho one\n```\n\n```bash exec\necho two; exit 3\n```\n"
NOTE = """\
import json, os, sys
told = json.load(sys.stdin)
own = {name: value for name, value in os.environ.items() if name.startswith("CODEEXEC_")}
with open("hooks.jsonl", "a") as file:
    print(json.dumps({"told": told, "own": own, "stored": os.path.isdir(".cache/codeexec/results"), "args": sys.argv[1:]}), file=file)
print("said by a hook")
"""


@pytest.fixture
def site(project: Project) -> Project:
    project.page(PAGE)
    project.write("note.py", NOTE)
    return project


def configure(project: Project, **hooks: object) -> None:
    project.configure({"fail_on_error": False, "languages": {"bash": {}}, "hooks": hooks})


def noted(project: Project) -> list[dict[str, Any]]:
    file = project.root / "hooks.jsonl"
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []
    file.unlink(missing_ok=True)
    return lines


def note(*args: str) -> list[str]:
    return [sys.executable, "note.py", *args]


def runs(pid: int) -> bool:
    """Tell whether a process is there, and is more than an entry for somebody to read."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def run(project: Project, *args: str) -> subprocess.CompletedProcess[str]:
    return forks.run("mkdocs_codeexec.cli", *args, cwd=project.root, env=os.environ | project.env, timeout=120)


def test_a_build_runs_them_around_its_samples(site: Project) -> None:
    """`before` once, before anything is executed, and not where all is stored; `after` with what it came to."""
    configure(site, before=[note("a"), note("b")], after=[note()])
    built = site.build()
    first, second, last = noted(site)

    assert 0 == built.status, built.log
    assert [["a"], ["b"], []] == [each["args"] for each in (first, second, last)]
    assert (False, True) == (first["stored"], last["stored"])
    assert {"format": 1, "hook": "before", "project": str(site.root)} == first["told"]
    assert ("before", "after") == (first["own"]["CODEEXEC_HOOK"], last["own"]["CODEEXEC_HOOK"])
    assert built.run == last["told"]["run"]
    assert ("2", "1", "1") == tuple(last["own"][f"CODEEXEC_{name}"] for name in ("SAMPLES", "MET", "UNMET"))
    assert built.run is not None
    assert built.run["run_id"] == last["own"]["CODEEXEC_RUN_ID"]
    assert built.log.count("said by a hook") == 3
    assert f"codeexec: hook `after`: {sys.executable} note.py" in built.log

    again = site.build()
    assert [[]] == [each["args"] for each in noted(site)], "all is stored"
    assert {"samples": 2, "cached": 2, "met": 1, "unmet": 1} == again.counts


@pytest.mark.parametrize("command", ["run", "check", "promote"])
def test_commands_run_them_too(command: str, site: Project) -> None:
    """Once each, however often samples are executed."""
    configure(site, before=[note("a")], after=[note("z")])
    site.page(PAGE + '\n```bash exec name="x"\necho x\n```\n\n```text output_of="x"\ny\n```\n')
    run(site, command)

    assert [["a"], ["z"]] == [each["args"] for each in noted(site)]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["false"], "`false`: it ended with 1"),
        (["bash", "-c", "kill -9 $$"], "it ended by signal 9"),
        (["no-such-program", "a b"], "`no-such-program 'a b'`: it cannot be started: No such file or directory"),
        (["sleep", "60"], "it was stopped after 0.5 s"),
    ],
)
def test_a_before_that_fails_stops(command: list[str], why: str, site: Project) -> None:
    """No sample is executed, each is an error with one cause; nothing is stored, so that the next build executes them."""
    configure(site, before=[command, note("never")], after=[note("after")], timeout=0.5)
    done = run(site, "run")

    assert 3 == done.returncode
    assert 1 == done.stdout.count("the hook `before` has failed")
    assert why in done.stdout
    assert "2 samples: 0 executed, 0 cached, 2 failed (2 errors)" in done.stdout
    assert [["after"]] == [each["args"] for each in noted(site)]
    configure(site)
    assert {"samples": 2, "executed": 2, "met": 1, "unmet": 1} == site.build().counts


def test_an_after_that_fails_fails_the_run_and_not_the_site(site: Project) -> None:
    """All is written and stored."""
    configure(site, after=[["false"], note("never")])
    built = site.build()

    assert 1 == built.status
    assert "codeexec: the hook `after` has failed: `false`: it ended with 1" in built.log
    assert ["met", "unmet"] == site.verdicts()
    assert [] == noted(site)
    done = run(site, "run")
    assert (3, True) == (done.returncode, "the hook `after` has failed" in done.stderr)


def test_a_hook_that_builds_its_own_site_is_refused(site: Project) -> None:
    """With the way that led there, also around corners; one that builds another site is not."""
    other = site.root / "other"
    site.write("other/docs/index.md", "# Other\n")
    hooks = {"after": [[sys.executable, "-m", "mkdocs", "build", "-f", "../mkdocs.yml"]]}
    site.write("other/mkdocs.yml", f"site_name: b\nplugins: [{{codeexec: {json.dumps({'hooks': hooks})}}}]\n")
    site.write("other/docs/index.md", "```bash exec\necho other\n```\n")
    configure(site, before=[[sys.executable, "-m", "mkdocs", "build", "-q", "-f", "other/mkdocs.yml"]])
    built = site.build()

    assert "`codeexec.hooks`: this site is built by a hook of its own: `" in built.log
    assert "build -q -f other/mkdocs.yml` → `" in built.log
    assert "build -f ../mkdocs.yml` → this build" in built.log
    assert {"samples": 2, "error": 2} == built.counts
    assert (other / "site/index.html").is_file()

    itself = "import subprocess, sys, os; sys.exit(subprocess.call([sys.executable, '-m', 'mkdocs', 'build', '-d', 'plain'], "
    itself += "env=os.environ | {'CODEEXEC_EXECUTE': 'off'}))"
    configure(
        site,
        before=[[sys.executable, "-c", itself], [sys.executable, "-m", "mkdocs", "build", "-f", "other/mkdocs.yml"]],
    )
    site.write("other/mkdocs.yml", "site_name: b\nplugins: [codeexec]\n")
    assert {"samples": 2, "executed": 2, "met": 1, "unmet": 1} == site.build().counts


def test_what_a_hook_leaves_running_goes_on(site: Project) -> None:
    """A server, say: nobody waits for it, and `after` can end it."""
    start = "sleep 300 & echo $! > pid; disown"
    configure(site, before=[["bash", "-c", start]], after=[["bash", "-c", "kill $(cat pid)"]])
    built = site.build()

    assert 0 == built.status, built.log
    pid = int((site.root / "pid").read_text())
    for _ in range(100):
        if not runs(pid):
            break
        time.sleep(0.05)
    else:
        pytest.fail("it was there before `after`, and still is")


def test_a_strangers_build_runs_none(site: Project) -> None:
    """They are outside the sandbox; it says so."""
    configure(site, before=[note("a")], after=[note("z")])
    built = site.build(env={"GITHUB_EVENT_NAME": "pull_request_target"})

    assert [] == noted(site)
    assert 2 == built.log.count("no hook is run, as they are outside the sandbox: this build is of the event")
    assert ["met", "unmet"] == site.verdicts()


def test_an_interrupt_ends_it(site: Project) -> None:
    """With all that it has started."""
    configure(site, before=[["bash", "-c", "sleep 300 & echo $! > pid; wait"]])
    process = subprocess.Popen(
        [sys.executable, "-m", "mkdocs_codeexec", "run"],
        cwd=site.root,
        env=os.environ | site.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    pid = site.root / "pid"
    while not (pid.exists() and pid.read_text().strip()):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)

    assert 130 == process.returncode
    assert not runs(int(pid.read_text()))


@pytest.mark.parametrize(
    ("hooks", "message"),
    [
        (
            {"before": "make data"},
            "`codeexec.hooks.before`: expected a list of commands, each a list of words, got a text",
        ),
        ({"before": "make data"}, "hint: write `before: [[make, data]]`"),
        ({"after": ["make data"]}, "hint: write `after: [[make, data]]`"),
        ({"after": ["make", "data"]}, "hint: write `after: [[make, data]]`"),
        ({"after": [[]]}, "its element 1 is empty"),
        ({"after": [[""]]}, "its element 1 is empty"),
        ({"after": [[{"a": 1}]]}, "`codeexec.hooks.after.1`: its element 1 is no word"),
        ({"befor": []}, "did you mean `before`?"),
        ({"timeout": 0}, "`codeexec.hooks.timeout`: expected a number of seconds above 0"),
    ],
)
def test_mistakes(hooks: dict[str, object], message: str, site: Project) -> None:
    """Each with a way out."""
    site.configure({"hooks": hooks})
    built = site.build()

    assert 1 == built.status
    assert message in built.log
