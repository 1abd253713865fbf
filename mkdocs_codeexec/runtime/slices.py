"""The slices of a store, and the outlines that name them: what lists of observed inputs share (`observed.slices`).

    <directory>/slices/v1/<first two digits>/<16 digits>

A file is complete or absent, and is believed only if its text has the digest that it is called by. It says no more than
an entry could: whoever can write to a store can write lists.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.codec import FORMAT
from mkdocs_codeexec.runtime.observed import slices

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mkdocs_codeexec.core.observed import Inputs
    from mkdocs_codeexec.runtime.observed.manifests import Kept
    from mkdocs_codeexec.untrusted import Place, Tree

SLICES = "slices"
SHELF: Place = (SLICES, f"v{FORMAT}")
"""The folder of all of them; it holds folders named by two hex digits, which hold them."""
LARGEST = 2 * 1024 * 1024
"""Bytes of a file; anything larger is neither written nor read."""
REMEMBERED = 128 * 1024 * 1024
"""Bytes that one process remembers of them, about: no site of ours comes near, a cache that somebody else made may."""
READ = 8
"""Bytes in memory for each byte of a text, about."""
POINTER = 8
"""Bytes of a name and its state in one more list."""


def place_of(name: str) -> Place:
    """Return where a slice or an outline is."""
    return (*SHELF, name[:2], name)


def slice_named(file_name: str) -> str | None:
    """Return the name of what is in a file called `file_name`, or None if nothing is called so."""
    return file_name if slices.is_name(file_name) else None


def damage(name: str, data: bytes) -> str:
    """Say what is wrong with a file; empty for nothing."""
    try:
        text = slices.unpacked(data, name)
        (slices.outline if slices.is_outline(text) else slices.read)(text)
    except (ValueError, RecursionError) as error:
        return str(error)[:200] or type(error).__name__
    return ""


class KeptSlices:
    """Those of a store. What is read once stays in the memory of this process; threads may share it.

    Args:
        tree: The store.
        writable: Whether anything is written there.
        damaged: Told of a file that is not what it is called.

    Attributes:
        used: Names of those that this process has kept or read.
    """

    def __init__(
        self, tree: Tree, *, writable: bool = True, damaged: Callable[[Place, Exception], None] | None = None
    ) -> None:
        self._tree = tree
        self._writable = writable
        self._damaged = damaged
        self._texts: dict[str, bytes] = {}
        self._lists: dict[Kept, Inputs] = {}
        self._slices: dict[str, Inputs] = {}
        self._size = 0
        self.used: set[str] = set()

    def keep(self, inputs: Inputs) -> tuple[str, Inputs]:
        """Keep what a list may share with others; return the name of its outline and the rest of the list.

        Returns:
            An empty name if nothing is shared.

        Raises:
            OSError: It could not be written.
        """
        found = slices.cut(inputs)
        texts = [slices.spelled(one) for one in found.slices]
        if not texts or len(texts) > slices.MOST or sum(map(len, texts)) > slices.LARGEST:
            return "", inputs
        names = [self._keep(text) for text in texts]
        return self._keep(slices.outlined(names)), found.own

    def list_of(self, kept: Kept) -> Inputs | None:
        """Return a list, given as an entry has it; None if something of it is gone or damaged.

        Equal lists are the same object, as long as this process remembers them.
        """
        if not kept.outline:
            return kept.own
        found = self._lists.get(kept)
        if found is None and (parts := self._parts(kept.outline)):
            found = slices.joined([*parts, kept.own])
            self._count(POINTER * len(found))
            self._lists[kept] = found
        return found

    def names(self, outline: str) -> frozenset[str]:
        """Return the names of all files that a list needs: of its outline, and of the slices."""
        return frozenset({outline, *self._named(outline)}) if outline else frozenset()

    def holds(self, outline: str) -> bool:
        """Tell whether all that a list needs is there, undamaged."""
        return not outline or self._parts(outline) is not None

    def _parts(self, outline: str) -> list[Inputs] | None:
        """Return the slices of a list; None if something is gone or damaged, or if they are too much."""
        found: list[Inputs] = []
        left = slices.LARGEST
        for name in self._named(outline):
            text = self._text(name)
            part = None if text is None else self._slice(name, text)
            if text is None or part is None:
                return None
            found.append(part)
            left -= len(text)
            if left < 0:
                self._tell(outline, ValueError(f"its slices hold more than {slices.LARGEST} bytes"))
                return None
        return found or None

    def _named(self, outline: str) -> Sequence[str]:
        text = self._text(outline)
        if text is not None:
            try:
                return slices.outline(text)
            except ValueError as error:
                self._tell(outline, error)
        return ()

    def _slice(self, name: str, text: bytes) -> Inputs | None:
        if name not in self._slices:
            try:
                self._slices[name] = slices.read(text)
            except (ValueError, RecursionError) as error:
                self._tell(name, error)
                return None
        return self._slices[name]

    def _text(self, name: str) -> bytes | None:
        """Return the text called `name`; None if it is gone or damaged."""
        known = self._texts.get(name)
        if known is not None:
            return known
        try:
            text = slices.unpacked(self._tree.read(place_of(name), LARGEST), name)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            self._tell(name, error)
            return None
        if self._writable:
            self._tree.touch(place_of(name))
        self._remember(name, text)
        return text

    def _keep(self, text: bytes) -> str:
        """Have a text in the store, and return its name.

        Raises:
            OSError: It could not be written.
        """
        name = slices.name_of(text)
        if self._text(name) != text or not self._is_there(name):  # another build may have made room
            self._tree.replace(place_of(name), slices.packed(text))
            self._remember(name, text)
        return name

    def _is_there(self, name: str) -> bool:
        with suppress(OSError, ValueError), self._tree.folder(place_of(name)[:-1]) as folder:
            return folder.has(name)
        return False

    def _remember(self, name: str, text: bytes) -> None:
        self._count(READ * len(text))
        self._texts[name] = text
        self.used.add(name)

    def _count(self, size: int) -> None:
        """Forget everything when what is to be remembered would be too much."""
        self._size += size
        if self._size > REMEMBERED:
            self._size = size
            for known in (self._texts, self._slices, self._lists):
                known.clear()

    def _tell(self, name: str, error: Exception) -> None:
        if self._damaged is not None:
            self._damaged(place_of(name), error)
