"""What should happen, and whether it did. Expectations are judged, never executed."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias, assert_never

from mkdocs_codeexec.core.artifacts import missing
from mkdocs_codeexec.core.outcome import (
    Exited,
    LimitReached,
    NotStarted,
    Outcome,
    OutOfMemory,
    OutputFlooded,
    Signaled,
    StepResult,
    TimedOut,
    describe,
)
from mkdocs_codeexec.core.raised import is_called, raised

if TYPE_CHECKING:
    from mkdocs_codeexec.core.consoles import Console
    from mkdocs_codeexec.core.requirements import Lack
    from mkdocs_codeexec.core.sample import Location, Sample

MARKUP = {"html": "HTML", "markdown": "Markdown"}
"""Ways to show output that take it for more than text."""
PANIC = 101
"""Exit status of a Rust program whose main thread panicked (`std::process::ExitCode`, rustc's book)."""


@dataclass(frozen=True, slots=True)
class Succeeds:
    """Builds, runs, and exits with `code`; None takes any end of its own, by a signal too."""

    code: int | None = 0


@dataclass(frozen=True, slots=True)
class FailsToBuild:
    """The compiler refuses it, and names all of `codes`."""

    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Panics:
    """Builds, and does not end well: any exit status but 0, or a signal.

    rustdoc's rule for `should_panic`; see ADR 10.
    """


@dataclass(frozen=True, slots=True)
class Converses:
    """Each command of a console ends as is written there, and the last one with `code`.

    Attributes:
        console: The commands.
        code: The exit status of the last command whose status is not written; None takes any, of all of them.
        verify: Whether each must print what is written under it.
        patterns: What `[NAME]` stands for there, by name, sorted.
    """

    console: Console
    code: int | None = 0
    verify: bool = False
    patterns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Raises:
    """Runs, and ends with the exception `name`, by what its traceback says."""

    name: str


Expectation: TypeAlias = Succeeds | FailsToBuild | Panics | Raises | Converses


@dataclass(frozen=True, slots=True)
class Met:
    """It went as the author said."""


@dataclass(frozen=True, slots=True)
class Unmet:
    """It went otherwise.

    Attributes:
        reason: In words, for page and log.
        line: The line of the sample that it is about, from one; 0 if it is about all of it.
        diff: How what was printed differs from what is written, line by line; empty if it is not that.
        others: What else of it went otherwise, each at its own line.
    """

    reason: str
    line: int = field(default=0, repr=False)
    diff: str = field(default="", repr=False)
    others: tuple[Unmet, ...] = field(default=(), repr=False)

    @property
    def all(self) -> tuple[Unmet, ...]:
        """Everything that went otherwise."""
        return (self, *self.others)


@dataclass(frozen=True, slots=True)
class Skipped:
    """Nothing was done.

    Attributes:
        reason: Why, in words.
    """

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Suspended:
    """It waits for something that is not here.

    Attributes:
        missing: What that is.
        by: The sample that requires it, if that is another one: it, or one that it needs, needs what this one prints.
        at: Where that one is.
    """

    missing: tuple[Lack, ...]
    by: str = ""
    at: Location | None = None


UNMET = "did not meet its expectation"
UNTRIED = "could not be tried"
ENDED = "ended the program of its session"
"""Why a sample blocks others."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """A sample that it waits for did not go as said, or ended the program that both are steps of.

    Attributes:
        by: What that sample is called: its name, or where it is.
        at: Where it is.
        because: What became of it, in words that follow its name.
    """

    by: str
    at: Location | None = None
    because: str = UNMET


@dataclass(frozen=True, slots=True)
class Errored:
    """It could not be tried; this says nothing about the sample.

    Attributes:
        reason: Why, in words.
    """

    reason: str


Verdict: TypeAlias = Met | Unmet | Skipped | Suspended | Blocked | Errored
VerdictName: TypeAlias = Literal["met", "unmet", "skipped", "suspended", "blocked", "error"]


def verdict_name(verdict: Verdict) -> VerdictName:
    """Return the word that stands for `verdict` in HTML, reports and counts."""
    match verdict:
        case Met():
            return "met"
        case Unmet():
            return "unmet"
        case Skipped():
            return "skipped"
        case Suspended():
            return "suspended"
        case Blocked():
            return "blocked"
        case Errored():
            return "error"
        case _:
            assert_never(verdict)


def verdict_reason(verdict: Verdict) -> str:
    """Return why, in words; empty if there is nothing to say."""
    match verdict:
        case Met():
            return ""
        case Unmet(reason) | Skipped(reason) | Errored(reason):
            return reason
        case Suspended(missing, by):
            lacked = ", ".join(f"`{lack.what}`" for lack in missing)
            return f"missing: {lacked}{f', which `{by}` requires' if by else ''}"
        case Blocked(by, _, because):
            return f"`{by}` {because}"
        case _:
            assert_never(verdict)


def judge(expectation: Expectation, outcome: Outcome) -> Verdict:
    """Compare what should happen with what happened.

    A child that could not be started is an error of the machine. A timeout, a flood or a kill is never what
    an author meant, whatever the expectation.
    """
    if isinstance(expectation, Converses):
        from mkdocs_codeexec.core.conversing import judged  # which has more to tell apart than most sites need

        return judged(expectation, outcome)
    for step in outcome.steps:
        match step.ended:
            case NotStarted():
                return Errored(describe(step.ended))
            case TimedOut() | OutputFlooded() | OutOfMemory() | LimitReached():
                return Unmet(f"{step.kind} {describe(step.ended)}")
            case Exited() | Signaled():
                pass
            case _:
                assert_never(step.ended)
    build = outcome.step("build")
    run = outcome.step("run")
    match expectation:
        case FailsToBuild(codes):
            return _judge_failed_build(codes, build)
        case Panics():
            return _judge_panic(build, run)
        case Succeeds(code):
            return _judge_success(code, build, run)
        case Raises(name):
            return _judge_raised(name, build, run)
        case _:
            assert_never(expectation)


def useless(sample: Sample, outcome: Outcome) -> Unmet | None:
    """Return what keeps the page from showing what it is to show.

    Output that is HTML was cut somewhere, so that elements may stay open; or files are not there.
    """
    run, presentation = outcome.step("run"), sample.presentation
    named = () if sample.usual_artifacts else sample.artifacts
    if run is not None and (lacking := missing(outcome.left, named)):
        files = ", ".join(f"`{pattern}`" for pattern in lacking)
        return Unmet(f"it has left no file {files} in its working directory, and `artifacts` says so")
    if presentation.result in MARKUP and run is not None and run.truncated[0]:
        return Unmet(
            f"its output is to be {MARKUP[presentation.result]}, and {run.truncated[0]} bytes of it were not kept"
        )
    return None


def _judge_failed_build(codes: tuple[str, ...], build: StepResult | None) -> Verdict:
    if build is None:
        return Unmet("`compile_fail` needs a language that is compiled")
    if build.ended == Exited(0):
        return Unmet("it compiles, and `compile_fail` says that it must not")
    if not isinstance(build.ended, Exited):
        return Unmet(f"the compiler was {describe(build.ended)}")
    seen = {d.code for d in build.diagnostics if d.level.startswith("error")}
    missing = [code for code in codes if code not in seen]
    if missing:
        found = ", ".join(f"`{code}`" for code in sorted(seen - {""})) or "no error code"
        return Unmet(f"expected {', '.join(f'`{code}`' for code in missing)}, the compiler reported {found}")
    return Met()


def _judge_panic(build: StepResult | None, run: StepResult | None) -> Verdict:
    if build is not None and build.ended != Exited(0):
        return Unmet("it does not compile")
    if run is None or run.ended != Exited(0):
        return Met()
    return Unmet(f"it did not panic ({describe(run.ended)}), and `should_panic` says that it must")


def _judge_raised(name: str, build: StepResult | None, run: StepResult | None) -> Verdict:
    if run is None:
        return _judge_success(0, build, run)
    if run.ended == Exited(0):
        return Unmet(f"it raised nothing, and `raises` says that it ends with `{name}`")
    found = raised(run.errors)
    if run.ended not in (Exited(1), Signaled(signal.SIGINT)) or not found:
        return Unmet(f"{describe(run.ended)} without an exception, expected `{name}`")
    return Met() if is_called(found, name) else Unmet(f"it raised `{found}`, expected `{name}`")


def _judge_success(code: int | None, build: StepResult | None, run: StepResult | None) -> Verdict:
    if build is not None and build.ended != Exited(0):
        return Unmet("it does not compile" if isinstance(build.ended, Exited) else describe(build.ended))
    if run is None or code is None or run.ended == Exited(code):
        return Met()
    if code == 0 and run.ended == Exited(PANIC) and "panicked at" in run.errors:
        return Unmet("it panicked")
    expected = f", expected exit status {code}" if code else ""
    return Unmet(f"{describe(run.ended)}{expected}")
