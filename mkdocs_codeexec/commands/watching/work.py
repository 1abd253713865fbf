"""Samples that are answered in a thread of their own, while another one hears of edits."""

from __future__ import annotations

import datetime as dt
import threading
import time
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.resolved import Ended
from mkdocs_codeexec.engine.planning import executed
from mkdocs_codeexec.engine.stop import Stop
from mkdocs_codeexec.errors import Cancelled
from mkdocs_codeexec.outputs import answered, is_output
from mkdocs_codeexec.report.run import Run, distinct

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from mkdocs_codeexec.core.resolved import Event, Resolved
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.engine.engine import Engine

STOP_SECONDS = 0.6
"""How long somebody waits for a thread whose children have been ended."""


class Work:
    """The samples of one round on their way to their answers.

    Args:
        engine: Answers them.
        samples: In the order of pages.
        wake: Is called when it has ended.
    """

    def __init__(self, engine: Engine, samples: Sequence[Sample], wake: Callable[[], None]) -> None:
        self.engine = engine
        self.started, self._began = dt.datetime.now(dt.UTC), time.monotonic()
        self._seconds = 0.0
        self._samples = samples
        self._wake = wake
        self._stop = Stop()
        self._open: set[Hashable] = {
            executed(sample) for sample in samples if not is_output(sample) and not sample.ignored
        }
        self._answers: list[Resolved] = []
        self._fault: BaseException | None = None
        self._done = False
        self._thread = threading.Thread(target=self._go, daemon=True, name="codeexec-round")
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self._done

    def obsolete(self, samples: Sequence[Sample]) -> bool:
        """Tell whether it goes on with something that is none of `samples` any more."""
        wanted = {executed(sample) for sample in samples}
        return not self._done and not self._open.issubset(wanted)

    def stop(self) -> None:
        """End it, if it goes on; what has ended is stored."""
        if not self._done:
            self._stop.ask()
            self._thread.join(STOP_SECONDS)

    def answers(self) -> list[Resolved]:
        """Return the answers, when it is done.

        Raises:
            Exception: Whatever has kept it from having them.
        """
        if self._fault is not None:
            raise self._fault
        return self._answers

    def run(self, pages: Sequence[str] | None) -> Run:
        """Return it as numbers; `pages` are those of which these are all samples, None is the site."""
        resolved = distinct(sorted(self.answers(), key=lambda item: item.sample.location))
        return Run.of(resolved, self.started, self._seconds, selected=pages)

    def _go(self) -> None:
        try:
            self._answers = answered(self.engine, self._samples, {}, self._hear, self._stop)
        except (Cancelled, Exception) as error:  # noqa: BLE001 - raised by `answers`
            self._fault = error
        self._seconds = time.monotonic() - self._began
        self._done = True
        self._wake()

    def _hear(self, event: Event) -> None:
        if isinstance(event, Ended):
            self._open.discard(executed(event.resolved.sample))
