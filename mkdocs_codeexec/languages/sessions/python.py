"""Sessions of Python: one interpreter, each step compiled under its own name and lines; and values of samples."""

from __future__ import annotations

import functools
import marshal
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec import rich_display
from mkdocs_codeexec.languages.sessions.naming import step_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mkdocs_codeexec.core.action import Marks

_INTERNAL = "<importlib._bootstrap: session>"
"""The name of the driver's code. `warnings` and `logging` pass over frames of files whose names hold these words."""


_ANNOTATIONS = 0x1000000
"""`__future__.annotations`: imported, it would be a module that samples see."""

_PIECES = "<importlib._bootstrap: pieces>"
"""The same of what shows values, as the driver calls it where it compiles that."""


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
    return f"exec({_compiling(text)}, _driver := {{'__name__': 'session'}})\n{call}"


@functools.cache
def _compiling(text: str) -> str:
    """Return the expression that is the code of the driver with this text."""
    return f"compile({text!r}, {_INTERNAL!r}, 'exec', {_ANNOTATIONS})"


def compiled(program: str, drivers: Sequence[str]) -> str:
    """Return `program` with the code of its driver in it, and of what shows values, instead of their texts.

    It does the same, without what it takes to compile them, which is longer than Python's own start. The driver replaces or
    removes its file before the first step begins, so no sample sees what stands in it. Which text is executed is in a
    sample's key; the code is one interpreter's own, so it is in no key, and is put there for the run alone.

    Args:
        program: A driver and what it is called with.
        drivers: The texts that the driver may have.
    """
    for text in drivers:
        if program.startswith(f"exec({(expression := _compiling(text))}"):
            return program.replace(expression, _code_of(text, _INTERNAL, _ANNOTATIONS), 1).replace(
                _shown(), _code_of(rich_display.text("pieces"), _PIECES, 0), 1
            )
    return program


@functools.cache
def _code_of(text: str, name: str, flags: int) -> str:
    """Return the expression that is the code of `text` for the interpreter that runs this."""
    code = marshal.dumps(compile(text, name, "exec", flags, dont_inherit=True))
    return f"__import__('marshal').loads({code!r})"


@functools.cache
def _shown() -> str:
    """Return the literal that is the text of what shows values."""
    return repr(rich_display.text("pieces"))


def files(
    file: str, codes: Sequence[str], marks: Marks, expected: Sequence[int | None], values: Sequence[bool]
) -> tuple[tuple[str, str], ...]:
    """Return the files of the program: the driver in the place of the sample, and the steps."""
    text = _program(halves(marks), tuple(expected), tuple(values), None)
    return ((file, text), *((step_file(place, file), code) for place, code in enumerate(codes)))


def alone(file: str, code: str) -> tuple[tuple[str, str], ...]:
    """Return the file of a sample that shows the value of its last expression: the driver, in which the sample is."""
    return ((file, _program(("", ""), (), (True,), code.encode("utf-8", "surrogatepass"))),)


def _program(
    halves: tuple[str, str], expected: tuple[int | None, ...], values: tuple[bool, ...], code: bytes | None
) -> str:
    pieces = _shown() if any(values) else "''"
    call = (
        "_driver['run']([globals().pop('_driver'), globals()][1], "
        f"{halves!r}, {expected!r}, {values!r}, {pieces}, {code!r})\n"
    )
    return driving(driver(), call)
