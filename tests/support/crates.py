"""Files and crates that tests write: `from support.crates import crate`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.action import digest

if TYPE_CHECKING:
    from mkdocs_codeexec.core.settings import Settings


def write(root: Path, files: Mapping[str, str]) -> Path:
    """Write files below `root` by their names, with the folders that they need, and return `root`."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def package(name: str, version: str = "0.1.0", more: str = "") -> str:
    """Return a manifest of a package, with `more` at its end."""
    return f'[package]\nname = "{name}"\nversion = "{version}"\nedition = "2021"\n{more}'


def crate_in(folder: Path, name: str, source: str = "", more: str = "", **files: str) -> Path:
    """Write a library into `folder`, and return that."""
    return write(folder, {"Cargo.toml": package(name, more=more), "src/lib.rs": source, **files})


def crate(root: Path, name: str, source: str = "", more: str = "", **files: str) -> Path:
    """Write a library below `root`, into a folder of its name, and return that."""
    return crate_in(root / name, name, source, more, **files)


def remembered(settings: Settings) -> Path:
    """Return the file in which the toolchains of a site are remembered."""
    place = settings.private_dir
    assert place is not None
    return place / "toolchains" / digest(str(settings.project_dir))[:16] / "toolchains.json"
