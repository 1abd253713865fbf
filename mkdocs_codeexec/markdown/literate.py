"""Fences whose text is a part of the page: `md exec`, of markdown-exec.

What is in one is Markdown where it stands, and fences in it are fences of the page. So the lines that begin and end it are
taken away, and nothing else: each line stays at its place, and a sample in it has the line that its author sees.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.markdown.claiming import WORDS
from mkdocs_codeexec.markdown.containers import ANY, is_at_home
from mkdocs_codeexec.markdown.header import is_inline_code, parse_header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mkdocs_codeexec.markdown.claiming import Claim
    from mkdocs_codeexec.markdown.header import Header

_FENCE = re.compile(r"(?P<prefix>[ \t>]*)(?P<fence>`{3,}|~{3,})(?P<info>.*)")


class Literate(NamedTuple):
    """A fence whose text is a part of the page.

    Attributes:
        claim: What its header says.
        start: Index of the line that begins it.
        end: Index of the line that ends it.
        prefix: What it is indented or quoted by.
    """

    claim: Claim
    start: int
    end: int
    prefix: str

    def around(self, source: str, own: str) -> tuple[str, str]:
        """Return what stands before and behind the text, in HTML.

        Args:
            source: Of the fence, as HTML.
            own: What the ids of its tabs begin with, which no others do.
        """
        place = self.claim.source
        if place not in ("tabbed-left", "tabbed-right"):
            return ("", source) if place == "below" else (source, "")
        labels, inputs = "", ""
        names = self.claim.tabs if place == "tabbed-left" else self.claim.tabs[::-1]
        for number, name in enumerate(names, 1):
            checked = ' checked="checked"' if number == 1 else ""
            inputs += f'<input{checked} id="{own}_{number}" name="{own}" type="radio">'
            labels += f'<label for="{own}_{number}">{escape(name)}</label>'
        begin = (
            f'<div class="codeexec"><div class="tabbed-set tabbed-alternate">{inputs}'
            f'<div class="tabbed-labels">{labels}</div><div class="tabbed-content"><div class="tabbed-block">'
        )
        between, end = '</div><div class="tabbed-block">', "</div></div></div></div>"
        if place == "tabbed-left":
            return f"{begin}{source}{between}", end
        return begin, f"{between}{source}{end}"

    def text(self, lines: Sequence[str]) -> str:
        """Return what is in it, of `lines`."""
        width = len(self.prefix)
        quoted = ((line[:width], line) for line in lines[self.start + 1 : self.end])
        return "\n".join(line[width:] if not start.strip(" \t>") else line for start, line in quoted)


def literate(lines: Sequence[str], claim: Callable[[Header], Claim | None]) -> Iterator[Literate]:
    """Yield such fences of `lines` in order, those that are in others too.

    Args:
        lines: Of a page.
        claim: Says what is done with a header.
    """
    at = 0
    ends: set[int] = set()
    while at < len(lines):
        found = _FENCE.match(lines[at]) if "```" in lines[at] or "~~~" in lines[at] else None
        if found is None or at in ends or (found["fence"][0] == "`" and is_inline_code(found["info"])):
            at += 1
            continue
        end = _end(lines, at, min((one for one in ends if one > at), default=len(lines)), found)
        header = parse_header(found["info"])
        asks = claim(header) if header.language in WORDS and end else None
        if end and asks is not None and asks.literate and is_at_home(lines, at, ANY):
            yield Literate(asks, at, end, found["prefix"])
            ends.add(end)
        elif end:
            at = end
        at += 1


def _end(lines: Sequence[str], start: int, limit: int, opener: re.Match[str]) -> int:
    """Return the index of the line before `limit` that ends the fence that `opener` begins at `start`; 0 if there is none."""
    fence, quotes = opener["fence"], opener["prefix"].count(">")
    for at in range(start + 1, limit):
        if lines[at].count(">", 0, len(opener["prefix"]) + 3) < quotes:
            return 0
        found = _FENCE.fullmatch(lines[at]) if fence in lines[at] else None
        if (
            found
            and found["fence"].startswith(fence)
            and not found["info"].strip()
            and len(found["prefix"]) - len(opener["prefix"]) in range(4)
        ):
            return at
    return 0
