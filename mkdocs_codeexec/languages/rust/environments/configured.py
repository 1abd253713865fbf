"""The files of cargo's configuration: which there are, what they include, and what they say together.

The rules are those of the cargo book, "Configuration": files from the working directory upwards, then the one at home;
nearer ones win, lists are joined, and relative paths start at the folder above the one that a file is in.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.languages.rust.environments.cargo import cargo_home
from mkdocs_codeexec.languages.rust.environments.fenced import LIMIT
from mkdocs_codeexec.languages.toml import read_toml
from mkdocs_codeexec.untrusted.regular import read_regular

if TYPE_CHECKING:
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.languages.rust.environments.manifest import Table

_PATHS = (
    ("paths",),
    ("build", "target"),
    ("source", "*", "directory"),
    ("source", "*", "local-registry"),
    ("patch", "*", "*", "path"),
)
_PROGRAMS = (("target", "*", "linker"), ("target", "*", "ar"))
"""Paths if there is a slash in them, else looked for in PATH."""
_DEEPEST = 8
"""How deep one file includes another."""
_MOST = 64
"""Files that one file includes, with all that these include."""


def files(settings: Settings) -> Iterator[Path]:
    """Yield the files, the one that counts most first."""
    home = cargo_home(settings)
    folders = [folder / ".cargo" for folder in (settings.project_dir, *settings.project_dir.parents)]
    for folder in dict.fromkeys((*folders, home)):
        # Of two files in one folder, cargo takes the one with the older name.
        found = (folder / name for name in ("config", "config.toml"))
        yield from [path for path in found if path.is_file()][:1]


def read(path: Path, tree: Path | None = None) -> Table:
    """Return what the file `path` says, and what it includes, if all of it is in `tree`."""
    found: Table = {}
    for start, document in documents(path, tree):
        merge(found, {key: _absolute((key,), value, start) for key, value in document.items()})
    return found


def documents(
    path: Path, tree: Path | None, above: tuple[Path, ...] = (), read: list[Path] | None = None
) -> Iterator[tuple[Path, Mapping[str, object]]]:
    """Yield what the file `path` says, then what it includes, each with the folder at which its paths start.

    Args:
        path: The file.
        tree: It must lead to something in this folder, if there is one.
        above: Which files include it; cargo refuses one that includes itself.
        read: What has been read already.
    """
    read = [] if read is None else read
    if path in above or len(above) > _DEEPEST or len(read) > _MOST:
        return
    read.append(path)
    content = read_regular(Path(os.path.realpath(path)), LIMIT) if tree is None else read_regular(path, LIMIT, tree)
    if content is None:
        return
    config = read_toml(content)
    yield path.parent.parent, config
    wanted = config.get("include")
    for item in reversed(wanted) if isinstance(wanted, list) else ():
        name = item.get("path") if isinstance(item, Mapping) else item
        if isinstance(name, str):  # relative to the file itself
            yield from documents(Path(os.path.normpath(path.parent / name)), tree, (*above, path), read)


def merge(here: Table, further: Mapping[str, object]) -> None:
    """Add to `here` what `further` says, which counts less."""
    for key, value in further.items():
        own = here.get(key)
        if isinstance(own, dict) and isinstance(value, Mapping):
            merge(own, value)
        elif isinstance(own, list) and isinstance(value, list):
            here[key] = [*value, *own]
        elif key not in here:
            here[key] = value


def _absolute(at: tuple[str, ...], value: object, start: Path) -> object:
    """Return `value`, which stands at the keys `at`, with paths that start at the root."""
    if isinstance(value, Mapping):
        if at[0] == "env" and isinstance(value.get("value"), str) and value.get("relative") is True:
            kept = {key: item for key, item in value.items() if key != "relative"}
            return {**kept, "value": _path(str(value["value"]), start)}
        return {key: _absolute((*at, key), item, start) for key, item in value.items()}
    if isinstance(value, list):
        return [_absolute(at, item, start) for item in value]
    if not isinstance(value, str):
        return value
    is_path = _is_one_of(at, _PATHS) and (at[0] != "build" or "/" in value or value.endswith(".json"))
    return _path(value, start) if is_path or (_is_one_of(at, _PROGRAMS) and "/" in value) else value


def _is_one_of(at: tuple[str, ...], patterns: tuple[tuple[str, ...], ...]) -> bool:
    return any(
        len(at) == len(pattern) and all(want in ("*", key) for key, want in zip(at, pattern, strict=True))
        for pattern in patterns
    )


def _path(name: str, start: Path) -> str:
    return os.path.normpath(start / name)
