"""The user's own configuration of cargo: what of it counts for samples, and what is ours to choose."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.crates import crate, write

from mkdocs_codeexec.core.action import Action
from mkdocs_codeexec.languages.rust.environments import configuration, configured
from mkdocs_codeexec.languages.rust.environments.manifest import toml
from mkdocs_codeexec.runtime.process import Children

if TYPE_CHECKING:
    from support.workshop import Workshop

"""The fixture of that name; test folders are no packages, so its class cannot be imported."""

HOST = "x86_64-unknown-linux-gnu"
CODE = 'println!("{} {}", mylib::odd(), cfg!(odd));'


def furnish(root: Path) -> None:
    """Write a library that tells whether it was compiled with a flag."""
    script = (
        'fn main() { println!("cargo::rerun-if-changed=build.rs"); println!("cargo::rustc-check-cfg=cfg(odd)");'
        ' std::fs::write(std::env::temp_dir().join("x"), "").unwrap(); }'
    )
    crate(root, "mylib", "pub fn odd() -> bool { cfg!(odd) }", **{"build.rs": script})


def open_rust(workshop: Workshop, **changes: Any) -> Any:
    return workshop.open_rust({"mylib": {"path": "../mylib"}}, **changes)


def said(workshop: Workshop, language: Any) -> str:
    return workshop.stdout(language, f"#![allow(unexpected_cfgs)]\n{CODE}")


def test_places_of_the_users_configuration_are_not_used(workshop: Workshop, tmp_path: Path) -> None:
    """Whatever cargo is told to write or to start elsewhere stays where we look, and where a sandbox lets it."""
    furnish(tmp_path)
    away = tmp_path / "away"
    keys = ("build-dir", "target-dir", "artifact-dir", "out-dir", "dep-info-basedir")
    programs = ("rustc", "rustc-wrapper", "rustc-workspace-wrapper")
    forced = "".join(f'{name} = {{ value = "{away}/{name}", force = true }}\n' for name in ("HOME", "TMPDIR"))
    text = (
        "[build]\nincremental = true\n"
        + "".join(f'{key} = "{away}/{key}"\n' for key in (*keys, *programs))
        + f'[env]\n{forced}[resolver]\nlockfile-path = "{away}/Cargo.lock"\n[target.{HOST}]\nrunner = "{away}/runner"\n'
        "[profile.dev]\nincremental = true\n"
    )
    write(workshop.project, {".cargo/config.toml": text})

    with Children("auto", path=os.environ["PATH"]) as workshop.runner.children:
        assert "false false\n" == said(workshop, open_rust(workshop))
    assert not away.exists()


@pytest.mark.parametrize("place", [".cargo/config.toml", "home/config.toml"])
def test_a_build_directory_of_the_users(workshop: Workshop, tmp_path: Path, place: str) -> None:
    """Above the site and at home; by a template, too. It stays empty, and a second build has its answer."""
    furnish(tmp_path)
    write(tmp_path, {place: '[build]\nbuild-dir = "{cargo-cache-home}/build/{workspace-path-hash}"\n'})
    host = {**os.environ, "CARGO_HOME": str(tmp_path / "home"), "CARGO_BUILD_BUILD_DIR": str(tmp_path / "variable")}

    with Children("auto", path=os.environ["PATH"]) as workshop.runner.children:
        assert "false false\n" == said(workshop, open_rust(workshop, host_env=host))
        workshop.runner.commands.clear()
        assert "false false\n" == said(workshop, open_rust(workshop, host_env=host))

    assert "cargo" not in workshop.runner.programs()
    assert not (tmp_path / "home/build").exists()
    assert not (tmp_path / "variable").exists()


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (f'["wasm32-unknown-unknown", "{HOST}"]', False),
        ('["thumbv7em-none-eabihf", "wasm32-unknown-unknown"]', True),
    ],
)
def test_samples_are_for_the_machine_that_runs_them(
    workshop: Workshop, tmp_path: Path, target: str, told: bool
) -> None:
    """Where others are configured, they are left out; if nothing is left, it is said what samples are for."""
    furnish(tmp_path)
    write(workshop.project, {".cargo/config.toml": f"[build]\ntarget = {target}\n"})

    assert "false false\n" == said(workshop, open_rust(workshop))

    words = f"which does not run here: samples are for `{HOST}`"
    assert told == any(words in line for line in workshop.listener.said)


@pytest.mark.parametrize(
    ("target", "one"),
    [
        (None, None),
        ("host-tuple", "host-tuple"),
        ("x86_64-unknown-linux-musl", "x86_64-unknown-linux-musl"),
        (["x86_64-unknown-linux-musl", HOST], HOST),
        ("aarch64-unknown-linux-gnu", None),
        ("x86_64-pc-windows-gnu", None),
        ("x86_64-unknown-none", None),
        ("/targets/mine.json", None),
    ],
)
def test_which_target_runs_here(target: object, one: str | None) -> None:
    """The same processor and system; the C library may be another one."""
    config: dict[str, object] = {"build": {"jobs": 1, **({"target": target} if target else {})}}

    assert one == configuration.target(config, HOST)
    assert {"build": {"jobs": 1, **({"target": one} if one else {})}} == configuration.for_host(config, HOST)


def test_flags_of_an_included_file_are_in_the_key(workshop: Workshop, tmp_path: Path) -> None:
    """What another file adds to rustc's command line makes other results; of the machine nothing is in the key."""
    furnish(tmp_path)
    write(workshop.project, {".cargo/config.toml": 'include = ["more.toml"]\n', ".cargo/more.toml": ""})
    language = open_rust(workshop)
    assert "false false\n" == said(workshop, language)
    before = language.plan(workshop.main)

    text = '[build]\nrustflags = ["--cfg", "odd"]\ntarget = "targets/mine.json"\n'
    write(workshop.project, {".cargo/more.toml": text})
    language.survey()
    assert "true true\n" == said(workshop, language)

    after = language.plan(workshop.main)
    assert isinstance(after, Action)
    assert before.key != after.key
    assert str(tmp_path) not in repr(after)


HOSTILE = {
    "includes itself, often": "include = [" + '"config.toml", "./config.toml", "../.cargo/config.toml", ' * 40 + "]\n",
    "tables in each other without end": "a." * 900 + "a = 1\n",
    "lists in each other without end": "a = " + "[" * 200 + "]" * 200 + "\n",
    "a number of thousands of digits": f"profile.dev.opt-level = 0x{'f' * 4000}\n",
    "not TOML": "[[",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_configuration_ends_nothing(workshop: Workshop, tmp_path: Path, text: str) -> None:
    """Whatever a file beside `mkdocs.yml` says, it is read once, in no time, and cargo may say what is wrong with it."""
    furnish(tmp_path)
    write(workshop.project, {".cargo/config.toml": f"{text}\n[env]\nA = 'b'\n"})
    settings = workshop.rust({})

    found = configuration.configuration(settings)
    assert toml(configuration.for_fetching(settings, walled=True)) is not None
    assert len(toml(found)) < 10_000
    assert len(configuration.flags(settings)) < 10_000
    assert configuration.variables(settings, home=False).keys() <= {"A"}


def test_files_that_include_many() -> None:
    """A tower of files, each of which includes the next ten times, is not climbed ten to the power of eight times."""
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(9):
            Path(scratch, f"{number}.toml").write_text(f"include = [{f'{chr(34)}{number + 1}.toml{chr(34)}, ' * 10}]\n")
        assert len(list(configured.documents(Path(scratch, "0.toml"), None))) < 100
