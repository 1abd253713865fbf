"""Judging: the same Outcome may meet one expectation and not another."""

from __future__ import annotations

import pytest

from mkdocs_codeexec.core.expectation import (
    Errored,
    Expectation,
    FailsToBuild,
    Met,
    Panics,
    Succeeds,
    Unmet,
    Verdict,
    judge,
    verdict_name,
    verdict_reason,
)
from mkdocs_codeexec.core.outcome import (
    Diagnostic,
    Exited,
    NotStarted,
    Outcome,
    Signaled,
    StepKind,
    StepResult,
    Termination,
    TimedOut,
)


def step(kind: StepKind, ended: Termination, *codes: str, stderr: str = "") -> StepResult:
    found = tuple(Diagnostic("error", code, "m", "m") for code in codes)
    return StepResult(kind=kind, stdout="", stderr=stderr, ended=ended, diagnostics=found)


def outcome(*steps: StepResult) -> Outcome:
    return Outcome(language="rust", steps=steps)


BUILT = step("build", Exited(0))
E0382 = outcome(step("build", Exited(1), "E0382", ""))
RAN = outcome(BUILT, step("run", Exited(0)))
PANICKED = outcome(BUILT, step("run", Exited(101), stderr="thread 'main' panicked at sample.rs:1:1:"))


@pytest.mark.parametrize(
    ("verdict", "expectation", "happened"),
    [
        pytest.param(Met(), Succeeds(), RAN, id="ran"),
        pytest.param(Met(), Succeeds(), outcome(BUILT), id="no_run: built"),
        pytest.param(Unmet("it does not compile"), Succeeds(), E0382, id="does not compile"),
        pytest.param(Unmet("it panicked"), Succeeds(), PANICKED, id="panicked"),
        pytest.param(Unmet("exit status 3"), Succeeds(), outcome(step("run", Exited(3))), id="exit 3"),
        pytest.param(Met(), Succeeds(3), outcome(step("run", Exited(3))), id="exit 3 announced"),
        pytest.param(
            Unmet("exit status 0, expected exit status 3"), Succeeds(3), RAN, id="exit 3 announced, but success"
        ),
        pytest.param(Met(), Succeeds(None), outcome(step("run", Exited(7))), id="any exit"),
        pytest.param(Met(), Succeeds(None), outcome(step("run", Signaled(11))), id="any takes a signal"),
        pytest.param(
            Unmet("ended by signal 11 (SIGSEGV)"), Succeeds(), outcome(step("run", Signaled(11))), id="signal"
        ),
        pytest.param(Met(), FailsToBuild(), E0382, id="compile_fail"),
        pytest.param(Met(), FailsToBuild(("E0382",)), E0382, id="compile_fail,E0382"),
        pytest.param(
            Unmet("expected `E0499`, the compiler reported `E0382`"), FailsToBuild(("E0499",)), E0382, id="other code"
        ),
        pytest.param(
            Unmet("it compiles, and `compile_fail` says that it must not"), FailsToBuild(), RAN, id="but compiles"
        ),
        pytest.param(
            Unmet("the compiler was ended by signal 9 (SIGKILL)"),
            FailsToBuild(),
            outcome(step("build", Signaled(9))),
            id="a killed compiler is no failed compile",
        ),
        pytest.param(
            Unmet("`compile_fail` needs a language that is compiled"),
            FailsToBuild(),
            outcome(step("run", Exited(1))),
            id="compile_fail of a script",
        ),
        pytest.param(Met(), Panics(), PANICKED, id="should_panic"),
        pytest.param(Met(), Panics(), outcome(BUILT, step("run", Signaled(6))), id="panic = abort"),
        pytest.param(Unmet("it does not compile"), Panics(), E0382, id="should_panic, but does not compile"),
        pytest.param(
            Unmet("it did not panic (exit status 0), and `should_panic` says that it must"),
            Panics(),
            RAN,
            id="no panic",
        ),
        pytest.param(Met(), Panics(), outcome(BUILT, step("run", Exited(3))), id="should_panic: any bad end"),
        pytest.param(Met(), Panics(), outcome(BUILT, step("run", Signaled(9))), id="should_panic: any signal"),
        pytest.param(Met(), Panics(), outcome(BUILT), id="should_panic,no_run"),
        *(
            pytest.param(
                Unmet("run timed out after 10 s"),
                expectation,
                outcome(BUILT, step("run", TimedOut(10.0))),
                id=f"timeout, {type(expectation).__name__}",
            )
            for expectation in (Succeeds(None), Panics(), FailsToBuild())
        ),
        pytest.param(
            Errored("not started: no such file"),
            Succeeds(),
            outcome(step("run", NotStarted("no such file"))),
            id="none",
        ),
    ],
)
def test_judging(verdict: Verdict, expectation: Expectation, happened: Outcome) -> None:
    """An Outcome is compared with what the author said, nothing else."""
    assert verdict == judge(expectation, happened)


def test_verdicts_have_names_and_reasons() -> None:
    """The page, the report and the log use the same words."""
    assert ("met", "") == (verdict_name(Met()), verdict_reason(Met()))
    assert ("unmet", "why") == (verdict_name(Unmet("why")), verdict_reason(Unmet("why")))
