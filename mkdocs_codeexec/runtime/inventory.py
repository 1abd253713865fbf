"""What is in a store: its files, which of them are damaged, and which a site needs."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.action import Key
from mkdocs_codeexec.core.codec import FORMAT
from mkdocs_codeexec.core.observed import result_key
from mkdocs_codeexec.runtime.blobs import BLOBS
from mkdocs_codeexec.runtime.blobs import place_of as blob_place
from mkdocs_codeexec.runtime.entries import INDEXES, LARGEST, LISTS, RESULTS, decode, outcome_of, place
from mkdocs_codeexec.runtime.eviction import File, kept_blobs, kept_slices, listed, shared_by
from mkdocs_codeexec.runtime.observed import manifests
from mkdocs_codeexec.runtime.slices import LARGEST as LARGEST_SLICE
from mkdocs_codeexec.runtime.slices import SLICES, KeptSlices
from mkdocs_codeexec.runtime.slices import damage as slice_damage
from mkdocs_codeexec.runtime.slices import place_of as slice_place
from mkdocs_codeexec.untrusted import copied

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from mkdocs_codeexec.core.action import Action
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.untrusted import Place, Tree


@dataclass(frozen=True, slots=True)
class Inventory:
    """The files of a store.

    Attributes:
        files: By kind: results, the indexes that lead to them, blobs, slices.
    """

    files: Mapping[str, tuple[File, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, tree: Tree) -> Inventory:
        """Return what is in the store `tree` now; what is damaged is among it."""
        found = {what: tuple(listed(tree, what)) for what in (RESULTS, *INDEXES)}
        return cls({**found, BLOBS: tuple(kept_blobs(tree)), SLICES: tuple(kept_slices(tree))})

    def all(self) -> Iterator[tuple[str, File]]:
        """Yield each file with its kind."""
        for kind, files in self.files.items():
            for file in files:
                yield kind, file

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return sum(file.size for _, file in self.all())


def places_of(tree: Tree, slices: KeptSlices, action: Action, outcome: Outcome) -> list[Place]:
    """Return the places of all that a store has for an Action whose Outcome it is.

    Args:
        tree: The store.
        slices: Its slices.
        action: What was executed.
        outcome: What it came to.
    """
    named = [(RESULTS, result_key(action, outcome)), ("requests", action.request_key)]
    named += [(LISTS, action.key)] if action.observed else []
    named += [("structures", action.structural_key)] if action.structural_key is not None else []
    found = [at for what, name in named if (at := place(what, name)) is not None]
    lists = [at for at in found if at[0] == LISTS]
    shared = {name for at in lists for name in shared_by(tree, slices, at, action.key)}
    blobs = [blob_place(blob.digest) for blob in (*outcome.left, *outcome.shown)]
    return [*found, *map(slice_place, sorted(shared)), *blobs]


def damage(tree: Tree, slices: KeptSlices, kind: str, file: File) -> str:
    """Say what is wrong with a file of a store; empty for nothing.

    Args:
        tree: The store.
        slices: Its slices.
        kind: Of the file.
        file: Which one.
    """
    try:
        if kind == BLOBS:
            return _blob_damage(tree, file)
        if kind == SLICES:
            return slice_damage(file.name, tree.read(file.place, LARGEST_SLICE))
        data = tree.read(file.place, LARGEST)
        return entry_damage(kind, Key(file.name), data) or (_lacking(slices, file, data) if kind == LISTS else "")
    except FileNotFoundError:
        return ""  # it went meanwhile
    except (OSError, ValueError, RecursionError) as error:
        return str(error)[:200] or type(error).__name__


def _lacking(slices: KeptSlices, file: File, data: bytes) -> str:
    """Say whether lists lack something that they are made of."""
    lists = manifests.lists(decode(data), Key(file.name))
    return "" if all(slices.holds(kept.outline) for kept in lists) else "what it shares with others is gone or damaged"


def _blob_damage(tree: Tree, file: File) -> str:
    with tree.folder(file.place[:-1]) as folder:
        fd = folder.open_file(file.place[-1])
    try:
        digest, _ = copied(fd, None, file.length)
    finally:
        os.close(fd)
    return "" if digest == file.name else "its checksum does not match"


def entry_damage(kind: str, name: Key, data: bytes) -> str:
    """Say what is wrong with the text of an entry called `name`; empty for nothing."""
    try:
        entry = decode(data)
        if kind == RESULTS:
            outcome_of(entry, name)
        elif kind == LISTS:
            manifests.lists(entry, name)
        elif (entry.get("format"), entry.get("name")) != (FORMAT, name):
            return "it belongs to another key"
        elif place(RESULTS, str(entry.get("key"))) is None:
            return "it names no key"
    except (ValueError, RecursionError, OverflowError) as error:
        return str(error)[:200] or type(error).__name__
    return ""


def unneeded(inventory: Inventory, needed: Container[Place]) -> list[File]:
    """Return the files that are not `needed`."""
    return [file for _, file in inventory.all() if file.place not in needed]
