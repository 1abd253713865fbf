"""The command `codeexec`, by real runs of real sites; and what it compares."""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import forks

from mkdocs_codeexec import cli
from mkdocs_codeexec.commands import site
from mkdocs_codeexec.core.expectation import Errored, Met, Skipped, Succeeds, Unmet
from mkdocs_codeexec.core.outcome import Exited, NotStarted, Outcome, StepResult
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.core.resolved import Resolved
from mkdocs_codeexec.core.sample import Location, Sample
from mkdocs_codeexec.report.repeats import MAX_LINES, Repeated, Shown, exit_status, summary, text_of, to_json

if TYPE_CHECKING:
    from conftest import Project

PAGE = """\
# Samples

```bash exec
echo always the same
```

=== "A tab"

    ```bash exec
    echo before
    echo $RANDOM$RANDOM$RANDOM
    echo after
    ```

```bash exec
echo why
exit 3
```

```bash exec ignore
exit 1
```

```bash exec result="none"
echo $RANDOM$RANDOM$RANDOM
```
"""


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "mkdocs_codeexec.cli", *args]


def codeexec(project: Project, *args: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    env = os.environ | project.env | (env or {})
    return forks.run("mkdocs_codeexec.cli", *args, cwd=project.root, env=env, timeout=120)


def test_what_is_no_text_repeats_or_does_not(project: Project) -> None:
    """Markdown and pictures are compared, too, and a picture that differs is told by a digest, and not by its contents."""
    shows = "echo EVCXR_BEGIN_CONTENT image/svg+xml; echo '<svg xmlns=\"http://www.w3.org/2000/svg\">'%s'</svg>'; echo EVCXR_END_CONTENT"
    fences = [
        'bash exec result="markdown"\necho "**$((1 + 1))**"',
        'bash exec result="markdown"\necho "**$RANDOM$RANDOM**"',
        f"bash exec\n{shows % ''}",
        f"bash exec\n{shows % '$RANDOM$RANDOM'}",
    ]
    project.page("".join(f"```{fence}\n```\n\n" for fence in fences))
    done = codeexec(project, "check")

    assert 1 == done.returncode, done.stdout + done.stderr
    told = [line.partition(": it does not repeat")[0] for line in done.stdout.splitlines() if "not repeat:" in line]
    assert ["docs/index.md:5", "docs/index.md:13"] == told
    assert "4 met" in done.stdout
    assert 2 == len(re.findall(r"^[+-].*<img src=\"[0-9a-f]{64}\.svg", done.stdout, re.MULTILINE)), done.stdout
    assert "data:image" not in done.stdout


def test_what_does_not_repeat_is_listed(project: Project) -> None:
    """With its place and how two runs differ; so is what fails. What the page does not show may differ."""
    project.configure({"jobs": 2})
    project.page(PAGE)
    done = codeexec(project, "check")

    assert 1 == done.returncode, done.stderr
    assert ["docs/index.md:9: it does not repeat: 3 results in 3 runs", "docs/index.md:15: exit status 3"] == sorted(
        re.findall(r"^docs/.*", done.stdout, re.MULTILINE), key=lambda line: int(line.split(":")[1])
    )
    assert re.search(r"^--- run 1\n\+\+\+ run 2\n before\n-\d+\n\+\d+\n after$", done.stdout, re.MULTILINE), done.stdout
    assert "\n5 samples, 3 runs of each: 3 met, 1 failed, 1 differing, 1 skipped (" in done.stdout
    assert "after normalisation (folders of this machine)" in done.stdout
    assert ["2", "1", "2"] == re.findall(r"run \d of 3, (\d) at once", done.stderr)
    assert not (project.root / "site").exists()
    assert [] == [path for path in project.root.rglob("*.json") if path.name != "toolchains.json"]


def test_programs_read_the_same_as_json(project: Project) -> None:
    """On standard output, with nothing else; `--repeat` and `-f` may stand anywhere."""
    project.page(PAGE)
    (project.root / "elsewhere").mkdir()
    (project.root / "mkdocs.yml").rename(project.root / "other.yml")
    done = codeexec(project, "--json", "check", "--repeat", "2", "-f", "other.yml")
    report = json.loads(done.stdout)

    assert 1 == done.returncode
    assert {"format", "jobs", "duration_ms", "normalised", "counts", "samples"} == set(report)
    assert {"samples": 5, "met": 3, "unmet": 1, "skipped": 1, "differing": 1} == {
        name: count for name, count in report["counts"].items() if count
    }
    assert [(3, "met", 1), (9, "met", 2), (15, "unmet", 1), (20, "skipped", 1), (24, "met", 1)] == [
        (sample["line"], sample["verdict"], sample["results"]) for sample in report["samples"]
    ]
    assert [False, True, False, False, False] == [sample["differs"] for sample in report["samples"]]
    assert ["unmet", "unmet"] == report["samples"][2]["runs"]
    assert report["samples"][1]["difference"].startswith("--- run 1\n+++ run 2\n before\n-")


def test_the_store_is_neither_asked_nor_changed(project: Project) -> None:
    """Every run is cold, and what differs does not get into a store; `frozen` is no obstacle."""
    project.page("```bash exec\necho $RANDOM$RANDOM$RANDOM\n```\n\n```bash exec\necho same\n```\n")
    assert {"samples": 2, "executed": 2, "met": 2} == project.build().counts
    before = {path: path.read_bytes() for path in (project.root / ".cache").rglob("*") if path.is_file()}
    done = codeexec(project, "check", env={"CODEEXEC_EXECUTE": "frozen"})

    assert 1 == done.returncode
    assert "2 samples, 3 runs of each: 2 met, 0 failed, 1 differing" in done.stdout
    assert before == {path: path.read_bytes() for path in (project.root / ".cache").rglob("*") if path.is_file()}


def test_all_is_well(project: Project) -> None:
    """Then the exit status is 0, and one run is enough to know that samples do what they say."""
    project.configure({"jobs": 1})
    project.page("```bash exec\necho 1\n```\n\n```python exec\nprint(2)\n```\n")
    done = codeexec(project, "check", "--repeat=2")
    once = codeexec(project, "check", "--repeat=1")

    assert (0, 0) == (done.returncode, once.returncode), done.stderr
    assert ["1", "2"] == re.findall(r"run \d of 2, (\d) at once", done.stderr)
    assert done.stdout.startswith("2 samples, 2 runs of each: 2 met, 0 failed, 0 differing (")


def test_what_tells_of_one_run_only_is_normalised(project: Project) -> None:
    """A panic names the id of its thread, and pages do not show it; a random hash is what it is."""
    project.page(
        "```rust exec should_panic\npanic!()\n```\n\n"
        '```rust exec\nuse std::hash::{BuildHasher, RandomState};\nprintln!("{}", RandomState::new().hash_one(1));\n```\n'
    )
    done = codeexec(project, "check", "--repeat", "2", "--json")
    report = json.loads(done.stdout)

    assert [("met", False), ("met", True)] == [(s["verdict"], s["differs"]) for s in report["samples"]], done.stderr
    assert "thread id" in report["normalised"]


def test_a_site_without_samples_is_said_to_be_one(project: Project) -> None:
    """Whoever checks nothing should know."""
    project.page("# Nothing\n")
    done = codeexec(project, "check")

    assert (0, "0 samples: nothing was executed\n") == (done.returncode, done.stdout)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"timout": 3}, "mkdocs.yml:12: `codeexec.timout`: there is no such option"),
        ({"enabled": False}, "nothing can be checked: `enabled: false`"),
        (None, "expected it below `plugins` (MkDocs, ProperDocs) or `markdown_extensions` (Zensical)\n\nhint: add "),
    ],
)
def test_a_configuration_that_cannot_be_used(options: object, message: str, project: Project) -> None:
    """Is told, and ends with 2."""
    project.configure(options)
    if options is None:
        project.write("mkdocs.yml", "site_name: Test\n")
    project.page(PAGE)
    done = codeexec(project, "check")

    assert (2, "") == (done.returncode, done.stdout)
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("commands", "yml", "message", "hint", "line", "others"),
    [
        (
            ("check", "doctor"),
            "site_name: T\nplugins:\n- codeexec:\n    timout: 3\n    jobs: x\n",
            "`codeexec.timout`: there is no such option",
            "did you mean `timeout`?",
            4,
            [5],
        ),
        (
            ("check", "doctor"),
            "site_name: T\nplugins: [\n",
            "MkDocs encountered an error parsing the configuration file",
            "",
            3,
            [],
        ),
        (
            ("check",),  # the other opens no language
            "site_name: T\nplugins:\n- codeexec:\n    languages:\n      rust: {preamble: 'use {'}\n",
            "`languages.rust.preamble`: not Rust",
            "",
            5,
            [],
        ),
        (
            ("check", "doctor"),
            "site_name: T\nplugins: [codeexec, nothing]\n",
            'nothing" plugin is not installed',
            "",
            None,
            [],
        ),
    ],
)
def test_programs_are_told_of_a_configuration_that_cannot_be_used(
    commands: tuple[str, ...], yml: str, message: str, hint: str, line: int | None, others: list[int], project: Project
) -> None:
    """As JSON on standard output, where they look for the report; people are told on standard error as ever."""
    project.write("mkdocs.yml", yml)
    project.page(PAGE)
    for command in commands:
        done = codeexec(project, command, "--json")
        found = json.loads(done.stdout)

        assert 2 == done.returncode
        assert {"format", "error", "others"} == found.keys()
        assert message in found["error"]["message"]
        assert (hint, line) == (found["error"]["hint"], found["error"]["line"])
        assert ("mkdocs.yml" if line else None) == found["error"]["file"]
        assert others == [one["line"] for one in found["others"]]
        assert message in done.stderr


