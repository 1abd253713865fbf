"""An Environment of Rust samples: a cargo project that holds their dependencies, built.

cargo is asked once; samples are then compiled by rustc with the arguments that cargo would use. The lock file lives
with the results, so that it can be cached or committed with them: a checkout with the same lock has the same keys.

All Environments of a toolchain share one target directory, so that a dependency that several need, or that was there
before the configuration changed, is compiled once.
"""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mkdocs_codeexec.core.action import digest
from mkdocs_codeexec.core.outcome import Exited
from mkdocs_codeexec.languages.rust.environments import built, capture, collection, kept, lent, mending, picked
from mkdocs_codeexec.languages.rust.environments.built import Built
from mkdocs_codeexec.languages.rust.environments.capture import Arguments
from mkdocs_codeexec.languages.rust.environments.cargo import cargo_home
from mkdocs_codeexec.languages.rust.environments.composition import Composition, Start, composition
from mkdocs_codeexec.languages.rust.environments.documented import Documented, documented
from mkdocs_codeexec.languages.rust.environments.kept import Kept
from mkdocs_codeexec.languages.rust.environments.manifest import PACKAGE
from mkdocs_codeexec.languages.rust.environments.transcript import Progress, Trouble, without_unused
from mkdocs_codeexec.languages.rust.packages import Further, Package, package

if TYPE_CHECKING:
    from mkdocs_codeexec.core.confinement import Access
    from mkdocs_codeexec.core.protocols import Narrator, Runner
    from mkdocs_codeexec.core.settings import EnvironmentSettings, Settings
    from mkdocs_codeexec.languages.grants import Grants
    from mkdocs_codeexec.languages.rust.environments.recorded import Record
    from mkdocs_codeexec.languages.toolchain import Toolchain

_T = TypeVar("_T")


