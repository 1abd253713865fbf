"""Digests of files that samples depend on: those the configuration declares, and local packages.

All of it is read from the disk alone: whether a sample is up to date must be known where nothing is installed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mkdocs_codeexec.core.action import Value, digest

_PRUNED = frozenset({"target", "tests", "benches", "examples", "node_modules", "__pycache__"})
"""Folders of a package that hold nothing of its library."""

_INCLUDE = re.compile(
    r"""(?P<doc>\bdoc\s*=\s*)?\binclude(?:_str|_bytes)?!\s*[(\[{]\s*
        (?: (?P<root>concat!\s*\(\s*env!\s*\(\s*"CARGO_MANIFEST_DIR"\s*\)\s*,\s*) )?
        "(?P<name>(?:[^"\\\n]|\\.)*)" """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Package:
    """A local Rust package, and the local packages that it needs.

    Attributes:
        digest: Of every file that can change what it compiles to; names relative to its folder.
        watched: Files and folders to watch for it.
    """

    digest: str
    watched: tuple[Path, ...]


def declared(project: Path, patterns: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return an input for each glob pattern: the digest of what matches it below `project`."""
    return tuple(
        (f"inputs:{pattern}", _digest((_name(path, project), _content(path)) for path in matching(project, pattern)))
        for pattern in sorted(set(patterns))
    )


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
            found.update(_files(path, everything=True) if path.is_dir() else [path])
    return sorted(path for path in found if path.is_file())


def package(folder: Path) -> Package:
    """Return what is to be known of the package in `folder`; one that is not there has a digest, too.

    Counted are its manifest, its build script, all of `src/`, other Rust files outside of tests, benches, examples and
    `target`, files that these include by a literal name, the manifest of the workspace that it inherits from, and the
    same for every local package it depends on. Prose beside it is not.
    """
    files: dict[Path, bytes | None] = {}
    watched: list[Path] = []
    seen: set[Path] = set()
    _collect(folder, files, watched, seen)
    return Package(
        _digest(sorted((_name(path, folder), content) for path, content in files.items() if content is not None)),
        tuple(dict.fromkeys(watched)),
    )


def _collect(folder: Path, files: dict[Path, bytes | None], watched: list[Path], seen: set[Path]) -> None:
    if folder in seen:
        return
    seen.add(folder)
    path = folder / "Cargo.toml"
    content = _content(path)
    files[path] = content
    watched.append(path)
    manifest = read_toml(content)
    sources = [*_files(folder / "src", everything=True), *_files(folder, everything=False)]
    script = manifest.get("package")
    build = script.get("build") if isinstance(script, Mapping) else None
    sources.append(folder / (build if isinstance(build, str) else "build.rs"))
    watched += [folder / "src", *(source for source in sources if not source.is_relative_to(folder / "src"))]
    for source in sources:
        if source not in files:
            files[source] = _content(source)
            _include(source, folder, files, watched)
    root, workspace = _workspace(folder, manifest, content)
    if root is not None:
        files[root / "Cargo.toml"] = _content(root / "Cargo.toml")
        watched.append(root / "Cargo.toml")
    for needed in _local(folder, manifest, root, workspace):
        _collect(needed, files, watched, seen)


def _include(source: Path, folder: Path, files: dict[Path, bytes | None], watched: list[Path]) -> None:
    content = files[source]
    if source.suffix != ".rs" or not content or b"include" not in content:
        return
    for match in _INCLUDE.finditer(content.decode("utf-8", "replace")):
        if match["doc"]:  # `#![doc = include_str!("../README.md")]` is prose
            continue
        name = match["name"].replace("\\\\", "\\")
        path = folder / name.lstrip("/") if match["root"] else source.parent / name
        path = Path(os.path.normpath(path))
        if path not in files:
            files[path] = _content(path)
            watched.append(path)
            _include(path, folder, files, watched)


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


def _files(folder: Path, *, everything: bool) -> list[Path]:
    """Return the files below `folder`, sorted: everything, or the Rust files that may belong to its library.

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
        if everything:
            folders[:] = sorted(name for name in folders if name != ".git")
        else:
            folders[:] = sorted(name for name in folders if _belongs(here, name, top=here == folder))
        found += [here / name for name in sorted(names) if everything or name.endswith(".rs")]
    return found


def _belongs(parent: Path, name: str, *, top: bool) -> bool:
    if name.startswith(".") or name in _PRUNED or (top and name == "src"):
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


def _digest(files: Iterator[tuple[str, bytes | None]] | Sequence[tuple[str, bytes | None]]) -> str:
    parts: list[Value] = [
        (name, hashlib.sha256(content).hexdigest() if content is not None else None) for name, content in files
    ]
    return digest(tuple(parts))
