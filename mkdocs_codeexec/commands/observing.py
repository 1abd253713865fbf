"""What is told while a command executes samples: the options that decide about it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self, cast

from mkdocs_codeexec.engine.telling import Telling
from mkdocs_codeexec.environment import read_environment
from mkdocs_codeexec.report.events import FORMATS, Lines, Output, in_json
from mkdocs_codeexec.report.moment import Moment
from mkdocs_codeexec.report.observing import Observing
from mkdocs_codeexec.timing import clock, took

if TYPE_CHECKING:
    import argparse
    from typing import TextIO

    from mkdocs_codeexec.core.protocols import Narrator
    from mkdocs_codeexec.core.resolved import Listen
    from mkdocs_codeexec.report.console import Console
    from mkdocs_codeexec.sites import Collected


def add_observing(parser: argparse.ArgumentParser) -> None:
    """Add the options of commands that execute samples."""
    parser.add_argument("--no-progress", action="store_true", help="do not tell how far it is")
    add_log_format(parser)


def add_log_format(parser: argparse.ArgumentParser) -> None:
    """Add the option of commands whose log programs read."""
    about = "how standard error is written: `json` has a line for each event (default: text)"
    parser.add_argument("--log-format", choices=FORMATS, help=about)


class Observed:
    """Who hears the Engines that answer the samples of a site. A context: at its end nothing is told any more.

    Args:
        found: The site.
        asked: The command line.

    Attributes:
        hear: Takes events.
        moment: The run.
        spent: What is told in the end.
        trace: When what was done; None if nobody wants to know.

    Raises:
        ConfigurationError: A variable has a value that cannot be used.
    """

    def __init__(self, found: Collected, asked: argparse.Namespace) -> None:
        moment = asked.moment or Moment(*asked.began)
        environ = read_environment()
        lines = Lines(sys.stderr, moment) if in_json(environ, asked.log_format) else None
        if lines is not None:
            found.console.out, found.console.color = cast("TextIO", Output(lines)), False
            found.console.annotations = None  # nobody but a program reads it
        self.moment = moment
        self._listening = Observing(
            found.console,
            environ,
            jobs=found.settings.jobs,
            verbose=found.settings.verbose,
            progress=False if getattr(asked, "no_progress", True) else None,
            lines=lines,
            moment=moment,
            trace=getattr(asked, "trace", None) is not None,
        )
        self.hear: Listen = self._listening.hear
        self.spent, self.trace = self._listening.spent, self._listening.trace
        self.hear(took("host", "render pages", moment.clock, clock()))

    def heard(self, console: Console) -> Narrator:
        """Return the voice of languages that are opened before an Engine is: `console`, with somebody who listens."""
        telling = Telling(console)
        telling.hear(self.hear)
        return telling

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()
