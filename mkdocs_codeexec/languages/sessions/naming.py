"""What the files of a session's steps are called, and what stands for them in output."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.normalize import START

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = ".session"
"""Where the steps are among the files of a program. It is beside the working directory, where nobody finds it who lists that."""


BEFORE = rf"(?:{START}|(?<![\w/]))"
"""Before the name of a file: nothing that could belong to it; but the end of a colour may be there, which is a letter."""


def step_file(place: int, file: str) -> str:
    """Return the name of the file of the step at `place`, from zero, in a language whose samples are called `file`."""
    return f"{FOLDER}/{step_name(place, file)}"


def step_name(place: int, file: str) -> str:
    """Return what that step is called by other steps."""
    _, dot, extension = file.partition(".")
    return f"step-{place + 1}{dot}{extension}"


def own_names(place: int, file: str) -> Callable[[str], str]:
    """Return what gives the files of steps, in text of the step at `place`, the names that readers know.

    Its own is called as that of a sample which stands alone; those of others are called by their number.
    """
    _, dot, extension = file.partition(".")
    name = rf"(?:\.\.?/)?{re.escape(FOLDER)}/step-(\d+){re.escape(dot + extension)}"
    # dash writes both the file of the program and the one that it reads.
    pattern = re.compile(rf"(?:{re.escape(file)}(: \d+: ){name}(?=: ))|{BEFORE}{name}(?![\w.])")

    def called(number: str) -> str:
        return file if int(number) == place + 1 else step_name(int(number) - 1, file)

    def put(found: re.Match[str]) -> str:
        if found[1]:
            return f"{called(found[2])}{found[1][:-2]}"
        return called(found[3])

    return lambda text: pattern.sub(put, text) if FOLDER in text else text
