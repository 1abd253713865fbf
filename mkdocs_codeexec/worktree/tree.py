"""A project as a file system of its own: its files, folders and links, as samples see them, at one moment.

What git tracks is in it, and what it does not ignore and is not hidden. Where there is no git, all that is not hidden and
that no tool can make again. What leads out of the project is not, nor what a build writes.
"""

from __future__ import annotations

import os
import posixpath
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from mkdocs_codeexec.errors import CodeExecError
from mkdocs_codeexec.untrusted.regular import text_of
from mkdocs_codeexec.worktree import index
from mkdocs_codeexec.worktree.ignoring import Patterns

MOST_FILES = 50_000
"""Files of a project that samples can see."""
DEEPEST = 64
"""Folders in each other."""
_MOST_LINKS = 40
_PATTERNS = 1024 * 1024
"""Bytes of a file of patterns."""
_NEVER = frozenset({".git", "__pycache__"})
_MADE = frozenset({"node_modules", "target"})
_MARKS = frozenset({"CACHEDIR.TAG", "pyvenv.cfg"})
"""What is in folders that a tool can make again: caches, environments."""
_EXCLUDES = re.compile(r"(?im)^\s*excludesfile\s*=\s*(?P<file>.+?)\s*$")

Kind: TypeAlias = Literal["file", "folder", "link"]


class Entry(NamedTuple):
    """What stands in a folder.

    Attributes:
        kind: What it is.
        target: Of a link, where it leads; else empty.
    """

    kind: Kind
    target: str = ""


_FILE, _FOLDER = Entry("file"), Entry("folder")


@dataclass(frozen=True, slots=True)
class Tree:
    """A project, as it was at one moment.

    Attributes:
        folders: By its path from the project, `""` for that itself, what is in each, by name.
        made: When it was begun to be looked at, in nanoseconds since the epoch.
        deciding: Files that decide what is in it: lists of patterns, and git's index.
    """

    folders: dict[str, dict[str, Entry]]
    made: int
    deciding: tuple[str, ...] = ()

    def resolve(self, path: str) -> str | None:
        """Return where `path` leads by all links, as the kernel follows them; None if there is nothing.

        A path that leaves the project leads to nothing here.
        """
        at: list[str] = []
        rest = path.split("/")[::-1]
        left = _MOST_LINKS
        while rest:
            name = rest.pop()
            here = "/".join(at)
            if name in ("", ".") and here in self.folders:
                continue
            if name == "..":
                if not at or here not in self.folders:
                    return None
                at.pop()
                continue
            entry = self.folders.get(here, {}).get(name)
            if entry is None:
                return None
            if entry.kind != "link":
                at.append(name)
                continue
            left -= 1
            if left < 0 or entry.target.startswith("/"):
                return None
            rest += entry.target.split("/")[::-1]
        return "/".join(at)

    def entry(self, path: str) -> Entry | None:
        """Return what `path` names, a link itself; None if there is nothing."""
        folder, _, name = path.rstrip("/").rpartition("/")
        parent = self.resolve(folder)
        if parent is None:
            return None
        if name in ("", ".", ".."):
            return _FOLDER if self.resolve(path) in self.folders else None
        return self.folders.get(parent, {}).get(name)

    def below(self, path: str) -> Iterator[tuple[str, Entry]]:
        """Yield all that is in the folder `path`, and in those in it, by their paths from the project; sorted."""
        for name, entry in sorted(self.folders.get(path, {}).items()):
            inner = f"{path}/{name}" if path else name
            yield inner, entry
            if entry.kind == "folder":
                yield from self.below(inner)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worktree:
    """Where a project is, and which of it samples may see.

    Attributes:
        folder: The folder of `mkdocs.yml`.
        apart: Folders in it that a build writes to.
        tracked_only: Whether it is no more than what git tracks: in a stranger's build, something else may lie beside.
        home: The home directory of whoever builds, for what they have git ignore; None if they have none.
    """

    folder: Path
    apart: Sequence[Path] = ()
    tracked_only: bool = False
    home: Path | None = None

    def look(self) -> Tree:
        """Return how the project is now.

        Raises:
            CodeExecError: It has too many files.
            OSError: It cannot be read.
        """
        made = time.time_ns()
        looked = _Look(self)
        looked.walk()
        return Tree(looked.folders, made, tuple(looked.deciding))

    def path(self, name: str) -> str:
        """Return where the file of a name in the Tree is."""
        return f"{self.folder}/{name}" if name else str(self.folder)


