"""Reports that are files: where they are wanted, and that they are written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.errors import ConfigurationError
from mkdocs_codeexec.report.junit import junit
from mkdocs_codeexec.report.sarif import sarif
from mkdocs_codeexec.untrusted import Tree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mkdocs_codeexec.core.protocols import Narrator
    from mkdocs_codeexec.core.sample import Location
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.report.failures import Failure
    from mkdocs_codeexec.report.run import Run

KINDS = ("junit", "sarif")


@dataclass(frozen=True, slots=True)
class Reports:
    """Where reports are written.

    Attributes:
        files: By kind; absolute.
        root: The root of the repository, or of the project where there is none.
        within: The folder below which they all are; None where they are where the user says.

    No link is followed below that folder, or below the root: strangers may have put it there.
    """

    files: Mapping[str, Path]
    root: Path
    within: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> Reports:
        """Return those that the configuration asks for."""
        return cls(settings.reports, settings.checkout_dir or settings.project_dir, settings.project_dir)

    def check(self) -> None:
        """See that they can be written, before there is anything to be told.

        Raises:
            ConfigurationError: One cannot be, or two are one file.
        """
        names = [os.path.realpath(file) for file in self.files.values()]
        if len(set(names)) < len(names):
            raise ConfigurationError(f"two reports are one file: `{names[0]}`\n\nhint: give each a name of its own\n")
        for kind, file in self.files.items():
            if file.is_dir():
                raise ConfigurationError(
                    f"the report `{kind}` cannot be written: `{file}` is a folder\n\nhint: name a file\n"
                )
            above = next(folder for folder in file.parents if folder.exists())
            if not above.is_dir() or not os.access(above, os.W_OK):
                why = "it may not be written to" if above.is_dir() else "it is no folder"
                raise ConfigurationError(
                    f"the report `{kind}` cannot be written to `{file}`: `{above}`: {why}\n\nhint: name another place\n"
                )

    def write(self, run: Run, failures: Sequence[Failure], narrator: Narrator) -> None:
        """Write all of them, each whole or not at all; that one cannot be is a warning."""
        for kind, file in self.files.items():
            try:
                root = self.within or self._above(file)
                with Tree(root) as tree:
                    tree.replace(file.relative_to(root).parts, self._text(kind, run, failures))
            except OSError as error:
                link = "; no link of a checkout is followed" if isinstance(error, NotADirectoryError) else ""
                narrator.warn(f"the report `{kind}` cannot be written to `{file}`: {error.strerror or error}{link}")

    def _above(self, file: Path) -> Path:
        """Return the folder below which no link is followed: the root if `file` is in it, by any of its names."""
        roots = (self.root, Path(os.path.realpath(self.root)))
        return next((root for root in roots if file.is_relative_to(root)), file.parent)

    def _text(self, kind: str, run: Run, failures: Sequence[Failure]) -> bytes:
        return sarif(failures, self._address) if kind == "sarif" else junit(run, _details(failures))

    def _address(self, path: str) -> str:
        absolute = Path(os.path.abspath(path))  # noqa: PTH100 - it takes `..` out, and follows no link
        return absolute.relative_to(self.root).as_posix() if absolute.is_relative_to(self.root) else path


def _details(failures: Sequence[Failure]) -> dict[Location, str]:
    """Return what is told of each sample that failed. What has one cause is told at the first sample that it has stopped."""
    return {one.at: f"{one.headline}\n{one.detail}".strip() for one in failures if one.at is not None}
