"""Options: what is right is frozen, what is wrong is said with a way out."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mkdocs_codeexec.config import check_apart, settings_from
from mkdocs_codeexec.core.confinement import BUILD_LIMITS, RUN_LIMITS, Limits
from mkdocs_codeexec.core.patterns import ALL_PAGES
from mkdocs_codeexec.core.sample import Presentation
from mkdocs_codeexec.core.settings import MKDOCS, Host
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
    assert ["bash", "console", "irb", "node", "pycon", "python", "sh"] == sorted(found.scripts)


@pytest.mark.parametrize(
    ("raw", "environ", "html"),
    [
        ({}, {}, "page"),
        ({"html": "sandbox"}, {}, "sandbox"),
        ({"sandbox": "required"}, {}, "sandbox"),
        ({"sandbox": "strict"}, {}, "sandbox"),
        ({"sandbox": "required", "html": "page"}, {}, "page"),
        ({}, {"CODEEXEC_SANDBOX": "required"}, "sandbox"),
        ({"sandbox": "required"}, {"CODEEXEC_SANDBOX": "auto"}, "page"),
    ],
)
def test_html_is_confined_where_samples_must_be(raw: dict[str, object], environ: dict[str, str], html: str) -> None:
    """Unless the configuration says otherwise."""
    assert html == settings(raw, **environ).html


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
                    "package": "l",
                    "env": {"B": "b", "A": 1},
                    "notes": True,
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
    assert ("l", (("A", "1"), ("B", "b")), True) == (found.rust.package, found.rust.env, found.rust.notes)
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
        pytest.param(
            "`codeexec.timeout`: expected a number of seconds above 0, got the text `10`\n\n"
            "hint: write `timeout: 10`, without quotes",
            {"timeout": "10"},
            id="seconds in quotes",
        ),
        pytest.param(
            "`codeexec.limits.memory`: expected a whole number above 0 or `unlimited`, got the text `512`\n\n"
            "hint: write `memory: 512`, without quotes",
            {"limits": {"memory": "512"}},
            id="an amount in quotes",
        ),
        pytest.param("got `soon`", {"timeout": "soon"}, id="no number at all"),
        pytest.param(
            "`codeexec.cache_dir`: `/project` holds `mkdocs.yml` itself, and what is in it is ours to delete\n\n"
            "hint: name a folder of its own: the default is `.cache/codeexec`",
            {"cache_dir": "."},
            id="the project is no cache",
        ),
        pytest.param(
            "`codeexec.cache_dir`: `/` holds `mkdocs.yml` itself", {"cache_dir": ".."}, id="nor is what holds it"
        ),
        pytest.param("`codeexec.jobs`: expected `auto` or a whole number above 0, got `0`", {"jobs": 0}, id="jobs"),
        pytest.param("`codeexec.enabled`: expected `true` or `false`, got a text", {"enabled": "yes"}, id="flag"),
        pytest.param(
            "`codeexec.languages.lua`: a language that is not built in needs a `command`",
            {"languages": {"lua": {}}},
            id="no command",
        ),
        pytest.param("did you mean `python`?", {"languages": {"pyton": {"run": "all"}}}, id="misspelt language"),
        pytest.param(
            'write `command: [lua, "{file}"]`', {"languages": {"lua": {"command": "lua {file}"}}}, id="command as text"
        ),
        pytest.param(
            'its element 2 is no word, but a mapping\n\nhint: in braces YAML sees a mapping: write `"{file}"`, in quotes',
            {"languages": {"lua": {"command": ["lua", {"file": None}]}}},
            id="braces without quotes",
        ),
        pytest.param("write `enabled: false`", {"execute": False}, id="execute off"),
        pytest.param(
            "does not contain `{file}`", {"languages": {"lua": {"command": ["lua", "-"]}}}, id="no file in command"
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
        pytest.param(
            "`codeexec.sandbox`: `require` is none of `auto`, `required`, `strict`, `off`\n\nhint: did you mean `required`?",
            {"sandbox": "require"},
            id="sandbox",
        ),
        pytest.param("`codeexec.sandbox`: `on` is none of", {"sandbox": True}, id="YAML's on"),
        pytest.param(
            "`codeexec.limits.memroy`: there is no such option\n\nhint: did you mean `memory`?",
            {"limits": {"memroy": 1}},
            id="misspelt limit",
        ),
        pytest.param("`codeexec.limits`: expected a mapping", {"limits": 512}, id="limits are a table"),
        pytest.param(
            "`codeexec.limits.memory`: expected a whole number above 0 or `unlimited`, got `512M`",
            {"limits": {"memory": "512M"}},
            id="limit with a unit",
        ),
        pytest.param(
            "`codeexec.build_limits.cpu`: expected a whole number above 0 or `unlimited`, got `0`",
            {"build_limits": {"cpu": 0}},
            id="limit of nothing",
        ),
        pytest.param("`codeexec.limits.tmp`: expected a whole number", {"limits": {"tmp": True}}, id="bool as limit"),
        pytest.param("`codeexec.limits.disk`: expected a whole number", {"limits": {"disk": 1.5}}, id="half a MiB"),
        pytest.param("hint: write `unlimited`", {"limits": {"disk": 10**30}}, id="limit that no kernel takes"),
        pytest.param(
            "`codeexec.cache_size`: expected a whole number above 0 or `unlimited`, got `-1`",
            {"cache_size": -1},
            id="cache size",
        ),
        pytest.param(
            "`codeexec.cache_write`: `never` is none of `auto`, `on`, `off`", {"cache_write": "never"}, id="cache write"
        ),
        pytest.param(
            "`codeexec.languages.rust.network`: expected `false`, `ask` or `true`, got `yes`",
            {"languages": {"rust": {"network": "yes"}}},
            id="network",
        ),
        pytest.param(
            "`codeexec.languages.bash.network`: expected `false`, `ask` or `true`, got a number",
            {"languages": {"bash": {"network": 1}}},
            id="network as a number",
        ),
        pytest.param(
            "`codeexec.languages.bash.readable`: expected a list of words, got one text",
            {"languages": {"bash": {"readable": "data"}}},
            id="readable as text",
        ),
        pytest.param(
            "`codeexec.languages.rust.readable`: `data` does not exist\n\nhint: it is looked for at `/project/data`",
            {"languages": {"rust": {"readable": ["data"]}}},
            id="readable that is not there",
        ),
        pytest.param(
            "`codeexec.languages.rust.readable`: `~nobody-at-all/data` does not exist",
            {"languages": {"rust": {"readable": ["~nobody-at-all/data"]}}},
            id="home of nobody",
        ),
        pytest.param(
            "`codeexec.languages.rust.source`: expected a place for the source\n\nhint: did you mean `above`?",
            {"languages": {"rust": {"source": "abov"}}},
            id="source",
        ),
        pytest.param(
            "`codeexec.languages.python.artifacts`: `../x` names no file within the working directory",
            {"languages": {"python": {"artifacts": "a.svg ../x"}}},
            id="artifacts",
        ),
        pytest.param(
            "`codeexec.hidden_lines`: `never` is none of `button`, `omit`",
            {"hidden_lines": "never"},
            id="hidden lines",
        ),
        pytest.param(
            "`codeexec.languages.python.show`: expected a stream\n\nhint: did you mean `stdout`?",
            {"languages": {"python": {"show": ["stdut"]}}},
            id="stream",
        ),
        pytest.param(
            "`codeexec.languages.bash.result`: `txt` is not a way to show output\n\nhint: did you mean `text`?",
            {"languages": {"bash": {"result": "txt"}}},
            id="result",
        ),
        pytest.param(
            "`codeexec.languages.bash.result`: `klingon` is not a way to show output\n\nhint: it is `ansi`",
            {"languages": {"bash": {"result": "klingon"}}},
            id="no lexer",
        ),
        pytest.param(
            "`codeexec.languages.lua.timeout`: expected a number of seconds above 0, got `0`",
            {"languages": {"lua": {"command": ["lua", "{file}"], "timeout": 0}}},
            id="timeout of a language",
        ),
        pytest.param(
            "`codeexec.languages.rust.environment`: there is no environment `asnyc`\n\nhint: did you mean `async`?",
            {"languages": {"rust": {"environment": "asnyc", "environments": {"async": {}}}}},
            id="environment",
        ),
        pytest.param(
            "`codeexec.languages.python.environment`: only `rust` has several",
            {"languages": {"python": {"environment": "a"}}},
            id="environment of a script",
        ),
        pytest.param(
            "`codeexec.languages.python.preamble`: only `rust` has one",
            {"languages": {"python": {"preamble": "import os"}}},
            id="preamble of a script",
        ),
        pytest.param(
            "`codeexec.languages.rust.workdir`: expected `project`, or a folder of it",
            {"languages": {"rust": {"workdir": "/docs"}}},
            id="workdir",
        ),
        pytest.param(
            "`codeexec.workdir`: expected `project`, or a folder of it",
            {"workdir": "../docs"},
            id="workdir of the site",
        ),
        pytest.param(
            "`codeexec.exclude`: expected a list of words, got one text\n\nhint: write `exclude: [drafts/**]`",
            {"exclude": "drafts/**"},
            id="pattern as text",
        ),
        pytest.param(
            "`codeexec.include`: `/guide/*` matches no page\n\nhint: it is matched with paths below `docs_dir`",
            {"include": ["/guide/*"]},
            id="pattern from the root",
        ),
        pytest.param(
            "`codeexec.languages.python.exclude`: `..\\\\a` matches no page",
            {"languages": {"python": {"exclude": ["..\\\\a"]}}},
            id="pattern with backslashes",
        ),
        pytest.param(
            "`codeexec.exlude`: there is no such option\n\nhint: did you mean `exclude`?", {"exlude": []}, id="exlude"
        ),
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


UNUSABLE: list[tuple[str, dict[str, object]]] = [
    ("cache_dir", {"cache_dir": "\0"}),
    ("environment_dir", {"environment_dir": "a\0b"}),
    ("languages.rust.package", {"languages": {"rust": {"package": "\0"}}}),
    ("languages.rust.toolchain", {"languages": {"rust": {"toolchain": "\0"}}}),
    ("languages.rust.dependencies", {"languages": {"rust": {"dependencies": {"a": {"path": "\0"}}}}}),
    ("languages.rust.readable", {"languages": {"rust": {"readable": ["\0"]}}}),
    ("languages.python.inputs", {"languages": {"python": {"inputs": ["\0"]}}}),
    ("languages.python.command", {"languages": {"python": {"command": ["python\0", "{file}"]}}}),
    ("languages", {"languages": {"a\0": {"command": ["x", "{file}"]}}}),
]


@pytest.mark.parametrize(("option", "raw"), UNUSABLE)
def test_what_no_path_can_have_is_a_mistake(option: str, raw: dict[str, object]) -> None:
    """Of every option that names a file or a program; the system would say so somewhere, and name nothing."""
    with pytest.raises(ConfigurationError) as found:
        settings(raw)
    assert f"`codeexec.{option}`: it holds U+0000, a character that no path" in str(found.value)


def test_a_path_that_is_too_long_is_none() -> None:
    """It does not exist, as far as anybody can tell."""
    with pytest.raises(ConfigurationError, match="does not exist"):
        settings({"languages": {"python": {"readable": ["x" * 5000]}}})


WRONG_ENV: dict[str, dict[str, object]] = {
    "expected the name of a variable, found `A=B`": {"A=B": "c"},
    "expected the name of a variable, found ``": {"": "c"},
    "expected text for `A`": {"A": True},
    "`A` holds U+0000": {"A": "\0"},
    "`A` is 200,002 bytes, expected 131,071 at most": {"A": "v" * 200_000},
    "expected 1,000 variables at most": {f"V{number}": "x" for number in range(1001)},
}


@pytest.mark.parametrize("language", ["rust", "python"])
@pytest.mark.parametrize(("message", "env"), WRONG_ENV.items())
def test_variables_of_a_language_are_those_that_a_fence_can_have(
    language: str, message: str, env: dict[str, object]
) -> None:
    """A name that is none is a mistake here as there, and so is a value that no program can be started with."""
    with pytest.raises(ConfigurationError) as found:
        settings({"languages": {language: {"env": env}}})
    assert f"`codeexec.languages.{language}.env`: {message}" in str(found.value)


@pytest.mark.parametrize(
    ("store", "host"), [(".cache/codeexec", MKDOCS), (".codeexec", MKDOCS._replace(store=".codeexec"))]
)
def test_the_default_store_is_that_of_the_host(store: str, host: Host) -> None:
    """In messages, and where the option has no value."""
    how: dict[str, Any] = {"project_dir": PROJECT, "environ": {}, "cpus": lambda: 1, "host": host}

    assert PROJECT / store == settings_from({"cache_dir": None}, **how).cache_dir
    with pytest.raises(ConfigurationError, match=f"the default is `{store}` beside"):
        check_apart(settings_from({"cache_dir": "docs/a"}, **how), {"docs_dir": PROJECT / "docs"})
    with pytest.raises(ConfigurationError, match=f"the default is `{store}`"):
        settings_from({"cache_dir": "."}, **how)


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


def test_limits_are_read_one_by_one() -> None:
    """What is named counts, `unlimited` is none at all, and the rest keeps its default."""
    found = settings({"limits": {"memory": 1024, "cpu": "unlimited", "tmp": None}, "build_limits": {"processes": 8}})

    assert replace(RUN_LIMITS, memory=1024, cpu=None) == found.limits
    assert replace(BUILD_LIMITS, processes=8) == found.build_limits
    assert (RUN_LIMITS, BUILD_LIMITS) == (settings().limits, settings().build_limits)


@pytest.mark.parametrize("limit", [field.name for field in fields(Limits)])
def test_every_limit_is_an_option_and_documented(limit: str) -> None:
    """By its own name, of both kinds of step."""
    found = settings({"limits": {limit: 7}, "build_limits": {limit: "unlimited"}})
    documentation = (Path(__file__).parent.parent / "docs/configuration.md").read_text("utf-8")

    assert replace(RUN_LIMITS, **{limit: 7}) == found.limits
    assert replace(BUILD_LIMITS, **{limit: None}) == found.build_limits
    assert f"| `{limit}` | {getattr(RUN_LIMITS, limit)} | {getattr(BUILD_LIMITS, limit)} |" in documentation


def test_each_language_has_defaults_of_its_own() -> None:
    """What is shown, how long it may take, and on which pages; what is not said is as for all."""
    found = settings(
        {
            "include": ["guide/**"],
            "languages": {
                "rust": {"source": "none", "show": "build", "environment": "async", "environments": {"async": {}}},
                "python": {"result": "json", "timeout": 3, "exclude": ["guide/old/*"], "show": ["stdout"]},
                "c": {"build": ["cc", "{file}"], "command": ["./a.out"], "source": "material-block"},
            },
        }
    )
    rust, python, c, bash = found.rust, *(found.scripts[name] for name in ("python", "c", "bash"))

    assert rust is not None
    assert ("async", None, Presentation(source="none", show=frozenset({"build"}))) == (
        rust.environment,
        rust.timeout,
        rust.presentation,
    )
    assert (3.0, Presentation(result="json", show=frozenset({"stdout"}))) == (python.timeout, python.presentation)
    assert (Presentation(), Presentation(), None) == (c.presentation, bash.presentation, bash.timeout)
    assert (("guide/**",), ("guide/old/*",), ALL_PAGES) == (found.pages.include, python.pages.exclude, rust.pages)


def test_a_pattern_that_matches_no_page_is_known() -> None:
    """With the whole name of its option."""
    found = settings(
        {"include": ["guide/*", "x/"], "languages": {"rust": {"exclude": ["y"]}, "sh": {"include": ["*"]}}}
    )

    assert ["`include`: `x/` matches no page", "`languages.rust.exclude`: `y` matches no page"] == list(
        found.idle(["guide/a.md", "index.md"])
    )


def test_the_size_of_the_store() -> None:
    """In MiB, and without an end if that is said."""
    assert (200, 50, None) == tuple(
        settings(raw).cache_size for raw in ({}, {"cache_size": 50}, {"cache_size": "unlimited"})
    )


@pytest.mark.parametrize("mode", ["auto", "required", "strict", "off", False])
def test_each_kind_of_sandbox_is_accepted(mode: object) -> None:
    """In the file, where YAML reads a bare `off` as false, and in the environment."""
    word = "off" if mode is False else mode

    assert word == settings({"sandbox": mode}).sandbox
    assert word == settings({}, CODEEXEC_SANDBOX=str(word)).sandbox


def test_what_samples_may_reach_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are relative to `mkdocs.yml` or the home directory, and made absolute; by language."""
    home, project = tmp_path / "home", tmp_path / "project"
    (home / "data").mkdir(parents=True)
    project.mkdir()
    (tmp_path / "a.csv").touch()
    monkeypatch.setenv("HOME", str(home))
    languages = {
        "rust": {"readable": ["../a.csv", ".", "./"], "network": True},
        "bash": {"readable": ["~/data"], "network": "ask"},
        "sh": {"network": False},
        "lua": {"command": ["lua", "{file}"], "network": True},
    }
    found = settings_from({"languages": languages}, project_dir=project, environ={}, cpus=lambda: 1)

    assert found.rust is not None
    assert ((tmp_path / "a.csv", project), "true") == (found.rust.readable, found.rust.network)
    assert ((home / "data",), "ask") == (found.scripts["bash"].readable, found.scripts["bash"].network)
    assert ((), "true") == (found.scripts["lua"].readable, found.scripts["lua"].network)
    assert ["false", "false"] == [found.scripts[name].network for name in ("sh", "python")]


