"""What programs read: a line for each event, and reports, each as its schema says."""

from __future__ import annotations

import json
import os
import re
import sys
from importlib import resources
from typing import TYPE_CHECKING, Any, get_args

import jsonschema
import pytest
from support import forks
from support.schemas import check, schema

from mkdocs_codeexec.core import resolved
from mkdocs_codeexec.report.events import FORMAT

if TYPE_CHECKING:
    import subprocess

    from conftest import Project

PAGE = """\
```bash exec name="one"
echo 1
```

```bash exec needs="one"
exit 3
```

```bash exec ignore
nothing
```

```bash exec requires="tool:nobody-has-this"
echo
```

```text output_of="one"
1
```
"""
SCHEMAS = sorted(
    one.name.removesuffix(".schema.json") for one in resources.files("mkdocs_codeexec").joinpath("schemas").iterdir()
)


@pytest.fixture
def site(project: Project) -> Project:
    project.configure({"languages": {"bash": {}}, "jobs": 2, "sandbox": "off", "fail_on_error": False})
    project.page(PAGE)
    return project


def command(site: Project, *args: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return forks.run("mkdocs_codeexec", *args, cwd=site.root, env=os.environ | site.env | (env or {}), timeout=120)


def lines(text: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    for line in found:
        check("events", line)
    return found


# --- Events ---------------------------------------------------------------------------------------------------------


def test_each_event_of_a_run_is_a_line(site: Project) -> None:
    """All of standard error is JSON; each sample is planned first and ends last; all have the id of the report."""
    done = command(site, "run", "--log-format", "json", "--json")

    found = lines(done.stderr)
    assert len(found) == len(done.stderr.splitlines())
    told = [(one["event"], one.get("line")) for one in found if one["event"] in ("planned", "ended")]
    for line in (1, 5, 9, 13):
        assert [("planned", line), ("ended", line)] == [one for one in told if one[1] == line]
    assert ("ended", 17) in told, "what is compared, too"
    started = [one for one in found if one["event"] == "started"]
    assert [[{"page": "index.md", "line": 1}], [{"page": "index.md", "line": 5}]] == [one["samples"] for one in started]
    assert {"run", "store"} <= {one["kind"] for one in found if one["event"] == "took"}
    assert any("executing" in one["message"] for one in found if one["event"] == "log")
    assert {json.loads(done.stdout)["run_id"]} == {one["run_id"] for one in found}


def test_the_end_of_a_sample_is_its_row(site: Project) -> None:
    """Word for word that of the report."""
    done = command(site, "run", "--log-format", "json", "--json")

    ends = [one for one in lines(done.stderr) if one["event"] == "ended"]
    rows = {row["line"]: row for row in json.loads(done.stdout)["samples"]}
    head = {"format", "event", "time", "run_id"}
    assert rows == {one["line"]: {name: value for name, value in one.items() if name not in head} for one in ends}


def test_a_build_writes_them_beside_its_log(site: Project) -> None:
    """Where the environment says so."""
    log = site.build(env={"CODEEXEC_LOG_FORMAT": "json"}).log

    found = lines(log)
    assert {"planned", "started", "ended", "took", "log"} == {one["event"] for one in found}
    assert {site_run(site)["run_id"]} == {one["run_id"] for one in found}
    assert "INFO    -  codeexec: 5 samples: 2 executed" in log
    assert "{" not in site.build().log


def site_run(site: Project) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((site.root / ".cache/codeexec/last-run.json").read_text("utf-8"))
    return found


def test_an_environment_is_told_of(site: Project) -> None:
    """What is compiled, of how much; a tool's own lines and failures are lines of JSON, too."""
    dependency = site.root / "dep"
    (dependency / "src").mkdir(parents=True)
    (dependency / "Cargo.toml").write_text('[package]\nname = "dep"\nversion = "0.1.0"\nedition = "2021"\n')
    (dependency / "src/lib.rs").write_text("pub fn one() -> i32 { 1 }\n")
    site.configure(
        {"languages": {"rust": {"dependencies": {"dep": {"path": "dep"}}}}, "sandbox": "off", "verbose": True}
    )
    site.page('```rust exec\nprintln!("{}", dep::one());\n```\n\n```rust exec\npanic!();\n```\n')
    env = {"CODEEXEC_ENVIRONMENT_DIR": str(site.root / "built")}

    done = command(site, "check", "--repeat", "1", "--log-format", "json", env=env)

    found = lines(done.stderr)
    assert len(found) == len(done.stderr.splitlines()), done.stderr
    parts = [(one["part"], one["done"], one["total"]) for one in found if one["event"] == "preparing"]
    assert [("", 0, 0), ("dep", 1, 1)] == parts
    assert [True] == [one["built"] for one in found if one["event"] == "prepared"]
    started = [one["samples"] for one in found if one["event"] == "started"]
    assert sorted(line["line"] for [line] in started) == [1, 5], "whose keys are others by now"
    assert {"host", "prepare", "build", "run", "store"} == {one["kind"] for one in found if one["event"] == "took"}
    output = "\n".join(one["text"] for one in found if one["event"] == "output")
    assert "Compiling dep v0.1.0" in output
    assert "run, stderr" in output


def test_a_plan_is_told_so_too(site: Project) -> None:
    """Nothing is started."""
    found = lines(command(site, "plan", "--log-format", "json").stderr)

    planned = [one for one in found if one["event"] == "planned"]
    assert {"host"} == {one["kind"] for one in found if one not in planned}, "pages were rendered"
    assert ["miss", "miss", "ignored", "suspended"] == [one["status"] for one in planned]


def test_the_environment_says_it_to_commands_too(site: Project) -> None:
    """One run: that pages are rendered to find samples is no build."""
    found = lines(command(site, "run", env={"CODEEXEC_LOG_FORMAT": "json"}).stderr)

    assert 1 == len({one["run_id"] for one in found})
    assert 4 == sum(one["event"] == "planned" for one in found)


def test_what_is_wrong_is_a_line(site: Project) -> None:
    """Of a command that does not come to its run."""
    done = command(site, "run", "nowhere.md", "--log-format", "json")

    assert 2 == done.returncode
    [line] = lines(done.stderr)
    assert ("log", "error") == (line["event"], line["level"])


@pytest.mark.parametrize("value", ["xml", "JSON"])
def test_a_form_that_is_none_is_refused(site: Project, value: str) -> None:
    """By the command line, and by the environment in commands and builds."""
    assert 2 == command(site, "run", "--log-format", value).returncode
    assert 2 == command(site, "run", env={"CODEEXEC_LOG_FORMAT": value}).returncode
    built = site.build(env={"CODEEXEC_LOG_FORMAT": value})
    assert 1 == built.status
    assert "is none of `text`, `json`" in built.log


def test_nobody_needs_to_read_them(site: Project) -> None:
    """A reader that has gone ends no run."""
    script = f"{sys.executable} -m mkdocs_codeexec run --log-format json --json 2> >(head -c 1 >/dev/null); echo $? >&2"
    done = __import__("subprocess").run(
        ["bash", "-c", script], cwd=site.root, env=os.environ | site.env, capture_output=True, text=True, check=False
    )

    assert 5 == len(json.loads(done.stdout)["samples"])


# --- Reports --------------------------------------------------------------------------------------------------------


def test_reports_are_as_their_schemas_say(site: Project) -> None:
    """Of a store that is empty, and of one that is not."""
    for _ in range(2):
        check("plan", json.loads(command(site, "plan", "--json").stdout))
        check("run", json.loads(command(site, "run", "--json").stdout))
        check("run", json.loads(command(site, "run", "--name", "one", "--json").stdout))
        check("run", site_run(site))
        check("status", json.loads(command(site, "status", "--json").stdout))
        check("cache-info", json.loads(command(site, "cache", "info", "--json").stdout))
    site.build()
    check("run", site_run(site))


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_schemas_and_say_which_format(name: str) -> None:
    """Of the newest draft; nothing that they do not name may be there."""
    found = schema(name)
    jsonschema.Draft202012Validator.check_schema(found)

    assert f"urn:mkdocs-codeexec:{name}:{FORMAT}" == found["$id"]
    for one in [found, *found.get("$defs", {}).values()]:
        assert one.get("additionalProperties") is False or "oneOf" in one
    with pytest.raises(jsonschema.ValidationError):
        check(name, {"format": 2})
    with pytest.raises(jsonschema.ValidationError):
        check(name, {})


def test_every_kind_of_event_has_a_schema() -> None:
    """And every schema an event."""
    events = {one.__name__.lower() for one in get_args(resolved.Event)} - {"said"}

    assert {*events, "log", "output"} == set(schema("events")["$defs"])


def test_words_are_those_of_the_code() -> None:
    """States, kinds and verdicts that are added are added to the schemas."""
    events = schema("events")["$defs"]

    assert [*get_args(resolved.PlannedState)] == events["planned"]["properties"]["status"]["enum"]
    assert [*get_args(resolved.TookKind)] == events["took"]["properties"]["kind"]["enum"]


def test_documents_name_every_event() -> None:
    """With what it is told of."""
    from pathlib import Path

    text = (Path(__file__).parent.parent / "docs/following-a-run.md").read_text("utf-8")

    assert set(schema("events")["$defs"]) <= set(re.findall(r"`(\w+)`", text))
