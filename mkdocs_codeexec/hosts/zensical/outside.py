"""While Zensical serves: what changes outside of pages reaches them.

Zensical renders a page again when its file is written, and only then. Files that samples read are watched here; when one
changes, samples are asked again, and Zensical is told of the file of each page with another answer.
"""

from __future__ import annotations

import logging
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.core.graph import reaches_out
from mkdocs_codeexec.outputs import answered, is_output

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mkdocs_codeexec.core.resolved import Resolved
    from mkdocs_codeexec.hosts.zensical.site import ZensicalSite

SECONDS = 0.3
"""How long nothing must happen before something is done about what has happened."""

_log = logging.getLogger(__name__)


class Outside:
    """Watches what the samples of one site depend on."""

    def __init__(self) -> None:
        self._site: ZensicalSite | None = None
        self._observer: Any = None
        self._watched: dict[str, Any] = {}
        self._files: set[str] = set()
        self._awaited: set[str] = set()
        self._gone: set[str] = set()
        self._rendered = False
        self._changed = False
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, site: ZensicalSite) -> None:
        """Watch for `site` from now on."""
        self._site = site
        site.rendered = self.note

    def note(self) -> None:
        """Take note that samples have been answered."""
        self._rendered = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._go_on, daemon=True, name="codeexec-outside")
            with suppress(RuntimeError):  # no thread is left: nothing is watched
                self._thread.start()
        self._woken.set()

    def dispatch(self, event: Any) -> None:
        """Take an event of the file system (watchdog)."""
        if event.event_type in ("opened", "closed_no_write"):
            return
        paths = {os.fsdecode(path) for path in (event.src_path, getattr(event, "dest_path", "")) if path}
        gone = paths & self._watched.keys() if event.event_type in ("deleted", "moved") else set()
        self._gone |= gone  # watching it has ended, whatever is there afterwards
        if gone or any(path in self._files or path in self._awaited or self._is_below(path) for path in paths):
            self._changed = True
            self._woken.set()

    def _is_below(self, path: str) -> bool:
        return any(
            path.startswith(f"{folder}{os.sep}") for folder, watch in self._watched.items() if watch.is_recursive
        )

    def _go_on(self) -> None:
        while True:
            self._woken.wait()
            threading.Event().wait(SECONDS)
            self._woken.clear()
            site = self._site
            try:
                if site is not None:
                    self._act(site)
            except Exception as error:  # noqa: BLE001 - the thread must live on
                _log.debug("watching", exc_info=True)
                if site is not None:
                    site.console.warn(f"what samples depend on cannot be watched: {type(error).__name__}: {error}")

    def _act(self, site: ZensicalSite) -> None:
        if self._rendered or self._changed:  # what comes, or goes, is to be watched elsewhere
            rendered, self._rendered = self._rendered, False
            answers = [item for items in site.by_page().values() for item in items]
            # What has changed before it was watched is seen by asking.
            self._changed = self._update(site.engine.watched(answers)) or self._changed
            # A page that was rendered anew may be one that others need.
            self._changed = self._changed or (rendered and any(reaches_out(item.sample) for item in answers))
        if self._changed:
            self._changed = False
            outdated = self._outdated(site)
            if outdated:
                site.cache.forget()  # what the build before has left there for good is not
            stale = [page for page in outdated if not touch(site.docs / page)]
            if stale:
                site.console.say(f"something else is on {stale[0]} by now: save it, and Zensical shows it")

    def _outdated(self, site: ZensicalSite) -> list[str]:
        """Return the pages on which a sample comes to something else by now."""
        pages = site.by_page()
        before = [item for items in pages.values() for item in items]
        # What was not executed is as it was; output that a fence holds may be of another page.
        known = {at: item for at, item in enumerate(before) if item.key is None and not is_output(item.sample)}
        after = iter(answered(site.engine, [item.sample for item in before], known))
        return [
            page
            for page, items in pages.items()
            if [*map(_worth, items)] != [_worth(next(after)) for _ in items] and (site.docs / page).is_file()
        ]

    def _update(self, paths: Iterable[Path]) -> bool:
        """Watch exactly `paths` from now on, and return whether any of them is new.

        For one that is not there, the nearest folder that is there is watched, and what is on the way to it awaited.
        """
        before = {*self._files, *self._watched}
        files, awaited, folders = set(), set(), {}
        for path in paths:
            if path.is_dir():
                folders[str(path)] = True
                continue
            files.add(str(path))
            above = path.parent
            while not above.is_dir() and above != above.parent:
                awaited.add(str(above))
                above = above.parent
            folders.setdefault(str(above), False)
        self._files, self._awaited = files, awaited
        if self._observer is None:
            from watchdog.observers import Observer

            self._observer = Observer()
            self._observer.daemon = True
            self._observer.start()
        gone, self._gone = self._gone, set()
        stale = {one for one, watch in self._watched.items() if folders.get(one) != watch.is_recursive}
        for folder in stale | (gone & self._watched.keys()):
            self._observer.unschedule(self._watched.pop(folder))
        for folder in folders.keys() - self._watched.keys():
            with suppress(FileNotFoundError):  # it went just now
                self._watched[folder] = self._observer.schedule(self, folder, recursive=folders[folder])
        return not {*self._files, *self._watched} <= before


def _worth(item: Resolved) -> object:
    steps = [(step.stdout, step.stderr, step.ended) for step in item.outcome.steps] if item.outcome else None
    of = item.compared
    return item.key, item.verdict, steps, of and (of.printed, of.truncated)


def touch(file: Path) -> bool:
    """Have Zensical render `file` again, which stays as it is, times included; return whether that can be done.

    It renders what has been written to, by the system's word, and looks neither at times nor at contents. To ask for room that
    a file has is a write that writes nothing: whatever an editor does at the same time, nothing of it is lost.
    """
    try:
        opened = os.open(file, os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        found = os.fstat(opened)
        if found.st_size:
            os.posix_fallocate(opened, 0, 1)
            os.utime(opened, ns=(found.st_atime_ns, found.st_mtime_ns))
    except (AttributeError, OSError):  # of other systems, or of a file system that does not know it
        return False
    finally:
        os.close(opened)
    return True
