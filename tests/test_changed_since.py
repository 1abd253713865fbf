"""`--changed-since REV`, in real repositories."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from support import forks
from support.crates import crate
from support.repository import commit, git

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Project

COMMANDS = [["run"], ["plan"], ["check", "--repeat", "1"]]


def codeexec(project: Project, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return forks.run("mkdocs_codeexec.cli", *args, cwd=project.root, env=os.environ | project.env | env, timeout=120)


def since(project: Project, revision: str, *command: str) -> list[tuple[str, int]]:
    """Return the samples that a command is about."""
    done = codeexec(project, *(command or ("plan",)), "--json", "--changed-since", revision)
    assert 0 == done.returncode, done.stderr
    return sorted({(sample["page"], sample["line"]) for sample in json.loads(done.stdout)["samples"]})


def bash(*codes: str) -> str:
    return "".join(f"```bash exec\n{code}\n```\n\n" for code in codes)


@pytest.fixture
def site(project: Project) -> Project:
    project.configure({"includes": "mdbook", "languages": {"bash": {"workdir": "project"}}})
    project.write(".gitignore", ".cache\nsite\nignored.csv\n")
    project.page(bash("echo one"))
    project.page(bash("echo two", "cat data.csv"), "two.md")
    project.page(bash("echo three") + '```bash exec\n--8<-- "snippet.sh"\n```\n', "three.md")
    project.page("```bash exec\n{{#include ../included.sh}}\n```\n", "four.md")
    project.page('```bash exec needs="index.md#first"\necho five\n```\n', "five.md")
    project.page('```bash exec name="first"\necho one\n```\n')
    for name in ("data.csv", "ignored.csv", "other.csv"):
        project.write(name, name)
    project.write("snippet.sh", "echo snippet")
    project.write("included.sh", "echo included")
    commit(project.root)
    assert 0 == codeexec(project, "run").returncode
    return project


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_samples_of_pages_that_differ_are_meant(command: list[str], site: Project) -> None:
    """Committed, staged, written, and not tracked; nothing that git ignores; and what needs them."""
    assert [] == since(site, "HEAD", *command)
    site.page(bash("echo two", "cat data.csv", "echo more"), "two.md")
    commit(site.root)
    site.page(bash("echo staged"), "staged.md")
    git(site.root, "add", "docs/staged.md")
    site.page(bash("echo untracked"), "untracked.md")
    site.page('# First\n\n```bash exec name="first"\necho one\n```\n')
    site.write("ignored.csv", "otherwise")
    every = [("staged.md", 1), *(("two.md", line) for line in (1, 5, 9)), ("untracked.md", 1)]
    found = since(site, "HEAD^", *command)

    assert sorted([*every, ("index.md", 3), ("five.md", 1)]) == found
    assert ("two.md", 1) not in since(site, "HEAD", *command)
    git(site.root, "stash", "-q", "-u")
    assert [] == since(site, "HEAD", *command)


def test_samples_that_are_made_of_what_differs_are_meant(site: Project) -> None:
    """What they have read, by the store's word; what a page includes; the sources of local crates."""
    for name, expected in {
        "data.csv": [("two.md", 5)],
        "snippet.sh": [("three.md", 1), ("three.md", 5)],
        "included.sh": [("four.md", 1)],
        "other.csv": [],
    }.items():
        site.write(name, "echo otherwise")
        assert expected == since(site, "HEAD"), name
        git(site.root, "checkout", "-q", name)
    assert [] == since(site, "HEAD")
    mine = crate(site.root / "crates", "mine", "pub fn f() {}\n")
    bash_options = {"bash": {"workdir": "project"}}
    site.configure({"languages": {**bash_options, "rust": {"dependencies": {"mine": {"path": "crates/mine"}}}}})
    site.page("```rust exec\nmine::f();\n```\n", "rust.md")
    commit(site.root)
    (mine / "target").mkdir()
    (mine / "target/CACHEDIR.TAG").touch()
    site.write(".git/info/exclude", "target")
    assert ("rust.md", 1) not in since(site, "HEAD")
    (mine / "src/lib.rs").write_text("pub fn f() { println!() }\n")
    assert ("rust.md", 1) in since(site, "HEAD")


