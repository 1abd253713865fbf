"""`codeexec watch` in a process of its own, while a test edits its site."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

PATIENCE = 60.0
QUIET = 1.5
"""Seconds in which a round would come that nothing should begin."""


class Watching:
    """A watch, which writes JSON; a context manager.

    Args:
        root: The folder of the site.
        env: Variables beside those of this process.
        args: Further arguments.
        before: What is put before the command.
    """

    def __init__(self, root: Path, env: dict[str, str], *args: str, before: tuple[str, ...] = ()) -> None:
        self._argv = [*before, sys.executable, "-m", "mkdocs_codeexec", "watch", "--json", *args]
        self._root, self._env = root, env
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._log = root.parent / f"{root.name}.log"

    def __enter__(self) -> Self:
        with self._log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                self._argv,
                cwd=self._root,
                env=os.environ | self._env | {"PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with suppress(ValueError):
            for line in self.process.stdout:
                self._lines.put(line)
        self._lines.put(None)

    @property
    def log(self) -> str:
        """What it has written on standard error."""
        return self._log.read_text("utf-8")

    def round(self) -> dict[str, Any]:
        """Return what the next round came to."""
        line = self._lines.get(timeout=PATIENCE)
        assert line is not None, self.log
        return dict(json.loads(line))

    def counts(self) -> tuple[list[str], int, int]:
        """Return what has changed, and how many samples were executed and have failed, of the next round."""
        found = self.round()
        assert "run" in found, found
        counts = found["run"]["counts"]
        return found["changed"], counts["executed"], counts["unmet"] + counts["error"]

    def quiet(self) -> list[str]:
        """Return what is written although nothing has happened."""
        found = []
        with suppress(queue.Empty):
            while (line := self._lines.get(timeout=QUIET)) is not None:
                found.append(line)
        return found

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        """Interrupt it, and return the exit status."""
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)

    def inodes(self) -> set[int]:
        """Return the folders that the system tells it of."""
        found: set[int] = set()
        for file in Path(f"/proc/{self.process.pid}/fdinfo").iterdir():
            with suppress(OSError):
                found |= {
                    int(ino, 16) for ino in re.findall(r"^inotify wd:\w+ ino:(\w+)", file.read_text(), re.MULTILINE)
                }
        return found


def running(word: str) -> list[int]:
    """Return the processes with `word` among their arguments."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):
                if word.encode() in (folder / "cmdline").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return found
