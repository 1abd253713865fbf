"""What CI systems read in a log: failures as annotations for GitHub, and nothing else as a command for anyone.

GitHub's commands are described in its documentation, "Workflow commands for GitHub Actions"; what is taken for one, in
`ActionCommand.cs` of the runner: a line that begins with `::`, spaces before it not counted, and one with `##[`
anywhere in it. Azure Pipelines obeys `##vso[` anywhere in a line (`Command.cs` of its agent) and `##[`; TeamCity
`##teamcity[`. GitLab and Travis obey what stands before a carriage return and `ESC[0K`, which never get into a log.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

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


@dataclass(frozen=True, slots=True)
class Annotations:
    """Writes annotations for GitHub.

    Attributes:
        workspace: The repository's folder there.
        folders: Those that relative paths may be relative to; the first in which the file exists counts.
    """

    workspace: Path
    folders: Sequence[Path]

    def command(self, level: Literal["error", "warning"], notice: Notice) -> str:
        """Return the line that makes `notice` an annotation."""
        properties: dict[str, object] = {}
        if notice.path:
            from mkdocs_codeexec.core.sample import in_one_line

            properties["file"] = in_one_line(self._relative(notice.path))
        if notice.line:
            properties["line"] = notice.line
            properties["endLine"] = notice.end_line or notice.line
        if notice.column:
            properties["col"] = notice.column
            # GitHub takes columns for those of one line.
            if notice.end_column and (notice.end_line or notice.line) == notice.line:
                properties["endColumn"] = notice.end_column
        if notice.title:
            properties["title"] = notice.title
        written = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
        return f"::{level}{' ' if written else ''}{written}::{_data(ansi.strip(notice.message)[:MAX_MESSAGE])}"

    def _relative(self, path: str) -> str:
        candidates = [folder / path for folder in self.folders]
        found = next((file for file in candidates if file.exists()), Path(path))
        return found.relative_to(self.workspace).as_posix() if found.is_relative_to(self.workspace) else path


def for_github(environ: Mapping[str, str], folders: Sequence[Path]) -> Annotations | None:
    """Return how to annotate if this process runs on GitHub Actions.

    Args:
        environ: The variables of this process.
        folders: Those that paths in messages may be relative to.
    """
    if environ.get("GITHUB_ACTIONS") != "true":
        return None
    return Annotations(Path(environ.get("GITHUB_WORKSPACE") or folders[0]), folders)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


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
