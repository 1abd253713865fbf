"""Commands of the user that are run outside the sandbox, with all rights of this process: hooks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

GRACE_SECONDS = 1.0
"""How long a command may take to end that was asked to."""


class Outside:
    """Runs commands, one at a time; any thread may end the one that runs."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()

    def run(
        self, argv: Sequence[str], *, folder: Path, environ: Mapping[str, str], given: bytes, seconds: float
    ) -> str:
        """Run a command, and return what is wrong with how it ended; empty if it ended with 0.

        What it writes goes where our messages go. What it leaves running goes on.

        Args:
            argv: The program and its arguments.
            folder: Where it starts.
            environ: Its variables.
            given: What it reads on its standard input.
            seconds: After how many it is ended, with all that it has started.
        """
        with self._turn, tempfile.TemporaryFile() as stdin:
            stdin.write(given)
            stdin.seek(0)
            sys.stderr.flush()
            try:
                self._process = subprocess.Popen(  # noqa: S603 - the configuration names it
                    argv,
                    cwd=folder,
                    env=environ,
                    stdin=stdin,
                    stdout=_ours(),
                    stderr=_ours(),
                    start_new_session=True,
                )
            except OSError as error:
                return f"it cannot be started: {error.strerror or error}"
            except ValueError as error:
                return f"it cannot be started: {error}"
            try:
                status = self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._end(self._process)
                return f"it was stopped after {seconds:g} s"
            except BaseException:
                self._end(self._process)
                raise
            finally:
                self._process = None
        return "" if status == 0 else f"it ended by signal {-status}" if status < 0 else f"it ended with {status}"

    def stop(self) -> None:
        """End the command that runs, if one does."""
        process = self._process
        if process is not None:
            _signal(process, signal.SIGKILL)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        _signal(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
        _signal(process, signal.SIGKILL)
        process.wait()


def _ours() -> int:
    """Return the descriptor of our messages; of nothing, where they were closed."""
    try:
        os.fstat(2)
    except OSError:
        return subprocess.DEVNULL
    return 2


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
