"""What is not hidden in a folder, however deep: as few paths as say it.

A tree without a hidden entry is one path; else each folder on the way to one is given as its other entries. So neither a
mount nor a rule of Landlock shows what is hidden, and neither has to take anything back.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from mkdocs_codeexec.untrusted.regular import is_within

MOST = 50_000
"""Entries that are looked at; what lies beyond is not given."""
DEEPEST = 48
_LEFT_OUT = frozenset({"node_modules"})
"""Folders of tens of thousands of files that no package of a site's own consists of."""
_PLAIN = frozenset({".gitignore", ".gitkeep", ".gitattributes", ".keep", ".editorconfig", ".DS_Store"})
"""Hidden files that keep nothing secret: for them alone a folder is not taken apart, as each path is a mount."""
_CACHE = "CACHEDIR.TAG"
"""What marks a folder that a tool can make again ("Cache Directory Tagging Specification"): cargo's target, an environment."""


class Walk:
    """One walk through what may be a stranger's folders.

    Args:
        wrong: Tells why what a link leads to is not given; empty if it may be.
        all_of_it: Whether what is hidden may be seen, too: only links are looked for then.

    Attributes:
        refused: Links that are not given, and what else is not, and why.
    """

    def __init__(self, wrong: Callable[[str], str], *, all_of_it: bool = False) -> None:
        self.refused: dict[str, str] = {}
        self._wrong = wrong
        self._all_of_it = all_of_it
        self._beyond: list[str] = []
        self._left = MOST
        self._within: list[str] = []

    def views(self, path: str) -> tuple[str, ...]:
        """Return what may be seen of the file or folder `path`, sorted; nothing if it is not there."""
        if Path(path).is_dir():
            found = self._of_folder(path)
            return tuple(sorted({*([path] if found is None else found), *self._beyond}))
        return (path,) if Path(path).is_file() else ()

    def _of_folder(self, folder: str, name: str = "") -> list[str] | None:
        """Return what may be seen of `folder`, None if that is all of it.

        With a `name` it is the folder of this name, no link, in the one that is being looked at.
        """
        real = os.path.join(self._within[-1], name) if name else os.path.realpath(folder)  # noqa: PTH118 - a thousand of them
        if real in self._within:  # a link to where we come from
            return []
        try:
            with os.scandir(folder) as found:
                entries = sorted(islice(found, self._left + 1), key=lambda entry: entry.name)
        except OSError:
            return []
        if self._all_of_it and (len(entries) > self._left or len(self._within) >= DEEPEST):
            return None
        if not self._all_of_it and self._within and any(entry.name == _CACHE for entry in entries):
            return []
        if len(entries) > self._left or len(self._within) >= DEEPEST:
            self.refused[folder] = f"is deeper than {DEEPEST} folders, or lies behind more than {MOST} files"
            return []
        self._left -= len(entries)
        self._within.append(real)
        try:
            return self._of_entries(entries)
        finally:
            self._within.pop()

    def _of_entries(self, entries: list[os.DirEntry[str]]) -> list[str] | None:
        whole = True
        shown: list[str] = []
        links: list[str] = []
        for entry in entries:
            if not self._all_of_it and _is_hidden(entry):
                whole = False
            elif not self._all_of_it and entry.name.startswith("."):
                continue
            elif entry.is_symlink():
                links.append(entry.path)
            elif entry.is_dir():
                inner = self._of_folder(entry.path, entry.name)
                whole = whole and inner is None
                shown += [entry.path] if inner is None else inner
            elif entry.is_file():
                shown.append(entry.path)
            else:  # a socket would be a way out
                whole = self._all_of_it
        if whole:
            for link in links:
                self._follow(link)
            return None
        for link in links:
            shown += self._of_link(link)
        return shown

    def _follow(self, link: str) -> None:
        """Have what a link in a folder that is given whole leads to seen, too, if that is not in what is walked through."""
        real = os.path.realpath(link)
        if is_within(real, self._within[0]):
            return
        if self._of_link(link):
            inner = self._of_folder(real) if Path(real).is_dir() else None
            self._beyond += [real] if inner is None else inner

    def _of_link(self, link: str) -> list[str]:
        """Return what may be seen of what `link` leads to: whoever names it means that."""
        target = Path(link)
        if not target.exists() or (target / _CACHE).exists():
            return []
        if why := self._wrong(link):
            self.refused[link] = why
            return []
        if not target.is_dir():
            return [link] if target.is_file() else []
        inner = self._of_folder(link)
        return [link] if inner is None else inner


def _is_hidden(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith("."):
        return entry.name not in _PLAIN or not entry.is_file(follow_symlinks=False)
    return entry.name in _LEFT_OUT
