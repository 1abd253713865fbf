"""Threads that take orders: build what belongs together, run each Action by itself, hand over its Outcome."""

from __future__ import annotations

import logging
import threading
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from mkdocs_codeexec.core.confinement import UNLIMITED
from mkdocs_codeexec.core.normalize import anonymous
from mkdocs_codeexec.core.outcome import Exited, NotStarted, Outcome, Signaled, StepResult
from mkdocs_codeexec.core.protocols import Regrouped
from mkdocs_codeexec.errors import Cancelled, CodeExecError
from mkdocs_codeexec.runtime.retry import Retrying
from mkdocs_codeexec.runtime.scratch import ScratchDirectory, is_full, nameless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager

    from mkdocs_codeexec.core.action import Action, Key, Step
    from mkdocs_codeexec.core.protocols import Finish, Language, Scratch
    from mkdocs_codeexec.runtime.process import Children
    from mkdocs_codeexec.runtime.scratch_root import ScratchRoot

WAIT_SECONDS = 1.0
"""How long a cancelled run waits for its threads, whose children have been ended."""
LEAVING_SECONDS = 0.05
"""How long a thread may take from its last Outcome to its end before it is taken to be busy with something else."""
SHARED_OUTPUT = 64 * 1024 * 1024
"""Bytes that a compiler may write about a whole batch: its messages are sorted to Actions, so none may be cut."""

_log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Order:
    """An Action on its way to an Outcome.

    Attributes:
        language: Builds and runs it.
        action: What is executed.
        finish: Takes the Outcome; None while it is only built ahead.
        scratch: Its directory, from the first step to the last.
        steps: What has ended.
        built: Whether its build steps, if it has any, have ended.
    """

    language: Language
    action: Action
    finish: Finish | None = None
    scratch: ScratchDirectory | None = None
    steps: list[StepResult] = field(default_factory=list)
    built: bool = False


