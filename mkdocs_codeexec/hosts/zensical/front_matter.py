"""The front matter of a page's file, which Zensical is not asked for before it renders the page."""

from __future__ import annotations

import json
import re
from typing import Any

from mkdocs_codeexec.markdown.unreadable import FIELD

_BETWEEN = re.compile(r"-{3}[ \t]*\n(.*?\n)(?:\.{3}|-{3})[ \t]*\n", re.DOTALL)
"""MkDocs: `mkdocs.utils.meta.YAML_RE`."""

MOST = 10_000
"""Values in the front matter of a page, those of an alias counted wherever it stands."""


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


def as_json(meta: dict[str, Any]) -> str:
    """Return the front matter `meta` as JSON; what is no value of JSON as its text.

    Raises:
        ValueError: It is endless, or far too large: an alias may stand for what holds it, or for aliases of aliases.
    """
    waiting, count = [meta], 0
    while waiting:
        value: object = waiting.pop()
        items = tuple(value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ())
        waiting += items
        count += len(items)
        if count > MOST:
            raise ValueError(
                f"the front matter comes to more than {MOST:,} values, aliases counted wherever they stand"
            )
    try:
        return json.dumps(meta, default=str)
    except RecursionError:
        raise ValueError("the front matter is nested too deeply") from None
    except TypeError as error:  # a key that is none of JSON
        raise ValueError(f"the front matter cannot be handed over: {error}") from error
