"""Steps of a session in one interpreter: what runs in place of the file of a sample, the text of which is put into it.

A sample that shows the value of its last expression is the one step of a program, and sees nothing of it either.

It has names of its own, so that a step sees nothing of it, and imports nothing that Python has not imported by itself.
"""

# ruff: noqa: S102, BLE001, PTH105, PTH120, PTH123 - it is the program of the samples, in their own directory
from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_TREE = 0x400
"""`ast.PyCF_ONLY_AST`"""
_AWAIT = 0x2000
"""`ast.PyCF_ALLOW_TOP_LEVEL_AWAIT`"""
_COROUTINE = 0x80
"""`inspect.CO_COROUTINE`"""
_FUTURE = 0x1FE0000
"""What `from __future__ import …` sets in `co_flags`."""
_FREE = (1000, 200)
"""Descriptors that programs leave alone, from here on: the first that the system allows."""
_QUIET = 0x7FFFC0DE
"""With this descriptor nobody observes that a file is opened (`supervising.observing`); absolute paths need none."""
_PIECES = "<importlib._bootstrap: pieces>"
"""What the code that shows values is called: `warnings` and `logging` pass over its frames."""
_STEPS = ".session"
"""The folder of the steps, beside the working directory."""


class Driver:
    """Runs the steps.

    Args:
        names: Those of `__main__`.
        mark: What begins a mark, in two halves: nobody who prints this text prints a mark.
        expected: The status with which a step goes on to the next one, for all but the last; None is any.
        values: Of which steps the value of the last expression is shown.
        pieces: The text of what shows them (`rich_display`), or its code.
        alone: The text of a sample that is no step of a session; None where there are steps.
    """

    def __init__(
        self,
        names: dict[str, Any],
        mark: tuple[str, str],
        expected: tuple[int | None, ...],
        values: tuple[bool, ...],
        pieces: Any,
        alone: bytes | None,
    ) -> None:
        self.names = names
        self.mark = mark
        self.expected = expected
        self.pid = os.getpid()
        self.flags = _AWAIT if alone is None else 0
        self.loop: Any = None
        self.sources: list[bytes] = [] if alone is None else [alone]
        self.streams = [_Stream(number) for number in (1, 2)] if alone is None else []
        self.values = values
        self.pieces = _executed(pieces) if any(values) else {}
        folder = os.path.dirname(os.path.dirname(names["__file__"]))
        steps = [f"{folder}/{_STEPS}/step-{number + 1}.py" for number in range(len(expected) + 1)]
        self.paths = steps if alone is None else [names["__file__"]]

    def furnish(self) -> None:
        """Have the file of the program hold all steps: that is what is read by who starts it once more (`multiprocessing`)."""
        alone = bool(self.sources)
        self.sources += map(_read, self.paths if not alone else ())
        name = f"{self.names['__file__']}.new"
        with open(name, "wb") as file:
            whole = b"".join(source.rstrip(b"\n") + b"\n" for source in self.sources)
            file.write(self.sources[0] if alone else whole)
        os.replace(name, self.names["__file__"])

    def end(self, status: int) -> None:
        """Write what is buffered, and the mark of the end of a step."""
        flush()
        if os.getpid() != self.pid:
            return  # a copy, which goes on as copies do
        thread = sys.modules.get("_thread")
        going_on = 0 if thread is None else min(thread._count(), 9999)  # noqa: SLF001 - documented nowhere, and there since Python 2
        text = f"{''.join(self.mark)}{status}-{going_on}.\n".encode()
        for stream in reversed(self.streams):
            stream.write(text)

    def step(self, place: int) -> None:
        """Execute the step at `place`, and show the value of its last expression if that is asked for."""
        source, path = self.sources[place], self.paths[place]
        if not self.values[place]:
            code = self.compiled(source, path, "exec")
            self.execute(code)
            return
        tree = compile(source, path, "exec", self.flags | _TREE, dont_inherit=True)
        last = _last(tree, source)
        code = self.compiled(tree, path, "exec")
        value = self.compiled(last, path, "eval") if last is not None else None
        self.execute(code)
        if value is not None:
            self.pieces["show"](self.execute(value))
        self.pieces["show_figures"](close=True)

    def compiled(self, source: Any, path: str, mode: str) -> Any:
        """Return the code of `source`; what it imports from the future is so in what comes after it."""
        code = compile(source, path, mode, self.flags, dont_inherit=True)
        self.flags |= code.co_flags & _FUTURE
        return code

    def execute(self, code: Any) -> Any:
        """Execute `code`, in the names of the program, and return its value."""
        self.names.pop("__warningregistry__", None)  # it knows warnings by their line, which each step has
        if not code.co_flags & _COROUTINE:
            return eval(code, self.names)  # noqa: S307
        import asyncio

        if self.loop is None:
            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)
        return self.loop.run_until_complete(eval(code, self.names))  # noqa: S307


def _read(path: str) -> bytes:
    """Return what is in a file of the program, which is nothing that a sample has looked for."""
    with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=_QUIET), "rb") as file:
        return file.read()


