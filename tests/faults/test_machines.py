"""Machines that lack something: the site is the same, or a message says what is missing; never a traceback."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.sizes import TIMES

if TYPE_CHECKING:
    from conftest import Project

SCRIPTS = "".join(
    f"```bash exec\necho bash {n}\n```\n\n```python exec\nprint('python', {n})\n```\n\n" for n in range(5)
)
FAILING = "```bash exec exit=3\necho out; echo err >&2; exit 3\n```\n\n```python exec exit=1\nraise ValueError(6 * 7)\n```\n\n"
RUST = '```rust exec\nprintln!("{}", 6 * 7);\n```\n\n```rust exec compile_fail\nlet x: u8 = "";\n```\n'


TIERS = ("bubblewrap", "landlock", "limits", "off")


def some(*quick: str) -> pytest.MarkDecorator:
    """Have a test tried in every tier; all but the `quick` ones are slow."""
    cases = [pytest.param(tier, marks=() if tier in quick else pytest.mark.slow) for tier in TIERS]
    return pytest.mark.parametrize("tier", cases, indirect=True)


def site(project: Project) -> dict[str, str]:
    """Return a digest of every file of the built site, but for dates."""
    folder = project.root / "site"
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(
            re.sub(rb"Build Date UTC : .*", b"", path.read_bytes())
        ).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith("sitemap")
    }


def test_workers_store_and_user_do_not_show(
    project: Project, build: Callable[..., Any], user: Callable[..., Any]
) -> None:
    """One worker or eight, cold or warm, as whoever runs the tests or as an ordinary user: the same bytes."""
    project.page(SCRIPTS + FAILING + RUST)
    project.page(RUST + SCRIPTS, "other.md")
    found = {}
    for name, jobs, wrap in (("eight", "8", None), ("one", "1", None), ("user", "2", user(project.root))):
        shutil.rmtree(project.root / ".cache/codeexec", ignore_errors=True)
        own = {"CODEEXEC_JOBS": jobs, "CODEEXEC_ENVIRONMENT_DIR": str(project.root / f"environments-{name}")}
        for store in ("cold", "warm"):
            ended = build(project, wrap=wrap, env=own)
            assert (0, [], {"cold": 14, "warm": 0}[store]) == (
                ended.status,
                ended.warnings,
                ended.counts.get("executed", 0),
            ), ended.log
            found[name, store] = site(project)

    first = found["eight", "cold"]
    assert {} == {key: other for key, other in found.items() if other != first}


@pytest.fixture(scope="module")
def bare(
    tmp_path_factory: pytest.TempPathFactory, project_in: Callable[[Path], Project], build: Callable[..., Any]
) -> dict[str, str]:
    """Build a site without a sandbox, once for all that must be the same."""
    project = project_in(tmp_path_factory.mktemp("bare"))
    project.page(SCRIPTS + FAILING + RUST)
    ended = build(project, env={"CODEEXEC_SANDBOX": "off"})
    assert (0, [], "off") == (ended.status, ended.warnings, ended.run["sandbox"]), ended.log
    return site(project)


QUICK = {("bubblewrap", "user"), ("landlock", "tests"), ("limits", "user"), ("off", "tests")}
"""Every tier, and each user with and without one that isolates."""


@pytest.mark.parametrize(
    ("tier", "who"),
    [
        pytest.param(*one, marks=() if one in QUICK else pytest.mark.slow)
        for one in itertools.product(TIERS, ("tests", "user"))
    ],
    indirect=["tier"],
)
def test_tiers_do_not_show(
    project: Project, build: Callable[..., Any], user: Callable[..., Any], bare: dict[str, str], tier: str, who: str
) -> None:
    """In whichever sandbox, or none, and as whoever: the same bytes; what was used is in the report."""
    wrap = user(project.root) if who == "user" else None
    project.page(SCRIPTS + FAILING + RUST)
    own = {"CODEEXEC_ENVIRONMENT_DIR": str(project.root / "environments")}
    confined = build(project, wrap=wrap, env=own)

    assert (0, [], 14) == (confined.status, confined.warnings, confined.counts["met"]), confined.log
    assert tier == confined.run["sandbox"], confined.log
    assert bare == site(project)


def test_a_machine_without_programs(project: Project, build: Callable[..., Any], tmp_path: Path) -> None:
    """With nothing on PATH each language that lacks its program says so once, and the others run."""
    project.page(SCRIPTS + RUST)
    empty = tmp_path / "empty"
    empty.mkdir()

    ended = build(project, env={"PATH": str(empty)})

    assert 1 == ended.status
    assert {"samples": 12, "executed": 5, "met": 5, "error": 7} == ended.counts
    assert [1, 1] == [ended.log.count(f"`{program}` was not found") for program in ("bash", "rustc")], ended.log
    assert "Traceback" not in ended.log
    assert ["error", "met"] * 5 + ["error"] * 2 == project.verdicts()


@pytest.mark.parametrize(
    "home",
    [
        pytest.param("-u HOME", id="unset"),
        pytest.param("HOME=/nonexistent", id="missing", marks=pytest.mark.slow),
        pytest.param("HOME=/proc/self", id="read-only"),
        pytest.param("HOME=", id="empty", marks=pytest.mark.slow),
    ],
)
def test_a_user_without_a_home(
    project: Project, build: Callable[..., Any], user: Callable[..., Any], home: str
) -> None:
    """Who has no home, and is in no list of users, as in a container, gets a whole site."""
    project.page(SCRIPTS + RUST)
    wrap = user(project.root)
    del project.env["CODEEXEC_ENVIRONMENT_DIR"]
    env = ["env", "-u", "XDG_CACHE_HOME", *home.split()]

    ended = build(project, wrap=lambda argv: wrap([*env, *argv]))

    assert 0 == ended.status, ended.log
    assert ["met"] * 12 == project.verdicts()


def test_no_room_for_temporary_files(project: Project, build: Callable[..., Any], mounted: Callable[..., Any]) -> None:
    """If the disk below TMPDIR fills up, that is told, nothing that comes of it is stored, and the next build is as ever."""
    project.page("".join(f"```bash exec\necho {n}\nhead -c 100000 /dev/zero >x\n```\n\n" for n in range(10)))
    small = project.root / "small"
    small.mkdir()
    disk = mounted("--size", 1024 * 1024, "--perms", "0755", "--tmpfs", small)
    fill = f'head -c {1024 * 1020} /dev/zero >"$0/fill"; exec "$@"'

    ended = build(project, wrap=lambda a: disk(["sh", "-c", fill, str(small), *a]), env={"TMPDIR": str(small)})

    assert "Traceback" not in ended.log, ended.log
    verdicts = project.verdicts()
    assert set(verdicts) <= {"met", "error"}, ended.log
    # Scratch directories need not be there: in a sandbox they may have a disk of their own.
    assert ("error" in verdicts) == (ended.status == 1) == ("no space" in ended.log.lower()), ended.log
    again = build(project)
    wrong = verdicts.count("error")
    assert (0, wrong) == (again.status, again.counts.get("executed", 0)), again.log


@some("bubblewrap")
def test_a_stranger_s_build_of_an_ordinary_user(
    project: Project, build: Callable[..., Any], user: Callable[..., Any], tier: str
) -> None:
    """It uses what an earlier build has built, goes on from that, and leaves all as it was, whoever builds."""
    wrap = user(project.root)
    own = {"CODEEXEC_ENVIRONMENT_DIR": str(project.root / "environments")}
    cargo = '[package]\nname = "mylib"\nversion = "0.1.0"\nedition = "2021"\n'
    project.configure({"languages": {"rust": {"dependencies": {"mylib": {"path": "mylib"}}}}})
    project.write("mylib/Cargo.toml", cargo)
    project.write("mylib/src/lib.rs", "pub const N: u8 = 1;\n")
    project.page('```rust exec\nprintln!("{}", mylib::N);\n```\n')
    assert 0 == build(project, wrap=wrap, env=own).status

    def left() -> dict[str, tuple[int, int]]:
        folders = (project.root / ".cache", project.root / "environments")
        paths = [path for folder in folders for path in (folder, *folder.rglob("*"))]
        return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_mode) for path in paths}

    project.page('```rust exec\nprintln!("{} again", mylib::N);\n```\n')
    for number in (1, 2):
        project.write("mylib/src/lib.rs", f"pub const N: u8 = {number};\n")
        wrapped = wrap(["true"])  # which makes all of it the user's
        assert subprocess.run(wrapped, check=False).returncode == 0
        before = left()
        ended = build(project, wrap=wrap, env={**own, "GITHUB_EVENT_NAME": "issue_comment"})

        assert (0, f"{number} again") == (ended.status, project.streams()[0][1]), ended.log
        assert (number == 2) == ("building the environment" in ended.log), ended.log
        assert before == left()
        assert f"`{tier}`" in ended.log or tier == "off"


@some("bubblewrap")
def test_closed_descriptors(project: Project, build: Callable[..., Any], tier: str) -> None:
    """Whichever of the three standard streams are closed (`mkdocs build <&-`), nothing hangs, and the site is the same."""
    streams = {"<&-": 0, ">&-": 1, "2>&-": 2}
    project.page(SCRIPTS + FAILING + RUST)
    own = {"CODEEXEC_EXECUTE": "always"}
    assert 0 == build(project, env=own).status
    found = site(project)
    for number in range(1, 8) if TIMES > 1 else (1, 6, 7):
        closed = " ".join(word for word, stream in streams.items() if number & 1 << stream)
        shutil.rmtree(project.root / "site")

        # With stdout closed MkDocs itself fails, unless it is told which colours it may use.
        ended = build(
            project,
            wrap=lambda argv, closed=closed: ["sh", "-c", f'"$@" {closed}', "sh", *argv[:3], "--no-color", *argv[3:]],
            env=own,
        )

        assert (0, 14) == (ended.status, ended.counts.get("executed", 0)), (closed, ended.log)
        assert tier == ended.run["sandbox"], closed
        assert found == site(project), closed


@pytest.mark.parametrize("files", [pytest.param(64, marks=pytest.mark.slow), 32])
def test_few_descriptors(project: Project, build: Callable[..., Any], files: int) -> None:
    """With few open files allowed, eight workers still answer every sample, or it is told, and not as a fault of it."""
    project.page(SCRIPTS)
    project.configure({"jobs": 8})

    ended = build(project, wrap=lambda argv: ["prlimit", f"--nofile={files}", *argv])

    assert "Traceback" not in ended.log, ended.log
    assert set(project.verdicts()) <= {"met", "error"}
    again = build(project)
    assert (0, ["met"] * 10) == (again.status, project.verdicts())


@pytest.mark.parametrize(
    "processes", [pytest.param(4, marks=pytest.mark.slow), 8, pytest.param(12, marks=pytest.mark.slow), 64]
)
def test_few_processes(project: Project, build: Callable[..., Any], user: Callable[..., Any], processes: int) -> None:
    """With few processes allowed, a sample that finds none is told of, is not stored, and nothing waits for ever."""
    project.page(SCRIPTS)
    project.configure({"jobs": 4})
    wrap = user(project.root)
    began = time.monotonic()

    ended = build(project, wrap=lambda argv: wrap(["prlimit", f"--nproc={processes}", *argv]))

    assert time.monotonic() - began < 60
    assert "Traceback" not in ended.log, ended.log
    assert (project.root / "site/index.html").exists(), ended.log
    assert set(project.verdicts()) <= {"met", "error"}, ended.log
    again = build(project, wrap=wrap)
    assert (0, ["met"] * 10) == (again.status, project.verdicts()), again.log


def test_a_flood_costs_no_memory(project: Project, build: Callable[..., Any]) -> None:
    """Whatever samples write, on both streams at once: they are ended early, and MkDocs grows by 50 MB at most."""
    project.configure({"fail_on_error": False, "jobs": 2})
    quiet, flood = "```bash exec\necho y\n```\n\n", "```bash exec\nyes >&2 & head -c 10G /dev/zero\n```\n\n"
    project.page(quiet * 4)
    plain = build(project, weighed=True)
    project.page("".join(flood.replace("10G", f"1{n}G") for n in range(4)))
    began = time.monotonic()
    ended = build(project, weighed=True)

    assert 0 == ended.status, ended.log
    assert ["unmet"] * 4 == project.verdicts()
    assert 4 == project.html().count("more than 1024 KiB of output")
    assert ended.peak - plain.peak < 50
    assert time.monotonic() - began < 30
    assert sys.getsizeof(project.html()) < 4 << 20


COPIED = ["test_sandbox.py", "test_observing.py", "test_leftovers.py", "test_leaving.py"]


@pytest.fixture
def by_a_user(tmp_path: Path, user: Callable[..., Any]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return what has an ordinary user run tests of the sandbox, which are copied to where he may read them."""
    if os.geteuid() != 0:
        pytest.skip("those tests are run by an ordinary user already")
    tests = Path(__file__).parents[1]
    folder = tmp_path / "copied"
    shutil.copytree(tests / "support", folder / "support")

    def run(names: list[str], *more: str) -> subprocess.CompletedProcess[str]:
        copied = [shutil.copy(tests / "runtime" / name, folder) for name in names]
        argv = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            str(folder),
            *copied,
            *more,
        ]
        own = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(folder), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        env = {**os.environ, **own}
        wrapped = user(folder)(argv)
        return subprocess.run(wrapped, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=400)

    return run


def assert_passed(ended: subprocess.CompletedProcess[str], least: int) -> None:
    assert 0 == ended.returncode, ended.stdout + ended.stderr
    counted = re.search(r"(\d+) passed", ended.stdout)
    assert counted is not None
    assert least <= int(counted[1])


def test_the_sandbox_holds_for_an_ordinary_user(by_a_user: Callable[..., Any]) -> None:
    """What these assert of tiers is true for who is not root, too: one row of each table, in tiers that take turns."""
    assert_passed(by_a_user(COPIED, "-p", "support.sampled"), 40)


@pytest.mark.timeout(500)
@pytest.mark.slow("test_the_sandbox_holds_for_an_ordinary_user")
@pytest.mark.parametrize("tests", COPIED)
def test_all_of_the_sandbox_holds_for_an_ordinary_user(by_a_user: Callable[..., Any], tests: str) -> None:
    """Every row of every table in every tier: with namespaces of users, say."""
    assert_passed(by_a_user([tests]), 26)  # more than of one tier alone
