"""Live reload: what `mkdocs serve` watches beside the pages."""

from __future__ import annotations

import math
import os
import stat
import tempfile
import threading
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mkdocs.livereload import LiveReloadServer

SECONDS = 0.5
"""How often it is looked for what is not there; MkDocs looks as often at what is."""

CLOCK = 0.02
"""Seconds by which a file system's clock may be behind."""


class Watcher:
    """Keeps the server's list of watched paths in step with what samples depend on.

    Only sources are ever watched: MkDocs polls every file below a watched folder twice a second, and a target
    directory of 20,000 files would cost a quarter of a core.

    MkDocs cannot watch what is not there, and does not always notice that it goes. To watch the folder around it would
    rebuild the site for whatever is written there: a log of the server would have it rebuilt for ever. So we look for
    it ourselves, and write to a file of ours that MkDocs does watch.

    MkDocs compares what it watches with how it was when watching began. What a build has read before that, and was
    written since, is found by its time of change.
    """

    def __init__(self) -> None:
        self._server: LiveReloadServer | None = None
        self._wanted: set[Path] = set()
        self._watched: set[Path] = set()
        self._missing: set[Path] = set()
        self._ended: set[Path] = set()
        self._due: set[Path] = set()
        self._bell: Path | None = None
        self._begun = math.inf
        self._changing = threading.Lock()

    def attach(self, server: LiveReloadServer) -> None:
        """Start watching through `server`."""
        self._server = server
        self._sync()

    def begin(self) -> None:
        """Note that a build begins: it has not read what is written from now on."""
        self._begun = time.time() - CLOCK

    def update(self, paths: Iterable[Path]) -> None:
        """Watch exactly `paths` from now on; of those that are not there, whether they come.

        Have the site rebuilt if one of them that was not watched has been written since the build has begun.
        """
        self._wanted = set(paths)
        self._sync()

    def look(self) -> None:
        """Have the site rebuilt if anything has come, or has gone, since it was looked last."""
        with self._changing:
            missing = {path for path in self._wanted if not path.exists()}
            changed = missing ^ self._missing
            self._missing = missing
            self._ended |= missing
            self._due |= changed
            # Before the server looks, it would take what is written now for how it has always been.
            if not (self._due and self._bell and self._server and self._server.observer.is_alive()):
                return
            due, self._due = self._due, set()
        with suppress(OSError):
            self._bell.write_text("\n".join(map(str, sorted(due))), "utf-8", "surrogateescape")

    def _sync(self) -> None:
        if self._server is None:
            return
        with self._changing:
            there = {path for path in self._wanted if path.exists()}
            # MkDocs ends to watch what is missing once, whatever is there afterwards.
            kept = (self._watched & there) - self._ended
            for path in self._watched - kept:
                self._server.unwatch(str(path))
            for path in there - kept:
                self._server.watch(str(path))
            self._due |= {path for path in there - kept if _changed(path) >= self._begun}
            self._watched, self._ended = there, set()
            self._missing = self._wanted - there
        if self._wanted and self._bell is None:
            self._start(self._server)

    def _start(self, server: LiveReloadServer) -> None:
        handle, name = tempfile.mkstemp(prefix="codeexec-serve-")
        os.close(handle)
        self._bell = Path(name)
        weakref.finalize(self, self._bell.unlink, missing_ok=True)  # also when the program ends
        server.watch(name)
        threading.Thread(target=_go_on, args=(weakref.ref(self),), daemon=True, name="codeexec-missing").start()


def _changed(file: Path) -> float:
    """Return when `file` was written, or came to its name; seconds since the epoch, 0 if it is no file.

    What is written beside the files of a folder changes the folder: that says nothing.
    """
    try:
        found = file.stat()
    except OSError:
        return 0
    return found.st_ctime if stat.S_ISREG(found.st_mode) else 0


def _go_on(watcher: weakref.ref[Watcher]) -> None:
    """Look, for as long as there is such a watcher."""
    pause = threading.Event()
    while not pause.wait(SECONDS):
        found = watcher()
        if found is None:
            return
        found.look()
        del found
