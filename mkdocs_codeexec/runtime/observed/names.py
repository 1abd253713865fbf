"""Portable names of this machine's paths: `<project>/data.csv` for `/home/me/site/data.csv`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Root:
    """A folder that other machines have elsewhere.

    Attributes:
        label: What stands for it, in angle brackets.
        folder: Its absolute path here.
    """

    label: str
    folder: str


class Names:
    """Translates between paths and names, by `roots`: of two for one folder the first counts, of nested ones the inner.

    A folder that is reached by a link is known by both its paths.
    """

    def __init__(self, roots: Sequence[Root]) -> None:
        self._folders: dict[str, str] = {}
        labels: dict[str, str] = {}
        for root in roots:
            labels.setdefault(root.folder, root.label)
            labels.setdefault(os.path.realpath(root.folder), root.label)
            self._folders.setdefault(root.label, root.folder)
        self._labels = sorted(labels.items(), key=lambda item: -len(item[0]))
        # What can stand in a file that an installation has written, longest first; a NUL stands in none.
        self._written = [
            (os.fsencode(dir_), b"\0%b\0" % label.encode()) for dir_, label in self._labels if len(dir_) > 1
        ]
        self._installed = tuple(f"{folder}/" for folder, label in self._labels if label.startswith(("<site", "<venv")))

    def portable(self, path: str) -> str:
        """Return the name of an absolute, normal `path`; a path of the system is its own name."""
        for folder, label in self._labels:
            if path.startswith(folder) and (len(path) == len(folder) or path[len(folder)] == "/"):
                return label + path[len(folder) :]
        return path

    def real(self, name: str) -> str | None:
        """Return the path that `name` means here, or None if its label means nothing here."""
        if name.startswith("/"):
            return name
        label, slash, rest = name.partition("/")
        folder = self._folders.get(label)
        return None if folder is None or "\0" in rest else folder + slash + rest

    def relocated(self, path: str, data: bytes) -> bytes:
        """Return the contents of the file `path`: with labels for folders, if an installer has written it."""
        if path.startswith(self._installed):
            for folder, label in self._written:
                if folder in data:
                    data = data.replace(folder, label)
        return data
