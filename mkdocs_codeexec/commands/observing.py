"""What is told while a command executes samples: the options that decide about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from mkdocs_codeexec.config import read_environment
from mkdocs_codeexec.engine.telling import Telling
from mkdocs_codeexec.report.observing import Observing

if TYPE_CHECKING:
    import argparse

    from mkdocs_codeexec.core.protocols import Narrator
    from mkdocs_codeexec.core.resolved import Listen
    from mkdocs_codeexec.report.console import Console
    from mkdocs_codeexec.sites import Collected


def add_observing(parser: argparse.ArgumentParser) -> None:
    """Add the options of commands that execute samples."""
    parser.add_argument("--no-progress", action="store_true", help="do not tell how far it is")


class Observed:
    """Who hears the Engines that answer the samples of a site. A context: at its end nothing is told any more.

    Args:
        found: The site.
        asked: The command line.

    Attributes:
        hear: Takes events.
        summary: What is told in the end.

    Raises:
        ConfigurationError: A variable has a value that cannot be used.
    """

    def __init__(self, found: Collected, asked: argparse.Namespace) -> None:
        self._listening = Observing(
            found.console,
            read_environment(),
            jobs=found.settings.jobs,
            verbose=found.settings.verbose,
            progress=False if asked.no_progress else None,
        )
        self.hear: Listen = self._listening.hear
        self.summary = self._listening.summary

    def heard(self, console: Console) -> Narrator:
        """Return the voice of languages that are opened before an Engine is: `console`, with somebody who listens."""
        telling = Telling(console)
        telling.hear(self.hear)
        return telling

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()
