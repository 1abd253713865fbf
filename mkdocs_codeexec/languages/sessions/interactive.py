"""Commands of a console in one interpreter, each as an interactive one executes it: its text is put behind `interpreter.py`."""

# ruff: noqa: S102, BLE001, PTH123 - it is the program of the samples, in their own directory
from __future__ import annotations

import os
import sys

from mkdocs_codeexec.languages.sessions.interpreter import _COROUTINE, _FUTURE, Driver, _flush, _tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FILE = "<stdin>"


class Interactive(Driver):
    """Executes commands, and shows what expressions are worth."""

    def furnish(self) -> None:
        """Read all commands, and have both streams be one."""
        for path in self.paths:
            with open(path, "rb") as file:
                self.sources.append(file.read())
        for name in ("__file__", "__cached__"):
            self.names.pop(name, None)
        sys.argv[:] = [""]
        _flush(sys.stdout, sys.stderr)
        os.dup2(1, 2)

    def step(self, place: int) -> Any:
        """Execute the command at `place`."""
        source = self.sources[place]
        if all(line.strip()[:1] in (b"", b"#") for line in source.split(b"\n")):
            return None
        code = compile(source, _FILE, "single", self.flags, dont_inherit=True)
        self.flags |= code.co_flags & _FUTURE
        self.names.pop("__warningregistry__", None)
        if not code.co_flags & _COROUTINE:
            return exec(code, self.names)
        import asyncio

        if self.loop is None:
            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)
        return self.loop.run_until_complete(eval(code, self.names))  # noqa: S307


def converse(names: dict[str, Any], mark: tuple[str, str], count: int) -> None:
    """Execute `count` commands, one after the other; an exception ends none but its own."""
    driver = Interactive(names, mark, (None,) * (count - 1), (False,) * count, "", None)
    driver.furnish()
    del mark, names
    for place in range(count):
        status = 0
        try:
            driver.step(place)
        except SystemExit:
            raise
        except BaseException as error:
            status = 1
            _tell(error, _FILE)
        if place == count - 1:
            if status:
                raise SystemExit(status)
            return
        driver.end(status)
