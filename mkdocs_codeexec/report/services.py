"""CI services: by what variables they are known, how they want annotations, and where they show a line of a file.

Formats: GitHub's documentation, "Workflow commands for GitHub Actions"; Microsoft's, "Logging commands" of Azure
Pipelines, with the escapes of its task library (`taskcommand.ts`); JetBrains', "Service messages" of TeamCity.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from mkdocs_codeexec.report.annotations import Annotations, Level, Notice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mkdocs_codeexec.report.annotations import Dialect


class GitHub:
    """Workflow commands: `::error file=docs/a.md,line=3::said`."""

    name = "GitHub"
    most: ClassVar[int | None] = 10
    opening = ""

    def command(self, level: Level, notice: Notice) -> str:
        """Return the command that makes `notice` an annotation."""
        properties: dict[str, object] = {}
        if notice.path:
            properties["file"] = notice.path
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
        written = ",".join(
            f"{name}={_escaped(str(value), _GITHUB | _GITHUB_PROPERTY)}" for name, value in properties.items()
        )
        return f"::{level}{' ' if written else ''}{written}::{_escaped(notice.message, _GITHUB)}"


class Azure:
    """Logging commands: `##vso[task.logissue type=error;sourcepath=docs/a.md;linenumber=3]said`."""

    name = "Azure Pipelines"
    most: ClassVar[int | None] = None
    opening = ""

    def command(self, level: Level, notice: Notice) -> str:
        """Return the command that makes `notice` an issue of the task."""
        properties: list[tuple[str, str]] = [("type", level)]
        properties += [("sourcepath", notice.path)] if notice.path else []
        properties += [("linenumber", str(notice.line))] if notice.line else []
        properties += [("columnnumber", str(notice.column))] if notice.column else []
        written = "".join(f"{name}={_escaped(value, _AZURE | _AZURE_PROPERTY)};" for name, value in properties)
        return f"##vso[task.logissue {written}]{_escaped(_whole(notice), _AZURE)}"


class TeamCity:
    """Service messages: code inspections, which have a file and a line."""

    name = "TeamCity"
    most: ClassVar[int | None] = None
    opening = (
        "##teamcity[inspectionType id='codeexec' name='codeexec' category='Documentation' "
        "description='What is wrong with code samples']"
    )

    def command(self, level: Level, notice: Notice) -> str:
        """Return the message that makes `notice` a finding."""
        properties = [("typeId", "codeexec"), ("message", _whole(notice)), ("file", notice.path or "-")]
        properties += [("line", str(notice.line))] if notice.line else []
        properties += [("SEVERITY", level.upper())]
        written = " ".join(f"{name}='{_ascii(value)}'" for name, value in properties)
        return f"##teamcity[inspection {written}]"


def annotations_for(environ: Mapping[str, str], folders: Sequence[Path]) -> Annotations | None:
    """Return how to annotate on the CI service that this process runs on; None elsewhere, and on those that read none.

    Args:
        environ: The variables of this process.
        folders: Those that paths in messages may be relative to.
    """
    known: tuple[tuple[bool, type[Dialect], str], ...] = (
        (environ.get("GITHUB_ACTIONS") == "true", GitHub, "GITHUB_WORKSPACE"),
        (environ.get("TF_BUILD", "").lower() == "true", Azure, "BUILD_SOURCESDIRECTORY"),
        (bool(environ.get("TEAMCITY_VERSION")), TeamCity, ""),
    )
    for here, dialect, workspace in known:
        if here:
            return Annotations(dialect(), Path(environ.get(workspace) or folders[0]), folders)
    return None


def address(environ: Mapping[str, str], path: str, line: int) -> str:
    """Return where the CI service's host shows a line of a file; empty where that is not known.

    Args:
        environ: The variables of this process.
        path: The file, relative to the root of the repository.
        line: From one; 0 for the whole file.
    """
    place = quote(path) + (f"#L{line}" if line else "")
    server, repository, commit = (environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "SHA"))
    if server and repository and commit:  # Markdown is rendered, without lines, unless it is asked for as it is
        return f"{server}/{quote(repository)}/blob/{quote(commit)}/{place.replace('#', '?plain=1#')}"
    project, commit = environ.get("CI_PROJECT_URL", ""), environ.get("CI_COMMIT_SHA", "")
    return f"{project}/-/blob/{quote(commit)}/{place}" if project and commit else ""


_GITHUB = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_GITHUB_PROPERTY = {":": "%3A", ",": "%2C"}
_AZURE = {"%": "%AZP25", "\r": "%0D", "\n": "%0A"}
_AZURE_PROPERTY = {";": "%3B", "]": "%5D"}
_TEAMCITY = {"|": "||", "'": "|'", "[": "|[", "]": "|]", "\n": "|n", "\r": "|r"}


def _escaped(text: str, escapes: Mapping[str, str]) -> str:
    return "".join(escapes.get(letter, letter) for letter in text)


def _ascii(text: str) -> str:
    """Return `text`, escaped as TeamCity wants it, in letters that no encoding of a log can spoil."""
    escaped = _escaped(text, _TEAMCITY)
    if escaped.isascii():
        return escaped
    return "".join(
        letter if letter.isascii() else "".join(map("|0x{:04x}".format, _units(letter))) for letter in escaped
    )


def _units(letter: str) -> Sequence[int]:
    written = letter.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(written[at : at + 2], "big") for at in range(0, len(written), 2)]


def _whole(notice: Notice) -> str:
    return f"{notice.title}\n{notice.message}" if notice.title else notice.message
