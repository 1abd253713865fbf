"""What of this machine it takes to build an Environment, and to compile and run the samples of one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.confinement import Access
from mkdocs_codeexec.languages.grants import repositories
from mkdocs_codeexec.languages.rust.environments import configuration
from mkdocs_codeexec.languages.rust.environments.cargo import cargo_home, folders
from mkdocs_codeexec.languages.rust.environments.local import manifest_of
from mkdocs_codeexec.languages.rust.environments.packages import Further
from mkdocs_codeexec.languages.rust.environments.recorded import tree
from mkdocs_codeexec.languages.rust.environments.unpacked import resolved, unpacked
from mkdocs_codeexec.languages.toolchain import find_program
from mkdocs_codeexec.languages.views import installation

if TYPE_CHECKING:
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.languages.grants import Grants
    from mkdocs_codeexec.languages.rust.environments.capture import Arguments
    from mkdocs_codeexec.languages.rust.environments.packages import Package
    from mkdocs_codeexec.languages.toolchain import Toolchain

_GIT = Path("/etc/gitconfig")
"""If it is there and cannot be read, cargo's git opens no repository, not even one of packages."""

_OF_GIT = (".gitconfig", ".git-credentials", ".netrc", ".ssh")
"""What git and ssh read at home."""
_NAMED_FILES = ("SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "CARGO_HTTP_CAINFO")
"""Variables that name a file or a folder that it takes to get at repositories."""


def to_fetch(grants: Grants, toolchain: Toolchain, ours: Sequence[Path], local: Sequence[Path]) -> Access:
    """Return what cargo may reach that downloads: manifests, its own folder, and how the user gets at repositories.

    Args:
        grants: What of the author's folders may be given.
        toolchain: Is asked for which machine it compiles.
        ours: The folder of the project, and cargo itself.
        local: Folders of local packages.
    """
    settings = grants.settings
    project, cargo = ours
    home = Path(settings.host_env.get("HOME") or "/")
    named = Path(settings.host_env.get("XDG_CONFIG_HOME") or home / ".config")
    config = configuration.configuration(settings)
    readable = [
        *_tools(settings, toolchain, config),
        *installation(cargo, settings),
        *map(str, (_GIT, named / "git", *(home / name for name in _OF_GIT))),
        *filter(None, (settings.host_env.get(name) for name in _NAMED_FILES)),
        *configuration.sources(config),
        *folders(settings),
        *_packages(map(str, local), grants),
        *repositories(settings),
        *grants.given(),
    ]
    writable = [project, cargo_home(settings)]
    cargo_home(settings).mkdir(parents=True, exist_ok=True)
    return Access(readable=grants.clean(readable), writable=tuple(sorted(map(str, writable))), network=True)


def to_build(
    grants: Grants,
    toolchain: Toolchain,
    ours: Sequence[Path],
    writable: Sequence[Path],
    local: Sequence[str],
    read: Iterable[str],
    lock: str,
) -> Access:
    """Return what cargo may reach that builds an Environment, and all that it starts.

    Of what cargo keeps for all projects of this user, that is what its lock file names, and crates.io.

    Args:
        grants: What of the author's folders may be given.
        toolchain: Compiles.
        ours: The folder of the project, the one that cargo takes for its home, and cargo itself.
        writable: Folders to write to.
        local: Folders of local packages.
        read: Further files that they are known to read.
        lock: The lock file of the project.
    """
    settings = grants.settings
    project, packages, cargo = ours
    home = cargo_home(settings)
    config = configuration.configuration(settings)
    readable = [
        *_tools(settings, toolchain, config),
        *installation(cargo, settings),
        *map(str, (project, packages, _GIT, *unpacked(lock, home), *resolved(lock, home))),
        *configuration.sources(config),
        *folders(settings),
        *_packages(local, grants),
        *read,
        *grants.given(),
    ]
    return Access(readable=grants.clean(readable), writable=tuple(sorted(map(str, writable))))


def to_compile(
    grants: Grants, toolchain: Toolchain, packages: Path | None, arguments: Arguments, lock: str = ""
) -> Access:
    """Return what a compiler of samples may reach, and the programs that it makes.

    Messages show lines of the sources of dependencies, macros read files of their packages, and programs load libraries.

    Args:
        grants: What of the author's folders may be given.
        toolchain: Compiles.
        packages: The folder that cargo took for its home; None if nothing was built.
        arguments: What was built adds to the command line.
        lock: The lock file by which it was built.
    """
    settings = grants.settings
    config = configuration.configuration(settings)
    readable = [*_tools(settings, toolchain, config), *_packages(arguments.local, grants), *grants.given()]
    if packages is not None:  # else there are no dependencies
        for home in (packages, cargo_home(settings)):
            readable += map(str, unpacked(lock, home))
        readable += (*arguments.sees, *configuration.sources(config), *folders(settings))
    return Access(readable=grants.clean(readable))


def read(packages: Iterable[tuple[str, Package]], sources: Mapping[str, Further], grants: Grants) -> Iterator[str]:
    """Yield the files that local packages are known to read, as far as they are in the tree of one, and not hidden.

    What is beyond it, a source that includes `/etc/passwd` say, only the configuration can allow.

    Args:
        packages: By the name of a dependency.
        sources: What cargo has recorded of them.
        grants: What of the author's folders may be given.
    """
    for name, found in packages:
        further = sources.get(name, Further())
        names = (Path(os.path.normpath(found.folders[0] / one)) for one in (*further.paths, *further.packages))
        trees = {tree(folder) for folder in found.folders if grants.holds(folder)}
        for path in (*found.covered, *found.prose, *names):
            for one in trees:
                if _is_visible(path, one):
                    yield from grants.views(path, quiet=True, tree=one)


def _is_visible(path: Path, within: Path) -> bool:
    return path.is_relative_to(within) and not any(part.startswith(".") for part in path.relative_to(within).parts)


def _tools(settings: Settings, toolchain: Toolchain, config: dict[str, object]) -> Iterator[str]:
    if toolchain.home:
        yield toolchain.home
    yield from installation(Path(toolchain.program), settings)
    for name in configuration.linkers(config):
        linker = find_program(name, settings)
        if linker is not None:
            yield from installation(linker, settings)


def _packages(local: Iterable[str], grants: Grants) -> Iterator[str]:
    for folder in map(Path, local):
        if seen := grants.views(folder):
            yield from seen
            yield from _workspace(folder, grants)


def _workspace(folder: Path, grants: Grants) -> Iterator[str]:
    """Yield the manifests above `folder` up to that of a workspace, in which cargo looks for one, and its lock file."""
    for above in folder.parents:
        manifest = above / "Cargo.toml"
        if manifest.is_file():
            yield from grants.within(manifest, above)
            found = manifest_of(above)
            yield from _targets(above, found, grants)
            if "workspace" in found:
                yield from grants.within(above / "Cargo.lock", above)
                return


def _targets(folder: Path, manifest: Mapping[str, object], grants: Grants) -> Iterator[str]:
    """Yield the sources of a package beside a manifest: cargo refuses to read one whose targets are not there.

    A manifest may name any file of the machine: what is not in its folder is left out.
    """
    names: list[str] = ["src", "examples", "tests", "benches"] if "package" in manifest else []
    for kind in ("lib", "bin", "example", "test", "bench"):
        tables = manifest.get(kind)
        for table in tables if isinstance(tables, list) else [tables]:
            path = table.get("path") if isinstance(table, Mapping) else None
            names += [path] if isinstance(path, str) else []
    for path in (Path(os.path.normpath(folder / name)) for name in names):
        if _is_visible(path, folder):
            yield from grants.within(path, folder)
