"""One entry of a store: its place, and its text with a seal.

An entry is a JSON object that people can read, a field on each line. Its last field, `sha256`, is the digest of all the text before it, so
that every damage shows before anything is made of the text. Only the ends of lines may change: a checkout may.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.codec import FORMAT, from_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mkdocs_codeexec.core.action import Key
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.untrusted import Place

LARGEST = 2 * 1024 * 1024
"""Bytes of an entry; anything larger is neither written nor read."""
RESULTS = "results"
LISTS = "observed"
INDEXES = ("requests", "structures", LISTS)

_NAME = re.compile("[0-9a-f]{64}")


def shelf(what: str) -> Place:
    """Return the folder of the entries of one kind; it holds folders named by two hex digits, which hold them."""
    return (what, f"v{FORMAT}")


def place(what: str, name: str) -> Place | None:
    """Return where an entry is, or None if `name` is not the 64 hex digits that all names are."""
    return (*shelf(what), name[:2], f"{name}.json") if _NAME.fullmatch(name) else None


def named(file_name: str) -> str | None:
    """Return the name of the entry in a file called `file_name`, or None if no entry is called so."""
    name = file_name.removesuffix(".json")
    return name if name != file_name and _NAME.fullmatch(name) else None


def outcome_of(entry: Mapping[str, object], key: Key) -> Outcome:
    """Return the Outcome in `entry`.

    Raises:
        ValueError: It belongs to another key, or is none that is ever stored.
    """
    if entry.get("key") != key:
        raise ValueError("it belongs to another key")
    outcome = from_json(entry)
    if not outcome.storable or not math.isfinite(outcome.duration):
        raise ValueError("it is not the outcome of children that ended by themselves")
    return outcome


# --- Text -----------------------------------------------------------------------------------------------------------


def encode(entry: Mapping[str, object]) -> bytes:
    """Return the text of `entry`, sealed; `decode` is the inverse."""
    fields = (f"\n {_spelled(name)}: {_field(value)}" for name, value in entry.items())
    # A lone surrogate has no UTF-8; `backslashreplace` spells it as JSON does.
    payload = ("{" + ",".join(fields)).encode("utf-8", "backslashreplace")
    return payload + _seal(payload)


def _field(value: object) -> str:
    """Return the JSON of a field: a list of objects with each field of these on a line of its own, all else on one line."""
    if not isinstance(value, list) or not value or any(type(item) is not dict or not item for item in value):
        return _spelled(value)
    objects = (",".join(f"\n   {_spelled(k)}: {_spelled(v)}" for k, v in item.items()) for item in value)
    return "[" + ",".join(f"\n  {{{fields}\n  }}" for fields in objects) + "\n ]"


_spelled = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def decode(data: bytes) -> Mapping[str, object]:
    """Return the object that `encode` was given.

    Raises:
        ValueError: `data` is not what `encode` wrote.
        RecursionError: Somebody sealed what nests too deeply.
    """
    data = data.replace(b"\r\n", b"\n")
    if data[-_SEAL_LENGTH:] != _seal(data[:-_SEAL_LENGTH]):
        raise ValueError("its checksum does not match" if b'"sha256"' in data else "it has no checksum")
    entry = json.loads(data.decode("utf-8"))
    if not isinstance(entry, dict):
        raise ValueError("it holds no object")  # noqa: TRY004 - one kind of error
    return entry


def _seal(payload: bytes) -> bytes:
    return b',\n "sha256": "%s"\n}\n' % hashlib.sha256(payload).hexdigest().encode()


_SEAL_LENGTH = len(_seal(b""))
