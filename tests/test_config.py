"""Options: what is right is frozen, what is wrong is said with a way out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mkdocs_codeexec.config import check_apart, settings_from
from mkdocs_codeexec.errors import ConfigurationError

if TYPE_CHECKING:
    from mkdocs_codeexec.core.settings import Settings

PROJECT = Path("/project")


def settings(raw: dict[str, object] | None = None, **environ: str) -> Settings:
    return settings_from(raw or {}, project_dir=PROJECT, environ=environ, cpus=lambda: 3)


def test_defaults_are_those_of_the_contract() -> None:
    """A plugin without options runs marked fences of the built-in languages."""
    found = settings()

    assert (True, "auto", True, 3) == (found.enabled, found.execute, found.fail_on_error, found.jobs)
    assert (10.0, 60.0, None) == (found.timeout, found.build_timeout, found.total_timeout)
    assert PROJECT / ".cache/codeexec" == found.cache_dir
    assert found.rust is not None
    assert ("marked", "2024", None, "") == (
        found.rust.run,
        found.rust.edition,
        found.rust.toolchain,
        found.rust.preamble,
    )
    assert ["bash", "python", "sh"] == sorted(found.scripts)


def test_the_whole_contract_is_read() -> None:
    """The example of the documentation is accepted as it stands."""
    found = settings(
        {
            "jobs": 4,
            "timeout": 2,
            "total_timeout": 90.5,
            "cache_dir": "../elsewhere",
            "languages": {
                "rust": {
                    "run": "all",
                    "edition": 2021,  # a number, as YAML reads it
                    "toolchain": "nightly",
                    "dependencies": {
                        "serde": {"version": "1", "features": ["derive"]},
                        "regex": 1,
                        "l": {"path": ".."},
                    },
                    "manifest_extra": "[features]\n",
                    "preamble": "use std::fmt;",
                    "environments": {"async": {"dependencies": {"tokio": "1"}}},
                },
                "python": {"run": "none"},
                "lua": {"command": ["lua", "{file}"], "extension": "lua"},
                "c": {"build": ["cc", "{file}", "-o", "{exe}"], "command": ["{exe}"], "run": "check"},
            },
        }
    )

    assert (4, 2.0, 90.5, Path("/elsewhere")) == (found.jobs, found.timeout, found.total_timeout, found.cache_dir)
    assert found.rust is not None
    assert "2021" == found.rust.edition
    assert "1" == found.rust.environments["default"].dependencies["regex"]
    assert {"tokio": "1"} == found.rust.environments["async"].dependencies
    assert ("lua", "{file}") == found.scripts["lua"].command
    assert "none" == found.scripts["python"].run
    assert ("python", "py", "python3") == (found.scripts["python"].name, *found.scripts["python"].aliases)


@pytest.mark.parametrize(
    ("message", "raw"),
    [
        pytest.param(
            "`codeexec.timout`: there is no such option\n\nhint: did you mean `timeout`?", {"timout": 3}, id="typo"
        ),
        pytest.param(
            "`codeexec.languages.rust.dependancies`: there is no such option\n\nhint: did you mean `dependencies`?",
            {"languages": {"rust": {"dependancies": {}}}},
            id="nested typo",
        ),
        pytest.param(
            "`codeexec.languages.rust`: expected a mapping (`name: value` lines), got a list",
            {"languages": {"rust": [{"edition": "2021"}]}},
            id="a list where a mapping belongs",
        ),
        pytest.param(
            "`codeexec.execute`: `froze` is none of `auto`, `always`, `frozen`, `never`\n\nhint: did you mean `frozen`?",
            {"execute": "froze"},
            id="choice",
        ),
        pytest.param("`codeexec.timeout`: expected a number of seconds above 0, got `0`", {"timeout": 0}, id="zero"),
        pytest.param("`codeexec.timeout`: expected a number of seconds", {"timeout": True}, id="bool is no number"),
        pytest.param("`codeexec.jobs`: expected `auto` or a whole number above 0, got `0`", {"jobs": 0}, id="jobs"),
        pytest.param("`codeexec.enabled`: expected `true` or `false`, got a text", {"enabled": "yes"}, id="flag"),
        pytest.param(
            "`codeexec.languages.lua`: a language that is not built in needs a `command`",
            {"languages": {"lua": {}}},
            id="no command",
        ),
        pytest.param("did you mean `python`?", {"languages": {"pyton": {"run": "all"}}}, id="misspelt language"),
        pytest.param(
            "write `command: [lua, {file}]`", {"languages": {"lua": {"command": "lua {file}"}}}, id="command as text"
        ),
        pytest.param(
            "`{file}` stands nowhere in it", {"languages": {"lua": {"command": ["lua", "-"]}}}, id="no file in command"
        ),
        pytest.param(
            "`codeexec.languages.python.run`: `check` needs a language that is compiled",
            {"languages": {"python": {"run": "check"}}},
            id="check of a script",
        ),
        pytest.param(
            "`codeexec.languages.rust.dependencies.serde`: expected a version or a mapping, got a list",
            {"languages": {"rust": {"dependencies": {"serde": ["1"]}}}},
            id="dependency",
        ),
        pytest.param(
            '`codeexec.cache_dir`: expected text, got a number\n\nhint: put it in quotes: `"5"`',
            {"cache_dir": 5},
            id="number",
        ),
        pytest.param("`codeexec.execute`: `off` is none of", {"execute": False}, id="YAML's off"),
        pytest.param("`codeexec.sandbox`: `required` is not available", {"sandbox": "required"}, id="sandbox"),
    ],
)
def test_mistakes_are_named(message: str, raw: dict[str, object]) -> None:
    """Nothing is ignored: each mistake says where, what was expected, and what may have been meant."""
    with pytest.raises(ConfigurationError) as error:
        settings(raw)

    assert message in str(error.value)


def test_all_mistakes_are_told_at_once() -> None:
    """One build shows every mistake."""
    with pytest.raises(ConfigurationError) as error:
        settings({"timout": 3, "jobs": "many", "languages": {"rust": {"run": "al"}}})

    assert 3 == str(error.value).count("`codeexec.")


def test_variables_win_over_the_file() -> None:
    """A CI job changes what a file says without editing it."""
    found = settings(
        {"execute": "auto", "cache_dir": "a", "jobs": 2},
        CODEEXEC_EXECUTE="frozen",
        CODEEXEC_CACHE_DIR="/b",
        CODEEXEC_JOBS="7",
        CODEEXEC_ENVIRONMENT_DIR="/e",
        CODEEXEC_SANDBOX="off",
    )

    assert ("frozen", Path("/b"), 7, Path("/e"), "off") == (
        found.execute,
        found.cache_dir,
        found.jobs,
        found.environment_dir,
        found.sandbox,
    )


@pytest.mark.parametrize("cache_dir", ["docs/cache", "docs/.cache", "site/cache", "docs"])
def test_folders_of_ours_are_not_below_those_of_mkdocs(cache_dir: str) -> None:
    """`serve` would rebuild for ever, and a build would empty its own cache."""
    found = settings({"cache_dir": cache_dir})
    with pytest.raises(ConfigurationError, match=r"`codeexec.cache_dir`: .* is below `(docs|site)_dir`"):
        check_apart(found, {"docs_dir": PROJECT / "docs", "site_dir": PROJECT / "site"})

    check_apart(settings(), {"docs_dir": PROJECT / "docs", "site_dir": PROJECT / "site"})


def test_off_disables() -> None:
    """`CODEEXEC_EXECUTE=off` is `enabled: false`."""
    assert not settings({}, CODEEXEC_EXECUTE="off").enabled


@pytest.mark.parametrize(("name", "value"), [("CODEEXEC_EXECUTE", "sometimes"), ("CODEEXEC_JOBS", "two")])
def test_a_wrong_variable_is_an_error(name: str, value: str) -> None:
    """A misspelt variable is not silently the default."""
    with pytest.raises(ConfigurationError, match=f"`{value}`"):
        settings({}, **{name: value})
