"""What is kept of Environments (`kept`), brought along in a file that anybody may have written.

A lock file decides which packages a later build downloads and executes. Nobody can tell whether its versions are well chosen; but
that each is a package of a known place and content can be seen, and that it belongs to an Environment of this site.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.sample import in_one_line
from mkdocs_codeexec.languages.rust import RustLanguage
from mkdocs_codeexec.languages.rust.environments import configuration, origins
from mkdocs_codeexec.languages.rust.environments.kept import FORMAT

if TYPE_CHECKING:
    from mkdocs_codeexec.core.protocols import Narrator
    from mkdocs_codeexec.core.settings import Settings

MOST = 10_000
"""Names of files in a `sources.json`."""
_CRATES_IO = frozenset({"registry+https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/"})
_CHECKSUM = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"git\+([^?#]+)(?:\?[^#]*)?#[0-9a-f]{40}(?:[0-9a-f]{24})?")


class Brought:
    """Looks at what is brought along for the Environments of one site. Nothing is started.

    Args:
        settings: Of the site.
        narrator: Told what is wrong with its configuration.

    Raises:
        ConfigurationError: An Environment cannot be written as a manifest.
    """

    def __init__(self, settings: Settings, narrator: Narrator) -> None:
        self._settings = settings
        self._manifests = RustLanguage(settings, narrator).manifests() if settings.rust else {}

    def objection(self, name: str, files: Mapping[str, bytes]) -> str:
        """Return why `files` are not taken for the Environment `name`, in words; empty if they are.

        Args:
            name: Of the Environment.
            files: By the names that `kept` gives them.
        """
        if name not in self._manifests:
            return "this site has no such environment"
        try:
            lock, manifest, sources = (files[one] for one in ("Cargo.lock", "manifest.toml", "sources.json"))
        except KeyError as absent:
            return f"`{absent.args[0]}` is not beside it"
        if manifest.decode("utf-8", "replace") != self._manifests[name]:
            return "the site has other dependencies in it"
        return self._lock(lock) or _sources(sources)

    def _lock(self, data: bytes) -> str:
        """Return what is wrong with a lock file."""
        try:
            document = tomllib.loads(data.decode("utf-8"))
            locked = list(_locked(document))
        except (ValueError, RecursionError, TypeError, AttributeError):
            return "its lock file cannot be read"
        for package in locked:
            source, checksum = package.get("source", ""), package.get("checksum", "")
            shown = in_one_line(str(package.get("name", "")))[:100]
            if not source:
                continue
            if commit := _COMMIT.fullmatch(source):
                address = commit[1]
            elif not _CHECKSUM.fullmatch(checksum):
                return f"its lock file has no checksum for `{shown}`"
            else:
                address = source.partition("+")[2]
            if source not in _CRATES_IO and not self._is_named(address):
                return f"its lock file has `{shown}` from `{origins.shown(address)}`, which {self._settings.host.file} does not name"
        return ""

    def _is_named(self, address: str) -> bool:
        """Tell whether the configuration names the repository or registry at `address`: by that, or by its name."""
        tables = configuration.configuration(self._settings).get("registries")
        called = [
            name
            for name, table in (tables.items() if isinstance(tables, Mapping) else ())
            if isinstance(table, Mapping) and str(table.get("index", "")).removeprefix("sparse+") == address
        ]
        return any(origins.is_named(one, self._settings) for one in (address, f"sparse+{address}", *called))


def _locked(document: Mapping[str, object]) -> Iterator[Mapping[str, str]]:
    """Yield the packages of a lock file, also those for which it has no use."""
    patch = document.get("patch")
    unused = patch.get("unused") if isinstance(patch, Mapping) else None
    for packages in (document.get("package"), unused):
        for package in packages if isinstance(packages, list) else ():
            if not all(isinstance(package.get(key, ""), str) for key in ("name", "source", "checksum")):
                raise TypeError
            yield package


def _sources(data: bytes) -> str:
    """Return what is wrong with what tells which files packages have read."""
    try:
        found = json.loads(data)
        names = [name for one in found["packages"].values() for kind in ("paths", "packages") for name in one[kind]]
        fine = found["format"] == FORMAT and isinstance(found.get("pins", ""), str)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return "its `sources.json` cannot be read"
    if not fine or len(names) > MOST:
        return "its `sources.json` is of another version, or too long"
    if any(not isinstance(name, str) or name.startswith("/") or "\0" in name for name in names):
        return "its `sources.json` names files that are of no package"
    return ""
