"""What Python's collector of garbage is spared while our files are loaded.

Some two hundred files make it look through all that MkDocs has loaded, and in each later collection through them: modules,
classes and functions, which stay until the process ends. So what is there is set aside twice, once before (by the package) and
once after; it is never looked through again. Of a process that serves that is once, too.
"""

from __future__ import annotations

import functools
import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def loading() -> Iterator[None]:
    """Collect no garbage meanwhile."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        _set_aside()
        if collects:
            gc.enable()


@functools.cache
def _set_aside() -> None:
    gc.freeze()
