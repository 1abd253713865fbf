"""The samples that can be seen in a page's raw text, before the page is converted.

A first look, so that compilers can start early. It knows no includes and nothing of other plugins, and may take for a
sample what is none (in a comment, say). What it misses is found when the page is converted; what it sees is compiled
and never run.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.sample import Location
from mkdocs_codeexec.markdown.header import parse_header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.markdown.claiming import Claim
    from mkdocs_codeexec.markdown.header import Header

_FENCE = re.compile(r"^([ \t>]*)(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)


def glimpse(text: str, page: str, claim: Callable[[Header], Claim | None]) -> Iterator[Sample]:
    """Yield what looks like a sample in `text`, the file of `page`.

    Args:
        text: As it is on disk.
        page: Its path under `docs_dir`.
        claim: Says what is done with a header.
    """
    opening: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opening is None:
            opening = fence
        elif fence[2].startswith(opening[2]) and not fence[3].strip():
            found = claim(parse_header(opening[3]))
            request = found.request if found else None
            if request is not None and not request.ignored and not request.refusal:
                code = _code(text[opening.end() + 1 : fence.start()], opening[1])
                if "--8<--" not in code:
                    yield request.sample(Location(page, text.count("\n", 0, opening.start()) + 1), code)
            opening = None


def headers(text: str) -> Iterator[Header]:
    """Yield the header of all that looks like the start of a fence, or its end, at any indentation."""
    return (parse_header(fence[3]) for fence in _FENCE.finditer(text))


def _code(text: str, prefix: str) -> str:
    """Return the lines of `text` without `prefix`, the indentation or the mark of a quotation before the fence."""
    text = text.removesuffix("\n").expandtabs(4)
    if not prefix:
        return text
    prefix = prefix.expandtabs(4)
    return "\n".join(
        line.removeprefix(prefix) if line.startswith(prefix) else line.lstrip(" >") for line in text.split("\n")
    )
