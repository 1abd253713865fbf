"""What a real build tells: each thing once, in one word, and nothing passes silently."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mkdocs_codeexec.core.expectation import Unmet, useless
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult
from mkdocs_codeexec.core.resolved import Resolved
from mkdocs_codeexec.core.sample import Location, Presentation, Problem, Sample
from mkdocs_codeexec.report.cut import HINT, cut
from mkdocs_codeexec.report.problems import Problems

if TYPE_CHECKING:
    from conftest import Project

README = (Path(__file__).parent.parent.parent / "README.md").read_text("utf-8")


def test_a_refusal_is_told_once(project: Project) -> None:
    """With its hint, among the failures; on which pages it is, is a count and the first three."""
    refused = "```python exec timeout=soon\nprint(1)\n```\n\n"
    project.page(refused * 3)
    project.page(refused * 2 + "```python exec\nprint(1)\n```\n", "b.md")

    built = project.build()

    assert 1 == built.log.count('`timeout="soon"`: expected a number of seconds'), built.log
    assert (
        'ERROR   -  codeexec: docs/index.md:1: `timeout="soon"`: expected a number of seconds greater than 0 (and 4 more)\n'
        "5 places: docs/index.md:1, docs/index.md:5, docs/index.md:9, …\n\n"
        'hint: write for example `timeout="30"`\n'
    ) in built.log
    assert "codeexec: 6 samples: 1 executed, 0 cached, 5 failed (5 errors) (" in built.log
    assert "ERROR   -  codeexec: 5 of 6 samples failed (5 errors)\n" in built.log


def test_one_mistake_in_many_places_is_one_warning(project: Project) -> None:
    """Which `--strict` counts as one."""
    project.page('```python exec colour="red"\nprint(1)\n```\n\n' * 290)

    built = project.build("--strict")

    assert 1 == built.status
    assert (
        "WARNING -  codeexec: docs/index.md:1: `colour` is not an option of a fence (and 289 more)\n\n"
        "290 places: docs/index.md:1, docs/index.md:5, docs/index.md:9, …\n\nhint: " in built.log
    )
    assert "Aborted with 1 warnings in strict mode!" in built.log
    assert "290 samples: 1 executed, 289 cached, 0 failed (" in built.log


def test_a_stored_failure_says_so(project: Project) -> None:
    """And how to run it again, which is true; equal samples that were executed now are none."""
    project.configure({"verbose": True})
    project.page("```bash exec\necho $RANDOM; exit 3\n```\n\n" * 2)
    note = "\n\n(stored result; CODEEXEC_EXECUTE=always runs it again)\n"
    first, again = project.build(), project.build()
    stored = project.streams()
    fresh = project.build(env={"CODEEXEC_EXECUTE": "always"})

    assert [0, 2, 0] == [built.log.count(note) for built in (first, again, fresh)], again.log
    assert "2 samples: 0 executed, 2 cached, 2 failed (" in again.log
    assert ["2 of 2 samples failed"] * 3 == [
        re.findall(r"codeexec: (\d of .*)", b.log)[0] for b in (first, again, fresh)
    ]
    assert 2 == len(re.findall(r"bash: failed \(cached; \d+ inputs\)", again.log))
    assert "unmet" not in again.log
    assert stored != project.streams()


def test_output_that_was_cut_is_a_warning(project: Project) -> None:
    """With page, line and how much is missing, whether it is new or stored; what no reader sees may be cut."""
    big = "print('x\\n' * 200_000)"
    project.page(
        f'```python exec\n{big}\n```\n\n```python exec result="none"\n{big}\n```\n\n'
        f'```python exec show="stderr"\n{big}\n```\n\n```python exec\nprint("y" * 17_000)\n```\n'
    )

    for built in (project.build("--strict"), project.build("--strict")):
        assert 1 == built.status
        assert [
            "docs/index.md:1: its output was cut: 137857 bytes of stdout were not kept",
            "docs/index.md:13: its output was cut: 616 bytes of stdout are in lines that are too long to be shown",
        ] == re.findall(r"WARNING -  codeexec: (.*)", built.log)
        assert 2 == built.log.count(f"\n\nhint: {HINT}\n")
    assert 1 == project.html().count("… 137857 bytes omitted …")
    assert 1 == project.html().count("… 616 bytes of this line omitted …")


@pytest.mark.parametrize(("result", "kind"), [("html", "HTML"), ("markdown", "Markdown")])
def test_output_that_was_cut_is_no_markup(result: str, kind: str) -> None:
    """A page that would use it so would lose what comes after it: the sample has failed, and there is no warning too."""
    run = StepResult(kind="run", stdout="<b>", stderr="", ended=Exited(0), truncated=(7, 0))
    sample = Sample(
        location=Location("a.md", 1), language="x", code="", expectation=None, presentation=Presentation(result=result)
    )  # type: ignore[arg-type]
    outcome = Outcome(language="x", steps=(run,))
    verdict = useless(sample, outcome)

    assert Unmet(f"its output is to be {kind}, and 7 bytes of it were not kept") == verdict
    assert [] == list(cut([Resolved(sample=sample, verdict=verdict, outcome=outcome)]))
    assert useless(replace(sample, presentation=Presentation()), outcome) is None
    assert useless(sample, Outcome(language="x", steps=())) is None


class Heard:
    """A Narrator that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []

    def say(self, message: str) -> None:
        raise AssertionError(message)

    def stream(self, chunk: bytes) -> None:
        raise AssertionError(chunk)

    def note(self, event: object) -> None: ...

    def warn(self, message: str, *, at: Location | None = None, hint: str = "") -> None:
        self.told.append((str(at), message, hint))


