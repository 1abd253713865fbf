"""Code annotations of Material: a list after a code block whose comments have markers such as `(1)`.

Material looks for the list right behind the block, where the output of a sample would stand. So that it is found, it is
put between the two. All else stays where its author wrote it: a list is taken only where Material would take it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_BETWEEN = re.compile(r"(?:\s+|<!--.*?-->|<p\b[^<>]*>[^<>]*</p\s*>)*", re.DOTALL)
"""What Material passes over on its way to the list: paragraphs without an element in them."""
_TAG = re.compile(r"<!--.*?-->|<(?P<closes>/?)(?P<name>ol|ul|li)\b[^<>]*>", re.DOTALL)
_LIST = re.compile(r"<ol\b")
_SPAN = re.compile(r"""<span\b[^<>]*?\sclass=["'](?P<classes>[^"'<>]*)["'][^<>]*>(?P<text>[^<>]+)""")
_MARKER = re.compile(r"\((\d{1,4})\)")
_ANNOTATE = re.compile(r"""<\w+\b[^<>]*?\sclass=["'](?:[^"'<>]*\s)?annotate[\s"']""")
_LANGUAGE = re.compile(r"""\sclass=["'](?:[^"'<>]*\s)?language-([^\s"'<>]+)""")
_COMMENTS = frozenset({"c", "c1", "cm"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """What a site says of code annotations.

    Attributes:
        everywhere: Whether every code block may have some; else those of the class `annotate`.
        further: Selectors of what may hold markers beside comments, by language: `extra.annotate` of Material.
    """

    everywhere: bool
    further: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def following(self, source: str, html: str, end: int) -> tuple[int, int] | None:
        """Return where in `html` the list of annotations of a code block starts and ends; None if it has none.

        Args:
            source: The code block, as the site's highlighter made it.
            html: The page.
            end: Where in the page the block ends.
        """
        if not (self.everywhere or ("annotate" in source and _ANNOTATE.search(source))):
            return None
        start = between.end() if (between := _BETWEEN.match(html, end)) else end
        if not _LIST.match(html, start):
            return None
        markers = set(self._markers(source))
        extent = _extent(html, start) if markers else None
        if extent is None or not any(1 <= marker <= extent[1] for marker in markers):
            return None
        return start, extent[0]

    def _markers(self, source: str) -> Iterator[int]:
        language = _LANGUAGE.search(source)
        selectors = self.further.get(language[1], ()) if language else ()
        hosts = _COMMENTS | {selector.removeprefix(".") for selector in selectors}
        for span in _SPAN.finditer(source):
            if not hosts.isdisjoint(span["classes"].split()):
                yield from map(int, _MARKER.findall(span["text"]))


def _extent(html: str, start: int) -> tuple[int, int] | None:
    """Return where the list that starts at `start` ends, and how many items it has; None if it does not end."""
    depth = items = 0
    for tag in _TAG.finditer(html, start):
        if tag["name"] == "li":
            items += depth == 1 and not tag["closes"]
        elif tag["name"]:
            depth += -1 if tag["closes"] else 1
            if not depth:
                return tag.end(), items
    return None
