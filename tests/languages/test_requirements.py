"""What samples require, and this machine lacks: each kind, there and not."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from mkdocs_codeexec.core.expectation import Succeeds
from mkdocs_codeexec.core.sample import Links, Location, Sample
from mkdocs_codeexec.core.settings import EnvironmentSettings, RustSettings, Settings
from mkdocs_codeexec.languages import BUILTIN
from mkdocs_codeexec.languages.requirements import Requirements

X86 = "processor : 0\nflags\t\t: fpu sse4_2 avx2 pni abm\n\nprocessor : 1\nflags : none\n"


def sample(*requires: str, language: str = "python") -> Sample:
    links = Links(requires=requires)
    return Sample(location=Location("a.md", 1), language=language, code="", expectation=Succeeds(), links=links)


def requirements(root: Path, cpu: str = X86, **more: Any) -> Requirements:
    """Return what answers for a machine whose processor tells of itself as `cpu` does."""
    (root / "cpuinfo").write_text(cpu)
    project = root / "project"
    project.mkdir(exist_ok=True)
    crates = EnvironmentSettings(
        name="default", dependencies={"serde-json": "1"}, manifest_extra='[dependencies]\nrand = "0.8"\n'
    )
    settings = Settings(
        project_dir=project,
        cache_dir=root / "cache",
        environment_dir=root / "environments",
        scripts=BUILTIN,
        rust=RustSettings(environments={"default": crates}),
        host_env={"PATH": os.environ["PATH"], "KEY": "x", "EMPTY": ""},
        **more,
    )
    return Requirements(settings, {}, root / "cpuinfo")


@pytest.mark.parametrize(
    ("word", "there"),
    [
        ("env:KEY", True),
        ("env:EMPTY", False),
        ("env:NO", False),
        ("tool:cat", True),
        ("tool:no-such-tool", False),
        ("tool:/bin/cat", False),
        ("file:data/a.csv", True),
        ("file:data", True),
        ("file:no.csv", False),
        ("file:../outside", False),
        ("file:leading-out", False),
        ("file:folder-out/outside", False),
        ("file:/etc/passwd", False),
        ("python:json", True),
        ("python:sys", True),
        ("python:xml.dom", True),
        ("python:pytest", True),
        ("python:mkdocs_codeexec.core", True),
        ("python:no_such_module", False),
        ("python:xml.no_such", False),
        ("crate:serde_json", True),
        ("crate:serde-json", True),
        ("crate:rand", True),
        ("crate:std", True),
        ("crate:tokio", False),
        ("feature:avx2", True),
        ("feature:SSE4.2", True),
        ("feature:sse3", True),
        ("feature:lzcnt", True),
        ("feature:avx512f", False),
    ],
)
def test_each_kind(tmp_path: Path, word: str, there: bool) -> None:
    """What is missing is told with how to give it."""
    answers = requirements(tmp_path)
    project = tmp_path / "project"
    (project / "data").mkdir()
    (project / "data/a.csv").touch()
    (tmp_path / "outside").touch()
    (project / "leading-out").symlink_to(tmp_path / "outside")
    (project / "folder-out").symlink_to(tmp_path)
    missing = answers.missing(sample(word))

    assert there == (missing == ())
    assert [(word, True)] * (not there) == [(lack.what, bool(lack.how)) for lack in missing]


def test_no_package_is_executed_to_find_a_module_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what is installed since the last look is found."""
    folder = tmp_path / "site"
    monkeypatch.setattr("mkdocs_codeexec.languages.interpreter.imported", lambda: (str(folder),))
    answers = requirements(tmp_path)
    assert answers.missing(sample("python:loud.inner"))

    (folder / "loud").mkdir(parents=True)
    (folder / "loud/__init__.py").write_text("raise SystemExit('executed')")
    (folder / "loud/inner.py").touch()
    assert answers.missing(sample("python:loud.inner"))
    answers.look_again()

    assert () == answers.missing(sample("python:loud.inner"))
    assert "loud" not in sys.modules


def test_a_tool_that_samples_do_not_see(tmp_path: Path) -> None:
    """It is there for whoever builds, and the words say what has to be named."""
    tool = tmp_path / "bin/mine"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    hidden = requirements(tmp_path)
    hidden._settings.host_env["PATH"] = str(tool.parent)  # type: ignore[index]
    seen = requirements(tmp_path, sandbox="off")
    seen._settings.host_env["PATH"] = str(tool.parent)  # type: ignore[index]

    assert "languages.bash.readable" in hidden.missing(sample("tool:mine", language="bash"))[0].how
    assert () == seen.missing(sample("tool:mine", language="bash"))


def test_a_processor_that_tells_nothing(tmp_path: Path) -> None:
    assert "on Linux alone" in requirements(tmp_path, cpu="").missing(sample("feature:avx2"))[0].how


def test_a_thing_is_looked_up_once(tmp_path: Path) -> None:
    """10,000 samples ask for one file: it is as it was when it was looked at."""
    answers = requirements(tmp_path)
    assert 10_000 == sum(len(answers.missing(sample("file:a"))) for _ in range(10_000))
    (tmp_path / "project/a").touch()
    assert answers.missing(sample("file:a"))
    answers.look_again()
    assert () == answers.missing(sample("file:a"))
