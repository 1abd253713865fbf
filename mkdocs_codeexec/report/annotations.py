"""What CI systems read in a log: failures as annotations, and nothing else as a command for anyone.

GitHub's commands are described in its documentation, "Workflow commands for GitHub Actions"; what is taken for one, in
`ActionCommand.cs` of the runner: a line that begins with `::`, spaces before it not counted, and one with `##[`
anywhere in it. Azure Pipelines obeys `##vso[` anywhere in a line (`Command.cs` of its agent) and `##[`; TeamCity
`##teamcity[`. GitLab and Travis obey what stands before a carriage return and `ESC[0K`, which never get into a log.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, TypeAlias

from mkdocs_codeexec.html import ansi

MAX_MESSAGE = 4000
"""Characters of a message; GitHub cuts what is longer than 4 KiB or so."""


class Notice(NamedTuple):
    """What an annotation says, and of what.

    Attributes:
        path: The file, as a terminal here could open it; empty if it is about none.
        message: What is wrong; may have several lines.
        title: In a few words; may be empty.
        line: From one; 0 if it is about no line.
        column: From one; 0 if it is not known.
        end_line: Last line; 0 if it is not known.
        end_column: Column after the last character; 0 if it is not known.
    """

    path: str
    message: str
    title: str = ""
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0


Level: TypeAlias = Literal["error", "warning"]


class Dialect(Protocol):
    """How a CI service wants annotations."""

    @property
    def name(self) -> str:
        """Who reads them."""
        ...

    @property
    def most(self) -> int | None:
        """How many of a level it shows of a step; None if it shows all."""
        ...

    @property
    def opening(self) -> str:
        """What it wants to read before the first one; empty if nothing."""
        ...

    def command(self, level: Level, notice: Notice) -> str:
        """Return the line that makes `notice` an annotation. Its path is relative to the repository, its message plain."""
        ...


@dataclass(slots=True)
class Annotations:
    """Writes annotations for a CI service, and of the last one that is shown it says so.

    Attributes:
        dialect: How the service wants them.
        workspace: The repository's folder there.
        folders: Those that relative paths may be relative to; the first in which the file exists counts.
    """

    dialect: Dialect
    workspace: Path
    folders: Sequence[Path]
    _given: Counter[Level] = field(default_factory=Counter)

    def lines(self, level: Level, notice: Notice) -> list[str]:
        """Return the lines that make `notice` an annotation; none if the service would show no more."""
        from mkdocs_codeexec.core.sample import in_one_line

        before, most = self._given.total(), self.dialect.most
        self._given[level] += 1
        number = self._given[level]
        if most is not None and number > most:
            return []
        message = ansi.strip(notice.message)[:MAX_MESSAGE]
        if number == most:
            message += f"\n({self.dialect.name} shows {most} of a kind: what follows is in the log)"
        opening = [] if before or not self.dialect.opening else [self.dialect.opening]

        path = in_one_line(self._relative(notice.path)) if notice.path else ""
        return [*opening, self.dialect.command(level, notice._replace(path=path, message=message))]

    def _relative(self, path: str) -> str:
        candidates = [folder / path for folder in self.folders]
        found = next((file for file in candidates if file.exists()), Path(path))
        return found.relative_to(self.workspace).as_posix() if found.is_relative_to(self.workspace) else path


_COMMAND = re.compile(r"(?:^|(?<=\r))((?:[^\S\n\r]|[\u180e\u200b\ufeff]|\x1b\[[0-9;:]*+m)*):(?=:(?!:))", re.MULTILINE)
"""At the start of a line; three colons are rustc's, and no command. What has no width may count as a space."""
_MARKED = re.compile(r"##(?=(?:vso|teamcity)?\[)", re.IGNORECASE)
_WRAPPED = re.compile(r"(?<=\s):(?=:(?!:))")


def harmless(text: str, *, wraps: bool = False) -> str:
    """Return `text` with a space in what a CI system would take for a command.

    It is so whatever the system, and on a terminal: CI may show the log of a container that knows nothing of it.

    Args:
        text: What is to be written.
        wraps: Whether lines may be broken at any space: MkDocs does that with log records where `COLUMNS` is set.
    """
    text = _MARKED.sub("# #", _COMMAND.sub(r"\1: ", text))
    return _WRAPPED.sub(": ", text) if wraps else text