def test_problems_are_told_once() -> None:
    """Equal ones together, in the order of the first of each; what others tell of, and what was told, never again."""
    heard, problems = Heard(), Problems()
    one, two, three, four = (Location("a.md", line, "docs/a.md") for line in (1, 2, 3, 4))
    for problem in (
        Problem(two, "b", "do"),
        Problem(one, "a"),
        Problem(two, "b", "do"),
        Problem(three, "b", "do"),
        Problem(three, "b", "do not"),
        Problem(four, "refused", "wait"),
    ):
        problems.add(problem)

    assert ["wait", "", ""] == [problems.hint(four, "refused"), problems.hint(four, "refused"), problems.hint(one, "b")]
    problems.tell(heard)
    assert [
        ("docs/a.md:2", "b (and 1 more)\n\n2 places: docs/a.md:2, docs/a.md:3", "do"),
        ("docs/a.md:1", "a", ""),
        ("docs/a.md:3", "b", "do not"),
    ] == heard.told
    problems.add(Problem(one, "a"))
    problems.add(Problem(four, "refused", "wait"))
    problems.tell(heard)
    assert 3 == len(heard.told)


def test_the_readme_shows_what_is_really_told(project: Project) -> None:
    """The log of its failing fence, and the summary of its first one, are those of a build, but for their times."""
    fence = re.findall(r"````markdown\n(.*?)````", README, re.DOTALL)[0]
    first, failing = re.findall(r"```text\n(.*?)\n```\n\n", README, re.DOTALL)[:2]
    project.page(fence)
    assert _timeless(first) in _timeless(project.build().log)
    assert [("stdout", "true output")] == project.streams()

    lines = dict(re.findall(r"^[> ] +(\d+) \| ?(.*)", failing, re.MULTILINE))
    (project.root / "docs/index.md").unlink()
    project.page("\n" * (min(map(int, lines)) - 1) + "\n".join(lines.values()) + "\n", "guide.md")
    built = project.build()
    told, _, aborted = failing.partition("\n\nAborted")
    assert _timeless(told) in _timeless(built.log), built.log
    assert f"\nAborted{aborted}\n" in built.log


def _timeless(log: str) -> str:
    return re.sub(r"\(\d+\.\d s\)", "(0.1 s)", log)


def test_a_link_that_is_not_followed_is_told_of_in_every_build(project: Project) -> None:
    """Also where all samples are stored, and nobody looks any more at what they may see."""
    outside = project.root.parent / "outside.csv"
    outside.write_text("secret")
    (project.root / "data").mkdir()
    (project.root / "data" / "link.csv").symlink_to(outside)
    project.page("```bash exec\necho\n```\n")
    project.configure({"languages": {"bash": {"inputs": ["data/*"]}}})
    built = [project.build(), project.build()]

    assert [0, 1] == [one.counts.get("cached", 0) for one in built]
    for one in built:
        assert f"`data/link.csv` leads to `{outside}`, outside of what the configuration names" in one.log


@pytest.mark.parametrize(("code", "fails"), [("echo fine", False), ("exit 3", True)])
def test_without_the_plugin_a_failure_is_a_warning_of_mkdocs(code: str, fails: bool, project: Project) -> None:
    """`--strict` counts it; a build without it ends well, as the extension alone cannot fail one."""
    project.write("mkdocs.yml", "site_name: Test\nmarkdown_extensions: [codeexec]\nplugins: []\n")
    project.page(f"```bash exec\n{code}\n```\n")
    built = project.build()

    assert 0 == built.status, built.log
    assert ("WARNING -  codeexec: <markdown>:1: exit status 3" in built.log) == fails
    assert "INFO    -  codeexec: executing 1 of 1 sample" in built.log
    assert "WARNING -  codeexec: in MkDocs, `codeexec` is to be among `plugins`" in built.log
    strict = project.build("--strict")
    assert 1 == strict.status, strict.log
    assert f"Aborted with {2 if fails else 1} warnings in strict mode" in strict.log


