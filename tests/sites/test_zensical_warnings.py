"""What a build by a real Zensical warns of: what `--strict` makes of it, where it is, and in which order it is told."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.zensical import Rendered, Site

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project

FAILS = '```python exec\nraise ValueError("boom")\n```\n'
UNKNOWN = "```python exec frobnicate\nprint(1)\n```\n"
WELL = "```python exec\nprint(1)\n```\n"


@pytest.mark.parametrize(
    ("text", "options", "warnings", "build"),
    [
        (UNKNOWN, {}, "1 warning", "build"),
        (FAILS, {"fail_on_error": False}, "1 warning", "wrapped"),
        (UNKNOWN + "\n" + FAILS, {"fail_on_error": False}, "2 warnings", "build"),
        (WELL, {}, "", "wrapped"),
        pytest.param(UNKNOWN, {}, "1 warning", "wrapped", marks=pytest.mark.slow),
        pytest.param(FAILS, {"fail_on_error": False}, "1 warning", "build", marks=pytest.mark.slow),
        pytest.param(UNKNOWN + "\n" + FAILS, {"fail_on_error": False}, "2 warnings", "wrapped", marks=pytest.mark.slow),
        pytest.param(WELL, {}, "", "build", marks=pytest.mark.slow),
    ],
    indirect=["build"],
)
def test_strict_counts_warnings(
    site: Site, build: Callable[..., Rendered], text: str, options: object, warnings: str
) -> None:
    """In every build, whatever Zensical keeps of pages; without it they fail none."""
    site.configure(options)
    site.page(text)
    strict = [build("--strict"), build("-cs"), build("--strict")] if build == site.build else [build("-s"), build("-s")]
    usual = build()

    said = [f"codeexec: error: {warnings}, and `--strict` is set\n"] if warnings else []
    for done in strict:
        assert int(bool(warnings)) == done.status, done.log
        assert said == re.findall(r"codeexec: error: .*\n", done.log)
    assert 0 == usual.status, usual.log
    assert "--strict" not in usual.log


def test_a_report_that_cannot_be_written_fails_no_strict_build(site: Site, build: Callable[..., Rendered]) -> None:
    """A store that can only be read, and answers all: nothing of the site is missing."""
    site.configure()
    site.page(WELL)
    assert 0 == build().status
    store = str(site.root / ".codeexec")
    disk = ["bwrap", "--dev-bind", "/", "/", "--ro-bind", store, store, "--"]
    if shutil.which("bwrap") is None or subprocess.run([*disk, "true"], check=False, capture_output=True).returncode:
        pytest.skip("needs bubblewrap, and the right to use it, to mount something")
    command = ["zensical"] if build == site.build else ["mkdocs_codeexec", "zensical"]
    done = subprocess.run(
        [*disk, sys.executable, "-m", *command, "build", "--strict"],
        cwd=site.root,
        env=os.environ | site.env,
        capture_output=True,
        text=True,
        check=False,
    )

    log = done.stdout + done.stderr
    assert 0 == done.returncode, log
    assert "codeexec: 1 sample: 0 executed, 1 cached" in log
    assert "codeexec: `last-run.json` cannot be written: Read-only file system\n" in log
    assert "warning" not in log


def test_a_broken_link_fails_a_strict_build_alone(site: Site, build: Callable[..., Rendered]) -> None:
    """With Zensical's own exit status and words, and samples told of below them."""
    site.page(f"{WELL}\n[broken](gone.md)\n")
    done = build("--strict")

    assert 1 == done.status, done.log
    assert "Error: Aborted because --strict flag is set\ncodeexec: 1 sample: 1 executed" in done.log


def test_places_are_true_although_no_page_was_rendered(site: Site) -> None:
    """With everything stored, Zensical ends at a broken link before it renders one; lines are those of the file all the same."""
    rust = '    ```rust exec\n    # use std::fmt;\n    fn main() {\n        let x: u32 = "a";\n    }\n    ```\n'
    site.page(f"---\ntitle: T\n---\n\n{FAILS}\n- in a list\n\n{rust}")
    site.wrapped()
    site.page("# Home\n\n[broken](gone.md)\n", "a.md")
    done = site.wrapped("--strict")

    assert 1 == done.status
    assert "2 samples: 0 executed, 2 cached, 2 failed" in done.log
    assert " --> docs/index.md:6\n" in done.log
    assert 'File "docs/index.md", line 6, in <module>' in done.log
    assert 2 == done.log.count("--> docs/index.md:14:22"), done.log
    assert "sample." not in done.log


def test_mistakes_of_front_matter_are_in_the_order_of_lines(site: Site, project: Project) -> None:
    """Zensical hands over what is in it sorted by name."""
    names = ("timout", "title", "show", "exec", "result", "env")
    written = "".join(f"  {name}: [7]\n" for name in names)
    for one in (site, project):
        one.page(f"---\ncodeexec:\n{written}---\n\n# Title\n")
    found = [re.findall(r"docs/index.md:(\d+): `codeexec", log) for log in (site.build().log, project.build().log)]

    assert [["3", "4", "5", "6", "7", "8"]] * 2 == found


def test_a_site_elsewhere_is_named_in_full(site: Site, project: Project, build: Callable[..., Rendered]) -> None:
    """A relative path is one that this terminal can open, in MkDocs too."""
    site.page(FAILS)
    project.page(FAILS)
    elsewhere = Site(site.root / "elsewhere", site.env)
    elsewhere.root.mkdir()
    done = (elsewhere.build if build == site.build else elsewhere.wrapped)("-f", "../mkdocs.yml")
    for file in (project.root / "mkdocs.yml", os.path.relpath(project.root / "mkdocs.yml", elsewhere.root)):
        mkdocs = elsewhere.run("mkdocs", "build", "-f", str(file), env=project.env)
        assert f"{project.root}/docs/index.md:1: exit status 1\n --> {project.root}/docs/index.md:2\n" in mkdocs.log

    assert f"error: {site.root}/docs/index.md:1: exit status 1\n --> {site.root}/docs/index.md:2\n" in done.log


def test_a_page_of_nothing_but_front_matter_is_told_of(site: Site, build: Callable[..., Rendered]) -> None:
    """Zensical has nothing of it converted; each build tells it once, and `--strict` counts it."""
    site.page(WELL)
    site.page("---\ncodeexec:\n  exekute: 3\n---\n\n", "bare.md")
    site.page("---\ntitle: fine\n---\n", "fine.md")
    for status, done in ((0, build()), (0, build()), (1, build("--strict"))):
        assert status == done.status, done.log
        assert 1 == done.log.count("docs/bare.md:3: `codeexec.exekute`: a page has no such default"), done.log
        assert "fine.md" not in done.log
