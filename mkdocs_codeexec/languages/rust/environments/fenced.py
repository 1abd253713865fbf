"""What a configuration of cargo may say that stands in a checkout, where a stranger may have written it.

It may say how things are compiled, which happens within walls, and where packages are from. It may lead to no folder
beyond what `mkdocs.yml` has granted, and nobody's credentials are sent where it says: a registry that the user has
credentials for is where the user says it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.languages.rust.environments.cargo import cargo_home
from mkdocs_codeexec.languages.toml import read_toml
from mkdocs_codeexec.untrusted.regular import read_regular

if TYPE_CHECKING:
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.languages.rust.environments.manifest import Table

LIMIT = 1024 * 1024
"""Bytes of a file of cargo's configuration."""
_CREDENTIALS = ("credentials", "credentials.toml")
_VARIABLE, _SECRETS = "CARGO_REGISTRIES_", ("_TOKEN", "_CREDENTIAL_PROVIDER", "_SECRET_KEY")
_NETWORK: Mapping[str, frozenset[str]] = {
    "net": frozenset({"retry", "git-fetch-with-cli", "offline"}),
    "http": frozenset({"multiplexing", "timeout", "low-speed-limit"}),
}
"""What it may say of the network: no proxy, and no authority of its own to trust."""


class Refused(NamedTuple):
    """Something that a checkout says in vain.

    Attributes:
        what: In words.
        path: Where it would lead, if that is a folder or a file.
        hint: What to do; empty if `path` may be named in `mkdocs.yml`.
    """

    what: str
    path: str = ""
    hint: str = ""


def fenced(
    table: Mapping[str, object], wrong: Callable[[str], str], known: frozenset[str], refused: list[Refused]
) -> Table:
    """Return of `table`, in which all paths are absolute, what a checkout may say.

    Args:
        table: What it says.
        wrong: Tells why a path may not be given; empty if it may.
        known: Registries that the user has credentials for.
        refused: Gets what it says in vain.
    """

    def keeps(path: object, what: str) -> bool:
        why = wrong(path) if isinstance(path, str) else ""
        if why:
            said = f"{what} of a cargo configuration in the checkout names `{path}`, which {why}: it does not count"
            refused.append(Refused(said, str(path)))
        return not why

    found: Table = dict(table)
    paths = table.get("paths")
    if isinstance(paths, list):
        found["paths"] = [path for path in paths if keeps(path, "`paths`")]
    found |= {
        section: {name: kept for name, one in inner.items() if (kept := _without(one, keys, section, keeps))}
        for section, keys in (("source", ("directory", "local-registry")), ("target", ("linker", "ar", "runner")))
        if isinstance(inner := table.get(section), Mapping)
    }
    if isinstance(patch := table.get("patch"), Mapping):
        found["patch"] = {
            source: {name: one for name, one in inner.items() if keeps(_path(one), f"`patch.{source}.{name}`")}
            for source, inner in patch.items()
            if isinstance(inner, Mapping)
        }
    if isinstance(registries := table.get("registries"), Mapping):
        found["registries"] = {name: one for name, one in registries.items() if str(name).lower() not in known}
        refused += [_other(str(name)) for name in registries if str(name).lower() in known]
    for section, keys in _NETWORK.items():
        if isinstance(inner := table.get(section), Mapping):
            found[section] = {key: value for key, value in inner.items() if key in keys}
    return found


def credentials(settings: Settings, home: Mapping[str, object]) -> frozenset[str]:
    """Return the registries that the user has credentials for; `home` is the configuration at home."""
    tables = [home, *(read_toml(read_regular(cargo_home(settings) / name, LIMIT)) for name in _CREDENTIALS)]
    found = {str(name) for table in tables for name in _names(table.get("registries"))}
    for name in settings.host_env:
        if name.startswith(_VARIABLE) and (secret := next((one for one in _SECRETS if name.endswith(one)), "")):
            found.add(name.removeprefix(_VARIABLE).removesuffix(secret))
    # A variable has underscores for the hyphens of a name.
    return frozenset(spelt for name in found for spelt in (name.lower(), name.lower().replace("_", "-")))


def providers(config: Mapping[str, object], host_env: Mapping[str, str]) -> bool:
    """Tell whether credentials are got by programs, of which nobody knows what they need ("Registry Authentication")."""
    tables = [config.get("registry"), *_tables(config.get("registries"))]
    named = [
        value
        for table in tables
        if isinstance(table, Mapping)
        for key, value in table.items()
        if key in ("credential-provider", "global-credential-providers")
    ]
    named += [
        value
        for name, value in host_env.items()
        if name.startswith("CARGO_REGISTR") and name.endswith(("CREDENTIAL_PROVIDER", "CREDENTIAL_PROVIDERS"))
    ]
    words = [word for value in named for word in (value if isinstance(value, list) else [value])]
    return any(word != "cargo:token" for word in words)


def _other(name: str) -> Refused:
    variable = f"{_VARIABLE}{name.upper().replace('-', '_')}_INDEX"
    hint = f"say in the configuration at home, or in `{variable}`, where it is"
    return Refused(f"`registries.{name}` is not taken from a checkout: there are credentials for it", hint=hint)


def _without(table: object, keys: tuple[str, ...], section: str, keeps: Callable[[object, str], bool]) -> object:
    if not isinstance(table, Mapping):
        return table
    paths = {key for key in keys if isinstance(value := table.get(key), str) and "/" in value}
    left_out = {key for key in paths if not keeps(table[key], f"`{section}.….{key}`")}
    return {key: value for key, value in table.items() if key not in left_out}


def _path(dependency: object) -> object:
    return dependency.get("path") if isinstance(dependency, Mapping) else None


def _names(table: object) -> Iterator[str]:
    yield from (str(name) for name in (table if isinstance(table, Mapping) else ()))


def _tables(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, Mapping):
        yield from (table for table in value.values() if isinstance(table, Mapping))