def _executed(module: Any) -> dict[str, Any]:
    """Return the names of the module with this text, or this code."""
    names: dict[str, Any] = {}
    code = compile(module, _PIECES, "exec", dont_inherit=True) if isinstance(module, str) else module
    exec(code, names)
    return names


def _last(tree: Any, source: bytes) -> Any:
    """Take the last statement out of `tree` if it is an expression with no `;` behind it; return that, or None."""
    import _ast

    value: Any
    if not tree.body or not isinstance(tree.body[-1], _ast.Expr):
        return None
    value = tree.body[-1].value
    first, *rest = source.splitlines()[value.end_lineno - 1 :]
    if any(b";" in line.partition(b"#")[0] for line in (first[value.end_col_offset :], *rest)):
        return None
    tree.body.pop()
    return _ast.Expression(value)


def run(*given: Any) -> None:
    """Run all steps, as one program would; what is `given` is what a `Driver` takes."""
    driver = Driver(*given)
    driver.furnish()
    expected = driver.expected
    del given
    for place, path in enumerate(driver.paths):
        status, leave = 0, None
        try:
            driver.step(place)
        except SystemExit as error:
            status, leave = _status(error), error
        except BaseException as error:
            status, leave = 1, SystemExit(1)
            _tell(error, path)
        if place == len(expected) or expected[place] not in (status, None):
            if leave is not None or status:
                raise leave or SystemExit(status)
            return
        if isinstance(leave, SystemExit) and not isinstance(leave.code, int | None):
            print(leave.code, file=sys.stderr)  # noqa: T201
        leave = None
        driver.end(status)


def _status(error: SystemExit) -> int:
    """Return the exit status of a program that ends so."""
    if error.code is None:
        return 0
    return error.code & 0xFF if isinstance(error.code, int) else 1


def _tell(error: BaseException, path: str) -> None:
    """Write about `error` what Python writes when it ends a program, with the frames of the step alone."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != path:
        trace = trace.tb_next
    error.__traceback__ = trace
    _flush(*(getattr(sys, name, None) for name in ("stderr", "stdout")))
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, trace
    try:
        sys.excepthook(type(error), error, trace)
    except Exception as again:
        again.__traceback__ = again.__traceback__ and again.__traceback__.tb_next
        print("Error in sys.excepthook:", file=sys.stderr)  # noqa: T201
        sys.__excepthook__(type(again), again, again.__traceback__)
        print("\nOriginal exception was:", file=sys.stderr)  # noqa: T201
        sys.__excepthook__(type(error), error, trace)


def _flush(*streams: Any) -> None:
    for stream in streams:
        try:
            stream.flush()
        except Exception:  # noqa: S112 - closed, or something else by now
            continue


def flush() -> None:
    """Write what Python, and C where it has been used, have not written yet."""
    _flush(*(getattr(sys, name, None) for name in ("stdout", "__stdout__", "stderr", "__stderr__")))
    if any(_is_native(module) for module in list(sys.modules.values())):
        try:
            import _ctypes

            everything: Any = None
            fflush: Callable[..., Any] = _ctypes.call_function
            fflush(_ctypes.dlsym(_ctypes.dlopen(everything, 2), "fflush"), (0,))
        except Exception:  # a Python without it
            return


def _is_native(module: object) -> bool:
    """Tell whether `module` may write by itself: one that was compiled, and is not of those that Python brings along."""
    try:
        name = getattr(module, "__name__", "")
        file = getattr(module, "__file__", None)
    except Exception:
        return False
    return name == "_ctypes" or (isinstance(file, str) and file.endswith(".so") and "lib-dynload" not in file)


class _Stream:
    """A stream of the program to which marks are written, whatever becomes of its descriptor.

    Args:
        number: Its descriptor.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.kept = _kept(number)
        self.file = _file(self.kept)

    def write(self, text: bytes) -> None:
        """Write all of `text`, if anything still leads to where the stream led at first."""
        for number in (self.kept, self.number):  # a step may have closed them, and opened other files
            if self.file is not None and _file(number) == self.file:
                _write(number, text)
                return


def _file(number: int) -> tuple[int, int] | None:
    """Return which file the descriptor `number` leads to; None if to none."""
    try:
        about = os.fstat(number)
    except OSError:
        return None
    return about.st_dev, about.st_ino


def _kept(number: int) -> int:
    """Return a copy of the descriptor `number`, which is there whatever becomes of that one; -1 if it is closed."""
    for free in _FREE:
        try:
            return os.dup2(number, free + number, inheritable=False)
        except OSError:
            continue
    try:
        return os.dup(number)
    except OSError:
        return -1


def _write(stream: int, text: bytes) -> None:
    """Write all of `text`."""
    while text and stream >= 0:
        try:
            text = text[os.write(stream, text) :]
        except BlockingIOError:  # somebody has made the pipe so, and nobody has read it yet
            import time

            time.sleep(0.001)
        except OSError:
            return
