"""Orders: Actions on their way to Outcomes, and what is to be done next. No thread is started here, and no child.

Orders come in any time, while others are worked on: from another call of `run`, from `build_ahead`, and from what
`finish` returns.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from mkdocs_codeexec.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mkdocs_codeexec.core.action import Action, Key
    from mkdocs_codeexec.core.blobs import Blob
    from mkdocs_codeexec.core.outcome import StepResult
    from mkdocs_codeexec.core.protocols import Begin, Finish
    from mkdocs_codeexec.runtime.scratch import ScratchDirectory


@dataclass(slots=True, eq=False)
class Taker:
    """Who takes Outcomes: one call of `run`.

    Attributes:
        finish: Takes an Outcome, and returns what has become ready.
        begin: Hears that an Action is being executed; None if nobody wants to know.
        asked: What it has asked for: each is handed over to it once.
        waiting: How many of these have not been handed over yet.
        fault: What `finish` raised first; if that is `Cancelled`, it waits for nothing any more.
    """

    finish: Finish
    begin: Begin | None = None
    asked: set[tuple[Key, str | None]] = field(default_factory=set)
    waiting: int = 0
    fault: Exception | None = None
    _begun: set[Key] = field(default_factory=set)

    def begun(self, action: Action) -> None:
        """Hear that `action` is being executed; of each it is told once."""
        if self.begin is not None and action.request_key not in self._begun:
            self._begun.add(action.request_key)
            self.begin(action)


@dataclass(slots=True, eq=False)
class Order:
    """An Action on its way to an Outcome.

    Attributes:
        action: What is executed.
        takers: Who takes the Outcome; nobody while it is only built ahead.
        scratch: Its directory, from the first step to the last.
        steps: What has ended.
        built: Whether its build steps, if it has any, have ended.
        left: What it has left.
    """

    action: Action
    takers: list[Taker] = field(default_factory=list)
    scratch: ScratchDirectory | None = None
    steps: list[StepResult] = field(default_factory=list)
    built: bool = False
    left: tuple[Blob, ...] = ()

    def clear(self) -> None:
        """Remove its directory."""
        scratch, self.scratch = self.scratch, None
        if scratch is not None:
            scratch.__exit__()


class Task(NamedTuple):
    """What a thread does next.

    Attributes:
        what: Hand over an Outcome, execute run steps, or execute the build steps of a batch.
        orders: Of one Order, or of a batch.
    """

    what: Literal["hand over", "run", "build"]
    orders: Sequence[Order]


class Orders:
    """All Orders that are under way, shared by threads.

    Attributes:
        workers: How many may build and run at once.
    """

    def __init__(self) -> None:
        self.workers = 0
        self._under_way: dict[Key, Order] = {}
        self._runs: deque[Order] = deque()
        self._builds: deque[Sequence[Order]] = deque()
        self._finished: deque[Order] = deque()
        self._at_work = 0
        self._busy = 0
        self._closing = False
        self._stopped: Cancelled | None = None
        lock = threading.Lock()
        self._changed = threading.Condition(lock)  # there is something to do, or it is over
        self._ended = threading.Condition(lock)  # nobody does anything any more, or somebody waits for nothing any more

    # --- What comes in ----------------------------------------------------------------------------------------------

    def enter(self, actions: Iterable[Action], taker: Taker | None) -> list[Order]:
        """Take `actions`; what was ordered before goes on from where it is.

        Returns:
            The Orders that are new. They are in no batch yet.
        """
        fresh: list[Order] = []
        with self._changed:
            for action in actions:
                if taker is None:
                    if not builds(action):
                        continue
                elif (action.request_key, action.toolchain) in taker.asked:
                    continue
                order = self._under_way.get(action.request_key)
                if order is None or order.action != action:
                    order = self._under_way[action.request_key] = Order(action)
                    fresh.append(order)
                if taker is not None:
                    taker.asked.add((action.request_key, action.toolchain))
                    taker.waiting += 1
                    order.takers.append(taker)
                    if order.built and len(order.takers) == 1:
                        self._runs.append(order)
            self._changed.notify_all()
        return fresh

    def build(self, batches: Sequence[Sequence[Order]], *, first: bool = False) -> None:
        """Have `batches` built; before all others, if they are `first`."""
        with self._changed:
            if first:
                self._builds.extendleft(reversed(batches))
            else:
                self._builds.extend(batches)
            self._changed.notify_all()

    def grow(self, workers: int) -> None:
        """Let so many build and run at once, at least."""
        with self._changed:
            self.workers = max(self.workers, workers)
            self._changed.notify_all()

    @property
    def count(self) -> int:
        """How many Orders are under way."""
        return len(self._under_way)

    # --- What becomes of them ---------------------------------------------------------------------------------------

    def built(self, order: Order, *, alone: bool) -> bool:
        """Note that the build steps of `order` have ended.

        Returns:
            Whether the thread that says so goes on with it at once: it was `alone`. Else another one may.
        """
        with self._changed:
            order.built = True
            if not order.takers:
                return False
            if not alone:
                self._runs.append(order)
                self._changed.notify()
            return alone

    def ended(self, order: Order) -> None:
        """Note that the steps of `order` have ended. One that nobody takes is forgotten: `run` tries it anew."""
        with self._changed:
            if order.takers:
                self._finished.append(order)
                self._changed.notify()
            else:
                self._forget(order)

    def taken(self, order: Order) -> list[Taker]:
        """Return who takes the Outcome of `order`, which is not under way any more."""
        with self._changed:
            self._forget(order)
            return order.takers

    def _forget(self, order: Order) -> None:
        if self._under_way.get(order.action.request_key) is order:
            del self._under_way[order.action.request_key]

    def handed(self, taker: Taker) -> None:
        """Note that an Outcome was handed over to `taker`."""
        with self._ended:
            taker.waiting -= 1
            if taker.waiting == 0:
                self._ended.notify_all()
                self._changed.notify_all()  # it may be at work itself

    def stop(self, why: Cancelled) -> None:
        """Note that all children were ended: what has no Outcome gets none."""
        with self._ended:
            self._stopped = why
            self._ended.notify_all()

    # --- What is to be done -----------------------------------------------------------------------------------------

    def next(self, taker: Taker | None = None) -> Task | None:
        """Return what to do next, when there is something; None at the end: of all, or of what `taker` waits for.

        What has ended is handed over first, then what can run is run, then more is built: so Outcomes are stored as
        soon as may be. Storing waits for a disk, so one thread more than workers takes turns at it; when more has ended
        than is being worked on, nothing is begun.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._closing or self._finished or self._can_begin() or (taker and self._is_done(taker))
            )
            if (not self._finished and self._closing) or (taker and self._is_done(taker)):
                return None
            self._busy += 1
            if self._finished:
                return Task("hand over", (self._finished.popleft(),))
            self._at_work += 1
            return Task("run", (self._runs.popleft(),)) if self._runs else Task("build", self._builds.popleft())

    def _can_begin(self) -> bool:
        return bool(self._runs or self._builds) and self._at_work < self.workers

    def done(self, task: Task) -> None:
        """Note that `task` is done, however it went."""
        with self._changed:
            self._busy -= 1
            if task.what != "hand over":
                self._at_work -= 1
                self._changed.notify()
            if self._busy == 0:
                self._ended.notify_all()

    # --- The end ----------------------------------------------------------------------------------------------------

    def wait(self, taker: Taker) -> Exception | None:
        """Wait until `taker` has all that it asked for, or nothing will come any more.

        Returns:
            What it must be told, because no Outcome can say it.
        """
        with self._ended:
            # A signal that comes just before the wait does not end it: Python handles it when the wait is over.
            while not self._ended.wait_for(lambda: self._is_done(taker), 0.1):
                pass
            return self._stopped or taker.fault

    def close(self) -> None:
        """Begin nothing more. What has ended is still handed over."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def settle(self, seconds: float, *, handed: bool = True) -> bool:
        """Wait until nobody does anything any more, and tell whether that is so.

        Args:
            seconds: How long, at most.
            handed: Whether all that has ended must have been handed over, too.
        """
        with self._ended:
            return self._ended.wait_for(lambda: self._busy == 0 and not (handed and self._finished), seconds)

    def _is_done(self, taker: Taker) -> bool:
        if taker.waiting == 0 or isinstance(taker.fault, Cancelled):
            return True
        return self._stopped is not None and self._busy == 0 and not self._finished


def builds(action: Action) -> bool:
    """Tell whether `action` has a build step."""
    return action.step("build") is not None