@pytest.mark.parametrize(
    ("text", "line"), [("[project]\nsite_name = 3 4\n", 2), ("[project.markdown_extensions.codeexec]\njobs = 'x'\n", 2)]
)
def test_programs_are_told_of_a_configuration_in_toml(text: str, line: int, project: Project) -> None:
    """The same, with a line of it."""
    (project.root / "mkdocs.yml").unlink()
    project.write("zensical.toml", text)
    done = codeexec(project, "doctor", "--json")

    assert 2 == done.returncode
    error = json.loads(done.stdout)["error"]
    assert ("zensical.toml", line) == (error["file"], error["line"])


@pytest.mark.parametrize(
    ("yml", "message"),
    [
        (None, "there is no site here, expected one of `properdocs.yml`, `properdocs.yaml`, `mkdocs.yml`"),
        ("site_name: [", "MkDocs encountered an error parsing the configuration file"),
        ("site_name: T\nplugins: [codeexec, nothing]\n", 'The "nothing" plugin is not installed'),
        (
            "site_name: T\nplugins: [codeexec]\nhooks: [hook.py]\n",
            "MkDocs cannot build the site: KeyError: 'of a hook'",
        ),
    ],
)
def test_a_site_that_mkdocs_cannot_build(yml: str | None, message: str, project: Project) -> None:
    """Is no failed sample: 2 as well."""
    (project.root / "mkdocs.yml").unlink()
    if yml:
        project.write("mkdocs.yml", yml)
    project.write("hook.py", "def on_nav(nav, **_):\n    raise KeyError('of a hook')\n")
    project.page(PAGE)
    done = codeexec(project, "check")

    assert (2, "") == (done.returncode, done.stdout)
    assert message in done.stderr


