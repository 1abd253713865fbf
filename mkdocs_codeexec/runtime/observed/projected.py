"""What samples look for in the project that they see (`worktree`), and how that is now.

An input of it is `project:`, a word, a colon and a path from the project:

    project:read:data.csv      a file, by what it holds and whether it may be executed; or that there is none, or a folder
    project:open:data          the same; of a folder, the names in it
    project:list:data          a folder, by the names in it
    project:link:current       where a link leads
    project:module:src:tiny    a folder of Python modules, by the names in it that `import tiny` would take
    project:tree:data          a folder, by all that is in it and in those in it; the empty path is the whole project
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.observed import ABSENT
from mkdocs_codeexec.errors import CodeExecError
from mkdocs_codeexec.runtime.observed.listing import short
from mkdocs_codeexec.runtime.observed.since import Since, Unstable

if TYPE_CHECKING:
    from mkdocs_codeexec.runtime.observed.digests import Digests
    from mkdocs_codeexec.worktree.tree import Tree, Worktree

WORD = "project"
LETTER = "v"
"""Before the letter of what was looked for in it."""
WHOLE = f"{WORD}:tree:"
MOST = 1500
"""Inputs of it; of more, all of it."""
_WORDS = {"f": "read", "e": "read", "o": "open", "l": "list", "y": "link", "t": "tree", "n": "module"}


def parted(asked: Iterable[str], folder: str) -> tuple[list[str], list[str]]:
    """Return what of `asked` is not in the project that a sample saw at `folder`, and what is: a letter more before each.

    What it has moved, or made a link to, it may have read by another name: all of that counts.
    """
    rest: list[str] = []
    found: set[str] = set()
    for item in asked:
        letter, path = item[0], item[1:]
        place, newline, name = path.partition("\n") if letter == "n" else (path, "", "")
        if "/../" in place or place.endswith("/.."):
            place = _leading_out(place, folder)
        within = _below(place, folder)
        if letter == "s" and not place.startswith("/"):  # from where that leads is not told
            found.add(f"{LETTER}t")
        elif within is not None:
            found.add(f"{LETTER}{'t' if letter in ('r', 's') else letter}{within}{newline}{name}")
        elif letter != "r":
            rest.append(f"{'f' if letter == 's' else letter}{place}{newline}{name}")
    return rest, sorted(found)


def _leading_out(path: str, folder: str) -> str:
    """Return `path` as it is if it stays in `folder`, else without detours."""
    normal = posixpath.normpath(path)
    return path if _below(normal, folder) is not None and path.startswith(folder) else normal


def _below(path: str, folder: str) -> str | None:
    if path == folder:
        return ""
    if not path.startswith(f"{folder}/"):
        return None
    return "/".join(part for part in path[len(folder) + 1 :].split("/") if part not in ("", "."))


def named(asked: Iterable[str]) -> set[str]:
    """Return the names of what `parted` has found."""
    found: set[str] = set()
    for item in asked:
        letter, path = item[1], item[2:]
        if letter == "k":
            found |= {f"{WORD}:link:{path}", f"{WORD}:read:{path}"}
        elif letter in _WORDS and "/__pycache__/" not in f"/{path}/":
            found.add(f"{WORD}:{_WORDS[letter]}:{path.replace(chr(10), ':')}")
    return {WHOLE} if len(found) > MOST else found


class ProjectStates:
    """Looks at a project as samples see it; what was looked at once stays, unless it is wanted anew.

    Args:
        of: Where the project is; None if there is none.
        digests: Knows what files hold.
    """

    def __init__(self, of: Worktree | None, digests: Digests) -> None:
        self._of = of
        self._digests = digests
        self._tree: Tree | None = None

    def look(self, name: str, since: Since | None) -> str:
        """Return the state of `name`, without its first word.

        Args:
            name: A word, a colon and a path.
            since: When what is asked for was copied; None if it does not matter when it changed.

        Raises:
            Unstable: It has changed since then, or cannot be looked at.
            ValueError: It is no name.
        """
        word, _, path = name.partition(":")
        if self._of is None or word not in _WORDS.values():
            raise ValueError(name)
        path, _, module = path.rpartition(":") if word == "module" else (path, "", "")
        try:
            tree = self._looked_at(since)
            place = tree.resolve(path)
            if word == "link":
                return self._link(tree, path, since)
            self._unchanged(self._on_the_way(tree, path), since)
            if word == "tree":
                return _missing(tree, path) if place is None else self._all(tree, place, since)
            if place is None:
                return _missing(tree, path)
            if place in tree.folders:
                return self._folder(tree, place, word, module)
            return "file" if word in ("list", "module") else self._file(place, since)
        except (OSError, CodeExecError) as error:
            raise Unstable from error

    def path(self, name: str) -> str | None:
        """Return where on this machine what the input `name` is about is, or would be."""
        word, _, path = name.partition(":")
        path = path.rpartition(":")[0] if word == "module" else path
        return None if self._of is None or ".." in path.split("/") else self._of.path(path)

    def _looked_at(self, since: Since | None) -> Tree:
        assert self._of is not None, "asked for only then"
        if self._tree is None or (since is not None and self._tree.made <= since.when):
            self._tree = self._of.look()
        if since is not None and not since.decided:
            self._unchanged(self._tree.deciding, since)
            since.decided = True
        return self._tree

    def _on_the_way(self, tree: Tree, path: str) -> Iterator[str]:
        """Yield the folders in which something decides where `path` leads."""
        assert self._of is not None, "asked for only then"
        parts = path.split("/")
        for count in range(len(parts) + 1):
            place = tree.resolve("/".join(parts[:count]))
            if place in tree.folders:
                yield self._of.path(str(place))

    def _unchanged(self, paths: Iterable[str], since: Since | None) -> None:
        if since is None:
            return
        for path in paths:
            try:
                about = os.stat(path)
            except OSError:
                continue
            since.unchanged(about)

    def _folder(self, tree: Tree, place: str, word: str, module: str) -> str:
        if word == "read":
            return "folder"
        names = tree.folders[place]
        if word == "module":
            names = {name: names[name] for name in names if name == module or name.startswith(f"{module}.")}
        return short("\0".join(f"{name} {names[name].kind}" for name in sorted(names)))

    def _link(self, tree: Tree, path: str, since: Since | None) -> str:
        self._unchanged(self._on_the_way(tree, posixpath.dirname(path)), since)
        entry = tree.entry(path)
        if entry is None:
            return _missing(tree, path)
        return f"to {entry.target}" if entry.kind == "link" else "no link"

    def _file(self, place: str, since: Since | None) -> str:
        assert self._of is not None, "asked for only then"
        path = self._of.path(place)
        about = os.lstat(path)
        if since is not None:
            since.unchanged(about)
        return self._digests.of(path, about) + (" executable" if about.st_mode & 0o111 else "")

    def _all(self, tree: Tree, place: str, since: Since | None) -> str:
        if place not in tree.folders:
            return self._file(place, since)
        parts = []
        for path, entry in tree.below(place):
            if entry.kind == "folder":
                assert self._of is not None, "asked for only then"
                self._unchanged((self._of.path(path),), since)
            what = self._file(path, since) if entry.kind == "file" else f"{entry.kind} {entry.target}"
            parts.append(f"{path[len(place) :]} {what}")
        return short("\0".join(parts))


def _missing(tree: Tree, path: str) -> str:
    """Return the state of what is not there: how far its path leads decides whether it can be made, and what is said."""
    parts = path.split("/")
    for count in range(len(parts) - 1, -1, -1):
        place = tree.resolve("/".join(parts[:count]))
        if place is not None:
            kind = "folder" if place in tree.folders else "file"
            return ABSENT if (count, kind) == (len(parts) - 1, "folder") else f"{ABSENT} {count} {kind}"
    return ABSENT