class Environment:
    """One named set of dependencies.

    Args:
        settings: Where things are.
        name: Of the set.
        consists: What it consists of.
        flags: What cargo's own configuration adds to the command line of rustc, in words.
        narrator: Hears what cargo says.
        grants: What of the author's folders it is given.
    """

    def __init__(
        self, settings: Settings, name: str, consists: Composition, flags: str, narrator: Narrator, grants: Grants
    ) -> None:
        self.name = name
        self.manifest = consists.manifest
        self.flags = flags
        self.grants = grants
        self._settings = settings
        self._consists = consists
        self._narrator = narrator
        self._folder = settings.cache_dir / "environments" / name
        self._lent: Path | None = None
        self._memory: Kept | None = None
        self._lock: str | None = None
        self._sources: Mapping[str, Further] | None = None
        self._named: tuple[str, frozenset[str]] = ("", frozenset())
        self._packages: tuple[tuple[str, Package], ...] = ()
        self.survey()

    @property
    def plain(self) -> bool:
        """Whether rustc alone will do: there is nothing to build, and no cargo is needed."""
        return self.manifest.bare and not self.flags

    @property
    def settled(self) -> bool:
        """Whether its lock file and all sources are known, so that keys can be made."""
        return self.plain or (self._lock is not None and self._sources is not None)

    def survey(self, consists: Composition | None = None) -> None:
        """Read the lock file and the local packages again; `consists` is what workspaces say by now."""
        self._consists = consists or self._consists
        known = self._known()
        if known and not self._consists.holds(known):
            known = None
        self._lock = known.lock if known else None
        self._sources = known.sources if known else None
        self._packages = self._read_packages(self._sources)
        self.documented = self._documented()

    def inputs(self) -> tuple[tuple[str, str], ...]:
        """Return what of it decides an outcome, by name."""
        paths = tuple((f"environment.path:{name}", found.digest) for name, found in self._packages)
        return (
            ("environment.lock", "" if self.plain else self._lock or ""),
            ("environment.manifest", self.manifest.portable),
            ("environment.package", self.documented.digest),
            *paths,
        )

    def packages(self) -> frozenset[str]:
        """Return the names of all packages in the lock file, its own left out; empty while that is not known."""
        lock = self._lock or ""
        if self._named[0] != lock:
            self._named = (lock, kept.packages(lock) - {PACKAGE})
        return self._named[1]

    def locks(self) -> Iterator[str]:
        """Yield the lock files that tell of versions, its own first."""
        yield self._lock or ""
        yield from (one.lock for one in self._consists.workspaces)

    def watched(self) -> Iterator[Path]:
        """Yield the files and folders of its local packages."""
        yield from self._consists.watched()
        for _, found in self._packages:
            yield from found.watched

    def current(self, toolchain: Toolchain) -> Arguments | Trouble | None:
        """Return what it adds to rustc's command line, None if it must be built first.

        Nothing is started, and cargo is not needed.
        """
        if self.plain:
            return Arguments()
        wrong = mending.unspeakable(self.manifest, self._settings.environment_dir)
        if wrong := wrong or mending.absent(self.manifest, self._settings.project_dir):
            return wrong
        if self._lock is None or self._sources is None:
            return None
        if (found := self._borrowed(toolchain)) is not None:
            return found
        home = self._home(toolchain)
        return self._with(home, lambda: self._in_use(home))

    def _borrowed(self, toolchain: Toolchain) -> Arguments | None:
        """Return the arguments if an earlier build has left what would be built, to one that leaves nothing itself."""
        self._lent = None
        if self._settings.lent is None:
            return None
        home = home_of_all(self._settings.lent) / self._place(toolchain)
        with lent.untouched(home) as free:
            found = self._up_to_date(home) if free else None
        self._lent = home if found else None
        return found

    def build(self, toolchain: Toolchain, runner: Runner, narrator: Narrator, *, alone: bool) -> Arguments | Trouble:
        """Build it, unless somebody has done so meanwhile, and return what it adds to rustc's command line.

        Two builds of one Environment wait for each other, here and in other processes.

        Args:
            toolchain: Builds it.
            runner: Starts cargo.
            narrator: Hears it.
            alone: Whether no other Environment is built meanwhile.
        """
        self._lent = None
        home = self._home(toolchain)
        if self._settings.lent is not None:
            lent.copy((home_of_all(self._settings.lent) / self._place(toolchain)).parent, home.parent)
        return self._with(
            home, lambda: self._in_use(home) or self._rebuilt(home, toolchain, runner, narrator, alone=alone)
        )

    def access(self, toolchain: Toolchain, arguments: Arguments) -> Access:
        """Return what of the machine its samples may reach, from what it adds to rustc's command line."""
        from mkdocs_codeexec.languages.rust.environments import project, reach

        packages = None if self.plain else project.home_of_cargo(self._home(toolchain), self._settings)
        return reach.to_compile(self.grants, toolchain, packages, arguments, self._lock or "")

    def folder(self, toolchain: Toolchain) -> Path | None:
        """Return where the package is that its samples are compiled for; None if the site's own cannot be written."""
        if self.documented.folder is not None:
            return self.documented.folder
        from mkdocs_codeexec.languages.rust.environments import project

        home = self._own(toolchain)
        folder = self._with(home, lambda: project.write_package(home, self.manifest))
        return folder if isinstance(folder, Path) else None

    def target(self, toolchain: Toolchain) -> str:
        """Return the folder of what cargo builds; empty if nothing is built."""
        return "" if self.plain else str(self._home(toolchain).parent / collection.TARGET)

    def _folders(self) -> tuple[Path, ...]:
        """Return the folders of local packages, as far as manifests tell."""
        return tuple(dict.fromkeys(folder for _, found in self._packages for folder in found.folders))

    def _documented(self) -> Documented:
        rust = self._settings.rust
        return documented(self.manifest.paths, self._settings.project_dir, rust.package if rust else None)

    def _with(self, home: Path, do: Callable[[], _T]) -> _T | Trouble:
        """Do something while nobody else uses `home`."""
        try:
            with collection.alone(home, self._wait):
                return do()
        except OSError as error:
            return Trouble(
                f"cannot be written: {error.strerror or error}",
                f"is there space, and may `{self._settings.environment_dir}` be written to?",
            )

    def _wait(self) -> None:
        self._narrator.say(f"waiting for another build of the environment `{self.name}`")

    def _home(self, toolchain: Toolchain) -> Path:
        """Return the folder of the project; the target directory is beside it."""
        return self._lent or self._own(toolchain)

    def _own(self, toolchain: Toolchain) -> Path:
        """Return the folder of the project that may be written to."""
        return home_of_all(self._settings.environment_dir) / self._place(toolchain)

    def _place(self, toolchain: Toolchain) -> Path:
        made_from = digest((toolchain.identity, toolchain.program, self.flags))
        return Path(made_from[:16], self.manifest.digest)

    def _read_packages(self, sources: Mapping[str, Further] | None) -> tuple[tuple[str, Package], ...]:
        """Return the local packages; what belongs to an earlier one, as patches of a workspace do, is read with that."""
        apart = self._settings.apart
        read: list[tuple[str, Package]] = []
        seen: set[Path] = set()
        for name, folder in self._consists.local:
            if folder not in seen:
                known = None if sources is None else sources.get(name, Further())
                found = package(folder, known, apart, self._settings.project_dir)
                seen.update(found.folders)
                read.append((name, found))
        return tuple(read)

    def _built_from(self, lock: str) -> str:
        packages = tuple((name, found.digest) for name, found in self._packages)
        return digest((built.FORMAT, self.manifest.local, lock, packages))

    def _up_to_date(self, home: Path) -> Arguments | None:
        """Return the arguments if a state in `home` is what would be built."""
        if self._lock is None or self._sources is None:
            return None
        state = _state(home, self._lock)
        found = built.load(state)
        if found is None or found.built_from != self._built_from(self._lock):
            return None
        try:
            arguments = capture.read(found.captured, home.parent / collection.TARGET)._replace(local=found.local)
        except ValueError:
            return None
        there = all(path.is_file() for path in arguments.libraries)
        if not there or found.libraries != built.libraries(arguments):
            return None
        folder = state.with_suffix("")
        if not picked.is_picked(found.picked, folder):
            return None
        return picked.rewritten(arguments, found.picked, home.parent / collection.TARGET, folder)

    def _in_use(self, home: Path) -> Arguments | None:
        """Return the same, and note that it is in use then."""
        found = self._up_to_date(home)
        if found is not None and self._lock is not None:
            built.use(_state(home, self._lock))
        return found

    def _rebuilt(
        self, home: Path, toolchain: Toolchain, runner: Runner, narrator: Narrator, *, alone: bool
    ) -> Arguments | Trouble:
        from mkdocs_codeexec.languages.rust.environments import fetching, project, reach

        cargo = project.find_cargo(toolchain, self._settings)
        if cargo is None:
            return Trouble("`cargo` was not found", "install Rust from https://rustup.rs")
        consists = self._consists
        start = consists.start(self._known() or kept.last(self._folder), self._folder / project.LOCK)
        project.write_project(home, self.manifest, start.lock, toolchain, self._settings)
        self._announce(start, toolchain, narrator)
        before, seen = self._packages, self._sources
        progress = Progress(narrator, alone=alone)
        fetch = fetching.command(cargo, home, self.manifest, toolchain, self.grants, self._folders())
        fetched = fetching.fetch(fetch, runner, narrator, progress)
        if fetched.ended != Exited(0):
            return mending.mended(project.failure(fetched, home, self._settings), self.manifest, self._settings)
        if runner.tier != "off":
            fetching.let_read((home / project.LOCK).read_text("utf-8"), self._settings)
        local = fetching.local_packages(fetched.stdout, home)
        read = tuple(reach.read(before, seen or {}, self.grants))
        command = project.command(cargo, home, toolchain, self.grants, local, read)
        made = project.build(command, home, runner, progress)
        if made.result.ended != Exited(0):
            return project.failure(made.result, home, self._settings)
        if warnings := without_unused(made.warnings, consists.patches):
            narrator.stream(warnings.encode())
        try:
            arguments = capture.read(made.captured, home.parent / collection.TARGET)._replace(local=local)
        except ValueError as error:
            return Trouble(str(error), "is a `rustc-workspace-wrapper` configured?")
        lock = (home / project.LOCK).read_text("utf-8")
        target, folder = home.parent / collection.TARGET, _state(home, lock).with_suffix("")
        own = picked.read(made.result.stdout, target)
        picked.pick(own, target, folder)
        sources = self._found(made.result.stdout, home, toolchain)
        self._keep(Kept(lock, self.manifest.portable, sources, consists.pins(lock)))
        # What was edited meanwhile may not be in what was built: cargo is asked again then.
        if before == self._read_packages(seen):
            units = built.units(made.result.stdout, made.captured)
            state = Built(self._built_from(lock), made.captured, built.libraries(arguments), units, local, own)
            built.save(state, _state(home, lock))
        return picked.rewritten(arguments, own, target, folder)

    def _announce(self, start: Start, toolchain: Toolchain, narrator: Narrator) -> None:
        """Tell that it is built, and what of the configuration decides how in a way that may surprise."""
        from mkdocs_codeexec.languages.rust.environments import configuration, project

        how = f", from the versions in {start.told}" if start.told else ""
        narrator.say(f"building the environment `{self.name}` with cargo{how}")
        host = project.host(toolchain.identity)
        if other := configuration.foreign(configuration.configuration(self._settings), host):
            narrator.say(f"cargo's configuration is for `{other}`, which does not run here: samples are for `{host}`")

    def _found(self, said: str, home: Path, toolchain: Toolchain) -> dict[str, Further]:
        """Return what cargo's messages tell of local packages, by dependency."""
        if not self._consists.local:
            return {}
        from mkdocs_codeexec.languages.rust.environments import recorded

        return self._further(recorded.read(said, home), toolchain)

    def _further(self, records: Mapping[Path, Record], toolchain: Toolchain) -> dict[str, Further]:
        """Return what cargo has recorded, by dependency, beyond what counts anyway."""
        from mkdocs_codeexec.languages.rust.environments import recorded

        packages = self._read_packages({})
        known = {folder for _, found in packages for folder in found.folders}
        others = sorted(records.keys() - known)
        apart = [*self._settings.apart, cargo_home(self._settings)]
        if toolchain.home:
            apart.append(Path(toolchain.home))
        apart += [Path(os.path.realpath(folder)) for folder in apart]
        ours = recorded.Tree(self._settings.project_dir, apart)
        found = {name: recorded.further(records, one, others, ours) for name, one in packages}
        return {name: one for name, one in found.items() if one != Further()}

    def _known(self) -> Kept | None:
        return self._memory or kept.load(self._folder, self.manifest.portable)

    def _keep(self, found: Kept) -> None:
        self._memory = None
        if not self._settings.keeps:  # what a stranger's build has locked decides no versions later
            self._memory = found
        elif self._known() != found:
            try:
                kept.save(found, self._folder)
            except OSError:  # a read-only cache costs a run of cargo in the next process, no more
                self._memory = found
        self.survey()


