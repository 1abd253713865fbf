"""The front matter of a page's file, and YAML of files that Zensical is not asked for."""

from __future__ import annotations

import re
from typing import Any

import yaml

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)


class Loader(yaml.SafeLoader):
    """Reads plain values; what is more than that (`!ENV`, `!!python/name:`) is None."""


Loader.add_multi_constructor("", lambda *_: None)


def front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Return the front matter of a page that is `text`, and what follows it."""
    found = _FRONT_MATTER.match(text)
    if found is None:
        return {}, text
    try:
        value = yaml.load(found[1] or "", Loader)  # noqa: S506 - it makes plain values
    except (yaml.YAMLError, ValueError, RecursionError):  # a day that there is not is a ValueError
        return {}, text
    return (value if isinstance(value, dict) else {}), text[found.end() :]
