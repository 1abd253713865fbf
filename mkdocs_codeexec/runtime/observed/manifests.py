"""The lists of observed inputs that are stored for one key, as an entry of a store: its text, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_codeexec.core.observed import FORMAT
from mkdocs_codeexec.runtime.entries import LARGEST, encode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mkdocs_codeexec.core.action import Key
    from mkdocs_codeexec.core.observed import Inputs

MOST = 8
"""Lists that are kept of one key, the last ones: branches that one goes back and forth between, say."""


def entry(key: Key, result: Key, lists: Sequence[Inputs]) -> bytes:
    """Return the text of an entry with as many of `lists` as fit, from the first on.

    Args:
        key: Of the Action.
        result: Of the Outcome that goes with the first list.
        lists: Names and states.
    """
    kept: list[dict[str, str]] = []
    size = 0
    for inputs in lists[:MOST]:
        size += sum(len(name) + len(state) + 16 for name, state in inputs)
        if kept and size > LARGEST // 4:
            break
        kept.append(dict(inputs))
    return encode({"format": FORMAT, "name": key, "key": result, "lists": kept})


def lists(entry: Mapping[str, object], key: Key) -> list[Inputs]:
    """Return the lists in an entry.

    Raises:
        ValueError: It is none, or belongs to another key.
    """
    if entry.get("format") != FORMAT or entry.get("name") != key:
        raise ValueError("it belongs to another key")
    found = entry.get("lists")
    if not isinstance(found, list) or len(found) > MOST:
        raise ValueError("it holds no lists")
    return [_inputs(item) for item in found]


def _inputs(item: object) -> Inputs:
    if not isinstance(item, dict) or not {str}.issuperset(map(type, item.values())):
        raise ValueError("a list holds something else than states")
    return tuple(sorted(item.items()))
