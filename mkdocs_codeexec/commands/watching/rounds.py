"""Rounds: a site is read and its samples are answered, again after each change, until somebody ends it."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from mkdocs_codeexec.commands.selecting.selection import selected
from mkdocs_codeexec.commands.site import collect
from mkdocs_codeexec.commands.watching.sources import SETTLE, Sources
from mkdocs_codeexec.commands.watching.work import Work
from mkdocs_codeexec.engine.engine import Engine
from mkdocs_codeexec.errors import CodeExecError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence

    from mkdocs_codeexec.commands.selecting.selection import Selected
    from mkdocs_codeexec.core.action import Key
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.report.run import Run
    from mkdocs_codeexec.sites import Collected


class Round(NamedTuple):
    """What a round came to.

    Attributes:
        changed: The files whose change has begun it; none begin the first.
        found: The site as it was read; None if it could not be.
        run: What its samples came to; None if there is nothing to tell of.
        fault: Why there is nothing; None if there is.
        engine: What has answered them.
    """

    changed: Sequence[str]
    found: Collected | None = None
    run: Run | None = None
    fault: CodeExecError | OSError | None = None
    engine: Engine | None = None


class Rounds:
    """One site in one process, which keeps what can be kept from round to round.

    Args:
        file: That of the site.
        asked: The command line, which says which samples are meant.
        debounce: Seconds of silence that end a round: what changes within them belongs to it.
        say: Takes a message for people.
        begin: Is called when a round begins.

    Attributes:
        say: As given.
        sources: What the site is made of.
    """

    def __init__(
        self,
        file: Path,
        asked: argparse.Namespace,
        debounce: float,
        say: Callable[[str], None],
        begin: Callable[[], None],
    ) -> None:
        self.say = say
        self.sources = Sources(file, say)
        self._file = file
        self._asked = asked
        self._debounce = debounce
        self._begin = begin
        self._engine: Engine | None = None
        self._memory: dict[Key, Outcome] = {}
        self._going: list[Work] = []
        self._reading = 0.0
        self._folder = Path()

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="codeexec-watch-"))
        self.sources.open()
        return self

    def __exit__(self, *exc: object) -> None:
        self.sources.close()
        self._end()
        if self._engine is not None:
            with suppress(CodeExecError, OSError):
                self._engine.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def each(self) -> Iterator[Round]:
        """Yield what each round came to, for ever. What changes while somebody looks at one begins the next."""
        changed: list[str] = []
        while True:
            self._begin()
            try:
                done = self._round(changed)
            except _NewerError as newer:
                changed = list(dict.fromkeys((*changed, *newer.paths)))
                continue
            yield done
            self._observe(done)
            self.sources.look()
            changed = self._next()

    # --- What begins a round ----------------------------------------------------------------------------------------

    def _next(self) -> list[str]:
        """Wait for a change, and return what has changed."""
        changes = self.sources.changes
        while True:
            changes.wait()
            # Where reading is quick it is begun at once, and given up if more comes: what is told waits all the same.
            changes.rest(self._settle if self._reading < self._debounce else self._debounce)
            if changed := self.sources.newer():
                return changed

    def _check(self) -> None:
        """Begin the round anew if there is something that it has not read.

        Raises:
            _NewerError: There is.
        """
        if self.sources.changes.any:
            self.sources.changes.rest(self._settle)
            if newer := self.sources.newer():
                raise _NewerError(newer)

    def _calm(self) -> None:
        """Wait until it may be told.

        Raises:
            _NewerError: Something has changed by then.
        """
        changes = self.sources.changes
        self._check()
        while (left := changes.left(self._debounce)) > 0:
            changes.wait(seconds=left)
            self._check()

    @property
    def _settle(self) -> float:
        return min(SETTLE, self._debounce)

    # --- A round ----------------------------------------------------------------------------------------------------

    def _round(self, changed: Sequence[str]) -> Round:
        """Read the site and answer its samples.

        Raises:
            _NewerError: Something has changed that was not read.
        """
        began, found = time.monotonic(), None
        try:
            self.sources.open(changed)
            with self.sources.collecting() as further:
                found = collect(self._file, self._folder)
                further(path for paths in found.included.values() for path in paths)
            self._reading = time.monotonic() - began
            self._check()
            wanted = selected(found, self._asked)
            engine, work = self._begun(found, wanted, changed)
            while not work.done:
                self.sources.changes.wait(lambda: work.done)
                self._check()
            run = work.run(wanted.pages)
        except (CodeExecError, OSError) as error:
            self._calm()
            return Round(changed, found, fault=error)
        self._calm()
        return Round(changed, found, run, engine=engine)

    def _begun(self, found: Collected, wanted: Selected, changed: Sequence[str]) -> tuple[Engine, Work]:
        """Begin to answer what is `wanted`. What goes on of rounds before is ended, if it is not what it would be now."""
        self._going = [work for work in self._going if not work.done]
        same = self._engine is not None and self._engine.settings == found.settings
        current = same and self.sources.are_pages(changed)
        if self._going and not (current and not any(work.obsolete(wanted.samples) for work in self._going)):
            self._end()
            same = False  # its languages may have been in the middle of something
        if self._engine is None or not same:
            memory = self._memory if found.settings.execute == "auto" else {}
            self._engine = Engine(found.settings, found.console, memory=memory)
        work = Work(self._engine, wanted.samples, self.sources.changes.wake)
        self._going.append(work)
        return self._engine, work

    def _end(self) -> None:
        for work in self._going:
            work.stop()
        self._going = []

    def _observe(self, done: Round) -> None:
        """Watch what the samples of a round have read; what of it was not watched before may have changed meanwhile."""
        if done.run is None or done.engine is None:
            return
        engine, answers = done.engine, done.run.resolved
        if fresh := self.sources.observe(engine.watched(answers)):
            tried = [item.sample for item in answers if item.outcome is not None]
            settled = engine.settings.execute != "auto" or all(
                one.state != "miss" for one in engine.plan(tried).planned
            )
            if settled:
                self.sources.trust(fresh)
            else:
                self.sources.suspect(fresh, done.run.started)
        engine.save()


class _NewerError(Exception):
    """There is something that a round has not read."""

    def __init__(self, paths: list[str]) -> None:
        super().__init__()
        self.paths = paths
