"""Each sample as it ends, for those who want to see everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_codeexec.core.resolved import Ended
from mkdocs_codeexec.report import rows
from mkdocs_codeexec.report.run import detail

if TYPE_CHECKING:
    from mkdocs_codeexec.core.resolved import Event, Resolved
    from mkdocs_codeexec.core.sample import Location
    from mkdocs_codeexec.report.console import Console

MOST = 8 * 1024
"""Characters of one output: the last ones, which say how it ended."""


class Ending:
    """Tells of each sample as it ends; of one that fails, also what it has written.

    Args:
        console: Where.

    Attributes:
        told: Where those are that it has told of.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self.told: set[Location] = set()

    def hear(self, event: Event) -> None:
        """Take what goes on."""
        if isinstance(event, Ended) and event.resolved.sample.location not in self.told:
            item = event.resolved
            self.told.add(item.sample.location)
            self._console.say(detail(item))
            if rows.fails(item.verdict) and not item.cached and (text := written(item)):
                self._console.write(text)


def written(item: Resolved) -> str:
    """Return what a sample has written, step by step, each line marked as such; empty if that is nothing."""
    lines: list[str] = []
    for step in item.outcome.steps if item.outcome else ():
        for stream, text in (("stdout", step.stdout), ("stderr", step.stderr)):
            shown = text[-MOST:].rstrip("\n")
            if shown:
                lines.append(f"  {step.kind}, {stream}{', its end' * (len(text) > MOST)}:")
                lines += (f"  | {line}" for line in shown.split("\n"))
    return "\n".join(lines)
