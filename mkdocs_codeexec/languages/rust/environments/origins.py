"""Where packages come from that cargo downloads, and which of these sources the configuration has named.

crates.io is open to everybody. What a repository or another registry gives, it may give to this user alone: who makes cargo
ask there, uses the user's credentials and network. So that is a right, and comes from the configuration. What only a
manifest of the checkout names may be a stranger's word.

More is taken for wanted than cargo may want: optional dependencies too. A manifest that cannot be read wants anything.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from mkdocs_codeexec.core import rights
from mkdocs_codeexec.core.sample import in_one_line
from mkdocs_codeexec.languages.grants import checkout_of, said
from mkdocs_codeexec.languages.rust.environments import workspace
from mkdocs_codeexec.languages.rust.environments.configured import files, read
from mkdocs_codeexec.languages.rust.environments.local import PACKAGE_FILE_LIMIT, around, manifest_of
from mkdocs_codeexec.languages.rust.environments.transcript import Trouble
from mkdocs_codeexec.untrusted.regular import text_of

if TYPE_CHECKING:
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.languages.rust.environments.composition import Composition

MOST = 10_000
"""Manifests that are looked at."""
_SHOWN = 200
_MANIFEST = "Cargo.toml"
_SOURCES = ("git", "registry", "registry-index", "registry_index")
_KINDS = ("dependencies", "build-dependencies", "build_dependencies")
"""Dependencies of local packages that cargo resolves: `dev-dependencies` are of no use to who only uses a package."""
_OPEN = frozenset({"crates-io"})
_CLEAR = re.compile(r"[a-z][a-z0-9+.-]*://[A-Za-z0-9@._~:/+-]+")
"""An address that nobody reads otherwise: nothing in it is escaped."""


Documents: TypeAlias = dict[Path, Mapping[str, object] | None]
"""Manifests by folder; None for one that cannot be read."""


class Origin(NamedTuple):
    """A source that somebody wants packages of.

    Attributes:
        who: Who wants them, in words.
        source: The address of a repository or a registry, or the name of a registry; empty if nobody can tell.
    """

    who: str
    source: str

    @property
    def told(self) -> str:
        """What is wrong with it, in words, before who has not named it."""
        return f"{self.who} takes packages from `{shown(self.source)}`" if self.source else f"{self.who} cannot be read"


def shown(source: str) -> str:
    """Return a source as messages name it."""
    return in_one_line(source)[:_SHOWN]


def refused(consists: Composition, settings: Settings) -> Trouble | None:
    """Return why nothing is downloaded for what an Environment consists of; None if it may be.

    Args:
        consists: What it consists of.
        settings: The configuration.
    """
    why = rights.sources(settings)
    if not why:
        return None
    own = tuple(_of_project(consists.manifest.local))
    local = unnamed((folder for _, folder in consists.local), settings)
    registries = {origin.source for origin in (*own, *local)} | _named(settings)
    found = [*_not_named((*own, *_of_configuration(settings, registries)), settings), *local]
    if not found:
        return None
    first, file = found[0], settings.host.file
    what = (
        f"{first.told}{f', which {file} does not name' if first.source else ''}; nothing else is downloaded here: {why}"
    )
    hints = [f"if that is right: {hint([one.source for one in found if one.source])} in {file}"] if first.source else []
    return Trouble(what, "; ".join((*hints, "a build of your own downloads it, too")), at_fault=True)


def hint(sources: Iterable[str]) -> str:
    """Return what names `sources` in the configuration."""
    listed = ", ".join(dict.fromkeys(map(shown, sources)))
    return f"`languages: {{rust: {{sources: [{listed}]}}}}`"


def unnamed(packages: Iterable[Path], settings: Settings, known: Documents | None = None) -> tuple[Origin, ...]:
    """Return what local `packages` of the checkout, and all that they need, want of sources that nobody has named.

    Those elsewhere are the user's: the configuration has named them, and no checkout brings them along.

    Args:
        packages: Their folders.
        settings: The configuration.
        known: Manifests that were read already, by folder; more are added.
    """
    ours = [one for one in packages if _is_of_checkout(one, settings)]
    return tuple(_not_named(_wanted(ours, {} if known is None else known), settings))


def of_workspace(package: Path, settings: Settings) -> tuple[Origin, ...]:
    """Return what the workspace of a local `package` puts in the place of others, of sources that nobody has named."""
    root = workspace.root_of(package)
    if root is None or not _is_of_checkout(root, settings):
        return ()
    manifest = manifest_of(root)
    found = (_anywhere(f"`[{table}]` of the workspace", manifest.get(table)) for table in ("patch", "replace"))
    return tuple(_not_named((one for origins in found for one in origins), settings))


def is_named(source: str, settings: Settings) -> bool:
    """Tell whether the configuration names `source`: an address, or a registry."""
    return not any(_not_named([Origin("", source)], settings))


def _named(settings: Settings) -> frozenset[str]:
    """Return the sources that dependencies name which the configuration itself lists."""
    return frozenset(source for key in _SOURCES for source in said(settings, key))


def _not_named(origins: Iterable[Origin], settings: Settings) -> Iterator[Origin]:
    known, listed = _named(settings) | _OPEN, settings.rust.sources if settings.rust else ()
    for origin in dict.fromkeys(origins):
        if origin.source not in known and not any(is_below(origin.source, one) for one in listed):
            yield origin


def is_below(source: str, start: str) -> bool:
    """Tell whether `source` is `start`, or an address that continues it behind a slash."""
    if source == start:
        return True
    clear = all(_CLEAR.fullmatch(one) for one in (source, start))
    if not clear or any(part in ("", ".", "..") for part in source.rstrip("/").split("/")[2:]):
        return False
    return source.removesuffix("/").removesuffix(".git") == start.removesuffix("/") or source.startswith(
        f"{start.removesuffix('/')}/"
    )


def _is_of_checkout(folder: Path, settings: Settings) -> bool:
    """Tell whether `folder` is in the checkout, by its name or really."""
    root = checkout_of(settings.project_dir, settings) or settings.project_dir
    return folder.is_relative_to(root) or Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(root))


def _of_project(manifest: str) -> Iterator[Origin]:
    """Yield what our own project wants: what the configuration lists, and what it takes over of workspaces."""
    document = tomllib.loads(manifest)
    for name, entry in _entries(document):
        yield from _origins(f"the dependency `{name}`", entry)
    for table in ("patch", "replace"):
        yield from _anywhere(f"`[{table}]` of a workspace", document.get(table))


def _of_configuration(settings: Settings, registries: Iterable[str]) -> Iterator[Origin]:
    """Yield what cargo's configuration in the checkout wants, of `registries` those that somebody uses."""
    used = frozenset(registries)
    who = "a cargo configuration in the checkout"
    for path in files(settings):
        if (tree := checkout_of(path, settings)) is None:
            continue
        table = read(path, tree)
        for section in ("source", "patch"):
            yield from _anywhere(who, table.get(section))
        for name, one in _table(table.get("registries")).items():
            if name in used and isinstance(index := _table(one).get("index"), str):
                yield Origin(who, index)
        if isinstance(index := _table(table.get("registry")).get("index"), str):
            yield Origin(who, index)


