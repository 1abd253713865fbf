"""All that listen to the events of one build, or of one command: progress, and whoever else wants to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_codeexec.report.console import INFO
from mkdocs_codeexec.report.progress import ways
from mkdocs_codeexec.report.progress.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mkdocs_codeexec.core.resolved import Event
    from mkdocs_codeexec.report.console import Console


class Observing:
    """Who listens.

    Args:
        console: The voice on the terminal.
        environ: The variables of this process.
        jobs: Samples that are executed at once.
        progress: Whether it is told how far a run is; None where only the environment decides.

    Raises:
        ConfigurationError: A variable has a value that cannot be used.
    """

    def __init__(
        self, console: Console, environ: Mapping[str, str], *, jobs: int, progress: bool | None = None
    ) -> None:
        wanted = "off" if progress is False else ways.asked(environ)
        quiet = not console.log.isEnabledFor(INFO)
        self._progress = Progress(console, ways.way(wanted, environ, console.out, quiet=quiet), jobs)

    def hear(self, event: Event) -> None:
        """Take what goes on."""
        self._progress.hear(event)

    def close(self) -> None:
        """Note that nothing goes on any more."""
        self._progress.close()
