"""Sessions of Python: one interpreter, each step compiled under its own name and lines."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.languages.sessions.naming import step_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mkdocs_codeexec.core.action import Marks

_INTERNAL = "<importlib._bootstrap: session>"
"""The name of the driver's code. `warnings` and `logging` pass over frames of files whose names hold these words."""


_ANNOTATIONS = 0x1000000
"""`__future__.annotations`: imported, it would be a module that samples see."""


@functools.cache
def driver() -> str:
    """Return the text of what executes the steps."""
    text = Path(__file__).with_name("interpreter.py").read_text("utf-8")
    return text.replace("from __future__ import annotations\n", "\n")


def halves(marks: Marks) -> tuple[str, str]:
    """Return what marks begin with in two halves: nobody who prints the text of the program prints a mark."""
    start = marks.start
    return start[: len(start) // 2], start[len(start) // 2 :]


def driving(text: str, call: str) -> str:
    """Return the program that makes `_driver` of the text of a driver, and then does what `call` says."""
    return (
        f"exec(compile({text!r}, {_INTERNAL!r}, 'exec', {_ANNOTATIONS}), _driver := {{'__name__': 'session'}})\n{call}"
    )


def files(file: str, codes: Sequence[str], marks: Marks, expected: Sequence[int | None]) -> tuple[tuple[str, str], ...]:
    """Return the files of the program: the driver in the place of the sample, and the steps."""
    call = f"_driver['run']([globals().pop('_driver'), globals()][1], {halves(marks)!r}, {tuple(expected)!r})\n"
    text = driving(driver(), call)
    return ((file, text), *((step_file(place, file), code) for place, code in enumerate(codes)))
