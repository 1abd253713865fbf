"""Sessions: one program, what it came to taken apart into what each of its steps came to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mkdocs_codeexec.core.outcome import Outcome


def divided(outcome: Outcome) -> Sequence[Outcome]:
    """Return what each step came to that was reached, by the parts of the run step; `outcome` itself if it has none.

    What was built for all steps stands with the first. All have what the program has read, and what it has left.
    """
    *before, last = outcome.steps
    if not last.parts:
        return (replace(outcome, steps=tuple(replace(step, parts=()) for step in outcome.steps)),)
    ended = (replace(last.parts[-1], ended=last.ended),)
    return tuple(
        replace(outcome, steps=(*(before if place == 0 else ()), replace(part, asked=last.asked, began=last.began)))
        for place, part in enumerate((*last.parts[:-1], *ended))
    )
