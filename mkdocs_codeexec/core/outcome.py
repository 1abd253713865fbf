"""What happened when an Action was executed: raw, complete, and good enough to be stored."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

FORMAT = 1
"""Version of the JSON form of an Outcome. A reader that meets another version has a miss."""

StepKind: TypeAlias = Literal["build", "run"]


@dataclass(frozen=True, slots=True)
class Exited:
    """The child ended by itself.

    Attributes:
        code: Its exit status, 0 to 255.
    """

    code: int


@dataclass(frozen=True, slots=True)
class Signaled:
    """A signal that was not ours ended the child.

    Attributes:
        signal: Its number, 11 for a segmentation fault.
    """

    signal: int


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The child and all it had started were ended because their time was over.

    Attributes:
        after: The limit in seconds.
    """

    after: float


@dataclass(frozen=True, slots=True)
class OutputFlooded:
    """The child was ended because it wrote more than is read of one stream.

    Attributes:
        limit: The limit in bytes.
    """

    limit: int


@dataclass(frozen=True, slots=True)
class OutOfMemory:
    """The child was ended because it used more memory than it may."""


@dataclass(frozen=True, slots=True)
class NotStarted:
    """There was no child.

    Attributes:
        why: The reason, for people.
    """

    why: str


Termination: TypeAlias = Exited | Signaled | TimedOut | OutputFlooded | OutOfMemory | NotStarted


