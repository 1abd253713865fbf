"""TOML as cargo takes it: manifests, lock files and configurations, which may be a stranger's."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

NESTED = 80
"""Tables and lists in each other in a TOML document: as many as cargo takes."""


def read_toml(content: bytes | None) -> Mapping[str, object]:
    """Return the TOML document `content`, empty if it is none: whoever it is for says what is wrong with it.

    For cargo it is none either if its tables are nested without end, or its numbers have more than 64 bits.
    """
    try:
        found = tomllib.loads((content or b"").decode("utf-8"))
    except (ValueError, RecursionError):
        return {}
    return found if is_usual(found) else {}


def is_usual(document: object) -> bool:
    """Tell whether cargo would take a TOML document, as far as depth and numbers go."""
    level = [document]
    for _ in range(NESTED):
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                below += value.values()
            elif isinstance(value, list):
                below += value
            elif isinstance(value, int) and not -(2**63) <= value < 2**63:
                return False
        level = below
        if not level:
            return True
    return False
