"""The variables that compilers of samples and samples get: those of cargo's configuration, and those of their package."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.action import digest
from mkdocs_codeexec.errors import ConfigurationError, nearest
from mkdocs_codeexec.languages.rust.batch.equipment import Equipment
from mkdocs_codeexec.languages.rust.environments import configuration, picked
from mkdocs_codeexec.languages.rust.environments.cargo import cargo_beside, folders
from mkdocs_codeexec.languages.rust.environments.documented import company, name_of, names
from mkdocs_codeexec.languages.views import SYSTEM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.languages.rust.environments.capture import Arguments
    from mkdocs_codeexec.languages.rust.environments.environment import Environment
    from mkdocs_codeexec.languages.toolchain import Toolchain

_OBEYED = re.compile(r"PATH|HOME|TMPDIR|RUST_BACKTRACE|RUST_LIB_BACKTRACE|(?:LD|DYLD)_.*")
"""What a compiler or a linker would obey, instead of passing it on."""


class Variables:
    """The table `[env]` of cargo's configuration.

    What stands beside and above `mkdocs.yml` belongs to the site. What is at home belongs to the machine, as flags
    there do: what is stored elsewhere is found where nothing is installed.

    Args:
        settings: Where the files are.

    Attributes:
        site: By name.
        home: By name.
        watched: The site's files.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.site = configuration.variables(settings, home=False)
        self.home = configuration.variables(settings, home=True)
        self.watched = configuration.of_site(settings)

    def inputs(self) -> tuple[tuple[str, str], ...]:
        """Return what of it decides an outcome, by name."""
        portable = tuple((name, one.portable, *_how(one)) for name, one in sorted(self.site.items()))
        return (("cargo.env", digest(portable)),) if portable else ()

    def of_machine(self) -> str:
        """Return what tells this machine from others by it, and none of its values; empty for nothing."""
        values = tuple((name, one.value, *_how(one)) for name, one in sorted(self.home.items()))
        return digest(values) if values else ""

    def equip(self, environment: Environment, toolchain: Toolchain, arguments: Arguments) -> Equipment:
        """Return what compiles and runs the samples of `environment`, from what it adds to rustc's command line."""
        folder, cargo = environment.folder(toolchain), cargo_beside(toolchain)
        given = {name: one.value for name, one in (*self.home.items(), *self.site.items())}
        access = environment.access(toolchain, arguments)
        if folder is not None:
            access = replace(
                access, readable=environment.grants.clean((*access.readable, *of_package(folder, environment)))
            )
        own = [(str(folder), environment.sources.documented.name)] if folder else []
        project, target = self._settings.project_dir, environment.target(toolchain)
        return Equipment(
            toolchain.program,
            arguments,
            environment.sources.packages(),
            access,
            compiling={**environment.sources.documented.compiling(folder, cargo), **for_compilers(given)},
            running={**environment.sources.documented.running(folder, cargo), **given},
            names=self._names(
                [
                    *own,
                    *picked.names(arguments.sees, target),
                    *names(arguments.local, project),
                    *_of_others(self._settings, toolchain, cargo),
                ]
            ),
            target=target,
            cargo=environment.cargo(toolchain, access),
        )

    def _names(self, known: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return what folders of this machine are called, inner ones first, by all names that they have."""
        paths = ((one.value, one.portable.removeprefix("{project}/")) for one in self.site.values() if one.is_path)
        found: dict[str, str] = {}
        for path, name in (*known, *paths):
            found.setdefault(path, name)
            found.setdefault(os.path.realpath(path), name)
        return sorted(found.items(), key=lambda one: -len(one[0]))


def _how(variable: configuration.Variable) -> tuple[str, ...]:
    return ("force",) if variable.forced else ()


def of_package(folder: Path, environment: Environment) -> Iterator[str]:
    """Yield what may be seen of the package in `folder`, for which samples are compiled, and of its workspace."""
    if environment.sources.documented.folder is None:  # it is ours
        yield str(folder)
    elif seen := environment.grants.views(folder):
        yield from seen
        for path in company(folder):
            yield from environment.grants.within(Path(path), Path(path).parent)


def _of_others(settings: Settings, toolchain: Toolchain, cargo: Path | None) -> Iterator[tuple[str, str]]:
    """Yield folders that are not the author's: of the toolchain, and of packages that are taken from a folder."""
    if cargo is not None:
        yield str(cargo), "cargo"
    if toolchain.home and not any(Path(toolchain.home).is_relative_to(place) for place in SYSTEM):
        yield toolchain.home, "<rust>"
    for place in (*configuration.sources(configuration.configuration(settings)), *folders(settings)):
        yield place, ""


def for_compilers(variables: Mapping[str, str]) -> dict[str, str]:
    """Return those `variables` that a compiler passes on to what it compiles, and does not obey itself."""
    return {name: value for name, value in variables.items() if not _OBEYED.fullmatch(name)}


def check_package(wanted: str | None, environments: Iterable[Environment]) -> None:
    """Check that one of `environments` has the package that `languages.rust.package` names.

    Raises:
        ConfigurationError: None has.
    """
    if wanted is None:
        return
    paths = [path for one in environments for path in one.manifest.paths]
    known = dict.fromkeys(name for key, folder in paths for name in (key, name_of(folder)))
    if wanted in known:
        return
    meant = nearest(wanted, tuple(known))
    hint = f"did you mean `{meant}`?" if meant else f"add it to `dependencies`, with its folder: {wanted}: {{path: .}}"
    raise ConfigurationError(f"`languages.rust.package`: no path dependency is called `{wanted}`\n\nhint: {hint}")
