"""Programs of local packages, as samples in other languages find them: which samples get them, and how they are told of."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.hidden import runnable

if TYPE_CHECKING:
    from mkdocs_codeexec.core.action import Action
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import ScriptSettings

GIVEN = "binaries"
"""The input of an Action that gets them: their names."""
CALLED = "binaries.called"
"""The input of an Action that cannot do without: the names that it calls."""
SHOWN = "target/debug"
"""What the folder that they are in is called where somebody reads of it: as if cargo had been asked by hand."""
LETTER = "b"
"""The letter of a look-up of one of them, by its name (`runtime.observed.asked`)."""
_SHELLS = frozenset({"ash", "bash", "dash", "fish", "ksh", "sh", "zsh"})
_BEFORE = (
    r"(?:^[ \t]*(?:[$#%>][ \t]+)?|[;&|({!`][ \t]*|\b(?:then|do|else|elif|if|while|until|exec|sudo|time|env|xargs|command|nohup)[ \t]+)"
    r"(?:\w{1,64}=\S{0,256}[ \t]+){0,8}"
)
"""What stands before a command in a shell: the start of a line, a prompt, an operator or a word like `then`, assignments.

So many and so long ones at most, or a text with many beginnings would take quadratic time."""


def inputs(sample: Sample, script: ScriptSettings, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the inputs that say which programs `sample` gets: all of `names`, or none.

    It gets them if it names one, or if it is a sample of a shell that starts what is in other files: those of the project, or
    what others have left. It is a function of what its author wrote, so it is the same in every build.
    """
    if not names:
        return ()
    steps = (*sample.before, sample)
    required = {word.partition(":")[2] for step in steps for word in step.links.requires if word.startswith("tool:")}
    text = "\n".join(_texts(steps))
    shell = is_shell(script)
    called = {name for name in names if name in required or _calls(name, shell=shell).search(text)}
    starts = shell and any(step.workdir or step.given.left for step in steps)
    named = shell and any(_names(name).search(text) for name in names)
    if not called and not named and not starts:
        return ()
    found = ((GIVEN, " ".join(sorted(names))),)
    return (*found, (CALLED, " ".join(sorted(called)))) if called else found


def gets(action: Action) -> bool:
    """Tell whether `action` gets them."""
    return any(name == GIVEN for name, _ in action.inputs)


def calls(action: Action) -> tuple[str, ...]:
    """Return the names of those that `action` cannot do without."""
    return tuple(word for name, words in action.inputs if name == CALLED for word in words.split())


def is_shell(script: ScriptSettings) -> bool:
    """Tell whether samples of a language are commands."""
    if script.console:
        return script.console == "shell"
    return script.session == "shell" or PurePath(script.command[0]).name in _SHELLS


def observed(asked: Iterable[str], folder: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return the look-ups `asked` with those in `folder` made look-ups of programs; what is not there is in the key.

    Without a folder, all have been missed.
    """
    known = set(names)
    if not folder:
        return (*asked, *(LETTER + name for name in known))
    found: dict[str, None] = {}
    for item in asked:
        if item[1:] == folder or item.startswith(f"{folder}/", 1):
            name = item[len(folder) + 2 :].partition("/")[0].partition("\n")[0]
            if name in known:
                found[LETTER + name] = None
        else:
            found[item] = None
    return tuple(found)


def _texts(steps: Sequence[Sample]) -> Iterator[str]:
    for step in steps:
        yield runnable(step.code, step.hiding)
        yield from (text for _, text in step.given.files)
        yield from step.given.args
        yield from (value for _, value in step.given.env)
        yield step.given.stdin or ""


@functools.lru_cache(maxsize=256)
def _names(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")


@functools.lru_cache(maxsize=256)
def _calls(name: str, *, shell: bool) -> re.Pattern[str]:
    """Return what finds a call of `name`: as a command of a shell, or as the first word of a string."""
    if shell:
        return re.compile(rf"{_BEFORE}{re.escape(name)}(?=$|[\s;&|)}}<>`])", re.MULTILINE)
    return re.compile(rf"""["'`]{re.escape(name)}(?=["'`\s])""")
