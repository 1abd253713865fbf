"""The lock file and the local packages of an Environment, as they are known without starting anything: what its keys are made of."""

from __future__ import annotations

import os.path
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.action import digest
from mkdocs_codeexec.languages.rust.environments import built, kept
from mkdocs_codeexec.languages.rust.environments.cargo import cargo_home
from mkdocs_codeexec.languages.rust.environments.documented import Documented, documented
from mkdocs_codeexec.languages.rust.environments.manifest import PACKAGE
from mkdocs_codeexec.languages.rust.environments.packages import Further, Package, package

if TYPE_CHECKING:
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.languages.rust.environments.composition import Composition
    from mkdocs_codeexec.languages.rust.environments.kept import Kept
    from mkdocs_codeexec.languages.rust.environments.recorded import Record
    from mkdocs_codeexec.languages.toolchain import Toolchain


class Sources:
    """What an Environment is built from.

    Args:
        settings: Where things are.
        folder: Where what cargo has told is kept.
        consists: What manifest and workspaces say.
        plain: Whether there is nothing to build.

    Attributes:
        consists: The same, as it is by now.
        manifest: The manifest.
        documented: The package that samples belong to.
        local: The local packages, by dependency.
        lock: The lock file; None while it is not known.
        recorded: What cargo has recorded of local packages beyond what can be seen; None while it is not known.
    """

    def __init__(self, settings: Settings, folder: Path, consists: Composition, *, plain: bool) -> None:
        self.consists = consists
        self.manifest = consists.manifest
        self.plain = plain
        self.local: tuple[tuple[str, Package], ...] = ()
        self.lock: str | None = None
        self.recorded: Mapping[str, Further] | None = None
        self._settings = settings
        self._folder = folder
        self._memory: Kept | None = None
        self._named: tuple[str, frozenset[str]] = ("", frozenset())
        self.survey()

    @property
    def settled(self) -> bool:
        """Whether all of it is known, so that keys can be made."""
        return self.plain or (self.lock is not None and self.recorded is not None)

    def survey(self, consists: Composition | None = None) -> None:
        """Read the lock file and the local packages again; `consists` is what workspaces say by now."""
        self.consists = consists or self.consists
        known = self.known()
        if known and not self.consists.holds(known):
            known = None
        self.lock = known.lock if known else None
        self.recorded = known.sources if known else None
        self.local = self.read(self.recorded)
        self.documented = self._documented()

    def inputs(self) -> tuple[tuple[str, str], ...]:
        """Return what of it decides an outcome, by name."""
        paths = tuple((f"environment.path:{name}", found.digest) for name, found in self.local)
        return (
            ("environment.lock", "" if self.plain else self.lock or ""),
            ("environment.manifest", self.manifest.portable),
            ("environment.package", self.documented.digest),
            *paths,
        )

    def packages(self) -> frozenset[str]:
        """Return the names of all packages in the lock file, its own left out; empty while that is not known."""
        lock = self.lock or ""
        if self._named[0] != lock:
            self._named = (lock, kept.packages(lock) - {PACKAGE})
        return self._named[1]

    def locks(self) -> Iterator[str]:
        """Yield the lock files that tell of versions, its own first."""
        yield self.lock or ""
        yield from (one.lock for one in self.consists.workspaces)

    def watched(self) -> Iterator[Path]:
        """Yield the files and folders of its local packages."""
        yield from self.consists.watched()
        for _, found in self.local:
            yield from found.watched

    def folders(self) -> tuple[Path, ...]:
        """Return the folders of local packages, as far as manifests tell."""
        return tuple(dict.fromkeys(folder for _, found in self.local for folder in found.folders))

    def _documented(self) -> Documented:
        rust = self._settings.rust
        return documented(self.manifest.paths, self._settings.project_dir, rust.package if rust else None)

    def read(self, recorded: Mapping[str, Further] | None) -> tuple[tuple[str, Package], ...]:
        """Return the local packages; what belongs to an earlier one, as patches of a workspace do, is read with that."""
        apart = self._settings.apart
        read: list[tuple[str, Package]] = []
        seen: set[Path] = set()
        for name, folder in self.consists.local:
            if folder not in seen:
                known = None if recorded is None else recorded.get(name, Further())
                found = package(folder, known, apart, self._settings.project_dir)
                seen.update(found.folders)
                read.append((name, found))
        return tuple(read)

    def built_from(self, lock: str) -> str:
        """Return a digest of all that a build with the lock file `lock` is made of."""
        packages = tuple((name, found.digest) for name, found in self.local)
        return digest((built.FORMAT, self.manifest.local, lock, packages))

    def found(self, said: str, home: Path, toolchain: Toolchain) -> dict[str, Further]:
        """Return what cargo's messages tell of local packages, by dependency."""
        if not self.consists.local:
            return {}
        from mkdocs_codeexec.languages.rust.environments import recorded

        return self._further(recorded.read(said, home), toolchain)

    def _further(self, records: Mapping[Path, Record], toolchain: Toolchain) -> dict[str, Further]:
        """Return what cargo has recorded, by dependency, beyond what counts anyway."""
        from mkdocs_codeexec.languages.rust.environments import recorded

        packages = self.read({})
        known = {folder for _, found in packages for folder in found.folders}
        others = sorted(records.keys() - known)
        apart = [*self._settings.apart, cargo_home(self._settings)]
        if toolchain.home:
            apart.append(Path(toolchain.home))
        apart += [Path(os.path.realpath(folder)) for folder in apart]
        ours = recorded.Tree(self._settings.project_dir, apart)
        found = {name: recorded.further(records, one, others, ours) for name, one in packages}
        return {name: one for name, one in found.items() if one != Further()}

    def known(self) -> Kept | None:
        """Return what an earlier run of cargo has told."""
        return self._memory or kept.load(self._folder, self.manifest.portable)

    def keep(self, found: Kept) -> None:
        """Keep what a run of cargo has told, and read everything again."""
        self._memory = None
        if not self._settings.keeps:  # what a stranger's build has locked decides no versions later
            self._memory = found
        elif self.known() != found:
            try:
                kept.save(found, self._folder)
            except OSError:  # a read-only cache costs a run of cargo in the next process, no more
                self._memory = found
        self.survey()
