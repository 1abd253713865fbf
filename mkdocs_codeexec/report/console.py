"""The voice on the terminal: log lines through MkDocs' logger, tools' output as it comes."""

from __future__ import annotations

import logging
import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mkdocs_codeexec.html import ansi
from mkdocs_codeexec.report.annotations import Notice, harmless

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import TextIO

    from mkdocs_codeexec.core.expectation import VerdictName
    from mkdocs_codeexec.core.resolved import Event
    from mkdocs_codeexec.core.sample import Location
    from mkdocs_codeexec.report.annotations import Annotations
    from mkdocs_codeexec.report.failures import Failure


class Log(Protocol):
    """The part of a logger that is used."""

    def log(self, level: int, msg: str, /, *args: object) -> None:
        """Log `msg` at `level`."""
        ...

    def isEnabledFor(self, level: int, /) -> bool:  # noqa: N802 - logging's name
        """Return whether `level` would be shown."""
        ...


DEBUG, INFO, WARNING, ERROR = 10, 20, 30, 40


class Lines(logging.Formatter):
    """Writes `codeexec: …`, and how bad it is, where no host has a log with a style of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of `record`, and where an exception was raised."""
        how = "" if record.levelno <= INFO else f"{record.levelname.lower()}: "
        raised = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return f"codeexec: {how}{record.getMessage()}{raised}"


@dataclass(slots=True)
class Console:
    """Tells people what goes on, and CI services what to annotate.

    Attributes:
        log: MkDocs' logger for plugins; `--strict` counts what is a warning there.
        color: Whether ANSI colours are shown; otherwise they are removed.
        warning_level: Level of warnings. `serve --strict` would end at one, so there it is lower.
        out: Where tools' output and annotations go; None where that stream was closed before we were started.
        annotations: How to annotate; None where nobody reads that.
    """

    log: Log
    color: bool
    warning_level: int = WARNING
    out: TextIO | None = field(default_factory=lambda: sys.stderr)
    annotations: Annotations | None = None
    _rest: bytes = b""

    def say(self, message: str) -> None:
        """Tell something worth a line in the log."""
        self._log(INFO, message)

    def warn(self, message: str, *, at: Location | None = None, hint: str = "") -> None:
        """Tell something the author can mend."""
        text = f"{at}: {message}" if at else message
        self._log(self.warning_level, f"{text}\n\nhint: {hint}\n" if hint else text)
        said = f"{at.within}: {message}" if at and at.within else message
        said = f"{said}\nhint: {hint}" if hint else said
        self._annotate(Notice((at.path or at.page) if at else "", said, line=at.line if at else 0), self.warning_level)

    def stream(self, chunk: bytes) -> None:
        """Pass on what a tool writes, line by line as it comes."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if lines and self.log.isEnabledFor(INFO):
            self.write(b"\n".join(lines).decode("utf-8", "replace"))

    def note(self, event: Event) -> None:
        """Take what goes on: it is told by those who listen to an Engine, and not here."""

    def failure(self, failure: Failure, level: int) -> None:
        """Tell of a failed sample: one log record for its headline, the detail below it.

        The detail does not go through the logger, which would wrap it to the terminal's width.
        """
        self._log(level, failure.headline)
        if failure.detail and self.log.isEnabledFor(level):
            self.write(failure.detail + "\n")
        self._annotate(failure.notice, level)

    def tell(self, failure: Failure, fatal: Collection[VerdictName]) -> None:
        """Tell of samples that failed, or are suspended, as loudly as the verdicts for which a build fails want it.

        What is suspended is a line in the log unless the build fails for it.
        """
        if failure.suspended:
            level = ERROR if "suspended" in fatal else INFO
        else:
            level = ERROR if any(name != "suspended" for name in fatal) else self.warning_level
        self.failure(failure, level)

    def write(self, text: str) -> None:
        """Write `text` and a newline, with colours if the terminal has them."""
        self._put(self._clean(text))

    def _annotate(self, notice: Notice, level: int) -> None:
        if self.annotations and level > INFO:
            for line in self.annotations.lines("error" if level >= ERROR else "warning", notice):
                self._put(line)

    def _log(self, level: int, text: str) -> None:
        self.log.log(level, "%s", self._clean(text, wraps=True))

    def _clean(self, text: str, *, wraps: bool = False) -> str:
        """Return `text` without what a terminal or a CI system would obey, but colours."""
        return harmless(_colours_only(text) if self.color else ansi.strip(text), wraps=wraps)

    def _put(self, line: str) -> None:
        if self.out is not None:
            self.out.write(line + "\n")
            self.out.flush()


_COLOUR = re.compile(r"(\x1b\[[0-9;:]{0,64}m)")


def _colours_only(text: str) -> str:
    """Return `text` without what would do more to a terminal than colour it: titles, the clipboard, the cursor.

    Colours end with it; what comes after it in the log can be read.
    """
    pieces = _COLOUR.split(text)
    pieces[::2] = map(ansi.strip, pieces[::2])
    left_on = len(pieces) > 1 and pieces[-2] not in ("\x1b[0m", "\x1b[m")
    return "".join(pieces) + "\x1b[0m" * left_on


def plainly(text: str) -> str:
    """Return `text` as a terminal or a CI system shows it and obeys nothing, for what others write to the log."""
    return harmless(ansi.strip(text), wraps=True)


def wants_color(environ: Mapping[str, str], out: TextIO | None) -> bool:
    """Tell whether `out` should get ANSI colours (https://no-color.org, https://bixense.com/clicolors)."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("CLICOLOR_FORCE", "0") != "0" or environ.get("FORCE_COLOR"):
        return True
    return out is not None and out.isatty() and environ.get("TERM") != "dumb"
