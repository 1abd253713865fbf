"""Tells how far a run is, while there is something to tell: from a thread, which begins when something is executed."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.outcome import counted
from mkdocs_codeexec.core.resolved import Ended, Preparing, Started
from mkdocs_codeexec.report.progress import words
from mkdocs_codeexec.report.progress.tally import Tally

if TYPE_CHECKING:
    from mkdocs_codeexec.core.resolved import Event
    from mkdocs_codeexec.report.console import Console
    from mkdocs_codeexec.report.progress.screen import Screen
    from mkdocs_codeexec.report.progress.ways import Way

PATIENCE = 0.5
"""Seconds after which it is worth a line on a terminal that something is executed."""
PAUSE = 0.2
"""Seconds from one drawing to the next."""
LINES = 10.0
"""Seconds from one line of a log to the next."""
LONG = 20.0
"""Seconds after which it is told, where little is, that an Environment is being built."""


class Progress:
    """Listens, and tells.

    Args:
        console: Where.
        way: How.
        jobs: Samples that are executed at once.
    """

    def __init__(self, console: Console, way: Way, jobs: int) -> None:
        self._console = console
        self._way = way
        self._tally = Tally(jobs)
        self._turn = threading.Lock()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self._screen: Screen | None = None
        self._told = 0  # failures
        self._named: set[str] = set()

    def hear(self, event: Event) -> None:
        """Take what goes on."""
        if self._way == "off":
            return
        with self._turn:
            self._tally.take(event, time.monotonic())
        if self._thread is None and isinstance(event, Started | Preparing):
            self._begin()
        elif self._screen is not None and isinstance(event, Ended):
            self._tell_failures()

    def close(self) -> None:
        """End: take away what was drawn. More is told if something is heard again."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._end.set()
            if thread is not threading.current_thread():
                thread.join(1.0)
        screen, self._screen = self._screen, None
        if screen is not None:
            screen.close()
            self._console.out = screen.out

    def _begin(self) -> None:
        self._end = threading.Event()
        target = {"screen": self._draw, "lines": self._log, "seldom": self._warn}[self._way]
        self._thread = threading.Thread(target=target, args=(self._end,), daemon=True, name="codeexec-progress")
        try:
            self._thread.start()
        except RuntimeError:  # the system has none left: what is executed needs them more
            self._way = "off"

    # --- In the thread ----------------------------------------------------------------------------------------------

    def _draw(self, end: threading.Event) -> None:
        if end.wait(PATIENCE):
            return
        from mkdocs_codeexec.report.progress.screen import Screen

        out = self._console.out
        if out is None:
            return
        self._screen = screen = Screen(out)
        self._console.out = screen.stream(out)
        self._tell_failures()
        while not end.is_set():
            with self._turn:
                now = time.monotonic()
                texts = list(words.variants(self._tally, now)) if self._tally.working else []
                done, total = words.fraction(self._tally)
            try:
                screen.draw(texts, done, total) if texts else screen.clear()
            except (OSError, ValueError):  # the terminal has gone
                return
            end.wait(PAUSE)

    def _log(self, end: threading.Event) -> None:
        while not end.wait(LINES):
            with self._turn:
                failed = self._tally.failed[self._told :]
                self._told = len(self._tally.failed)
                text = words.line(self._tally, time.monotonic(), failed) if self._tally.working else ""
            if text:
                self._console.say(text)

    def _warn(self, end: threading.Event) -> None:
        while not end.wait(1.0):
            with self._turn:
                now = time.monotonic()
                long = [name for name, since in self._tally.since.items() if now - since >= LONG]
            for name in long:
                if name not in self._named:
                    self._named.add(name)
                    self._console.write(f"codeexec: building the environment `{name}` takes more than {LONG:.0f} s")

    def _tell_failures(self) -> None:
        """Tell on a terminal what has failed since the last time; all that is known of it is told at the end."""
        with self._turn:
            fresh = self._tally.failed[self._told :][: words.NAMED]
            more = len(self._tally.failed) - self._told - len(fresh)
            self._told = len(self._tally.failed)
        for failed in fresh:
            self._console.write(f"failed: {failed}")
        if more > 0:
            self._console.write(f"failed: {counted(more, 'more sample')}")
