"""Whose words they are, where several sites are told of at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs_codeexec.core.protocols import Narrator
    from mkdocs_codeexec.core.sample import Location


class Named:
    """A Narrator that says of which site it speaks; what is about a place names that.

    Args:
        narrator: Is told everything.
        name: Of the site.
    """

    def __init__(self, narrator: Narrator, name: str) -> None:
        self._narrator = narrator
        self._name = name

    def say(self, message: str) -> None:
        """Tell something worth a line in the log."""
        self._narrator.say(f"{self._name}: {message}")

    def warn(self, message: str, *, at: Location | None = None, hint: str = "") -> None:
        """Tell something the author can mend."""
        self._narrator.warn(message if at else f"{self._name}: {message}", at=at, hint=hint)

    def stream(self, chunk: bytes) -> None:
        """Pass on what a tool writes, as it comes."""
        self._narrator.stream(chunk)
