"""Actions, executed in parallel: threads, each waiting for one child at a time.

Threads suffice because the work is done by children; nothing is pickled, and the first call costs a fifth of what
worker processes cost. joblib is imported only when there is something to run.
"""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.normalize import anonymous
from mkdocs_codeexec.core.outcome import Exited, NotStarted, Outcome, Signaled, StepResult
from mkdocs_codeexec.errors import Cancelled, CodeExecError
from mkdocs_codeexec.runtime.scratch import ScratchDirectory, ScratchRoot, is_full

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from mkdocs_codeexec.core.action import Action
    from mkdocs_codeexec.core.protocols import Finish, Language
    from mkdocs_codeexec.runtime.process import Children

WAIT_SECONDS = 1.0
"""How long a cancelled run waits for its threads, whose children have been ended."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Batch:
    """Actions of one language whose build steps are executed together, in one thread."""

    language: Language
    actions: tuple[Action, ...]


def batches(work: Sequence[tuple[Language, Action]]) -> list[Batch]:
    """Return `work` in batches, in its order; today each Action is one of its own."""
    return [Batch(language, (action,)) for language, action in work]


class ParallelExecutor:
    """Executes Actions in `jobs` threads.

    Args:
        children: Starts the children; a run that is interrupted ends them all, and its `Children` with them.
        jobs: Children at once, at least one.
        total_timeout: Seconds for all of one `run`; None is unlimited. What has not ended by then is `NotStarted`.
        path: The `PATH` of every child.
        scratch_root: Where scratch directories are made; None is the system's directory for temporary files.
    """

    def __init__(
        self,
        children: Children,
        *,
        jobs: int,
        total_timeout: float | None,
        path: str,
        scratch_root: Path | None = None,
    ) -> None:
        self._children = children
        self._jobs = jobs
        self._total_timeout = total_timeout
        self._path = path
        self._scratch_root = scratch_root

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
            reason = f"the batch's time of {self._total_timeout:g} s was over"
            self._children.limit(self._total_timeout, reason)
        todo = batches(work)
        self._children.prepare(min(self._jobs, len(todo)))
        # Imported while the supervisors start.
        import joblib

        with ScratchRoot(self._scratch_root) as root:
            tasks = _Tasks(root.path, self._children, self._path, finish)
            try:
                parallel = joblib.Parallel(
                    n_jobs=self._jobs,
                    backend="threading",
                    batch_size=1,
                    pre_dispatch="all",
                    return_as="generator_unordered",
                )
                for _ in parallel(joblib.delayed(tasks.execute)(batch) for batch in todo):
                    pass
            except BaseException:  # Ctrl-C
                self._children.stop_all()
                tasks.wait(WAIT_SECONDS)
                raise
        if tasks.fault is not None:
            raise tasks.fault


class _Tasks:
    """What the threads of one run do.

    Attributes:
        fault: What the caller must be told at the end, because no Outcome can say it.
    """

    def __init__(self, root: Path, children: Children, path: str, finish: Finish) -> None:
        self._root = root
        self._children = children
        self._path = path
        self._finish = finish
        self._running = 0
        self._changed = threading.Condition()
        self.fault: Exception | None = None

    def wait(self, seconds: float) -> None:
        """Wait until no thread does anything, but not longer than `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self._running == 0, seconds)

    def execute(self, batch: Batch) -> None:
        """Execute `batch`. Raises nothing: an exception would end the others, and be mistaken for joblib's."""
        with self._changed:
            self._running += 1
        pending = {action.request_key: action for action in batch.actions}
        try:
            for action, steps in self._results(batch):
                del pending[action.request_key]
                self._hand_over(action, steps)
            self._give_up(pending.values(), f"`{batch.language.name}` returned no result")
        except Cancelled as cancelled:
            self.fault = cancelled
        except (CodeExecError, OSError) as error:
            self._give_up(pending.values(), str(error))
        except Exception as error:  # noqa: BLE001 - a fault of one language must not lose what others produced
            _log.debug("executing %s", batch, exc_info=True)
            self._give_up(pending.values(), f"internal error: {type(error).__name__}: {error}")
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _results(self, batch: Batch) -> Iterator[tuple[Action, list[StepResult]]]:
        """Yield the steps of each Action of `batch`, up to the first that did not succeed."""
        self._children.check()
        if self._children.too_late:
            for action in batch.actions:
                yield action, [_not_started(action, self._children.too_late)]
            return
        with ExitStack() as stack:
            scratches = {
                action.request_key: stack.enter_context(
                    ScratchDirectory(self._root, action, self._children, self._path)
                )
                for action in batch.actions
            }
            built = {action.request_key for action in batch.actions if any(s.kind == "build" for s in action.steps)}
            for action in batch.actions:
                if action.request_key not in built:
                    yield action, self._run(batch.language, action, scratches[action.request_key], [])
            builds = [
                (action, scratches[action.request_key]) for action in batch.actions if action.request_key in built
            ]
            for action, result in batch.language.build(builds) if builds else ():
                scratch = scratches[action.request_key]
                yield action, self._run(batch.language, action, scratch, [self._told(result, scratch)])

    def _run(
        self, language: Language, action: Action, scratch: ScratchDirectory, steps: list[StepResult]
    ) -> list[StepResult]:
        """Return `steps`, and the run steps that follow on them if they succeeded."""
        for step in action.steps:
            if step.kind != "run":
                continue
            if steps and steps[-1].ended != Exited(0):
                break
            steps.append(self._told(language.run(action, step, scratch), scratch))
        return steps

    def _told(self, result: StepResult, scratch: ScratchDirectory) -> StepResult:
        """Return `result` without names that are others in each run, and with a full disk for what it is."""
        result = anonymous(result, scratch.names)
        if result.ended != Exited(0) and isinstance(result.ended, Exited | Signaled) and is_full(scratch.path):
            return replace(result, ended=NotStarted(f"no space is left in `{self._root.parent}`"))
        return result

    def _give_up(self, actions: Iterable[Action], why: str) -> None:
        for action in actions:
            self._hand_over(action, [_not_started(action, why)])

    def _hand_over(self, action: Action, steps: list[StepResult]) -> None:
        outcome = Outcome(language=action.language, steps=tuple(steps), toolchain=action.toolchain or "")
        try:
            self._finish(action, outcome)
        except Exception as error:  # noqa: BLE001 - raised by `run`, when the others have been handed over
            self.fault = self.fault or error


def _not_started(action: Action, why: str) -> StepResult:
    kind = action.steps[0].kind if action.steps else "run"
    return StepResult(kind=kind, stdout="", stderr="", ended=NotStarted(why))
