"""Digests of files that samples depend on: those the configuration declares, and local packages.

All of it is read from the disk alone: whether a sample is up to date must be known where nothing is installed.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mkdocs_codeexec.core.action import Value, digest

_PRUNED = frozenset({"target", "tests", "benches", "examples", "node_modules", "__pycache__"})
"""Folders of a package that hold nothing of its library."""

_PAGES = frozenset({"docs", "site"})
"""Most likely these are the pages that we are building; what a crate does read of them, cargo records."""
_NO_SOURCE = re.compile(r"\..*|.*\.md|LICEN[CS]E.*|COPYING.*|Cargo\.lock|mkdocs\.ya?ml", re.IGNORECASE)
"""Files that are left out there."""
PACKAGE_FILE_LIMIT = 16 * 1024 * 1024
"""Bytes of a file that is read there; of larger ones the size counts."""

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
    files: dict[Path, bytes | None] = field(default_factory=dict)
    watched: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    prose: set[Path] = field(default_factory=set)


def declared(project: Path, patterns: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return an input for each glob pattern: the digest of what matches it below `project`."""
    return tuple(
        (f"inputs:{pattern}", _digest((_name(path, project), _hash(path)) for path in matching(project, pattern)))
        for pattern in sorted(set(patterns))
    )


def named(files: Mapping[str, Path]) -> tuple[tuple[str, str], ...]:
    """Return an input for each of `files`, which code names; what is not there may come."""
    return tuple((f"file:{name}", _hash(path) or "") for name, path in sorted(files.items()))


def matching(project: Path, pattern: str) -> list[Path]:
    """Return the files that match `pattern`, sorted; a folder stands for all that is in it."""
    found: set[Path] = set()
    anchor, relative = project, pattern
    if os.path.isabs(pattern):  # noqa: PTH117 - a pattern is no path
        anchor = Path(Path(pattern).anchor)
        relative = str(Path(pattern).relative_to(anchor))
    while relative.startswith("../"):  # pathlib's glob does not go up
        anchor, relative = anchor.parent, relative[3:]
    relative = relative.removeprefix("./")
    with contextlib.suppress(ValueError, OSError):
        for path in [anchor] if relative == "." else anchor.glob(relative) if relative else []:
            found.update(_files(path, _all) if path.is_dir() else [path])
    return sorted(path for path in found if path.is_file())


def package(folder: Path, further: Further | None = None, apart: Sequence[Path] = ()) -> Package:
    """Return what is to be known of the package in `folder`; one that is not there has a digest, too.

    Counted are its manifest, its build script, all of `src/`, files that these include by a literal name, the manifest
    of the workspace that it inherits from, and the same for every local package it depends on. Prose beside it is not.
    What cargo has recorded comes on top. As long as that is not known, other Rust files count as well, but for those in
    tests, benches, examples, `target` and pages.

    Args:
        folder: Where its `Cargo.toml` is.
        further: What else counts; None if cargo has not been asked.
        apart: Folders of which nothing counts, wherever they are: those that we write to.
    """
    found = _Reading(guess=further is None)
    _collect(folder, found)
    parts: dict[str, str | None] = {
        _name(path, folder): hashlib.sha256(content).hexdigest()
        for path, content in found.files.items()
        if content is not None
    }
    further = further or Further()
    named = [Path(os.path.normpath(folder / name)) for name in further.paths]
    for path, hashed in _hashes(folder, further, apart):
        if path not in found.files:
            parts[_name(path, folder)] = hashed
            found.watched.append(next((start for start in named if path.is_relative_to(start)), path))
    return Package(
        digest=_digest(sorted(parts.items())),
        watched=tuple(dict.fromkeys(found.watched)),
        folders=tuple(found.folders),
        covered=frozenset(found.files),
        prose=frozenset(found.prose - found.files.keys()),
    )


