"""What a long run has spent its time on, in a few lines at its end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.resolved import UNASKED, Ended, Planned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs_codeexec.core.resolved import Event, Resolved
    from mkdocs_codeexec.core.sample import Sample

LONG = 10.0
"""Seconds of a run from which it is worth a summary."""
SLOWEST = 5
NEW = "nothing is known of it here"
REASONS = 3
"""Reasons that are named."""


class Spent:
    """Listens to a run, and says in the end what was slow, what was executed and why, and what was saved."""

    def __init__(self) -> None:
        self._why: dict[int, tuple[Sample, str]] = {}
        self._executed: list[tuple[float, Resolved]] = []
        self._reasons: Counter[str] = Counter()
        self._saved = 0.0

    def hear(self, event: Event) -> None:
        """Take what goes on."""
        if isinstance(event, Planned) and event.state == "miss":
            self._why[id(event.sample)] = event.sample, event.why
        elif isinstance(event, Ended) and event.resolved.outcome is not None:
            item = event.resolved
            assert item.outcome is not None
            if item.cached:
                self._saved += item.outcome.duration
            elif item.outcome.started:
                self._executed.append((item.outcome.duration, item))
                _, why = self._why.get(id(item.sample), (None, ""))
                self._reasons[NEW if why == UNASKED else why] += 1

    def lines(self, seconds: float, jobs: int, *, always: bool = False) -> Iterator[str]:
        """Yield what is to be told of a run.

        Args:
            seconds: How long it took.
            jobs: Samples that were executed at once.
            always: Whether also a short one is worth it.
        """
        if not self._executed or (seconds < LONG and not always):
            return
        slow = sorted(self._executed, key=lambda pair: -pair[0])[:SLOWEST]
        yield f"slowest: {', '.join(f'{item.sample.location} ({took:.1f} s)' for took, item in slow)}"
        if why := self._in_words():
            yield f"executed because {why}"
        if self._saved:
            yield f"without what was stored it would have taken about {seconds + self._saved / jobs:.0f} s"

    def _in_words(self) -> str:
        known = self._reasons.most_common()
        named = [f"{why} ({number})" for why, number in known[:REASONS] if why]
        rest = sum(number for why, number in known if not why) + sum(number for why, number in known[REASONS:] if why)
        if not named:
            return ""
        return "; ".join([*named, *([f"for other reasons ({rest})"] if rest else [])])
