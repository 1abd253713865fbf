from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.spoken import Spoken

from mkdocs_codeexec.core.expectation import Errored, Met, Succeeds, Unmet, Verdict
from mkdocs_codeexec.core.outcome import Diagnostic, Exited, Outcome, Signaled, Span, StepResult
from mkdocs_codeexec.core.sample import Location, Presentation, Sample
from mkdocs_codeexec.html.marks import Mark
from mkdocs_codeexec.languages.rust.messages.panics import panics
from mkdocs_codeexec.report.findings import Region, errors, marks, of_diagnostic


class Moved(Spoken):
    """The author's lines begin ten lines later, and folders are left out."""

    def locate(self, sample: Sample, line: int, column: int) -> tuple[int, int]:  # noqa: ARG002
        return line + 10, column

    def faults(self, text: str) -> Any:
        return tuple(panics(text)) or super().faults(text)

    def tidy(self, sample: Sample, text: str) -> str:  # noqa: ARG002
        return text.replace("/home/me/", "")


LANGUAGE: Any = Moved()
SAMPLE = Sample(location=Location("a.md", 1), language="rust", code="", expectation=Succeeds())


def ran(stderr: str, language: str = "rust", code: int = 101) -> list[tuple[int, int, str]]:
    run = StepResult(kind="run", stdout="", stderr=stderr, ended=Exited(code))
    found = errors(replace(SAMPLE, language=language), Outcome(language=language, steps=(run,)), LANGUAGE)
    return [(item.regions[0].line, item.regions[0].column, item.message) for item in found]


@pytest.mark.parametrize(
    ("expected", "stderr"),
    [
        pytest.param([(13, 5, "no")], "\nthread 'main' (7) panicked at sample.rs:3:5:\nno\nnote: x\n", id="panic"),
        pytest.param(
            [(13, 5, "no")], "thread 'main' panicked at 'no', sample.rs:3:5\nnote: x\n", id="before Rust 1.73"
        ),
        pytest.param(
            [(13, 5, "no")],
            "[sample.rs:1:1] x = 1\nthread 'main' panicked at sample.rs:3:5:\nno",
            id="after dbg!",
        ),
        pytest.param(
            [(12, 1, "in a thread"), (13, 5, "Err(Any)")],
            "thread 'a' panicked at sample.rs:2:1:\nin a thread\nthread 'main' panicked at sample.rs:3:5:\nErr(Any)\n",
            id="two",
        ),
        pytest.param(
            [(12, 1, "x")],
            "thread 'a' panicked at sample.rs:2:1:\nx\nthread 'b' panicked at sample.rs:2:1:\nx\n",
            id="the same twice",
        ),
        pytest.param(
            [(14, 43, "no")],
            "thread 'main' panicked at library/core/src/x.rs:1:1:\nno\n   5: f\n    at ./sample.rs:4:43\n",
            id="in the library, with a place in the backtrace",
        ),
        pytest.param([(11, 2, "my/file")], "thread 'main' panicked at sample.rs:1:2:\n/home/me/my/file", id="tidied"),
        pytest.param([], "thread 'main' panicked at library/core/src/x.rs:1:1:\nno", id="in the library"),
        pytest.param([], "[sample.rs:1:1] x = 1\n", id="only dbg!"),
        pytest.param([], "", id="nothing"),
    ],
)
def test_panics_are_found(expected: list[tuple[int, int, str]], stderr: str) -> None:
    """Where they happened and what they said, whichever compiler made the program."""
    assert expected == ran(stderr)


TRACEBACK = """\
Traceback (most recent call last):
  File "sample.py", line 9, in <module>
    f()
  File \x1b[35m"sample.py"\x1b[0m, line \x1b[35m3\x1b[0m, in f
    raise ValueError("x")
ValueError: x
"""


def test_interpreters_name_a_line() -> None:
    """Python's innermost frame, and the exception; of others the first line that is named, and what follows it."""
    assert [(13, 0, "ValueError: x")] == ran(TRACEBACK, "python", 1)
    # Under a name and an extension of the user's own it is Python all the same.
    assert [(13, 0, "ValueError: x")] == ran(TRACEBACK.replace("sample.py", "sample"), "mypython", 1)
    assert [(12, 0, "foo: not found")] == ran("bash: sample: line 2: foo: not found\n", "mine", 127)
    assert [(12, 0, "no")] == ran("lua: sample:2: no\n", "mine", 1)
    assert [] == ran("my-sample:2: no\nx/sample: line 2: no\n", "mine", 1)
    assert [(13, 0, "foo: command not found")] == ran("sample.sh: line 3: foo: command not found\n", "bash", 127)
    assert [(14, 0, "'=' expected near 'x'")] == ran("lua: sample.lua:4: '=' expected near 'x'\n", "lua", 1)
    assert [] == ran(TRACEBACK, "python", 0)


