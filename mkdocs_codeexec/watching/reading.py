"""Which files this process reads, and how they are at that moment: a host tells nobody what pages are made of.

Snippets, macros, hooks and data are read by plugins of others, each in its own way. All of them open files, and Python tells of that.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from mkdocs_codeexec.watching.signs import FOLDER, sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mkdocs_codeexec.watching.signs import Sign

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_listening: list[_Reads] = []
_hooked: list[bool] = []


class _Reads:
    def __init__(self, wanted: Callable[[str], bool]) -> None:
        self.found: dict[str, Sign | None] = {}
        self._wanted = wanted

    def hear(self, path: str) -> None:
        path = os.path.abspath(path)  # noqa: PTH100 - `resolve` would follow links
        if path.endswith(".pyc"):
            with suppress(ValueError, NotImplementedError):
                path = importlib.util.source_from_cache(path)
        if path not in self.found and self._wanted(path) and (found := sign(path)) != FOLDER:
            self.found[path] = found


@contextmanager
def noted(wanted: Callable[[str], bool]) -> Iterator[dict[str, Sign | None]]:
    """Yield the files that are opened to be read until the end of the context, as they are when that is done first.

    Args:
        wanted: Tells which of them are of interest, by their absolute paths.
    """
    if not _hooked:  # such a hook stays for as long as the process lives
        sys.addaudithook(_hear)
        _hooked.append(True)
    reads = _Reads(wanted)
    _listening.append(reads)
    try:
        yield reads.found
    finally:
        _listening.remove(reads)


def _hear(event: str, args: tuple[object, ...]) -> None:
    if not _listening or event != "open":
        return
    path, mode, flags = args
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if mode is None and isinstance(path, str) and not os.path.isabs(path):  # noqa: PTH117 - each file that is opened
        return  # of `os.open`, which may mean another folder than the working directory
    if isinstance(path, str) and not (isinstance(flags, int) and flags & _WRITES):
        for reads in tuple(_listening):
            reads.hear(path)
