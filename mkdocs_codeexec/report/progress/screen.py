"""The last line of a terminal, drawn by tqdm below whatever others write.

Everything that this process writes there goes through us meanwhile: the line is taken away before, and drawn again when the
terminal stands at the start of a line. Nothing is left switched off if this process is killed: the cursor stays as it is.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any, ClassVar, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TextIO

BAR = 60
"""Columns from which there is room for a bar."""
UNKNOWN = 80
"""Columns of a terminal that does not say it."""
_ERASE = "\r\x1b[J"
"""To the end of the terminal: one that has become narrower may show the line as several."""
_screens: weakref.WeakSet[Screen] = weakref.WeakSet()


class Screen:
    """A terminal whose last line is ours, until it is closed.

    Args:
        out: The terminal, as it was before.
    """

    def __init__(self, out: TextIO) -> None:
        self.lock = threading.RLock()
        self.out = out
        self._drawn = False
        self._midline = False
        self._closed = False
        self._handlers: list[tuple[logging.StreamHandler[Any], Any]] = []
        self._bar = _bar(out)
        self._streams: dict[str, Stream] = {}
        _screens.add(self)
        _expect_forks()
        self._take()

    @property
    def columns(self) -> int:
        """How many columns there are now."""
        try:
            return os.get_terminal_size(self.out.fileno()).columns or UNKNOWN
        except (OSError, ValueError):
            return UNKNOWN

    def draw(self, texts: Iterable[str], done: int, total: int) -> None:
        """Draw the first of `texts` that fits, and how much is done of all, if there is room for that."""
        with self.lock:
            if self._closed or self._midline:
                return
            room = self.columns - 1  # a terminal that is full to the last column may begin another line
            text = _fitting(texts, room)
            self._bar.bar_format = "{desc} |{bar}|" if room >= BAR and total and len(text) < room - 10 else "{desc}"
            self._bar.total, self._bar.n, self._bar.ncols = total or None, done, room
            self._bar.set_description_str(text, refresh=False)
            self._bar.refresh(nolock=True)
            self._drawn = True

    def clear(self) -> None:
        """Take the line away until something is drawn again."""
        with self.lock:
            self._erase()

    def write(self, stream: TextIO, text: str) -> int:
        """Write `text` to `stream`, which is this terminal, too."""
        with self.lock:
            if text:
                self._erase()
            number = stream.write(text)
            if text:
                self._midline = not text.endswith("\n")
            return number

    def close(self) -> None:
        """Take the line away, and leave all streams as they were."""
        with self.lock:
            if self._closed:
                return
            self._erase()
            self._closed = True
            self._bar.disable = True
        for name, stream in self._streams.items():
            if getattr(sys, name) is stream:
                setattr(sys, name, stream.real)
        for handler, stream in self._handlers:
            if isinstance(handler.stream, Stream):
                handler.setStream(stream)

    def forked(self) -> None:
        """Be of no effect: this is a child, and the terminal is its parent's."""
        self.lock = threading.RLock()
        self._closed = True

    def stream(self, stream: TextIO | None) -> TextIO | None:
        """Return what is to be written to instead of `stream`, if that is this terminal."""
        return cast("TextIO", Stream(self, stream)) if stream is not None and _is_terminal(stream) else stream

    def _erase(self) -> None:
        if self._drawn and not self._closed:
            self._drawn = False
            self.out.write(_ERASE)
            self.out.flush()

    def _take(self) -> None:
        """Have all that is written to terminals go through us."""
        for name in ("stdout", "stderr"):
            real = getattr(sys, name)
            if real is not None and _is_terminal(real):
                self._streams[name] = Stream(self, real)
                setattr(sys, name, self._streams[name])
        for handler in _handlers():
            own = handler.stream
            if _is_terminal(own) and not isinstance(own, Stream):
                self._handlers.append((handler, own))
                handler.setStream(Stream(self, own))


class Stream:
    """A stream to a terminal, which has a line of ours below what is written.

    Args:
        screen: The terminal.
        real: The stream.
    """

    def __init__(self, screen: Screen, real: TextIO) -> None:
        self._screen = screen
        self.real = real

    def write(self, text: str) -> int:
        """Write `text` above our line."""
        return self._screen.write(self.real, text)

    def writelines(self, lines: Sequence[str]) -> None:
        """Write `lines` above our line."""
        for line in lines:
            self.write(line)

    def __iter__(self) -> Iterator[str]:
        return iter(self.real)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def _fitting(texts: Iterable[str], room: int) -> str:
    """Return the first of `texts` that fits; of the last, what there is room for."""
    text = ""
    for text in texts:
        if len(text) <= room:
            return text
    return text[: max(room, 0)]


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError, OSError):  # none, or closed
        return False


def _handlers() -> Iterator[logging.StreamHandler[Any]]:
    """Yield what writes the records of all loggers to streams, each once."""
    loggers = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    seen: set[int] = set()
    for logger in loggers:
        for handler in getattr(logger, "handlers", ()):
            if isinstance(handler, logging.StreamHandler) and id(handler) not in seen:
                seen.add(id(handler))
                yield handler


def _bar(out: TextIO) -> Any:
    """Return a line of tqdm's that nobody but us draws: it has no thread, and no lock that other processes have."""
    from tqdm.std import tqdm

    class Bar(tqdm):  # type: ignore[type-arg]  # a class of no type while it runs
        monitor_interval = 0
        _instances: ClassVar[weakref.WeakSet[Any]] = weakref.WeakSet()  # those of others are not counted, nor moved

        @staticmethod
        def status_printer(file: Any) -> Any:
            def printed(text: str) -> None:
                file.write(f"{_ERASE}{text}\r")  # what the terminal itself puts there, `^C` say, goes with it
                file.flush()

            return printed

    Bar.set_lock(threading.RLock())
    # Without a delay it would show itself now, empty.
    return Bar(file=out, leave=False, ncols=UNKNOWN, nrows=UNKNOWN, bar_format="{desc}", delay=1e-9)


_expected = False


def _expect_forks() -> None:
    """Have children that are forked find no lock that a thread of this process holds."""
    global _expected  # noqa: PLW0603 - what is registered for forks stays so for ever
    if not _expected and hasattr(os, "register_at_fork"):
        _expected = True
        os.register_at_fork(after_in_child=_forked)


def _forked() -> None:
    for screen in tuple(_screens):
        screen.forked()