def diagnostic(level: str, line: int, *spans: Span) -> Diagnostic:
    first = Span("sample.rs", line, 5, line, 9, primary=True)
    return Diagnostic(level, "E0382" if level == "error" else "unused", "bad", "", (first, *spans))


def test_a_diagnostic_is_about_its_primary_regions() -> None:
    """And relates to the labelled ones on other lines; another file's are none of the sample's."""
    found = of_diagnostic(
        diagnostic(
            "error",
            1,
            Span("sample.rs", 2, 1, 3, 2, primary=True, label="also"),
            Span("sample.rs", 5, 1, 5, 2, primary=False, label="moved here"),
            Span("sample.rs", 1, 1, 1, 2, primary=False, label="on the same line"),
            Span("sample.rs", 6, 1, 6, 2, primary=False),
            Span("/rustc/library/x.rs", 7, 1, 7, 2, primary=True),
        ),
        SAMPLE,
        LANGUAGE,
    )

    assert found is not None
    assert (Region(11, 5, 11, 9), Region(12, 1, 13, 2, "also")) == found.regions
    assert (Region(15, 1, 15, 2, "moved here"),) == found.related
    assert "bad (E0382)" == str(found)
    elsewhere = Diagnostic("error", "", "linking failed", "", (Span("other.rs", 1, 1, 1, 1, primary=True),))
    assert of_diagnostic(elsewhere, SAMPLE, LANGUAGE) is None


MET, UNMET = Met(), Unmet("x")
BROKEN = StepResult(kind="build", stdout="", stderr="", ended=Exited(1), diagnostics=(diagnostic("error", 1), diagnostic("warning", 2)))  # fmt: skip
BUILT = StepResult(kind="build", stdout="", stderr="", ended=Exited(0), diagnostics=(diagnostic("warning", 2),))
FINE = StepResult(kind="run", stdout="", stderr="sample.rs:7:1", ended=Exited(0))
PANICKED = StepResult(kind="run", stdout="", stderr="thread 'm' panicked at sample.rs:3:1:\nno", ended=Exited(101))
ABORTED = replace(PANICKED, ended=Signaled(6))
ERROR = Mark(11, 5, 11, 9, "error", "bad (E0382)")
WARNING = Mark(12, 5, 12, 9, "warning", "bad (unused)")
PANIC = Mark(13, 1, 13, 0, "error", "no")
BUILD = Presentation(show=frozenset({"build"}))


@pytest.mark.parametrize(
    ("expected", "verdict", "steps", "presentation"),
    [
        pytest.param((ERROR, WARNING), UNMET, (BROKEN,), Presentation(), id="does not compile"),
        pytest.param((ERROR, WARNING), MET, (BROKEN,), Presentation(), id="should not compile"),
        pytest.param((), MET, (BROKEN,), Presentation(result="none"), id="nothing is shown"),
        pytest.param((ERROR, WARNING), UNMET, (BROKEN,), Presentation(result="none"), id="a failure is always shown"),
        pytest.param((), MET, (BUILT, FINE), Presentation(), id="warnings are not shown"),
        pytest.param((WARNING,), MET, (BUILT, FINE), BUILD, id="warnings are shown"),
        pytest.param((WARNING,), UNMET, (BUILT, FINE), Presentation(), id="did not fail as promised"),
        pytest.param((PANIC,), MET, (BUILT, PANICKED), Presentation(), id="should panic"),
        pytest.param((PANIC, WARNING), UNMET, (BUILT, PANICKED), Presentation(), id="panics"),
        pytest.param((PANIC,), MET, (BUILT, ABORTED), Presentation(), id="aborts"),
        pytest.param((), Errored("x"), (BROKEN,), Presentation(), id="could not be tried"),
        pytest.param((), MET, (), Presentation(), id="no steps"),
    ],
)
def test_what_is_marked(
    expected: tuple[Mark, ...], verdict: Verdict, steps: tuple[StepResult, ...], presentation: Presentation
) -> None:
    """Errors and panics, expected or not; warnings where the page shows what the compiler said."""
    outcome = Outcome(language="rust", steps=steps)

    assert expected == marks(replace(SAMPLE, presentation=presentation), verdict, outcome, LANGUAGE)
    assert () == marks(SAMPLE, verdict, None, LANGUAGE)
