"""What a compiler says is read whatever it says."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.core.outcome import LAST, Exited, Signaled, StepResult
from mkdocs_codeexec.languages.rust.batch import merged
from mkdocs_codeexec.languages.rust.messages import diagnostics
from mkdocs_codeexec.languages.rust.messages.panics import panics
from mkdocs_codeexec.languages.rust.source.prepare import FILE

FIELDS = [
    "file_name",
    "line_start",
    "line_end",
    "column_start",
    "column_end",
    "byte_start",
    "byte_end",
    "is_primary",
    "label",
    "expansion",
    "text",
]
absurd = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from([10**400, -(10**400), 2**63, -1, 0, "sample.rs", 1e400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*FIELDS, "span"]), inner, max_size=4),
    max_leaves=8,
)
spans = st.dictionaries(st.sampled_from(FIELDS), absurd, max_size=8)
messages = st.fixed_dictionaries(
    {"rendered": absurd},
    optional={
        "$message_type": st.just("diagnostic") | absurd,
        "level": st.sampled_from(["error", "warning"]) | absurd,
        "code": st.just({"code": "E0308"}) | absurd,
        "message": absurd,
        "spans": st.lists(spans | absurd, max_size=3) | absurd,
        "children": st.lists(st.fixed_dictionaries({"spans": st.lists(spans, max_size=2)}), max_size=2) | absurd,
    },
)
CRATE = merged.merge([{FILE: "fn main() {}\n"}] * 3)


@given(st.lists(messages, max_size=3))
def test_absurd_messages_are_read(said: list[Any]) -> None:
    """Numbers of lines and columns are such as there can be, and nothing is raised."""
    stderr = "".join(json.dumps(message) + "\n" for message in said)

    _, found = diagnostics.read(stderr)
    told = merged.sort(stderr, CRATE)

    places = [n for d in found for s in d.spans for n in (s.line, s.column, s.end_line, s.end_column)]
    assert all(1 <= number <= LAST for number in places)
    assert told.errors | told.warned <= {0, 1, 2}


def test_messages_within_messages_without_end() -> None:
    """As deep as JSON can be read, it is looked through; deeper it is text."""
    for depth in (10, 200, 450, 5_000, 100_000):
        deep = '{"rendered":"","level":"error","message":"m","spans":[],"children":[' * depth + "{}" + "]}" * depth

        assert merged.sort(deep + "\n", CRATE).unowned
        diagnostics.read(deep + "\n")

    spans = '{"file_name":"a","expansion":{"span":' * 400 + "{}" + "}}" * 400
    line = f'{{"rendered":"","level":"error","message":"m","spans":[{spans}]}}\n'
    assert 1 == len(diagnostics.read(line)[1])


@pytest.mark.parametrize(
    "start", ["panicked at '", "panicked at 'a', ", "linking with ", "linking with `", "collect2 x ", "ld"]
)
def test_thousands_of_beginnings(start: str) -> None:
    """What a program or a linker repeats without end is read once, and not once for each time."""
    said = start * 50_000
    line = json.dumps({"level": "error", "message": "m", "rendered": said, "spans": []})
    began = time.process_time()

    assert [] == list(panics(said))
    assert Exited(1) == diagnostics.translate(StepResult(kind="build", stdout="", stderr=line, ended=Exited(1))).ended
    assert time.process_time() - began < 10  # minutes otherwise


def test_numbers_of_signals_are_small() -> None:
    """A linker that was ended by a signal of no such number was not."""
    for number, expected in (("9", Signaled(9)), ("9" * 5000, Exited(1))):
        rendered = f"error: linking with `cc` failed: signal: {number}\n"
        said = json.dumps({"level": "error", "message": rendered, "rendered": rendered, "spans": []})
        result = StepResult(kind="build", stdout="", stderr=said + "\n", ended=Exited(1))

        assert expected == diagnostics.translate(result).ended
