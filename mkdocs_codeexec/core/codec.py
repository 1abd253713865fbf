"""Outcomes as plain JSON values, and back: what a store writes, and never trusts when it reads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias, assert_never

from mkdocs_codeexec.core import displays
from mkdocs_codeexec.core.blobs import Blob, is_within
from mkdocs_codeexec.core.outcome import (
    LAST,
    Diagnostic,
    Exited,
    LimitReached,
    NotStarted,
    Outcome,
    OutOfMemory,
    OutputFlooded,
    Signaled,
    Span,
    StepResult,
    Termination,
    TimedOut,
)

if TYPE_CHECKING:
    from mkdocs_codeexec.core.displays import Content

FORMAT = 1
"""Version of the JSON form of an Outcome. A reader that meets another version has a miss."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_LARGEST = 2**53
"""The largest number that is believed: every reader of JSON knows it exactly."""

Json: TypeAlias = Mapping[str, object]


def to_json(outcome: Outcome) -> dict[str, object]:
    """Return `outcome` as plain JSON values; `from_json` is its inverse."""
    value: dict[str, object] = {
        "format": FORMAT,
        "language": outcome.language,
        "steps": [_step_to_json(step) for step in outcome.steps],
        "duration_ms": round(outcome.duration * 1000),
        "toolchain": outcome.toolchain,
        "sandbox": outcome.sandbox,
    }
    if outcome.left:
        value["left"] = [blob._asdict() for blob in outcome.left]
    return value


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
        left=tuple(_blob_from_json(_mapping(blob)) for blob in _list(top, "left")) if "left" in top else (),
    )


def _step_to_json(step: StepResult) -> dict[str, object]:
    shown = {"shown": _shown_to_json(step)} if step.shown else {}
    merged = {"merged": True} if step.merged else {}
    return {
        **shown,
        **merged,
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


def _shown_to_json(step: StepResult) -> object:
    """Return what a step has shown; True if that is exactly what its output names, as nearly always."""
    return step.shown == displays.named(step.stdout) or [list(content) for content in step.shown]


def _shown_from_json(step: Json, stdout: str) -> tuple[Content, ...]:
    if step.get("shown") is True:
        return displays.named(stdout)
    return tuple(map(displays.content_of, _list(step, "shown"))) if "shown" in step else ()


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
        case OutOfMemory(limit):
            return {"out_of_memory": limit}
        case LimitReached(name, limit):
            return {"limit_reached": name, "limit": limit}
        case NotStarted(why, transient):
            return {"not_started": why, "transient": transient}
        case _:
            assert_never(ended)


def _step_from_json(step: Json) -> StepResult:
    kind = step.get("kind")
    if kind not in ("build", "run"):
        raise ValueError(f"step kind {kind!r}")
    stdout = _text(step, "stdout")
    return StepResult(
        kind="build" if kind == "build" else "run",
        stdout=stdout,
        stderr=_text(step, "stderr"),
        ended=_ended_from_json(_mapping(step.get("ended"))),
        diagnostics=tuple(_diagnostic_from_json(_mapping(d)) for d in _list(step, "diagnostics")),
        truncated=_pair(step, "truncated"),
        duration=_number(step.get("duration_ms")) / 1000,
        shown=_shown_from_json(step, stdout),
        merged=step.get("merged") is True,
    )


def _ended_from_json(ended: Json) -> Termination:
    match dict(ended):
        case {"exited": code}:
            return Exited(_int(code, 255))
        case {"signaled": signal}:
            return Signaled(_int(signal, 255))
        case {"timed_out": after}:
            return TimedOut(_number(after))
        case {"output_flooded": limit}:
            return OutputFlooded(_int(limit))
        case {"out_of_memory": limit}:
            return OutOfMemory(_int(limit))
        case {"limit_reached": str(name), "limit": limit}:
            return LimitReached(name, _int(limit))
        case {"not_started": str(why), **more}:
            return NotStarted(why, transient=more.get("transient") is True)
        case other:
            raise ValueError(f"no such termination: {', '.join(map(repr, other))}")


def _diagnostic_from_json(d: Json) -> Diagnostic:
    return Diagnostic(
        level=_text(d, "level"),
        code=_text(d, "code"),
        message=_text(d, "message"),
        rendered=_text(d, "rendered"),
        spans=tuple(_span_from_json(_mapping(s)) for s in _list(d, "spans")),
    )


def _span_from_json(s: Json) -> Span:
    line, column = _pair(s, "start", LAST)
    end_line, end_column = _pair(s, "end", LAST)
    return Span(
        file=_text(s, "file"),
        line=line,
        column=column,
        end_line=end_line,
        end_column=end_column,
        primary=s.get("primary") is True,
        label=_text(s, "label"),
    )


def _blob_from_json(blob: Json) -> Blob:
    path, digest = _text(blob, "path"), _text(blob, "digest")
    if not _DIGEST.fullmatch(digest):
        raise ValueError(f"no digest: {digest!r}")
    if not is_within(path):
        raise ValueError(f"no path within a directory: {path!r}")
    return Blob(path, digest, _int(blob.get("size")), blob.get("executable") is True)


def _pair(value: Json, name: str, most: int = _LARGEST) -> tuple[int, int]:
    found = [_int(n, most) for n in _list(value, name)]
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


def _int(value: object, most: int = _LARGEST) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ValueError(f"expected a whole number from 0 to {most}")
    return value


def _number(value: object) -> float:
    # Nothing is in a range that begins or ends with NaN.
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= _LARGEST:
        raise ValueError(f"expected a number from 0 to {_LARGEST}")
    return float(value)
