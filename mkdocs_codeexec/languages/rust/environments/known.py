"""What this machine knows of crates without a network: what cargo keeps of the index of crates.io.

The format is that of cargo's `SummariesCache` (`src/cargo/sources/registry/index/cache.rs` in its source): a header, then
version and JSON of each release, all separated by NUL. Whatever looks otherwise is not known.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.languages.rust.environments import configuration
from mkdocs_codeexec.languages.rust.environments.built import content
from mkdocs_codeexec.languages.rust.environments.cargo import cargo_home

if TYPE_CHECKING:
    from mkdocs_codeexec.core.settings import Settings

_CRATES_IO = ("index.crates.io-", "github.com-")
_VERSION = re.compile(r"(\d{1,20})\.(\d{1,20})\.(\d{1,20})(-[0-9A-Za-z.-]+)?(?:\+.*)?")
_UNSURE = 4
"""Underscores of a name that may be hyphens; more of them are taken to be all the one or all the other."""


class Release(NamedTuple):
    """A version of a crate.

    Attributes:
        name: Of the package, with its hyphens.
        version: That it has.
        features: That it has.
    """

    name: str
    version: str
    features: tuple[str, ...] = ()


def newest(releases: Iterable[Release]) -> Release | None:
    """Return the newest of `releases`: one that is finished, if there is any."""
    return max((one for one in releases if _VERSION.fullmatch(one.version)), key=_order, default=None)


def releases(crate: str, settings: Settings) -> list[Release]:
    """Return what the index knows of a crate, by the name that sources or manifests know it by; nothing yanked."""
    found: dict[Release, None] = {}
    for index in _indexes(settings):
        for name in _spellings(crate):
            text = content(index / _place(name)) or b""
            found.update(dict.fromkeys(_releases(text)))
    return list(found)


def names(settings: Settings) -> Iterator[str]:
    """Yield the crates that the index knows something of."""
    for index in _indexes(settings):
        yield from (
            path.name for pattern in ("[123]/*", "3/?/*", "??/??/*") for path in index.glob(pattern) if path.is_file()
        )


def _indexes(settings: Settings) -> Iterator[Path]:
    sources = configuration.configuration(settings).get("source")
    own = sources.get("crates-io") if isinstance(sources, Mapping) else None
    replaced = isinstance(own, Mapping) and "replace-with" in own
    for folder in sorted((cargo_home(settings) / "registry" / "index").glob("*/.cache")):
        if replaced or folder.parent.name.startswith(_CRATES_IO):
            yield folder


def _spellings(crate: str) -> list[str]:
    """Return the names that a package may have which sources call `crate`: a hyphen is an underscore there."""
    parts = re.split(r"[_-]", crate.lower())
    if len(parts) > _UNSURE + 1:
        return [separator.join(parts) for separator in "-_"]
    return [
        "".join(itertools.chain.from_iterable(zip(parts, (*separators, ""), strict=True)))
        for separators in itertools.product("-_", repeat=len(parts) - 1)
    ]


def _place(name: str) -> str:
    """Return where the index has a package (the cargo book, "Index files")."""
    if len(name) < 3:
        return f"{len(name)}/{name}"
    return f"3/{name[0]}/{name}" if len(name) == 3 else f"{name[:2]}/{name[2:4]}/{name}"


def _releases(text: bytes) -> Iterator[Release]:
    for part in text.split(b"\0"):
        if part.startswith(b"{"):
            try:
                value = json.loads(part)
                if value.get("yanked") is not True:
                    yield Release(str(value["name"]), str(value["vers"]), _features(value))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                continue


def _features(value: Mapping[str, object]) -> tuple[str, ...]:
    tables = (table for key in ("features", "features2") if isinstance(table := value.get(key), Mapping))
    named = {str(name) for table in tables for name in table}
    needs = value.get("deps")
    optional = {
        str(need.get("name"))
        for need in (needs if isinstance(needs, list) else ())
        if isinstance(need, Mapping) and need.get("optional") is True
    }
    return tuple(sorted(named | optional))


def _order(release: Release) -> tuple[bool, int, int, int, str]:
    found = _VERSION.fullmatch(release.version)
    assert found, "others are left out"
    return not found[4], int(found[1]), int(found[2]), int(found[3]), found[4] or ""
