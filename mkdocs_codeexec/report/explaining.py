"""All that decides about one sample: lines for people, and the same for programs."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.expectation import judge, verdict_name, verdict_reason
from mkdocs_codeexec.core.outcome import counted
from mkdocs_codeexec.report.plans import WORDS, key_of
from mkdocs_codeexec.report.rows import row_of_sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs_codeexec.core.action import Step
    from mkdocs_codeexec.core.resolved import Planned

FORMAT = 1
MOST = 60
"""Inputs that people are told; programs are told all."""


def lines(planned: Planned) -> Iterator[str]:
    """Yield what people are told of a sample."""
    sample, action, outcome = planned.sample, planned.action, planned.outcome
    called = f", called `{sample.name}`" if sample.name else ""
    yield f"{sample.location}: {sample.language}{called}"
    yield _field("state", WORDS[planned.state] + (f": {planned.why}" if planned.why else ""))
    if planned.hint:
        yield _field("hint", planned.hint)
    if action is None:
        return
    yield _field("key" if action.toolchain else "request key", key_of(planned) or "")
    yield _field("toolchain", (action.toolchain or "not asked yet").split("\n", 1)[0])
    for step in action.steps:
        yield _field(step.kind, _command(step))
        yield from _given(step)
    if action.workdir:
        yield _field("starts in", action.workdir)
    yield from _several("files", [name for name, _ in action.files] + [blob.path for blob in action.left])
    yield from _several("inputs", [name for name, _ in action.inputs])
    if outcome is None:
        return
    verdict = judge(sample.expectation, outcome)
    why = verdict_reason(verdict)
    yield _field("outcome", f"{verdict_name(verdict)}{f': {why}' if why else ''}")
    yield _field("took", ", ".join(f"{step.kind} {step.duration:.3f} s" for step in outcome.steps))
    yield _field("sandbox", outcome.sandbox)
    if action.observed:
        read = [f"{name}  {state[:16]}" for name, state in outcome.inputs or ()]
        yield from _several("it has read", read)


def _command(step: Step) -> str:
    return shlex.join(step.argv).replace("'{", "{").replace("}'", "}")


def _given(step: Step) -> Iterator[str]:
    yield _field("", f"at most {step.timeout:g} s{', with the network' if step.network else ''}")
    for name, value in step.env:
        yield _field("", f"{name}={value}")
    if step.stdin is not None:
        yield _field("", f"{counted(len(step.stdin.encode('utf-8', 'surrogatepass')), 'byte')} on standard input")


def _several(name: str, texts: list[str]) -> Iterator[str]:
    for number, text in enumerate(texts[:MOST]):
        yield _field(name if number == 0 else "", text)
    if len(texts) > MOST:
        yield _field("", f"… and {len(texts) - MOST} more")


def _field(name: str, text: str) -> str:
    return f"  {name:<12}{text}".rstrip()


def to_json(planned: Planned) -> dict[str, object]:
    """Return the same for programs."""
    action, outcome = planned.action, planned.outcome
    verdict = judge(planned.sample.expectation, outcome) if outcome is not None else None
    return {
        "format": FORMAT,
        **row_of_sample(planned.sample, key_of(planned)),
        "status": planned.state,
        "why": planned.why,
        "hint": planned.hint,
        "request_key": action.request_key if action else None,
        "toolchain": action.toolchain if action else None,
        "steps": [
            {
                "kind": step.kind,
                "argv": list(step.argv),
                "timeout": step.timeout,
                "env": dict(step.env),
                "network": step.network,
                "limits": asdict(step.limits),
            }
            for step in (action.steps if action else ())
        ],
        "files": [name for name, _ in action.files] if action else [],
        "left": [blob.path for blob in action.left] if action else [],
        "inputs": dict(action.inputs) if action else {},
        "verdict": verdict_name(verdict) if verdict is not None else None,
        "reason": verdict_reason(verdict) if verdict is not None else "",
        "seconds": None if planned.seconds is None else round(planned.seconds, 3),
        "sandbox": outcome.sandbox if outcome else None,
        "observed": dict(outcome.inputs or ()) if outcome else {},
    }
