"""The package that samples are compiled for, and what cargo tells code about it: the variables that macros read.

It is the one that the site documents, as for a doctest of it: a path dependency whose folder holds `mkdocs.yml`, or the
one that `languages.rust.package` names. Where there is none, it is a package of the site's own, which depends on what
the Environment does.
"""

from __future__ import annotations

import contextlib
import os.path
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from mkdocs_codeexec.core.action import digest
from mkdocs_codeexec.languages.rust.environments.local import manifest_of
from mkdocs_codeexec.languages.rust.environments.manifest import Table, toml

OWN = "sample"
"""What the site's own package is called, as the crate of every sample is."""
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([^+]*))?(?:\+.*)?")
_READMES = ("README.md", "README.txt", "README")
_PLAIN = ("name", "version", "description", "homepage", "repository", "license")
_NAMED = re.compile(r'\bconcat!\s*[(\[{]\s*env!\s*\(\s*"CARGO_MANIFEST_DIR"\s*\)\s*,\s*"(/[^"\\\n]+)"')
_CARGO, _FOLDER, _MANIFEST = "CARGO", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH"


class Documented(NamedTuple):
    """A package, as code that is compiled for it sees it.

    Attributes:
        name: Its name, which stands for its folder wherever somebody reads of that.
        crate: The name of its library.
        folder: Where it is; None for the site's own.
        variables: `CARGO_PKG_*`, sorted (the cargo book, "Environment Variables").
    """

    name: str
    crate: str
    folder: Path | None
    variables: tuple[tuple[str, str], ...]

    def files(self, code: str) -> dict[str, Path]:
        """Return the files of the package that `code` names, by their names in it: what is in them matters.

        They are named as `concat!(env!("CARGO_MANIFEST_DIR"), "/data.json")`, to be included or to be opened.
        """
        if self.folder is None or _FOLDER not in code:
            return {}
        return {name: Path(os.path.normpath(self.folder / name.lstrip("/"))) for name in _NAMED.findall(code)}

    @property
    def digest(self) -> str:
        """What changes when code could see another package; where its folder is does not count."""
        return digest((self.name, self.crate, self.folder is None, self.variables))

    def running(self, folder: Path | None, cargo: Path | None) -> dict[str, str]:
        """Return the variables of a program; those of paths are left out where there is no such path.

        Args:
            folder: Where the package really is.
            cargo: The program.
        """
        paths = {_FOLDER: folder, _MANIFEST: folder and folder / "Cargo.toml", _CARGO: cargo}
        return {name: str(path) for name, path in paths.items() if path is not None} | dict(self.variables)

    def compiling(self, folder: Path | None, cargo: Path | None) -> dict[str, str]:
        """Return the variables of a compiler, as `running` does."""
        return self.running(folder, cargo) | {"CARGO_CRATE_NAME": self.crate, "CARGO_PRIMARY_PACKAGE": "1"}


def documented(paths: Iterable[tuple[str, Path]], project: Path, wanted: str | None) -> Documented:
    """Return the package that samples are compiled for.

    Args:
        paths: Path dependencies: what each is called, and its folder.
        project: The folder of `mkdocs.yml`.
        wanted: The name of one of them, or of its package; None for the one whose folder holds `mkdocs.yml`. Of several,
            the nearest.
    """
    known = dict(paths)
    if wanted is not None:
        found = [folder for name, folder in known.items() if wanted in (name, name_of(folder))]
    else:
        found = sorted(
            (folder for folder in known.values() if project.is_relative_to(folder)), key=_depth, reverse=True
        )
    if not found:
        return described({"name": OWN}, None)
    manifest = manifest_of(found[0])
    about = manifest.get("package")
    own = dict(about) if isinstance(about, Mapping) else {}
    library = manifest.get("lib")
    crate = library.get("name") if isinstance(library, Mapping) else None
    package = described({"name": found[0].name, **_inherited(own, found[0])}, found[0])
    return package._replace(crate=crate) if isinstance(crate, str) else package


def name_of(folder: Path) -> str:
    """Return the name of the package in `folder`; of one that is not there, the folder's."""
    about = manifest_of(folder).get("package")
    name = about.get("name") if isinstance(about, Mapping) else None
    return name if isinstance(name, str) else folder.name


