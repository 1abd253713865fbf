"""Which files are read while a page is made: what it includes, by whatever plugin or extension."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.watching.reading import noted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import PurePath


class PageReads:
    """Takes note of what is opened for each page, one after the other.

    Args:
        roots: Folders; what is elsewhere is of no interest.
    """

    def __init__(self, *roots: PurePath) -> None:
        self._roots = tuple(f"{root}/" for root in roots)
        self._found: dict[str, set[Path]] = {}
        self._open = ExitStack()

    def begin(self, page: str) -> None:
        """Note what is opened from now on for `page`."""
        self.end()
        read = self._open.enter_context(noted(lambda path: path.startswith(self._roots)))
        self._open.callback(lambda: self._found.setdefault(page, set()).update(map(Path, read)))

    def end(self) -> None:
        """Note nothing more."""
        self._open.close()

    def together(self, others: Mapping[str, set[Path]]) -> dict[str, set[Path]]:
        """Return what was read for each page, with `others`."""
        self.end()
        return {page: self._found.get(page, set()) | others.get(page, set()) for page in {**self._found, **others}}
