"""Actions, executed in parallel: threads, each waiting for one child at a time.

Threads suffice because the work is done by children; nothing is pickled, and the first call costs a fifth of what
worker processes cost. joblib is imported only when there is something to run.

An Action is built in a batch of its language's choosing and then run by itself. Building may begin before it is known
what is to be run: `build_ahead` starts it in the background, and `run` takes over what is done or under way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_codeexec.errors import Cancelled
from mkdocs_codeexec.runtime.crew import Crew
from mkdocs_codeexec.runtime.scratch_root import ScratchRoot

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mkdocs_codeexec.core.action import Action
    from mkdocs_codeexec.core.protocols import Finish, Language
    from mkdocs_codeexec.runtime.process import Children


class ParallelExecutor:
    """Executes Actions in `jobs` threads.

    Args:
        children: Starts the children; a run that is interrupted ends them all, and its `Children` with them.
        jobs: Children at once, at least one.
        total_timeout: Seconds for all of one `run`; None is unlimited. What has not ended by then is `NotStarted`.
        path: The `PATH` of every child.
        scratch_root: Where scratch directories are made; None is the system's directory for temporary files.
        tell: Takes a message for people: what could not be removed.
    """

    def __init__(
        self,
        children: Children,
        *,
        jobs: int,
        total_timeout: float | None,
        path: str,
        scratch_root: Path | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._children = children
        self._jobs = jobs
        self._total_timeout = total_timeout
        self._path = path
        self._scratch_root = scratch_root
        self._tell = tell
        self._crew: Crew | None = None
        self._closed = False

    def build_ahead(self, work: Sequence[tuple[Language, Action]]) -> None:
        """Begin to execute the build steps of `work` in the background, and return.

        What the language builds is kept for a `run` that asks for it. Nothing is run, and no Outcome is made of it.

        Raises:
            OSError: There is no place for scratch directories.
        """
        if work:
            self._opened(len(work)).order(work, None)

    def run(self, work: Sequence[tuple[Language, Action]], finish: Finish) -> None:
        """Execute every Action and hand each Outcome to `finish` the moment it ends, in any order, from any thread.

        A fault of a language while it executes an Action becomes the Outcome of that Action. A fault of `finish` is
        raised when all the others have been handed over.

        Raises:
            Cancelled: The run was stopped; what had ended was handed over.
            OSError: There is no place for scratch directories.
        """
        if not work:
            return
        if self._total_timeout is not None:
            reason = f"`total_timeout` ({self._total_timeout:g} s) was used up"
            self._children.limit(self._total_timeout, reason)
        crew = self._opened(len(work))
        try:
            crew.order(work, finish)
            crew.wait()
            fault = crew.fault  # what is ended by leaving is nobody's fault
        finally:
            self._leave()
        if fault is not None:
            raise fault

    def close(self) -> None:
        """End what is still under way, and remove every scratch directory. Nothing can be executed afterwards."""
        self._closed = True
        self._leave()

    def _leave(self) -> None:
        crew, self._crew = self._crew, None
        if crew is not None:
            crew.close()

    def _opened(self, count: int) -> Crew:
        if self._closed:
            raise Cancelled("the run was stopped")
        workers = min(self._jobs, count)
        if self._children.tier != "bubblewrap":  # there it depends on what a child may reach where it can be started
            self._children.prepare(workers)
        if self._crew is None:
            self._crew = Crew(ScratchRoot(self._scratch_root, self._tell), self._children, self._path)
        self._crew.grow(workers, many=count > workers)
        return self._crew
