"""Lock files of cargo, as text: only cargo writes them, and always so; a parser of all TOML takes long for large ones.

An Environment starts from what others have locked: the workspaces of local packages, and the Environment itself before.
cargo takes the versions of a lock file as far as they fit, adds what is missing, and leaves out what nobody needs.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from mkdocs_codeexec.core.action import digest

_BLOCK = re.compile(r"^\[\[package\]\]\n(?:(?!\[).*\n?)*", re.MULTILINE)
_FIELD = re.compile(r'^(name|version|source|checksum) = "([^"\n]*)"$', re.MULTILINE)
_NEED = re.compile(r'^ "([^"\n ]+)((?: [^"\n]*)?)",?$', re.MULTILINE)
_FORMAT = re.compile(r"^version = (\d{1,9})$", re.MULTILINE)


class Locked(NamedTuple):
    """One package of a lock file.

    Attributes:
        name: Of the package.
        version: That is locked.
        source: Where it is from; empty for a local one.
        checksum: Of its archive; may be empty.
        text: Its part of the file.
    """

    name: str
    version: str
    source: str = ""
    checksum: str = ""
    text: str = ""

    @property
    def line(self) -> tuple[str, str, str]:
        """What only one version of a graph can have: versions that cargo takes for compatible exclude each other."""
        major, _, rest = self.version.partition(".")
        minor, _, patch = rest.partition(".")
        compatible = major if major != "0" else f"0.{minor}" if minor != "0" else f"0.0.{patch}"
        return self.name, compatible, self.source


def packages(lock: str) -> Iterator[Locked]:
    """Yield the packages of a lock file, in its order."""
    for block in _BLOCK.finditer(lock.replace("\r\n", "\n")):
        fields = dict(_FIELD.findall(block[0]))
        if "name" in fields and "version" in fields:
            yield Locked(**fields, text=block[0].rstrip("\n"))


def readable(lock: str) -> bool:
    """Tell whether `lock` is a lock file that can be begun with, and not a merge that somebody must finish, say."""
    return not re.search(r"^(?:<<<<<<<|>>>>>>>)", lock, re.MULTILINE) and next(packages(lock), None) is not None


def joined(locks: Sequence[str]) -> str | None:
    """Return one lock file of several, of which the first count most; None if there are none.

    Of versions that exclude each other, the first is taken.
    """
    found = [lock for lock in locks if lock]
    if len(found) < 2:
        return found[0] if found else None
    taken: dict[tuple[str, str, str], Locked] = {}
    texts: list[tuple[Locked, Sequence[Locked]]] = []
    for lock in found:
        own = tuple(packages(lock))
        texts += ((one, own) for one in own if taken.setdefault(one.line, one) is one)
    by_name: dict[str, list[Locked]] = {}
    for one in taken.values():
        by_name.setdefault(one.name, []).append(one)
    blocks = [
        _NEED.sub(functools.partial(_needed, own=own, by_name=by_name, taken=taken), one.text) for one, own in texts
    ]
    version = max((int(match[1]) for match in map(_FORMAT.search, found) if match), default=3)
    return "\n\n".join((f"version = {version}", *sorted(blocks))) + "\n"


def _needed(
    need: re.Match[str],
    own: Iterable[Locked],
    by_name: Mapping[str, Sequence[Locked]],
    taken: Mapping[tuple[str, str, str], Locked],
) -> str:
    """Return the line of a dependency, as it must be written among the packages that are `taken`.

    A name will do where there is one version; else the version is said, and the source where versions are equal.
    """
    name, rest = need[1], need[2].strip()
    version, _, source = rest.partition(" ")
    fit = [one for one in own if one.name == name and version in ("", one.version)]
    meant = next((one for one in fit if source in ("", f"({one.source})")), fit[0] if fit else None)
    found = taken.get(meant.line) if meant else None
    if found is None:
        return need[0]
    others = by_name.get(name, ())
    text = found.name
    if len(others) > 1:
        text += f" {found.version}"
    if found.source and sum(one.version == found.version for one in others) > 1:
        text += f" ({found.source})"
    return f' "{text}",'


def pins(locks: Sequence[str], names: Iterable[str]) -> str:
    """Return what changes when `locks` lock packages called one of `names` otherwise; empty if there are no locks."""
    if not locks:
        return ""
    wanted = set(names)
    found = sorted({one[:4] for one in packages(joined(locks) or "") if one.name in wanted})
    return digest(tuple(found))
