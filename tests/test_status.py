"""`codeexec status`: what is told of past runs."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support import forks

from mkdocs_codeexec.commands.stored import settings_of_site, store_of
from mkdocs_codeexec.report import history
from mkdocs_codeexec.report.past import ago

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Project


def codeexec(project: Project, *args: str) -> subprocess.CompletedProcess[str]:
    return forks.run("mkdocs_codeexec.cli", *args, cwd=project.root, env=os.environ | project.env, timeout=120)


@pytest.fixture
def site(project: Project) -> Project:
    """Return a site that was built twice, and of which a page was run since."""
    project.page('```bash exec name="a"\nexit 1\n```\n')
    project.write("docs/b.md", "```bash exec\necho b\n```\n")
    project.build()
    project.page('A line.\n\n```bash exec name="a"\nsleep 0.6\n```\n')
    project.build()
    codeexec(project, "run", "b.md")
    return project


def test_the_last_runs_are_listed(site: Project) -> None:
    """Builds and others alike, the last one first."""
    done = codeexec(site, "status")

    assert 0 == done.returncode, done.stderr
    runs = re.findall(r"^\d{8}T\d{12}-[0-9a-f]{8}  \d+ \w+ ago: (.*) \([0-9.]+ s\)$", done.stdout, re.MULTILINE)
    assert [
        "1 sample: 0 executed, 1 cached (100 %), 0 failed, of a selection",
        "2 samples: 1 executed, 1 cached (50 %), 0 failed",
        "2 samples: 2 executed, 0 cached (0 %), 1 failed",
    ] == runs
    assert runs[:2] == re.findall(r"ago: (.*) \(", codeexec(site, "status", "--last", "2").stdout)
    report = json.loads(codeexec(site, "status", "--json").stdout)
    assert [1, 2, 2] == [run["counts"]["samples"] for run in report["runs"]]
    assert json.loads((site.root / ".cache/codeexec/last-run.json").read_text()) == report["runs"][0]


def test_one_run_is_told_and_two_are_compared(site: Project) -> None:
    """By the beginning of their ids, or the end; a sample is the same one where it has moved."""
    names = [run["run_id"] for run in json.loads(codeexec(site, "status", "--json").stdout)["runs"]]
    first = codeexec(site, "status", names[2][-8:]).stdout

    assert "index.md:1: exit status 1\n" in first
    assert "slowest of 2 samples that were executed:\n" in first
    both = codeexec(site, "status", names[1], names[2]).stdout
    assert "index.md:3: unmet → met\n" in both
    assert re.search(r"^index.md:3: slower by 0\.\d s \(0\.\d s before\)$", both, re.MULTILINE), both
    assert "the store has saved 0." in codeexec(site, "status", "last").stdout
    assert "no sample of both differs in what it is worth\n" in codeexec(site, "status", names[0], names[1]).stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["19700101"], "there is no run `19700101`"),
        (["2"], "`2` may be any of 3 runs"),
        ([""], "there is no run ``"),
        (["a", "b", "c"], "`status` compares two runs"),
        (["--last", "0"], "expected a whole number above 0, got `0`"),
    ],
)
def test_what_is_not_known_is_told(args: list[str], message: str, site: Project) -> None:
    """With a way out."""
    done = codeexec(site, "status", *args)

    assert (2, "") == (done.returncode, done.stdout)
    assert message in done.stderr
    assert "hint: " in done.stderr


def test_a_site_without_runs(project: Project) -> None:
    """Or one whose history is of another version."""
    project.page("# Nothing\n")
    done = codeexec(project, "status")
    assert (0, "no run is known: none has ended yet, or `cache_dir` is another one\n") == (done.returncode, done.stdout)
    project.write(".cache/codeexec/runs/20260101T000000000000-00000000.json", '{"format": 9}')
    assert "no run is known" in codeexec(project, "status").stdout
    done = codeexec(project, "status", "last")
    assert 2 == done.returncode
    assert "cannot be read: it is damaged, or of another version" in done.stderr


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds ago"),
        (1.5, "1 second ago"),
        (119, "1 minute ago"),
        (7200, "2 hours ago"),
        (3 * 86400, "3 days ago"),
        (30 * 86400, "4 weeks ago"),
        (-60, "in the future (a clock was changed)"),
    ],
)
def test_times_are_relative(seconds: float, words: str) -> None:
    """To now; a clock may have jumped."""
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert words == ago(now - dt.timedelta(seconds=seconds), now)


def test_runs_of_a_clock_that_was_wrong_are_not_the_last_ones(tmp_path: Path) -> None:
    """They are kept as long as there is room, and are forgotten first."""
    future = [f"2999010{day}T000000000000-00000000" for day in range(1, 4)]
    past = [f"20200101T{number:012}-00000000" for number in range(history.MOST)]
    for name in (*future, *past[:-1]):
        history.keep(tmp_path, name, b"{}")
    assert [*past[-2::-1], future[-1]] == history.names(tmp_path)
    history.keep(tmp_path, past[-1], b"{}")
    assert past[::-1] == history.names(tmp_path)


def test_a_history_that_strangers_have_written_is_read_within_bounds(project: Project, tmp_path: Path) -> None:
    """Links, pipes, folders and files that are none, too large or too many are not there; numbers are numbers; no control character is passed on."""
    project.page("# x")
    row = {"page": "a\x1b]0;x\x07.md", "line": 3, "name": "", "verdict": "unmet", "reason": "r\x1b[2J\n::error::x"}
    row |= {"cached": False, "build_ms": 1, "run_ms": 1, "language": "bash", "key": ""}
    run = {"format": 1, "started": "2026-01-01T00:00:00+00:00", "duration_ms": 1, "sandbox": "", "samples": [row]}
    run |= {"counts": {"samples": 1, "executed": 1}, "toolchains": {}}
    folder = project.root / ".cache/codeexec/runs"
    folder.mkdir(parents=True)

    def name(number: int) -> str:
        return f"20260101T000000000000-{number:08x}"

    def text(number: int) -> str:
        return json.dumps({**run, "run_id": name(number)})

    for number in range(200):
        (folder / f"{name(number)}.json").write_text(text(number))
    (tmp_path / "canary").write_text(text(201))
    (folder / f"{name(201)}.json").symlink_to(tmp_path / "canary")
    os.mkfifo(folder / f"{name(202)}.json")
    (folder / f"{name(203)}.json").mkdir()
    (folder / f"{name(204)}.json").write_text("[" * 100_000)
    for number, wrong in enumerate(("NaN", "Infinity", "1e999"), 205):
        (folder / f"{name(number)}.json").write_text(text(number).replace('"build_ms": 1', f'"build_ms": {wrong}'))
    report = json.loads(codeexec(project, "status", "--json", "--last", "1000").stdout, parse_constant=pytest.fail)

    assert [name(number) for number in range(199, 106, -1)] == [one["run_id"] for one in report["runs"]]
    shown = codeexec(project, "status", name(199)).stdout
    assert "a.md:3: r\n" in shown
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown)
    with (folder / f"{name(300)}.json").open("wb") as file:
        file.truncate(history.LARGEST + 1)
    assert "no run is known" in codeexec(project, "status").stdout


@pytest.mark.parametrize(
    "text",
    [
        "plugins: [codeexec]\n",
        "plugins:\n  - codeexec:\n      timeout: 3\n",
        "plugins:\n  - codeexec:\n      cache_dir: here\n",
        "plugins:\n  codeexec: {cache_dir: 'a/../there'}\n",
        'plugins:\n  - codeexec: {"cache\\x5fdir": odd}\n',
        "extra:\n  own: &own {cache_dir: anchored}\nplugins:\n  - codeexec: *own\n",
        "extra:\n  own: &own {cache_dir: merged}\nplugins:\n  - codeexec:\n      <<: *own\n",
        "INHERIT: base.yml\nextra: {a: 1}\n",
        "# codeexec is here\nplugins:\n  - codeexec\nextra: {cache_dir: of another}\n",
        "markdown_extensions:\n  - codeexec:\n",
        "markdown_extensions:\n  - codeexec: {cache_dir: of-zensical}\n",
        "extra: {a: codeexec}\nplugins: []\n",
    ],
)
@pytest.mark.parametrize("variable", ["", "by/variable"])
def test_a_store_is_found_without_the_host(
    text: str, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the host would have it, however the configuration says so."""
    monkeypatch.setenv("CODEEXEC_CACHE_DIR", variable)
    (tmp_path / "docs").mkdir()
    (tmp_path / "base.yml").write_text("plugins:\n  - codeexec: {cache_dir: inherited}\n")
    file = tmp_path / "mkdocs.yml"
    file.write_text(f"site_name: T\n{text}")

    assert settings_of_site(file).cache_dir == store_of(file)


def test_no_host_is_loaded_to_tell_of_runs(site: Project) -> None:
    """Nor what reads YAML, nor the rest of us."""
    code = (
        "import sys; from mkdocs_codeexec.cli import main; main(['status'])\n"
        "print([m for m in ('mkdocs', 'yaml', 'jinja2', 'mkdocs_codeexec.config', 'mkdocs_codeexec.engine') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=site.root,
        env=os.environ | site.env,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert 4 == len(done.stdout.splitlines())
    assert "[]" == done.stdout.splitlines()[-1]
