"""The voice of commands whose report is for people: on standard output."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.environment import read_environment
from mkdocs_codeexec.report.console import Console, wants_color
from mkdocs_codeexec.report.services import annotations_for

if TYPE_CHECKING:
    from typing import TextIO

    from mkdocs_codeexec.core.settings import Settings


def on_stdout(*sites: Settings) -> Console:
    """Return what writes plain lines on standard output, for sites with these settings; none if they are not known."""
    environ = read_environment()
    return Console(
        log=_Lines(sys.stdout),
        color=wants_color(environ, sys.stdout),
        out=sys.stdout,
        annotations=annotations_for(environ, (Path.cwd(), *(settings.project_dir for settings in sites))),
    )


class _Lines:
    """A log that is written as plain lines."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def log(self, level: int, msg: str, /, *args: object) -> None:
        del level
        self._out.write(msg % args + "\n")

    def isEnabledFor(self, level: int, /) -> bool:  # noqa: N802 - logging's name
        del level
        return True
