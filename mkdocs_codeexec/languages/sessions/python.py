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
def _driver() -> str:
    text = Path(__file__).with_name("interpreter.py").read_text("utf-8")
    return text.replace("from __future__ import annotations\n", "\n")


def files(file: str, codes: Sequence[str], marks: Marks, expected: Sequence[int | None]) -> tuple[tuple[str, str], ...]:
    """Return the files of the program: the driver in the place of the sample, and the steps."""
    start = marks.start
    halves = start[: len(start) // 2], start[len(start) // 2 :]
    text = (
        f"exec(compile({_driver()!r}, {_INTERNAL!r}, 'exec', {_ANNOTATIONS}), _driver := {{'__name__': 'session'}})\n"
        f"_driver['run']([globals().pop('_driver'), globals()][1], {halves!r}, {tuple(expected)!r})\n"
    )
    return ((file, text), *((step_file(place, file), code) for place, code in enumerate(codes)))
