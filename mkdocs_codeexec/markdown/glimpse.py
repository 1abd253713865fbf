"""The samples that can be seen in a page's raw text, before the page is converted.

A first look, so that compilers can start early. superfences looks for fences, as it will when the page is converted; what
it would highlight is only noted. It knows no includes and nothing of other plugins, and may take for a sample what is none
(in a comment, say). What it misses is found when the page is converted; what it sees is compiled and never run.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from markdown import Markdown

from mkdocs_codeexec.core.sample import Location
from mkdocs_codeexec.markdown.collecting import Desk, PageContext
from mkdocs_codeexec.markdown.fences import Fences, Opened
from mkdocs_codeexec.markdown.header import parse_header
from mkdocs_codeexec.markdown.locating import Lines
from mkdocs_codeexec.markdown.nesting import Nesting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.markdown.claiming import Claim
    from mkdocs_codeexec.markdown.header import Header

_HEADER = re.compile(r"(?:`{3,}|~{3,})([^\n]+)$", re.MULTILINE)
"""What may be one; most pages hold none that asks for anything, and are not looked at any further."""


class Glimpse:
    """Looks at pages.

    Args:
        claim: Says what is done with a header on a page.
    """

    def __init__(self, claim: Callable[[Header, PageContext], Claim | None]) -> None:
        self._claim = claim
        self._page = PageContext(page="")
        self._md = Markdown(extensions=["pymdownx.superfences"])
        desk = Desk(_Nobody(), self._claimed, Lines(), stand_in=False, nesting=Nesting())
        self._fences = _Seeing(self._md, self._md.preprocessors["fenced_code_block"], desk)
        self._fences.extension.superfences[0]["formatter"] = self._fences.highlight

    def __call__(self, text: str, page: PageContext) -> Iterator[Sample]:
        """Yield what looks like a sample in `text`, the file of `page` as it is on disk."""
        self._page = page
        if not any(self._asks(header) for header in set(_HEADER.findall(text))):
            return
        lines = text.expandtabs(self._md.tab_length).split("\n")
        self._fences.run([line if line.strip() else "" for line in lines])
        self._md.reset()
        for opened, code in self._fences.seen:
            request = opened.claim.request
            if request is not None and not request.ignored and not request.refusal and "--8<--" not in code:
                yield request.sample(Location(page.page, opened.place + 1), code)

    def _claimed(self, header: Header) -> Claim | None:
        return self._claim(header, self._page)

    def _asks(self, header: str) -> bool:
        found = self._claimed(parse_header(header))
        return found is not None and found.request is not None


class _Seeing(Fences):
    """Notes samples instead of rendering them."""

    def run(self, lines: list[str]) -> list[str]:
        self.seen: list[tuple[Opened, str]] = []
        return super().run(lines)

    def _render(self, opened: Opened, *, src: str, **_: object) -> str:
        self._opened = None
        self.seen.append((opened, src))
        return ""

    def highlight(self, *_: Any, **__: Any) -> str:
        """Return nothing: nobody will see it."""
        return ""


class _Nobody:
    """A Collector that hears nothing, because there is no page."""

    def page(self) -> None:
        return None

    def add(self, *_: object) -> str:
        return ""

    def report(self, *_: object) -> None:
        pass

    def survives(self, *_: object) -> bool:
        return False


def headers(text: str) -> Iterator[Header]:
    """Yield the header of all that looks like the start of a fence, or its end, at any indentation."""
    return (parse_header(header) for header in _HEADER.findall(text))
