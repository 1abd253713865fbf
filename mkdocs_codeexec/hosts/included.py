"""Files that pages include (`includes: mdbook`): of the project, or of the folder of the pages, and no others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.including import NotIncludedError
from mkdocs_codeexec.errors import nearest
from mkdocs_codeexec.untrusted import Place, Tree, UnfitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mkdocs_codeexec.core.settings import Settings

LARGEST = 1024 * 1024
"""Bytes of a file that is included."""


class Included:
    """Reads what pages include. Nothing is read that is hidden (`.env`, `.git`), as samples do not see it either. No link is followed, neither that of a file nor that of a folder.

    Attributes:
        by_page: What was read, or should have been, for each page.

    Args:
        project: The folder of the configuration.
        docs: That of the pages.
    """

    def __init__(self, project: Path, docs: Path) -> None:
        self.by_page: dict[str, set[Path]] = {}
        self._docs = _normal(docs)
        self._roots = tuple(dict.fromkeys((self._docs, _normal(project))))

    @property
    def paths(self) -> set[Path]:
        """The same, for all pages."""
        return {path for paths in self.by_page.values() for path in paths}

    def read(self, page: str, file: str, folder: str) -> tuple[str, str]:
        """Return the text of a file, and its folder.

        Args:
            page: The page that includes it, below the folder of the pages.
            file: As the page, or a file that it includes, has it.
            folder: What that is relative to; itself relative to the folder of the page.

        Raises:
            NotIncludedError: It cannot be read, or may not be.
        """
        if "\0" in file:
            raise NotIncludedError("no file has such a name")
        if Path(file).is_absolute():
            hint = "files are named as they are seen from the page: `../src/main.rs`"
            raise NotIncludedError("the path is absolute", hint)
        path = _normal(self._docs / Path(page).parent / folder / file)
        root = next((root for root in self._roots if path != root and path.is_relative_to(root)), None)
        if root is None:
            hint = "it is to be in the folder of the configuration; a copy can be made by whoever builds the site"
            raise NotIncludedError("the file is not within the project", hint)
        if any(part.startswith(".") for part in path.relative_to(root).parts):
            hint = "`.env` and `.git` may hold what is for nobody else: copy what pages are to show to another name"
            raise NotIncludedError("the file, or a folder on the way, is hidden", hint)
        self.by_page.setdefault(page, set()).add(path)
        with Tree(root) as tree:
            text = _text(tree, path.relative_to(root).parts)
        return text, os.path.join(folder, os.path.dirname(file))  # noqa: PTH118, PTH120 - keeps `..`


def _text(tree: Tree, place: Place) -> str:
    try:
        data = tree.read(place, LARGEST)
    except UnfitError as error:
        raise NotIncludedError(str(error), "" if "larger" in str(error) else "write where the file itself is") from None
    except FileNotFoundError:
        raise NotIncludedError("there is no such file", _near(tree, place)) from None
    except NotADirectoryError:
        hint = "no link is followed: write where the file itself is"
        raise NotIncludedError("a folder on the way is a link, or no folder", hint) from None
    except OSError as error:
        raise NotIncludedError(f"it cannot be read: {error.strerror or error}") from None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise NotIncludedError("it is no text in UTF-8") from None


def _near(tree: Tree, place: Place) -> str:
    """Return a hint that names what is there and is called nearly so."""
    for depth in range(len(place) - 1, -1, -1):
        try:
            with tree.folder(place[:depth]) as folder:
                near = nearest(place[depth], folder.names())
        except OSError:
            continue
        return f"did you mean `{near}`?" if near else ""
    return ""


def reader(settings: Settings, included: Included) -> Callable[[str, str, str], tuple[str, str]] | None:
    """Return what reads files for pages; None if they include none."""
    return included.read if settings.includes == "mdbook" and settings.enabled else None


def _normal(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` would follow links
