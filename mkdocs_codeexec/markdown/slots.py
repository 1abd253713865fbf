"""Slots: the places that samples leave on a page, and how they are filled.

A slot is HTML that stands for itself: it shows the source, so that whoever reads `page.content` before the samples
have run finds what a page without this plugin would have. Filling goes over the page once, and what is put in is
never looked at again: output that looks like a slot is output.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ATTRIBUTE = "data-codeexec-"
# Attributes may come back from other plugins without quotes or in another order.
_MARK = r"""
    <div\b[^<>]*?\sdata-codeexec-slot=["']?(?P<open>[A-Za-z0-9_-]+)["']?[^<>]*>
  | <div\b[^<>]*?\sdata-codeexec-end=["']?(?P<end>[A-Za-z0-9_-]+)["']?[^<>]*>\s*</div>\s*</div>
"""


def open_slot(slot: str, source_html: str) -> str:
    """Return the HTML that keeps a place for `slot` and shows `source_html` until it is filled.

    Args:
        slot: Letters, digits, `_` and `-`; it should hold a token that no author can know.
        source_html: The source as the site's own highlighter makes it.
    """
    return (
        f'<div class="codeexec" data-codeexec-slot="{slot}">{source_html}<div data-codeexec-end="{slot}"></div></div>'
    )


def find(html: str) -> list[str]:
    """Return the slots of `html` in order, each once. What is commented out is not on the page."""
    return list(dict.fromkeys(slot for slot, *_ in _slots(html)))


def fill(html: str, fragments: Callable[[str, str], str | None]) -> str:
    """Return `html` with each slot replaced by what `fragments` answers for it.

    `fragments` gets the slot and its source HTML; for None the slot is left as it is. One pass, linear in the size
    of `html`.
    """
    pieces: list[str] = []
    done = 0
    for slot, start, inner_start, inner_end, end in _slots(html):
        fragment = fragments(slot, html[inner_start:inner_end])
        if fragment is not None:
            pieces += (html[done:start], fragment)
            done = end
    pieces.append(html[done:])
    return "".join(pieces)


def _slots(html: str) -> Iterator[tuple[str, int, int, int, int]]:
    """Yield name, start, start and end of the inside, and end of each slot that is complete."""
    opened: re.Match[str] | None = None
    for mark in _marks(html):
        if mark["open"]:
            opened = mark
        elif opened is not None and opened["open"] == mark["end"]:
            yield opened["open"], opened.start(), opened.end(), mark.start(), mark.end()
            opened = None


def _marks(html: str) -> Iterator[re.Match[str]]:
    """Yield the starts and ends of slots that are not commented out.

    Goes from one attribute of ours to the next: nearly all of a page is tags of the highlighter.
    """
    position = 0
    comment = -1 if _ATTRIBUTE not in html else html.find("<!--")
    while (place := html.find(_ATTRIBUTE, position)) >= 0:
        if 0 <= comment < place:
            # Without an end it comments nothing out; after one such there can be no other with an end.
            close = html.find("-->", comment + 4)
            position = close + 3 if close >= 0 else position
            comment = html.find("<!--", position) if close >= 0 else -1
            continue
        start = html.rfind("<", position, place)
        mark = re.compile(_MARK, re.VERBOSE).match(html, start) if start >= 0 else None
        position = mark.end() if mark else place + len(_ATTRIBUTE)
        yield from (mark,) if mark else ()
