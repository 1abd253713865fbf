"""Consoles that are verified: what is to stand under their commands."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.comparing import Line
from mkdocs_codeexec.core.consoles import ForeignCommandError, parse, rewritten
from mkdocs_codeexec.core.conversing import fitting, judged, spoken
from mkdocs_codeexec.core.expectation import Converses, Met, verdict_reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.sample import Sample


def is_verified(sample: Sample) -> bool:
    """Tell whether what stands under the commands of `sample` is compared, and not replaced."""
    return isinstance(sample.expectation, Converses) and sample.expectation.verify and not sample.ignored


def promoted(sample: Sample, outcome: Outcome) -> tuple[tuple[Line, ...], str]:
    """Return the lines that are to stand in a console that printed something else than is written.

    Returns:
        The lines, and why they are not to be written: it went otherwise in another way, too, or output would be taken for
        a command.
    """
    said = sample.expectation
    assert isinstance(said, Converses), "it is a console"
    ended = judged(replace(said, verify=False), outcome)
    if not isinstance(ended, Met):  # an exception that is written would be one that is expected
        return (), verdict_reason(ended)
    outputs = [
        None if result is None else fitting(said, entry, result) for entry, result in spoken(said.console, outcome)
    ]
    try:
        text = rewritten(said.console, outputs)
    except ForeignCommandError as error:
        return (), str(error)
    verdict = judged(_reading(sample, text), outcome)
    if not isinstance(verdict, Met):
        return (), getattr(verdict, "reason", "it did not go as it is written")
    return _lines(sample.code.split("\n"), text.split("\n")), ""


def repeats(sample: Sample, lines: Sequence[Line], second: Outcome | None) -> bool:
    """Tell whether what is to be written is what was printed once more."""
    text = "\n".join(line.text for line in lines)
    return second is not None and isinstance(judged(_reading(sample, text), second), Met)


def _reading(sample: Sample, text: str) -> Converses:
    said = sample.expectation
    assert isinstance(said, Converses), "it is a console"
    return replace(said, console=parse(text, said.console.kind, said.console.prompt, said.console.dialect))


def _lines(old: Sequence[str], new: Sequence[str]) -> tuple[Line, ...]:
    found = [Line(text) for text in new]
    for block in difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        for at in range(block.size):
            found[block.b + at] = Line(new[block.b + at], block.a + at + 1)
    return tuple(found)
