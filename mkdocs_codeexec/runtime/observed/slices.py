"""Slices: lists of observed inputs, cut where many of them are equal, so that a store has each piece once.

Samples that import the same packages read the same thousand files. A list is cut by what its names lie in: each package
and each folder of the machine is a *slice*; what is too small for that is one slice for all packages and one for
the machine. Where it is cut depends on nothing but its names, so that any two builds cut alike. An *outline* says which
slices make up a list. What lies in the project is mostly a file or two, and another one for each sample: it is no part
of a slice, unless there is much of it.

Both are texts, called by a digest of the text, and compressed. An outline names slices; a slice names nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mkdocs_codeexec.core.observed import Inputs

LARGEST = 2 * 1024 * 1024
"""Bytes of a text, and of all slices of one list."""
LEAST = 16
"""Names of a slice."""
MOST = 1024
"""Slices of one list."""
DIGITS = 16
"""Of the name of a slice. They tell one from another, and find decay. What is made of a wrong one is a list under which
no Outcome is stored: its key is a sha256 of all names and states."""

_NAME = re.compile(f"[0-9a-f]{{{DIGITS}}}")
_OUTLINE = b"outline\n"
_DIGEST = re.compile("[0-9a-f]{40}")
_RAW = 20
"""Bytes of a digest."""


class Cut(NamedTuple):
    """A list, cut.

    Attributes:
        slices: What it may share with others; sorted, as the list is.
        own: The rest of it.
    """

    slices: tuple[Inputs, ...]
    own: Inputs


def cut(inputs: Inputs) -> Cut:
    """Return the slices of a list."""
    within: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for pair in inputs:
        within.setdefault(_within(pair[0]), []).append(pair)
    slices: list[Inputs] = []
    rest: dict[str, list[tuple[str, str]]] = {}
    for (kind, _), pairs in within.items():
        if len(pairs) >= LEAST:
            slices.append(tuple(pairs))
        else:
            rest.setdefault(kind, []).extend(pairs)
    own: list[tuple[str, str]] = []
    for kind, pairs in rest.items():
        if len(pairs) >= LEAST and kind != _PROJECT:
            slices.append(tuple(sorted(pairs)))
        else:
            own += pairs
    return Cut(tuple(sorted(slices)), tuple(sorted(own)))


_PROJECT, _PACKAGES, _MACHINE = "project", "packages", "machine"


def _within(name: str) -> tuple[str, str]:
    """Return what a name lies in: its kind, and which one of that."""
    word, _, rest = name.partition(":")
    if word == "module":
        rest = "/".join(rest.rpartition(":")[::2])
    label, _, path = rest.partition("/")
    first = path.partition("/")[0]
    if label.startswith("<site"):
        return _PACKAGES, first
    if word == "project" or label in ("<project>", "~"):
        return _PROJECT, first
    return _MACHINE, f"{label}/{first}" if word != "hidden" else ""


# --- Texts ----------------------------------------------------------------------------------------------------------------


def is_name(name: object) -> bool:
    """Tell whether something is called by a name as slices are."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def name_of(text: bytes) -> str:
    """Return what a text is called."""
    return hashlib.sha256(text).hexdigest()[:DIGITS]


def spelled(inputs: Inputs) -> bytes:
    """Return the text of a slice; `read` is the inverse. Digests stand behind the rest, as bytes."""
    digests = b"".join(bytes.fromhex(state) for _, state in inputs if _DIGEST.fullmatch(state))
    names = [name for name, _ in inputs]
    states = [None if _DIGEST.fullmatch(state) else state for _, state in inputs]
    return json.dumps([names, states], separators=(",", ":")).encode() + b"\n" + digests


def read(text: bytes) -> Inputs:
    """Return what a slice holds.

    Raises:
        ValueError: It is none.
        RecursionError: Somebody wrote what nests too deeply.
    """
    head, _, digests = text.partition(b"\n")
    value = json.loads(head)
    if not isinstance(value, list) or [list, list] != [type(part) for part in value]:
        raise ValueError("it holds no names and states")
    names, states = value
    if {str} != set(map(type, names)) or any(one >= two for one, two in pairwise(names)):
        raise ValueError("its names are not sorted")
    if len(names) != len(states) or _RAW * states.count(None) != len(digests):
        raise ValueError("it has not as many states as names")
    hexes = iter(digests.hex(" ", -_RAW).split())
    found = tuple((name, next(hexes) if state is None else state) for name, state in zip(names, states, strict=True))
    if {str} != {type(state) for _, state in found}:
        raise ValueError("it holds something else than states")
    return found


def outlined(names: Sequence[str]) -> bytes:
    """Return the text of an outline; `outline` is the inverse."""
    return _OUTLINE + b"".join(map(bytes.fromhex, names))


def is_outline(text: bytes) -> bool:
    """Tell whether a text is an outline, or else may be a slice."""
    return text.startswith(_OUTLINE)


def outline(text: bytes) -> tuple[str, ...]:
    """Return the names of slices that an outline holds.

    Raises:
        ValueError: It is none.
    """
    digests = text.removeprefix(_OUTLINE)
    size = DIGITS // 2
    if not is_outline(text) or not digests or len(digests) % size or len(digests) > size * MOST:
        raise ValueError("it is no outline")
    return tuple(digests.hex(" ", -size).split())


def joined(parts: Iterable[Inputs]) -> Inputs:
    """Return the list that is made up of slices, and of what it does not share; that counts which comes last."""
    whole: dict[str, str] = {}
    for part in parts:
        whole.update(part)
    return tuple(sorted(whole.items()))


# --- Files ----------------------------------------------------------------------------------------------------------------


def packed(text: bytes) -> bytes:
    """Return a text as a file has it."""
    return zlib.compress(text, 9)


def unpacked(data: bytes, name: str) -> bytes:
    """Return the text in a file called `name`.

    Raises:
        ValueError: It is none, is called otherwise, or is larger than any that is written.
    """
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(data, LARGEST + 1)
    except zlib.error:
        raise ValueError("it is not compressed as it should be") from None
    if len(text) > LARGEST:
        raise ValueError(f"it holds more than {LARGEST} bytes")
    if not stream.eof or stream.unused_data:
        raise ValueError("it does not end where it should")
    if name_of(text) != name:
        raise ValueError("its checksum does not match")
    return text
