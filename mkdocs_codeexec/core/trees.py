"""Trees of files: written by indentation, shown with lines, as markdown-exec's `tree` fences are."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

FOLDER, FILE = "📁 ", "📄 "
"""What stands before names where nothing knows better."""
_DRAWN = re.compile("[├└│─┬]|^[ \t]*[|+`]--", re.MULTILINE)
"""What stands in a tree that its author has drawn."""


class Node(NamedTuple):
    """A name, and what is in it."""

    name: str
    inside: list[Node]


def is_drawn(code: str) -> bool:
    """Tell whether `code` is a tree already."""
    return _DRAWN.search(code) is not None


def parse(code: str) -> list[Node]:
    """Return the tree that `code` is: what is indented more than a line is in it."""
    root: list[Node] = []
    open_: list[tuple[int, list[Node]]] = [(0, root)]
    for line in dedent(code.strip("\n").rstrip()).split("\n"):
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip())
        while indent < open_[-1][0] and len(open_) > 1:
            open_.pop()
        if indent > open_[-1][0] and open_[-1][1]:
            open_.append((indent, open_[-1][1][-1].inside))
        open_[-1][1].append(Node(line.strip(), []))
    return root


def drawn(code: str, icon: Callable[[str], str] | None = lambda _: FILE) -> str:
    """Return the tree that `code` is, with lines.

    Args:
        code: One name a line.
        icon: Returns what stands before the name of a file; None if nothing stands before any name.
    """
    return "\n".join(_lines(parse(code), icon, root=True))


def _lines(nodes: Sequence[Node], icon: Callable[[str], str] | None, *, root: bool = False) -> Iterator[str]:
    for node in nodes:
        last = node is nodes[-1]
        mark = "" if root else f"{'└' if last else '├'}── "
        name = node.name.split()[0]
        is_folder = bool(node.inside) or name.endswith("/")
        yield mark + ("" if icon is None else FOLDER if is_folder else icon(name)) + node.name
        before = "" if root else f"{' ' if last else '│'}   "
        for line in _lines(node.inside, icon):
            yield before + line
