"""Files and folders of this machine, as a sandbox sees them."""

from __future__ import annotations

import functools
import os
import sys
from typing import TYPE_CHECKING

from mkdocs_codeexec.runtime.supervising import landlock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mkdocs_codeexec.core.confinement import Access

_DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"


def system(*, network: bool) -> tuple[bytes, ...]:
    """Return the system's own files and folders, which every child may read; some are not there."""
    return (*landlock.SYSTEM, *(landlock.NETWORK if network else ()))


def interpreter() -> tuple[str, ...]:
    """Return what the supervisor itself is made of: the interpreter that runs us and its library."""
    return (sys.base_prefix, sys.base_exec_prefix, os.path.realpath(sys.executable))


@functools.lru_cache(maxsize=64)
def search(path: str, access: Access) -> str:
    """Return the folders of the search path `path` in which a child with `access` can find programs.

    A folder that it must not read would end the search of some shells, and others would say that it is not permitted.
    """
    open_to_all = (*map(os.fsdecode, system(network=False)), *access.readable)
    kept = [folder for folder in path.split(":") if any(within(folder, place) for place in open_to_all)]
    return ":".join(kept) or _DEFAULT_PATH


def names(path: str) -> set[str]:
    """Return the name of what is at `path`, and the one by which it is found; nothing if it is not there."""
    return {path, os.path.realpath(path)} if os.path.exists(path) else set()


def within(path: str, folder: str) -> bool:
    """Tell whether `path` is `folder` or in it, by its name."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


class Folders:
    """Files and folders of which it is told whether a path is one of them or in one: `path in folders`, as `within` has it.

    For each sample this is asked of each path that it looked for.
    """

    def __init__(self, folders: Iterable[str]) -> None:
        self._exact = tuple(dict.fromkeys(folders))
        self._starts = tuple(folder.rstrip("/") + "/" for folder in self._exact)

    def __contains__(self, path: str) -> bool:
        return path.startswith(self._starts) or path in self._exact

    def __iter__(self) -> Iterator[str]:
        return iter(self._exact)
