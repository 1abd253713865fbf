from __future__ import annotations

import io
import logging
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.core.sample import Location
from mkdocs_codeexec.report.annotations import Annotations, Dialect, Notice, harmless
from mkdocs_codeexec.report.console import ERROR, INFO, WARNING, Console
from mkdocs_codeexec.report.failures import Failure
from mkdocs_codeexec.report.services import Azure, GitHub, TeamCity, address, annotations_for

COMMANDS = {"error", "warning", "notice", "debug", "group", "endgroup", "add-mask", "stop-commands", "set-output"}


def commands(log: str) -> list[str]:
    """Return the lines of a log that GitHub's runner takes for commands (`ActionCommand.cs`, both versions)."""
    found = []
    for line in log.replace("\r", "\n").split("\n"):
        trimmed = line.lstrip()
        if trimmed.startswith("::") and (end := trimmed.find("::", 2)) >= 0:
            name = trimmed[2:end].split(" ")[0]
        elif "##[" in line and "]" in line[line.index("##[") :]:
            name = line[line.index("##[") + 3 :].split("]")[0].split(" ")[0]
        else:
            continue
        found += [line] * (name.lower() in COMMANDS)
    return found


@dataclass
class Recorded:
    """A logger that writes to the same stream as the Console, as on a terminal."""

    out: io.StringIO = field(default_factory=io.StringIO)

    def log(self, level: int, msg: str, *args: object) -> None:
        self.out.write(f"{logging.getLevelName(level)} -  {msg % args}\n")

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - logging's name
        return level >= INFO


def console(annotations: Annotations | None) -> tuple[Console, io.StringIO]:
    log = Recorded()
    return Console(log=log, color=False, out=log.out, annotations=annotations), log.out


def here(dialect: Dialect | None = None) -> Annotations:
    return Annotations(dialect or GitHub(), Path("/repo"), (Path("/repo"),))


@pytest.mark.parametrize(
    ("expected", "notice"),
    [
        pytest.param("::error::plain", Notice("", "plain"), id="no file"),
        pytest.param("::error file=a.md,line=3,endLine=3::x", Notice("a.md", "x", line=3), id="line"),
        pytest.param(
            "::error file=a.md,line=3,endLine=3,col=4,endColumn=9,title=t::x",
            Notice("a.md", "x", "t", 3, 4, 3, 9),
            id="columns",
        ),
        pytest.param(
            "::error file=a.md,line=3,endLine=5,col=4::x", Notice("a.md", "x", "", 3, 4, 5, 9), id="several lines"
        ),
        pytest.param(
            "::error file=a%2Cb%3A.md,title=50%25%2C %3A%0D%0A::50%25, :%0Ax",
            Notice("a,b:.md", "50%, :\r\nx", "50%, :\r\n"),
            id="escaped",
        ),
        pytest.param("::error::red", Notice("", "\x1b[31mred\x1b[0m"), id="without colours"),
        pytest.param("::error file=docs/a.md::x", Notice("/repo/docs/a.md", "x"), id="relative to the repository"),
        pytest.param("::error file=/elsewhere/a.md::x", Notice("/elsewhere/a.md", "x"), id="outside of it"),
    ],
)
def test_an_annotation_is_one_command(expected: str, notice: Notice) -> None:
    """Properties and message are escaped as GitHub wants it."""
    assert [expected] == here().lines("error", notice)


def test_files_are_looked_for_where_mkdocs_runs_and_beside_its_configuration(tmp_path: Path) -> None:
    """Paths in messages are relative to either; an annotation wants them relative to the repository."""
    (tmp_path / "site/docs").mkdir(parents=True)
    (tmp_path / "site/docs/a.md").touch()
    annotations = Annotations(GitHub(), tmp_path, (tmp_path / "else", tmp_path / "site"))

    assert ["::warning file=site/docs/a.md::x"] == annotations.lines("warning", Notice("docs/a.md", "x"))
    assert ["::warning file=docs/b.md::x"] == annotations.lines("warning", Notice("docs/b.md", "x"))


