"""Building while MkDocs still renders pages: in a thread, for the batch that comes when they are rendered."""

from __future__ import annotations

import logging
import sys
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from mkdocs_codeexec.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mkdocs_codeexec.core.protocols import Executor, Runner, Workers
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.engine.pipeline import Pipeline

SWITCH_SECONDS = 0.0002
"""How long MkDocs may go on when this thread has something to do."""

_log = logging.getLogger(__name__)


class Ahead:
    """What is built ahead of one batch.

    Whatever goes wrong here goes wrong again, and is told, when the batch itself is resolved.

    Args:
        workers: Opens what executing needs.
    """

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._stack = ExitStack()
        self._opened: tuple[Runner, Executor] | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def start(self, pipeline: Pipeline, samples: Sequence[Sample]) -> None:
        """Begin to build what `pipeline` lacks of `samples`, and return."""
        thread = threading.Thread(target=self._build, args=(pipeline, samples), daemon=True)
        try:
            thread.start()
            self._thread = thread
        except RuntimeError as error:  # the system has no threads left: nothing is built ahead
            _log.debug("building ahead: %s", error)

    def _build(self, pipeline: Pipeline, samples: Sequence[Sample]) -> None:
        # MkDocs computes without a pause. Each time this thread looks at a file it would wait 5 ms for its turn.
        usual = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_SECONDS)
        try:
            pipeline.build_ahead(samples, self._open)
        except Exception:  # noqa: BLE001 - see the class
            _log.debug("building ahead", exc_info=True)
        finally:
            sys.setswitchinterval(usual)

    def _open(self) -> tuple[Runner, Executor]:
        if self._closed:
            raise Cancelled("the build has ended")
        self._opened = self._stack.enter_context(self._workers())
        return self._opened

    def wait(self) -> None:
        """Wait until it is settled what is built: until Environments are there, and all else is under way."""
        if self._thread is not None:
            self._thread.join()

    @contextmanager
    def taken_over(self) -> Iterator[tuple[Runner, Executor]]:
        """Yield the workers, who may be at work already; they leave at the end."""
        self.wait()
        opened, self._opened = self._opened, None
        if opened is None:
            with self._workers() as workers:
                yield workers
            return
        with self._stack:
            yield opened

    def close(self) -> None:
        """End what is under way and not taken over."""
        self._closed = True
        self._stack.close()  # which ends the children, and so the thread that waits for them
        self.wait()
        self._stack.close()
        self._opened = None
