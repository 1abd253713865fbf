"""A session is one program: what its steps show, one after the other, is what that program writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.sessions import Session, session
from support.sizes import TIMES
from support.workshop import CONFINED, Recorder, Workshop

from mkdocs_codeexec.core.sample import Links, Sample
from mkdocs_codeexec.languages import BUILTIN, open_languages
from mkdocs_codeexec.runtime.process import Children

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mkdocs_codeexec.core.outcome import StepResult

USUAL = 15
"""How many of each language are tried; 300 with `CODEEXEC_TEST_TIMES=20`."""


@pytest.fixture
def workshop(tmp_path: Path, environment_dir: Path) -> Iterator[Workshop]:
    tmp_path.chmod(0o755)
    with Children(**CONFINED) as children:
        yield Workshop(tmp_path, Recorder(children), environment_dir)


def steps_of(made: Session, workshop: Workshop) -> list[Sample]:
    found: list[Sample] = []
    for place, code in enumerate(made.steps):
        last = place == len(made.steps) - 1
        more: dict[str, Any] = {"links": Links(session="s"), "before": tuple(found), "last": last, "timeout": 20.0}
        found.append(workshop.sample(code, made.name, **more))
    return found


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(USUAL * TIMES))
@pytest.mark.parametrize("name", ["python", "bash", "sh"])
def test_a_session_is_one_program(workshop: Workshop, name: str, seed: int) -> None:
    """Streams, joined, and how it ends, are those of one file with all steps."""
    made = session(name, seed)
    language = open_languages(workshop.settings(scripts={name: BUILTIN[name]}), workshop.listener)[name]
    steps = steps_of(made, workshop)

    alone = workshop.execute(language, workshop.sample(made.program, name, timeout=20.0)).steps[-1]
    outcome = workshop.execute(language, steps[-1])
    parts = language.divide([language.plan(step) for step in steps], outcome)

    ends = [part.steps[-1] for part in parts if part is not None]
    assert len(steps) == len(ends)
    assert told(made, alone) == (
        ends[-1].ended,
        joined(made, [e.stdout for e in ends]),
        joined(made, [e.stderr for e in ends]),
    )


def told(made: Session, alone: StepResult) -> tuple[object, str, str]:
    """Return how the one program ended and what it wrote, with the places of steps."""
    return alone.ended, made.told(alone.stdout), made.told(alone.stderr)


def joined(made: Session, texts: list[str]) -> str:
    """Return what the steps have written, with the same names for places."""
    return "".join(made.numbered(text, place) for place, text in enumerate(texts))