def test_nothing_is_selected_honestly(site: Project) -> None:
    """That is told, and all is well; a name that is misspelt is not."""
    done = codeexec(site, "run", "--changed-since", "HEAD")

    assert 0 == done.returncode
    assert "no sample is selected: none has failed, has changed" in done.stderr
    assert "0 samples: 0 executed" in done.stdout
    for args in (["--name", "first", "--language", "python"], ["two.md", "--name", "first"]):
        done = codeexec(site, "plan", *args, "--changed-since", "HEAD")
        assert (2, "") == (done.returncode, done.stdout)
        assert "no sample is selected: none is all that was asked for" in done.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nowhere"], "`nowhere` is no revision of the repository"),
        (["--help=x"], "`--help=x` is no revision of the repository"),
        ([""], "`` is no revision of the repository"),
        (["HEAD:mkdocs.yml"], "`HEAD:mkdocs.yml` is no revision of the repository"),
    ],
)
def test_a_revision_that_is_none_is_told(args: list[str], message: str, site: Project) -> None:
    """Nothing is executed then."""
    done = codeexec(site, "run", f"--changed-since={args[0]}")

    assert (2, "") == (done.returncode, done.stdout)
    assert message in done.stderr
    assert "hint: `git log`" in done.stderr


def test_where_there_is_no_git_it_is_told(site: Project, tmp_path: Path) -> None:
    """No program, or no checkout."""
    python = shutil.which("python3")
    assert python is not None
    done = codeexec(site, "run", "--changed-since", "HEAD", PATH=str(tmp_path))
    assert (2, True) == (done.returncode, "git does not tell what has changed" in done.stderr), done.stderr
    shutil.rmtree(site.root / ".git")
    done = codeexec(site, "run", "--changed-since", "HEAD")
    assert (2, True) == (done.returncode, "not a git repository" in done.stderr), done.stderr
    assert "hint: it needs `git`, and a site within a checkout" in done.stderr


def test_no_program_is_run_that_a_configuration_names(site: Project) -> None:
    """Hooks, monitors, filters, drivers of differences, aliases, and a way to fetch what is missing."""
    trap = site.write("trap.sh", f"#!/bin/sh\ntouch {site.root}/sprung\ncat\n")
    trap.chmod(0o755)
    for name in ("post-index-change", "fsmonitor-watchman", "reference-transaction"):
        site.write(f".git/hooks/{name}", trap.read_text()).chmod(0o755)
    for key in ("core.fsmonitor", "filter.x.clean", "filter.x.process", "filter.x.smudge", "diff.external"):
        git(site.root, "config", key, str(trap))
    for key in ("diff.x.command", "diff.x.textconv", "core.pager", "core.sshCommand", "core.alternateRefsCommand"):
        git(site.root, "config", key, str(trap))
    for key in ("alias.ls-tree", "alias.ls-files", "alias.rev-parse"):
        git(site.root, "config", key, f"!{trap}")
    site.write(".gitattributes", "*.md filter=x diff=x\n")
    (site.root / "sprung").unlink(missing_ok=True)
    site.page(bash("echo other"), "two.md")

    assert [("two.md", 1)] == since(site, "HEAD")
    assert not (site.root / "sprung").exists()


def test_a_name_may_be_any(site: Project) -> None:
    """With spaces, quotation marks, and other letters; ends of lines that a checkout has changed are none of the author's."""
    site.page(bash("echo strange"), 'Überblick "a" \n b.md')
    site.page(bash("echo ends"), "ends.md")
    commit(site.root)
    site.write("docs/ends.md", bash("echo ends").replace("\n", "\r\n"))
    (site.root / "docs/ends.md").write_bytes(bash("echo ends").replace("\n", "\r\n").encode())
    assert [] == since(site, "HEAD")
    site.page(bash("echo stranger"), 'Überblick "a" \n b.md')
    assert [('Überblick "a" \n b.md', 1)] == since(site, "HEAD")
