"""What takes time, told as events: of the trace, and of whoever wants to know where the time goes."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.resolved import Took

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mkdocs_codeexec.core.action import Action
    from mkdocs_codeexec.core.resolved import TookKind


def clock() -> float:
    """Return seconds of the clock by which `Took` is measured."""
    return time.monotonic()


def took(kind: TookKind, name: str, began: float, ended: float, actions: tuple[Action, ...] = ()) -> Took:
    """Return that this thread has done something from `began` to `ended`, by `clock`."""
    return Took(kind, name, began, ended - began, threading.get_ident(), actions)


@contextmanager
def timed(note: Callable[[Took], None], kind: TookKind, name: str, actions: tuple[Action, ...] = ()) -> Iterator[None]:
    """Tell `note` how long it takes until the context is left, however it is left."""
    began = clock()
    try:
        yield
    finally:
        note(took(kind, name, began, clock(), actions))
