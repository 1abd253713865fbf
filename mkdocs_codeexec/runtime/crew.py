"""The pool of threads that work on Orders: started as there is more to do, ended when nothing is wanted any more.

The pool of this machine: what it is given is plain data, and so is what it hands over. Why joblib starts its threads and
does no more is told in `docs/adr/0025-joblib-starts-threads.md`.
"""

from __future__ import annotations

import logging
import threading
from contextlib import nullcontext
from itertools import islice
from typing import TYPE_CHECKING

from mkdocs_codeexec.errors import Cancelled
from mkdocs_codeexec.runtime.execution import Execution, internal
from mkdocs_codeexec.runtime.orders import Orders, Taker
from mkdocs_codeexec.runtime.scratch import reached
from mkdocs_codeexec.runtime.warmed import Warmed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from mkdocs_codeexec.core.action import Action
    from mkdocs_codeexec.core.confinement import Access
    from mkdocs_codeexec.core.protocols import Begin, Blobs, Finish, Language
    from mkdocs_codeexec.core.resolved import Took
    from mkdocs_codeexec.runtime.orders import Order, Task
    from mkdocs_codeexec.runtime.process import Children
    from mkdocs_codeexec.runtime.scratch_root import ScratchRoot
    from mkdocs_codeexec.worktree.tree import Worktree

WAIT_SECONDS = 1.0
"""How long a cancelled run waits for its threads, whose children have been ended."""
FEW = 3
"""Actions that may be executed one after the other before as many sandboxes have been started."""
LEAVING_SECONDS = 0.05
"""How long a thread may take from its last Outcome to its end before it is taken to be busy with something else."""

_log = logging.getLogger(__name__)


