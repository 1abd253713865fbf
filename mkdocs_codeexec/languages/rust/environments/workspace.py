"""Workspaces of cargo around local packages: what they lock, what they put in the place of other packages.

cargo itself heeds `[patch]`, `[replace]` and `Cargo.lock` of the root of what is built alone, and that is our own project.
So what a package is tested with in its workspace would not be what samples use. The rules are those of the cargo book,
"Workspaces".
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.languages.rust.environments import locks
from mkdocs_codeexec.languages.rust.environments.local import PACKAGE_FILE_LIMIT, around, manifest_of
from mkdocs_codeexec.untrusted.regular import text_of

if TYPE_CHECKING:
    from mkdocs_codeexec.languages.rust.environments.manifest import Table

LOCK = "Cargo.lock"
_IGNORED = re.compile(r"/?(?:\*\*/)?(?:Cargo\.lock|\*\.lock)", re.IGNORECASE)


class Workspace(NamedTuple):
    """The root of a workspace, which may be a single package.

    Attributes:
        root: Its folder.
        manifest: What its manifest says.
        lock: Its lock file; empty if there is none that can be read.
        binding: Whether the lock is the project's, and not only of this checkout: git does not ignore it.
    """

    root: Path
    manifest: Mapping[str, object]
    lock: str = ""
    binding: bool = True


def workspaces(packages: Iterable[Path], project: Path) -> tuple[Workspace, ...]:
    """Return the workspaces of local `packages`, each once.

    The one that the site is in comes first: that is what it documents. The others are in the order of the packages.
    """
    roots = dict.fromkeys(root for folder in packages if (root := root_of(folder)) is not None)
    ordered = sorted(roots, key=lambda root: not project.is_relative_to(root))
    return tuple(_read(root) for root in ordered)


def root_of(package: Path) -> Path | None:
    """Return the root of the workspace that the package in a folder belongs to; None if there is no package."""
    if not (package / "Cargo.toml").is_file():
        return None
    manifest = manifest_of(package)
    if isinstance(manifest.get("workspace"), Mapping):
        return package
    own = manifest.get("package")
    named = own.get("workspace") if isinstance(own, Mapping) else None
    if isinstance(named, str):
        return Path(os.path.normpath(package / named))
    for folder in package.parents:
        table = _table(folder)
        if table is not None and not _excludes(folder, table, package):
            return folder
    return package


def above(folder: Path) -> Workspace | None:
    """Return the nearest workspace at or above `folder`, None if there is none."""
    for root in (folder, *folder.parents):
        if _table(root) is not None:
            return _read(root)
    return None


def members(root: Path, manifest: Mapping[str, object]) -> Iterator[tuple[str, Path]]:
    """Yield name and folder of the packages in the workspace at `root`, sorted by folder."""
    workspace = manifest.get("workspace")
    wanted = workspace.get("members") if isinstance(workspace, Mapping) else None
    patterns = [pattern for pattern in wanted if isinstance(pattern, str)] if isinstance(wanted, list) else []
    folders = {root} | {Path(os.path.normpath(path)) for pattern in patterns for path in _matching(root, pattern)}
    for folder in sorted(folders):
        if name := package_name(folder):
            yield name, folder


def package_name(folder: Path) -> str:
    """Return what the package in `folder` is called, empty if there is none."""
    package = manifest_of(folder).get("package")
    return str(package.get("name", "")) if isinstance(package, Mapping) else ""


def shared(workspace: Workspace | None) -> Mapping[str, object]:
    """Return `[workspace.dependencies]`, empty if there are none."""
    table = workspace.manifest.get("workspace") if workspace else None
    found = table.get("dependencies") if isinstance(table, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def overrides(found: Iterable[Workspace], project: Path, listed: Iterable[str]) -> Table:
    """Return `[patch]` and `[replace]` of workspaces, the first of which counts most; paths start at `project`.

    What a workspace puts in the place of nothing, as its lock file says, is left out, unless it is `listed`; a lock file
    that only this checkout has is not asked, or every checkout had other keys.
    """
    named = set(listed)
    patches: dict[str, dict[str, object]] = {}
    replaced: dict[str, object] = {}
    for workspace in found:
        unused = {one for one in _unused(workspace.lock) if workspace.binding and one not in named}
        for source, table in _tables(workspace.manifest.get("patch")):
            for name, value in table.items():
                package = value.get("package", name) if isinstance(value, Mapping) else name
                if package not in unused:
                    patches.setdefault(source, {}).setdefault(name, placed(value, workspace.root, project))
        replace = workspace.manifest.get("replace")
        for name, value in replace.items() if isinstance(replace, Mapping) else ():
            replaced.setdefault(name, placed(value, workspace.root, project))
    both: Table = {"patch": patches} if patches else {}
    # cargo refuses a manifest with both.
    return {**both, "replace": replaced} if replaced and not patches else both


def patched(manifest: Mapping[str, object]) -> frozenset[str]:
    """Return the names of the packages that `[patch]` in `manifest` has others for."""
    return frozenset(
        str(value.get("package", name) if isinstance(value, Mapping) else name)
        for _, table in _tables(manifest.get("patch"))
        for name, value in table.items()
    )


def placed(value: object, root: Path, project: Path) -> object:
    """Return the dependency `value` of a manifest in `root` as one in `project` has it."""
    path = value.get("path") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(path, str):
        return value
    return {**value, "path": Path(os.path.relpath(root / path, project)).as_posix()}


def _read(root: Path) -> Workspace:
    manifest = manifest_of(root)
    lock = _content(root / LOCK)
    return Workspace(root, manifest, lock if locks.readable(lock) else "", not _is_ignored(root))


def _is_ignored(root: Path) -> bool:
    """Tell whether git ignores the lock file in `root`, as the usual lines say: it differs from checkout to checkout."""
    for folder in (root, *root.parents):
        lines = (line.strip() for line in _content(folder / ".gitignore").splitlines())
        here = [line for line in lines if folder == root or not line.lstrip("!").startswith("/")]
        if found := [line for line in here if _IGNORED.fullmatch(line.removeprefix("!"))]:
            return not found[-1].startswith("!")  # the last one counts
        if (folder / ".git").exists():
            break
    return False


def _content(path: Path) -> str:
    return text_of(path, PACKAGE_FILE_LIMIT, around(path.parent) if path.is_symlink() else None)


def _table(folder: Path) -> Mapping[str, object] | None:
    """Return `[workspace]` of the manifest in `folder`."""
    found = manifest_of(folder).get("workspace")
    return found if isinstance(found, Mapping) else None


def _excludes(root: Path, table: Mapping[str, object], package: Path) -> bool:
    """Tell whether a workspace excludes `package`, and does not name it either (`is_excluded` in cargo's source)."""

    def named(key: str) -> bool:
        value = table.get(key)
        names = [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
        return any(package.is_relative_to(os.path.normpath(root / name)) for name in names)

    return named("exclude") and not named("members")


def _matching(root: Path, pattern: str) -> Iterator[Path]:
    while pattern.startswith("../"):  # pathlib's glob does not go up
        root, pattern = root.parent, pattern[3:]
    pattern = pattern.removeprefix("./").rstrip("/")
    if pattern in ("", "."):
        yield root
    elif not pattern.startswith("/"):
        with contextlib.suppress(ValueError, OSError):
            yield from root.glob(pattern)


def _tables(value: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    for name, table in value.items() if isinstance(value, Mapping) else ():
        if isinstance(table, Mapping):
            yield name, table


def _unused(lock: str) -> list[str]:
    return re.findall(r'^\[\[patch\.unused\]\]\nname = "([^"\n]+)"$', lock, re.MULTILINE)
