"""Hidden lines before Rust samples: those of the site, and after them those of a page."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence

from mkdocs_codeexec.core.hidden import runnable
from mkdocs_codeexec.errors import ConfigurationError
from mkdocs_codeexec.languages.rust.source.lexer import Unlexable
from mkdocs_codeexec.languages.rust.source.outline import outline
from mkdocs_codeexec.languages.rust.source.prepare import Preamble, line_of, preamble

SITE = "languages.rust"
PAGE = "codeexec"
"""Where a preamble is written: in the configuration, and in the front matter of a page."""


def objection(text: str) -> str:
    """Return why `text` is no preamble; empty if it can be one."""
    try:
        preamble(runnable(text))
    except Unlexable as error:
        return f"not Rust: {error}"
    return ""


def check(text: str) -> None:
    """Check the site's preamble.

    Raises:
        ConfigurationError: It is not Rust.
    """
    if wrong := objection(text):
        raise ConfigurationError(f"`languages.rust.preamble`: {wrong}")


@functools.lru_cache(maxsize=256)
def joined(site: str, page: str) -> Preamble:
    """Return the preamble of a page's samples: the lines of `site`, then those of `page`.

    Inner attributes of the page come first, as they must.

    Raises:
        Unlexable: One of them is not Rust.
    """
    return preamble("\n".join(text for text, _, _ in _parts(site, page)))


def place(site: str, page: str, part: str, at: int) -> str:
    """Return where the text was written that is at the offset `at` of `part`, one of the parts of what `joined` returns."""
    lines = [(name, number) for _, numbers, name in _parts(site, page) for number in numbers]
    name, number = lines[line_of(joined(site, page), part, at) - 1]
    return f"the preamble of `{name}` (line {number})"


def _parts(site: str, page: str) -> list[tuple[str, list[int], str]]:
    """Return what a preamble is made of: texts, the number that each of their lines has, and what it is a preamble of."""
    site, page = runnable(site), runnable(page)
    spans = outline(page).attributes if site.strip() and page.strip() else ()
    first = "\n".join(page[start:end] for start, end in spans)
    kept = [at for at in range(len(page)) if not any(start <= at < end for start, end in spans)]
    parts = (
        (first, _numbers(page, [at for start, end in spans for at in (*range(start, end), -1)][:-1]), PAGE),
        (site, _numbers(site, range(len(site))), SITE),
        ("".join(page[at] for at in kept), _numbers(page, kept), PAGE),
    )
    return [part for part in parts if part[0].strip()]


def _numbers(text: str, kept: Sequence[int]) -> list[int]:
    """Return the number in `text` of each line of what the offsets `kept` leave of it; -1 is a further line break."""
    lines, found = list(itertools.accumulate((letter == "\n" for letter in text), initial=1)), []
    ended = True
    for at in kept:
        if ended:
            found.append(lines[max(at, 0)])
        ended = at < 0 or text[at] == "\n"
    return [*found, lines[-1]] if ended else found
