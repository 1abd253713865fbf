"""Stores that cannot be written, are shared, or have a clock of their own: the site is built all the same."""

from __future__ import annotations

import json
import os
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

SAMPLES = "".join(
    f"```bash exec\necho bash {n}\n```\n\n```python exec\nprint('python', {n})\n```\n\n" for n in range(4)
)
NUMBER = 8


def assert_complete(project: Project, ended: Any, warnings: int = 1) -> None:
    """Check that the site is whole, and that one warning told of the store, or none where nothing was to be stored."""
    assert 0 == ended.status, ended.log
    assert ["met"] * NUMBER == project.verdicts()
    assert [text for n in range(4) for text in (f"bash {n}", f"python {n}")] == [text for _, text in project.streams()]
    assert (project.root / "site/search/search_index.json").exists()
    assert "Traceback" not in ended.log
    assert warnings == len(ended.warnings), ended.log


@pytest.mark.parametrize("filled", [False, True], ids=["empty", "filled"])
def test_a_store_that_belongs_to_somebody_else(
    project: Project, build: Callable[..., Any], user: Callable[..., Any], filled: bool
) -> None:
    """An ordinary user who may only read the store gets a whole site; what is stored is a hit, and no warning."""
    project.page(SAMPLES)
    cache = project.root / ".cache/codeexec"
    if filled:
        assert 0 == build(project, wrap=user(project.root)).status
    cache.mkdir(parents=True, exist_ok=True)
    before = sorted(cache.rglob("*"))
    for folder in (cache, *(path for path in before if path.is_dir())):
        folder.chmod(0o555)
    (cache / "last-run.json").unlink(missing_ok=True)

    ended = build(project, *(["--strict"] if filled else []), wrap=user(project.root))

    assert_complete(project, ended, warnings=int(not filled))
    assert "INFO    -  codeexec: `last-run.json` cannot be written" in ended.log
    assert f"{NUMBER} samples: {0 if filled else NUMBER} executed" in ended.log
    assert [path for path in before if path.name != "last-run.json"] == sorted(cache.rglob("*"))


def test_a_store_that_nobody_may_look_into(
    project: Project, build: Callable[..., Any], user: Callable[..., Any]
) -> None:
    """Without any permission on its folder there is no store, which is one warning."""
    project.page(SAMPLES)
    cache = project.root / ".cache/codeexec"
    assert 0 == build(project, wrap=user(project.root)).status
    cache.chmod(0)

    assert_complete(project, build(project, wrap=user(project.root)))


@pytest.mark.parametrize(
    "filled", [pytest.param(False, id="empty", marks=pytest.mark.slow), pytest.param(True, id="filled")]
)
def test_a_store_on_a_read_only_disk(
    project: Project, build: Callable[..., Any], mounted: Callable[..., Any], filled: bool
) -> None:
    """What is mounted read-only, such as a restored cache, answers and is not written; no report fails `--strict` then."""
    project.page(SAMPLES)
    cache = project.root / ".cache/codeexec"
    cache.mkdir(parents=True)
    if filled:
        assert 0 == build(project).status
    (cache / "last-run.json").unlink(missing_ok=True)

    ended = build(project, *(["--strict"] if filled else []), wrap=mounted("--ro-bind", cache, cache))

    assert_complete(project, ended, warnings=int(not filled))
    assert "INFO    -  codeexec: `last-run.json` cannot be written" in ended.log
    assert f"{NUMBER} samples: {0 if filled else NUMBER} executed" in ended.log


