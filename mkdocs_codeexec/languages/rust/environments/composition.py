"""What an Environment consists of: what `mkdocs.yml` says, and what the workspaces of its local packages say of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.languages.rust.environments import configuration, kept, locks, workspace
from mkdocs_codeexec.languages.rust.environments.inheriting import Inherited
from mkdocs_codeexec.languages.rust.environments.manifest import Manifest, manifest
from mkdocs_codeexec.languages.toml import read_toml

if TYPE_CHECKING:
    from mkdocs_codeexec.core.settings import EnvironmentSettings, Settings
    from mkdocs_codeexec.languages.rust.environments.kept import Kept
    from mkdocs_codeexec.languages.rust.environments.workspace import Workspace


class Start(NamedTuple):
    """Versions to begin with.

    Attributes:
        lock: A lock file; None for the newest versions.
        told: Where it is from, in words; empty for the newest.
    """

    lock: str | None = None
    told: str = ""


class Composition(NamedTuple):
    """What an Environment consists of.

    Attributes:
        manifest: Its manifest.
        workspaces: Of its local packages, and the one that it takes versions from; what counts most is first.
        local: Every local package that can be part of it: what it is called, and its folder.
        project: The folder of `mkdocs.yml`.
        patches: Names of packages for which workspaces have others, and `mkdocs.yml` has none.
        binaries: Whether the programs of its local packages are built, and not its libraries for samples.
    """

    manifest: Manifest
    workspaces: tuple[Workspace, ...]
    local: tuple[tuple[str, Path], ...]
    project: Path
    patches: frozenset[str] = frozenset()
    binaries: bool = False

    def holds(self, known: Kept) -> bool:
        """Tell whether what is kept still locks what the workspaces lock."""
        return known.pins == self.pins(known.lock) or not any(one.lock and one.binding for one in self.workspaces)

    def pins(self, lock: str) -> str:
        """Return what the workspaces say of the packages in `lock`; see `locks.pins`."""
        return locks.pins([one.lock for one in self.workspaces if one.lock and one.binding], kept.packages(lock))

    def start(self, known: Kept | None, file: Path) -> Start:
        """Return the versions to begin with.

        What workspaces lock counts most, unless it was heeded before: then what is kept does. A lock file that git
        ignores is one of several that may be elsewhere, and counts where nothing is kept.

        Args:
            known: What is kept, for this manifest or an earlier one; None if there is nothing.
            file: Where that is kept.
        """
        from_binding = [(one.lock, self._name(one.root)) for one in self.workspaces if one.lock and one.binding]
        from_others = [(one.lock, self._name(one.root)) for one in self.workspaces if one.lock and not one.binding]
        from_kept = [(known.lock, os.path.relpath(file, self.project))] if known else []
        first = from_kept + from_binding if known and self.holds(known) else from_binding + from_kept
        found = [*first, *from_others]
        return Start(locks.joined([lock for lock, _ in found]), " and ".join(f"`{name}`" for _, name in found))

    def watched(self) -> Iterator[Path]:
        """Yield the files that say what workspaces say."""
        for one in self.workspaces:
            yield one.root / "Cargo.toml"
            yield one.root / workspace.LOCK

    def _name(self, root: Path) -> str:
        return os.path.relpath(root / workspace.LOCK, self.project)


def composition(settings: Settings, wanted: EnvironmentSettings) -> Composition:
    """Return what the Environment that is `wanted` consists of.

    Raises:
        ConfigurationError: It cannot be written as a manifest.
    """
    project = settings.project_dir
    above = workspace.above(project)
    inherited = _inherited(above, project)._replace(site=settings.host.file)
    found = manifest(wanted, project, inherited)
    inherits = (isinstance(one, Mapping) and one.get("workspace") is True for one in wanted.dependencies.values())
    shares = [above.root] if above and any(inherits) else []
    around = workspace.workspaces((*shares, *(folder for _, folder in found.paths)), project)
    if taken := workspace.overrides(around, project, wanted.dependencies):
        found = manifest(wanted, project, inherited, taken)
    config = configuration.configuration(settings)
    local = tuple(dict.fromkeys((*found.paths, *configuration.packages(config))))
    own = workspace.patched(read_toml(wanted.manifest_extra.encode()))
    return Composition(found, around, local, project, workspace.patched(taken) - own, wanted.binaries)


def _inherited(above: Workspace | None, project: Path) -> Inherited:
    if above is None:
        return Inherited()
    file = os.path.relpath(above.root / "Cargo.toml", project)
    return Inherited(
        file, {name: workspace.placed(one, above.root, project) for name, one in workspace.shared(above).items()}
    )