def _anywhere(who: str, value: object) -> Iterator[Origin]:
    """Yield the sources that stand anywhere in `value`."""
    for inner in _table(value).values():
        yield from _origins(who, value)
        yield from _anywhere(who, inner)


def _wanted(packages: Iterable[Path], known: Documents) -> Iterator[Origin]:
    """Yield what `packages` want, and the local packages that they need."""
    seen: set[Path] = set()
    waiting = list(packages)
    while waiting:
        folder = waiting.pop()
        if folder in seen or not os.path.lexists(folder / _MANIFEST):
            continue
        seen.add(folder)
        if len(seen) > MOST:
            yield Origin(f"a chain of more than {MOST} local packages", "")
            return
        who = f"the local package `{in_one_line(folder.name)[:_SHOWN]}`"
        document = _document(folder, known)
        if document is None:
            yield Origin(f"the manifest of {who}", "")
            continue
        for name, entry in _entries(document):
            inherited = _table(entry).get("workspace") is True
            tables = list(_shared(folder, document, name, known)) if inherited else [(folder, entry)]
            if not tables:
                yield Origin(f"`{in_one_line(name)[:_SHOWN]}` of {who}", "")
            for start, table in tables:
                if table is None:
                    yield Origin(f"the manifest of a workspace around {who}", "")
                yield from _origins(who, table)
                if isinstance(path := _table(table).get("path"), str):
                    waiting.append(Path(os.path.normpath(start / path)))


def _shared(folder: Path, document: Mapping[str, object], name: str, known: Documents) -> Iterator[tuple[Path, object]]:
    """Yield what workspaces around the package in `folder` say of the dependency `name`: which one counts, cargo decides.

    None stands for one that cannot be read.
    """
    chosen = _table(document.get("package")).get("workspace")
    above = (Path(os.path.normpath(folder / chosen)),) if isinstance(chosen, str) else (folder, *folder.parents)
    for root in above:
        if not os.path.lexists(root / _MANIFEST):
            continue
        found = document if root == folder else _document(root, known)
        if found is None:
            yield root, None
        elif name in (shared := _table(_table(found.get("workspace")).get("dependencies"))):
            yield root, shared[name]


def _document(folder: Path, known: Documents) -> Mapping[str, object] | None:
    """Return the manifest in `folder`, whole; None if it cannot be read, or is none."""
    if folder not in known:
        path = folder / _MANIFEST
        text = text_of(path, PACKAGE_FILE_LIMIT, around(folder) if path.is_symlink() else None)
        try:
            known[folder] = tomllib.loads(text) or None
        except (ValueError, RecursionError):
            known[folder] = None
    return known[folder]


def _entries(document: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yield the dependencies of a manifest, by name."""
    for table in (document, *map(_table, _table(document.get("target")).values())):
        for kind in _KINDS:
            yield from _table(table.get(kind)).items()


def _origins(who: str, entry: object) -> Iterator[Origin]:
    table = _table(entry)
    yield from (Origin(who, value) for key in _SOURCES if isinstance(value := table.get(key), str))


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