@pytest.mark.parametrize(
    ("path", "refusal"),
    [
        ("/", "is the whole machine"),
        ("~", "is the home directory"),
        ("..", "holds the home directory"),
        ("../link", "is the home directory"),
        ("../home/.", "is the home directory"),
    ],
)
def test_the_home_directory_is_not_given(
    path: str, refusal: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither it nor a folder that holds it, whatever it is called: there are keys and tokens in it."""
    (tmp_path / "home").mkdir()
    (tmp_path / "project").mkdir()
    (tmp_path / "link").symlink_to("home")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    raw = {"languages": {"python": {"readable": [path]}}}
    with pytest.raises(ConfigurationError, match=rf"`codeexec.languages.python.readable`: `.*` {refusal}"):
        settings_from(raw, project_dir=tmp_path / "project", environ={}, cpus=lambda: 1)


OWN = {"repository": {"full_name": "a/b"}, "pull_request": {"head": {"repo": {"full_name": "a/b", "fork": True}}}}
FORK = {"repository": {"full_name": "a/b"}, "pull_request": {"head": {"repo": {"full_name": "c/b", "fork": True}}}}
GONE = {"repository": {"full_name": "a/b"}, "pull_request": {"head": {"repo": None}}}
OF_A_FORK = "this build is of a pull request from a fork"
UNKNOWN = "this build is of a pull request, and its event file does not tell whether it is from a fork"


@pytest.mark.parametrize(
    ("name", "event", "refusal"),
    [
        pytest.param("", None, "", id="not on GitHub"),
        pytest.param("push", json.dumps(OWN), "", id="push"),
        pytest.param("pull_request", json.dumps(OWN), "", id="own branch, of a repository that is a fork itself"),
        pytest.param("pull_request", json.dumps(FORK), OF_A_FORK, id="fork"),
        pytest.param("pull_request_review", json.dumps(FORK), OF_A_FORK, id="review of a fork"),
        pytest.param("pull_request", json.dumps(GONE), OF_A_FORK, id="deleted fork"),
        pytest.param(
            "pull_request_target", json.dumps(OWN), "this build is of the event `pull_request_target`", id="target"
        ),
        pytest.param("workflow_run", json.dumps(OWN), "this build is of the event `workflow_run`", id="after another"),
        pytest.param("issue_comment", json.dumps(OWN), "this build is of the event `issue_comment`", id="a comment"),
        pytest.param("pull_request", None, UNKNOWN, id="no event file"),
        pytest.param("pull_request", "", UNKNOWN, id="empty"),
        pytest.param("pull_request", "{", UNKNOWN, id="no JSON"),
        pytest.param("pull_request", "[]", UNKNOWN, id="a list"),
        pytest.param("pull_request", "[" * 100_000, UNKNOWN, id="deep"),
        pytest.param("pull_request", "{}", UNKNOWN, id="nothing in it"),
        pytest.param("pull_request", json.dumps(OWN | {"repository": None}), UNKNOWN, id="no repository"),
    ],
)
def test_what_a_stranger_makes_is_not_stored(name: str, event: str | None, refusal: str, tmp_path: Path) -> None:
    """A pull request from a fork must not choose what later builds show; what cannot be told counts as one."""
    path = tmp_path / "event.json"
    if event is not None:
        path.write_text(event)
    environ = {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(path)}

    found = settings({}, **environ)
    assert (not refusal, refusal) == (found.cache_write, found.cache_write_refusal)
    for raw, stored in (("on", True), (True, True), ("off", False), (False, False)):
        asked = settings({"cache_write": raw}, **environ)
        assert (stored, "", refusal) == (asked.cache_write, asked.cache_write_refusal, asked.stranger)


@pytest.mark.parametrize(
    ("environ", "stranger"),
    [
        ({"CI_PIPELINE_SOURCE": "push", "CI_MERGE_REQUEST_PROJECT_ID": "1"}, False),
        (
            {
                "CI_PIPELINE_SOURCE": "merge_request_event",
                "CI_MERGE_REQUEST_PROJECT_ID": "1",
                "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1",
            },
            False,
        ),
        (
            {
                "CI_PIPELINE_SOURCE": "merge_request_event",
                "CI_MERGE_REQUEST_PROJECT_ID": "1",
                "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2",
            },
            True,
        ),
        ({"CI_PIPELINE_SOURCE": "merge_request_event"}, True),
        ({"CIRCLE_PR_REPONAME": "b"}, True),
        ({"CIRCLE_PULL_REQUEST": "https://github.com/a/b/pull/1"}, False),
        ({"SYSTEM_PULLREQUEST_ISFORK": "True"}, True),
        ({"SYSTEM_PULLREQUEST_ISFORK": "False"}, False),
        ({"TRAVIS_REPO_SLUG": "a/b", "TRAVIS_PULL_REQUEST_SLUG": "c/b"}, True),
        ({"TRAVIS_REPO_SLUG": "a/b", "TRAVIS_PULL_REQUEST_SLUG": "a/b"}, False),
        ({"TRAVIS_REPO_SLUG": "a/b", "TRAVIS_PULL_REQUEST_SLUG": ""}, False),
    ],
)
def test_other_services_tell_of_forks(environ: dict[str, str], stranger: bool) -> None:
    """GitLab, CircleCI, Azure Pipelines and Travis CI say by variables that they build what is from a fork."""
    found = settings({}, **environ)

    assert (OF_A_FORK if stranger else "", not stranger) == (found.stranger, found.cache_write)


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


@pytest.mark.parametrize(
    ("name", "value"), [("CODEEXEC_EXECUTE", "sometimes"), ("CODEEXEC_JOBS", "two"), ("CODEEXEC_SANDBOX", "on")]
)
def test_a_wrong_variable_is_an_error(name: str, value: str) -> None:
    """A misspelt variable is not silently the default."""
    with pytest.raises(ConfigurationError, match=f"`{value}`"):
        settings({}, **{name: value})


@pytest.mark.parametrize(
    ("name", "value", "foreign"),
    [
        ("BITBUCKET_PR_ID", "3", True),
        ("DRONE_PULL_REQUEST", "3", True),
        ("DRONE_PULL_REQUEST", "", False),
        ("BUILDKITE_PULL_REQUEST", "3", True),
        ("BUILDKITE_PULL_REQUEST", "false", False),
        ("APPVEYOR_PULL_REQUEST_NUMBER", "3", True),
        ("PULL_REQUEST", "true", True),
        ("PULL_REQUEST", "false", False),
        ("READTHEDOCS_VERSION_TYPE", "external", True),
        ("READTHEDOCS_VERSION_TYPE", "branch", False),
        ("CI_PIPELINE_EVENT", "pull_request", True),
        ("CI_PIPELINE_EVENT", "push", False),
    ],
)
def test_where_forks_are_not_told_apart_every_proposal_is_a_strangers(
    name: str, value: str, foreign: bool, tmp_path: Path
) -> None:
    """Services that say that something is proposed, and not by whom."""
    found = settings_from({}, project_dir=tmp_path, environ={name: value}, cpus=lambda: 1)

    assert (foreign, not foreign) == (f"`{name}` is set" in found.stranger, found.cache_write)


def test_compatibility() -> None:
    """It sets defaults of the languages of the other tool, which all that is said otherwise prevails over; and no right."""
    plain, found = settings(), settings({"compatibility": "markdown-exec"})
    python = found.scripts["python"].presentation

    assert ("none", "markdown", {"stdout"}) == (python.source, python.result, python.show)
    assert {"merged"} == found.scripts["sh"].presentation.show
    assert ("project", "none", "none") == (found.workdir, found.literate, found.scripts["console"].presentation.source)
    assert ("MKDOCS_CONFIG_DIR", ".") in found.scripts["bash"].env
    assert ("", "above", Presentation()) == (plain.workdir, plain.literate, plain.scripts["python"].presentation)
    assert plain.scripts["python"].network == found.scripts["python"].network == "false"
    assert (plain.sandbox, plain.limits, plain.timeout) == (found.sandbox, found.limits, found.timeout)
    assert plain == settings({"compatibility": "none"})

    lua = {"command": ["lua", "{file}"]}
    languages: dict[str, object] = {"python": {"source": "below", "run": "all"}, "lua": lua}
    said = settings({"compatibility": "markdown-exec", "languages": languages})
    python = said.scripts["python"].presentation
    assert ("below", "markdown", {"stdout"}) == (python.source, python.result, python.show)
    assert Presentation() == said.scripts["lua"].presentation
    assert not said.scripts["lua"].env


TALKED: dict[str, Any] = {"command": ["lua", "-i"], "console": {"prompts": ["> "], "start": "_PROMPT = '{prompt}'"}}


def test_an_interpreter_is_data() -> None:
    """What is not said is as built in; a language of that name is a console."""
    found = settings({"languages": {"l": TALKED, "irb": {"console": {"prompts": ["λ> "]}, "env": {"A": "1"}}}}).scripts
    assert ("repl", "console", ("lua", "-i")) == (found["l"].console, found["l"].session, found["l"].command)
    irb, usual = found["irb"], settings().scripts["irb"]
    assert irb.repl is not None
    assert usual.repl is not None
    assert ("ruby", "{file}") == irb.command == usual.command
    assert (("λ> ",), usual.repl.start) == (irb.repl.dialect.prompts, irb.repl.start)
    own = settings({"languages": {"node": {"command": ["node", "{file}"], "session": 'console.log("{mark}")'}}}).scripts
    assert ("", "concat", None) == (own["node"].console, own["node"].session, own["node"].repl)
    assert settings({"languages": {"irb": {"run": "all"}}}).scripts["irb"].repl == usual.repl


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"prompts": []}, "`codeexec.languages.l.console.prompts`: expected what lines of commands begin with"),
        ({"prompts": [" "]}, "`codeexec.languages.l.console.prompts`: a prompt is empty"),
        ({"start": "x"}, "`codeexec.languages.l.console`: nothing sets the prompt of the interpreter to `{prompt}`"),
        ({"error": "("}, "`codeexec.languages.l.console.error`: `(` is no pattern"),
        ({"mork": "x"}, "`codeexec.languages.l.console.mork`"),
        ({"terminal": "x"}, "`codeexec.languages.l.console.terminal`"),
    ],
)
def test_mistakes_in_an_interpreter(changes: dict[str, object], told: str) -> None:
    """Are told where they stand."""
    with pytest.raises(ConfigurationError) as caught:
        settings({"languages": {"l": TALKED | {"console": TALKED["console"] | changes}}})
    assert told in str(caught.value)
