"""Events for programs: each a line of JSON, as `schemas/events.schema.json` says.

Where only programs read, lines of the log are such lines, too, and so is what tools write.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import threading
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.resolved import Ended, Planned, Prepared, Preparing, Said, Started, Took
from mkdocs_codeexec.errors import ConfigurationError, Mistake
from mkdocs_codeexec.report.plans import row_of_planned
from mkdocs_codeexec.report.rows import row

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

    from mkdocs_codeexec.core.action import Action, Key
    from mkdocs_codeexec.core.resolved import Event
    from mkdocs_codeexec.core.sample import Location
    from mkdocs_codeexec.report.moment import Moment

FORMAT = 1
"""Changes when a field does."""
VARIABLE = "CODEEXEC_LOG_FORMAT"
FORMATS = ("text", "json")


def in_json(environ: Mapping[str, str], asked: str | None = None) -> bool:
    """Tell whether the log is for programs: as the command line has `asked`, else as the environment says.

    Raises:
        ConfigurationError: It says neither.
    """
    value = asked or environ.get(VARIABLE) or "text"
    if value not in FORMATS:
        raise ConfigurationError(Mistake(f"{VARIABLE}: `{value}` is none of `text`, `json`"))
    return value == "json"


class Lines:
    """Writes lines of JSON, from any thread.

    Args:
        out: Where.
        moment: The run that they are about.
    """

    def __init__(self, out: TextIO, moment: Moment) -> None:
        self._out = out
        self._moment = moment
        self._turn = threading.Lock()
        self._gone = False

    def put(self, event: str, fields: Mapping[str, object]) -> None:
        """Write what has happened now. That nobody reads it is no fault."""
        head = {
            "format": FORMAT,
            "event": event,
            "time": _shown(dt.datetime.now(dt.UTC)),
            "run_id": self._moment.run_id,
        }
        line = json.dumps({**head, **fields}) + "\n"
        with self._turn:
            if self._gone:
                return
            try:
                self._out.write(line)
                self._out.flush()
            except (OSError, ValueError):
                self._gone = True


class Events:
    """Writes what goes on.

    Args:
        lines: Where.
        moment: The run.
        said: Whether what is said is written, too: it is not where the whole log is.
    """

    def __init__(self, lines: Lines, moment: Moment, *, said: bool) -> None:
        self._lines = lines
        self._moment = moment
        self._said = said
        self._places: dict[Key, tuple[Location, ...]] = {}

    def hear(self, event: Event) -> None:
        """Take what goes on."""
        match event:
            case Planned():
                self._lines.put("planned", row_of_planned(event))
            case Started():
                self._places[event.action.request_key] = event.places
                self._lines.put("started", {"key": event.action.request_key, "samples": self._samples(event.action)})
            case Ended():
                self._lines.put("ended", row(event.resolved))
            case Said():
                if self._said:
                    self._lines.put("log", {"level": "info", "message": event.message})
            case Preparing():
                where = {"environment": event.environment, "part": event.part}
                self._lines.put("preparing", {**where, "done": event.done, "total": event.total})
            case Prepared():
                self._lines.put("prepared", {"environment": event.environment, "built": event.built})
            case Took():
                fields = {
                    "kind": event.kind,
                    "name": event.name,
                    "began": _shown(self._moment.at(event.began)),
                    "seconds": round(event.seconds, 6),
                    "thread": event.thread,
                    "samples": [place for action in event.actions for place in self._samples(action)],
                }
                self._lines.put("took", fields)

    def _samples(self, action: Action) -> list[dict[str, object]]:
        return [
            {"page": at.page, "line": at.line, **({"within": at.within} if at.within else {})}
            for at in self._places.get(action.request_key, ())
        ]


class Records(logging.Formatter):
    """Has each record of a log be such a line.

    Args:
        moment: The run.
    """

    def __init__(self, moment: Moment) -> None:
        super().__init__()
        self._moment = moment

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of `record`."""
        raised = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        fields = {
            "format": FORMAT,
            "event": "log",
            "time": _shown(dt.datetime.fromtimestamp(record.created, dt.UTC)),
            "run_id": self._moment.run_id,
            "level": record.levelname.lower(),
            "message": record.getMessage() + raised,
        }
        return json.dumps(fields)


class Output:
    """A stream whose lines are such lines: for what tools write.

    Args:
        lines: Where.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def write(self, text: str) -> int:
        """Write `text`, which ends with its line."""
        self._lines.put("output", {"text": text.removesuffix("\n")})
        return len(text)

    def flush(self) -> None:
        """Do nothing: a line is written at once."""

    def isatty(self) -> bool:
        """Tell that this is no terminal."""
        return False


def _shown(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="microseconds")
