"""`codeexec new`: what is written can be built, and shows what was really printed; nothing of the author's is lost."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml
from support import forks
from support.crates import crate_in

from mkdocs_codeexec.hosts.adding import with_plugin

if TYPE_CHECKING:
    from conftest import Project


def new(project: Project, *args: str) -> subprocess.CompletedProcess[str]:
    return forks.run("mkdocs_codeexec.cli", "new", *args, cwd=project.root, env=os.environ | project.env, timeout=60)


@pytest.fixture
def empty(project: Project) -> Project:
    (project.root / "mkdocs.yml").unlink()
    return project


def test_a_site_of_a_crate(empty: Project) -> None:
    """Its samples use it."""
    crate_in(empty.root, "my-crate", "pub fn f() {}\n")
    done = new(empty)

    assert 0 == done.returncode, done.stderr
    assert [
        "written: docs/index.md",
        "written: mkdocs.yml",
        "next: mkdocs build, and open site/index.html",
    ] == done.stdout.splitlines()
    built = empty.build("--strict")
    assert 0 == built.status, built.log
    assert {"samples": 2, "executed": 2, "met": 2} == built.counts
    assert ["my_crate is here, and 6 * 7 = 42", "hello from Linux"] == [text for _, text in empty.streams()]


def test_a_name_that_is_a_word_of_yaml(empty: Project) -> None:
    """Is a name all the same."""
    crate_in(empty.root, "no", "pub fn f() {}\n")
    assert 0 == new(empty).returncode
    built = empty.build("--strict")

    assert 0 == built.status, built.log
    assert "<title>no</title>" in empty.html()


@pytest.mark.parametrize(
    ("name", "printed"), [("mkdocs-codeexec", "mkdocs_codeexec offers"), ("not-installed-1", "Python 3.")]
)
def test_a_site_of_a_python_library(name: str, printed: str, empty: Project) -> None:
    """Below its folder, too; where it is not installed, that is told."""
    empty.write("pyproject.toml", f"[project]\nname = '{name}'\n")
    done = new(empty, "documents")

    assert 0 == done.returncode, done.stderr
    assert ("pip install -e" in done.stdout) == ("not" in name)
    assert done.stdout.endswith("next: cd documents && mkdocs build, and open site/index.html\n")
    built = forks.run("mkdocs", "build", "--strict", cwd=empty.root / "documents", env=os.environ | empty.env)
    assert 0 == built.returncode, built.stderr
    assert printed in (empty.root / "documents/site/index.html").read_text()


def test_nothing_is_overwritten(empty: Project) -> None:
    """A second page has another name; a third one is refused. What the configuration says stays, comments included."""
    config = "# Mine\nsite_name: Test  # a name\nplugins:\n    # the first\n    - search:\n        lang: en\n\n# What follows\nextra: {a: 1}\n"
    empty.write("mkdocs.yml", config)
    empty.page("# Mine\n")
    done = new(empty)

    assert 0 == done.returncode, done.stderr
    assert config.replace("lang: en\n", "lang: en\n    - codeexec\n") == (empty.root / "mkdocs.yml").read_text()
    assert "mkdocs.yml: added to its `plugins`:\n\n  - codeexec\n" in done.stdout
    assert "# Mine\n" == (empty.root / "docs/index.md").read_text()
    built = empty.build("--strict")
    assert {"samples": 2, "executed": 2, "met": 2} == built.counts
    again = new(empty)
    assert (2, "") == (again.returncode, again.stdout)
    assert "`docs/index.md` and `docs/samples.md` are there already" in again.stderr
    (empty.root / "docs/samples.md").unlink()
    assert "mkdocs.yml names `codeexec` already" in new(empty).stdout


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("site_name: T\n", "site_name: T\n\nplugins:\n  - search\n  - codeexec\n"),
        ("site_name: T\nplugins:\n- a\n- b\n", "site_name: T\nplugins:\n- a\n- b\n- codeexec\n"),
        ("plugins:\n  - a: !ENV X\nnav: []", "plugins:\n  - a: !ENV X\n  - codeexec\nnav: []"),
        ("plugins:\n  - a", "plugins:\n  - a\n  - codeexec\n"),
        ("plugins: [a]\n", None),
        ("plugins:\n  a: {}\n", None),
        ("plugins:\n  - &a {b: |\n     - c}\n", None),
        ("INHERIT: b.yml\n", None),
        ("- 1\n", None),
        ("a: [\n", None),
    ],
)
def test_what_is_added_is_certain(text: str, expected: str | None) -> None:
    """Or it is not added, and told."""
    added = with_plugin(text, ["- codeexec"], "search")

    assert expected == added
    if added and "!" not in added:
        assert "codeexec" == yaml.safe_load(added)["plugins"][-1]
