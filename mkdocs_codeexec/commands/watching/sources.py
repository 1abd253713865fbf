"""What a site is made of, as far as it is known by now, and what of it has changed since it was read."""

from __future__ import annotations

import datetime as dt
import os
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.commands.site import open_site, settings_of
from mkdocs_codeexec.errors import CodeExecError
from mkdocs_codeexec.sites import shown
from mkdocs_codeexec.watching.observer import Changes, Observer
from mkdocs_codeexec.watching.places import Places, spots
from mkdocs_codeexec.watching.reading import noted
from mkdocs_codeexec.watching.signs import Known, sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mkdocs_codeexec.watching.signs import Sign

SETTLE = 0.02
"""Seconds of silence after which it is looked at what has changed: who saves a file may write it in several steps."""

CLOCK = 20_000_000
"""Nanoseconds by which a file system's clock may be behind."""
MOST = 10
"""How often a file may be written while the site is read, each time anew, before it is taken to be made by that."""


class Sources:
    """The files of one site.

    Args:
        file: That of its configuration.
        say: Takes a message for people.
    """

    def __init__(self, file: Path, say: Callable[[str], None]) -> None:
        self.changes = Changes()
        self._file = file
        self._say = say
        self._known = Known()
        self._places = Places(())
        self._observer: Observer | None = None
        self._roots: tuple[str, ...] = (str(file.parent),)
        self._trees: list[str] = []
        self._apart: set[str] = set()
        self._read: dict[str, Sign | None] = {}
        self._observed: set[str] = set()
        self._watched: set[str] = set()
        self._reading = 0, 0
        self._made: dict[str, int] = {}

    def open(self, changed: Iterable[str] = ()) -> None:
        """Watch what the configuration names, as far as it can be read; to be called before anything else is read.

        Args:
            changed: What has changed since it was called last.
        """
        if self._observer is not None and all(self._is_below(path) for path in changed):
            return
        before = self._trees, self._apart, self._roots
        with suppress(CodeExecError, OSError):  # it is told when pages are collected
            site = open_site(self._file)
            settings = settings_of(site)
            docs = _absolute(site.folders.get("docs_dir", site.folder / "docs"))
            published = [folder for name, folder in site.folders.items() if name != "docs_dir"]
            self._trees = [docs]
            self._apart = {_absolute(folder) for folder in (*settings.apart, *published)}
            around = [str(settings.checkout_dir)] if settings.checkout_dir else []
            self._roots = tuple(dict.fromkeys((str(site.folder), docs, *around)))
        if self._observer is None or before != (self._trees, self._apart, self._roots):
            old, self._places = self._observer, Places(self._apart)
            self._observer = Observer(self.changes, self._places, self._say)
            self._watch(all_of_it=True)
            if old is not None:
                old.close()

    def _is_below(self, path: str) -> bool:
        return any(path.startswith(f"{tree}/") for tree in self._trees)

    @contextmanager
    def collecting(self) -> Iterator[Callable[[Iterable[Path]], None]]:
        """Take note of all files that are read until the end of the context, and of what has changed since each was.

        What it yields takes others that were read.
        """
        self._places.forget()
        further: dict[str, Sign | None] = {}
        self._reading = began = time.time_ns() - CLOCK, time.time_ns()
        with noted(self._wanted) as read:
            try:
                yield lambda paths: further.update(
                    (path, _before(path, began[0])) for path in map(str, paths) if self._wanted(path)
                )
            except BaseException:
                self._take({**self._read, **further, **read}, all_of_it=True)  # what it lacks may come to any name
                raise
        self._reading = began[0], time.time_ns()
        self._take({**further, **read}, all_of_it=False)

    def observe(self, paths: Iterable[Path]) -> list[str]:
        """Watch what samples depend on, too; return what of it is watched since now: it may have changed before."""
        apart = tuple(f"{folder}/" for folder in self._apart)
        self._observed = {path for path in map(_absolute, paths) if not f"{path}/".startswith(apart)}
        fresh = sorted(self._observed - self._watched)
        if fresh or self._observed != self._watched - self._read.keys():
            self._watch(all_of_it=False)
        return fresh

    def trust(self, paths: Iterable[str]) -> None:
        """Take `paths` for what samples have read, as they are now."""
        self._known.note({path: sign(path) for path in paths if path not in self._known})

    def suspect(self, paths: Sequence[str], since: str) -> None:
        """Take note that some of `paths` are otherwise than samples have read them `since` some time (ISO 8601)."""
        began = dt.datetime.fromisoformat(since).timestamp() * 1e9 - CLOCK
        signs = {path: sign(path) for path in paths}
        late = {path for path, found in signs.items() if found is not None and found.written >= began}
        late |= {path for path in self.changes.told if path.startswith(tuple(f"{folder}/" for folder in paths))}
        if late:
            self.trust(set(paths) - late)
        self.changes.add(*(late or paths))

    def newer(self) -> list[str]:
        """Return what is otherwise than when it was read, and was told of."""
        told, made = self.changes.take()
        # Editors write beside a file, and rename what they have written: that name has come and gone.
        told = [path for path in told if not (path in made and path not in self._known and sign(path) is None)]
        changed = self._known.changed(told)
        return [path for path in told if path in changed and not self._is_made(path)]

    def _is_made(self, path: str) -> bool:
        """Tell whether a file is written whenever the site is read, by a plugin say: that begins no round, or there is no end."""
        found = sign(path)
        if found is None or not self._reading[0] <= found.written <= self._reading[1]:
            self._made.pop(path, None)
            return False
        self._made[path] = times = self._made.get(path, 0) + 1
        if times == MOST:
            self._say(f"`{shown(Path(path))}` is written whenever the site is read: that begins no round")
        return times >= MOST

    def are_pages(self, changed: Iterable[str]) -> bool:
        """Tell whether `changed` is on pages alone: nothing that samples are known to have read is among it."""
        read = tuple(f"{path}/" for path in self._observed)
        return all(self._is_below(path) and not f"{path}/".startswith(read) for path in changed)

    def look(self) -> None:
        """Look at all files that were read, whether or not anything was told of them, and take note of what is in them."""
        if found := self._known.otherwise():
            self.changes.add(*found)
        self._known.read(lambda: not self.changes.any)

    def close(self) -> None:
        """Watch nothing any more."""
        if self._observer is not None:
            self._observer.close()

    def _take(self, read: dict[str, Sign | None], *, all_of_it: bool) -> None:
        self._read = read
        self._watch(all_of_it=all_of_it)
        if late := self._known.note({path: found for path, found in read.items() if path not in self._known}):
            self.changes.add(*late)

    def _watch(self, *, all_of_it: bool) -> None:
        assert self._observer is not None
        self._watched = {*self._observed, *self._read}
        self._observer.watch(spots({str(self._file), *self._watched}, self._trees, self._places), all_of_it=all_of_it)

    def _wanted(self, path: str) -> bool:
        root = next((root for root in self._roots if path.startswith(f"{root}/")), None)
        return root is not None and not self._places.left_out(path, root) and not self._places.refused(path)


def _before(path: str, began: int) -> Sign | None:
    """Return how a file was when it was read, since `began`; if it was written since, how it is not."""
    found = sign(path)
    return found if found is None or found.written < began else found._replace(written=0)


def _absolute(path: Path) -> str:
    return os.path.abspath(path)  # noqa: PTH100 - `resolve` would follow links
