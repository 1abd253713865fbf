"""Reports that are files: where they are wanted, and that they are written."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.errors import ConfigurationError
from mkdocs_codeexec.files import is_stream
from mkdocs_codeexec.report.markdown import markdown
from mkdocs_codeexec.report.services import address
from mkdocs_codeexec.untrusted import Tree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mkdocs_codeexec.core.protocols import Narrator
    from mkdocs_codeexec.core.sample import Location
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.report.failures import Failure
    from mkdocs_codeexec.report.run import Run
    from mkdocs_codeexec.report.trace import Trace

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""The variable in which GitHub names a file of Markdown that it shows above the log."""
MOST = 1024 * 1024
"""Bytes of that file; GitHub takes none that is larger, from any of a step's programs."""


@dataclass(frozen=True, slots=True)
class Reports:
    """Where reports are written.

    Attributes:
        files: By kind; absolute.
        root: The root of the repository, or of the project where there is none.
        within: The folder below which they all are; None where they are where the user says.
        environ: The variables by which CI services say where they show a file, and where they take a summary.
        several: Whether they are of several sites, whose pages are named from the root on.

    No link is followed below that folder, or below the root: strangers may have put it there.
    """

    files: Mapping[str, Path]
    root: Path
    within: Path | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    several: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Reports:
        """Return those that the configuration asks for."""
        root = settings.checkout_dir or settings.project_dir
        return cls(settings.reports, root, settings.project_dir, settings.host_env)

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
            if self.within is None and is_stream(file):
                continue
            if not _may_be_replaced(kind, file):
                raise ConfigurationError(
                    f"the report `{kind}` is not written to `{file}`: what is there is no such report\n\n"
                    "hint: name another file, or remove that one\n"
                )
            above = next(folder for folder in file.parents if folder.exists())
            if why := _unwritable(above):
                raise ConfigurationError(
                    f"the report `{kind}` cannot be written to `{file}`: `{above}`: {why}\n\nhint: name another place\n"
                )

    def write(self, run: Run, failures: Sequence[Failure], narrator: Narrator, trace: Trace | None = None) -> None:
        """Write all of them, each whole or not at all; that one cannot be is a warning.

        Args:
            run: What it came to.
            failures: What is told of it.
            narrator: Hears of what cannot be written.
            trace: When what was done; None if nobody has noted that.
        """
        for kind, file in self.files.items():
            try:
                text = self._text(kind, run, failures, trace)
                if self.within is None and is_stream(file):
                    with file.open("ab") as opened:
                        opened.write(text)
                    continue
                root = self.within or self._above(file)
                with Tree(root) as tree:
                    tree.replace(file.relative_to(root).parts, text)
            except OSError as error:
                link = "; no link of a checkout is followed" if isinstance(error, NotADirectoryError) else ""
                narrator.warn(f"the report `{kind}` cannot be written to `{file}`: {error.strerror or error}{link}")

    def _above(self, file: Path) -> Path:
        """Return the folder below which no link is followed: the root if `file` is in it, by any of its names."""
        roots = (self.root, Path(os.path.realpath(self.root)))
        return next((root for root in roots if file.is_relative_to(root)), file.parent)

    def _text(self, kind: str, run: Run, failures: Sequence[Failure], trace: Trace | None) -> bytes:
        match kind:
            case "trace":
                return trace.text() if trace is not None else b""
            case "sarif":
                from mkdocs_codeexec.report.sarif import sarif

                return sarif(failures, self._address)
            case "code_quality":
                from mkdocs_codeexec.report.code_quality import code_quality

                return code_quality(failures, self._address)
            case "summary":
                return self._summary(run, failures)
            case _:
                from mkdocs_codeexec.report.junit import junit

                return junit(run, _details(failures), self._address if self.several else str)

    def add_to_step(self, run: Run, failures: Sequence[Failure], narrator: Narrator) -> None:
        """Add a summary to what GitHub shows above the log, whole or not at all; elsewhere do nothing."""
        name = self.environ.get(STEP_SUMMARY)
        if not name or not run.resolved:
            return
        try:
            self._append(name, self._summary(run, failures))
        except OSError as error:
            narrator.say(f"no summary is added to `{name}`: {error.strerror or error}")

    def _append(self, name: str, text: bytes) -> None:
        handle = os.open(
            name, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644
        )
        try:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.EINVAL, "it is no file")
            if found.st_size + len(text) > MOST:
                raise OSError(errno.EFBIG, f"it would have more than {MOST // 1024} KiB")
            os.write(handle, text)
        finally:
            os.close(handle)

    def _summary(self, run: Run, failures: Sequence[Failure]) -> bytes:
        def link(path: str, line: int) -> str:
            return address(self.environ, self._address(path), line)

        return markdown(run, failures, link).encode("utf-8", "replace")

    def _address(self, path: str) -> str:
        absolute = Path(os.path.abspath(path))  # noqa: PTH100 - it takes `..` out, and follows no link
        return absolute.relative_to(self.root).as_posix() if absolute.is_relative_to(self.root) else path


def _unwritable(folder: Path) -> str:
    """Return why no file can be made in `folder`; empty if one can. Rights alone do not tell: root has all of them."""
    if not folder.is_dir():
        return "it is no folder"
    try:
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return f"it may not be written to ({error.strerror or error})"


_BEGINS = {
    "junit": (b"<?xml", b"<testsuite"),
    "sarif": (b"{",),
    "code_quality": (b"[]", b"[\n", b"[{"),
    "summary": (b"### codeexec",),
    "trace": (b'{"traceEvents"', b"["),
}
"""How a report of each kind begins: a page, or the configuration, is not replaced by one."""


def _may_be_replaced(kind: str, file: Path) -> bool:
    """Tell whether there is nothing of worth at `file`: nothing, an empty file, no regular file, or such a report."""
    try:
        if not stat.S_ISREG(file.lstat().st_mode):
            return True
        with file.open("rb") as opened:
            begin = opened.read(64).lstrip()
    except OSError:
        return True
    return not begin or begin.startswith(_BEGINS[kind])


def _details(failures: Sequence[Failure]) -> dict[Location, str]:
    """Return what is told of each sample that failed. What has one cause is told at the first sample that it has stopped."""
    return {one.at: f"{one.headline}\n{one.detail}".strip() for one in failures if one.at is not None}