@pytest.mark.parametrize(
    ("expected", "environ"),
    [
        pytest.param(None, {}, id="elsewhere"),
        pytest.param(None, {"GITHUB_ACTIONS": "false", "GITHUB_WORKSPACE": "/w"}, id="not there"),
        pytest.param(Path("/w"), {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": "/w"}, id="there"),
        pytest.param(Path("/here"), {"GITHUB_ACTIONS": "true"}, id="without a workspace"),
        pytest.param(Path("/s"), {"TF_BUILD": "True", "BUILD_SOURCESDIRECTORY": "/s"}, id="Azure"),
        pytest.param(Path("/here"), {"TEAMCITY_VERSION": "2024.07"}, id="TeamCity"),
        pytest.param(None, {"BUILDKITE": "true", "GITLAB_CI": "true"}, id="who read none in a log"),
    ],
)
def test_only_who_reads_them_is_given_annotations(expected: Path | None, environ: dict[str, str]) -> None:
    """By the variable that the service sets."""
    found = annotations_for(environ, (Path("/here"),))

    assert expected == (found and found.workspace)


OPENING = TeamCity.opening


@pytest.mark.parametrize(
    ("expected", "dialect", "notice"),
    [
        pytest.param(
            ["##vso[task.logissue type=error;sourcepath=docs/a.md;linenumber=3;columnnumber=4;]t%0Ax"],
            Azure(),
            Notice("/repo/docs/a.md", "x", "t", 3, 4, 3, 9),
            id="Azure",
        ),
        pytest.param(
            ["##vso[task.logissue type=error;sourcepath=a%3B%5D%AZP25.md;]t%0D%0A]; %AZP25%0A ##vso[task.complete]"],
            Azure(),
            Notice("a;]%.md", "]; %\n ##vso[task.complete]", "t\r"),
            id="Azure, escaped",
        ),
        pytest.param(
            [
                OPENING,
                "##teamcity[inspection typeId='codeexec' message='x' file='docs/a.md' line='3' SEVERITY='ERROR']",
            ],
            TeamCity(),
            Notice("docs/a.md", "x", line=3),
            id="TeamCity",
        ),
        pytest.param(
            [
                OPENING,
                "##teamcity[inspection typeId='codeexec' message='|'||a|]|n|r|n|0x00e4 |0xd83d|0xde00' file='-' SEVERITY='ERROR']",
            ],
            TeamCity(),
            Notice("", "ä 😀", "'|a]\n\r"),
            id="TeamCity, escaped",
        ),
    ],
)
def test_other_services(expected: list[str], dialect: Dialect, notice: Notice) -> None:
    """Have commands of their own, each on one line, whatever is told."""
    assert expected == here(dialect).lines("error", notice)
    assert not [line for line in expected if "\n" in line or "\r" in line]


def test_what_is_wanted_first_comes_once() -> None:
    """TeamCity wants to know of what type findings are."""
    annotations = here(TeamCity())
    lines = [line for level in ("error", "warning") for line in annotations.lines(level, Notice("a.md", "x"))]

    assert [True, False, False] == [line == OPENING for line in lines]


def test_the_last_one_that_is_shown_says_so() -> None:
    """GitHub shows ten errors and ten warnings of a step; other services show all."""
    annotated = here()
    errors = [line for number in range(15) for line in annotated.lines("error", Notice("a.md", f"x{number}"))]
    warnings = [line for number in range(3) for line in annotated.lines("warning", Notice("a.md", "y"))]

    assert (10, 3) == (len(errors), len(warnings))
    assert "::error file=a.md::x8" == errors[8]
    assert "::error file=a.md::x9%0A(GitHub shows 10 of a kind: what follows is in the log)" == errors[9]
    assert 15 == len([line for _ in range(15) for line in here(Azure()).lines("error", Notice("", "x"))])


@pytest.mark.parametrize(
    ("expected", "environ"),
    [
        pytest.param("", {}, id="elsewhere"),
        pytest.param(
            "https://github.com/o/r/blob/abc/docs/a%20b.md?plain=1#L7",
            {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/r", "GITHUB_SHA": "abc"},
            id="GitHub",
        ),
        pytest.param(
            "https://gitlab.com/o/r/-/blob/abc/docs/a%20b.md#L7",
            {"CI_PROJECT_URL": "https://gitlab.com/o/r", "CI_COMMIT_SHA": "abc"},
            id="GitLab",
        ),
    ],
)
def test_where_a_line_is_shown(expected: str, environ: dict[str, str]) -> None:
    """By the variables that the service sets."""
    assert expected == address(environ, "docs/a b.md", 7)


HOSTILE = [
    "::error::x",
    "  ::stop-commands::token",
    "\t::add-mask::a",
    "a\r::error::x",
    "##[error]x",
    "text ##[group]x",
    "a\n\n::warning file=a::b",
    "\u2003::debug::x",
    "a\r\r\n::error::x",
    "\x1b[2K\r ::error::x",
    "a\r\x1b[1;31m##[error]x",
]
# What other systems would obey, and a pattern of it.
OTHERS = {
    "abc\b\b\b::error::x": r"(?m)^\s*::error",
    "a ##vso[task.setvariable variable=x]y": r"(?i)##vso\[",
    "##VSO[task.complete result=Succeeded;]": r"(?i)##vso\[",
    "###vso[task.logissue type=error]x": r"(?i)##vso\[",
    "##\x1b[0mvso[task.uploadfile]x": r"(?i)##vso\[",
    "##\0teamcity[buildStatus status='SUCCESS']": r"##teamcity\[",
    "x ##teamcity[testFailed name='x']": r"##teamcity\[",
    "\x1b[0Ksection_start:1560896352:a\r\x1b[0Kx": r"section_start:\d+:\w+\r|\x1b\[0?K",
    "section_end:1560896352:a\r\x1b[0K": r"section_end:\d+:\w+\r|\x1b\[0?K",
    "travis_fold:start:a\r\x1b[0K": r"travis_fold:start:a\r|\x1b\[0?K",
}


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_sample_wrote_is_no_command(text: str) -> None:
    """In no way of telling it; and it can still be read."""
    annotated, out = console(here())
    annotated.write(text)
    annotated.stream(text.encode() + b"\n")
    annotated.say("x\n" + text)
    annotated.warn("x\n" + text, hint="y\n" + text)
    annotated.failure(Failure("a.md:1: x\n" + text, text, Notice("a.md", text, text)), ERROR)

    assert commands(text), "the runner would take it"
    assert ["::warning::x%0A", "::error file=a."] == [line[:15] for line in commands(out.getvalue())]


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("text", [*HOSTILE, *OTHERS])
def test_it_is_none_anywhere(text: str, color: bool) -> None:
    """In colour or not, for whichever system, and on one that we know nothing of: CI shows the log of containers too."""
    log = Recorded()
    anywhere = Console(log=log, color=color, out=log.out)
    anywhere.write(text)
    anywhere.stream(text.encode() + b"\n")
    anywhere.say("x\n" + text)
    anywhere.warn("x\n" + text, hint="y\n" + text)
    anywhere.failure(Failure("a.md:1: x\n" + text, text, Notice("a.md", text, text)), ERROR)

    assert [] == commands(log.out.getvalue())
    assert not re.search(OTHERS.get(text, r"\r"), log.out.getvalue())


def test_wrapping_makes_no_command() -> None:
    """MkDocs breaks log records at spaces, as wide as `COLUMNS` says; what goes past the logger is not broken."""
    plain, out = console(None)
    plain.say("docs/a.md:1: a ::error::b c\u2028::error::d ::: e ::f")
    plain.warn("a", hint="b ::error::c")

    assert "\u2028: :error::d ::: e : :f" in out.getvalue()
    assert [] == commands(re.sub(r"\s", "\n", out.getvalue()))
    assert "use ::std::fmt" == harmless("use ::std::fmt")


def test_colours_end_with_what_was_written() -> None:
    """A sample cannot hide the rest of the log."""
    log = Recorded()
    colored = Console(log=log, color=True, out=log.out)
    colored.write("\x1b[31mred")
    colored.write("\x1b[8mhidden\x1b[1m")
    colored.write("\x1b[31mred\x1b[0m plain")

    assert ("\x1b[31mred\x1b[0m\n\x1b[8mhidden\x1b[1m\x1b[0m\n\x1b[31mred\x1b[0m plain\n") == log.out.getvalue()


@given(
    st.lists(st.sampled_from([*"abc \t\n:#[]\ufeff", "::", "##[", "##vso[", "error", "\r"]), max_size=20).map("".join)
)
def test_no_text_is_a_command(text: str) -> None:
    """Whatever it is made of; and nothing but spaces is added."""
    assert [] == commands(harmless(text))
    assert "##vso[" not in harmless(text)
    assert text.replace(" ", "") == harmless(text).replace(" ", "")


def test_places_of_rustc_are_left_alone() -> None:
    """Three colons are no command."""
    text = "   ::: docs/guide.md:3:4: in `std::fmt::Debug`\nstd::fmt"

    assert text == harmless(text)


def test_each_failure_and_warning_is_annotated_once() -> None:
    """Under `serve` and with `fail_on_error: false` failures are warnings; what is only information is none."""
    annotated, out = console(here())
    failure = Failure("a.md:1: x", "", Notice("a.md", "said"))
    annotated.failure(failure, ERROR)
    annotated.failure(failure, WARNING)
    annotated.failure(failure, INFO)
    annotated.warn("odd", at=Location("b.md", 2, "docs/b.md"), hint="mend it")
    annotated.warn("odd", at=Location("b.md", 2, "docs/b.md", within="in the docstring of f"))
    annotated.say("done")

    assert [
        "::error file=a.md::said",
        "::warning file=a.md::said",
        "::warning file=docs/b.md,line=2,endLine=2::odd%0Ahint: mend it",
        "::warning file=docs/b.md,line=2,endLine=2::in the docstring of f: odd",
    ] == commands(out.getvalue())


def test_elsewhere_nothing_is_annotated() -> None:
    """A terminal shows what was said, and what was said of it once."""
    plain, out = console(None)
    plain.failure(Failure("a.md:1: x", "std::fmt\n::: a.md:3", Notice("a.md", "said")), ERROR)

    assert "ERROR -  a.md:1: x\nstd::fmt\n::: a.md:3\n\n" == out.getvalue()
