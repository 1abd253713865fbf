"""The removal of single results from a store, and of what leads to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_codeexec.runtime.entries import INDEXES, LARGEST, LISTS, RESULTS, decode, place
from mkdocs_codeexec.runtime.eviction import delete, leads_to, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mkdocs_codeexec.core.action import Key
    from mkdocs_codeexec.runtime.eviction import File
    from mkdocs_codeexec.untrusted import Place, Tree


def forget(tree: Tree, keys: Iterable[Key], failed: Callable[[Place, Exception], None]) -> int:
    """Delete the results called `keys`, and entries of indexes that lead to nothing else; return how many results went.

    Args:
        tree: The store.
        keys: Names of results; what is none is not there.
        failed: Told of a result that could not be deleted.
    """
    gone: set[str] = set()
    for key in keys:
        if (at := place(RESULTS, key)) is None:
            continue
        try:
            with tree.folder(at[:-1]) as folder:
                folder.unlink(at[-1])
            gone.add(key)
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            failed(at, error)
    for index in INDEXES if gone else ():
        delete(
            tree, (file for file in listed(tree, index) if leads_to(tree, file) in gone and not _leads_on(tree, file))
        )
    return len(gone)


def _leads_on(tree: Tree, file: File) -> bool:
    """Tell whether an entry leads to other results, too: a list of inputs for each."""
    if file.place[0] != LISTS:
        return False
    try:
        found = decode(tree.read(file.place, LARGEST)).get("lists")
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, list) and len(found) > 1