@dataclass(slots=True)
class _Look:
    of: Worktree
    folders: dict[str, dict[str, Entry]] = field(default_factory=dict)
    deciding: list[str] = field(default_factory=list)
    _patterns: list[tuple[str, Patterns]] = field(default_factory=list)
    _prefix: str = ""
    _tracked: frozenset[str] = frozenset()
    _leading: frozenset[str] = frozenset()
    _git: bool = False
    _count: int = 0

    def walk(self) -> None:
        project = self.of.folder
        root = next((one for one in (project, *project.parents) if os.path.lexists(one / ".git")), None)
        git = index.folder_of(root) if root else None
        if root is not None and git is not None:
            self._git = True
            prefix = project.relative_to(root).as_posix()
            self._prefix = "" if prefix == "." else f"{prefix}/"
            self._read_tracked(git)
            for file in (*_global(self.of.home), index.common(git) / "info/exclude"):
                self._read_patterns(file, "")
            parts = [part for part in prefix.split("/") if part != "."]
            for count in range(len(parts)):
                above = "/".join(parts[:count])
                self._read_patterns(root / above / ".gitignore", f"{above}/" if above else "")
        self._folder("", 0, ignored=self._is_ignored_above())
        _without_lost_links(self.folders)

    def _is_ignored_above(self) -> bool:
        """Tell whether the project itself is in a folder that is ignored."""
        parts = self._prefix.rstrip("/").split("/") if self._prefix else []
        return any(self._ignored("/".join(parts[: n + 1]), is_folder=True) for n in range(len(parts)))

    def _read_tracked(self, git: Path) -> None:
        self.deciding.append(str(git / "index"))
        found = index.tracked(git) or frozenset()
        start = len(self._prefix)
        self._tracked = frozenset(name[start:] for name in found if name.startswith(self._prefix))
        leading = set()
        for name in self._tracked:
            while (name := name.rpartition("/")[0]) and name not in leading:
                leading.add(name)
        self._leading = frozenset(leading)

    def _read_patterns(self, file: Path, folder: str) -> None:
        """Take the patterns of `file`, which are for what is in `folder`: a path from the root that ends with a slash."""
        if text := text_of(file, _PATTERNS):
            self._patterns.append((folder, Patterns(text)))
        self.deciding.append(str(file))

    def _ignored(self, path: str, *, is_folder: bool) -> bool:
        """Tell whether `path`, from the root of the checkout, is ignored: the last file of patterns that says it counts."""
        for folder, patterns in reversed(self._patterns):
            if path.startswith(folder):
                found = patterns.ignored(path[len(folder) :], is_folder=is_folder)
                if found is not None:
                    return found
        return False

    def _folder(self, path: str, depth: int, *, ignored: bool) -> bool:
        """Look at a folder; return whether there is anything in it."""
        try:
            with os.scandir(self.of.path(path)) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError:
            if not path:
                raise
            return False
        names = {entry.name for entry in entries}
        if path and path not in self._leading and (names & _MARKS or ".git" in names):
            return False
        known = len(self._patterns)
        if self._git and ".gitignore" in names:
            self._read_patterns(Path(self.of.path(path), ".gitignore"), self._prefix + (f"{path}/" if path else ""))
        found = self.folders[path] = {}
        for entry in entries:
            inner = f"{path}/{entry.name}" if path else entry.name
            one = self._entry(entry, inner, depth, ignored=ignored)
            if one is not None:
                found[entry.name] = one
        del self._patterns[known:]
        self._count += len(found)
        if self._count > MOST_FILES:
            raise CodeExecError(f"`workdir`: there are more than {MOST_FILES} files in `{self.of.folder}` to be seen")
        if path and not found and (self._git or ignored):  # git knows no empty folders
            del self.folders[path]
            return False
        return True

    def _entry(self, entry: os.DirEntry[str], path: str, depth: int, *, ignored: bool) -> Entry | None:
        """Return what samples see of `entry`; None for nothing."""
        if entry.name in _NEVER or "\n" in path:
            return None
        is_folder = entry.is_dir(follow_symlinks=False)
        tracked = path in (self._leading if is_folder else self._tracked)
        beside = ignored or self._is_beside(entry, path, is_folder=is_folder)
        if beside and not tracked:
            return None
        if is_folder:
            if depth >= DEEPEST or Path(self.of.path(path)) in self.of.apart:
                return None
            return _FOLDER if self._folder(path, depth + 1, ignored=beside) else None
        if entry.is_symlink():
            try:
                return Entry("link", os.readlink(entry.path))  # noqa: PTH115 - there are thousands
            except OSError:
                return None
        return _FILE if entry.is_file(follow_symlinks=False) else None

    def _is_beside(self, entry: os.DirEntry[str], path: str, *, is_folder: bool) -> bool:
        """Tell whether `entry` belongs to the project only if git tracks it."""
        if self.of.tracked_only or entry.name.startswith(".") or (is_folder and entry.name in _MADE and not self._git):
            return True
        if is_folder and entry.name == "node_modules":
            return True
        return self._git and self._ignored(self._prefix + path, is_folder=is_folder)


def _global(home: Path | None) -> Iterable[Path]:
    """Return the files of patterns that somebody has for all their repositories."""
    if home is None:
        return ()
    found = _EXCLUDES.findall(text_of(home / ".gitconfig", _PATTERNS))
    named = [Path(one.strip('"').replace("~", str(home), 1)) for one in found[-1:]]
    return [one for one in (home / ".config/git/ignore", *named) if one.is_absolute()]


def _without_lost_links(folders: dict[str, dict[str, Entry]]) -> None:
    """Take out links that lead out of the project, and those that lead nowhere then."""
    links = [(at, name) for at, names in folders.items() for name, one in names.items() if one.kind == "link"]
    tree = Tree(folders, 0)
    for at, name in links:
        target = posixpath.normpath(posixpath.join(at, folders[at][name].target))
        if target.startswith(("../", "/")) or target == "..":
            del folders[at][name]
    lost = True
    while lost:
        lost = False
        for at, name in links:
            if name in folders[at] and tree.resolve(f"{at}/{name}" if at else name) is None:
                del folders[at][name]
                lost = True
