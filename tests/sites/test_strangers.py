"""Builds of what a stranger has proposed: they use what is there, and leave nothing that a later build reads."""

from __future__ import annotations

import hashlib
import stat
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

STRANGER = {"GITHUB_EVENT_NAME": "workflow_run"}
NOT_STORED = "results are not stored: this build is of the event `workflow_run`"
CARGO = '[package]\nname = "mylib"\nversion = "0.1.0"\nedition = "2021"\n'
LIB = 'pub fn word() -> &\'static str {{ "{}" }}\n'
OPTIONS = {"languages": {"rust": {"dependencies": {"mylib": {"path": "mylib"}}}}}
RUST = '```rust exec\nprintln!("{}", mylib::word());\n```\n\n'
BASH = "```bash exec\necho shell\n```\n\n"


@pytest.fixture
def site(project: Project) -> Project:
    """Return a site of a local crate, with an empty machine around it."""
    project.env["CODEEXEC_ENVIRONMENT_DIR"] = str(project.root / "machine")
    project.env["TMPDIR"] = str(project.root / "tmp")
    (project.root / "tmp").mkdir()
    project.configure(OPTIONS)
    project.write("mylib/Cargo.toml", CARGO + '[dependencies]\nlarge = { path = "../large" }\n')
    project.write("large/Cargo.toml", CARGO.replace("mylib", "large"))
    project.write("large/src/lib.rs", "")
    project.write("mylib/src/lib.rs", LIB.format("first"))
    project.page(RUST + BASH)
    return project


def left(project: Project) -> dict[str, object]:
    """Return all that a build could have left beside the site: what it is, what it holds, when it changed."""
    found: dict[str, object] = {}
    for folder in (project.root / ".cache", project.root / "machine", project.root / "tmp"):
        for path in folder.rglob("*"):
            about = path.lstat()
            content = hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(about.st_mode) else ""
            found[str(path)] = (about.st_mode, about.st_mtime_ns, content)
    return found


def test_a_new_machine_stays_new(site: Project) -> None:
    """Where nothing is there nothing is there afterwards: no results, lock files, toolchains, libraries, last run."""
    before = left(site)
    built = site.build(env=STRANGER)

    assert 0 == built.status, built.log
    assert NOT_STORED in built.log
    assert [("stdout", "first"), ("stdout", "shell")] == site.streams()
    assert before == left(site)
    assert not (site.root / ".cache").exists()
    assert not (site.root / "machine").exists()


def test_what_earlier_builds_have_built_is_used_and_not_touched(site: Project) -> None:
    """A change of prose asks cargo for nothing, one of a crate goes on from what is built; both leave all as it was."""
    assert 0 == site.build().status
    (site.root / ".cache/codeexec/last-run.json").unlink()
    before = left(site)
    first = site.streams()

    prose = RUST + '```rust exec\nprintln!("new {}", mylib::word());\n```\n\n' + BASH
    site.page(prose)
    words = site.build(env=STRANGER)
    texts = [text for _, text in site.streams()]
    site.write("mylib/src/lib.rs", LIB.format("second"))
    code = site.build(env=STRANGER)

    assert (0, 0) == (words.status, code.status), words.log + code.log
    assert "building the environment" not in words.log
    assert ["first", "new first", "shell"] == texts
    assert "building the environment `default` with cargo" in code.log
    assert ("Compiling mylib" in code.log, "Compiling large" in code.log) == (True, False), code.log
    assert ["second", "new second", "shell"] == [text for _, text in site.streams()]
    assert before == left(site)

    site.write("mylib/src/lib.rs", LIB.format("first"))
    site.page(RUST + BASH)
    again = site.build()
    assert (0, {"samples": 2, "cached": 2, "met": 2}) == (again.status, again.counts)
    assert first == site.streams()


def test_a_lock_file_of_a_stranger_decides_nothing_later(site: Project) -> None:
    """What a fork's dependencies were locked to is forgotten with its build, also where it is the first one."""
    assert 0 == site.build(env=STRANGER).status
    assert not list(site.root.rglob("environments/*/Cargo.lock"))
    assert 0 == site.build().status
    lock = site.root / ".cache/codeexec/environments/default/Cargo.lock"
    kept = lock.read_bytes()
    site.configure({"languages": {"rust": {"dependencies": {"mylib": {"path": "mylib"}, "other": {"path": "other"}}}}})
    site.write("other/Cargo.toml", CARGO.replace("mylib", "other"))
    site.write("other/src/lib.rs", "")

    built = site.build(env=STRANGER)

    assert 0 == built.status, built.log
    assert kept == lock.read_bytes()
    assert [lock] == list((site.root / ".cache").rglob("Cargo.lock"))


def test_who_says_so_keeps_it(site: Project) -> None:
    """`cache_write: on` keeps all of it, as ever."""
    site.configure({"cache_write": True, **OPTIONS})
    assert 0 == site.build(env=STRANGER).status

    again = site.build(env=STRANGER)

    assert {"samples": 2, "cached": 2, "met": 2} == again.counts