@pytest.mark.parametrize(
    "full", [pytest.param(True, id="full", marks=pytest.mark.slow), pytest.param(False, id="room for some")]
)
def test_a_store_on_a_full_disk(
    project: Project, build: Callable[..., Any], mounted: Callable[..., Any], full: bool
) -> None:
    """Where nothing, or not all, can be stored, the site is whole, and one warning says so."""
    project.page(SAMPLES)
    cache = project.root / ".cache/codeexec"
    disk = mounted("--size", 1024 * 1024, "--perms", "0755", "--tmpfs", cache)
    fill = f'head -c {1024 * (1024 if full else 1000)} /dev/zero >"$0/fill"; exec "$@"'

    assert_complete(project, build(project, wrap=lambda argv: disk(["sh", "-c", fill, str(cache), *argv])))


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_is_years_off(project: Project, build: Callable[..., Any], years: int) -> None:
    """Entries from the past and from the future are hits, and are still there afterwards."""
    project.page(SAMPLES)
    assert 0 == build(project).status
    results = project.root / ".cache/codeexec/results"
    when = time.time() + years * 365 * 86400
    for path in (*results.rglob("*"), results):
        os.utime(path, (when, when))
    before = sorted(results.rglob("*.json"))

    for _ in range(2):
        ended = build(project)
        assert (0, {"samples": NUMBER, "cached": NUMBER, "met": NUMBER}) == (ended.status, ended.counts), ended.log
        assert [] == ended.warnings
        project.page(SAMPLES + "\nmore\n")
    assert before == sorted(results.rglob("*.json"))


DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "torn": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "another's": lambda path: path.write_bytes(
        next(p for p in path.parents[1].rglob("*.json") if p != path).read_bytes()
    ),
    "no UTF-8": lambda path: path.write_bytes(b"\xff" * 100),
    "deep": lambda path: path.write_bytes(b"[" * 100_000),
    "huge": lambda path: os.truncate(path, 1 << 30),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "a loop": lambda path: (path.unlink(), path.symlink_to(path)),
    "a full folder": lambda path: (path.unlink(), (path / "x").mkdir(parents=True)),
}


def test_a_store_in_which_every_entry_is_damaged_otherwise(project: Project, build: Callable[..., Any]) -> None:
    """All of them are misses; one warning says that they could not be read, one at most that one cannot be replaced."""
    project.page("".join(f"```bash exec\necho {n}\n```\n\n" for n in range(len(DAMAGE))))
    assert 0 == build(project).status
    found = sorted((project.root / ".cache/codeexec/results").rglob("*.json"))
    for path, damage in zip(found, DAMAGE.values(), strict=True):
        damage(path)  # type: ignore[no-untyped-call]

    ended = build(project)

    number = len(DAMAGE)
    assert (0, {"samples": number, "executed": number, "met": number}) == (ended.status, ended.counts), ended.log
    assert [str(n) for n in range(number)] == [text for _, text in project.streams()]
    assert 1 <= len(ended.warnings) <= 2, ended.log
    again = build(project)
    assert (0, True) == (again.status, again.counts["cached"] >= number - 1), again.log


ROUNDS = 5 * TIMES


def test_two_builds_at_once_on_one_store(project: Project) -> None:
    """Again and again, from an empty store: the same bytes, no word of warning, and no descriptor, thread or child is left."""
    project.page("".join(f"```bash exec\necho {n}\n```\n\n" for n in range(10)))
    program = Path(__file__).with_name("lockstep.py")
    builders = [
        subprocess.Popen(
            [sys.executable, program, project.root / "mkdocs.yml", project.root.parent / f"built-{name}"],
            env=os.environ | project.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in "ab"
    ]
    rounds: list[list[dict[str, Any]]] = []
    try:
        for _ in range(ROUNDS):
            shutil.rmtree(project.root / ".cache/codeexec", ignore_errors=True)
            for builder in builders:
                assert builder.stdin
                builder.stdin.write("build\n")
                builder.stdin.flush()
            rounds.append([json.loads(builder.stdout.readline()) for builder in builders if builder.stdout])
    finally:
        for builder in builders:
            builder.communicate()

    assert {""} == {one["error"] for pair in rounds for one in pair}
    assert [] == [warning for pair in rounds for one in pair for warning in one["warnings"]]
    assert 1 == len({one["site"] for pair in rounds for one in pair})
    for own in zip(*rounds[2:], strict=True):
        assert 1 == len({(one["descriptors"], one["threads"], *one["children"]) for one in own}), own
