"""What cargo has found out about an Environment, kept with the results: keys can be made without cargo then."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mkdocs_codeexec.languages.inputs import Further
from mkdocs_codeexec.languages.toolchain import write

FORMAT = 1
_LOCK, _MANIFEST, _SOURCES = "Cargo.lock", "manifest.toml", "sources.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """A lock file, further sources of local packages, and the manifest that they belong to.

    Attributes:
        lock: The text of `Cargo.lock`.
        manifest: The manifest in its portable spelling.
        sources: By name of a local dependency; None if that is not known.
    """

    lock: str
    manifest: str
    sources: Mapping[str, Further] | None = field(default_factory=dict)


def load(folder: Path) -> Kept | None:
    """Return what is kept in `folder`, None if there is nothing."""
    try:
        lock, manifest = ((folder / name).read_text("utf-8") for name in (_LOCK, _MANIFEST))
    except (OSError, ValueError):
        return None
    return Kept(lock, manifest, _sources(folder / _SOURCES))


def save(kept: Kept, folder: Path) -> None:
    """Keep `kept` in `folder`.

    Raises:
        OSError: As the disk says.
    """
    packages = {
        name: {"paths": found.paths, "packages": found.packages} for name, found in sorted((kept.sources or {}).items())
    }
    text = json.dumps({"format": FORMAT, "packages": packages}, indent=1) + "\n"
    write(folder / _LOCK, kept.lock)
    write(folder / _SOURCES, text)
    # The manifest is last: it vouches for the others.
    write(folder / _MANIFEST, kept.manifest)


def _sources(path: Path) -> Mapping[str, Further] | None:
    try:
        value = json.loads(path.read_text("utf-8"))
        if value["format"] != FORMAT:
            return None
        return {
            str(name): Further(tuple(map(str, found["paths"])), tuple(map(str, found["packages"])))
            for name, found in value["packages"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
