"""How one `resolve`, or several, are ended by another thread."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mkdocs_codeexec.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs_codeexec.core.protocols import Runner


class Stop:
    """Ends every `resolve` that it is given to, once, from any thread: what goes on is ended, and what has ended is kept."""

    def __init__(self) -> None:
        self._asked = False
        self._at_work: list[Runner] = []
        self._turn = threading.Lock()

    @property
    def asked(self) -> bool:
        """Whether somebody has asked for it."""
        return self._asked

    def ask(self) -> None:
        """Have them end now; each raises `Cancelled`, unless it has all answers by then."""
        with self._turn:
            self._asked = True
            at_work = tuple(self._at_work)
        threads: list[threading.Thread] = []
        for runner in at_work[1:]:  # each waits for its children
            thread = threading.Thread(target=runner.stop_all, daemon=True)
            try:
                thread.start()
                threads.append(thread)
            except RuntimeError:  # the system has none left
                runner.stop_all()
        for runner in at_work[:1]:
            runner.stop_all()
        for thread in threads:
            thread.join()

    @contextmanager
    def over(self, runner: Runner) -> Iterator[None]:
        """Have the children of `runner` be ended with it, until the end of the context.

        Raises:
            Cancelled: It was asked for.
        """
        with self._turn:
            if self._asked:
                raise Cancelled("the run was stopped")
            self._at_work.append(runner)
        try:
            yield
        finally:
            with self._turn:
                self._at_work.remove(runner)
