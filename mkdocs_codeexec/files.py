"""Files of ours: written whole or not at all, and what one process tells the next in them, as JSON.

Where strangers may have made the folder, a checkout or a cache that was restored, no link in it is followed, and what is
there in place of such a file goes.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mkdocs_codeexec.untrusted import Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_T = TypeVar("_T")
LARGEST = 16 * 1024 * 1024
"""Bytes of a JSON file that are read."""


def write(path: Path, text: str) -> None:
    """Replace the file `path`, in a folder that is the user's own, by one with `text` that every user may read.

    Raises:
        OSError: As the disk says; what was there is there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Mapping[str, object], *, compact: bool = False) -> None:
    """Replace the file `path` by one with `value` as JSON; its folder may be one that strangers have made.

    Args:
        path: The file; folders on the way are made.
        value: What is written.
        compact: Whether nobody is meant to read it.

    Raises:
        OSError: As the disk says; what was there is there.
    """
    write_bytes(path, json.dumps(value, separators=(",", ":")).encode() + b"\n" if compact else json_bytes(value))


def write_bytes(path: Path, data: bytes) -> None:
    """Replace the file `path` by one that holds `data`; its folder may be one that strangers have made.

    Raises:
        OSError: As the disk says; what was there is there.
    """
    with Tree(path.parent) as tree:
        tree.replace((path.name,), data)


def json_bytes(value: Mapping[str, object]) -> bytes:
    """Return `value` as JSON that people can read; mappings in it have names of text."""
    return f"{_indented(value, chr(10))}\n".encode()


def _indented(value: object, line: str) -> str:
    """Return what `json.dumps(value, indent=1)` returns, which takes ten times as long: only its other half is written in C.

    Args:
        value: Mappings have names of text.
        line: What begins a line around it.
    """
    inner = f"{line} "
    if isinstance(value, dict) and value:
        if any(isinstance(each, dict | list | tuple) for each in value.values()):
            parts = [f"{json.dumps(name)}: {_indented(each, inner)}" for name, each in value.items()]
            return f"{{{inner}{f',{inner}'.join(parts)}{line}}}"
        return f"{{{inner}{json.dumps(value, separators=(f',{inner}', ': '))[1:-1]}{line}}}"
    if isinstance(value, list | tuple) and value:
        return f"[{inner}{f',{inner}'.join(_indented(each, inner) for each in value)}{line}]"
    return json.dumps(value)


def read_json(path: Path, read: Callable[[Any], _T], limit: int = LARGEST) -> _T | None:
    """Return what `read` makes of the JSON in the file `path`, which strangers may have made.

    None if there is no such file, no JSON in it, or none that `read` can make anything of: what cannot be read is not
    known, and is written anew.

    Args:
        path: The file.
        read: Makes a value of what was read. It may fail as code does for which something is missing, or of another type.
        limit: Bytes that are read at most.
    """
    try:
        with Tree(path.parent) as tree:
            return read(json.loads(tree.read((path.name,), limit)))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError):
        return None


def is_stream(file: Path) -> bool:
    """Tell whether `file`, which the user names, is written into and never replaced: a device, a pipe, or a name of one.

    `/dev/stdout` may lead to a file, and whoever is root could put another one in the place of `/dev/null`.
    """
    try:
        mode = file.stat().st_mode
    except OSError:
        return False
    if file.is_relative_to("/dev/fd") or file.is_relative_to("/proc") or file.parent == Path("/dev"):
        return True
    return stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or stat.S_ISFIFO(mode)
