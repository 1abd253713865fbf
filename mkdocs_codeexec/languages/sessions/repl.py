"""Consoles of interpreters that are talked to: one that reads commands, and shows a prompt when it waits for the next.

The prompt that it shows is a mark, which nobody can guess, so that what it has printed is taken apart at its prompts. It
is given each command when it has shown its prompt after the one before, as somebody does who types; what it prints for
the first prompt (a banner) and behind the last one is nobody's.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from mkdocs_codeexec.core import consoles, terminals
from mkdocs_codeexec.core.action import Marks, digest
from mkdocs_codeexec.core.normalize import changed
from mkdocs_codeexec.core.outcome import Exited
from mkdocs_codeexec.core.sample import Given
from mkdocs_codeexec.core.sessions import divided
from mkdocs_codeexec.core.settings import MORE, PROMPT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mkdocs_codeexec.core.action import Action, Step
    from mkdocs_codeexec.core.outcome import Outcome, StepResult
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import ReplSettings, ScriptSettings

_PASTES = re.compile(r"\x1b\[\?2004[hl]\r?")
"""With which editors of lines tell a terminal that they wait for one, and no more: readline writes it around each."""


def commands(repl: ReplSettings, step: Sample) -> list[str]:
    """Return what is executed of a fence."""
    console = consoles.parse(step.code, "repl", step.options.get("prompt", ""), repl.dialect)
    return [entry.command for entry in console.executed]


def program(
    script: ScriptSettings, repl: ReplSettings, file: str, steps: Sequence[Sample], seconds: Sequence[float]
) -> tuple[tuple[tuple[str, str], ...], Marks, tuple[str, ...]]:
    """Return the files of the interpreter, where what it writes is taken apart, and what it is told, turn by turn.

    Args:
        script: Their language.
        repl: How its interpreter is talked to.
        file: What the file of a sample is called.
        steps: All of one session, in order, or a fence alone.
        seconds: How long each may take, and so each of its commands.
    """
    told: list[str] = []
    times = [seconds[0]]
    for step, time in zip(steps, seconds, strict=True):
        found = commands(repl, step)
        told += found
        times += [time] * len(found)
    given = tuple(step.given.digested for step in steps)
    seal = digest(("repl", script.name, tuple(told), given, repl.start, repl.mark, steps[-1].last))[:32]
    tries = _tries(repl, steps[0])
    marks = Marks(seal, (*times, *[seconds[0]] * tries, seconds[-1]))
    start, mark = _filled(repl, repl.start, marks), _filled(repl, repl.mark, marks)
    in_file = any("{file}" in word for word in script.command)
    first = [f"{start}\n"] if start and not in_file else [""]
    after = f"{mark}\n" if mark else ""
    turns = tuple(f"{turn}{after}" for turn in (*first, *["\n"] * tries, *(f"{one}\n" for one in told)))
    return ((file, f"{start}\n"),) if in_file else (), marks, turns


def _tries(repl: ReplSettings, first: Sample) -> int:
    """Return how many empty lines are typed before the first command: one on a terminal, to see what a line leaves there."""
    return int(repl.terminal or first.given.terminal)


def _filled(repl: ReplSettings, text: str, marks: Marks) -> str:
    """Return `text` with the prompts of a program; what is printed instead of one ends a line."""
    return text.replace(PROMPT, marks.end() if repl.mark else marks.prompt).replace(MORE, marks.more)


def talking(repl: ReplSettings, run: Step, marks: Marks, turns: tuple[str, ...]) -> Step:
    """Return the step `run` of a program that is told `turns`: both streams are one."""
    columns = run.columns or (terminals.columns(Given(terminal=True), dict(run.env)) if repl.terminal else 0)
    env = tuple((name, _filled(repl, value, marks)) for name, value in run.env)
    argv = tuple(_filled(repl, word, marks) for word in run.argv)
    return replace(run, argv=argv, env=env, stdin=None, turns=turns, marks=marks, merged=True, columns=columns)


def divide(repl: ReplSettings, steps: Sequence[Action], outcome: Outcome) -> list[Outcome]:
    """Return what each fence came to that was reached: a step for each of its commands, in order.

    Args:
        repl: How the interpreter is talked to.
        steps: The Actions of the fences, in order.
        outcome: What the last of them came to.
    """
    whole = _run(steps[-1])
    tries = int(whole.columns > 0)
    told = whole.turns[1 + tries :]
    parts = [changed(step, _without_pastes) for part in divided(outcome) for step in part.steps]
    spoken = _of_commands(parts, 1 + tries, len(told))
    if tries and len(spoken) < len(parts) and parts[1].stdout.strip("\n") == "":
        spoken = _without_ends(repl, spoken, told, parts[1].stdout)
    found: list[Outcome] = []
    begun = 0
    for action in steps:
        end = len(_run(action).turns) - 1 - tries
        if begun and begun >= len(spoken):
            break
        found.append(replace(outcome, steps=tuple(spoken[begun:end])))
        begun = end
    return found


def _run(action: Action) -> Step:
    run = action.step("run")
    assert run is not None, "consoles run"
    return run


def _of_commands(parts: Sequence[StepResult], before: int, count: int) -> list[StepResult]:
    """Return the parts that are of commands, of which there are `count`, behind the parts `before` them."""
    found = list(parts[before:])
    if not found:  # it has shown no prompt
        return [] if parts[-1].ended == Exited(0) else [parts[-1]]
    if len(found) <= count:  # the last of these has ended it
        return found
    *found, after = found
    if found and not isinstance(after.ended, Exited):
        found[-1] = replace(found[-1], ended=after.ended)
    return found


def _without_ends(repl: ReplSettings, parts: Sequence[StepResult], told: Sequence[str], tried: str) -> list[StepResult]:
    """Return `parts` without the ends of lines that an editor of lines writes for each that is typed.

    Args:
        repl: How the interpreter is talked to.
        parts: What it has printed.
        told: What was typed for each of these.
        tried: What it has printed for an empty line.
    """
    last = repl.mark.count("\n") + 1 if repl.mark else 0
    each = len(tried) // (1 + last)
    found = []
    for part, turn in zip(parts, told, strict=False):
        text = part.stdout.removeprefix("\n" * (each * (turn.count("\n") - last)))
        found.append(replace(part, stdout=text.removesuffix("\n" * (each * last))))
    return found


def _without_pastes(text: str) -> str:
    return _PASTES.sub("", text) if "\x1b[?2004" in text else text
