"""Commands of a console in one interpreter, each as an interactive one executes it: its text is put behind `interpreter.py`."""

# ruff: noqa: BLE001, PTH108 - it is the program of the samples, in their own directory
from __future__ import annotations

import os
import sys

from mkdocs_codeexec.languages.sessions.interpreter import Driver, _flush, _read, _tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FILE = "<stdin>"


class Interactive(Driver):
    """Executes commands, and shows what expressions are worth."""

    def furnish(self) -> None:
        """Read all commands, and have both streams be one."""
        self.sources += map(_read, self.paths)
        os.unlink(self.names["__file__"])  # an interactive interpreter has no file
        for name in ("__file__", "__cached__"):
            self.names.pop(name, None)
        sys.argv[:] = [""]
        _flush(sys.stdout, sys.stderr)
        os.dup2(1, 2)

    def step(self, place: int) -> None:
        """Execute the command at `place`, which shows what it is worth by itself."""
        source = self.sources[place]
        if any(line.strip()[:1] not in (b"", b"#") for line in source.split(b"\n")):
            code = self.compiled(source, _FILE, "single")
            self.execute(code)


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
