"""Headings that output has brought, among those of its page."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")

_HEADING = re.compile(r"""<h[1-6]\b[^<>]*?\sid=["']?([^"'\s<>]+)""", re.IGNORECASE)


def joined(
    contents: Iterable[T],
    added: Iterable[T],
    html: str,
    identity: Callable[[T], tuple[str, int]],
    children: Callable[[T], list[T]],
) -> list[T]:
    """Return the headings of a page, `contents` and those that were `added`, in their order and nested by level.

    Args:
        contents: Nested.
        added: Nested.
        html: The page, with all of them.
        identity: Returns the id of a heading and its level.
        children: Returns those below a heading, a list that is changed.
    """
    places: dict[str, int] = {}
    for found in _HEADING.finditer(html):
        places.setdefault(unescape(found[1]), found.start())
    last, placed = -1, []
    for heading in _flat(contents, children):
        last = places.get(identity(heading)[0], last)
        placed.append((last, heading))
    placed += [(places.get(identity(heading)[0], len(html)), heading) for heading in _flat(added, children)]
    top: list[T] = []
    path: list[T] = []
    for _, heading in sorted(placed, key=lambda pair: pair[0]):
        children(heading).clear()
        while path and identity(path[-1])[1] >= identity(heading)[1]:
            path.pop()
        (children(path[-1]) if path else top).append(heading)
        path.append(heading)
    return top


def _flat(headings: Iterable[T], children: Callable[[T], list[T]]) -> Iterator[T]:
    for heading in headings:
        below = list(children(heading))
        yield heading
        yield from _flat(below, children)


def tokens_joined(
    contents: list[dict[str, object]], added: list[dict[str, object]], html: str
) -> list[dict[str, object]]:
    """Return the same for headings as Python-Markdown's `toc` has them."""

    def children(token: dict[str, object]) -> list[dict[str, object]]:
        found = token["children"]
        assert isinstance(found, list)
        return found

    return joined(contents, added, html, lambda token: (str(token["id"]), int(str(token["level"]))), children)
