"""Whose words they are, where several sites are told of at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.resolved import Ended, Planned, Prepared, Preparing, Started

if TYPE_CHECKING:
    from mkdocs_codeexec.core.protocols import Narrator
    from mkdocs_codeexec.core.resolved import Event, Listen
    from mkdocs_codeexec.core.sample import Location, Sample


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


class Told:
    """Passes on what goes on in one of several sites, in names that are another one's in no other.

    Environments are called by their site, too, and pages as a terminal opens them.

    Args:
        listen: Is told.
        name: Of the site.
    """

    def __init__(self, listen: Listen, name: str) -> None:
        self._listen = listen
        self._name = name
        self._samples: dict[int, tuple[Sample, Sample]] = {}  # as they are told by identity

    def hear(self, event: Event) -> None:
        """Take what goes on."""
        match event:
            case Preparing() | Prepared():
                event = replace(event, environment=f"{self._name}: {event.environment}")
            case Started():
                event = replace(event, places=tuple(map(apart, event.places)))
            case Planned():
                event = replace(event, sample=self._named(event.sample))
            case Ended():
                event = replace(event, resolved=replace(event.resolved, sample=self._named(event.resolved.sample)))
            case _:
                pass
        self._listen(event)

    def _named(self, sample: Sample) -> Sample:
        known = self._samples.get(id(sample))
        if known is None:
            known = self._samples[id(sample)] = sample, replace(sample, location=apart(sample.location))
        return known[1]


def apart(at: Location) -> Location:
    """Return `at` with its page called as a terminal opens it: in another site there is none of that name."""
    return replace(at, page=at.path or at.page)
