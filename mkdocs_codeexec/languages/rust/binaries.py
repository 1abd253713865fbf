"""The programs of local packages, built as cargo builds them, for samples in other languages."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.action import digest
from mkdocs_codeexec.core.observed import ABSENT
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.core.settings import BINARIES, EnvironmentSettings
from mkdocs_codeexec.errors import ConfigurationError, nearest
from mkdocs_codeexec.languages.binaries import SHOWN
from mkdocs_codeexec.languages.rust.environments import origins, targets, workspace
from mkdocs_codeexec.languages.rust.environments.capture import Arguments
from mkdocs_codeexec.languages.rust.environments.environment import Environment, home_of_all
from mkdocs_codeexec.languages.rust.environments.manifest import toml
from mkdocs_codeexec.languages.rust.environments.opening import open_environments

if TYPE_CHECKING:
    from mkdocs_codeexec.core.protocols import Narrator, Runner
    from mkdocs_codeexec.core.settings import RustSettings, Settings
    from mkdocs_codeexec.languages.grants import Grants
    from mkdocs_codeexec.languages.rust.compiler import Compiler
    from mkdocs_codeexec.languages.rust.environments.configuration import Said

_KEPT = ("patch", "replace", "profile")
"""What of `manifest_extra` says how packages are built, and not which."""


class LocalBinaries:
    """See `core.protocols.Binaries`. They are built in an Environment of their own, so that samples of Rust do not wait for them.

    Args:
        settings: Where things are.
        rust: What is configured.
        compiler: Knows the toolchain.
        identity: Returns what the toolchain says of itself, None while that is not known.
        narrator: Hears cargo.
        grants: What of the author's folders cargo is given.
    """

    def __init__(
        self,
        settings: Settings,
        rust: RustSettings,
        compiler: Compiler,
        identity: Callable[[], str | None],
        narrator: Narrator,
        grants: Grants,
    ) -> None:
        self._settings = settings
        self._rust = rust
        self._compiler = compiler
        self._identity = identity
        self._narrator = narrator
        self._grants = grants
        self._look: Callable[[], Said] | None = None
        self._said: Said | None = None
        self._known: dict[Path, tuple[str, ...]] | None = None
        self._left_out: dict[str, Unavailability] = {}
        self._opened: dict[str, Environment] = {}
        self._fresh = False
        self._asked = False
        self._wrong = ""
        self._built = ""
        self._folder = ""
        self._refused: tuple[Runner, str, Unavailability] | None = None

    def survey(self, said: Said) -> None:
        """Read everything again when it is asked of; `said` is what cargo's configuration says."""
        self._said = said
        self._known = None
        self._fresh = self._asked = False

    def look_again(self) -> None:
        """Read it all again, unless nobody has asked since that was done."""
        if self._asked and self._said is not None:
            self._compiler.survey()
            self.survey(self._said)

    @property
    def _packages(self) -> Mapping[Path, Sequence[str]]:
        """The packages with programs, and the names of these: as manifests said when first asked of since the survey."""
        if self._known is None:
            self._known = dict(self._found())
            self._asked = True
        return self._known

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, sorted."""
        offered = [name for names in self._packages.values() for name in names]
        return tuple(sorted((*offered, *self._left_out)))

    def refusal(self, name: str) -> Unavailability | None:
        """Return why the program `name` is not built, whoever calls it; None if it is."""
        return self._left_out.get(name) if name in self.names else None

    @property
    def settled(self) -> bool:
        """Whether it is known what they are built from, and by what."""
        environment = self._environment()
        if environment is None or self._refused is not None:  # who can do without, does
            return True
        return environment.sources.settled and self._identity() is not None

    def state(self, name: str, *, built: bool) -> str | None:
        """Return what changes when `name` could become another program; None if it is not, or not `built` so."""
        if name not in self.names or name in self._left_out:
            return ABSENT
        found = self._state()
        if not found or (built and found != self._built):
            return None
        package = next(package for package, names in self._offered() if name in names)
        return self._state(package)

    def provide(self, runner: Runner, *, missing: bool) -> Unavailability | None:
        """Build them if they are `missing`, or if nothing is known of them yet; return why that cannot be done."""
        if not self._packages:
            self._built = self._folder = ""
            return None
        if (refused := self._compiler.provide(runner)) is not None:
            return refused
        toolchain, environment = self._compiler.toolchain, self._environment()
        if environment is None or toolchain is None:
            return Unavailability(f"the environment `{BINARIES}` cannot be written: {self._wrong}")
        if not missing and environment.sources.settled:
            return None
        tried = environment.sources.built_from(environment.sources.lock or "")
        if self._refused is not None and self._refused[:2] == (runner, tried):  # for samples in another language
            return self._refused[2]
        from mkdocs_codeexec.languages.rust.environments.builds import build_all

        home = home_of_all(self._settings.environment_dir)
        became = build_all((environment,), toolchain, runner, self._narrator, home)[environment.name]
        self._built = self._folder = ""
        if isinstance(became, Unavailability):
            self._refused = runner, tried, became
            return became
        self._refused = None
        self._folder = next(iter(became.sees), "")
        if isinstance(environment.current(toolchain), Arguments):  # else something was edited meanwhile
            self._built = self._state()
        return None

    def manifest(self) -> dict[str, str]:
        """Return the manifest of what they are built in, by the name of that; nothing if there are none."""
        environment = self._environment()
        return {} if environment is None else {BINARIES: environment.manifest.portable}

    @property
    def folder(self) -> str:
        """Where they are, all of them and nothing else; empty if they are not built."""
        return self._folder

    def places(self) -> Iterator[tuple[str, str]]:
        """Yield folders that what they print may name, and what stands there instead: what cargo would say in their package."""
        if self._folder:
            yield self._folder, SHOWN
        for folder in self._packages:
            yield str(folder), ""

    def watched(self) -> Sequence[Path]:
        """Return the files and folders that they are built from."""
        environment = self._environment()
        return () if environment is None else tuple(environment.sources.watched())

    def _offered(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield packages by name, and the names of their programs."""
        yield from ((workspace.package_name(folder), names) for folder, names in self._packages.items())

    def _state(self, package: str = "") -> str:
        """Return what changes when what they are built from does: all of them, or those of one `package`; empty if unknown."""
        environment, identity = self._environment(), self._identity()
        if environment is None or identity is None or not environment.sources.settled:
            return ""
        others = {f"environment.path:{name}" for name, _ in self._offered() if package and name != package}
        own = tuple(one for one in environment.sources.inputs() if one[0] not in (*others, "environment.package"))
        env = (environment.said.env,) if environment.said.env else ()  # compilers and build scripts read it
        return digest((identity, own, *env))[:32]

    def _environment(self) -> Environment | None:
        """Return the Environment that they are built in, with its sources as they were when first asked of since the survey."""
        if not self._fresh and self._said is not None and self._packages:
            self._fresh = self._asked = True
            pairs = zip(self._packages, self._offered(), strict=True)
            wanted = EnvironmentSettings(
                name=BINARIES,
                dependencies={name: self._dependency(folder) for folder, (name, _) in pairs},
                manifest_extra=self._extra(),
                binaries=True,
            )
            try:
                self._opened = open_environments(
                    self._settings, [wanted], self._said, self._narrator, self._opened, self._grants
                )
            except ConfigurationError as error:
                self._opened, self._wrong = {}, str(error)
        return self._opened.get(BINARIES) if self._packages else None

    def _dependency(self, folder: Path) -> Mapping[str, object]:
        return {"path": Path(os.path.relpath(folder, self._settings.project_dir)).as_posix()}

    def _extra(self) -> str:
        usual = self._rust.environments.get("default")
        try:
            found = tomllib.loads(usual.manifest_extra if usual else "")
        except (ValueError, RecursionError):  # told where it is written
            return ""
        return toml({name: table for name, table in found.items() if name in _KEPT})

    def _found(self) -> Iterator[tuple[Path, tuple[str, ...]]]:
        """Yield the packages with programs that are wanted; of two with one name the first counts."""
        wanted = self._rust.binaries
        if wanted == ():
            return
        self._left_out = {}
        taken: set[str] = set()
        called: set[str] = set()
        read: origins.Documents = {}
        listed = tuple(dict.fromkeys(self._listed()))
        for folder in targets.packages(iter(listed), self._settings.project_dir):
            names = [name for name in targets.programs(folder) if wanted is None or name in wanted]
            package = workspace.package_name(folder)
            if not names or taken.intersection(names) or package in called or not self._grants.holds(folder):
                continue
            taken.update(names)
            called.add(package)
            if wanted is None and folder not in listed and (why := self._unnamed(package, folder, read)) is not None:
                self._left_out |= dict.fromkeys(names, why)
            else:
                yield folder, tuple(names)

    def _unnamed(self, package: str, folder: Path, read: origins.Documents) -> Unavailability | None:
        """Return why the programs of a package that nobody has named are not built; None if they are.

        Who adds a package to a workspace grants nothing by it: cargo asks for no more than what everybody has.
        """
        found = (
            *origins.unnamed([folder], self._settings, read),
            *origins.of_workspace(folder, self._settings),
        )
        if not found:
            return None
        file, names = self._settings.host.file, ", ".join(targets.programs(folder))
        hint = f"if that is right, write `languages: {{rust: {{binaries: [{names}]}}}}` in {file}"
        if sources := [one.source for one in found if one.source]:
            hint += f", or {origins.hint(sources)}"
        what = f"{found[0].told}, and {file} names neither that nor the package"
        return Unavailability(f"programs of the package `{package}` are not built: {what}", hint)

    def _listed(self) -> Iterator[Path]:
        for environment in self._rust.environments.values():
            for value in environment.dependencies.values():
                path = value.get("path") if isinstance(value, Mapping) else None
                if isinstance(path, str):
                    yield Path(os.path.normpath(self._settings.project_dir / Path(path).expanduser()))

    def check(self) -> None:
        """Raise if the configuration names a program that no local package has.

        Raises:
            ConfigurationError: It does.
        """
        for name in self._rust.binaries or ():
            if name not in self.names:
                meant = nearest(name, self._all())
                hint = (
                    f"did you mean `{meant}`?" if meant else "it is the name of a `[[bin]]`, or of a file in `src/bin`"
                )
                raise ConfigurationError(
                    f"`languages.rust.binaries`: no local package has a program `{name}`\n\nhint: {hint}"
                )

    def _all(self) -> tuple[str, ...]:
        folders = targets.packages(self._listed(), self._settings.project_dir)
        return tuple(dict.fromkeys(name for folder in folders for name in targets.programs(folder)))
