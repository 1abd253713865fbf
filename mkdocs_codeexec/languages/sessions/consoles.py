"""Consoles: the commands of a fence, or of all fences of a session, as one program; what each writes is a part of its own."""

from __future__ import annotations

import functools
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core import consoles
from mkdocs_codeexec.core.action import Marks, digest
from mkdocs_codeexec.core.normalize import changed
from mkdocs_codeexec.core.sessions import divided
from mkdocs_codeexec.languages.sessions import python, shell
from mkdocs_codeexec.languages.sessions.naming import FOLDER, step_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mkdocs_codeexec.core.action import Action
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import ScriptSettings

_TELLING = re.compile(r"\bset\s+(?:-\w+\s+)*-\w*[xT]|\b(?:xtrace|functrace|trap)\b")
"""What has a shell say, or do, something about each command that it executes, those between two entries too."""
_TRAPPING = re.compile(r"\btrap\b")
_DEFINING = re.compile(r"\(\s*\)|\bfunction\b|\bsource\b|\beval\b|(?:^|[\s;&|({!])\.\s", re.MULTILINE)
"""Without it no command can make a function, which would be executed in the place of one that is used between two entries."""
_OWN_BUILTIN = re.compile(r"\bbuiltin\s*\(|\bfunction\s+builtin\b")
_BORROWED = re.compile(r"^from mkdocs_codeexec\.languages\.sessions\.interpreter import .*\n", re.MULTILINE)


def program(
    script: ScriptSettings, file: str, steps: Sequence[Sample], seconds: Sequence[float]
) -> tuple[tuple[tuple[str, str], ...], Marks]:
    """Return the files of the program that the commands of `steps` are, and where what it writes is taken apart.

    What is written under a command is no part of it. A fence without any command counts as one that does nothing.

    Args:
        script: Their language.
        file: What the file of a sample is called.
        steps: All of one session, in order, or a fence alone.
        seconds: How long each may take, and so each of its commands.
    """
    commands: list[str] = []
    times: list[float] = []
    for step, time in zip(steps, seconds, strict=True):
        console = consoles.parse(step.code, script.console, step.options.get("prompt", ""))
        found = [entry.command for entry in console.executed] or [""]
        commands += found
        times += [time] * len(found)
    given = tuple(step.given.digested for step in steps)
    seal = digest(("console", script.name, tuple(commands), given, steps[-1].last))[:32]
    marks = Marks(seal, tuple(times), 2 if steps[0].given.merged else 1)
    make = _python if script.console == "doctest" else _shell
    files = make(file, commands, marks, elsewhere=bool(steps[0].workdir))
    if not steps[-1].last:
        files = (*files, (f"{FOLDER}/goes-on", ""))
    return files, marks


def _shell(file: str, commands: Sequence[str], marks: Marks, *, elsewhere: bool) -> tuple[tuple[str, str], ...]:
    """Return the files for a shell: as those of a session, but that both streams are one, and any status goes on."""
    out, err = 62, 63
    gap, trapped, named = _has(_TELLING, commands), _has(_TRAPPING, commands), not _has(_DEFINING, commands)
    lines = [f"exec {out}>&1 {err}>&2 2>&1", "\\shopt -s expand_aliases"]
    builtin = "\\" if named or _has(_OWN_BUILTIN, commands) else "\\builtin "
    sources = [f"{builtin}. @/{step_file(place, file)}" for place in range(len(commands))]
    lines.append(sources[0])
    end = shell.writing(marks.start, out, err, '"$codeexec"', gap=gap, named=named)
    again = f'(codeexec="$?"; {end}; {shell.leaving(named=named)}) >/dev/null 2>&1'
    unset = f'codeexec="$codeexec:$({builtin}trap -p ERR)"; {builtin}trap - ERR'
    for source in sources[1:]:
        if trapped:
            lines.append(f'if {again}; then codeexec=0; else codeexec="$?"; fi; {unset}; {source}')
        else:
            lines.append(f"if {again}; then {source}; else {source}; fi")
    body = "\n".join(lines).replace("'", "'\\''")
    here = shell.beside(elsewhere=elsewhere)
    folder = f"'\\'''{here}''\\''"
    text = f"eval '{{ {body.replace('@', folder)}\n}}'\n"
    start = _RESET.format(builtin) if trapped else ""
    start += f"{shell.begin(marks, out, err, None, named=named, trapped=trapped)}\n" if gap else ""
    steps = [
        (step_file(place, file), (start if place else "") + command + "\n") for place, command in enumerate(commands)
    ]
    return ((file, text), *steps, *(((f"{FOLDER}/trap", _RESETTING.format(builtin)),) if trapped else ()))


_RESET = (
    '{{ {0}. "${{BASH_SOURCE%/*}}/trap" "${{codeexec%%:*}}" "${{codeexec#*:}}"; }} >/dev/null 2>&1'
    f"{shell.UNTRAPPED}; "
)
"""What a step begins with where a trap may be set for what fails: it would be set off once more by a step as a whole."""
_RESETTING = '{0}unset codeexec\n{0}eval "$2"\n{0}return "$1"\n'
"""What that executes: the trap is set again, `$?` is as it was, and no name is left."""


def _has(pattern: re.Pattern[str], commands: Sequence[str]) -> bool:
    return any(pattern.search(command) for command in commands)


def _python(file: str, commands: Sequence[str], marks: Marks, *, elsewhere: bool) -> tuple[tuple[str, str], ...]:
    """Return the files for Python: a driver that does with each command what an interactive interpreter does."""
    del elsewhere
    call = f"_driver['converse']([globals().pop('_driver'), globals()][1], {python.halves(marks)!r}, {len(commands)})\n"
    text = python.driving(driver(), call)
    return ((file, text), *((step_file(place, file), f"{command}\n") for place, command in enumerate(commands)))


@functools.cache
def driver() -> str:
    """Return the text of what executes commands of Python."""
    text = Path(__file__).with_name("interactive.py").read_text("utf-8")
    return python.driver() + _BORROWED.sub("", text.replace("from __future__ import annotations\n", "\n"))


def divide(script: ScriptSettings, steps: Sequence[Action], outcome: Outcome) -> Sequence[Outcome]:
    """Return what each fence came to that was reached: a step for each of its commands, in order.

    Args:
        script: Their language.
        steps: The Actions of the fences, in order.
        outcome: What the last of them came to.
    """
    change: Callable[[str], str] = _unchanged
    if script.console == "shell":
        untraced = shell.untraced(text for name, text in steps[-1].files if name.startswith(f"{FOLDER}/"))
        change = _then(_called, untraced)
    parts = [changed(step, change) for part in divided(outcome) for step in part.steps]
    found: list[Outcome] = []
    begun = 0
    for action in steps:
        end = _count(action)
        if begun >= len(parts):
            break
        found.append(replace(outcome, steps=tuple(parts[begun:end])))
        begun = end
    return found


def _count(action: Action) -> int:
    run = action.step("run")
    assert run is not None, "consoles run"
    assert run.marks is not None, "and what they write is marked"
    return len(run.marks.seconds)


_FILE = re.compile(rf"(?<![\w/])(?:\.\.?/)?{re.escape(FOLDER)}/step-\d+\.sh: (?:line \d+: )?")


def _called(text: str) -> str:
    """Return `text` with what an interactive shell writes before its messages."""
    return _FILE.sub("bash: ", text) if FOLDER in text else text


def _unchanged(text: str) -> str:
    return text


def _then(first: Callable[[str], str], second: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: second(first(text))
