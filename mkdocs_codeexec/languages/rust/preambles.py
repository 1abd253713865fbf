"""Hidden lines before Rust samples: those of the site, and after them those of a page."""

from __future__ import annotations

import functools

from mkdocs_codeexec.core.hidden import runnable
from mkdocs_codeexec.errors import ConfigurationError
from mkdocs_codeexec.languages.rust.source.lexer import Unlexable
from mkdocs_codeexec.languages.rust.source.outline import outline
from mkdocs_codeexec.languages.rust.source.prepare import Preamble, preamble


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
    site, page = runnable(site), runnable(page)
    spans = outline(page).attributes if site.strip() and page.strip() else ()
    first = "\n".join(page[start:end] for start, end in spans)
    for start, end in reversed(spans):
        page = page[:start] + page[end:]
    return preamble("\n".join(part for part in (first, site, page) if part.strip()))
