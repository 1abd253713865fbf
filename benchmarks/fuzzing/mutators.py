"""How inputs are changed: with a sense of what they are made of, else nearly all of them would be refused at the door."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fuzzing.target import Mutator

NUMBERS = (0, 1, -1, 2, 255, 2**16 - 1, 2**31 - 1, 2**32 - 1, 2**53 + 1, 2**63 - 1, 2**64 - 1, 10**30)
ABSURD: tuple[Any, ...] = (
    *NUMBERS,
    *(None, True, False, "", [], {}, 0.5, -0.0, 1e308, float("inf"), float("nan"), [[]], {"": {}}, [None]),
    *("\x00", "\x1b[31m", "\ud800", "</script>", "a" * 3000, "\n" * 50, "9" * 5000, "../../x", "/"),
)


def bytewise(data: bytes, most: int, rng: random.Random) -> bytes:
    """Change a few bytes, or repeat, move or leave out some."""
    found = bytearray(data)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(found) + 1)
        match rng.randrange(5):
            case 0:
                found[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del found[at : at + rng.randrange(1, 9)]
            case 2:
                piece = found[at : at + rng.randrange(1, 33)]
                found[at:at] = piece * (rng.randrange(1, 4) if rng.random() < 0.9 else rng.randrange(1, 2000))
            case 3 if at < len(found):
                found[at] ^= 1 << rng.randrange(8)
            case _:
                other = rng.randrange(len(found) + 1)
                found[at:at] = found[other : other + rng.randrange(1, 65)]
    return bytes(found[:most])


def words(*vocabulary: str | bytes) -> Mutator:
    """Return a mutator of text that knows the words of its language."""
    known = [word.encode("utf-8", "surrogatepass") if isinstance(word, str) else word for word in vocabulary]

    def mutate(data: bytes, most: int, rng: random.Random) -> bytes:
        if rng.random() < 0.4:
            return bytewise(data, most, rng)
        found = bytearray(data)
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(found) + 1)
            if rng.random() < 0.4:  # where a line begins, most is possible
                at = found.find(b"\n", at) + 1
            word = rng.choice(known)
            if rng.random() < 0.2:  # half a word may be looked through for its end
                word = word[: rng.randrange(1, len(word) + 1)]
            times = 1 if rng.random() < 0.95 else rng.randrange(2, 1 + max(2, most // max(1, len(word))))
            cut = rng.randrange(8) if rng.random() < 0.3 else 0
            found[at : at + cut] = word * times
        return bytes(found[:most])

    return mutate


def lines_of_json(text: Mutator) -> Mutator:
    """Return a mutator of lines, of which some are JSON; `text` changes them as text."""

    def mutate(data: bytes, most: int, rng: random.Random) -> bytes:
        lines = data.split(b"\n")
        at = rng.randrange(len(lines))
        changed = changed_json(lines[at], rng) if rng.random() < 0.75 else None
        if changed is None:
            return text(data, most, rng)
        return b"\n".join([*lines[:at], changed, *lines[at + 1 :]])[:most]

    return mutate


def document_of_json(text: Mutator) -> Mutator:
    """Return a mutator of one JSON document; `text` changes it as text."""

    def mutate(data: bytes, most: int, rng: random.Random) -> bytes:
        changed = changed_json(data, rng) if rng.random() < 0.8 else None
        return text(data, most, rng) if changed is None else changed[:most]

    return mutate


def changed_json(text: bytes, rng: random.Random) -> bytes | None:
    """Return the JSON `text` with some of its values changed; None if it is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    for _ in range(rng.randrange(1, 4)):
        value = _changed(value, rng)
    try:
        return json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return None


def _changed(value: Any, rng: random.Random) -> Any:  # noqa: PLR0911
    """Return `value` with one thing in it changed, somewhere."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        key = rng.choice(list(value))
        match rng.randrange(10):
            case 0:
                return {name: item for name, item in value.items() if name != key}
            case 1:
                return {**value, rng.choice([*value, "", "x"]): value[key]}
            case _:
                return {**value, key: _changed(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.85:
        at = rng.randrange(len(value))
        match rng.randrange(10):
            case 0:
                return value[:at] + value[at + 1 :]
            case 1:
                return value + value[at : at + 1] * rng.randrange(1, 40)
            case _:
                return [*value[:at], _changed(value[at], rng), *value[at + 1 :]]
    if isinstance(value, str) and value and rng.random() < 0.6:
        at = rng.randrange(len(value))
        piece = rng.choice([value[at : at + 20], *(word for word in ABSURD if isinstance(word, str))])
        return value[:at] + piece * rng.choice((1, 1, 1, 2, 300)) + value[at + rng.randrange(3) :]
    if rng.random() < 0.1:
        for _ in range(rng.choice((1, 5, 300))):
            value = rng.choice(([value], {"a": value}, {"expansion": {"span": value}}))
        return value
    return rng.choice(ABSURD)


def fields(*offsets: int) -> Mutator:
    """Return a mutator of binary data with numbers in it; those at `offsets` are changed more often than others."""

    def mutate(data: bytes, most: int, rng: random.Random) -> bytes:
        if rng.random() < 0.2 or len(data) < 16:
            return bytewise(data, most, rng)
        found = bytearray(data)
        for _ in range(rng.randrange(1, 5)):
            size = rng.choice((1, 2, 4, 8))
            at = rng.choice(offsets) if offsets and rng.random() < 0.4 else rng.randrange(0, len(found), 4)
            number = rng.choice((*NUMBERS, len(data), rng.randrange(len(data)))) % 256**size
            if at + size <= len(found):
                found[at : at + size] = struct.pack(rng.choice("<>") + {1: "B", 2: "H", 4: "I", 8: "Q"}[size], number)
        return bytes(found[:most])

    return mutate


def spliced(first: Mutator, seeds: Callable[[], Sequence[bytes]]) -> Mutator:
    """Return `first`, which now and then puts a piece of another seed into an input."""

    def mutate(data: bytes, most: int, rng: random.Random) -> bytes:
        others = seeds()
        if not others or rng.random() > 0.1:
            return first(data, most, rng)
        other, at = rng.choice(others), rng.randrange(len(data) + 1)
        start = rng.randrange(len(other) + 1)
        return (data[:at] + other[start : start + rng.randrange(1, 400)] + data[at:])[:most]

    return mutate
