"""What the log says of a sample that a limit stopped."""

from __future__ import annotations

from typing import Any

import pytest

from mkdocs_codeexec.core.expectation import FailsToBuild, Panics, Succeeds, judge
from mkdocs_codeexec.core.outcome import (
    Exited,
    LimitReached,
    Outcome,
    OutOfMemory,
    StepKind,
    StepResult,
    Termination,
    TimedOut,
)
from mkdocs_codeexec.core.sample import Location, Sample
from mkdocs_codeexec.languages import frames
from mkdocs_codeexec.pipeline import Resolved
from mkdocs_codeexec.report.failures import failures


class Plain:
    """The part of a Language that is asked."""

    def ran(self, sample: Sample) -> str:
        return sample.code

    def faults(self, text: str) -> Any:
        return frames.faults(text)

    def locate(self, sample: Sample, line: int, column: int) -> tuple[int, int]:  # noqa: ARG002
        return line, column

    def tidy(self, sample: Sample, text: str) -> str:  # noqa: ARG002
        return text

    def hint(self, sample: Sample, outcome: Outcome) -> str:  # noqa: ARG002
        return ""


LANGUAGES: Any = {"rust": Plain()}


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
        ("run", TimedOut(1.0), "run timed out after 1 s", ""),
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
