"""One state in which an Environment was built, as it is written down beside it: the next build needs no cargo then."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.core.action import digest
from mkdocs_codeexec.files import read_json, write_json
from mkdocs_codeexec.languages.rust.environments.picked import NOTHING, Picked
from mkdocs_codeexec.languages.toolchain import stat_of
from mkdocs_codeexec.untrusted.regular import read_regular

if TYPE_CHECKING:
    from mkdocs_codeexec.languages.rust.environments.capture import Arguments

FORMAT = 5
CONTENT_LIMIT = 64 * 1024 * 1024
_UNIT = re.compile(r"-([0-9a-f]{16})(?![0-9a-z])")


@dataclass(frozen=True, slots=True)
class Built:
    """A state.

    Attributes:
        built_from: Digest of what it was built from.
        captured: How rustc was called for the probe.
        libraries: What changes when one of the libraries does that samples name.
        units: What cargo appended to the names of all that it made, so that nobody removes it.
        local: Folders of the local packages that it was built of.
        picked: What of the target directory its samples see.
    """

    built_from: str
    captured: bytes
    libraries: str
    units: tuple[str, ...]
    local: tuple[str, ...] = ()
    picked: Picked = NOTHING


def load(path: Path) -> Built | None:
    """Return the state that was written to `path`, None if there is none."""
    return read_json(path, _read)


def _read(value: Any) -> Built | None:
    if value["format"] != FORMAT:
        return None
    return Built(
        built_from=str(value["built_from"]),
        captured=str(value["captured"]).encode("utf-8", "surrogateescape"),
        libraries=str(value["libraries"]),
        units=tuple(map(str, value["units"])),
        local=tuple(map(str, value["local"])),
        picked=Picked(*(tuple(map(str, names)) for names in value["picked"])),
    )


def save(built: Built, path: Path) -> None:
    """Write `built` to `path`.

    Raises:
        OSError: As the disk says.
    """
    value = {
        "format": FORMAT,
        "built_from": built.built_from,
        "captured": built.captured.decode("utf-8", "surrogateescape"),
        "libraries": built.libraries,
        "units": built.units,
        "local": built.local,
        "picked": built.picked,
    }
    write_json(path, value, compact=True)


def content(path: Path, limit: int = CONTENT_LIMIT) -> bytes | None:
    """Return what is in the file `path`, which code of others may have made; None if it is no usual file."""
    return read_regular(path, limit)


def use(path: Path) -> None:
    """Note that the state in `path` is in use.

    Raises:
        OSError: As the disk says.
    """
    os.utime(path)


def libraries(arguments: Arguments) -> str:
    """Return what changes when one of the libraries does that samples name.

    Others may have built the same libraries of other sources since, in the same target directory. A library is
    written anew whenever one that it needs is, so those that samples name tell of all.
    """
    return digest(tuple(stat_of(path) for path in arguments.libraries))


def units(messages: str, captured: bytes) -> tuple[str, ...]:
    """Return what cargo appends to the names of what it makes, from its messages; the probe's is in its arguments."""
    return tuple(sorted({*_UNIT.findall(messages), *_UNIT.findall(captured.decode("utf-8", "replace"))}))
