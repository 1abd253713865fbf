"""What is told while a command executes samples: the options that decide about it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mkdocs_codeexec.config import read_environment
from mkdocs_codeexec.engine.telling import Telling
from mkdocs_codeexec.report.observing import Observing

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from mkdocs_codeexec.core.protocols import Narrator
    from mkdocs_codeexec.core.resolved import Listen
    from mkdocs_codeexec.report.console import Console
    from mkdocs_codeexec.sites import Collected


def add_observing(parser: argparse.ArgumentParser) -> None:
    """Add the options of commands that execute samples."""
    parser.add_argument("--no-progress", action="store_true", help="do not tell how far it is")


class Observed:
    """Who hears the Engines of a command.

    Args:
        listening: Takes events.
    """

    def __init__(self, listening: Observing) -> None:
        self.hear: Listen = listening.hear

    def heard(self, console: Console) -> Narrator:
        """Return the voice of languages that are opened before an Engine is: `console`, with somebody who listens."""
        telling = Telling(console)
        telling.hear(self.hear)
        return telling


@contextmanager
def observing(found: Collected, asked: argparse.Namespace) -> Iterator[Observed]:
    """Yield who is to hear the Engines that answer the samples of a site; at the end nothing is told any more.

    Args:
        found: The site.
        asked: The command line.

    Raises:
        ConfigurationError: A variable has a value that cannot be used.
    """
    progress = False if asked.no_progress else None
    listening = Observing(found.console, read_environment(), jobs=found.settings.jobs, progress=progress)
    try:
        yield Observed(listening)
    finally:
        listening.close()
