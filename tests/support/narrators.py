"""Narrators that tests listen to: `from support.narrators import Listener`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs_codeexec.core.resolved import Event
    from mkdocs_codeexec.core.sample import Location


@dataclass
class Listener:
    """A Narrator that remembers."""

    said: list[str] = field(default_factory=list)
    streamed: list[bytes] = field(default_factory=list)
    noted: list[Event] = field(default_factory=list)

    def say(self, message: str) -> None:
        self.said.append(message)

    def warn(self, message: str, *, at: Location | None = None, hint: str = "") -> None:
        self.said.append(f"{at}: {message} {hint}")

    def stream(self, chunk: bytes) -> None:
        self.streamed.append(chunk)

    def note(self, event: Event) -> None:
        self.noted.append(event)
