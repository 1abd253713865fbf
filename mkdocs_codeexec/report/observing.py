"""All that listen to the events of one build, or of one command: progress, and whoever else wants to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_codeexec.report.console import INFO
from mkdocs_codeexec.report.ending import Ending
from mkdocs_codeexec.report.progress import ways
from mkdocs_codeexec.report.progress.progress import Progress
from mkdocs_codeexec.report.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from mkdocs_codeexec.core.resolved import Event, Listen
    from mkdocs_codeexec.core.sample import Location
    from mkdocs_codeexec.report.console import Console


class Observing:
    """Who listens.

    Args:
        console: The voice on the terminal.
        environ: The variables of this process.
        jobs: Samples that are executed at once.
        verbose: Whether each sample is told as it ends.
        progress: Whether it is told how far a run is; None where only the environment decides.

    Attributes:
        summary: What is told in the end.
        told: Where samples are that have been told of.

    Raises:
        ConfigurationError: A variable has a value that cannot be used.
    """

    def __init__(
        self,
        console: Console,
        environ: Mapping[str, str],
        *,
        jobs: int,
        verbose: bool = False,
        progress: bool | None = None,
    ) -> None:
        wanted = "off" if progress is False else ways.asked(environ)
        quiet = not console.log.isEnabledFor(INFO)
        self._progress = Progress(console, ways.way(wanted, environ, console.out, quiet=quiet), jobs)
        self.summary = Summary()
        ending = Ending(console)
        self.told: Container[Location] = ending.told
        self._listening: list[Listen] = [self.summary.hear, *([ending.hear] if verbose else []), self._progress.hear]

    def hear(self, event: Event) -> None:
        """Take what goes on."""
        for listen in self._listening:
            listen(event)

    def close(self) -> None:
        """Note that nothing goes on any more."""
        self._progress.close()
