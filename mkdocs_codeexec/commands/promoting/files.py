"""Writing pages: whole or not at all, never outside of `docs_dir`, and never over what somebody else has written."""

from __future__ import annotations

import difflib
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.markdown.editing import Edit, UneditableError, edited, held
from mkdocs_codeexec.sites import shown
from mkdocs_codeexec.untrusted import Folder, UnfitError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mkdocs_codeexec.commands.promoting.fences import Editable

LARGEST = 64 * 1024 * 1024
"""Bytes of a page."""
_BOM = b"\xef\xbb\xbf"


class Page:
    """The file of a page.

    Args:
        docs_dir: The folder that pages are in.
        name: Its path in there.
        read: Its text as its host has read it.

    Raises:
        UneditableError: There is no such file, it is somewhere else, or it has changed since.
    """

    def __init__(self, docs_dir: Path, name: str, read: str) -> None:
        docs, self._file = Path(os.path.realpath(docs_dir)), Path(os.path.realpath(docs_dir / name))
        if not self._file.is_relative_to(docs):
            raise UneditableError("the file of the page is outside of `docs_dir`, where a link leads")
        self.path = shown(docs_dir / name)
        self._before, self._about = self._content()
        self.bom = _BOM if self._before.startswith(_BOM) else b""
        try:
            self.text = self._before.removeprefix(_BOM).decode("utf-8")
        except ValueError:
            raise UneditableError("the file of the page is no UTF-8") from None
        if _lines(self.text) != _lines(read):
            raise UneditableError(
                "the file of the page has changed since it was read, or is not what the page is made of"
            )

    def _content(self) -> tuple[bytes, os.stat_result]:
        try:
            with Folder.at(self._file.parent) as folder:
                return folder.read(self._file.name, LARGEST), folder.about(self._file.name)
        except (OSError, UnfitError) as error:
            raise UneditableError(f"the page has no file that can be read: {_why(error)}") from error

    def write(self, text: str) -> None:
        """Replace the file by one with `text`, and the same permissions.

        Raises:
            UneditableError: It has changed meanwhile, or cannot be written; it is as it was.
        """
        name = f".{self._file.name}.{secrets.token_hex(4)}"
        content = self.bom + text.encode("utf-8")
        try:
            with Folder.at(self._file.parent) as folder:
                try:
                    with os.fdopen(folder.new(name, 0o600), "wb") as file:
                        file.write(content)
                        self._permit(file.fileno())
                        file.flush()
                        os.fsync(file.fileno())
                    self._check()
                    folder.rename(name, self._file.name)
                except BaseException:
                    with suppress(FileNotFoundError):
                        folder.unlink(name)
                    raise
        except OSError as error:
            raise UneditableError(f"the file of the page cannot be written: {_why(error)}") from error

    def _check(self) -> None:
        if self._content()[0] != self._before:
            raise UneditableError("the file of the page has changed since it was read")

    def _permit(self, fd: int) -> None:
        """Give the open file `fd` the permissions of the page, and its owner where we may."""
        if hasattr(os, "fchown"):
            with suppress(OSError):
                os.fchown(fd, self._about.st_uid, self._about.st_gid)
            os.fchmod(fd, stat.S_IMODE(self._about.st_mode))

    def patch(self, text: str, base: Path) -> bytes:
        """Return what `patch -p1` in the folder `base` makes this file hold `text` with.

        Args:
            text: What it is to hold.
            base: A folder above it.
        """
        name = os.path.relpath(self._file, os.path.realpath(base))
        mark = "\t" if any(letter.isspace() for letter in name) else ""  # where the name ends
        before, after = (_rows(self.bom + one.encode("utf-8")) for one in (self.text, text))
        one, other = (f"{way}/{name}{mark}".encode() for way, mark in (("a", mark), ("b", mark)))
        rows = difflib.diff_bytes(difflib.unified_diff, before, after, one, other)
        return b"".join(_ended(rows))


def _lines(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _why(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def _rows(content: bytes) -> list[bytes]:
    return [row + b"\n" for row in content.split(b"\n")[:-1]] + (
        [content.rpartition(b"\n")[2]] if not content.endswith(b"\n") else []
    )


def _ended(rows: Iterable[bytes]) -> Iterator[bytes]:
    """Yield `rows` of a patch; one without an end gets what says so."""
    for row in rows:
        yield row if row.endswith(b"\n") else row + b"\n\\ No newline at end of file\n"


def changed(page: Page, edits: Sequence[Editable]) -> str:
    """Return the text of `page` with those of `edits` that can be made; the others are left, and know why."""
    for edit in edits:
        try:
            held(page.text, edit.item.sample)
        except UneditableError as error:
            edit.leave(str(error))
    return edited(page.text, [Edit(edit.item.sample, edit.lines) for edit in edits if edit.state == "differs"])
