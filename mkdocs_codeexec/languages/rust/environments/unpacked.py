"""Which of the packages that cargo has unpacked for all projects of this user belong to one Environment.

Those of crates.io anybody can have. Those of other registries, and repositories, may be private to another site.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_CRATES_IO = ("index.crates.io-", "github.com-")
_PACKAGE = re.compile(r'^name = "([^"\n/]+)"\nversion = "([^"\n/]+)"\nsource = "([^"\n]+)"', re.MULTILINE)


def unpacked(lock: str, home: Path) -> Iterator[Path]:
    """Yield the folders below `home`, where cargo keeps what it downloads, of what the lock file `lock` names."""
    named = {f"{name}-{version}" for name, version, _ in _PACKAGE.findall(lock)}
    revisions = {source.rpartition("#")[2] for _, _, source in _PACKAGE.findall(lock) if source.startswith("git+")}
    for registry in _folders(home / "registry" / "src"):
        if registry.name.startswith(_CRATES_IO):
            yield registry
        else:
            yield from (folder for name in sorted(named) if (folder := registry / name).is_dir())
    for repository in _folders(home / "git" / "checkouts"):
        for folder in _folders(repository):  # the first digits of a revision
            if any(one.startswith(folder.name) for one in revisions):
                yield folder


def resolved(lock: str, home: Path) -> Iterator[Path]:
    """Yield what below `home` cargo itself wants to know of what the lock file `lock` names: indexes, archives, repositories."""
    named = {f"{name}-{version}.crate" for name, version, _ in _PACKAGE.findall(lock)}
    for registry in _folders(home / "registry" / "cache"):
        public = registry.name.startswith(_CRATES_IO)
        files = [] if public else [file for name in sorted(named) if (file := registry / name).is_file()]
        if public or files:
            yield home / "registry" / "index" / registry.name
        yield from [registry] if public else files
    checkouts = {
        folder.parent.name for folder in unpacked(lock, home) if folder.parent.parent == home / "git" / "checkouts"
    }
    yield from (home / "git" / "db" / name for name in sorted(checkouts))


def _folders(parent: Path) -> list[Path]:
    try:
        return sorted(path for path in parent.iterdir() if path.is_dir())
    except OSError:
        return []
