"""Which programs cargo makes of a package, by its manifest and its files (the cargo book, "Cargo Targets")."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from mkdocs_codeexec.languages.rust.environments import workspace
from mkdocs_codeexec.languages.rust.environments.local import manifest_of, repository
from mkdocs_codeexec.untrusted.regular import is_within

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")


def programs(folder: Path) -> tuple[str, ...]:
    """Return the names of the programs of the package in `folder`, without those that need features which are off."""
    manifest = manifest_of(folder)
    package = manifest.get("package")
    if not isinstance(package, Mapping) or not isinstance(name := package.get("name"), str):
        return ()
    listed = manifest.get("bin")
    tables = [table for table in listed if isinstance(table, Mapping)] if isinstance(listed, list) else []
    found = dict.fromkeys(_found(folder, name) if package.get("autobins", True) is not False else ())
    features = _usual(manifest.get("features"))
    for table in tables:
        if not isinstance(own := table.get("name"), str):
            continue
        wanted = table.get("required-features")
        if isinstance(wanted, list) and not features.issuperset(map(str, wanted)):
            found.pop(own, None)
        else:
            found[own] = None
    return tuple(name for name in sorted(found) if _NAME.fullmatch(name))


def packages(listed: Iterator[Path], project: Path) -> Iterator[Path]:
    """Yield the folders of packages whose programs a site may speak of: those `listed`, and the workspace that it is in."""
    seen: set[Path] = set()
    for folder in (*listed, *_around(project)):
        if folder not in seen and (folder / "Cargo.toml").is_file():
            seen.add(folder)
            yield folder


def _around(project: Path) -> Iterator[Path]:
    """Yield the packages of the workspace that holds `project`, or the one package that does; nothing beyond its checkout."""
    checkout = repository(project) or project
    above = [folder for folder in (project, *project.parents) if is_within(str(folder), str(checkout))]
    nearest = next((folder for folder in above if (folder / "Cargo.toml").is_file()), None)
    if nearest is None:
        return
    root = workspace.root_of(nearest) or nearest
    if root not in above:
        root = nearest
    manifest = manifest_of(root)
    table = manifest.get("workspace")
    excluded = table.get("exclude") if isinstance(table, Mapping) else None
    out = (
        [os.path.normpath(root / name) for name in excluded if isinstance(name, str)]
        if isinstance(excluded, list)
        else []
    )
    for _, folder in workspace.members(root, manifest):
        if not any(is_within(str(folder), one) for one in out) and is_within(str(folder), str(checkout)):
            yield folder


def _found(folder: Path, package: str) -> Iterator[str]:
    if (folder / "src" / "main.rs").is_file():
        yield package
    try:
        entries = sorted((folder / "src" / "bin").iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.suffix == ".rs" and entry.is_file():
            yield entry.stem
        elif (entry / "main.rs").is_file():
            yield entry.name


def _usual(features: object) -> set[str]:
    """Return the features of a package that are on unless somebody says otherwise."""
    table = features if isinstance(features, Mapping) else {}
    found: set[str] = set()
    waiting = ["default"]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            more = table.get(name)
            waiting += [str(one) for one in more] if isinstance(more, list) else []
    return found
