"""Samples that require something of the machine, from the fence to the page."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Project


def fence(code: str, header: str, language: str = "bash") -> str:
    return f"```{language} exec {header}\n{code}\n```\n\n"


SECRET = "s3cr3t-value-of-a-key"


def without_date(html: str) -> str:
    return html.partition("<!--\nMkDocs version")[0]


def everything(root: Path) -> str:
    """Return all that a build has left: site, results, last run."""
    files = (path for path in root.rglob("*") if path.is_file() and path.suffix not in (".woff2", ".ico", ".png"))
    return "\n".join(path.read_text("utf-8", "replace") for path in files)


def test_without_what_it_requires_a_sample_is_suspended_and_the_build_is_well(project: Project) -> None:
    """And so are those that need it; what is missing is told once, with the way to give it."""
    project.page(
        fence("docker ps", 'name="a" requires="tool:nosuchtool file:data.csv"')
        + fence("cat", 'stdin_from="a"')
        + fence("echo c", 'requires="tool:cat"')
        + fence("echo d", 'requires="tool:nosuchtool"')
    )
    built = project.build()

    assert 0 == built.status
    assert ["suspended", "suspended", "met", "suspended"] == project.verdicts()
    assert (3, 1, 1) == tuple(built.counts[name] for name in ("suspended", "met", "executed"))
    assert "4 samples: 1 executed, 0 cached, 0 failed, 3 suspended (" in built.log
    assert 1 == built.log.count("install `nosuchtool`")
    assert "`tool:nosuchtool` is missing: install `nosuchtool`" in project.samples()[0]
    assert "`file:data.csv` is missing" in project.samples()[0]
    assert "`tool:nosuchtool`" in project.samples()[1]


def test_inputs_that_come_later_run_what_was_suspended_and_nothing_else(project: Project) -> None:
    project.page(
        fence("echo a", 'name="a" requires="file:data/x.csv"')
        + fence("cat", 'stdin_from="a"')
        + fence("echo alone", "")
    )
    assert 1 == project.build().counts["executed"]
    project.write("data/x.csv", "1\n")
    counts = project.build().counts

    assert (2, 3) == (counts["executed"], counts["met"])


def test_a_variable_is_given_and_its_value_is_nowhere(project: Project) -> None:
    """Keys do not hold it: another value runs nothing again, and a machine without it shows what is stored."""
    project.page(
        fence('echo "[$API_KEY]" "[$OTHER]"', 'requires="env:API_KEY"')
        + fence('echo "[$API_KEY]"', "")
        + fence("import os; print(len(os.environ['API_KEY'])); raise SystemExit(os.environ['API_KEY'])",
                'requires="env:API_KEY" exit="1"', "python")
    )  # fmt: skip
    without = project.build(env={"API_KEY": ""})
    assert (2, 1, 0) == (without.counts["suspended"], without.counts["met"], without.status)

    first = project.build(env={"API_KEY": SECRET, "OTHER": "other"})
    assert 2 == first.counts["executed"]
    assert [
        ("stdout", "[$API_KEY] []"),
        ("stdout", "[]"),
        ("stdout", "21"),
        ("stderr", "$API_KEY"),
    ] == project.streams()
    shown = without_date(project.html())
    assert SECRET not in everything(project.root) + first.log

    for other in ({"API_KEY": "another-value"}, {}, {"CODEEXEC_EXECUTE": "frozen"}):
        again = project.build(env=other)
        assert (0, 3) == (again.counts.get("executed", 0), again.counts["cached"]), other
        assert shown == without_date(project.html())


def test_a_stranger_is_given_no_variable(project: Project) -> None:
    """Whether it is set or not."""
    project.page(fence('echo "$API_KEY"', 'requires="env:API_KEY"'))
    event = project.write("event.json", json.dumps({"repository": {"full_name": "a/b"}, "pull_request": {
        "head": {"repo": {"full_name": "stranger/b"}}}}))  # fmt: skip
    env = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(event), "API_KEY": SECRET}
    built = project.build(env=env)

    assert (0, ["suspended"]) == (built.status, project.verdicts())
    assert "no variable is given to samples here" in project.html()
    assert SECRET not in everything(project.root) + built.log


def test_what_is_stored_is_shown_where_its_very_language_is_missing(project: Project) -> None:
    """A toolchain that nobody has asked yet, or that is not there, hides no stored outcome."""
    tool = project.write("bin/toy", '#!/bin/sh\n[ "$1" = --version ] && echo toy 1 || sh "$1"\n')
    tool.chmod(0o755)
    project.configure({"languages": {"toy": {"command": ["toy", "{file}"], "readable": ["bin"]}}, "sandbox": "off"})
    project.page(fence("echo made", 'requires="tool:toy"', "toy"))
    path = f"{tool.parent}:{os.environ['PATH']}"
    assert 1 == project.build(env={"PATH": path}).counts["met"]
    shown = without_date(project.html())

    assert 1 == project.build().counts["cached"]
    assert shown == without_date(project.html())


@pytest.mark.parametrize(("fails", "status"), [(False, 0), (True, 1)])
def test_fail_on_suspended(project: Project, fails: bool, status: int) -> None:
    project.configure({"fail_on_suspended": fails})
    project.page(fence("echo a", 'requires="tool:nosuchtool"'))
    built = project.build()

    assert status == built.status
    assert ("1 sample: 1 suspended" in built.log) == fails


def test_a_blocked_sample_leads_to_the_one_that_blocks_it(project: Project) -> None:
    """On its page and on others; the log tells it once for each cause, after the failure itself."""
    project.page(fence("echo b", 'needs="a"') + fence("exit 1", 'name="a"') + fence("echo c", 'needs="a"'))
    project.page(fence("echo d", 'needs="../index.md#a"'), name="guide/other.md")
    built = project.build()

    assert (
        '<p class="codeexec-note">not executed, because <a href="#codeexec-2">a</a> did not meet its' in project.html()
    )
    assert 'because <a href="../../#codeexec-2">a</a> did not' in project.html("guide/other/index.html")
    assert 'id="codeexec-2"' in project.samples()[1]
    assert 1 == built.log.count("3 samples were not tried, because `a` (docs/index.md:5) did not meet its expectation")
    assert built.log.index("docs/index.md:5: exit status 1") < built.log.index("3 samples were not tried")


def test_a_page_can_be_one_session_for_each_language(project: Project) -> None:
    """A fence with a session of its own, or with `none`, is no step of it; other languages have their own."""
    project.page(
        "---\ncodeexec: {session: page}\n---\n\n"
        + fence("A=1", "")
        + fence("a = 2", "", "python")
        + fence('echo "[$A]"', "")
        + fence("print(a)", "", "python")
        + fence('echo "[$A]"', 'session="none"')
        + fence('echo "[$A]"', 'session="other"')
    )
    project.build()

    assert [("stdout", text) for text in ("[1]", "2", "[]", "[]")] == project.streams()


def test_a_session_of_a_page_has_one_name(project: Project) -> None:
    project.page("---\ncodeexec: {session: mine}\n---\n\n" + fence("echo a", ""))
    built = project.build()

    assert "docs/index.md:2: `codeexec.session`: expected `page`, got `mine`" in built.log
    assert ["error"] == project.verdicts()
