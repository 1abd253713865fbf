"""Whether a line that is indented is indented code, or the content of something."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_LIST = r"[-*+]|\d+\."
_CONTAINERS = {"admonition": "!!!", "pymdownx.details": r"\?\?\?\+?", "pymdownx.tabbed": "===[!+]*"}
"""How that begins whose content is indented by four, by the extension that makes it so."""
_INDENT = 4


_FAR = 1000
"""Lines that are looked at to find what a fence is the content of."""


def containers(extensions: Collection[str]) -> re.Pattern[str]:
    """Return what matches the first line of that which has content, on a site with `extensions`."""
    marks = [_LIST, *(mark for name, mark in _CONTAINERS.items() if name in extensions)]
    return re.compile(rf"(?:{'|'.join(marks)})\s")


def is_at_home(lines: Sequence[str], place: int, container: re.Pattern[str]) -> bool:
    """Tell whether a fence at `place` is no indented code: it is not indented, or is the content of something."""
    line = lines[place].lstrip(" ")
    indent = len(lines[place]) - len(line)
    if line.startswith(">"):
        inside = line.lstrip("> ")
        return indent < _INDENT and len(line) - len(inside) <= _INDENT and inside[:1] in "`~"
    while indent >= _INDENT:
        place = next((at for at in range(place - 1, max(place - _FAR, -1), -1) if 0 <= _indent(lines[at]) < indent), -1)
        if place < 0 or indent - _indent(lines[place]) != _INDENT or not container.match(lines[place].lstrip()):
            return False
        indent = _indent(lines[place])
    return True


def _indent(line: str) -> int:
    """Return by how much `line` is indented; -1 for an empty one."""
    return len(line) - len(line.lstrip(" ")) if line.strip() else -1


ANY = containers(_CONTAINERS)
"""On a site with all extensions that make containers."""
