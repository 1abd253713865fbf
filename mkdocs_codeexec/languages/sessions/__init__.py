"""Sessions of scripts: the steps of a page as one program, and what it writes taken apart again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.action import OUTPUT_LIMIT, Marks, digest
from mkdocs_codeexec.core.expectation import Raises, Succeeds
from mkdocs_codeexec.core.normalize import changed
from mkdocs_codeexec.core.outcome import Exited, TimedOut, counted
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.core.sample import Given
from mkdocs_codeexec.core.sessions import divided
from mkdocs_codeexec.languages.sessions import concat, consoles, python, repl, shell
from mkdocs_codeexec.languages.sessions.naming import FOLDER as FOLDER
from mkdocs_codeexec.languages.sessions.naming import own_names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mkdocs_codeexec.core.action import Action
    from mkdocs_codeexec.core.outcome import Outcome, StepResult
    from mkdocs_codeexec.core.protocols import Narrator
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import ScriptSettings

alone = python.alone
_NOTHING = Given()
_GIVEN = {
    "stdin": "stdin",
    "args": "args",
    "env": "env",
    "network": "network",
    "files": "needs",
    "left": "needs",
    "terminal": "tty",
    "merged": "show",
}
"""What a program has from its start, and what asks for it."""


def joined(
    script: ScriptSettings, file: str, steps: Sequence[Sample], seconds: Sequence[float], action: Action
) -> tuple[Action, Marks]:
    """Return the program that `steps` are, up to the last of them, and where what it writes is taken apart.

    Args:
        script: Their language.
        file: What the file of a sample is called.
        steps: All of one session, in order, from the first one on.
        seconds: How long each may take.
        action: What would be executed for the first one alone.
    """
    *build, run = action.steps
    if script.repl:
        files, marks, turns = repl.program(script, script.repl, file, steps, seconds)
        run = repl.talking(script.repl, run, marks, turns)
    else:
        files, marks = _program(script, file, steps, seconds)
    cpu = run.limits.cpu
    limits = replace(run.limits, cpu=None if cpu is None else cpu * len(steps))
    whole = replace(
        action,
        files=tuple(sorted({**dict(steps[0].given.files), **dict(files)}.items())),
        steps=(*build, replace(run, limits=limits, marks=marks)),
        output_limit=len(steps) * OUTPUT_LIMIT,
        left=steps[0].given.left,
    )
    return whole, marks


def _program(
    script: ScriptSettings, file: str, steps: Sequence[Sample], seconds: Sequence[float]
) -> tuple[tuple[tuple[str, str], ...], Marks]:
    if script.console:
        return consoles.program(script, file, steps, seconds)
    codes = tuple(step.code for step in steps)
    given = tuple(step.given.digested for step in steps)
    values = tuple(step.value for step in steps)
    times = 2 if steps[0].given.merged and script.session != "concat" else 1
    marks = Marks(digest(("session", script.name, codes, given, steps[-1].last, values))[:32], tuple(seconds), times)
    expected = tuple(_status(step) for step in steps[:-1])
    if script.session == "python":
        files = python.files(file, codes, marks, expected, values)
    elif script.session == "shell":
        files = shell.files(file, codes, marks, expected, deep=script.name != "sh", elsewhere=bool(steps[0].workdir))
    else:
        files = concat.files(file, codes, marks, script.split)
    if not steps[-1].last:  # what one prints at its end, none does that goes on
        files = (*files, (".session/goes-on", ""))
    return files, marks


def compiled(text: str) -> str:
    """Return the program of a session of Python, or of a console, with its driver compiled; any other text as it is."""
    return python.compiled(text, (python.driver(), consoles.driver()))


def tell(result: StepResult, language: str, narrator: Narrator) -> None:
    """Say which steps have left threads."""
    for place, part in enumerate(result.parts, 1):
        if part.going_on:
            threads = counted(part.going_on, "thread")
            narrator.say(
                f"`{language}`: step {place} of a session leaves {threads} that may go on; "
                "what they print stands under the step that is current then"
            )


def divide(script: ScriptSettings, file: str, steps: Sequence[Action], outcome: Outcome) -> Sequence[Outcome | None]:
    """Return what each step came to, in the words of a sample that stands alone.

    Args:
        script: Their language.
        file: What the file of a sample is called.
        steps: The Actions of the steps, in order.
        outcome: What the last of them came to.
    """
    if script.repl:
        return repl.divide(script.repl, steps, outcome)
    if script.console:
        return consoles.divide(script, steps, outcome)
    if script.session == "concat":
        return _of_one_file(script, file, steps, outcome)
    told = [_told(one, own_names(place, file)) for place, one in enumerate(divided(outcome))]
    if script.session == "shell" and script.name != "sh":  # which hardly ever is bash, and others trace otherwise
        untraced = shell.untraced(text for name, text in steps[-1].files if name != file)
        told = [_told(one, untraced) for one in told]
    return told


def hint(script: ScriptSettings, outcome: Outcome) -> str:
    """Return how it is written that the last command of `outcome`, one of a console, ends as it did."""
    ended = outcome.steps[-1].ended
    if script.repl and isinstance(ended, TimedOut):
        return (
            "it may wait for more of the command, whose further lines begin as the configuration says (`continuations`)"
        )
    if script.repl and ended == Exited(0):
        return "if it should, write what it prints under it"
    if not isinstance(ended, Exited) or not ended.code:
        return ""
    if script.repl:
        return f'if the last command should end so, write `exit="{ended.code}"` behind the backticks'
    if script.console == "doctest":
        return "if it should, write the traceback under it"
    return f"if it should, write `? {ended.code}` on the line behind it"


def _of_one_file(
    script: ScriptSettings, file: str, steps: Sequence[Action], outcome: Outcome
) -> Sequence[Outcome | None]:
    action = steps[-1]
    run = action.step("run")
    assert run is not None, "steps of a session run"
    assert run.marks is not None, "and what they write is marked"
    lines = concat.lines(dict(action.files)[file], run.marks, script.split)
    if outcome.step("run") is None:
        last = len(steps) - 1
        return [*[None] * last, _told(outcome, concat.own_lines(last, file, lines))]
    found = divided(outcome)
    place = 0
    if len(found) == 1 and not found[0].steps[-1].stdout and found[0].steps[-1].ended != Exited(0):
        # It has not begun at all, perhaps because of a later step.
        place = concat.named(found[0].steps[-1].errors, file, lines) or 0
    told = [_told(one, concat.own_lines(at, file, lines)) for at, one in enumerate(found, place)]
    return [*[None] * place, *told]


def _told(outcome: Outcome, change: Callable[[str], str]) -> Outcome:
    return replace(outcome, steps=tuple(changed(step, change) for step in outcome.steps))


def objection(steps: Sequence[Sample]) -> Unavailability | None:
    """Return why `steps` cannot be one program; None if they can.

    What a program is given it has from its start, and the first step says what. A later one may say the same again.
    """
    first = steps[0]
    for place, step in enumerate(steps[1:], 2):
        said = [("workdir", step.workdir, first.workdir, first.workdir)]
        for field, word in _GIVEN.items():
            own, had = getattr(step.given, field), getattr(first.given, field)
            wide = field == "env" and own != had and _but_width(own) == _but_width(had)
            said.append(("width" if wide else word, own, had, getattr(_NOTHING, field)))
        for word, own, had, nothing in said:
            if own not in (nothing, had):
                return Unavailability(
                    f"step {place} of the session has a `{word}` that is not the one of its first step",
                    "a session is one program, which has it from its start: write it at the first fence of the session",
                )
    return None


def _but_width(env: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [pair for pair in env if pair[0] != "COLUMNS"]


def _status(step: Sample) -> int | None:
    """Return the status with which the program goes on after `step`; None for any."""
    if isinstance(step.expectation, Raises):
        return 1  # whatever is raised: which exception that is, is judged
    return step.expectation.code if isinstance(step.expectation, Succeeds) else 0
