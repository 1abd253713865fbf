"""JSON as a tree that readers fold and unfold, without JavaScript. What is short, or larger than a page should hold, is text."""

from __future__ import annotations

import json
import re
from typing import NamedTuple, TypeAlias

from markupsafe import Markup

LINES = 20
"""Of indented text; of more lines a tree is made."""
DEPTH = 16
"""Levels that a tree may have."""
NODES = 5000
"""Values that a tree may have."""


_SURROGATE = re.compile("[\ud800-\udfff]")


def spelled(value: object, indent: int | None = None) -> str:
    """Return `value` as JSON that people read; half a character, which JSON can hold and no page, as JSON escapes it."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


class _Read(NamedTuple):
    """An object as it is read."""

    pairs: list[tuple[str, object]]


class Number(NamedTuple):
    """A number, or what Python's JSON has beside them (`NaN`), as it is written."""

    text: str


class Members(NamedTuple):
    """The members of an object, in order; a name may be there twice."""

    pairs: tuple[tuple[str, Value], ...]


class Items(NamedTuple):
    """The items of an array."""

    values: tuple[Value, ...]


Value: TypeAlias = "Members | Items | Number | str | bool | None"


class _TooLargeError(Exception):
    """A tree would have more levels or values than it may have."""


def tree(text: str) -> Markup | None:
    """Return the tree of `text`; None if it is better shown as text, or is no JSON.

    The first level is unfolded.
    """
    try:
        read = json.loads(text, object_pairs_hook=_Read, parse_float=Number, parse_int=Number, parse_constant=Number)
        value = _arranged(read, 0, [NODES])
    except (ValueError, RecursionError, _TooLargeError):
        return None
    if not isinstance(value, Members | Items) or _height(value) <= LINES:
        return None
    return Markup('<div class="codeexec-json">{}</div>').format(_folded(value, "", opened=True))


def _arranged(value: object, depth: int, left: list[int]) -> Value:
    """Return what was read as a value, if no more values are in it than are `left`."""
    left[0] -= 1
    if left[0] < 0 or depth > DEPTH:
        raise _TooLargeError
    match value:
        case _Read(pairs):
            return Members(tuple((name, _arranged(item, depth + 1, left)) for name, item in pairs))
        case list():
            return Items(tuple(_arranged(item, depth + 1, left) for item in value))
        case Number() | str() | bool() | None:
            return value
        case _:
            raise ValueError(value)


def _height(value: Value) -> int:
    """Return how many lines the indented text has."""
    match value:
        case Members(pairs) if pairs:
            return 2 + sum(_height(item) for _, item in pairs)
        case Items(values) if values:
            return 2 + sum(map(_height, values))
        case _:
            return 1


def _folded(value: Members | Items, name: str, *, opened: bool) -> Markup:
    pairs = value.pairs if isinstance(value, Members) else tuple(("", item) for item in value.values)
    brackets = ("{", "}") if isinstance(value, Members) else ("[", "]")
    count = Markup('<span class="codeexec-json-count">{} {} {}</span>').format(brackets[0], len(pairs), brackets[1])
    items = Markup("").join(_item(item, _key(key) if isinstance(value, Members) else "") for key, item in pairs)
    return Markup("<details{}><summary>{}{}</summary><ul>{}</ul></details>").format(
        Markup(" open") if opened else "", name, count, items
    )


def _key(name: str) -> Markup:
    return Markup('<span class="codeexec-json-key">{}</span>: ').format(spelled(name))


def _item(value: Value, name: str) -> Markup:
    if isinstance(value, Members | Items) and (value.pairs if isinstance(value, Members) else value.values):
        return Markup("<li>{}</li>").format(_folded(value, name, opened=False))
    return Markup("<li>{}{}</li>").format(name, _scalar(value))


def _scalar(value: Value) -> Markup:
    match value:
        case str():
            kind, text = "string", spelled(value)
        case Number(text):
            kind = "number"
        case Members() | Items():
            kind, text = "count", "{}" if isinstance(value, Members) else "[]"
        case _:
            kind, text = "constant", json.dumps(value)
    return Markup('<span class="codeexec-json-{}">{}</span>').format(kind, text)
