"""What several Engines of one process share: how many children there are at once, and the end of all of them."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs_codeexec.runtime.process import Children


class Jobserver:
    """Hands out tokens, as that of GNU make does: whoever builds or runs a sample holds one meanwhile.

    Whoever waits for cargo holds none: samples of others are executed meanwhile.

    Args:
        jobs: How many tokens there are, at least one.
    """

    def __init__(self, jobs: int) -> None:
        self._tokens = threading.Semaphore(jobs)
        self._all: list[Children] = []  # changed by single, atomic calls only
        self._stopped = False

    @contextmanager
    def token(self) -> Iterator[None]:
        """Wait for a token, and hold it."""
        with self._tokens:
            yield

    @contextmanager
    def serving(self, children: Children) -> Iterator[None]:
        """Have `stop` end `children`, too."""
        self._all.append(children)
        try:
            if self._stopped:  # it may have looked just before the line above
                children.stop_all()
            yield
        finally:
            self._all.remove(children)

    def stop(self) -> None:
        """End all children now, those to come included; who waits for them hears `Cancelled`. Takes less than 0.3 s."""
        self._stopped = True
        there = list(self._all)
        for children in there:
            children.terminate_all()
        for children in there:
            children.stop_all()