def test_a_machine_that_cannot_execute_samples(project: Project) -> None:
    """Says nothing of the samples, which is 3; the others are executed."""
    project.configure({"languages": {"other": {"command": ["no-such-program-here", "{file}"]}}})
    project.page("```other exec\nx\n```\n\n```bash exec\necho 1\n```\n")
    done = codeexec(project, "check", "--repeat=2")

    assert 3 == done.returncode, done.stderr
    assert "docs/index.md:1:" in done.stdout
    assert "2 samples, 2 runs of each: 1 met, 1 failed (1 error), 0 differing" in done.stdout


def test_an_interrupt_ends_it(project: Project) -> None:
    """At once, with the status that shells give it, and without a report."""
    project.page("```bash exec\nsleep 60\n```\n")
    running = subprocess.Popen(
        command("check"),
        cwd=project.root,
        env=os.environ | project.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    for line in running.stderr:
        if "executing" in line:
            break
    time.sleep(0.3)
    running.send_signal(signal.SIGINT)
    began = time.monotonic()
    out, _ = running.communicate(timeout=20)

    assert (cli.INTERRUPTED, "") == (running.returncode, out)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("args", "message"),
    [
        *(([name], f"`{name}` is not available in this version of mkdocs-codeexec") for name in cli.UNDELIVERED),
        (["live", "--json"], "`live` is not available"),
        (["chekc"], "there is no command `chekc`, did you mean `check`?"),
        (["everything"], "there is no command `everything`\n"),
        ([], "required: plan"),
        (["check", "--repeat", "0"], "expected a whole number above 0, got `0`"),
        (["check", "--repeat", "many"], "expected a whole number above 0, got `many`"),
        (["plan", "--shrad", "1/2"], "`--shrad` is not an argument of `plan`, did you mean `--shard`?"),
        (["check", "--quick"], "`--quick` is not an argument of `check`"),
        (["doctor", "docs"], "`docs` is not an argument of `doctor`"),
        (["status", "-f", "a.yml", "--json", "-f", "b.yml"], "`-f` was given twice: this command is about one site"),
        (["--repeat", "2", "doctor"], "`--repeat` is not an argument of `doctor`"),
        (["--quick", "check"], "`--quick` is not an argument of `check`"),
        (["--json", "zensical", "build"], "`--json` is not an argument of `zensical`"),
        (["zensical", "build", "--probe"], "`--probe` is not an argument of `zensical`"),
    ],
)
def test_usage(args: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is not understood, or not there yet, is refused with a way out."""
    with pytest.raises(SystemExit) as ended:
        cli.main(args)
    said = capsys.readouterr().err

    assert 2 == ended.value.code
    assert message in said
    assert "hint: `codeexec --help`" in said


@pytest.mark.parametrize(
    ("args", "command", "values"),
    [
        (["check"], "check", (None, False, 3)),
        (["--json", "check", "--repeat", "2", "-f", "a.yml"], "check", ("a.yml", True, 2)),
        (["--repeat", "2", "check"], "check", (None, False, 2)),
        (["-f", "check", "check"], "check", ("check", False, 3)),
        (["-f", "doctor", "--json", "check"], "check", ("doctor", True, 3)),
        (["check", "--config-file=a.yml"], "check", ("a.yml", False, 3)),
    ],
)
def test_options_stand_where_they_like(args: list[str], command: str, values: tuple[object, ...]) -> None:
    """Before the command and behind it; what an option names is no command."""
    found = cli._arguments(args)

    assert (command, values) == (found.command, (found.config_file, found.json, found.repeat))


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--help"], ["check ", "doctor ", "-f FILE", "--json", "exit status:", "130"]),
        (["check", "--help"], ["usage: codeexec check ", "--repeat N", "-f FILE", "--json"]),
        (["-h", "doctor"], ["usage: codeexec doctor ", "--probe"]),
        (["--version"], ["mkdocs-codeexec 0."]),
    ],
)
def test_help(args: list[str], words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Says what there is, and of a command what it understands; that is no mistake."""
    with pytest.raises(SystemExit) as ended:
        cli.main(args)
    told = capsys.readouterr()

    assert (True, "") == (ended.value.code in (None, 0), told.err)
    assert [] == [word for word in words if word not in told.out]
    assert ("--repeat" in told.out) == (args[0] == "check")


def test_a_command_is_delivered_or_refused() -> None:
    """Each that is agreed on is one or the other."""
    agreed = {"plan", "explain", "run", "check", "promote", "watch", "status", "cache", "doctor", "live", "server"}

    assert agreed | {"new", "zensical"} == {*cli.COMMANDS, *cli.UNDELIVERED}
    assert set() == {*cli.COMMANDS} & {*cli.UNDELIVERED}


NAMES = ["properdocs.yml", "properdocs.yaml", "mkdocs.yml", "mkdocs.yaml", "zensical.toml"]


@pytest.mark.parametrize(
    ("there", "named", "found", "told"),
    [
        *(([name], None, name, False) for name in NAMES),
        *(([*NAMES[at:]], None, NAMES[at], True) for at in range(len(NAMES) - 1)),
        ([], None, None, False),
        (["other.yml"], None, None, False),
        (NAMES, "mkdocs.yaml", "mkdocs.yaml", False),
        (NAMES, "sub/mine.yml", "sub/mine.yml", False),
    ],
)
def test_the_file_of_a_site_is_found(
    there: list[str],
    named: str | None,
    found: str | None,
    told: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the order of ProperDocs; several are no mistake, and it is told which is used; `-f` wins, there or not."""
    monkeypatch.chdir(tmp_path)
    for name in there:
        (tmp_path / name).write_text("")
    (tmp_path / "mkdocs.yml.d").mkdir()
    said: list[str] = []

    assert (found and tmp_path / found) == site.find(named, say=said.append)
    assert told == bool(said)
    assert all(f"the site of `{found}` is used, and not that of `" in line for line in said)


def test_a_folder_is_no_file_of_a_site(tmp_path: Path) -> None:
    """Whatever it is called."""
    (tmp_path / "mkdocs.yml").mkdir()

    assert site.find(None, tmp_path) is None


@pytest.mark.parametrize("command", ["check", "doctor", "zensical build"])
@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.yml", "5", "a.yml`: expected a mapping, found int"),
        ("a.yml", f"x: {'[' * 5000}", "a.yml` cannot be read: it is nested too deeply"),
        ("a.toml", f"x = {'[' * 5000}", "a.toml` cannot be read: it is nested too deeply"),
        ("pipe.yml", None, "`-f pipe.yml`: expected the file of a site"),
        ("", None, "`-f ''`: expected the file of a site"),
        (".", None, "`-f .`: expected the file of a site"),
    ],
)
def test_what_is_no_file_of_a_site_is_told(
    command: str, name: str, text: str | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With exit status 2 and no traceback, and nothing is waited for."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.yml")
    if text is not None:
        Path(name).write_text(text)
    done = forks.run(
        "mkdocs_codeexec.cli", *command.split(), "-f", name, cwd=tmp_path, env=dict(os.environ), timeout=60
    )

    assert (2, "") == (done.returncode, done.stdout)
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("args", ["--version", "--help", "check --help"])
def test_an_answer_that_cannot_be_written_is_told(args: str) -> None:
    """As a report is."""
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m mkdocs_codeexec {args} >/dev/full"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert 3 == done.returncode
    assert "ERROR   -  [Errno 28] No space left on device\n" == done.stderr


def test_where_several_sites_are_it_is_told_which_is_used(project: Project) -> None:
    """In the log, with the way out."""
    project.page("# Nothing\n")
    project.write("zensical.toml", "")
    done = codeexec(project, "check")

    assert (0, "0 samples: nothing was executed\n") == (done.returncode, done.stdout)
    assert "the site of `mkdocs.yml` is used, and not that of `zensical.toml`: `-f` names another one" in done.stderr


def test_a_build_that_ends_the_program_is_no_failed_sample(project: Project) -> None:
    """1 would say so."""
    project.configure(more="hooks: [hook.py]\n")
    project.write("hook.py", "import sys\n\n\ndef on_nav(nav, **_):\n    sys.exit(1)\n")
    project.page(PAGE)
    done = codeexec(project, "check")

    assert (2, "") == (done.returncode, done.stdout)
    assert "MkDocs cannot build the site: SystemExit: 1" in done.stderr


@pytest.mark.parametrize(
    ("redirected", "status", "told"),
    [(">/dev/full", 3, "No space left on device"), ("| true", 3, ""), (">&-", 0, "")],
)
@pytest.mark.parametrize("args", ["doctor", "check --repeat 1"])
def test_a_report_that_cannot_be_written(args: str, redirected: str, status: int, told: str, project: Project) -> None:
    """Is told if anybody is to read it; where standard output was closed, the status is all that is wanted."""
    project.page("```bash exec\necho 1\n```\n")
    shell = f"trap '' PIPE; {{ sleep 0; {sys.executable} -m mkdocs_codeexec {args}; echo $? >status; }} {redirected}"
    env = os.environ | project.env
    done = subprocess.run(["bash", "-c", shell], cwd=project.root, env=env, capture_output=True, text=True, check=False)

    assert f"{status}\n" == (project.root / "status").read_text(), done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupted_doctor_says_so(project: Project) -> None:
    """With the status of every command."""
    project.configure({"languages": {"slow": {"command": ["./slow", "{file}"], "version": ["./slow"]}}})
    project.page("")
    asked = project.root / "asked"
    project.write("slow", f"#!/bin/sh\ntouch {asked}\nsleep 60\n").chmod(0o755)
    env = os.environ | project.env | {"CODEEXEC_SANDBOX": "off"}
    running = subprocess.Popen(
        command("doctor"), cwd=project.root, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    end = time.monotonic() + 60
    while time.monotonic() < end and not asked.exists() and running.poll() is None:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=20)

    assert cli.INTERRUPTED == running.returncode, (out, err)
    assert b"interrupted" in err


def test_the_command_is_installed_by_its_name() -> None:
    """As the package says it."""
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))["project"]
    module, _, name = project["scripts"]["codeexec"].partition(":")

    assert cli.main is getattr(importlib.import_module(module), name)
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs_codeexec", "--version"], capture_output=True, text=True, check=False
    )
    assert (0, "mkdocs-codeexec") == (done.returncode, done.stdout.split()[0])


def shown(fragment: str, **fields: Any) -> Shown:
    sample = Sample(location=Location("a.md", 1), language="bash", code="", expectation=Succeeds())
    return Shown(replace(Resolved(sample=sample, verdict=Met()), **fields), fragment)


NOT_STARTED = Outcome(language="bash", steps=(StepResult(kind="run", stdout="", stderr="", ended=NotStarted("x")),))
FAILED = Outcome(language="bash", steps=(StepResult(kind="run", stdout="", stderr="", ended=Exited(1)),))


@pytest.mark.parametrize(
    ("runs", "status", "differs", "verdict"),
    [
        ([shown("a"), shown("a")], 0, False, Met()),
        ([shown("a", verdict=Skipped("ignored"))], 0, False, Skipped("ignored")),
        ([shown("a"), shown("b")], 1, True, Met()),
        ([shown("a"), shown("b", verdict=Unmet("x"), outcome=FAILED)], 1, True, Unmet("x")),
        ([shown("a", verdict=Unmet("x")), shown("a", verdict=Unmet("x"))], 1, False, Unmet("x")),
        ([shown("a", verdict=Errored("a word"))], 1, False, Errored("a word")),
        ([shown("a"), shown("b", verdict=Errored("x"), why=Unavailability("no cc"))], 3, False, Errored("x")),
        ([shown("b", verdict=Errored("x"), outcome=NOT_STARTED), shown("a")], 3, False, Errored("x")),
    ],
)
def test_what_runs_are_worth_together(runs: list[Shown], status: int, differs: bool, verdict: object) -> None:
    """One run that fails is a failure; what could not be tried is not known to differ, and weighs most."""
    item = Repeated(tuple(runs))
    well = Repeated((shown("a"), shown("a")))

    assert (status, differs, verdict) == (exit_status([well, item, well]), item.differs, item.worst.verdict)


def test_the_summary_counts_what_is_wrong() -> None:
    """In words that do not depend on the numbers; the JSON has the same counts."""
    found = [Repeated((shown("a"), shown("b"))), Repeated((shown("", verdict=Skipped("ignored")),) * 2)]

    assert "2 samples, 2 runs of each: 1 met, 0 failed, 1 differing, 1 skipped (1.5 s)" == summary(found, [2, 1], 1.5)
    assert {"samples": 2, "met": 1, "skipped": 1, "differing": 1} == {
        name: count
        for name, count in to_json(found, [2, 1], 1.5)["counts"].items()  # type: ignore[attr-defined]
        if count
    }


@given(st.lists(st.text(alphabet="ab<>&\n"), min_size=1, max_size=4))
def test_there_is_a_difference_exactly_if_results_differ(fragments: list[str]) -> None:
    """Whatever is in them: text, colours, nothing."""
    item = Repeated(tuple(shown(fragment) for fragment in fragments))

    assert (len(set(fragments)) > 1) == item.differs == bool(item.difference())


@pytest.mark.parametrize(
    ("fragment", "text"),
    [
        (
            '<div class="x"><pre a="b"><code>1 &lt; 2\n</code></pre><p class="n">exit status 1</p></div>',
            "1 < 2\n\nexit status 1",
        ),
        ("<details><summary>Output: 2 lines</summary><pre>x</pre></details>", "Output: 2 lines\nx"),
        ("", ""),
    ],
)
def test_the_text_of_a_fragment(fragment: str, text: str) -> None:
    """Each element stands on lines of its own."""
    assert text == text_of(fragment)


def test_a_difference_in_colours_is_shown_as_it_is() -> None:
    """Where the text is the same, the elements are compared."""
    item = Repeated((shown('<span class="ansi-red">x</span>'), shown("<span>x</span>")))

    assert '--- run 1\n+++ run 2\n-<span class="ansi-red">x</span>\n+<span>x</span>' == item.difference()


def test_a_large_difference_is_cut() -> None:
    """And found in no time: 100,000 lines that all differ, and 100,000 equal ones before a last one."""
    began = time.process_time()
    all_other = Repeated(tuple(shown("\n".join(f"{i * n} {'x' * 9}" for i in range(1, 100_001))) for n in (1, 2)))
    last = Repeated((shown("x\n" * 100_000 + "1"), shown("x\n" * 100_000 + "2" * 10_000)))

    assert MAX_LINES + 1 == len(all_other.difference().split("\n"))
    assert re.fullmatch(r"--- run 1\n\+\+\+ run 2\n x\n x\n-1\n\+2{499} … 9501 more", last.difference())
    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "the following arguments are required: build|serve"),
        (["buidl"], "argument build|serve: there is no `buidl` of Zensical here, did you mean `build`?"),
        (["deploy"], "argument build|serve: there is no `deploy` of Zensical here, expected `build` or `serve`"),
    ],
)
def test_what_zensical_is_to_do_must_be_said(project: Project, args: list[str], message: str) -> None:
    """As it is to be written."""
    done = codeexec(project, "zensical", *args)

    assert 2 == done.returncode
    assert f"codeexec: {message}\n\nhint: " in done.stderr
