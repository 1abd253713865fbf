"""What is to be done before the process ends in the middle of a build."""

from __future__ import annotations

import _thread
import atexit
import os
import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable


SECONDS = 1.5
"""How long a process that was asked to end may take for it."""


class Ending:
    """Sees to it that something is closed, however the process ends that can still do anything.

    Python does not: SIGTERM ends it at once, and an exit in the middle of a build passes no event of MkDocs.

    Args:
        close: Is called then.
    """

    def __init__(self, close: Callable[[], None]) -> None:
        self._close = close
        self._begun = False
        self._handled = False

    def begin(self) -> None:
        """Watch over what follows."""
        if self._begun:
            return
        self._begun = True
        atexit.register(self._close)
        main = threading.current_thread() is threading.main_thread()
        # Whoever has a handler of its own knows better what is to be done.
        if main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _leave)
            self._handled = True

    def end(self) -> None:
        """Leave everything as it was."""
        if not self._begun:
            return
        self._begun = False
        atexit.unregister(self._close)
        if self._handled and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            self._handled = False


def _leave(number: int, _: object) -> NoReturn:
    # An exception can be caught, and what is closed on the way can wait for somebody: neither may keep us here.
    with suppress(RuntimeError):  # the system has no thread left
        _thread.start_new_thread(_give_up, (128 + number,))
    raise SystemExit(128 + number)


def _give_up(status: int) -> NoReturn:
    """End the process, whatever it does, when its time is over: children end with it, and nothing is half written."""
    time.sleep(SECONDS)
    os._exit(status)
