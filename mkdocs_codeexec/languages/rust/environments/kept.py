"""What cargo has found out about an Environment, kept with the results: keys can be made without cargo then."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mkdocs_codeexec.core.action import digest
from mkdocs_codeexec.languages.rust.environments.packages import Further
from mkdocs_codeexec.untrusted import Place, Tree, remove

FORMAT = 1
EARLIER = "earlier"
MOST = 8
"""Earlier manifests of which something is kept."""
LARGEST = 16 * 1024 * 1024
"""Bytes of a file that is read."""
_OURS = re.compile("[0-9a-f]{16}")
_LOCK, _MANIFEST, _SOURCES = "Cargo.lock", "manifest.toml", "sources.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """A lock file, further sources of local packages, and the manifest that they belong to.

    Attributes:
        lock: The text of `Cargo.lock`.
        manifest: The manifest in its portable spelling.
        sources: By name of a local dependency; None if that is not known.
        pins: What of it the lock files of workspaces said when it was made (`locks.pins`).
    """

    lock: str
    manifest: str
    sources: Mapping[str, Further] | None = field(default_factory=dict)
    pins: str = ""


def load(folder: Path, manifest: str) -> Kept | None:
    """Return what is kept in `folder` for `manifest`, None if there is nothing.

    What was kept before the manifest became another one is remembered: a branch of the documentation finds its own.
    """
    found = last(folder)
    if found is not None and found.manifest != manifest:
        found = last(_earlier(folder, manifest))
    return found if found is not None and found.manifest == manifest else None


def last(folder: Path) -> Kept | None:
    """Return what was kept in `folder` last, for whatever manifest, None if there is nothing."""
    with Tree(_cache_dir(folder)) as tree:
        try:
            at = _place(folder)
            lock, manifest = (tree.read((*at, name), LARGEST).decode("utf-8") for name in (_LOCK, _MANIFEST))
        except (OSError, ValueError):
            return None
        sources, pins = _sources(tree, at)
    return Kept(lock, manifest, sources, pins)


def save(kept: Kept, folder: Path) -> None:
    """Keep `kept` in `folder`, and what was there for other manifests behind it.

    Raises:
        OSError: As the disk says.
    """
    before = last(folder)
    with Tree(_cache_dir(folder)) as tree:
        if before is not None and before.manifest != kept.manifest:
            _write(before, tree, _place(_earlier(folder, before.manifest)))
            with tree.folder((*_place(folder), EARLIER)) as earlier:
                others = [name for name in earlier.names() if _OURS.fullmatch(name)]
                others.sort(key=lambda name: earlier.about(name).st_mtime_ns)
                for other in others[:-MOST]:
                    remove(earlier, other)
        _write(kept, tree, _place(folder))


def _earlier(folder: Path, manifest: str) -> Path:
    return folder / EARLIER / digest(manifest)[:16]


def _cache_dir(folder: Path) -> Path:
    """Return the folder below which no link is followed: `environments/<name>` is in the one that the user has chosen."""
    return folder.parents[3] if folder.parent.name == EARLIER else folder.parents[1]


def _place(folder: Path) -> Place:
    return folder.relative_to(_cache_dir(folder)).parts


def _write(kept: Kept, tree: Tree, at: Place) -> None:
    packages = {
        name: {"paths": found.paths, "packages": found.packages} for name, found in sorted((kept.sources or {}).items())
    }
    pins = {"pins": kept.pins} if kept.pins else {}
    text = json.dumps({"format": FORMAT, **pins, "packages": packages}, indent=1) + "\n"
    # The manifest is last: it vouches for the others.
    for name, content in ((_LOCK, kept.lock), (_SOURCES, text), (_MANIFEST, kept.manifest)):
        tree.replace((*at, name), content.encode("utf-8", "backslashreplace"))


_PACKAGE = re.compile(r'^\[\[package\]\]\nname = "([^"\n]+)"$', re.MULTILINE)


def packages(lock: str) -> frozenset[str]:
    """Return the names of the packages in a `Cargo.lock`.

    Only cargo writes it, and always so: a whole parser would take tens of milliseconds for a large one.
    """
    return frozenset(_PACKAGE.findall(lock))


def _sources(tree: Tree, at: Place) -> tuple[Mapping[str, Further] | None, str]:
    try:
        value = json.loads(tree.read((*at, _SOURCES), LARGEST))
        if value["format"] != FORMAT:
            return None, ""
        return {
            str(name): Further(tuple(map(str, found["paths"])), tuple(map(str, found["packages"])))
            for name, found in value["packages"].items()
        }, str(value.get("pins", ""))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None, ""
