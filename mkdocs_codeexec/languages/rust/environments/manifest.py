"""cargo's manifest of an Environment, made of what `mkdocs.yml` says."""

from __future__ import annotations

import datetime as dt
import json
import os.path
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from mkdocs_codeexec.core.action import digest
from mkdocs_codeexec.errors import ConfigurationError, nearest
from mkdocs_codeexec.languages.rust.environments.inheriting import NONE, Inherited, inherit
from mkdocs_codeexec.languages.toml import is_usual

if TYPE_CHECKING:
    from mkdocs_codeexec.core.settings import EnvironmentSettings

PACKAGE = "codeexec-environment"
PROBE = "codeexec_environment"

_KEYS = frozenset(
    {"version", "path", "git", "branch", "rev", "tag", "features", "default-features", "default_features", "workspace"}
    | {"package", "registry", "optional", "registry-index", "public", "artifact", "lib", "target", "base"}
)
"""The keys of a dependency (the cargo book, "Specifying Dependencies")."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")

Table: TypeAlias = dict[str, object]


class Manifest(NamedTuple):
    """A `Cargo.toml` in two spellings.

    Attributes:
        portable: With paths relative to the folder of `mkdocs.yml`: the same on every machine, so it can be hashed.
        local: With absolute paths, for cargo.
        digest: What tells this manifest from others on this machine.
        probe: The crate whose compilation is watched. Its name is that of no other manifest: cargo's hash of a root
            package has no path in it, so in one target directory equal names would overwrite each other.
        paths: Every local package that it names: what it is called, and its folder.
        bare: Whether it asks for nothing, so that rustc alone will do.
    """

    portable: str
    local: str
    digest: str
    probe: str
    paths: tuple[tuple[str, Path], ...]
    bare: bool


def manifest(
    environment: EnvironmentSettings,
    project: Path,
    inherited: Inherited = NONE,
    taken: Mapping[str, object] | None = None,
) -> Manifest:
    """Return the manifest of `environment`; its relative paths start at `project`.

    Args:
        environment: What is configured.
        project: The folder of `mkdocs.yml`.
        inherited: What `workspace: true` takes over.
        taken: `[patch]` or `[replace]` of workspaces; what the configuration says itself counts more.

    Raises:
        ConfigurationError: A name or a dependency is not one, or `manifest_extra` is no TOML.
    """
    where = "languages.rust" if environment.name == "default" else f"languages.rust.environments.{environment.name}"
    if not _NAME.fullmatch(environment.name):  # it becomes the name of a folder
        raise ConfigurationError(f"`{where}`: expected a name of letters, digits, `-` and `_`")
    dependencies: Table = {
        name: _dependency(f"{where}.dependencies", name, value, inherited)
        for name, value in environment.dependencies.items()
    }
    extra = _extra(where, environment.manifest_extra)
    about: Table = {"metadata": {"codeexec": {"binaries": True}}} if environment.binaries else {}
    document: Table = {
        "package": {"name": PACKAGE, "version": "0.0.0", "edition": "2021", "publish": False, **about},
        "workspace": {},
        "dependencies": dependencies,
        # What nobody reads of a sample is not worth waiting for.
        "profile": {"dev": {"debug": 0, "incremental": False}},
    }
    _merge(where, document, extra, ())
    _add(document, taken or {})
    found: list[tuple[str, Path]] = []

    def absolute(name: str, path: str) -> str:
        folder = Path(os.path.normpath(project / Path(path).expanduser()))
        found.append((name, folder))
        return str(folder)

    def portable(_name: str, path: str) -> str:
        return str(PurePosixPath(os.path.normpath(path)))

    local = _with_paths(document, absolute)
    short = digest(toml(local))[:16]
    probe = f"{PROBE}_{short}"
    # The program has the name of its own, and not the package: the lock file is the same on every machine.
    local["bin"] = [{"name": probe, "path": "src/main.rs"}]
    return Manifest(
        portable=toml(_with_paths(document, portable)),
        local=toml(local),
        digest=short,
        probe=probe,
        paths=tuple(found),
        bare=not dependencies and not extra,
    )


def toml(document: Mapping[str, object]) -> str:
    """Return `document` as TOML text; `tomllib.loads` is its inverse.

    Raises:
        ValueError: A value has no form in TOML.
    """
    return "\n".join(_table((), document)).lstrip("\n") + "\n"


def _dependency(where: str, name: str, value: object, inherited: Inherited) -> object:
    if not _NAME.fullmatch(str(name)):
        raise ConfigurationError(f"`{where}`: `{name}` is no name of a crate")
    at = f"`{where}.{name}`"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ConfigurationError(
            f'{at}: expected a version as text, got the number {value}\n\nhint: put it in quotes: {name}: "{value}"'
        )
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{at}: expected a version or a table of cargo's keys, got `{value!r}`")
    table: Table = {}
    for key, item in value.items():
        if key not in _KEYS:
            meant = nearest(str(key), sorted(_KEYS))
            hint = f"\n\nhint: did you mean `{meant}`?" if meant else ""
            raise ConfigurationError(f"{at}: unknown key `{key}`{hint}")
        table[str(key)] = _checked(at, str(key), item)
    return inherit(at, name, table, inherited) if "workspace" in table else table


def _checked(at: str, key: str, value: object) -> object:
    if key == "features":
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise ConfigurationError(f"{at}: expected a list of names for `features`, got `{value!r}`")
        return list(value)
    if key in ("default-features", "default_features", "optional", "public", "lib", "workspace"):
        if not isinstance(value, bool):
            raise ConfigurationError(f"{at}: expected `true` or `false` for `{key}`, got `{value!r}`")
        return value
    if not isinstance(value, str):
        raise ConfigurationError(f"{at}: expected text for `{key}`, got `{value!r}`\n\nhint: put it in quotes")
    return value


def _extra(where: str, text: str) -> Table:
    try:
        found = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"`{where}.manifest_extra`: not TOML: {error}") from None
    if not is_usual(found):
        raise ConfigurationError(f"`{where}.manifest_extra`: a number is too large, or tables are nested too deep")
    return found


def _merge(where: str, document: Table, extra: Mapping[str, object], at: tuple[str, ...]) -> None:
    for key, value in extra.items():
        here = document.get(key)
        if isinstance(here, dict) and isinstance(value, Mapping):
            _merge(where, here, value, (*at, key))
        elif at == ("dependencies",) and key in document:
            raise ConfigurationError(f"`{where}.manifest_extra`: the dependency `{key}` is declared twice")
        else:
            document[key] = value


def _add(document: Table, further: Mapping[str, object]) -> None:
    """Add `[patch]` and `[replace]` of others to `document`, which counts more."""
    if len({*document, *further} & {"patch", "replace"}) > 1:
        return  # cargo refuses a manifest with both
    patch = _both(further.get("patch"), document.get("patch"))
    by_source = {source: _both(_table_of(further.get("patch"), source), table) for source, table in patch.items()}
    replace = _both(further.get("replace"), document.get("replace"))
    document.update({"patch": by_source} if patch else {}, **({"replace": replace} if replace else {}))


def _both(less: object, more: object) -> Table:
    return {**(less if isinstance(less, Mapping) else {}), **(more if isinstance(more, Mapping) else {})}


def _table_of(table: object, key: str) -> object:
    return table.get(key) if isinstance(table, Mapping) else None


def _with_paths(table: Mapping[str, object], rewrite: Callable[[str, str], str]) -> Table:
    """Return the manifest `table` with the folder of every local dependency rewritten."""
    return {key: _rewritten(key, value, rewrite, inside=False) for key, value in table.items()}


def _rewritten(key: str, value: object, rewrite: Callable[[str, str], str], *, inside: bool) -> object:
    """Rewrite `path` where it names a dependency.

    `inside` tells that `value` stands in a table of dependencies or patches.
    """
    if not isinstance(value, Mapping):
        return value
    inside = inside or key in ("dependencies", "dev-dependencies", "build-dependencies", "patch", "replace")
    path = value.get("path")
    table = {name: _rewritten(name, item, rewrite, inside=inside) for name, item in value.items()}
    if inside and isinstance(path, str):
        table["path"] = rewrite(key, path)
    return table


# --- TOML -----------------------------------------------------------------------------------------------------


def _table(path: tuple[str, ...], table: Mapping[str, object]) -> Iterator[str]:
    nested = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    plain = {key: value for key, value in table.items() if key not in nested}
    if path and (plain or not nested):
        yield f"\n[{'.'.join(_key(part) for part in path)}]"
    for key, value in plain.items():
        yield f"{_key(key)} = {_value(value)}"
    for key, value in nested.items():
        yield from _table((*path, key), value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value)
        case int():
            return str(value)
        case float():
            return {"inf": "inf", "-inf": "-inf", "nan": "nan"}.get(str(value), repr(value))
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case Mapping():
            return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }" if value else "{}"
        case list() | tuple():
            return "[" + ", ".join(_value(item) for item in value) + "]"
        case _:
            raise ValueError(f"`{value!r}` has no form in TOML")


def _text(text: str) -> str:
    # JSON's escapes are TOML's too, but for DEL, which TOML wants escaped, and surrogates, which nothing holds.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
