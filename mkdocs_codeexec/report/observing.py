"""All that listen to the events of one build, or of one command: progress, and whoever else wants to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_codeexec.core.resolved import Ended
from mkdocs_codeexec.report.console import INFO
from mkdocs_codeexec.report.moment import Moment
from mkdocs_codeexec.report.progress import ways
from mkdocs_codeexec.report.progress.progress import Progress
from mkdocs_codeexec.report.spent import Spent

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from mkdocs_codeexec.core.resolved import Event, Listen, Resolved
    from mkdocs_codeexec.core.sample import Location
    from mkdocs_codeexec.report.console import Console
    from mkdocs_codeexec.report.events import Lines
    from mkdocs_codeexec.report.telemetry import Telemetry
    from mkdocs_codeexec.report.trace import Trace


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
        trace: Whether it is written down when what was done.

    Attributes:
        moment: The run.
        spent: What is told in the end.
        ended: The answers that there are so far.
        told: Where samples are that have been told of.
        trace: When what was done; None if nobody wants to know.

    Raises:
        ConfigurationError: A variable has a value that cannot be used.
    """

    def __init__(  # noqa: PLR0913 - named, all but two
        self,
        console: Console,
        environ: Mapping[str, str],
        *,
        jobs: int,
        verbose: bool = False,
        progress: bool | None = None,
        lines: Lines | None = None,
        moment: Moment | None = None,
        trace: bool = False,
    ) -> None:
        self.moment = moment = moment or Moment()
        self.spent = Spent()
        self.ended: list[Resolved] = []
        self._listening: list[Listen] = [self.spent.hear]
        self.told: Container[Location] = ()
        if verbose:
            from mkdocs_codeexec.report.ending import Ending

            ending = Ending(console)
            self.told = ending.told
            self._listening.append(ending.hear)
        for_programs = self._write_events(console, environ, lines)
        wanted = "off" if progress is False or for_programs else ways.asked(environ)
        quiet = not console.log.isEnabledFor(INFO)
        self._progress = Progress(console, ways.way(wanted, environ, console.out, quiet=quiet), jobs)
        self._listening.append(self._progress.hear)
        self.trace = self._noting() if trace else None
        self._telemetry = self._measuring(environ)

    def _write_events(self, console: Console, environ: Mapping[str, str], lines: Lines | None) -> bool:
        """Have events be written if somebody wants them, and tell whether that is so."""
        if lines is None and not environ.get("CODEEXEC_LOG_FORMAT"):
            return False
        from mkdocs_codeexec.report.events import Events, Lines, in_json

        beside = lines is None  # the log, which is text
        if lines is None and in_json(environ) and console.out is not None:
            lines = Lines(console.out, self.moment)
        if lines is not None:
            self._listening.append(Events(lines, self.moment, said=beside).hear)
        return lines is not None

    def _noting(self) -> Trace:
        from mkdocs_codeexec.report.trace import Trace

        trace = Trace(self.moment)
        self._listening.append(trace.hear)
        return trace

    def _measuring(self, environ: Mapping[str, str]) -> Telemetry | None:
        if not any(name.startswith("OTEL_") for name in environ):
            return None
        from mkdocs_codeexec.report.telemetry import telemetry

        found = telemetry(environ, self.moment)
        if found is not None:
            self._listening.append(found.hear)
        return found

    def hear(self, event: Event) -> None:
        """Take what goes on."""
        if isinstance(event, Ended):
            self.ended.append(event.resolved)
        for listen in self._listening:
            listen(event)

    def close(self) -> None:
        """Note that nothing goes on any more."""
        self._progress.close()
        if self._telemetry is not None:
            self._telemetry.close()
