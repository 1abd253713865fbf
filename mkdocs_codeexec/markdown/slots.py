"""Slots: the places that samples leave on a page, and how they are filled.

A slot is HTML that stands for itself: it shows the source, so that whoever reads `page.content` before the samples
have run finds what a page without this plugin would have. Filling goes over the page once, and what is put in is
never looked at again: output that looks like a slot is output. The names of slots can be computed by whoever knows the
page, so that nothing random is ever in it; what is put in is therefore made sure to hold no slot.
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


def fill(
    html: str,
    fragments: Callable[[str, str, str], str | None],
    following: Callable[[str, str, str, int], tuple[int, int] | None] | None = None,
) -> str:
    """Return `html` with each slot replaced by what `fragments` answers for it.

    One pass, linear in the size of `html`.

    Args:
        html: A page, or a part of one.
        fragments: Gets the slot, its source HTML, and what belongs to the source and stands behind it; for None the slot
            is left as it is.
        following: Says where in `html` that is which belongs to a source; gets the slot, the source, `html`, and where
            the slot ends.
    """
    pieces: list[str] = []
    done = 0
    for slot, start, inner_start, inner_end, end in _slots(html):
        if start < done:
            continue
        source = html[inner_start:inner_end]
        first, last = (following(slot, source, html, end) if following else None) or (end, end)
        fragment = fragments(slot, source, fill(html[first:last], fragments, following) if first < last else "")
        if fragment is not None:
            pieces += (html[done:start], _inert(fragment), html[end:first])
            done = last
    pieces.append(html[done:])
    return "".join(pieces)


def erase(html: str, known: Callable[[str], bool]) -> str:
    """Return `html` without the marks of slots that are `known` and were not filled, such as those in a comment."""
    if _ATTRIBUTE + "slot" not in html and _ATTRIBUTE + "end" not in html:
        return html
    mark = re.compile(r"""(<div\b[^<>]*?)\sdata-codeexec-(?:slot|end)=["']?([A-Za-z0-9_-]+)["']?""")
    return mark.sub(lambda found: found[1] if known(found[2]) else found[0], html)


def _inert(fragment: str) -> str:
    """Return `fragment` without marks of slots: a later pass over the page would take them for its own."""
    return erase(fragment, lambda _: True)


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
    if _ATTRIBUTE not in html:
        return
    position = 0
    pattern = re.compile(_MARK, re.VERBOSE)
    comment = html.find("<!--")
    while (place := html.find(_ATTRIBUTE, position)) >= 0:
        if 0 <= comment < place:
            # Without an end it comments nothing out; after one such there can be no other with an end.
            close = html.find("-->", comment + 4)
            position = close + 3 if close >= 0 else position
            comment = html.find("<!--", position) if close >= 0 else -1
            continue
        start = html.rfind("<", position, place)
        mark = pattern.match(html, start) if start >= 0 else None
        position = mark.end() if mark else place + len(_ATTRIBUTE)
        yield from (mark,) if mark else ()