class Crew:
    """Threads that build and run until they are closed.

    Args:
        root: Where scratch directories are made; closed with the crew.
        children: Starts children.
        languages: By canonical name.
        path: The `PATH` of every child.
        jobs: How many may build and run at once.
        blobs: Where files are kept that Actions leave.
        tell: Takes a message for people.
        project: Where the project is, and what of it samples may see; None if there is none.
        private: Where is kept what libraries need not make anew; None for nowhere.
        token: Opens what a thread holds while it builds or runs.
        note: Hears what takes time; None if nobody wants to.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - each is needed
        self,
        root: ScratchRoot,
        children: Children,
        languages: Mapping[str, Language],
        path: str,
        jobs: int,
        blobs: Blobs,
        tell: Callable[[str], None] | None = None,
        project: Worktree | None = None,
        private: Path | None = None,
        token: Callable[[], AbstractContextManager[None]] = nullcontext,
        note: Callable[[Took], None] | None = None,
    ) -> None:
        self._root = root.__enter__()
        children.expect(self._root.path)
        self._children = children
        self._languages = languages
        self._jobs = jobs
        self._orders = Orders()
        self._warmed = Warmed(self._root.path.parent, private)
        self._execution = Execution(
            self._orders, languages, children, path, self._root.path, blobs, tell, project, self._warmed, note
        )
        self._token = token
        self._growing = threading.Lock()
        self._wanted = 0  # threads
        self._threads = 0

    def expect(self, actions: Sequence[Action]) -> None:
        """Let what starts children begin to start, for as many kinds of `actions` as may work at once."""
        accesses: dict[Access, None] = {}
        seen: set[tuple[str, bool]] = set()
        for action in actions:
            kind = action.language, action.steps[0].network if action.steps else False
            if kind not in seen and action.language in self._languages:
                seen.add(kind)
                if (reach := self._languages[action.language].reach(action)) is not None:
                    accesses[reached(*reach, network=kind[1])] = None
        self._children.expect(self._root.path, islice(accesses, self._jobs))

    def build_ahead(self, actions: Sequence[Action]) -> None:
        """Begin to execute the build steps of `actions`, whose Outcomes nobody takes yet."""
        self._enter(actions, None)

    def run(self, actions: Sequence[Action], finish: Finish, begin: Begin | None = None) -> None:
        """Execute `actions` and what `finish` returns, and wait until it has every Outcome, or nothing will come any more.

        When it is interrupted (Ctrl-C), all children are ended first.

        Raises:
            Cancelled: Everything was stopped, from outside or by `finish`, which has raised it.
            Exception: What else `finish` has raised, when it has taken all.
        """
        taker = Taker(finish, begin)
        try:
            self._enter(actions, taker)
            if not self._threads:
                self._work(taker)
            fault = self._orders.wait(taker)
            if isinstance(fault, Cancelled):
                raise fault  # noqa: TRY301 - as if it had come from outside
        except BaseException:
            self._children.stop_all()
            self._stop()
            self._orders.settle(WAIT_SECONDS)
            raise
        if fault is not None:
            raise fault

    def close(self) -> None:
        """End the threads. What is still being built, nobody waits for any more."""
        self._stop()
        if not self._orders.settle(LEAVING_SECONDS, handed=False):
            self._children.stop_all()
            self._orders.settle(WAIT_SECONDS)
        self._warmed.close()
        self._children.forget()
        self._root.__exit__(None, None, None)

    def _stop(self) -> None:
        self._orders.close()
        self._orders.stop(Cancelled("the run was stopped"))

    # --- More to do -------------------------------------------------------------------------------------------------

    def _enter(self, actions: Sequence[Action], taker: Taker | None) -> None:
        """Have `actions` executed for `taker`."""
        fresh: dict[str, list[Order]] = {}
        for order in self._orders.enter(actions, taker):
            fresh.setdefault(order.action.language, []).append(order)
        self._grow(max(len(actions), self._orders.count))
        for name, orders in fresh.items():
            self._put(name, orders)

    def _put(self, name: str, orders: Sequence[Order]) -> None:
        """Have `orders`, which are new and of one language, built in batches."""
        named = {order.action.request_key: order for order in orders}
        why = f"internal error: `{name}` returned no batch for it"
        batches: list[list[Order]] = []
        try:
            if (language := self._languages.get(name)) is None:
                why = f"the language `{name}` is not set up where this was to be executed"
            else:
                found = language.batches([order.action for order in orders])
                batches = [[named[action.request_key] for action in batch] for batch in found if batch]
        except Exception as error:  # noqa: BLE001 - a fault of one language must not lose what others produce
            _log.debug("batches of %s", name, exc_info=True)
            why = internal(error)
        self._orders.build(batches)
        placed = {order.action.request_key for batch in batches for order in batch}
        self._execution.give_up([order for order in orders if order.action.request_key not in placed], why)

    def _grow(self, count: int) -> None:
        """Have threads for `count` Orders: as many as may work at once, and one that hands over meanwhile if there are more.

        What there is more of than can be begun with is joblib's. Its start takes 30 ms, so one thread begins without it.
        """
        with self._growing:
            workers = min(self._jobs, count)
            self._children.few = count <= FEW
            many = count > workers
            if workers > self._orders.workers:
                if (
                    self._children.tier != "bubblewrap"
                ):  # there it depends on what a child may reach where it is started
                    self._children.prepare(workers)
                self._orders.grow(workers)
            more = workers + many - self._wanted
            self._wanted += max(more, 0)
            for _ in range(1 if many and more > 0 else more):
                if not self._start(self._work):
                    return
            if many and more > 1:
                self._start(self._scheduled, more - 1)

    def _start(self, target: Callable[..., None], *args: int) -> bool:
        try:
            threading.Thread(target=target, args=args, daemon=True).start()
        except RuntimeError as error:  # the system has none left
            _log.debug("working with %d threads: %s", self._threads, error)
            return False
        self._threads += 1
        return True

    # --- In the threads ---------------------------------------------------------------------------------------------

    def _scheduled(self, number: int) -> None:
        import joblib

        try:
            joblib.Parallel(n_jobs=number, backend="threading", batch_size=1, pre_dispatch="all")(
                joblib.delayed(self._work)() for _ in range(number)
            )
        except Exception as error:  # noqa: BLE001 - without threads its pool fails in one way or another; we have this one
            _log.debug("working with one thread: %s", error)
            self._work()

    def _work(self, taker: Taker | None = None) -> None:
        """Do what is to be done, until the end: of all, or of what `taker` waits for."""
        while (task := self._orders.next(taker)) is not None:
            try:
                if task.what == "hand over":
                    self._hand_over(*task.orders)
                    continue
                with self._token():
                    self._do(task)
            finally:
                self._orders.done(task)

    def _do(self, task: Task) -> None:
        for order in task.orders:
            _begin(order)
        if task.what == "run":
            self._execution.run(*task.orders)
        else:
            self._execution.build(task.orders)

    def _hand_over(self, order: Order) -> None:
        outcome = self._execution.outcome(order)
        for taker in self._orders.taken(order):
            try:
                if ready := taker.finish(order.action, outcome):
                    self._enter(ready, taker)
            except Exception as error:  # noqa: BLE001 - raised by `run`, when the others have been handed over
                taker.fault = taker.fault or error
            self._orders.handed(taker)


def _begin(order: Order) -> None:
    """Tell who takes the Outcome of `order` that it is being executed."""
    for taker in tuple(order.takers):
        try:
            taker.begun(order.action)
        except Exception as error:  # noqa: BLE001 - raised by `run`, when all have been handed over
            taker.fault = taker.fault or error
