"""What several Engines of one process share: how many children there are at once."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Jobserver:
    """Hands out tokens, as that of GNU make does: whoever builds or runs a sample holds one meanwhile.

    Whoever waits for cargo holds none: samples of others are executed meanwhile.

    Args:
        jobs: How many tokens there are, at least one.
    """

    def __init__(self, jobs: int) -> None:
        self._tokens = threading.Semaphore(jobs)

    @contextmanager
    def token(self) -> Iterator[None]:
        """Wait for a token, and hold it."""
        with self._tokens:
            yield
