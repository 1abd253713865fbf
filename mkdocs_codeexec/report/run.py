"""The run as numbers: one line for people, `last-run.json` for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from mkdocs_codeexec.core.expectation import VerdictName, verdict_name, verdict_reason
from mkdocs_codeexec.languages.toolchain import write

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mkdocs_codeexec.core.outcome import Outcome, StepKind
    from mkdocs_codeexec.pipeline import Resolved

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One build's samples, and when it was.

    Attributes:
        resolved: All samples of the site.
        executed: How many distinct Actions were executed; equal samples run once.
        run_id: Unique, sortable by time.
        started: ISO 8601, UTC.
        duration: Seconds spent on samples.
    """

    resolved: Sequence[Resolved]
    executed: int
    run_id: str
    started: str
    duration: float

    @property
    def sandbox(self) -> str | None:
        """The tier that samples were executed under; None if none was."""
        executed = (item.outcome for item in self.resolved if item.outcome is not None and not item.cached)
        return next((outcome.sandbox for outcome in executed if outcome.started), None)

    def counts(self) -> dict[str, int]:
        """Return how many samples there are of each kind."""
        counts = {
            "samples": len(self.resolved),
            "executed": self.executed,
            "cached": sum(item.cached for item in self.resolved),
        }
        names = [verdict_name(item.verdict) for item in self.resolved]
        return counts | {name: names.count(name) for name in get_args(VerdictName)}

    def summary(self) -> str:
        """Return the line that stands in the log of each build."""
        counts = self.counts()
        parts = [f"{counts['executed']} executed", f"{counts['cached']} cached", f"{counts['unmet']} unmet"]
        parts += [f"{counts[name]} {name}" for name in ("skipped", "suspended", "blocked", "error") if counts[name]]
        # Programs read this line: its words do not depend on the numbers.
        return f"{counts['samples']} samples: {', '.join(parts)} ({self.duration:.1f} s)"

    def details(self) -> Iterator[str]:
        """Yield a line for each sample: where it is, its verdict, and how it came to that."""
        for item in self.resolved:
            steps = item.outcome.steps if item.outcome else ()
            times = ", ".join(f"{step.kind} {step.duration * 1000:.0f} ms" for step in steps)
            how = "cached" if item.cached else times or "not executed"
            yield f"{item.sample.location}: {item.sample.language}: {verdict_name(item.verdict)} ({how}{_inputs(item)})"

    def failed(self) -> int:
        """Return how many samples did not go as their authors said, or could not be tried."""
        counts = self.counts()
        return counts["unmet"] + counts["blocked"] + counts["error"]

    def to_json(self) -> dict[str, object]:
        """Return what `last-run.json` holds."""
        toolchains = {
            item.outcome.language: item.outcome.toolchain.split("\n", 1)[0]
            for item in self.resolved
            if item.outcome is not None
        }
        return {
            "format": FORMAT,
            "run_id": self.run_id,
            "started": self.started,
            "duration_ms": round(self.duration * 1000),
            "toolchains": dict(sorted(toolchains.items())),
            "sandbox": self.sandbox,
            "counts": self.counts(),
            "samples": [_sample(item) for item in self.resolved],
        }

    def write(self, directory: Path) -> None:
        """Write `last-run.json` into `directory`, whole or not at all.

        Raises:
            OSError: It cannot be written.
        """
        write(directory / "last-run.json", json.dumps(self.to_json(), indent=1) + "\n")


def _inputs(item: Resolved) -> str:
    """Say on how many files and the like an outcome depends, beside its key."""
    inputs = (item.outcome.inputs if item.outcome else None) or ()
    if not inputs:
        return ""
    coarse = any(name.startswith(("contents:", "tree:")) for name, _ in inputs)
    return f"; {len(inputs)} inputs{', some of them whole folders' if coarse else ''}"


def _sample(item: Resolved) -> dict[str, object]:
    return {
        "page": item.sample.location.page,
        "line": item.sample.location.line,
        "language": item.sample.language,
        "name": item.sample.name,
        "key": item.key,
        "verdict": verdict_name(item.verdict),
        "reason": verdict_reason(item.verdict),
        "cached": item.cached,
        "build_ms": _ms(item.outcome, "build"),
        "run_ms": _ms(item.outcome, "run"),
    }


def _ms(outcome: Outcome | None, kind: StepKind) -> float | None:
    step = outcome.step(kind) if outcome else None
    return round(step.duration * 1000, 1) if step else None
