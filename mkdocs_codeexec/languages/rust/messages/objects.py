"""What cargo and rustc say to programs: a JSON object a line, between lines for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def objects(text: str) -> Iterator[Mapping[str, object]]:
    """Yield the objects in `text`, which a build script may have written into, too: what is none is left out."""
    for line in text.splitlines():
        if (found := object_in(line)) is not None:
            yield found


def object_in(line: str) -> Mapping[str, object] | None:
    """Return the object that `line` is; None if it is something else."""
    if not line.startswith("{"):
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
