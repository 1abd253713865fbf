"""cargo's configuration of the user as one file, for a cargo that must not see the files that it is from.

They hold tokens, and stand in folders of which a build may see nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.languages.grants import Grants, checkout_of
from mkdocs_codeexec.languages.rust.environments.cargo import cargo_environment, cargo_home, is_source
from mkdocs_codeexec.languages.rust.environments.configured import documents, files, merge, read
from mkdocs_codeexec.languages.rust.environments.fenced import Refused, credentials, fenced, providers

if TYPE_CHECKING:
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.languages.rust.environments.manifest import Table

_SECRET = frozenset({"token", "secret-key", "credential-provider", "global-credential-providers", "password"})
_NEEDLESS = frozenset({"http", "net", "credential-alias", "alias", "install", "include"})
"""Tables that a build without a network has no use for; proxies with passwords are among them."""
_TO_FETCH = frozenset({"source", "registries", "registry", "net", "http", "paths", "patch", "build"})
_OUR_PLACES: Mapping[str, frozenset[str]] = {
    "build": frozenset(
        {"build-dir", "target-dir", "artifact-dir", "out-dir", "dep-info-basedir", "incremental"}
        | {"rustc", "rustc-wrapper", "rustc-workspace-wrapper"}
    ),
    "env": frozenset({"HOME", "TMPDIR"}),
    "resolver": frozenset({"lockfile-path"}),
}
"""What it says of places that are ours to choose: to write elsewhere is not allowed, and nobody would look there."""
_OURS = frozenset({"HOME", "TMPDIR", "RUST_BACKTRACE", "RUST_LIB_BACKTRACE"})
"""Variables that are not cargo's to set for samples: `languages.rust.backtrace` is the option for the last two."""


def configuration(settings: Settings) -> Table:
    """Return what cargo's configuration says for a build beside `mkdocs.yml`: no secrets in it, all paths absolute."""
    merged, _ = _merged(settings)
    return {key: _public((key,), value, settings.host_env) for key, value in merged.items() if key not in _NEEDLESS}


def for_fetching(settings: Settings, *, walled: bool) -> Table:
    """Return what the files beside and above `mkdocs.yml` say for a cargo that reads the one at home itself.

    Args:
        settings: The configuration.
        walled: Whether it is confined: else nothing is passed on that a compiler would obey.
    """
    merged, _ = _merged(settings, home=False)
    sections = merged.keys() - {*_NEEDLESS, "env"} | (merged.keys() & {"http", "net"}) if walled else _TO_FETCH
    if not walled:
        merged["build"] = {key: value for key, value in _table(merged.get("build")).items() if key == "target"}
    stronger = cargo_environment(settings)
    return {key: _public((key,), value, stronger) for key, value in merged.items() if key in sections and value}


def refused(settings: Settings) -> list[Refused]:
    """Return what files of the checkout say in vain."""
    return _merged(settings)[1]


def has_providers(settings: Settings) -> bool:
    """Tell whether the user's credentials are got by programs."""
    home = [path for path in files(settings) if path.parent == cargo_home(settings)]
    return providers(read(home[0]) if home else {}, settings.host_env)


def _merged(settings: Settings, *, home: bool = True) -> tuple[Table, list[Refused]]:
    """Return what the files say, with or without the one at home, and what of it is said in vain."""
    merged: Table = {}
    refused: list[Refused] = []
    grants = Grants(settings, "rust", settings.rust.readable if settings.rust else ())
    found = list(files(settings))
    own = next((read(path) for path in found if path.parent == cargo_home(settings)), {})
    known = credentials(settings, own)
    for path in found:
        if path.parent == cargo_home(settings):
            merge(merged, own if home else {})
        elif (tree := checkout_of(path, settings)) is None:
            merge(merged, read(path))
        else:
            merge(merged, fenced(read(path, tree), grants.wrong, known, refused))
    return merged, refused


class Variable(NamedTuple):
    """A variable of the table `[env]`.

    Attributes:
        value: Its value.
        portable: The same with the folder of `mkdocs.yml` written as `{project}`, if it is a path of the checkout.
        forced: Whether it counts for crates where the environment of the build has one of the name.
    """

    value: str
    portable: str
    forced: bool = False

    @property
    def is_path(self) -> bool:
        """Whether it is such a path."""
        return self.value != self.portable


def of_site(settings: Settings) -> list[Path]:
    """Return the files beside and above `mkdocs.yml`."""
    return [path for path in files(settings) if path.parent != cargo_home(settings)]


def variables(settings: Settings, *, home: bool) -> dict[str, Variable]:
    """Return the table `[env]` of cargo's configuration, by name: that at home, or that beside and above `mkdocs.yml`."""
    found: dict[str, Variable] = {}
    for path in files(settings):
        if (path.parent == cargo_home(settings)) is home:
            table = read(path, checkout_of(path, settings)).get("env")
            for name, item in table.items() if isinstance(table, Mapping) else ():
                value = item.get("value") if isinstance(item, Mapping) else item
                forced = isinstance(item, Mapping) and item.get("force") is True
                if isinstance(value, str) and name not in _OURS:
                    portable = _portable(value, path.parent.parent, settings.project_dir)
                    found.setdefault(name, Variable(value, portable, forced))
    return found


