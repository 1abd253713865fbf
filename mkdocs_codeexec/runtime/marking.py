"""What the folder of a store says of itself, to git and to backup tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_codeexec.runtime.blobs import BLOBS
from mkdocs_codeexec.runtime.entries import INDEXES, RESULTS
from mkdocs_codeexec.runtime.slices import SLICES
from mkdocs_codeexec.untrusted import PREFIX

if TYPE_CHECKING:
    from mkdocs_codeexec.untrusted import Tree

CACHEDIR_TAG = """Signature: 8a477f597d28d172789f06886806bc55
# This file marks a cache directory, which backup tools may leave out: https://bford.info/cachedir/
"""
GITIGNORE = """# Made by mkdocs-codeexec. Delete this file to commit the results; it is not made again while they are here.
*
"""

_MARKS = frozenset({".gitignore", "CACHEDIR.TAG"})
_OURS = _MARKS | {
    RESULTS,
    *INDEXES,
    BLOBS,
    SLICES,
    "built",
    "environments",
    "ingredients.json",
    "last-run.json",
    "runs",
    "toolchains.json",
}
"""What is in the folder of a store, made by whatever part of us."""


def mark(tree: Tree) -> None:
    """Say in the folder that it is a store, to git and to backup tools; never in one that holds other things.

    Raises:
        OSError: It cannot be written.
    """
    with tree.folder((), make=True) as root:
        there = set(root.names())
        # An empty one is of a build that was killed while it wrote it.
        there -= {name for name in _MARKS & there if not root.about(name).st_size}
    if any(not name.startswith(PREFIX) for name in there - _OURS):
        return
    if "CACHEDIR.TAG" not in there:
        tree.replace(("CACHEDIR.TAG",), CACHEDIR_TAG.encode())
    if not {".gitignore", RESULTS} & there:  # else somebody has deleted it, to commit the results
        tree.replace((".gitignore",), GITIGNORE.encode())