@pytest.mark.parametrize(
    ("extension", "plugin", "differ"),
    [
        ("{}", "{}", ""),
        ("{timeout: 3}", "{timeout: 3}", ""),
        ("{timeout: 3, jobs: 2}", "{timeout: 4, jobs: 2, verbose: false}", "`timeout`, `verbose`"),
    ],
)
def test_the_plugin_tells_of_the_extension_beside_it(
    extension: str, plugin: str, differ: str, project: Project
) -> None:
    """Once, in MkDocs' log: `--strict` counts what is for one of them alone."""
    both = f"markdown_extensions: [codeexec: {extension}]\nplugins: [codeexec: {plugin}]\n"
    project.write("mkdocs.yml", f"site_name: Test\n{both}")
    project.page("```bash exec\necho\n```\n")
    project.page("```bash exec\necho\n```\n", "other.md")
    built = project.build("--strict")

    said = "codeexec: `codeexec` is among `plugins` and among `markdown_extensions`: MkDocs goes by `plugins`"
    told = f"WARNING -  {said}, and their options differ: {differ}\n" if differ else f"INFO    -  {said}\n"
    assert int(bool(differ)) == built.status, built.log
    assert 1 == built.log.count("among `plugins`")
    assert told in built.log
    assert ("Aborted with 1 warnings in strict mode!" in built.log) == bool(differ)


@pytest.mark.parametrize("command", ["build", "serve"])
def test_without_the_plugin_a_mistake_of_options_is_one_message(command: str, project: Project) -> None:
    """It ends the command as a mistake of the plugin's options does, and without a traceback."""
    project.write("mkdocs.yml", "site_name: Test\nmarkdown_extensions: [codeexec: {timout: 3}]\nplugins: []\n")
    project.page("```bash exec\necho\n```\n")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", command],
        cwd=project.root,
        env=os.environ | project.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    log = done.stdout + done.stderr
    assert 1 == done.returncode, log
    assert (
        "ERROR   -  codeexec: the configuration has mistakes\n\nmkdocs.yml:2: `codeexec.timout`: there is no such option"
        in log
    )
    assert 1 == log.count("timout")
    assert "Aborted with a BuildError!" in log
    assert "Traceback" not in log


NOTHING_SHOWN = {
    'caption="A"': ("`caption` has no effect: the sample shows no picture and no table of a file", "`artifacts`"),
    'alt="A"': ("`alt` has no effect: the sample shows no picture", "`artifacts`"),
    'width="50%"': ('`width="50%"` has no effect: the sample shows no picture', "`artifacts`"),
    'idprefix="a"': ("`idprefix` has no effect: the sample shows no Markdown", 'result="markdown"'),
    'updatetoc="no"': ("`updatetoc` has no effect: the sample shows no Markdown", 'result="markdown"'),
    "fold=3": ("`fold` has no effect: no text of the sample stands beside its source", "take the word away"),
    "wrap": ("`wrap` has no effect: no text of the sample stands beside its source", "take the word away"),
}


@pytest.mark.parametrize("execute", ["auto", "frozen"])
def test_a_word_on_what_is_not_shown_is_told(project: Project, execute: str) -> None:
    """When the sample has ended, and again when its outcome comes from the store."""
    fences = [f"```bash exec {word}\n:\n```\n" for word in NOTHING_SHOWN]
    project.page("\n".join(fences))
    if execute == "frozen":
        project.build()
    log = project.build("--strict", env={"CODEEXEC_EXECUTE": execute}).log

    for number, (message, hint) in enumerate(NOTHING_SHOWN.values()):
        told = log.partition(f"docs/index.md:{1 + 4 * number}: {message}\n\nhint: ")[2]
        assert hint in told.partition("\n")[0], log
    assert f"Aborted with {len(NOTHING_SHOWN)} warnings in strict mode!" in log


def test_a_word_on_what_is_shown_is_not_told(project: Project) -> None:
    """Nor one of a sample that fails, which shows what it can, or that is not executed."""
    made = "echo '<svg xmlns=\"http://www.w3.org/2000/svg\"/>' > a.svg; echo a,b > t.csv; echo '# x'"
    project.page(
        f'```bash exec artifacts="a.svg" caption="A" alt="B" width="50%" fold=3 wrap\n{made}\n```\n\n'
        f'```bash exec artifacts="t.csv" caption="A"\n{made}\n```\n\n'
        f'```bash exec result="markdown" idprefix="a" updatetoc="no"\n{made}\n```\n\n'
        '```bash exec caption="A" fold=3\nexit 3\n```\n\n```bash exec ignore caption="A"\n:\n```\n'
    )

    assert "has no effect" not in project.build().log
