"""Local Rust packages: which files they consist of, and what tells whether one of these has changed.

All of it is read from the disk alone, and what is there may be a stranger's.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mkdocs_codeexec.languages.inputs import Holds, digest_of, enters_all, files_of, name_of
from mkdocs_codeexec.languages.rust.environments.local import PACKAGE_FILE_LIMIT, around, repository
from mkdocs_codeexec.languages.toml import read_toml
from mkdocs_codeexec.untrusted.regular import hash_regular, is_within, read_regular

_PRUNED = frozenset({"target", "tests", "benches", "examples", "node_modules", "__pycache__"})
"""Folders of a package that hold nothing of its library."""

_PAGES = frozenset({"docs", "site"})
"""Most likely these are the pages that we are building; what a crate does read of them, cargo records."""
_NO_SOURCE = re.compile(r"\..*|.*\.md|LICEN[CS]E.*|COPYING.*|Cargo\.lock|(?:mkdocs|properdocs)\.ya?ml", re.IGNORECASE)
"""Files that are left out there."""
MOST_BYTES = 4 * 1024**3
"""Bytes that are read of one package; of what comes behind them the size counts."""

_INCLUDE = re.compile(
    r"""(?P<doc>\bdoc\s*=\s*)?\binclude(?:_str|_bytes)?!\s*[(\[{]\s*
        (?: (?P<root>concat!\s*\(\s*env!\s*\(\s*"CARGO_MANIFEST_DIR"\s*\)\s*,\s*) )?
        "(?P<name>(?:[^"\\\n]|\\.)*)" """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Further:
    """What a compilation has shown to matter beyond what can be seen beforehand; names relative to a package's folder.

    Attributes:
        paths: Files, and folders that stand for all that is in them.
        packages: Folders of packages of which any file may matter.
    """

    paths: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Package:
    """A local Rust package, and the local packages that it needs.

    Attributes:
        digest: Of every file that can change what it compiles to; names relative to its folder.
        watched: Files and folders to watch for it.
        folders: Its folder, and those of the local packages that it needs.
        covered: Files that count without being named as further ones, those that are not there included.
        prose: Files that only its documentation includes.
    """

    digest: str
    watched: tuple[Path, ...]
    folders: tuple[Path, ...] = ()
    covered: frozenset[Path] = frozenset()
    prose: frozenset[Path] = frozenset()


@dataclass(slots=True)
class _Reading:
    """What was found so far of a package; `guess` tells that nothing is recorded of it."""

    guess: bool
    project: Path | None
    hashes: dict[Path, str | None] = field(default_factory=dict)
    watched: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    prose: set[Path] = field(default_factory=set)
    left: int = MOST_BYTES
    trees: dict[Path, tuple[Path, ...]] = field(default_factory=dict)
    ways: dict[tuple[Path, Path], bool] = field(default_factory=dict)

    def tree(self, folder: Path) -> tuple[Path, ...]:
        """Return the folder that all is in that is read of the package in `folder`."""
        if folder not in self.trees:
            site = [] if self.project is None else [repository(self.project) or self.project]
            found = [around(folder, self.project), *site]
            self.trees[folder] = tuple(dict.fromkeys(Path(os.path.realpath(one)) for one in found))
        return self.trees[folder]

    def holds(self, folder: Path) -> Holds:
        """Return what tells whether something in `folder` leads to somewhere in its tree."""
        return lambda path: self._is_in(path, folder)

    def _is_in(self, path: Path, folder: Path) -> bool:
        real = os.path.realpath(path)
        return any(is_within(real, str(tree)) for tree in self.tree(folder))

    def add(self, path: Path, folder: Path, limit: float = math.inf) -> None:
        """Note what is in the file `path` of the package in `folder`."""
        limit = min(limit, self.left)
        found = hash_regular(path, limit) if self._is_near(path, folder) else None
        if found is None and os.path.islink(path):  # noqa: PTH114 - there are thousands
            found = hash_regular(Path(os.path.realpath(path)), limit) if self._is_in(path, folder) else None
        self.hashes[path] = found[0] if found else None
        self.left -= found[1] if found else 0

    def source(self, path: Path, folder: Path) -> bytes | None:
        """Note what is in a source of the package in `folder`, and return it."""
        content = read_regular(path, PACKAGE_FILE_LIMIT + 1) if self._is_near(path, folder) else None
        if content is None and os.path.islink(path):  # noqa: PTH114 - there are thousands
            real = Path(os.path.realpath(path))
            content = read_regular(real, PACKAGE_FILE_LIMIT + 1) if self._is_in(path, folder) else None
        if content is not None and len(content) > min(PACKAGE_FILE_LIMIT, self.left):
            self.add(path, folder)
            return None
        self.hashes[path] = None if content is None else hashlib.sha256(content).hexdigest()
        self.left -= len(content or b"")
        return content

    def _is_near(self, path: Path, folder: Path) -> bool:
        """Tell whether the way to `path`, which may be a link itself, stays in the tree."""
        parent = path.parent
        if (folder, parent) not in self.ways:
            self.ways[folder, parent] = self._is_in(parent, folder)
        return self.ways[folder, parent]

    def content(self, path: Path, folder: Path) -> bytes | None:
        """Return what is in a source or a manifest of the package in `folder`."""
        return read_regular(Path(os.path.realpath(path)), PACKAGE_FILE_LIMIT) if self._is_in(path, folder) else None


def package(
    folder: Path,
    further: Further | None = None,
    apart: Sequence[Path] = (),
    project: Path | None = None,
) -> Package:
    """Return what is to be known of the package in `folder`; one that is not there has a digest, too.

    Counted are its manifest, its build script, all of `src/`, files that these include by a literal name, the manifest
    of the workspace that it inherits from, and the same for every local package it depends on. Prose beside it is not.
    What cargo has recorded comes on top. As long as that is not known, other Rust files count as well, but for those in
    tests, benches, examples, `target` and pages.

    Args:
        folder: Where its `Cargo.toml` is.
        further: What else counts; None if cargo has not been asked.
        apart: Folders of which nothing counts, wherever they are: those that we write to.
        project: The folder of `mkdocs.yml`. Nothing is read but of its checkout, and of that of each package.
    """
    found = _Reading(guess=further is None, project=project)
    _collect(folder, found)
    parts: dict[str, str | None] = {
        name_of(path, folder): hashed for path, hashed in found.hashes.items() if hashed is not None
    }
    further = further or Further()
    named = [Path(os.path.normpath(folder / name)) for name in further.paths]
    known = frozenset(found.hashes)
    for path, limit in _further(folder, further, apart, found.holds(folder)):
        if path not in known:
            found.add(path, folder, limit)
            parts[name_of(path, folder)] = found.hashes[path]
            found.watched.append(next((start for start in named if path.is_relative_to(start)), path))
    return Package(
        digest=digest_of(sorted(parts.items())),
        watched=tuple(dict.fromkeys(found.watched)),
        folders=tuple(found.folders),
        covered=known,
        prose=frozenset(found.prose - known),
    )


def _further(folder: Path, further: Further, apart: Sequence[Path], holds: Holds) -> Iterator[tuple[Path, float]]:
    """Yield the further files, and up to which size their content counts."""

    def ours(parent: Path, name: str) -> bool:
        path = parent / name
        return name != ".git" and path not in apart and not (path / "CACHEDIR.TAG").is_file()

    def packaged(parent: Path, name: str) -> bool:
        return parent / name not in apart and _belongs(parent, name)

    for name in further.paths:
        path = Path(os.path.normpath(folder / name))
        if path.is_dir():
            yield from ((file, math.inf) for file in (files_of(path, ours, holds) if holds(path) else ()))
        else:
            yield path, math.inf
    for name in further.packages:
        path = Path(os.path.normpath(folder / name))
        for file in files_of(path, packaged, holds) if holds(path) else ():
            if not _NO_SOURCE.fullmatch(file.name):
                yield file, PACKAGE_FILE_LIMIT


def _collect(folder: Path, found: _Reading) -> None:
    if folder in found.folders:
        return
    found.folders.append(folder)
    path, holds = folder / "Cargo.toml", found.holds(folder)
    content = found.content(path, folder)
    found.add(path, folder)
    found.watched.append(path)
    manifest = read_toml(content)
    sources = files_of(folder / "src", enters_all, holds)
    if found.guess:

        def elsewhere(parent: Path, name: str) -> bool:
            return _belongs(parent, name) and (parent, name) != (folder, "src")

        sources += [file for file in files_of(folder, elsewhere, holds) if file.suffix == ".rs"]
    script = manifest.get("package")
    build = script.get("build") if isinstance(script, Mapping) else None
    sources.append(folder / (build if isinstance(build, str) else "build.rs"))
    found.watched += [folder / "src", *(source for source in sources if not source.is_relative_to(folder / "src"))]
    for source in sources:
        if source not in found.hashes:
            _add_source(source, folder, found)
    root, workspace = _workspace(folder, manifest, content, found)
    if root is not None:
        found.add(root / "Cargo.toml", folder)
        found.watched.append(root / "Cargo.toml")
    for needed in _local(folder, manifest, root, workspace):
        _collect(needed, found)


def _add_source(source: Path, folder: Path, found: _Reading) -> None:
    """Note a file, and what it includes if it is Rust."""
    if source.suffix != ".rs":
        found.add(source, folder)
        return
    content = found.source(source, folder)
    if not content or b"include" not in content:
        return
    for match in _INCLUDE.finditer(content.decode("utf-8", "replace")):
        name = match["name"].replace("\\\\", "\\")
        path = folder / name.lstrip("/") if match["root"] else source.parent / name
        path = Path(os.path.normpath(path))
        if match["doc"]:  # `#![doc = include_str!("../README.md")]` is prose
            found.prose.add(path)
        elif path not in found.hashes:
            found.watched.append(path)
            _add_source(path, folder, found)


def _workspace(
    folder: Path, manifest: Mapping[str, object], content: bytes | None, found: _Reading
) -> tuple[Path | None, Mapping[str, object]]:
    """Return the root of the workspace that the package inherits from, and the workspace's table."""
    if content is None or not re.search(rb"\bworkspace\s*=\s*true\b", content):
        return None, {}
    own = manifest.get("workspace")
    if isinstance(own, Mapping):
        return folder, own
    declared_root = manifest.get("package")
    named = declared_root.get("workspace") if isinstance(declared_root, Mapping) else None
    candidates = [Path(os.path.normpath(folder / named))] if isinstance(named, str) else list(folder.parents)
    for root in candidates:
        table = read_toml(found.content(root / "Cargo.toml", root)).get("workspace")
        if isinstance(table, Mapping):
            return root, table
    return None, {}


def _local(
    folder: Path, manifest: Mapping[str, object], root: Path | None, workspace: Mapping[str, object]
) -> Iterator[Path]:
    """Yield the folders of the local packages that `manifest` needs to build."""
    tables: list[object] = [manifest]
    targets = manifest.get("target")
    if isinstance(targets, Mapping):
        tables += targets.values()
    shared = workspace.get("dependencies")
    for table in tables:
        for kind in ("dependencies", "build-dependencies"):
            wanted = table.get(kind) if isinstance(table, Mapping) else None
            for name, value in wanted.items() if isinstance(wanted, Mapping) else ():
                entry, start = value, folder
                if isinstance(value, Mapping) and value.get("workspace") is True and root is not None:
                    entry, start = shared.get(name) if isinstance(shared, Mapping) else None, root
                path = entry.get("path") if isinstance(entry, Mapping) else None
                if isinstance(path, str):
                    yield Path(os.path.normpath(start / path))


def _belongs(parent: Path, name: str) -> bool:
    if name.startswith(".") or name in _PRUNED | _PAGES:
        return False
    if any((parent / name / file).is_file() for file in ("mkdocs.yml", "properdocs.yml")):
        return False
    # A package within the package counts where it is depended on; a tagged folder is a cache.
    return not (parent / name / "Cargo.toml").is_file() and not (parent / name / "CACHEDIR.TAG").is_file()
