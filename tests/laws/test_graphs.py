"""No outcome is stale, whatever is edited in samples that build on each other: a store answers as no store would."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from support.graphs import Chained, Lines
from support.sizes import TIMES

from mkdocs_codeexec.core.expectation import verdict_name

if TYPE_CHECKING:
    from mkdocs_codeexec.core.resolved import Resolved


def told(answers: list[Resolved]) -> list[tuple[str, tuple[str, ...]]]:
    return [
        (verdict_name(one.verdict), tuple(step.stdout for step in one.outcome.steps) if one.outcome else ())
        for one in answers
    ]


@pytest.mark.parametrize("seed", range(4))
def test_a_store_answers_as_no_store_would(seed: int) -> None:
    """Graphs of up to twelve samples; lines are edited, needs come and go, some fail; each time both are asked."""
    chance = random.Random(seed)
    for _ in range(40 * TIMES):
        with_store, lines = Chained(), Lines(chance)
        for _ in range(5):
            samples = lines.samples()
            answers = with_store.resolve(samples)
            alone = Chained()
            assert told(alone.resolve(samples)) == told(answers), lines
            assert set(with_store.executed) <= set(alone.executed), lines
            with_store.executed.clear()
            lines.edit()


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_executed_in_vain(seed: int) -> None:
    """What was executed once is not executed again: neither in the next build, nor when an edit is taken back."""
    chance = random.Random(seed)
    for _ in range(25 * TIMES):
        chained, lines = Chained(), Lines(chance)
        seen: set[tuple[str, str]] = set()
        for _ in range(6):
            chained.resolve(lines.samples())
            assert not seen & set(chained.executed), lines
            assert len(chained.executed) == len(set(chained.executed)), lines
            seen |= set(chained.executed)
            chained.executed.clear()
            lines.edit()
