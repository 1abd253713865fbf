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
    """A Narrator that tells another one, and also all who listen.

    Args:
        narrator: Is told everything.
    """

    def __init__(self, narrator: Narrator) -> None:
        self._narrator = narrator
        self._always: list[Listen] = []
        self._now: list[Listen] = []

    @property
    def heard(self) -> bool:
        """Whether anybody listens to all that goes on."""
        return bool(self._always)

    def hear(self, listen: Listen) -> None:
        """Have `listen` hear all that goes on from now on, whoever has asked for it."""
        self._always.append(one_at_a_time(listen))

    @contextmanager
    def heard_by(self, listen: Listen | None) -> Iterator[Listen | None]:
        """Have `listen` hear what concerns no single batch, until the end of the context.

        Yields:
            Who is to hear what concerns a batch: `listen`, and all who hear everything; None if there is nobody.
        """
        if listen is None:
            yield self._tell_all if self._always else None
            return
        self._now.append(listen)
        try:
            yield self._with(listen) if self._always else listen
        finally:
            self._now.remove(listen)

    def say(self, message: str) -> None:
        """Tell something worth a line in the log."""
        self._narrator.say(message)
        self.note(Said(message))

    def warn(self, message: str, *, at: Location | None = None, hint: str = "") -> None:
        """Tell something the author can mend."""
        self._narrator.warn(message, at=at, hint=hint)

    def stream(self, chunk: bytes) -> None:
        """Pass on what a tool writes, as it comes."""
        self._narrator.stream(chunk)

    def note(self, event: Event) -> None:
        """Pass on what goes on to all who listen."""
        for listen in (*self._always, *self._now):
            listen(event)

    def _with(self, listen: Listen) -> Listen:
        def heard(event: Event) -> None:
            self._tell_all(event)
            listen(event)

        return heard

    def _tell_all(self, event: Event) -> None:
        for listen in tuple(self._always):
            listen(event)


def one_at_a_time(listen: Listen) -> Listen:
    """Return who has `listen` hear one event at a time, from whatever threads they come."""
    turn = threading.RLock()

    def heard(event: Event) -> None:
        with turn:
            listen(event)

    return heard
