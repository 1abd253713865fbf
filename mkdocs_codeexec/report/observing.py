"""All that listen to the events of one build, or of one command: progress, and whoever else wants to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_codeexec.report.console import INFO
from mkdocs_codeexec.report.ending import Ending
from mkdocs_codeexec.report.events import Events, Lines, in_json
from mkdocs_codeexec.report.moment import Moment
from mkdocs_codeexec.report.progress import ways
from mkdocs_codeexec.report.progress.progress import Progress
from mkdocs_codeexec.report.spent import Spent

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
        lines: Where events are written for programs, and the log is; None where only the environment decides.
        moment: The run; None for one that begins now.

    Attributes:
        moment: The run.
        spent: What is told in the end.
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
        lines: Lines | None = None,
        moment: Moment | None = None,
    ) -> None:
        self.moment = moment = moment or Moment()
        whole = lines is not None
        if lines is None and in_json(environ) and console.out is not None:
            lines = Lines(console.out, moment)
        wanted = "off" if progress is False or lines is not None else ways.asked(environ)
        quiet = not console.log.isEnabledFor(INFO)
        self._progress = Progress(console, ways.way(wanted, environ, console.out, quiet=quiet), jobs)
        self.spent = Spent()
        ending = Ending(console)
        self.told: Container[Location] = ending.told
        self._listening: list[Listen] = [self.spent.hear, *([ending.hear] if verbose else []), self._progress.hear]
        if lines is not None:
            self._listening.append(Events(lines, moment, said=not whole).hear)

    def hear(self, event: Event) -> None:
        """Take what goes on."""
        for listen in self._listening:
            listen(event)

    def close(self) -> None:
        """Note that nothing goes on any more."""
        self._progress.close()
