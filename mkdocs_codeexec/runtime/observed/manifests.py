"""The lists of observed inputs that are stored for one key, as an entry of a store: its text, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.observed import FORMAT
from mkdocs_codeexec.runtime.entries import LARGEST, encode
from mkdocs_codeexec.runtime.observed import slices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mkdocs_codeexec.core.action import Key
    from mkdocs_codeexec.core.observed import Inputs

MOST = 8
"""Lists that are kept of one key, the last ones: branches that one goes back and forth between, say."""


class Kept(NamedTuple):
    """A list, as an entry has it.

    Attributes:
        own: Names and states that it does not share.
        outline: What it shares with others, by name (`observed.slices`); empty for nothing.
    """

    own: Inputs
    outline: str = ""


def entry(key: Key, result: Key, lists: Sequence[Kept]) -> bytes:
    """Return the text of an entry with as many of `lists` as fit, from the first on.

    Args:
        key: Of the Action.
        result: Of the Outcome that goes with the first list.
        lists: All lists.
    """
    kept: list[Kept] = []
    size = 0
    for one in lists[:MOST]:
        size += sum(len(name) + len(state) + 16 for name, state in one.own)
        if kept and size > LARGEST // 4:
            break
        kept.append(one)
    shared = [one.outline for one in kept]
    value = {"format": FORMAT, "name": key, "key": result, "lists": [dict(one.own) for one in kept]}
    return encode(value | ({"shared": shared} if any(shared) else {}))


def lists(entry: Mapping[str, object], key: Key) -> list[Kept]:
    """Return the lists in an entry.

    Raises:
        ValueError: It is none, or belongs to another key.
    """
    if entry.get("format") != FORMAT or entry.get("name") != key:
        raise ValueError("it belongs to another key")
    found = entry.get("lists")
    if not isinstance(found, list) or len(found) > MOST:
        raise ValueError("it holds no lists")
    shared = entry.get("shared", [""] * len(found))
    if not isinstance(shared, list) or len(shared) != len(found):
        raise ValueError("it does not say of each list what that shares")
    return [Kept(_inputs(own), _outline(name)) for own, name in zip(found, shared, strict=True)]


def _inputs(item: object) -> Inputs:
    if not isinstance(item, dict) or not {str}.issuperset(map(type, item.values())):
        raise ValueError("a list holds something else than states")
    return tuple(sorted(item.items()))


def _outline(name: object) -> str:
    if not isinstance(name, str) or (name and not slices.is_name(name)):
        raise ValueError("a list is shared under no name")
    return name
