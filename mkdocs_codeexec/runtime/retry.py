"""Children that could not be started are started again, if that can help."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.outcome import NotStarted

if TYPE_CHECKING:
    from mkdocs_codeexec.core.confinement import Tier
    from mkdocs_codeexec.core.outcome import StepKind, StepResult, Termination
    from mkdocs_codeexec.core.protocols import Command, OutputSink, Unavailability
    from mkdocs_codeexec.runtime.process import Children

RETRIES = 2
FIRST_PAUSE = 0.1
"""Seconds, at most, before the first retry; twice as long before each that follows."""
GLANCE = 0.02
"""Seconds after which whoever waits sees that everything was stopped."""


class Retrying:
    """A Runner that retries children that could not start for a temporary lack.

    The pauses are random, between nothing and a bound that doubles (`full jitter`, "Exponential Backoff and Jitter" in
    the AWS Architecture Blog), so that those who failed together do not come back together. A child that was started is
    never started again, however it ended.

    Args:
        children: Starts them.
    """

    def __init__(self, children: Children) -> None:
        self._children = children

    @property
    def tier(self) -> Tier:
        """As that of the children."""
        return self._children.tier

    @property
    def refusal(self) -> Unavailability | None:
        """As that of the children."""
        return self._children.refusal

    @property
    def told(self) -> str:
        """As that of the children."""
        return self._children.told

    def run(self, command: Command, kind: StepKind, *, on_output: OutputSink | None = None) -> StepResult:
        """Run `command` to its end, once, and return how it went; try up to three times to start it.

        Raises:
            Cancelled: The run was stopped from outside, while it waited too.
        """
        for attempt in range(RETRIES):
            result = self._children.run(command, kind, on_output=on_output)
            if not is_transient(result.ended):
                return result
            self._pause(random.uniform(0, FIRST_PAUSE * 2**attempt))  # noqa: S311 - nothing to guess
        return self._children.run(command, kind, on_output=on_output)

    def stop_all(self) -> None:
        """End all children now."""
        self._children.stop_all()

    def _pause(self, seconds: float) -> None:
        """Wait, unless the run is stopped or its time is over: the next attempt says which."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._children.too_late:
            self._children.check()
            time.sleep(min(left, GLANCE))


def is_transient(ended: Termination) -> bool:
    """Tell whether there was no child, and may be one in a moment."""
    return isinstance(ended, NotStarted) and ended.transient
