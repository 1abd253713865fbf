"""The front matter of a page's file, which Zensical is not asked for before it renders the page."""

from __future__ import annotations

import re
from typing import Any

from mkdocs_codeexec.markdown.front_matter import FIELD

_BETWEEN = re.compile(r"-{3}[ \t]*\n(.*?\n)(?:\.{3}|-{3})[ \t]*\n", re.DOTALL)
"""MkDocs: `mkdocs.utils.meta.YAML_RE`."""


def front_matter(text: str) -> dict[str, Any]:
    """Return the front matter of `text`; nothing if it does not name us, or is no YAML."""
    return parted(text)[0] if FIELD in text else {}


def parted(text: str) -> tuple[dict[str, Any], str]:
    """Return all front matter of `text`, and what follows it: all of `text` if that has none, or it is no YAML."""
    found = _BETWEEN.match(text)
    if found is None:
        return {}, text
    import yaml

    try:
        values = yaml.safe_load(found[1])
    except (yaml.YAMLError, ValueError, RecursionError):  # a date that there is not is a ValueError
        return {}, text
    named = {str(name): value for name, value in values.items()} if isinstance(values, dict) else {}
    return named, text[found.end() :]
