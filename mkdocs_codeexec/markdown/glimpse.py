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
from mkdocs_codeexec.markdown.collecting import Desk
from mkdocs_codeexec.markdown.fences import Fences, Opened
from mkdocs_codeexec.markdown.header import parse_header
from mkdocs_codeexec.markdown.locating import Lines
from mkdocs_codeexec.markdown.nesting import Nesting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.markdown.claiming import Claim
    from mkdocs_codeexec.markdown.header import Header

_HEADER = re.compile(r"(?:`{3,}|~{3,})([^\n]+)$", re.MULTILINE)
"""What may be one; most pages hold none that asks for anything, and are not looked at any further."""


class Glimpse:
    """Looks at pages.

    Args:
        claim: Says what is done with a header.
    """

    def __init__(self, claim: Callable[[Header], Claim | None]) -> None:
        self._claim = claim
        self._md = Markdown(extensions=["pymdownx.superfences"])
        desk = Desk(_Nobody(), claim, Lines(), stand_in=False, nesting=Nesting())
        self._fences = _Seeing(self._md, self._md.preprocessors["fenced_code_block"], desk)
        self._fences.extension.superfences[0]["formatter"] = self._fences.highlight

    def __call__(self, text: str, page: str, *, certain: bool = False) -> Iterator[Sample]:
        """Yield what looks like a sample in `text`, the file of `page` as it is on disk.

        Args:
            text: All of it.
            page: Its path below `docs_dir`.
            certain: Leave out what may turn out not to be on the page: in a comment, in indented code, in a template.
        """
        if not any(self._asks(header) for header in set(_HEADER.findall(text))):
            return
        lines = text.expandtabs(self._md.tab_length).split("\n")
        self._fences.run([line if line.strip() else "" for line in lines])
        self._md.reset()
        if certain and "{%" in text:
            return
        commented = _commented(lines) if certain else []
        for opened, code in self._fences.seen:
            if certain and (commented[opened.place] or not _is_at_home(lines, opened.place)):
                continue
            request = opened.claim.request
            if request is not None and not request.ignored and not request.refusal and "--8<--" not in code:
                yield request.sample(Location(page, opened.place + 1), code)

    def _asks(self, header: str) -> bool:
        found = self._claim(parse_header(header))
        return found is not None and found.request is not None


_CONTAINER = re.compile(r"(?:!!!|\?\?\?\+?|===[!+]*|[-*+]|\d+\.)\s")
"""How that begins whose content is indented by four: admonitions, details, tabs, lists."""
_INDENT = 4


_FAR = 1000
"""Lines that are looked at to find what a fence is the content of."""


def _commented(lines: Sequence[str]) -> list[bool]:
    """Return of each line whether a comment that begins before it may not have ended."""
    found: list[bool] = []
    comment = False
    for line in lines:
        found.append(comment)
        begin, end = line.rfind("<!--"), line.rfind("-->")
        comment = end < begin if begin >= 0 else comment and end < 0
    return found


def _is_at_home(lines: Sequence[str], place: int) -> bool:
    """Tell whether a fence at `place` is no indented code: it is not indented, or is the content of something."""
    line = lines[place].lstrip(" ")
    indent = len(lines[place]) - len(line)
    if line.startswith(">"):
        inside = line.lstrip("> ")
        return indent < _INDENT and len(line) - len(inside) <= _INDENT and inside[:1] in "`~"
    while indent >= _INDENT:
        place = next((at for at in range(place - 1, max(place - _FAR, -1), -1) if 0 <= _indent(lines[at]) < indent), -1)
        if place < 0 or indent - _indent(lines[place]) != _INDENT or not _CONTAINER.match(lines[place].lstrip()):
            return False
        indent = _indent(lines[place])
    return True


def _indent(line: str) -> int:
    """Return by how much `line` is indented; -1 for an empty one."""
    return len(line) - len(line.lstrip(" ")) if line.strip() else -1


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
