"""What the log says of a sample that a limit stopped."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.spoken import Spoken

from mkdocs_codeexec.core import displays
from mkdocs_codeexec.core.displays import Content
from mkdocs_codeexec.core.expectation import FailsToBuild, Panics, Succeeds, judge
from mkdocs_codeexec.core.outcome import (
    Diagnostic,
    Exited,
    LimitReached,
    Outcome,
    OutOfMemory,
    Span,
    StepKind,
    StepResult,
    Termination,
    TimedOut,
)
from mkdocs_codeexec.core.resolved import Resolved
from mkdocs_codeexec.core.sample import Location, Sample
from mkdocs_codeexec.html.marks import marked
from mkdocs_codeexec.languages.rust.messages.panics import panics
from mkdocs_codeexec.report.failures import failures
from mkdocs_codeexec.report.findings import marks

LANGUAGES: Any = {"rust": Spoken()}


@pytest.mark.parametrize("expectation", [Succeeds(), Succeeds(None), Panics(), FailsToBuild()])
@pytest.mark.parametrize(
    ("kind", "ended", "said", "hint"),
    [
        (
            "run",
            OutOfMemory(512),
            "run stopped: more than 512 MiB of memory (limit `memory`)",
            "hint: `limits: {memory: 1024}` in mkdocs.yml allows twice as much",
        ),
        (
            "build",
            LimitReached("cpu", 240),
            "build stopped: more than 240 s of processor time (limit `cpu`)",
            "hint: `build_limits: {cpu: 480}` in mkdocs.yml allows twice as much",
        ),
        (
            "run",
            LimitReached("processes", 64),
            "run stopped: more than 64 processes and threads (limit `processes`)",
            "hint: `limits: {processes: 128}` in mkdocs.yml allows twice as much; the stacks of threads count as `memory`",
        ),
        (
            "run",
            LimitReached("left", 5000),
            "run stopped: more than 5000 files and folders left in the working directory",
            "hint: it is needed by others, so all files that it leaves are kept: have it remove those that nobody reads",
        ),
        (
            "run",
            TimedOut(1.0),
            "run timed out after 1 s",
            'hint: `timeout="30"` on the fence, or `timeout` in mkdocs.yml for all, gives it more time',
        ),
        (
            "run",
            TimedOut(300.0),
            "run timed out after 300 s",
            "hint: `timeout` in mkdocs.yml gives all samples more time",
        ),
        (
            "build",
            TimedOut(60.0),
            "build timed out after 60 s",
            "hint: `build_timeout` in mkdocs.yml gives compilers more time",
        ),
    ],
)
def test_a_limit_has_its_name_and_its_option(
    expectation: Any, kind: StepKind, ended: Termination, said: str, hint: str
) -> None:
    """Whatever the author expects, the headline says which limit it was, and the last line where it is set."""
    sample = Sample(location=Location("a.md", 1), language="rust", code="", expectation=expectation)
    outcome = Outcome(language="rust", steps=(StepResult(kind=kind, stdout="", stderr="no", ended=ended),))
    resolved = Resolved(sample=sample, verdict=judge(expectation, outcome), outcome=outcome)

    [failure] = failures([resolved], LANGUAGES, lambda _: "")

    assert f"a.md:1: {said}" == failure.headline
    assert hint == (failure.detail.splitlines()[-1] if "hint:" in failure.detail else "")


def test_a_sample_that_is_on_no_page_shows_its_own_lines() -> None:
    """Its place is the line that brings it in, and what is around the fault is its code."""
    location = Location("a.md", 3, "docs/a.md", within="in the docstring of m.f (line 2)")
    sample = Sample(location=location, language="rust", code="a\nb\n", expectation=Succeeds())
    stderr = 'Traceback (most recent call last):\n  File "sample.py", line 2, in <module>\nKeyError: 1\n'
    step = StepResult(kind="run", stdout="", stderr=stderr, ended=Exited(1))
    outcome = Outcome(language="rust", steps=(step,))
    resolved = Resolved(sample=sample, verdict=judge(sample.expectation, outcome), outcome=outcome)

    [failure] = failures([resolved], LANGUAGES, lambda _: "1\n2\n::: m\n4\n")

    assert "docs/a.md:3, in the docstring of m.f (line 2): exit status 1" == failure.headline
    assert " --> docs/a.md:3, in the docstring of m.f (line 2)\n  1 | a\n> 2 | b\n" in failure.detail
    assert "in the docstring of m.f (line 2): KeyError: 1" == failure.notice.message
    assert ("docs/a.md", 3) == (failure.notice.path, failure.notice.line)


@pytest.mark.parametrize(
    ("sandbox", "stderr", "hint"),
    [
        ("landlock", "strace: ptrace(PTRACE_TRACEME, ...): Operation not permitted\n", ", `ptrace` perhaps;"),
        ("bubblewrap", "a\nunshare: unshare failed: Operation not permitted\nb", ", `unshare` perhaps;"),
        ("landlock", "Os { code: 1 } (os error 1)", ", perhaps one that it has made;"),
        ("landlock", "PermissionError: [Errno 1] Operation not permitted\n", ", perhaps one that it has made;"),
        ("landlock", "cat: x: Permission denied\n", None),
        ("limits", "ptrace: Operation not permitted\n", None),
    ],
)
def test_a_system_call_that_was_refused(sandbox: str, stderr: str, hint: str | None) -> None:
    """Where a program says that it was not permitted to do something, the log says that the sandbox may be why."""
    step = StepResult(kind="run", stdout="", stderr=stderr, ended=Exited(1))
    sample = Sample(location=Location("a.md", 1), language="rust", code="", expectation=Succeeds())
    outcome = Outcome(language="rust", steps=(step,), sandbox=sandbox)
    resolved = Resolved(sample=sample, verdict=judge(sample.expectation, outcome), outcome=outcome)

    [failure] = failures([resolved], LANGUAGES, lambda _: "")

    if hint is None:
        assert "system calls" not in failure.detail
    else:
        assert f"the sandbox refuses some system calls{hint}" in failure.detail


@pytest.mark.parametrize(
    ("sandbox", "status", "hinted"),
    [
        ("bubblewrap", 127, True),
        ("landlock", 126, True),
        ("limits", 127, False),
        ("off", 127, False),
        ("bubblewrap", 1, False),
    ],
)
def test_a_program_that_is_not_found_in_a_sandbox(sandbox: str, status: int, hinted: bool) -> None:
    """Where the sandbox may be why a shell finds no program, the option that shows more of the machine is named."""
    sample = Sample(location=Location("a.md", 1), language="rust", code="", expectation=Succeeds())
    step = StepResult(kind="run", stdout="", stderr="tool: command not found", ended=Exited(status))
    outcome = Outcome(language="rust", steps=(step,), sandbox=sandbox)
    resolved = Resolved(sample=sample, verdict=judge(sample.expectation, outcome), outcome=outcome)

    [failure] = failures([resolved], LANGUAGES, lambda _: "")

    assert hinted == ("`languages.rust.readable`" in failure.detail)


def test_what_is_shown_beside_text_is_no_part_of_the_message() -> None:
    """How an Outcome names a picture is nobody's business: the page shows it."""
    content = Content("text/html", "0" * 64, 9)
    stdout = f"before\n{displays.section((content,), whole=True)}after\n"
    step = StepResult(kind="run", stdout=stdout, stderr="", ended=Exited(1), shown=(content,))
    sample = Sample(location=Location("a.md", 1), language="rust", code="", expectation=Succeeds())
    outcome = Outcome(language="rust", steps=(step,))
    resolved = Resolved(sample=sample, verdict=judge(sample.expectation, outcome), outcome=outcome)

    [failure] = failures([resolved], LANGUAGES, lambda _: "")

    assert "| before\n| after" in failure.detail
    assert displays.BEGIN not in failure.detail


