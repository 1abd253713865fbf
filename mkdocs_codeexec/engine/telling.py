"""What goes on, told to people and, as events, to whoever listens."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.resolved import Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs_codeexec.core.protocols import Narrator
    from mkdocs_codeexec.core.resolved import Event, Listen
    from mkdocs_codeexec.core.sample import Location


class Telling:
    """A Narrator that tells another one, and also all who listen at the moment.

    Args:
        narrator: Is told everything.
    """

    def __init__(self, narrator: Narrator) -> None:
        self._narrator = narrator
        self._listeners: list[Listen] = []

    @contextmanager
    def heard_by(self, listen: Listen | None) -> Iterator[None]:
        """Have `listen` hear what is said, until the end of the context."""
        if listen is None:
            yield
            return
        self._listeners.append(listen)
        try:
            yield
        finally:
            self._listeners.remove(listen)

    def say(self, message: str) -> None:
        """Tell something worth a line in the log."""
        self._narrator.say(message)
        for listen in tuple(self._listeners):
            listen(Said(message))

    def warn(self, message: str, *, at: Location | None = None, hint: str = "") -> None:
        """Tell something the author can mend."""
        self._narrator.warn(message, at=at, hint=hint)

    def stream(self, chunk: bytes) -> None:
        """Pass on what a tool writes, as it comes."""
        self._narrator.stream(chunk)


def one_at_a_time(listen: Listen) -> Listen:
    """Return who has `listen` hear one event at a time, from whatever threads they come."""
    turn = threading.RLock()

    def heard(event: Event) -> None:
        with turn:
            listen(event)

    return heard
