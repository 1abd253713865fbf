"""What to write in `mkdocs.yml` instead, where cargo refuses the dependencies that it lists."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.languages.rust.environments import known, workspace
from mkdocs_codeexec.languages.rust.environments.local import manifest_of
from mkdocs_codeexec.languages.rust.environments.manifest import PACKAGE
from mkdocs_codeexec.languages.rust.environments.transcript import Trouble, plain

if TYPE_CHECKING:
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.languages.rust.environments.manifest import Manifest

MOST = 8
"""Names of a list that a message shows."""
_FEATURE = re.compile(
    r"package `([^`]+)` depends on `([^`]+)`,? with features?:? `([^`]+)` but `[^`]+` does not have (?:that|these) feature"
)
_AVAILABLE = re.compile(r"available features: (.+)")
_NO_PACKAGE = re.compile(r"no matching package named `([^`]+)` found\s+location searched: (?!/)")
_NO_VERSION = re.compile(
    r"failed to select a version for the requirement `(\S+) = \"([^`\"]+)\"`(?: \(locked to .*\))?\s+"
    r"candidate versions? found which didn't match: ([\w.+-]+).*\s+location searched: (.)"
)
_OTHER_NAME = re.compile(
    r"(?:searched package name: |no matching package named )`(?P<name>[^`]+)`(?: found)?\s+(?:perhaps you meant: .*\s+)?"
    r"location searched: (?P<folder>/.+)"
)
_PLAIN = re.compile(r"[\w./~-]*[\w./-]")


def absent(manifest: Manifest, settings: Settings) -> Trouble | None:
    """Return what is wrong with a local package that `manifest` names, as far as its folder shows it."""
    project = settings.project_dir
    for name, folder in manifest.paths:
        where = os.path.relpath(folder, project)
        file = folder / "Cargo.toml"
        if not file.is_file():
            what = f"dependency `{name}`: there is no `Cargo.toml` in `{where}`"
            return Trouble(what, f"relative paths start at the folder of `{settings.host.file}`")
        found = manifest_of(folder)
        if "workspace" in found and "package" not in found and "project" not in found:
            members = [local(*member, project) for member in _nearest_first(name, workspace.members(folder, found))]
            hint = f"name what samples use of it: {_listed(members)}" if members else "name a package"
            return Trouble(f"dependency `{name}`: `{where}` is a workspace, and no package", hint)
    return None


def unspeakable(manifest: Manifest, settings: Settings) -> Trouble | None:
    """Return why cargo cannot be told where things are, if that is so: its files are UTF-8, its search paths have `:`."""
    environment_dir = settings.environment_dir
    where = f"name another folder by `environment_dir` in {settings.host.file} or by `CODEEXEC_ENVIRONMENT_DIR`"
    for folder in (*(folder for _, folder in manifest.paths), environment_dir):
        shown = str(folder).encode("utf-8", "backslashreplace").decode()
        if shown != str(folder):
            hint = where if folder == environment_dir else "rename the folder"
            return Trouble(f"the path `{shown}` is not UTF-8, which a `Cargo.toml` must be", hint)
    if ":" in str(environment_dir):
        return Trouble(
            f"`environment_dir` is `{environment_dir}`: cargo does not build in a path that holds `:`", where
        )
    return None


def mended(trouble: Trouble, manifest: Manifest, settings: Settings) -> Trouble:
    """Return `trouble` with what it is about, and what to do about it, where cargo's message shows that."""
    said = plain(trouble.detail)
    if found := _FEATURE.search(said):
        what = f"`{found[2]}` has no feature `{found[3]}`"
        who = "" if found[1] == PACKAGE else f"{found[1]}: "
        return trouble._replace(what=f"{who}{what}", hint=_feature(said, found[2], found[3], manifest, settings))
    if found := _NO_VERSION.search(said):
        what = f"there is no version `{found[2]}` of `{found[1]}`"
        there = f'there is `{found[1]}: "{found[3]}"`'
        return trouble._replace(what=what, hint="leave `version` out" if found[4] == "/" else there)
    if (found := _OTHER_NAME.search(said)) and (name := workspace.package_name(Path(found["folder"].strip()))):
        return _renamed(trouble, found["name"], name, Path(found["folder"].strip()), settings.project_dir)
    if (found := _NO_PACKAGE.search(said)) and "offline" not in said:  # without a network nobody knows
        near = difflib.get_close_matches(found[1], sorted(set(known.names(settings))), n=3)
        hint = f"did you mean {_listed(f'`{one}`' for one in near)}?" if near else "check how it is spelt"
        return trouble._replace(what=f"there is no crate called `{found[1]}`", hint=hint)
    return trouble


def _renamed(trouble: Trouble, written: str, name: str, folder: Path, project: Path) -> Trouble:
    right, path = local(name, folder, project), _path(folder, project)
    hint = f"write {right}, or `{written}: {{path: {path}, package: {name}}}`"
    what = f"the crate in `{os.path.relpath(folder, project)}` is called `{name}`, not `{written}`"
    return trouble._replace(what=what, hint=hint)


def local(name: str, folder: Path, project: Path) -> str:
    """Return how `dependencies` lists the package `name` in `folder`."""
    return f"`{name}: {{path: {_path(folder, project)}}}`"


def _path(folder: Path, project: Path) -> str:
    """Return the folder as YAML."""
    path = Path(os.path.relpath(folder, project)).as_posix()
    return path if _PLAIN.fullmatch(path) else json.dumps(path, ensure_ascii=False)


def _feature(said: str, crate: str, feature: str, manifest: Manifest, settings: Settings) -> str:
    available = _AVAILABLE.search(said)
    have = re.split(r",\s*", available[1].strip()) if available else list(_features(crate, manifest, settings))
    if near := difflib.get_close_matches(feature, have, n=3):
        return f"did you mean {_listed(f'`{one}`' for one in near)}?"
    named = sorted({one for one in have if one != "default"})
    return f"it has {_listed(f'`{one}`' for one in named)}" if named else "it has none"


def _features(crate: str, manifest: Manifest, settings: Settings) -> Iterator[str]:
    for _, folder in manifest.paths:
        if workspace.package_name(folder) == crate:
            found = manifest_of(folder)
            for key in ("features", "dependencies"):
                table = found.get(key)
                for name, value in table.items() if isinstance(table, Mapping) else ():
                    if key == "features" or (isinstance(value, Mapping) and value.get("optional") is True):
                        yield name
            return
    newest = known.newest(known.releases(crate, settings))
    yield from newest.features if newest else ()


def _nearest_first(name: str, members: Iterable[tuple[str, Path]]) -> Sequence[tuple[str, Path]]:
    found = list(members)
    near = difflib.get_close_matches(name, [member for member, _ in found], n=3)
    return sorted(found, key=lambda member: near.index(member[0]) if member[0] in near else len(near))


def _listed(words: Iterable[str]) -> str:
    found = list(words)
    more = f" and {len(found) - MOST} more" if len(found) > MOST else ""
    return ", ".join(found[:MOST]) + more
