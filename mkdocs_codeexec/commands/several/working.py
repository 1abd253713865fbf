"""Several sites, answered at the same time: each by an Engine of its own, in a thread of its own.

Engines share a jobserver, so no more is built and run at once than one site alone would. While one waits for cargo, or for its
turn with an Environment that another one builds, others go on.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import queue
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from mkdocs_codeexec.commands.run import FirstFailure, Going
from mkdocs_codeexec.commands.several.voices import Named, Told
from mkdocs_codeexec.engine.engine import Engine
from mkdocs_codeexec.engine.stop import Stop
from mkdocs_codeexec.errors import Cancelled, CodeExecError, ConfigurationError, Mistake
from mkdocs_codeexec.outputs import answered
from mkdocs_codeexec.report.run import Run, distinct
from mkdocs_codeexec.runtime.jobserver import Jobserver

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mkdocs_codeexec.commands.selecting.selection import Selected
    from mkdocs_codeexec.commands.several.collecting import Site
    from mkdocs_codeexec.core.resolved import Listen, Resolved

AT_ONCE = 16
"""Sites; more of them take memory, and wait for the same processors."""
LEAVING_SECONDS = 0.5
"""How long sites may take to end whose children have been ended."""

_log = logging.getLogger("mkdocs.plugins.codeexec")


class Shared:
    """What all sites share.

    Args:
        sites: All of them.

    Attributes:
        jobs: How many samples are built and run at once: as many as the site wants that wants most.
        jobserver: Sees to that.
        stop: Ends all.
    """

    def __init__(self, sites: Sequence[Site]) -> None:
        self.jobs = max(site.found.settings.jobs for site in sites)
        self.jobserver = Jobserver(self.jobs)
        self.stop = Stop()


class Work:
    """What one site has to execute.

    Args:
        site: The site.
        wanted: Its samples that are meant.
        shared: By all sites.
        fail_fast: Whether the first failure ends all.

    Attributes:
        site: As given.
        wanted: As given.
        engine: Answers its samples.
        whole: Whether all of them have their answers.
        fault: Why it was given up, if that is neither a sample's fault nor the user's wish.

    Raises:
        ConfigurationError: A language cannot be used as it is set up.
    """

    def __init__(self, site: Site, wanted: Selected, shared: Shared, *, fail_fast: bool) -> None:
        self.site = site
        self.wanted = wanted
        self.whole = False
        self.fault: Exception | None = None
        self.narrator = Named(site.found.console, site.name)
        self.engine = Engine(site.found.settings, self.narrator, jobserver=shared.jobserver)
        self._shared = shared
        self._going = Going(fail_fast=fail_fast)
        self._resolved: Sequence[Resolved] = ()
        self._started, self._seconds = dt.datetime.now(dt.UTC), 0.0
        self._began = time.monotonic()

    def hear(self, listen: Listen) -> None:
        """Have `listen` hear all that goes on."""
        self.engine.hear(Told(listen, self.site.name).hear)

    def do(self) -> bool:
        """Answer the samples; return whether others may go on."""
        self._started, self._began = dt.datetime.now(dt.UTC), time.monotonic()
        try:
            self._resolved = answered(self.engine, self.wanted.samples, {}, self._going.hear, self._shared.stop)
            self.whole = True
        except FirstFailure:
            return False
        except Cancelled:
            pass
        except (CodeExecError, OSError) as fault:
            self.fault = fault
        except Exception as fault:  # noqa: BLE001 - those of other sites are answered
            _log.exception("%s: a fault of mkdocs-codeexec itself; please report it", self.site.name)
            self.fault = fault
        finally:
            self._seconds = time.monotonic() - self._began
            try:
                self.engine.close()
            except (CodeExecError, OSError) as fault:
                self.fault = self.fault or fault
        return True

    def run(self, run_id: str) -> Run:
        """Return what it has come to; what had its answer when it was stopped is among that.

        Args:
            run_id: Of the run; empty for one of its own.
        """
        found = self._resolved if self.whole else tuple(self._going.ended)
        return Run.of(
            distinct(sorted(found, key=lambda item: item.sample.location)),
            self._started,
            self._seconds or time.monotonic() - self._began,
            selected=self.wanted.pages,
            interrupted=not self.whole,
            run_id=run_id,
        )


def opened(sites: Sequence[Site], chosen: Sequence[Selected], shared: Shared, *, fail_fast: bool = False) -> list[Work]:
    """Return what each site has to execute; nothing is executed.

    Raises:
        ConfigurationError: What is wrong with the languages of all sites.
    """
    works: list[Work] = []
    mistakes: list[Mistake] = []
    for site, wanted in zip(sites, chosen, strict=True):
        try:
            works.append(Work(site, wanted, shared, fail_fast=fail_fast))
        except ConfigurationError as error:
            mistakes += error.mistakes
    if mistakes:
        raise ConfigurationError(*mistakes)
    return works


def together(works: Sequence[Work], shared: Shared) -> BaseException | None:
    """Have all samples answered, and return what has interrupted that; None if nothing has.

    Sites that share a folder of results take turns: each finds there what it would if the other had been before it.
    """
    _prepare(works)
    return _Together(works, shared).answer()


def by_results(works: Sequence[Work]) -> list[list[Work]]:
    """Return `works` in their order, those with one folder of results together."""
    found: dict[str, list[Work]] = {}
    for work in works:
        found.setdefault(os.path.realpath(work.site.found.settings.cache_dir), []).append(work)
    return list(found.values())


class _Together:
    def __init__(self, works: Sequence[Work], shared: Shared) -> None:
        self._works = works
        self._stop_of_all = shared.stop
        self._waiting = deque(by_results(works))
        self._ended: queue.SimpleQueue[None] = queue.SimpleQueue()

    def answer(self) -> BaseException | None:
        # Daemons: who waits for another process is not waited for at the end.
        threads = [threading.Thread(target=self._go_on, daemon=True) for _ in range(min(AT_ONCE, len(self._waiting)))]
        try:
            for _ in range(self._started(threads)):
                self._take()
        except (KeyboardInterrupt, Cancelled) as error:
            self._stop()
            give_up = time.monotonic() + LEAVING_SECONDS
            while any(thread.is_alive() for thread in threads) and time.monotonic() < give_up:
                time.sleep(0.005)
            return error
        return None

    def _started(self, threads: Sequence[threading.Thread]) -> int:
        """Start `threads`, or do their work, and return how often an end will be told."""
        for number, thread in enumerate(threads):
            try:
                thread.start()
            except RuntimeError:  # the system has none left
                self._go_on()
                return number + 1
        return len(threads)

    def _take(self) -> None:
        """Wait for an end, in slices: a signal that comes just before a wait does not end it."""
        while True:
            try:
                return self._ended.get(timeout=0.1)
            except queue.Empty:
                continue

    def _go_on(self) -> None:
        """Answer the samples of sites until none waits any more."""
        try:
            while self._waiting:
                try:
                    turn = self._waiting.popleft()
                except IndexError:  # another thread was faster
                    return
                for work in turn:
                    if not self._stop_of_all.asked and not work.do():
                        self._stop()
        finally:
            self._ended.put(None)

    def _stop(self) -> None:
        self._waiting.clear()
        self._stop_of_all.ask()
        for work in self._works:
            work.engine.hooking.stop()


def _prepare(works: Sequence[Work]) -> None:
    """Make folders of results that are in the folder of another site, before samples of that look at it."""
    for work in works:
        place = work.site.found.settings.cache_dir
        others = (other.site.found.settings.project_dir for other in works if other is not work)
        if work.wanted.samples and any(place.is_relative_to(folder) for folder in others):
            work.engine.prepare()
