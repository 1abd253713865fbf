"""What samples take, the slowest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_codeexec.core.outcome import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mkdocs_codeexec.core.resolved import Resolved

MOST = 200
"""Samples that are told."""


def timings(resolved: Sequence[Resolved], most: int = MOST) -> Iterator[str]:
    """Yield a line for each sample of which it is known what it takes, now or when it was executed; the slowest first."""
    known = [(_seconds(item), item) for item in resolved if item.outcome is not None and item.outcome.steps]
    known.sort(key=lambda pair: -pair[0])
    for seconds, item in known[:most]:
        assert item.outcome is not None
        parts = ", ".join(f"{step.kind} {step.duration:.3f} s" for step in item.outcome.steps[:4])
        yield f"{seconds:9.3f} s  {item.sample.location}  {item.sample.language} ({parts}{', cached' * item.cached})"
    if (rest := len(known) - most) > 0:
        yield f"… and {counted(rest, 'more sample')}"


def _seconds(item: Resolved) -> float:
    return item.outcome.duration if item.outcome else 0.0
