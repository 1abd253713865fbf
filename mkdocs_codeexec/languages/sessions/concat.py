"""Sessions of any other language: all steps as one file, with a statement between them that prints a mark."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.languages.sessions.naming import BEFORE, step_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mkdocs_codeexec.core.action import Marks

MARK = "{mark}"
"""Stands, in the statement of a configuration, for what it has to print on a line of its own."""


def files(file: str, codes: Sequence[str], marks: Marks, split: str) -> tuple[tuple[str, str], ...]:
    """Return the one file of the program."""
    statement = split.replace(MARK, marks.end()).rstrip("\n") + "\n"
    return ((file, statement.join(code.rstrip("\n") + "\n" for code in codes)),)


class Lines(NamedTuple):
    """The lines of a step in the file of its session.

    Attributes:
        before: How many come before it.
        length: How many it has.
    """

    before: int
    length: int


def lines(text: str, marks: Marks, split: str) -> tuple[Lines, ...]:
    """Return where the steps are in `text`, the file of a session."""
    found, before = [], 0
    statement = split.replace(MARK, marks.end()).rstrip("\n") + "\n"
    for step in text.split(statement):
        count = step.count("\n")
        found.append(Lines(before, count))
        before += count + statement.count("\n")
    return tuple(found)


def step_at(line: int, steps: Sequence[Lines]) -> int | None:
    """Return the place of the step that has the `line` of the file; None if a statement between two has it.

    A line behind the last one is the end of the file, of which some speak.
    """
    if line > steps[-1].before:
        return len(steps) - 1
    return next((at for at, one in enumerate(steps) if one.before < line <= one.before + one.length), None)


def _mention(file: str) -> re.Pattern[str]:
    return re.compile(rf"{BEFORE}(?:\./)?{re.escape(file)}(?P<between>\"?,? line |: line |:)(?P<line>\d{{1,9}})")


def named(text: str, file: str, steps: Sequence[Lines]) -> int | None:
    """Return the place of the step whose line `text` names first; None if it names none."""
    for found in _mention(file).finditer(text):
        at = step_at(int(found["line"]), steps)
        if at is not None:
            return at
    return None


def own_lines(place: int, file: str, steps: Sequence[Lines]) -> Callable[[str], str]:
    """Return what gives lines of the file, in text of the step at `place`, their numbers within the steps that they are of."""
    pattern = _mention(file)

    def put(found: re.Match[str]) -> str:
        line = int(found["line"])
        at = step_at(line, steps)
        if at is None:
            return found[0]
        name = file if at == place else step_name(at, file)
        return f"{name}{found['between']}{line - steps[at].before}"

    return lambda text: pattern.sub(put, text)
