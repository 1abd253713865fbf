"""What a thread does with Orders: build what belongs together, run each by itself, in scratch directories."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.confinement import UNLIMITED
from mkdocs_codeexec.core.normalize import anonymous
from mkdocs_codeexec.core.outcome import Exited, LimitReached, NotStarted, Outcome, Signaled, StepResult
from mkdocs_codeexec.core.protocols import Regrouped
from mkdocs_codeexec.errors import Cancelled, CodeExecError
from mkdocs_codeexec.runtime.leaving import Leaving
from mkdocs_codeexec.runtime.orders import builds
from mkdocs_codeexec.runtime.projected import Projected
from mkdocs_codeexec.runtime.retry import Retrying
from mkdocs_codeexec.runtime.scratch import ScratchDirectory, is_full, nameless
from mkdocs_codeexec.runtime.showing import kept
from mkdocs_codeexec.timing import clock, timed, took

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from mkdocs_codeexec.core.action import Action, Key, Step
    from mkdocs_codeexec.core.protocols import Blobs, Language, Scratch
    from mkdocs_codeexec.core.resolved import Took
    from mkdocs_codeexec.runtime.orders import Order, Orders
    from mkdocs_codeexec.runtime.process import Children
    from mkdocs_codeexec.runtime.warmed import Warmed
    from mkdocs_codeexec.worktree.tree import Worktree

SHARED_OUTPUT = 64 * 1024 * 1024
"""Bytes that a compiler may write about a whole batch: its messages are sorted to Actions, so none may be cut."""

_log = logging.getLogger(__name__)


class Execution:
    """Executes the steps of Orders. Raises nothing: an exception would end the thread.

    Args:
        orders: Told what has ended.
        languages: By canonical name; what Orders name is among them.
        children: Starts children.
        path: The `PATH` of every child.
        root: Where scratch directories are made.
        blobs: Where files are kept that Actions leave.
        tell: Takes a message for people: a file that is not kept.
        project: Where the project is, and what of it samples may see; None if there is none.
        warmed: What libraries need not make anew in each sample; None if they shall.
        note: Hears what takes time; None if nobody wants to.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - each is needed
        self,
        orders: Orders,
        languages: Mapping[str, Language],
        children: Children,
        path: str,
        root: Path,
        blobs: Blobs,
        tell: Callable[[str], None] | None = None,
        project: Worktree | None = None,
        warmed: Warmed | None = None,
        note: Callable[[Took], None] | None = None,
    ) -> None:
        self._orders = orders
        self._languages = languages
        self._children = children
        self._runner = Retrying(children)
        self._path = path
        self._root = root
        self._blobs = blobs
        self._tell = tell
        self._told_of: set[str] = set()
        self._named = "" if project is None else str(project.folder)
        self._project = None if project is None else Projected(root, project)
        self._warmed = warmed
        self._note = note or (lambda _: None)

    def build(self, batch: Sequence[Order]) -> None:
        """Execute the build steps of `batch`, and run what is alone in it."""
        pending = {order.action.request_key: order for order in batch}
        name = batch[0].action.language
        try:
            if self._refused(batch):
                return
            batch = [order for order in batch if self._furnish(order) or pending.pop(order.action.request_key) is None]
            building = [order for order in batch if builds(order.action)]
            for order in batch:
                if not builds(order.action):
                    del pending[order.action.request_key]
                    self._built(order, alone=len(batch) == 1)
            if building:
                self._build_with(self._languages[name], building, pending)
            self.give_up(pending.values(), f"`{name}` returned no result")
        except Cancelled as cancelled:
            self._orders.stop(cancelled)
        except (CodeExecError, OSError) as error:
            self.give_up(pending.values(), str(error))
        except Exception as error:  # noqa: BLE001 - a fault of one language must not lose what others produced
            _log.debug("building %s", batch, exc_info=True)
            self.give_up(pending.values(), internal(error))

    def _build_with(self, language: Language, building: list[Order], pending: dict[Key, Order]) -> None:
        work = [(order.action, order.scratch) for order in building if order.scratch is not None]
        actions, began = tuple(action for action, _ in work), clock()
        ended, told = began, False
        for item in language.build(work, self._bench):
            ended = clock()
            if isinstance(item, Regrouped):
                again = [[pending.pop(action.request_key) for action in batch] for batch in item.batches]
                self._orders.build(again, first=True)
                continue
            action, result = item
            order = pending.pop(action.request_key)
            assert order.scratch is not None
            order.steps = [self._told(result, action.step("build"), order.scratch)]
            if alone := len(building) == 1:  # it is run at once, and that is no building
                self._note(took("build", language.name, began, ended, actions))
                told = True
            self._built(order, alone=alone)
        if not told:
            self._note(took("build", language.name, began, ended, actions))

    def _built(self, order: Order, *, alone: bool) -> None:
        if self._orders.built(order, alone=alone):
            self.run(order)

    def run(self, order: Order) -> None:
        """Execute the run steps of `order`, unless its build failed."""
        try:
            if not order.steps and self._refused([order]):
                return
            assert order.scratch is not None
            for step in order.action.steps:
                if step.kind != "run":
                    continue
                if order.steps and order.steps[-1].ended != Exited(0):
                    break
                language = self._languages[order.action.language]
                with timed(self._note, "run", language.name, (order.action,)):
                    result = language.run(order.action, step, order.scratch)
                order.steps.append(self._told(result, step, order.scratch))
            self._take_left(order)
            order.clear()
            self._orders.ended(order)
        except Cancelled as cancelled:
            self._orders.stop(cancelled)
        except (CodeExecError, OSError) as error:
            self.give_up([order], str(error))
        except Exception as error:  # noqa: BLE001 - a fault of one language must not lose what others produced
            _log.debug("running %s", order.action, exc_info=True)
            self.give_up([order], internal(error))

    def give_up(self, orders: Iterable[Order], why: str) -> None:
        """Have `orders` end without being executed, or executed further."""
        why = nameless(why, self._root)
        for order in list(orders):
            kind = order.action.steps[0].kind if order.action.steps else "run"
            order.steps = [StepResult(kind=kind, stdout="", stderr="", ended=NotStarted(why))]
            order.left = ()
            order.clear()
            self._orders.ended(order)

    def outcome(self, order: Order) -> Outcome:
        """Return what `order`, whose steps have ended, came to."""
        action = order.action
        steps, toolchain = tuple(order.steps), action.toolchain or ""
        outcome = Outcome(language=action.language, steps=steps, toolchain=toolchain, left=order.left)
        # Or nobody may know the tier yet, and finding out takes a while.
        return replace(outcome, sandbox=self._children.confinement) if outcome.started else outcome

    def _refused(self, orders: Sequence[Order]) -> bool:
        """Tell whether it is too late for `orders`, which are settled then.

        Raises:
            Cancelled: Everything was stopped.
        """
        self._children.check()
        if self._children.too_late:
            self.give_up(orders, self._children.too_late)
        return bool(self._children.too_late)

    def _furnish(self, order: Order) -> bool:
        """Give `order` a directory; return whether it has one. If it has not, it has ended.

        What others have left is put there at once: that it cannot be concerns nobody else in the batch.
        """
        if order.scratch is not None:
            return True
        action = order.action
        scratch = ScratchDirectory(
            self._root,
            action.files,
            self._runner,
            self._path,
            output_limit=action.output_limit,
            seed=action.request_key,
            project=self._project if action.workdir else None,
            start=action.workdir.partition("/")[2],
            over=self._over(action) if action.workdir else (),
            named=self._named,
            warmed=self._warmed,
        )
        if action.left or action.leaves or action.artifacts:
            scratch.leaving = Leaving(
                action, self._languages[action.language].own_files(action), self._blobs, self._tell_of
            )
        order.scratch = scratch.__enter__()
        if action.left:
            try:
                scratch.path  # noqa: B018 - it is made when it is asked for
            except (CodeExecError, OSError) as error:
                self.give_up([order], str(error))
                return False
        return True

    def _take_left(self, order: Order) -> None:
        """Note what `order`, whose last step has ended, has left; too much is how that step has ended.

        Who has come to a limit may have left half of something.
        """
        by_itself = order.steps and isinstance(order.steps[-1].ended, Exited | Signaled)
        if order.scratch is None or order.scratch.leaving is None or not by_itself:
            return
        left = order.scratch.leaving.left
        if isinstance(left, LimitReached):
            *parts, last = order.steps[-1].parts or (order.steps[-1],)
            parts = [*parts, replace(last, ended=left)] if order.steps[-1].parts else []
            order.steps[-1] = replace(order.steps[-1], ended=left, parts=tuple(parts))
        else:
            order.left = left

    def _tell_of(self, kind: str, message: str) -> None:
        """Tell of files that are not kept, of each kind once."""
        if self._tell is not None and kind not in self._told_of:
            self._told_of.add(kind)
            self._tell(message)

    def _over(self, action: Action) -> Sequence[str]:
        """Return the files of `action` that stand in the project as its sample sees it: all but the sample itself."""
        own = self._languages[action.language].own_files(action)
        given = [name for name, _ in action.files if name not in own]
        return [*given, *(blob.path for blob in action.left)]

    def _bench(self, files: Sequence[tuple[str, str]]) -> AbstractContextManager[Scratch]:
        return ScratchDirectory(
            self._root, files, self._runner, self._path, output_limit=SHARED_OUTPUT, keep_head=SHARED_OUTPUT
        )

    def _told(self, result: StepResult, step: Step | None, scratch: ScratchDirectory) -> StepResult:
        """Return `result` without names that are others in each run, and with limits and a full disk for what they are."""
        result = kept(result, self._blobs, lambda part: anonymous(part, scratch.names))
        result = anonymous(result, scratch.names)
        if result.ended == Exited(0) or step is None:
            return result
        if isinstance(result.ended, Exited | Signaled) and is_full(scratch.path):
            return replace(result, ended=NotStarted(f"no space is left in `{self._root.parent}`"))
        from mkdocs_codeexec.core.exhaustion import recognise  # its patterns take a while to be compiled

        tier = self._children.tier
        # What a build step leaves is on the disk of this machine, for the run step to find.
        small_disk = tier == "bubblewrap" and step.kind == "run"
        limits = UNLIMITED if tier == "off" else step.limits
        if not result.parts:
            return recognise(result, limits, small_disk=small_disk)
        parts = tuple(recognise(part, limits, small_disk=small_disk) for part in result.parts)
        return replace(result, ended=parts[-1].ended, parts=parts)


def internal(error: Exception) -> str:
    """Return what an Outcome says of a fault of ours."""
    return f"internal error: {type(error).__name__}: {error}"