def panicked(code: str, place: str) -> Resolved:
    """Return a Rust sample in lines 2 and on of its page that says it panicked at `place`."""
    sample = Sample(
        location=Location("a.md", 1, end=3 + code.count("\n")), language="rust", code=code, expectation=Succeeds()
    )
    stderr = f"thread 'main' panicked at sample.rs:{place}:\nit says so\n"
    step = StepResult(kind="run", stdout="", stderr=stderr, ended=Exited(101))
    outcome = Outcome(language="rust", steps=(step,))
    return Resolved(sample=sample, verdict=judge(sample.expectation, outcome), outcome=outcome)


RUST: Any = Spoken()
RUST.faults = panics


@pytest.mark.parametrize(
    "place", ["1:999999999", "999999999:999999999", "0:0", "1:0", "9" * 400 + ":1", "1:" + "9" * 400]
)
def test_places_that_cannot_be_cost_nothing(place: str) -> None:
    """A program may name any line and column: what is told of it is as long as ever, and its own place is right."""
    [failure] = failures([panicked("panic!()\n", place)], {"rust": RUST}, lambda _: "```rust exec\npanic!()\n```\n")

    assert failure.headline.endswith(": it panicked")
    assert 2_000 > len(failure.detail)
    assert "it says so" in failure.detail


@given(st.integers(-5, 10**9), st.integers(-5, 10**9), st.integers(-5, 10**9), st.integers(-5, 10**9))
def test_absurd_regions_are_told(line: int, column: int, end_line: int, end_column: int) -> None:
    """Wherever a message of a compiler claims to be, it is told, and marks on the page stay within the source."""
    span = Span("sample.rs", line, column, end_line, end_column, primary=True, label="here")
    step = StepResult(
        kind="build",
        stdout="",
        stderr="error: no\n",
        ended=Exited(1),
        diagnostics=(Diagnostic("error", "E0308", "no", "error: no\n", (span,)),),
    )
    sample = Sample(location=Location("a.md", 1, end=4), language="rust", code="a\n\tb\n", expectation=Succeeds())
    outcome = Outcome(language="rust", steps=(step,))
    verdict = judge(sample.expectation, outcome)
    language = RUST
    resolved = Resolved(sample=sample, verdict=verdict, outcome=outcome)

    [failure] = failures([resolved], {"rust": language}, lambda _: "```rust exec\na\n\tb\n```\n")
    shown = marked("<pre><code>a\n\tb\n</code></pre>", sample.code, marks(sample, verdict, outcome, language))

    assert "error: no" in failure.detail
    assert "cannot be told" not in failure.detail
    assert "a\n\tb\n" == re.sub("<[^>]*>", "", shown)


def test_a_sample_that_cannot_be_told_of_is_told_by_name() -> None:
    """A fault of ours at one sample leaves the others' messages as they are, and loses no failure."""

    class Faulty(Spoken):
        def tidy(self, sample: Sample, text: str) -> str:  # noqa: ARG002
            raise ZeroDivisionError("of ours")

    items = [panicked("panic!()\n", "1:1"), replace(panicked("x\n", "1:1"))]
    items[1] = replace(items[1], sample=replace(items[1].sample, language="faulty"))

    good, bad = failures(items, {"rust": RUST, "faulty": Faulty()}, lambda _: "")

    assert "it says so" in good.detail
    assert ("a.md:1: it panicked", "what it printed cannot be told here: ZeroDivisionError: of ours") == bad[:2]