@dataclass(frozen=True, slots=True)
class Span:
    """A region of a sample that a compiler speaks of; lines and columns count from one.

    Attributes:
        file: The file as the compiler names it.
        line: First line.
        column: First column, in characters.
        end_line: Last line.
        end_column: Column after the last character.
        primary: Whether the message is about this region, rather than in relation to it.
        label: What the compiler says of it; may be empty.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    primary: bool
    label: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message of a compiler.

    Attributes:
        level: `error`, `warning`, `note`, `help`.
        code: `E0382`, a lint's name, or empty.
        message: The first line, without level and code.
        rendered: The whole message as a terminal shows it, ANSI colours included.
        spans: The regions it speaks of.
    """

    level: str
    code: str
    message: str
    rendered: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """How one child process went.

    Attributes:
        kind: `build` or `run`.
        stdout: Decoded, invalid bytes replaced; otherwise untouched.
        stderr: The same; for a compiler that reports JSON, its rendered messages.
        ended: How it ended.
        diagnostics: What a compiler reported.
        truncated: Bytes left out of stdout and of stderr.
        duration: Wall time in seconds.
    """

    kind: StepKind
    stdout: str
    stderr: str
    ended: Termination
    diagnostics: tuple[Diagnostic, ...] = ()
    truncated: tuple[int, int] = (0, 0)
    duration: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All steps of one Action, in order, up to the first that did not succeed.

    Attributes:
        language: Canonical name of the language.
        steps: The steps that were executed.
        toolchain: What the compiler or interpreter says of itself.
        sandbox: The tier it was produced under.
    """

    language: str
    steps: tuple[StepResult, ...]
    toolchain: str = ""
    sandbox: str = "off"

    @property
    def storable(self) -> bool:
        """Whether it may be stored: every child ended by itself.

        A timeout, a kill or a missing compiler say something about this machine at this moment, not
        about the sample.
        """
        return bool(self.steps) and all(isinstance(step.ended, Exited) for step in self.steps)

    @property
    def started(self) -> bool:
        """Whether any child was started."""
        return any(not isinstance(step.ended, NotStarted) for step in self.steps)

    @property
    def duration(self) -> float:
        """Wall time of all steps, in seconds."""
        return sum(step.duration for step in self.steps)

    def step(self, kind: StepKind) -> StepResult | None:
        """Return the last step of `kind`, or None if there was none."""
        return next((step for step in reversed(self.steps) if step.kind == kind), None)


def describe(ended: Termination) -> str:
    """Return `ended` in words, as the page and the log show it."""
    match ended:
        case Exited(code):
            return f"exit status {code}"
        case Signaled(signal):
            return f"ended by signal {signal}" + (f" ({_SIGNALS[signal]})" if signal in _SIGNALS else "")
        case TimedOut(after):
            return f"timed out after {after:g} s"
        case OutputFlooded(limit):
            return f"stopped: more than {limit // 1024} KiB of output"
        case OutOfMemory():
            return "stopped: out of memory"
        case NotStarted(why):
            return f"not started: {why}"
        case _:
            assert_never(ended)


_SIGNALS = {
    4: "SIGILL",
    6: "SIGABRT",
    7: "SIGBUS",
    8: "SIGFPE",
    9: "SIGKILL",
    11: "SIGSEGV",
    13: "SIGPIPE",
    15: "SIGTERM",
}


# --- JSON -----------------------------------------------------------------------------------------------------

Json: TypeAlias = Mapping[str, object]


def to_json(outcome: Outcome) -> dict[str, object]:
    """Return `outcome` as plain JSON values; `from_json` is its inverse."""
    return {
        "format": FORMAT,
        "language": outcome.language,
        "steps": [_step_to_json(step) for step in outcome.steps],
        "duration_ms": round(outcome.duration * 1000),
        "toolchain": outcome.toolchain,
        "sandbox": outcome.sandbox,
    }


def from_json(value: object) -> Outcome:
    """Return the Outcome that `to_json` wrote.

    Raises:
        ValueError: `value` is anything else; a stored entry is never trusted.
    """
    top = _mapping(value)
    if top.get("format") != FORMAT:
        raise ValueError(f"format {top.get('format')!r}, expected {FORMAT}")
    return Outcome(
        language=_text(top, "language"),
        steps=tuple(_step_from_json(_mapping(step)) for step in _list(top, "steps")),
        toolchain=_text(top, "toolchain"),
        sandbox=_text(top, "sandbox"),
    )


def _step_to_json(step: StepResult) -> dict[str, object]:
    return {
        "kind": step.kind,
        "stdout": step.stdout,
        "stderr": step.stderr,
        "diagnostics": [
            {
                "level": d.level,
                "code": d.code,
                "message": d.message,
                "rendered": d.rendered,
                "spans": [
                    {
                        "file": s.file,
                        "start": [s.line, s.column],
                        "end": [s.end_line, s.end_column],
                        "primary": s.primary,
                        "label": s.label,
                    }
                    for s in d.spans
                ],
            }
            for d in step.diagnostics
        ],
        "ended": _ended_to_json(step.ended),
        "truncated": list(step.truncated),
        "duration_ms": round(step.duration * 1000, 3),
    }


def _ended_to_json(ended: Termination) -> dict[str, object]:
    match ended:
        case Exited(code):
            return {"exited": code}
        case Signaled(signal):
            return {"signaled": signal}
        case TimedOut(after):
            return {"timed_out": after}
        case OutputFlooded(limit):
            return {"output_flooded": limit}
        case OutOfMemory():
            return {"out_of_memory": True}
        case NotStarted(why):
            return {"not_started": why}
        case _:
            assert_never(ended)


def _step_from_json(step: Json) -> StepResult:
    kind = step.get("kind")
    if kind not in ("build", "run"):
        raise ValueError(f"step kind {kind!r}")
    return StepResult(
        kind="build" if kind == "build" else "run",
        stdout=_text(step, "stdout"),
        stderr=_text(step, "stderr"),
        ended=_ended_from_json(_mapping(step.get("ended"))),
        diagnostics=tuple(_diagnostic_from_json(_mapping(d)) for d in _list(step, "diagnostics")),
        truncated=_pair(step, "truncated"),
        duration=_number(step.get("duration_ms")) / 1000,
    )


def _ended_from_json(ended: Json) -> Termination:
    match dict(ended):
        case {"exited": int(code)}:
            return Exited(code)
        case {"signaled": int(signal)}:
            return Signaled(signal)
        case {"timed_out": int() | float() as after}:
            return TimedOut(float(after))
        case {"output_flooded": int(limit)}:
            return OutputFlooded(limit)
        case {"out_of_memory": True}:
            return OutOfMemory()
        case {"not_started": str(why)}:
            return NotStarted(why)
        case other:
            raise ValueError(f"no such termination: {other!r}")


def _diagnostic_from_json(d: Json) -> Diagnostic:
    return Diagnostic(
        level=_text(d, "level"),
        code=_text(d, "code"),
        message=_text(d, "message"),
        rendered=_text(d, "rendered"),
        spans=tuple(_span_from_json(_mapping(s)) for s in _list(d, "spans")),
    )


def _span_from_json(s: Json) -> Span:
    line, column = _pair(s, "start")
    end_line, end_column = _pair(s, "end")
    return Span(
        file=_text(s, "file"),
        line=line,
        column=column,
        end_line=end_line,
        end_column=end_column,
        primary=s.get("primary") is True,
        label=_text(s, "label"),
    )


def _pair(value: Json, name: str) -> tuple[int, int]:
    found = [_int(n) for n in _list(value, name)]
    if len(found) != 2:
        raise ValueError(f"`{name}` is not a pair")
    return found[0], found[1]


def _mapping(value: object) -> Json:
    if not isinstance(value, Mapping):
        raise ValueError(f"expected an object, got {type(value).__name__}")  # noqa: TRY004 - one kind of error
    return value


def _list(value: Json, name: str) -> Sequence[object]:
    found = value.get(name)
    if not isinstance(found, list):
        raise ValueError(f"`{name}` is not a list")  # noqa: TRY004
    return found


def _text(value: Json, name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str):
        raise ValueError(f"`{name}` is not a string")  # noqa: TRY004
    return found


def _int(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"expected a whole number, got {value!r}")  # noqa: TRY004
    return value


def _number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"expected a number, got {value!r}")
    return float(value)
