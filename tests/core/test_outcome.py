"""Outcomes: what is stored is what was seen, and only what ended by itself is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.core.codec import from_json, to_json
from mkdocs_codeexec.core.outcome import (
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
    describe,
)

texts = st.text(max_size=20)
numbers = st.integers(0, 10**6)
terminations = st.one_of(
    st.builds(Exited, st.integers(0, 255)),
    st.builds(Signaled, st.integers(1, 64)),
    st.builds(TimedOut, st.floats(0.1, 1000)),
    st.builds(OutputFlooded, numbers),
    st.builds(OutOfMemory, st.integers(1, 9999)),
    st.builds(LimitReached, st.sampled_from(["processes", "disk"]), st.integers(1, 9999)),
    st.builds(NotStarted, texts),
)
spans = st.builds(Span, texts, numbers, numbers, numbers, numbers, st.booleans(), texts)
diagnostics = st.builds(
    Diagnostic,
    level=texts,
    code=texts,
    message=texts,
    rendered=texts,
    spans=st.lists(spans, max_size=2).map(tuple),
)
results = st.builds(
    StepResult,
    kind=st.sampled_from(["build", "run"]),
    stdout=texts,
    stderr=texts,
    ended=terminations,
    diagnostics=st.lists(diagnostics, max_size=2).map(tuple),
    truncated=st.tuples(numbers, numbers),
    duration=st.integers(0, 10**6).map(lambda ms: ms / 1000),
)
outcomes = st.builds(
    Outcome, language=texts, steps=st.lists(results, max_size=3).map(tuple), toolchain=texts, sandbox=texts
)


@given(outcomes)
def test_decoding_inverts_encoding(outcome: Outcome) -> None:
    """What is read back is what was written."""
    assert outcome == from_json(json.loads(json.dumps(to_json(outcome))))


@given(st.recursive(st.none() | st.booleans() | st.floats() | texts, lambda x: st.lists(x) | st.dictionaries(texts, x)))
def test_anything_else_is_a_value_error(value: object) -> None:
    """A stored entry is never trusted."""
    with pytest.raises(ValueError, match=r"."):
        from_json(value)


@pytest.mark.parametrize(
    ("storable", "ended"),
    [
        pytest.param(True, Exited(0), id="success"),
        pytest.param(True, Exited(101), id="panic"),
        pytest.param(False, Signaled(9), id="killed"),
        pytest.param(False, TimedOut(10.0), id="timeout"),
        pytest.param(False, OutputFlooded(1), id="flood"),
        pytest.param(False, OutOfMemory(512), id="memory"),
        pytest.param(False, NotStarted("gone"), id="not started"),
    ],
)
def test_only_what_ended_by_itself_is_storable(storable: bool, ended: Termination) -> None:
    """A timeout or a kill says something about a machine, not about a sample."""
    step = StepResult(kind="run", stdout="", stderr="", ended=ended)

    assert storable == Outcome(language="x", steps=(step,)).storable


def test_nothing_is_not_an_outcome() -> None:
    """An Outcome without steps is never stored."""
    assert not Outcome(language="x", steps=()).storable


@pytest.mark.parametrize(
    ("words", "ended"),
    [
        ("exit status 3", Exited(3)),
        ("ended by signal 11 (SIGSEGV)", Signaled(11)),
        ("timed out after 0.5 s", TimedOut(0.5)),
        ("stopped: more than 1024 KiB of output", OutputFlooded(1024 * 1024)),
        ("stopped: more than 512 MiB of memory (limit `memory`)", OutOfMemory(512)),
        ("stopped: more than 64 processes and threads (limit `processes`)", LimitReached("processes", 64)),
        ("not started: no such file", NotStarted("no such file")),
    ],
)
def test_endings_have_words(words: str, ended: Termination) -> None:
    """The page and the log say how a child ended."""
    assert words == describe(ended)


ABSURD = st.sampled_from(
    [
        -1,
        -(10**400),
        10**400,
        2**53 + 1,
        2**63,
        1e308,
        float("inf"),
        float("-inf"),
        float("nan"),
        True,
        None,
        "1",
        [],
        {},
    ]
)


@given(outcomes, ABSURD, st.integers(0))
def test_absurd_values_are_refused_or_believed_within_bounds(outcome: Outcome, absurd: object, where: int) -> None:
    """Whatever stands in the place of a value of an entry: it is refused, or all numbers are such as there can be."""
    entry = json.loads(json.dumps(to_json(outcome)))
    leaves = list(_leaves(entry))
    holder, name = leaves[where % len(leaves)]
    holder[name] = absurd

    try:
        found = from_json(json.loads(json.dumps(entry)))
    except ValueError:
        return
    numbers_of = [step.duration for step in found.steps]
    for step in found.steps:
        numbers_of += step.truncated
        numbers_of += (number for d in step.diagnostics for s in d.spans for number in (s.line, s.column, s.end_line))
        assert describe(step.ended)
    assert all(0 <= number <= 2**53 for number in numbers_of)


def _leaves(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place in `value` that holds something: what holds it, and where in that."""
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, name
        if isinstance(inner, dict | list):
            yield from _leaves(inner)


@pytest.mark.parametrize(
    "ended",
    [
        {"exited": -1},
        {"exited": 256},
        {"exited": True},
        {"exited": 10**400},
        {"signaled": -(10**400)},
        {"timed_out": float("nan")},
        {"timed_out": 10**400},
        {"output_flooded": -1},
        {"limit_reached": "disk", "limit": 2**64},
    ],
    ids=lambda ended: str(ended)[:40],
)
def test_ends_that_cannot_be_are_refused(ended: object) -> None:
    """No child ends so."""
    entry = to_json(Outcome(language="x", steps=(StepResult(kind="run", stdout="", stderr="", ended=Exited(0)),)))
    steps: Any = entry["steps"]
    steps[0]["ended"] = ended

    with pytest.raises(ValueError, match=r"expected a"):
        from_json(entry)