def _portable(value: str, start: Path, project: Path) -> str:
    if start == Path(start.anchor) or not Path(value).is_relative_to(start):
        return value
    return f"{{project}}/{Path(os.path.relpath(value, project)).as_posix()}"


def local(config: Mapping[str, object]) -> bool:
    """Tell whether `config` puts local packages in the place of others."""
    return bool(config.get("paths") or config.get("patch"))


def packages(config: Mapping[str, object]) -> Iterator[tuple[str, Path]]:
    """Yield name and folder of the local packages that `config` puts in the place of others."""
    paths = config.get("paths")
    yield from ((Path(str(path)).name, Path(str(path))) for path in (paths if isinstance(paths, list) else ()))
    for table in _tables(config.get("patch")):
        for name, value in table.items():
            if isinstance(value, Mapping) and "path" in value:
                yield str(name), Path(str(value["path"]))


def sources(config: Mapping[str, object]) -> Iterator[str]:
    """Yield the folders from which `config` takes packages instead of from a registry."""
    for table in _tables(config.get("source")):
        yield from (str(table[key]) for key in ("directory", "local-registry") if key in table)


def linkers(config: Mapping[str, object]) -> Iterator[str]:
    """Yield the linkers that `config` names."""
    yield from (str(table["linker"]) for table in _tables(config.get("target")) if "linker" in table)


def target(config: Mapping[str, object], host: str) -> str | None:
    """Return for which machine `config` has code compiled; None if it says nothing, or none that runs on this one.

    Args:
        config: What cargo is told.
        host: The machine that rustc is for, as `rustc -vV` names it.
    """
    fit = [name for name in _targets(config) if name == "host-tuple" or _machine(name) == _machine(host)]
    return next((name for name in fit if name == host), fit[0] if fit else None)


def foreign(config: Mapping[str, object], host: str) -> str:
    """Return the machine for which `config` has code compiled if programs for it do not run here, else nothing."""
    return ", ".join(_targets(config)) if target(config, host) is None else ""


class Said(NamedTuple):
    """What cargo's configuration says about how crates are compiled, in words; empty for nothing.

    Attributes:
        flags: About the command line of rustc.
        env: About the environment of compilers and build scripts, with values.
    """

    flags: str = ""
    env: str = ""


def said(settings: Settings) -> Said:
    """Return what decides how the crates of an Environment are compiled."""
    env = configuration(settings).get("env")
    return Said(flags(settings), json.dumps(env, sort_keys=True, default=str) if env else "")


def flags(settings: Settings) -> str:
    """Return what the files say about the command line of rustc, in canonical words; empty for nothing.

    As they say it: no place of this machine is added.
    """
    named = ((path, checkout_of(path, settings)) for path in files(settings))
    said = (document for path, tree in named for _, document in documents(path, tree))
    found = [picked for document in said if (picked := _flags(document))]
    return json.dumps(found, sort_keys=True, default=str) if found else ""


def _flags(config: Mapping[str, object]) -> Table:
    build, target, profile = (config.get(section) for section in ("build", "target", "profile"))
    picked: Table = {}
    if isinstance(build, Mapping):
        picked |= {key: build[key] for key in ("rustflags", "target") if key in build}
    for name, table in target.items() if isinstance(target, Mapping) else ():
        if isinstance(table, Mapping):
            picked |= {f"{name}.{key}": table[key] for key in ("rustflags", "linker") if key in table}
    if isinstance(profile, Mapping) and "dev" in profile:
        picked["profile.dev"] = profile["dev"]
    return picked


def for_host(config: Table, host: str) -> Table:
    """Return `config` for one machine: samples run on this one, and cargo would compile them for several."""
    build = config.get("build")
    if not isinstance(build, Mapping) or "target" not in build:
        return config
    one = target(config, host)
    kept = {key: value for key, value in build.items() if key != "target"}
    return {**config, "build": kept if one is None else {**kept, "target": one}}


def _targets(config: Mapping[str, object]) -> list[str]:
    build = config.get("build")
    wanted = build.get("target") if isinstance(build, Mapping) else None
    return list(map(str, wanted if isinstance(wanted, list) else [] if wanted is None else [wanted]))


def _machine(triple: str) -> tuple[str, str]:
    """Return processor and system of `triple`: code for another C library runs, too (`x86_64-unknown-linux-musl`)."""
    parts = triple.split("-")
    return parts[0], next((name for name in ("linux", "darwin", "windows", "freebsd") if name in parts), triple)


def _table(value: object) -> Table:
    return dict(value) if isinstance(value, Mapping) else {}


def _tables(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, Mapping):
        yield from (table for table in value.values() if isinstance(table, Mapping))


def _public(at: tuple[str, ...], value: object, variables: Mapping[str, str]) -> object:
    """Return `value`, which stands at the keys `at`, without secrets, and without what a variable says otherwise."""
    if isinstance(value, Mapping):
        ours = _OUR_PLACES.get(at[0], frozenset()) if len(at) == 1 else frozenset()
        found = {key: (*at, key) for key in value if key not in _SECRET | ours}
        return {
            key: _public(inner, value[key], variables)
            for key, inner in found.items()
            if not ((name := _variable(inner)) in variables and (is_source(name) or at[0] in ("net", "http")))
        }
    return [_public(at, item, variables) for item in value] if isinstance(value, list) else value


def _variable(at: tuple[str, ...]) -> str:
    return "_".join(("CARGO", *at)).replace("-", "_").upper()
