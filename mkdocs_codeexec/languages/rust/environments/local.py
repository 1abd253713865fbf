"""Where a local package is, and what its manifest says; both may be a stranger's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from mkdocs_codeexec.languages.toml import read_toml
from mkdocs_codeexec.untrusted.regular import read_regular

PACKAGE_FILE_LIMIT = 16 * 1024 * 1024
"""Bytes of a file that is read there; of larger ones the size counts. No source is larger."""


def around(folder: Path, project: Path | None = None) -> Path:
    """Return the folder that holds what belongs to the package in `folder`: its checkout.

    Without one, what is the same in every place: the smallest that holds the one above it, and the site.
    """
    found = repository(folder)
    if found is None:
        near = folder.parent if project is None else Path(os.path.commonpath((folder.parent, project)))
        found = folder if near == Path(near.anchor) else near
    return found


def repository(folder: Path) -> Path | None:
    """Return the root of the repository that `folder` is in, None if it is in none."""
    return next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None)


def manifest_of(folder: Path) -> Mapping[str, object]:
    """Return what the manifest in `folder` says; empty if there is none, or it is a link that leads out of a checkout."""
    path = folder / "Cargo.toml"
    return read_toml(read_regular(path, PACKAGE_FILE_LIMIT, around(folder) if path.is_symlink() else None))
