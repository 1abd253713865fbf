"""An Environment of Rust samples: a cargo project that holds their dependencies, built.

cargo is asked once; samples are then compiled by rustc with the arguments that cargo would use. The lock file lives
with the results, so that it can be cached or committed with them: a checkout with the same lock has the same keys.

All Environments of a toolchain share one target directory, so that a dependency that several need, or that was there
before the configuration changed, is compiled once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from mkdocs_codeexec.core.action import digest
from mkdocs_codeexec.core.outcome import Exited
from mkdocs_codeexec.core.resolved import Prepared, Preparing
from mkdocs_codeexec.languages.rust.environments import built, capture, collection, kept, lent, mending, picked
from mkdocs_codeexec.languages.rust.environments.built import Built
from mkdocs_codeexec.languages.rust.environments.capture import Arguments
from mkdocs_codeexec.languages.rust.environments.kept import Kept
from mkdocs_codeexec.languages.rust.environments.sources import Sources
from mkdocs_codeexec.languages.rust.environments.transcript import Progress, Trouble, without_unused
from mkdocs_codeexec.timing import timed

if TYPE_CHECKING:
    from mkdocs_codeexec.core.confinement import Access
    from mkdocs_codeexec.core.protocols import Narrator, Runner
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.languages.grants import Grants
    from mkdocs_codeexec.languages.rust.batch.equipment import Cargo
    from mkdocs_codeexec.languages.rust.environments.composition import Composition, Start
    from mkdocs_codeexec.languages.rust.environments.configuration import Said
    from mkdocs_codeexec.languages.toolchain import Toolchain

_T = TypeVar("_T")


class Environment:
    """One named set of dependencies.

    Args:
        settings: Where things are.
        name: Of the set.
        consists: What it consists of.
        said: What cargo's own configuration says about how it is compiled.
        narrator: Hears what cargo says.
        grants: What of the author's folders it is given.

    Attributes:
        sources: What it is built from.
    """

    def __init__(
        self, settings: Settings, name: str, consists: Composition, said: Said, narrator: Narrator, grants: Grants
    ) -> None:
        self.name = name
        self.manifest = consists.manifest
        self.said = said
        self.grants = grants
        self._settings = settings
        self._narrator = narrator
        self._folder = settings.cache_dir / "environments" / name
        self._lent: Path | None = None
        self.sources = Sources(settings, self._folder, consists, plain=self.plain)

    @property
    def plain(self) -> bool:
        """Whether rustc alone will do: there is nothing to build, and no cargo is needed."""
        return self.manifest.bare and not self.said.flags

    def current(self, toolchain: Toolchain) -> Arguments | Trouble | None:
        """Return what it adds to rustc's command line, None if it must be built first.

        Nothing is started, and cargo is not needed.
        """
        if self.plain:
            return Arguments()
        wrong = mending.unspeakable(self.manifest, self._settings)
        if wrong := wrong or mending.absent(self.manifest, self._settings):
            return wrong
        if self.sources.lock is None or self.sources.recorded is None:
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
            home, lambda: self._in_use(home) or self._followed(home, toolchain, runner, narrator, alone=alone)
        )

    def state(self, toolchain: Toolchain) -> Literal["built", "stale", "absent"]:
        """Tell whether it is built as it would be now, or was for another state; starts nothing and writes nothing."""
        home = self._own(toolchain)
        if self.plain or self._up_to_date(home) is not None:
            return "built"
        return "stale" if any((home / collection.BUILT).glob("*.json")) else "absent"

    def access(self, toolchain: Toolchain, arguments: Arguments) -> Access:
        """Return what of the machine its samples may reach, from what it adds to rustc's command line."""
        from mkdocs_codeexec.languages.rust.environments import project, reach

        packages = None if self.plain else project.home_of_cargo(self._home(toolchain), self._settings)
        return reach.to_compile(self.grants, toolchain, packages, arguments, self.sources.lock or "")

    def cargo(self, toolchain: Toolchain, access: Access) -> Cargo | None:
        """Return what builds packages of fences with what is built here; None if there is no cargo.

        Args:
            toolchain: Compiles.
            access: What its samples may reach.
        """
        from mkdocs_codeexec.languages.rust.environments import project

        home = None if self.plain else self._home(toolchain)
        return project.of_fences(home, self.manifest, self.sources.lock or "", toolchain, self.grants, access)

    def folder(self, toolchain: Toolchain) -> Path | None:
        """Return where the package is that its samples are compiled for; None if the site's own cannot be written."""
        if self.sources.documented.folder is not None:
            return self.sources.documented.folder
        from mkdocs_codeexec.languages.rust.environments import project

        home = self._own(toolchain)
        folder = self._with(home, lambda: project.write_package(home, self.manifest))
        return folder if isinstance(folder, Path) else None

    def target(self, toolchain: Toolchain) -> str:
        """Return the folder of what cargo builds; empty if nothing is built."""
        return "" if self.plain else str(self._home(toolchain).parent / collection.TARGET)

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
        # With other variables cargo does not compile everything again that may have read one: it goes by what is told.
        env = (self.said.env,) if self.said.env else ()
        # What confined code has written, nobody who is not confined goes on from: cargo would start a program that stands there.
        walls = () if self._settings.confines else ("off",)
        made_from = digest((toolchain.identity, toolchain.program, self.said.flags, *env, *walls))
        return Path(made_from[:16], self.manifest.digest)

    def _up_to_date(self, home: Path) -> Arguments | None:
        """Return the arguments if a state in `home` is what would be built."""
        if self.sources.lock is None or self.sources.recorded is None:
            return None
        state = _state(home, self.sources.lock)
        found = built.load(state)
        if found is None or found.built_from != self.sources.built_from(self.sources.lock):
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
        if found is not None and self.sources.lock is not None:
            built.use(_state(home, self.sources.lock))
        return found

    def _followed(
        self, home: Path, toolchain: Toolchain, runner: Runner, narrator: Narrator, *, alone: bool
    ) -> Arguments | Trouble:
        """Build it, and have those who listen know how far that is."""
        narrator.note(Preparing(self.name))
        found: Arguments | Trouble | None = None
        try:
            found = self._rebuilt(home, toolchain, runner, narrator, alone=alone)
            return found
        finally:
            narrator.note(Prepared(self.name, isinstance(found, Arguments)))

    def _rebuilt(
        self, home: Path, toolchain: Toolchain, runner: Runner, narrator: Narrator, *, alone: bool
    ) -> Arguments | Trouble:
        from mkdocs_codeexec.languages.rust.environments import fetching, freshness, origins, project, reach

        cargo = project.find_cargo(toolchain, self._settings)
        if cargo is None:
            return Trouble("`cargo` was not found", "install Rust from https://rustup.rs")
        consists = self.sources.consists
        if (refused := origins.refused(consists, self._settings)) is not None:
            return refused
        start = consists.start(self.sources.known() or kept.last(self._folder), self._folder / project.LOCK)
        project.write_project(home, self.manifest, start.lock, toolchain, self._settings)
        self._announce(start, toolchain, narrator)
        before, seen = self.sources.local, self.sources.recorded
        progress = Progress(narrator, alone=alone, environment=self.name)
        fetch = fetching.command(cargo, home, self.manifest, toolchain, self.grants, self.sources.folders())
        with timed(narrator.note, "prepare", f"{self.name}: cargo fetch"):
            fetched = fetching.fetch(fetch, runner, narrator, progress)
        if fetched.ended != Exited(0):
            return mending.mended(project.failure(fetched, home, self._settings), self.manifest, self._settings)
        progress.locked((home / project.LOCK).read_text("utf-8"))
        if runner.tier != "off":
            fetching.let_read((home / project.LOCK).read_text("utf-8"), self._settings)
        programs = self.manifest.paths if consists.binaries else ()
        # cargo tells nothing of packages without a library.
        local = tuple(dict.fromkeys((*fetching.local_packages(fetched.stdout, home), *(str(at) for _, at in programs))))
        read = tuple(reach.read(before, seen or {}, self.grants))
        command = project.command(cargo, home, toolchain, self.grants, local, read, programs)
        freshness.outdate(home.parent, before, seen or ())
        with collection.in_turn(home, self._wait) if consists.binaries else nullcontext():
            with timed(narrator.note, "prepare", f"{self.name}: cargo build"):
                made = project.build(command, home, runner, progress)
            if made.result.ended != Exited(0):
                return project.failure(made.result, home, self._settings)
            if warnings := without_unused(made.warnings, consists.patches, libraries=not consists.binaries):
                narrator.stream(warnings.encode())
            try:
                arguments = capture.read(made.captured, home.parent / collection.TARGET)._replace(local=local)
            except ValueError as error:
                return Trouble(str(error), "is a `rustc-workspace-wrapper` configured?")
            lock = (home / project.LOCK).read_text("utf-8")
            target, folder = home.parent / collection.TARGET, _state(home, lock).with_suffix("")
            own = (picked.programs if consists.binaries else picked.read)(made.result.stdout, target)
            if consists.binaries:  # what it says of programs is not true any more, whatever happens now
                _state(home, lock).unlink(missing_ok=True)
            picked.pick(own, target, folder, copies=consists.binaries)
        recorded = self.sources.found(made.result.stdout, home, toolchain)
        self.sources.keep(Kept(lock, self.manifest.portable, recorded, consists.pins(lock)))
        # What was edited meanwhile may not be in what was built: cargo is asked again then.
        if before == self.sources.read(seen):
            units = built.units(made.result.stdout, made.captured)
            state = Built(self.sources.built_from(lock), made.captured, built.libraries(arguments), units, local, own)
            built.save(state, _state(home, lock))
            freshness.note(home.parent, self.sources.local)
        return picked.rewritten(arguments, own, target, folder)

    def _announce(self, start: Start, toolchain: Toolchain, narrator: Narrator) -> None:
        """Tell that it is built, and what of the configuration decides how in a way that may surprise."""
        from mkdocs_codeexec.languages.rust.environments import configuration, project

        how = f", from the versions in {start.told}" if start.told else ""
        narrator.say(f"building the environment `{self.name}` with cargo{how}")
        host = project.host(toolchain.identity)
        if other := configuration.foreign(configuration.configuration(self._settings), host):
            narrator.say(f"cargo's configuration is for `{other}`, which does not run here: samples are for `{host}`")


def home_of_all(environment_dir: Path) -> Path:
    """Return the folder of all Environments of Rust."""
    return environment_dir / "rust"


def _state(home: Path, lock: str) -> Path:
    return home / collection.BUILT / f"{digest(lock)[:16]}.json"
