"""Actions, executed in parallel: threads, each waiting for one child at a time.

Threads suffice because the work is done by children; nothing is pickled, and the first call costs a fifth of what
worker processes cost. joblib is imported only when there is something to run.

An Action is built in a batch of its language's choosing and then run by itself. Building may begin before it is known
what is to be run: `build_ahead` starts it in the background, and `run` takes over what is done or under way.
"""

from __future__ import annotations

import threading
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

from mkdocs_codeexec.errors import Cancelled
from mkdocs_codeexec.runtime.blobs import KeptBlobs
from mkdocs_codeexec.runtime.crew import Crew
from mkdocs_codeexec.runtime.scratch_root import ScratchRoot, place, usual

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from mkdocs_codeexec.core.action import Action
    from mkdocs_codeexec.core.protocols import Begin, Blobs, Finish, Language
    from mkdocs_codeexec.core.resolved import Took
    from mkdocs_codeexec.runtime.process import Children
    from mkdocs_codeexec.worktree.tree import Worktree


class ParallelExecutor:
    """Executes Actions, `jobs` at once. Threads may share it: what they ask for shares its workers.

    Args:
        children: Starts the children; a run that is interrupted ends them all, and its `Children` with them.
        languages: By canonical name: those that Actions may name.
        jobs: Children at once, at least one.
        total_timeout: Seconds from the first `run` until none goes on; None is unlimited. What has not ended by then is
            `NotStarted`.
        path: The `PATH` of every child.
        scratch_root: Where scratch directories are made; None is the system's directory for temporary files, or a
            folder in `own` where that is no place for them.
        tell: Takes a message for people: what could not be removed, what is not kept.
        blobs: Where files are kept that Actions leave to others; None is a folder of this process.
        project: Where the project is, and what of it samples may see; None if there is none.
        private: Where is kept what libraries need not make anew in each sample; None for nowhere.
        token: Opens what is held while something is built or run.
        note: Hears what takes time; None if nobody wants to.
        own: A folder of the user's; None if there is none.
    """

    def __init__(  # noqa: PLR0913 - named, all but two
        self,
        children: Children,
        languages: Mapping[str, Language],
        *,
        jobs: int,
        total_timeout: float | None,
        path: str,
        scratch_root: Path | None = None,
        tell: Callable[[str], None] | None = None,
        blobs: Blobs | None = None,
        project: Worktree | None = None,
        private: Path | None = None,
        token: Callable[[], AbstractContextManager[None]] = nullcontext,
        note: Callable[[Took], None] | None = None,
        own: Path | None = None,
    ) -> None:
        self._children = children
        self._languages = languages
        self._jobs = jobs
        self._total_timeout = total_timeout
        self._path = path
        self._scratch_root = scratch_root
        self._tell = tell
        self._blobs = blobs if blobs is not None else KeptBlobs()
        self._project = project
        self._private = private
        self._token = token
        self._note = note
        self._own = own
        self._lock = threading.Lock()
        self._crew: Crew | None = None
        self._place: Path | None = None
        self._sure = False
        self._running = 0
        self._closed = False

    def build_ahead(self, actions: Sequence[Action]) -> None:
        """Begin to execute the build steps of `actions` in the background, and return.

        What the language builds is kept for a `run` that asks for it. Nothing is run, and no Outcome is made of it.

        Raises:
            Cancelled: It is closed.
            OSError: There is no place for scratch directories.
        """
        if actions:
            with self._lock:
                crew = self._opened()
            crew.build_ahead(actions)

    def expect(self, actions: Sequence[Action]) -> None:
        """Let what `actions` will need begin to start, and return. Nothing of theirs is executed.

        Raises:
            Cancelled: It is closed.
        """
        if actions:
            with self._lock, suppress(OSError):  # whoever needs it hears why there is none
                self._opened(sure=False).expect(actions)

    def run(self, work: Sequence[Action], finish: Finish, begin: Begin | None = None) -> None:
        """Execute every Action and hand each Outcome to `finish` the moment it ends, in any order, from any thread.

        What `finish` returns is executed too, as soon as a worker is free. Equal Actions are executed once, and what is
        under way for another thread's `run` is not begun again. What was built ahead and nobody has asked for when the
        last `run` ends is dropped. `begin` hears of each that is set about, once.

        A fault of a language while it executes an Action becomes the Outcome of that Action. A fault of `finish` is
        raised when all the others have been handed over, unless it is `Cancelled`, which stops all at once.

        Raises:
            Cancelled: The run was stopped; what had ended was handed over.
            OSError: There is no place for scratch directories.
        """
        if not work:
            return
        with self._lock:
            if self._total_timeout is not None and not self._running:
                reason = f"`total_timeout` ({self._total_timeout:g} s) was used up"
                self._children.limit(self._total_timeout, reason)
            crew = self._opened()
            self._running += 1
        try:
            crew.run(work, finish, begin)
        finally:
            with self._lock:
                self._running -= 1
                if not self._running:
                    self._leave()

    def close(self) -> None:
        """End what is still under way, and remove every scratch directory. Nothing can be executed afterwards."""
        with self._lock:
            self._closed = True
            self._leave()

    def _leave(self) -> None:
        crew, self._crew = self._crew, None
        if crew is not None:
            crew.close()

    def _opened(self, *, sure: bool = True) -> Crew:
        """Return the workers, whose scratch directories are where they have to be in the tier of samples, or without `sure` may be."""
        if self._closed:
            raise Cancelled("the run was stopped")
        if self._crew is None:
            self._place, self._sure = self._scratch_root or usual(), self._scratch_root is not None
            self._crew = self._hired(self._place)
        if sure and not self._sure:  # by now, workers may have found out which tier it is
            self._sure = True
            at = place(self._children.tier, self._own)
            if at != self._place:
                self._leave()
                self._crew, self._place = self._hired(at), at
        return self._crew

    def _hired(self, at: Path) -> Crew:
        return Crew(
            ScratchRoot(at, self._tell),
            self._children,
            self._languages,
            self._path,
            self._jobs,
            self._blobs,
            self._tell,
            self._project,
            self._private,
            self._token,
            self._note,
        )
