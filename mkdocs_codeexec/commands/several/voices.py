"""Whose words they are, where several sites are told of at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.resolved import Prepared, Preparing

if TYPE_CHECKING:
    from mkdocs_codeexec.core.protocols import Narrator
    from mkdocs_codeexec.core.resolved import Event, Listen
    from mkdocs_codeexec.core.sample import Location


class Named:
    """A Narrator that says of which site it speaks; what is about a place names that.

    Args:
        narrator: Is told everything; that of other sites may be the same.
        name: Of the site.
    """

    def __init__(self, narrator: Narrator, name: str) -> None:
        self._narrator = narrator
        self._name = name
        self._rest = b""

    def say(self, message: str) -> None:
        """Tell something worth a line in the log."""
        self._narrator.say(f"{self._name}: {message}")

    def warn(self, message: str, *, at: Location | None = None, hint: str = "") -> None:
        """Tell something the author can mend."""
        self._narrator.warn(message if at else f"{self._name}: {message}", at=at, hint=hint)

    def stream(self, chunk: bytes) -> None:
        """Pass on what a tool writes, whole lines of it."""
        lines, end, rest = (self._rest + chunk).rpartition(b"\n")
        self._rest = rest
        if end:
            self._narrator.stream(lines + end)

    def note(self, event: Event) -> None:
        """Take what goes on."""
        self._narrator.note(event)


def naming(listen: Listen, name: str) -> Listen:
    """Return who tells `listen` what goes on, with Environments called by the site `name`, too."""

    def heard(event: Event) -> None:
        if isinstance(event, Preparing | Prepared):
            event = replace(event, environment=f"{name}: {event.environment}")
        listen(event)

    return heard
