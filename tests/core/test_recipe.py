"""What travels to a machine that executes, and what stays."""

from __future__ import annotations

import os
import pickle
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType

import pytest

from mkdocs_codeexec.config import settings_from
from mkdocs_codeexec.core.action import Action, Step
from mkdocs_codeexec.core.recipe import Recipe
from mkdocs_codeexec.core.settings import Settings

STAYS = {
    *("project_dir", "checkout_dir", "cache_dir", "environment_dir", "lent", "host_env"),  # of one machine
    *("published",),  # of one host
    *("enabled", "execute", "fail_on_error", "fail_on_suspended", "pages"),  # of whoever asks for Outcomes
    *("verbose", "workdir", "output_patterns", "html", "reports", "hooks"),
    *("hidden_lines", "includes", "literate"),
    *("cache_size", "cache_write", "cache_write_refusal"),  # of whoever stores them
}
"""Fields of `Settings` that no other machine needs to execute."""

RAW = {
    "jobs": 3,
    "timeout": 4,
    "total_timeout": 50,
    "sandbox": "required",
    "limits": {"memory": 77},
    "languages": {
        "rust": {
            "dependencies": MappingProxyType({"tiny": MappingProxyType({"path": "../tiny", "features": ["a"]})}),
            "readable": ["data", "/usr/share"],
            "env": {"GREETING": "hello"},
        },
        "python": {"readable": ["data"]},
        "lua": {"command": ["lua", "{file}"], "extension": "lua"},
    },
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    found = tmp_path / "somewhere" / "project"
    (found / "data").mkdir(parents=True)
    return found


def configured(project: Path) -> Settings:
    return settings_from(RAW, project_dir=project, environ=dict(os.environ), cpus=lambda: 2)


def test_nothing_of_the_host_travels(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a variable of the host, nor where its folders are, is in the bytes of a Recipe."""
    monkeypatch.setenv("PLANTED_TOKEN", "s3cr3t-of-this-host")
    monkeypatch.setenv("CODEEXEC_CACHE_DIR", str(project.parent / "elsewhere"))
    settings = configured(project)
    assert "s3cr3t-of-this-host" in settings.host_env.values()

    data = pickle.dumps(Recipe.of(settings))

    mine = ("PLANTED_TOKEN", "s3cr3t-of-this-host", "somewhere", "elsewhere", str(Path.home() / ".cache"))
    assert [] == [word for word in mine if word.encode() in data]


def test_what_is_configured_travels(project: Path, tmp_path: Path) -> None:
    """A machine with folders and variables of its own is set up by what arrives as this one is."""
    here = configured(project)
    there = tmp_path / "there"

    arrived = pickle.loads(pickle.dumps(Recipe.of(here)))
    settings = arrived.settings(
        project_dir=there, cache_dir=there / "cache", environment_dir=there / "built", host_env={"PATH": "/bin"}
    )

    assert Recipe.of(here) == arrived == Recipe.of(settings)
    assert (3, 4.0, 50.0, "required", 77) == (
        settings.jobs,
        settings.timeout,
        settings.total_timeout,
        settings.sandbox,
        settings.limits.memory,
    )
    assert settings.rust is not None
    assert {Path("/usr/share"), there / "data"} == set(settings.rust.readable)
    assert {"tiny": {"path": "../tiny", "features": ["a"]}} == settings.rust.environments["default"].dependencies
    assert (("GREETING", "hello"),) == settings.rust.env
    assert (there / "data",) == settings.scripts["python"].readable
    assert ("lua", "{file}") == settings.scripts["lua"].command
    assert {"PATH": "/bin"} == settings.host_env


def test_each_setting_travels_or_stays() -> None:
    """Whoever adds one decides which: here, or in `Recipe`."""
    assert {one.name for one in fields(Settings)} == STAYS | {one.name for one in fields(Recipe)}


def test_an_action_travels() -> None:
    """What arrives is equal and has the same keys, whether these were asked for before or not."""
    step = Step(kind="run", argv=("x",), timeout=1.0, env=(("A", "b"),))
    before = Action(language="sh", files=(("a", "b"),), steps=(step,), toolchain="sh 1", structure="s", observed=True)
    after = pickle.loads(pickle.dumps(before))
    again = pickle.loads(pickle.dumps(after))

    assert before == after == again
    assert (before.key, before.request_key, before.structural_key) == (
        after.key,
        after.request_key,
        after.structural_key,
    )
    assert (before.key, True, "s") == (again.key, again.observed, again.structure)
