"""Our plugin, added to the configuration of a site that somebody has written: to its text, so that all else of it stays."""

from __future__ import annotations

import re
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """Reads plain values; what is more than that (`!ENV`, `!!python/name:`) is its own text."""


_Loader.add_multi_constructor("", lambda _loader, _suffix, node: str(node.value))
_LIST = re.compile(r"(?m)^plugins:[ \t]*(?:#.*)?\n(?P<items>(?:[ \t]*(?:#.*)?\n|[ \t]+\S.*(?:\n|\Z)|-.*(?:\n|\Z))*)")
_FILLED = re.compile(r"(?m)^[ \t]*[^\s#].*$")
_ITEM = re.compile(r"(?m)^([ \t]*)-[ \t]")


def with_plugin(text: str, lines: list[str], search: str) -> str | None:
    """Return the `text` of a site's file with our plugin as its last one; None if nobody can be sure how that is written.

    Args:
        text: What is there; it does not name us.
        lines: The plugin and its options, as an item of a list that stands at the margin.
        search: The plugin that a site without a list has, and keeps.
    """
    try:
        before = yaml.load(text, _Loader)  # noqa: S506 - see the class
    except (yaml.YAMLError, RecursionError):
        return None
    if not isinstance(before, dict):
        return None
    found = _LIST.search(text)
    if found is None:
        if "plugins" in before or "INHERIT" in before:
            return None
        plugins = [search, *_read(lines)]
        added = f"{text.rstrip()}\n\nplugins:\n  - {search}\n" + _at("  ", lines)
    else:
        first = _ITEM.search(found["items"])
        if first is None:
            return None
        plugins = [*(before.get("plugins") or ()), *_read(lines)]
        last = max(
            line.end() for line in _FILLED.finditer(found["items"])
        )  # what comes behind may be about what follows
        place = found.start("items") + last
        added = f"{text[:place]}\n{_at(first[1], lines)}{text[place:].removeprefix(chr(10))}"
    try:
        after = yaml.load(added, _Loader)  # noqa: S506 - see the class
    except yaml.YAMLError:
        return None
    return added if after == {**before, "plugins": plugins} else None


def _read(lines: list[str]) -> list[Any]:
    return list(yaml.safe_load("\n".join(lines)))


def _at(margin: str, lines: list[str]) -> str:
    return "".join(f"{margin}{line}\n" for line in lines)
