from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.core.settings import EnvironmentSettings
from mkdocs_codeexec.errors import ConfigurationError
from mkdocs_codeexec.languages.rust.environments.manifest import manifest, toml

PROJECT = Path("/work/site")

KEYS = st.text(max_size=8).filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text))
SCALARS = st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), KEYS)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=12
)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_toml_is_read_back_as_it_was(document: dict[str, Any]) -> None:
    """The reader of the standard library is the inverse, whatever stands in keys and values."""
    assert document == tomllib.loads(toml(document))


def test_dates_of_toml_survive() -> None:
    """All that a user can write in `manifest_extra` can be written again."""
    document = tomllib.loads("a = 1979-05-27T07:32:00Z\nb = 07:32:00\nc = 1979-05-27\nd = [{e = 1}, {e = inf}]\n")

    assert document == tomllib.loads(toml(document))


def make(dependencies: dict[str, object] | None = None, extra: str = "", name: str = "default") -> EnvironmentSettings:
    return EnvironmentSettings(name=name, dependencies=dependencies or {}, manifest_extra=extra)


def test_dependencies_are_cargos_own_table() -> None:
    """Strings and tables of mkdocs.yml reach cargo as they are."""
    wanted: dict[str, object] = {
        "serde": {"version": "1", "features": ["derive"], "default-features": False},
        "itoa": "1",
        "json": {"package": "serde_json", "version": "1"},
        "a": {"git": "https://example.org/a.git", "rev": "abc"},
        "mine": {"version": "0.1", "registry": "mine", "optional": True},
    }

    found = manifest(make(wanted), PROJECT)

    assert wanted == tomllib.loads(found.local)["dependencies"]
    probe = {"name": found.probe, "path": "src/main.rs"}
    assert {**tomllib.loads(found.portable), "bin": [probe]} == tomllib.loads(found.local)
    assert {} == tomllib.loads(found.local)["workspace"]
    assert not found.bare


def test_paths_start_at_the_project() -> None:
    """Cargo gets absolute paths; what is hashed has none, so that another checkout has the same keys."""
    found = manifest(make({"mylib": {"path": "../mylib/"}, "abs": {"path": "/opt/abs"}}), PROJECT)

    assert "/work/mylib" == tomllib.loads(found.local)["dependencies"]["mylib"]["path"]
    assert "../mylib" == tomllib.loads(found.portable)["dependencies"]["mylib"]["path"]
    assert (("mylib", Path("/work/mylib")), ("abs", Path("/opt/abs"))) == found.paths


def test_manifest_extra_is_part_of_the_manifest() -> None:
    """Profiles of the user win over ours, and local packages of patches are found from the project, too."""
    extra = """
        [profile.dev]
        debug = 1
        opt-level = 1
        [patch.crates-io]
        itoa = { path = "vendor/itoa" }
        [features]
        x = []
    """

    found = manifest(make({"itoa": "1"}, extra), PROJECT)
    local = tomllib.loads(found.local)

    assert {"debug": 1, "opt-level": 1, "incremental": False} == local["profile"]["dev"]
    assert "/work/site/vendor/itoa" == local["patch"]["crates-io"]["itoa"]["path"]
    assert (("itoa", Path("/work/site/vendor/itoa")),) == found.paths
    assert {"x": []} == local["features"]


def test_comments_and_order_of_manifest_extra_do_not_matter() -> None:
    """What is hashed is what it says."""
    one = manifest(make({}, "[features]\nx = []\n"), PROJECT)
    other = manifest(make({}, "# comment\n[features]\nx=[ ]"), PROJECT)

    assert one == other


def test_nothing_wanted_is_bare() -> None:
    """Without dependencies rustc alone will do."""
    assert manifest(make(), PROJECT).bare


@pytest.mark.parametrize(
    ("wanted", "extra", "message"),
    [
        (
            {"serde": 1},
            "",
            'languages.rust.dependencies.serde`: expected a version as text, got the number 1\n\nhint: put it in quotes: serde: "1"',
        ),
        ({"serde": None}, "", "expected a version or a table of cargo's keys, got `None`"),
        ({"serde": True}, "", "expected a version or a table"),
        ({"serde": ["1"]}, "", "expected a version or a table"),
        ({"se rde": "1"}, "", "`se rde` is no name of a crate"),
        ({"serde": {"verson": "1"}}, "", "unknown key `verson`\n\nhint: did you mean `version`?"),
        ({"serde": {"version": 1}}, "", "expected text for `version`, got `1`"),
        ({"serde": {"features": "derive"}}, "", "expected a list of names for `features`"),
        ({"serde": {"default-features": "no"}}, "", "expected `true` or `false` for `default-features`"),
        ({}, "[a", "`languages.rust.manifest_extra`: not TOML"),
        ({}, f"a = {'9' * 5000}", "`languages.rust.manifest_extra`: not TOML"),
        ({}, f"a = 0x{'f' * 4000}", "`languages.rust.manifest_extra`: a number is too large"),
        ({}, f"a = {'[' * 5000}", "`languages.rust.manifest_extra`: not TOML"),
        (
            {},
            "a." * 200 + "a = 1",
            "`languages.rust.manifest_extra`: a number is too large, or tables are nested too deep",
        ),
        ({"a": "1"}, "[dependencies]\na = '2'", "the dependency `a` is declared twice"),
    ],
)
def test_what_cargo_would_not_take_is_said_early(wanted: dict[str, object], extra: str, message: str) -> None:
    """The message names the option, what it says and what was expected."""
    with pytest.raises(ConfigurationError) as caught:
        manifest(make(wanted, extra), PROJECT)

    assert message in str(caught.value)


def test_messages_name_the_environment() -> None:
    """A further environment is named by its path in mkdocs.yml."""
    with pytest.raises(ConfigurationError, match=r"`languages\.rust\.environments\.async\.dependencies\.x`"):
        manifest(make({"x": 1}, name="async"), PROJECT)


@pytest.mark.parametrize("name", ["", "..", "a/b", "../x", "a b", ".x", "é"])
def test_names_of_environments_are_names_of_folders(name: str) -> None:
    """No name leads out of the cache directory."""
    with pytest.raises(ConfigurationError, match="expected a name of letters"):
        manifest(make(name=name), PROJECT)


def test_every_manifest_has_a_probe_of_its_own() -> None:
    """In a target directory that they share, none is taken for another; the portable spelling does not tell it."""
    one, same, other = (manifest(make({"itoa": version}), PROJECT) for version in ("1", "1", "1.0"))
    moved = manifest(make({"a": {"path": "../a"}}), PROJECT / "deeper")
    local = manifest(make({"a": {"path": "../a"}}), PROJECT)

    assert one == same
    assert 4 == len({found.probe for found in (one, other, moved, local)})
    assert one.digest in one.probe
    assert "probe" not in one.portable
    assert moved.portable == local.portable