def open_environments(
    settings: Settings,
    wanted: Iterable[EnvironmentSettings],
    flags: str,
    narrator: Narrator,
    known: Mapping[str, Environment],
    grants: Grants,
) -> dict[str, Environment]:
    """Return the Environments that are `wanted`, by name; those that consist of the same are one.

    Those that are `known` and consist of the same as before stay, and are surveyed.

    Raises:
        ConfigurationError: One cannot be written as a manifest.
    """
    same = {one.manifest.portable: one for one in known.values() if one.flags == flags}
    consists = {one.name: composition(settings, one) for one in wanted}
    found: dict[str, Environment] = {}
    by_manifest: dict[str, Environment] = {}
    for name, one in consists.items():
        portable = one.manifest.portable
        if portable in by_manifest:
            found[name] = by_manifest[portable]
            continue
        if portable in same:
            same[portable].survey(one)
            found[name] = by_manifest[portable] = same[portable]
        else:
            found[name] = by_manifest[portable] = Environment(settings, name, one, flags, narrator, grants)
    return found


def home_of_all(environment_dir: Path) -> Path:
    """Return the folder of all Environments of Rust."""
    return environment_dir / "rust"


def _state(home: Path, lock: str) -> Path:
    return home / collection.BUILT / f"{digest(lock)[:16]}.json"