class Crew:
    """Threads that build and run until they are closed.

    Attributes:
        fault: What the caller must be told at the end, because no Outcome can say it.
    """

    def __init__(self, root: ScratchRoot, children: Children, path: str) -> None:
        self._root = root.__enter__()
        children.expect(self._root.path)
        self._children = children
        self._runner = Retrying(children)
        self._path = path
        self._orders: dict[Key, Order] = {}
        self._runs: deque[Order] = deque()
        self._builds: deque[list[Order]] = deque()
        self._finished: deque[Order] = deque()
        self._workers = 0
        self._threads = 0
        self._at_work = 0
        self._busy = 0
        self._closing = False
        self._wanted = 0
        lock = threading.Lock()
        self._changed = threading.Condition(lock)  # there is something to do, or it is over
        self._ended = threading.Condition(lock)  # nobody does anything any more, or nothing is wanted any more
        self.fault: Exception | None = None

    # --- From outside -----------------------------------------------------------------------------------------------

    def grow(self, workers: int, *, many: bool) -> None:
        """Have at least so many threads at work.

        Args:
            workers: How many may build and run at once.
            many: Whether there is more to do than they can begin with: what joblib is for. Its start costs 12 ms.
        """
        more, self._workers = workers - self._workers, max(workers, self._workers)
        if more <= 0:
            return
        targets = [self._scheduled] if many else [self._work] * more
        for target in targets:
            try:
                threading.Thread(target=target, args=(more,) if many else (), daemon=True).start()
                self._threads += 1
            except RuntimeError as error:  # the system has none left
                _log.debug("working with %d threads: %s", self._threads, error)
                break

    def _scheduled(self, workers: int) -> None:
        import joblib

        workers += 1  # which hands over while the others go on
        try:
            joblib.Parallel(n_jobs=workers, backend="threading", batch_size=1, pre_dispatch="all")(
                joblib.delayed(self._work)() for _ in range(workers)
            )
        except Exception as error:  # noqa: BLE001 - without threads its pool fails in one way or another; we have this one
            _log.debug("working with one thread: %s", error)
            self._work()

    def order(self, work: Sequence[tuple[Language, Action]], finish: Finish | None) -> None:
        """Take `work`; what was ordered before goes on from where it is."""
        fresh: dict[str, tuple[Language, list[Order]]] = {}
        with self._changed:
            for language, action in work:
                if finish is None and not _builds(action):
                    continue
                order = self._orders.get(action.request_key)
                if order is None or order.action != action:
                    order = self._orders[action.request_key] = Order(language, action, finish)
                    fresh.setdefault(language.name, (language, []))[1].append(order)
                    self._wanted += finish is not None
                elif order.finish is None and finish is not None:
                    order.finish = finish
                    self._wanted += 1
                    if order.built:
                        self._runs.append(order)
            self._changed.notify_all()
        for language, orders in fresh.values():
            self._put(language, orders)

    def _put(self, language: Language, orders: Sequence[Order]) -> None:
        """Put `orders`, which are new, in batches."""
        named = {order.action.request_key: order for order in orders}
        why = f"internal error: `{language.name}` returned no batch for it"
        batches: list[list[Order]] = []
        try:
            found = language.batches([order.action for order in orders])
            batches = [[named[action.request_key] for action in batch] for batch in found if batch]
        except Exception as error:  # noqa: BLE001 - a fault of one language must not lose what others produce
            _log.debug("batches of %s", language.name, exc_info=True)
            why = _internal(error)
        with self._changed:
            self._builds.extend(batches)
            self._changed.notify_all()
        placed = {order.action.request_key for batch in batches for order in batch}
        self._give_up([order for order in orders if order.action.request_key not in placed], why)

    def wait(self) -> None:
        """Wait until every Action that has a `finish` has its Outcome, or nothing will come any more.

        When it is interrupted (Ctrl-C), all children are ended first.
        """
        try:
            if not self._threads:
                self._work_here()
            with self._ended:
                # A signal that comes just before the wait does not end it: Python handles it when the wait is over.
                while not self._ended.wait_for(self._is_done, 0.1):
                    pass
        except BaseException:
            self._children.stop_all()
            with self._changed:
                self._closing = True
                self._changed.notify_all()
                self._ended.wait_for(self._is_idle, WAIT_SECONDS)
            raise

    def _work_here(self) -> None:
        while not self._is_done() and (task := self._next()) is not None:
            self._do(task)

    def _is_done(self) -> bool:
        return self._wanted == 0 or (isinstance(self.fault, Cancelled) and self._is_idle())

    def _is_idle(self) -> bool:
        return self._busy == 0 and not self._finished

    def close(self) -> None:
        """End the threads. What is still being built, nobody waits for any more."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            idle = self._ended.wait_for(lambda: self._busy == 0, LEAVING_SECONDS)
        if not idle:
            self._children.stop_all()
            with self._changed:
                self._ended.wait_for(self._is_idle, WAIT_SECONDS)
        self._root.__exit__(None, None, None)

    # --- In the threads ---------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (task := self._next()) is not None:
            self._do(task)

    def _do(self, task: Callable[[], None]) -> None:
        try:
            task()
        finally:
            with self._ended:
                self._busy -= 1
                if self._busy == 0:
                    self._ended.notify_all()

    def _next(self) -> Callable[[], None] | None:
        """Return what to do next; None at the end.

        What has ended is handed over first, then what can run is run, then more is built: so Outcomes are stored as
        soon as may be. Storing waits for a disk, so one thread more than workers takes turns at it; when more has ended
        than is being worked on, nothing is begun.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._finished or self._can_begin())
            if not self._finished and self._closing:
                return None
            self._busy += 1
            if self._finished:
                return partial(self._hand_over, self._finished.popleft())
            self._at_work += 1
            if self._runs:
                return partial(self._at, self._run, self._runs.popleft())
            return partial(self._at, self._build, self._builds.popleft())

    def _can_begin(self) -> bool:
        return bool(self._runs or self._builds) and self._at_work < self._workers

    def _at(self, task: Callable[[T], None], what: T) -> None:
        try:
            task(what)
        finally:
            with self._changed:
                self._at_work -= 1
                self._changed.notify()

    def _build(self, batch: list[Order]) -> None:
        """Execute the build steps of `batch`. Raises nothing: an exception would end the thread."""
        pending = {order.action.request_key: order for order in batch}
        try:
            if self._refused(batch):
                return
            for order in batch:
                self._furnish(order)
            building = [order for order in batch if _builds(order.action)]
            for order in batch:
                if not _builds(order.action):
                    del pending[order.action.request_key]
                    self._built(order, alone=len(batch) == 1)
            if building:
                self._build_with(batch[0].language, building, pending)
            self._give_up(pending.values(), f"`{batch[0].language.name}` returned no result")
        except Cancelled as cancelled:
            self.fault = cancelled
        except (CodeExecError, OSError) as error:
            self._give_up(pending.values(), str(error))
        except Exception as error:  # noqa: BLE001 - a fault of one language must not lose what others produced
            _log.debug("building %s", batch, exc_info=True)
            self._give_up(pending.values(), _internal(error))

    def _build_with(self, language: Language, building: list[Order], pending: dict[Key, Order]) -> None:
        work = [(order.action, order.scratch) for order in building if order.scratch is not None]
        for item in language.build(work, self._bench):
            if isinstance(item, Regrouped):
                again = [[pending.pop(action.request_key) for action in batch] for batch in item.batches]
                with self._changed:
                    self._builds.extendleft(reversed(again))
                    self._changed.notify_all()
                continue
            action, result = item
            order = pending.pop(action.request_key)
            assert order.scratch is not None
            order.steps = [self._told(result, action.step("build"), order.scratch)]
            self._built(order, alone=len(building) == 1)

    def _built(self, order: Order, *, alone: bool) -> None:
        """Go on with `order`: at once if it is `alone`, else as soon as a thread is free."""
        with self._changed:
            order.built = True
            if order.finish is None:
                return
            if not alone:
                self._runs.append(order)
                self._changed.notify()
                return
        self._run(order)

    def _run(self, order: Order) -> None:
        """Execute the run steps of `order`, unless its build failed, and hand over its Outcome."""
        try:
            if not order.steps and self._refused([order]):
                return
            assert order.scratch is not None
            for step in order.action.steps:
                if step.kind != "run":
                    continue
                if order.steps and order.steps[-1].ended != Exited(0):
                    break
                result = order.language.run(order.action, step, order.scratch)
                order.steps.append(self._told(result, step, order.scratch))
            order.scratch.__exit__()
            order.scratch = None
            with self._changed:
                self._finished.append(order)
                self._changed.notify()
        except Cancelled as cancelled:
            self.fault = cancelled
        except (CodeExecError, OSError) as error:
            self._give_up([order], str(error))
        except Exception as error:  # noqa: BLE001 - a fault of one language must not lose what others produced
            _log.debug("running %s", order.action, exc_info=True)
            self._give_up([order], _internal(error))

    def _refused(self, orders: Sequence[Order]) -> bool:
        """Tell whether it is too late for `orders`, which are settled then.

        Raises:
            Cancelled: Everything was stopped.
        """
        self._children.check()
        if self._children.too_late:
            self._give_up(orders, self._children.too_late)
        return bool(self._children.too_late)

    def _furnish(self, order: Order) -> None:
        if order.scratch is None:
            action = order.action
            scratch = ScratchDirectory(
                self._root.path,
                action.files,
                self._runner,
                self._path,
                output_limit=action.output_limit,
                seed=action.request_key,
            )
            order.scratch = scratch.__enter__()

    def _bench(self, files: Sequence[tuple[str, str]]) -> AbstractContextManager[Scratch]:
        return ScratchDirectory(
            self._root.path, files, self._runner, self._path, output_limit=SHARED_OUTPUT, keep_head=SHARED_OUTPUT
        )

    def _told(self, result: StepResult, step: Step | None, scratch: ScratchDirectory) -> StepResult:
        """Return `result` without names that are others in each run, and with limits and a full disk for what they are."""
        result = anonymous(result, scratch.names)
        if result.ended == Exited(0) or step is None:
            return result
        if isinstance(result.ended, Exited | Signaled) and is_full(scratch.path):
            return replace(result, ended=NotStarted(f"no space is left in `{self._root.path.parent}`"))
        from mkdocs_codeexec.core.exhaustion import recognise  # its patterns take a while to be compiled

        tier = self._children.tier
        # What a build step leaves is on the disk of this machine, for the run step to find.
        small_disk = tier == "bubblewrap" and step.kind == "run"
        return recognise(result, UNLIMITED if tier == "off" else step.limits, small_disk=small_disk)

    def _give_up(self, orders: Iterable[Order], why: str) -> None:
        why = nameless(why, self._root.path)
        for order in list(orders):
            kind = order.action.steps[0].kind if order.action.steps else "run"
            order.steps = [StepResult(kind=kind, stdout="", stderr="", ended=NotStarted(why))]
            self._hand_over(order)

    def _hand_over(self, order: Order) -> None:
        with ExitStack() as stack:
            if order.scratch is not None:
                stack.push(order.scratch)
            with self._changed:
                if order.finish is None:  # given up ahead of time: `run` tries it anew
                    if self._orders.get(order.action.request_key) is order:
                        del self._orders[order.action.request_key]
                    return
            action = order.action
            outcome = Outcome(language=action.language, steps=tuple(order.steps), toolchain=action.toolchain or "")
            if outcome.started:  # or nobody may know the tier yet, and finding out takes a while
                outcome = replace(outcome, sandbox=self._children.confinement)
            try:
                order.finish(action, outcome)
            except Exception as error:  # noqa: BLE001 - raised by `run`, when the others have been handed over
                self.fault = self.fault or error
        with self._ended:
            self._wanted -= 1
            if self._wanted == 0:
                self._ended.notify_all()


def _builds(action: Action) -> bool:
    return action.step("build") is not None


def _internal(error: Exception) -> str:
    return f"internal error: {type(error).__name__}: {error}"