def _hashes(folder: Path, further: Further, apart: Sequence[Path]) -> Iterator[tuple[Path, str | None]]:
    """Yield the further files, and what is in them; None for what is not there."""

    def ours(parent: Path, name: str) -> bool:
        path = parent / name
        return name != ".git" and path not in apart and not (path / "CACHEDIR.TAG").is_file()

    def packaged(parent: Path, name: str) -> bool:
        return parent / name not in apart and _belongs(parent, name)

    for name in further.paths:
        path = Path(os.path.normpath(folder / name))
        if path.is_dir():
            yield from ((file, _hash(file)) for file in _files(path, ours))
        else:
            yield path, _hash(path)
    for name in further.packages:
        for file in _files(Path(os.path.normpath(folder / name)), packaged):
            if not _NO_SOURCE.fullmatch(file.name):
                yield file, _hash(file, PACKAGE_FILE_LIMIT)


def _collect(folder: Path, found: _Reading) -> None:
    if folder in found.folders:
        return
    found.folders.append(folder)
    path = folder / "Cargo.toml"
    content = _content(path)
    found.files[path] = content
    found.watched.append(path)
    manifest = read_toml(content)
    sources = _files(folder / "src", _all)
    if found.guess:
        rest = _files(folder, lambda parent, name: _belongs(parent, name) and (parent, name) != (folder, "src"))
        sources += [file for file in rest if file.suffix == ".rs"]
    script = manifest.get("package")
    build = script.get("build") if isinstance(script, Mapping) else None
    sources.append(folder / (build if isinstance(build, str) else "build.rs"))
    found.watched += [folder / "src", *(source for source in sources if not source.is_relative_to(folder / "src"))]
    for source in sources:
        if source not in found.files:
            found.files[source] = _content(source)
            _include(source, folder, found)
    root, workspace = _workspace(folder, manifest, content)
    if root is not None:
        found.files[root / "Cargo.toml"] = _content(root / "Cargo.toml")
        found.watched.append(root / "Cargo.toml")
    for needed in _local(folder, manifest, root, workspace):
        _collect(needed, found)


def _include(source: Path, folder: Path, found: _Reading) -> None:
    content = found.files[source]
    if source.suffix != ".rs" or not content or b"include" not in content:
        return
    for match in _INCLUDE.finditer(content.decode("utf-8", "replace")):
        name = match["name"].replace("\\\\", "\\")
        path = folder / name.lstrip("/") if match["root"] else source.parent / name
        path = Path(os.path.normpath(path))
        if match["doc"]:  # `#![doc = include_str!("../README.md")]` is prose
            found.prose.add(path)
        elif path not in found.files:
            found.files[path] = _content(path)
            found.watched.append(path)
            _include(path, folder, found)


def _workspace(
    folder: Path, manifest: Mapping[str, object], content: bytes | None
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
        table = read_toml(_content(root / "Cargo.toml")).get("workspace")
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


def _files(folder: Path, enters: Callable[[Path, str], bool]) -> list[Path]:
    """Return the files below `folder`, sorted, in those folders that `enters` takes by parent and name.

    Links to folders are followed, as cargo does, but not in a circle.
    """
    found: list[Path] = []
    seen: set[str] = set()
    for at, folders, names in os.walk(folder, followlinks=True):
        here = Path(at)
        real = os.path.realpath(at)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if enters(here, name))
        found += [here / name for name in sorted(names)]
    return found


def _all(_parent: Path, name: str) -> bool:
    return name != ".git"


def _belongs(parent: Path, name: str) -> bool:
    if name.startswith(".") or name in _PRUNED | _PAGES:
        return False
    if (parent / name / "mkdocs.yml").is_file():
        return False
    # A package within the package counts where it is depended on; a tagged folder is a cache.
    return not (parent / name / "Cargo.toml").is_file() and not (parent / name / "CACHEDIR.TAG").is_file()


def read_toml(content: bytes | None) -> Mapping[str, object]:
    """Return the TOML document `content`, empty if it is none: whoever it is for says what is wrong with it."""
    try:
        return tomllib.loads((content or b"").decode("utf-8"))
    except (ValueError, RecursionError):
        return {}


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _name(path: Path, start: Path) -> str:
    return Path(os.path.relpath(path, start)).as_posix()


def _hash(path: Path, limit: float = math.inf) -> str | None:
    """Return what changes when the content of `path` does: beyond `limit` bytes, its size alone. None: no such file."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            return f"{size} bytes" if size > limit else hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return None


def _digest(files: Iterable[tuple[str, str | None]]) -> str:
    parts: list[Value] = list(files)
    return digest(tuple(parts))