def names(local: Iterable[str], project: Path) -> Iterator[tuple[str, str]]:
    """Yield folders of this machine and what each is called, what counts most first.

    Local packages have their names; files of the project are relative to it. Of the roots of workspaces, whose names
    may be others on each machine, it is said where they are.

    Args:
        local: Folders of local packages.
        project: The folder of `mkdocs.yml`.
    """
    folders = [*map(Path, local)]
    yield from ((str(folder), name_of(folder)) for folder in folders)
    yield str(project), ""
    for folder in folders:
        root = workspace_of(folder)
        if root is not None:
            start = "" if project.is_relative_to(root) else f"{name_of(folder)}/"
            yield str(root), start + os.path.relpath(root, folder if start else project)


def workspace_of(folder: Path) -> Path | None:
    """Return the root of the workspace that the package in `folder` may belong to; None if there is none above it."""
    return next(
        (root for root in (folder, *folder.parents) if isinstance(manifest_of(root).get("workspace"), Mapping)), None
    )


def company(folder: Path) -> Iterator[str]:
    """Yield what cargo looks at that is asked about the package in `folder`: its workspace, and all members of that."""
    root = workspace_of(folder)
    if root is None:
        return
    table = manifest_of(root)["workspace"]
    patterns = table.get("members") if isinstance(table, Mapping) else None
    yield str(root / "Cargo.toml")
    for pattern in patterns if isinstance(patterns, list) else ():
        if isinstance(pattern, str) and not os.path.isabs(pattern):  # noqa: PTH117 - a pattern is no path
            for member in _members(root, pattern):
                yield from (str(member / "Cargo.toml"), str(member / "src"))


def _members(root: Path, pattern: str) -> list[Path]:
    with contextlib.suppress(ValueError, OSError):
        return [path for path in sorted(root.glob(pattern)) if (path / "Cargo.toml").is_file()]
    return []


def own_manifest(environment: str) -> str:
    """Return the manifest of the site's own package, from that of the Environment's project."""
    document: Table = tomllib.loads(environment)
    document["package"] = {**document["package"], "name": OWN}  # type: ignore[dict-item]
    document["bin"] = [{"name": OWN, "path": "src/main.rs"}]
    return toml(document)


def described(about: Mapping[str, object], folder: Path | None) -> Documented:
    """Return the package of which the table `[package]` says what is in `about`, all of it; it is in `folder`."""
    found = {key: _text(about.get(key)) for key in (*_PLAIN, "license-file", "rust-version")}
    found["version"] = found["version"] or "0.0.0"
    authors = about.get("authors")
    found["authors"] = ":".join(map(str, authors)) if isinstance(authors, list) else ""
    found["readme"] = _readme(about.get("readme"), folder)
    numbers = _VERSION.fullmatch(found["version"])
    parts = numbers.groups(default="") if numbers else ("", "", "", "")
    found |= {f"version-{key}": part for key, part in zip(("major", "minor", "patch", "pre"), parts, strict=True)}
    variables = sorted((f"CARGO_PKG_{key.upper().replace('-', '_')}", value) for key, value in found.items())
    return Documented(found["name"], found["name"].replace("-", "_"), folder, tuple(variables))


def _readme(wanted: object, folder: Path | None) -> str:
    """Return what cargo takes for the package's readme ("The Manifest Format")."""
    if isinstance(wanted, str) or folder is None:
        return _text(wanted)
    if wanted is False:
        return ""
    return _READMES[0] if wanted is True else next((name for name in _READMES if (folder / name).is_file()), "")


def _inherited(about: Table, folder: Path) -> Table:
    """Return the `[package]` table `about` with what it takes from its workspace."""
    if not any(_is_inherited(value) for value in about.values()):
        return about
    root, shared = _workspace(about, folder)
    found = dict(about)
    for key, value in about.items():
        if _is_inherited(value):
            found[key] = shared.get(key)
            if key in ("readme", "license-file") and isinstance(found[key], str):  # relative to the workspace
                found[key] = Path(os.path.relpath(root / str(found[key]), folder)).as_posix()
    return found


def _workspace(about: Table, folder: Path) -> tuple[Path, Mapping[str, object]]:
    """Return the folder of the workspace, and its table `package`."""
    named = about.get("workspace")
    root = Path(os.path.normpath(folder / named)) if isinstance(named, str) else workspace_of(folder) or folder
    table = manifest_of(root).get("workspace")
    shared = table.get("package") if isinstance(table, Mapping) else None
    return root, shared if isinstance(shared, Mapping) else {}


def _is_inherited(value: object) -> bool:
    return isinstance(value, Mapping) and value.get("workspace") is True


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _depth(folder: Path) -> int:
    return len(folder.parts)
