"""Whether samples repeat: several runs of each, compared as readers of the page see them.

What the page does not show (a stream that is left out, `result="none"`) may differ. What it shows was normalised on the
way, as in a build.
"""

from __future__ import annotations

import difflib
import html
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.expectation import verdict_name
from mkdocs_codeexec.core.outcome import NotStarted, counted
from mkdocs_codeexec.report import rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mkdocs_codeexec.core.protocols import Language
    from mkdocs_codeexec.core.resolved import Resolved
    from mkdocs_codeexec.core.sample import Sample

FORMAT = 1
"""Of the JSON."""
CONTEXT = 2
"""Lines shown before the first that differs."""
COMPARED = 200
"""Lines compared from there on: comparing takes quadratic time."""
MAX_LINES = 40
MAX_WIDTH = 500
"""Of a comparison, in lines and in characters of a line."""


class Shown(NamedTuple):
    """One run of a sample.

    Attributes:
        resolved: What became of it.
        fragment: What readers of the page would see of that: its HTML, without the source.
    """

    resolved: Resolved
    fragment: str


@dataclass(frozen=True, slots=True)
class Repeated:
    """One sample, executed several times.

    Attributes:
        runs: At least one, in the order in which they were made.
    """

    runs: tuple[Shown, ...]

    @property
    def sample(self) -> Sample:
        """What the author wrote."""
        return self.runs[0].resolved.sample

    @property
    def worst(self) -> Resolved:
        """The first run that did not go as the author said; the first of all if there is none."""
        every = [run.resolved for run in self.runs]
        return next((item for item in every if rows.fails(item.verdict)), every[0])

    @property
    def untried(self) -> bool:
        """Whether this machine could not execute it, in one of the runs at least."""
        return any(_untried(run.resolved) for run in self.runs)

    @property
    def results(self) -> int:
        """How many different results readers would have seen."""
        return len({run.fragment for run in self.runs})

    @property
    def differs(self) -> bool:
        """Whether it does not repeat; of what could not be tried that is not known."""
        return self.results > 1 and not self.untried

    def difference(self) -> str:
        """Return how the first result differs from the next one, as a unified diff; empty if it repeats."""
        first = self.runs[0].fragment
        for number, run in enumerate(self.runs, 1):
            if run.fragment != first:
                one, other = text_of(first), text_of(run.fragment)
                # They may differ in colours alone.
                pair = (one, other) if one != other else (first, run.fragment)
                return "\n".join(_diff(pair[0].split("\n"), pair[1].split("\n"), number))
        return ""


def _untried(item: Resolved) -> bool:
    steps = item.outcome.steps if item.outcome else ()
    return item.why is not None or any(isinstance(step.ended, NotStarted) for step in steps)


_END = re.compile(r"(?<=.)</(?:pre|p|summary)>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def text_of(fragment: str) -> str:
    """Return the text that `fragment` shows, each element on lines of its own."""
    return html.unescape(_TAG.sub("", _END.sub("\n", fragment))).strip("\n")


def _diff(one: Sequence[str], other: Sequence[str], number: int) -> list[str]:
    same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    start = max(0, same - CONTEXT)
    parts = (one[start : start + COMPARED], other[start : start + COMPARED])
    lines = difflib.unified_diff(*parts, "run 1", f"run {number}", n=CONTEXT, lineterm="")
    found = [_cut(line) for line in lines if not line.startswith("@@")]  # its numbers are those of no file
    return found if len(found) <= MAX_LINES else [*found[:MAX_LINES], f"… {len(found) - MAX_LINES} more lines"]


def _cut(line: str) -> str:
    return line if len(line) <= MAX_WIDTH else f"{line[:MAX_WIDTH]} … {len(line) - MAX_WIDTH} more"


def exit_status(found: Sequence[Repeated], *, fail_on_suspended: bool = False) -> int:
    """Return 3 if something could not be tried, else 1 if a sample failed or does not repeat, else 0.

    Args:
        found: All samples.
        fail_on_suspended: Whether one that lacks what it requires counts as failed.
    """
    if any(item.untried for item in found):
        return 3
    failing = rows.failing(suspended=fail_on_suspended)
    return int(any(item.differs or verdict_name(item.worst.verdict) in failing for item in found))


def normalised(found: Sequence[Repeated], languages: Mapping[str, Language]) -> tuple[str, ...]:
    """Return the names of what was taken out of output before it was compared."""
    used = dict.fromkeys(item.sample.language for item in found)
    names = [name for language in used if language in languages for name in languages[language].normalised]
    return ("folders of this machine", *dict.fromkeys(names))


def _counts(found: Sequence[Repeated]) -> dict[str, int]:
    counts = rows.count(item.worst.verdict for item in found)
    return {"samples": len(found)} | counts | {"differing": sum(item.differs for item in found)}


def summary(found: Sequence[Repeated], jobs: Sequence[int], seconds: float) -> str:
    """Return the line that stands at the end.

    Args:
        found: All samples.
        jobs: Children at once, of each run.
        seconds: Wall time of all runs.
    """
    if not found:
        return "0 samples: nothing was executed"
    counts = _counts(found)
    parts = [f"{counts['met']} met", rows.failed_in_words(counts), f"{counts['differing']} differing"]
    parts += rows.beside(counts)
    runs = f"{counted(len(found), 'sample')}, {counted(len(jobs), 'run')} of each"
    return f"{runs}: {', '.join(parts)} ({seconds:.1f} s)"


def to_json(
    found: Sequence[Repeated], jobs: Sequence[int], seconds: float, normalised: Sequence[str] = ()
) -> dict[str, object]:
    """Return the same for programs, and what was `normalised`."""
    return {
        "format": FORMAT,
        "jobs": list(jobs),
        "duration_ms": round(seconds * 1000),
        "normalised": list(normalised),
        "counts": _counts(found),
        "samples": [_sample(item) for item in found],
    }


def _sample(item: Repeated) -> dict[str, object]:
    return {
        **rows.row(item.worst),
        "runs": [verdict_name(run.resolved.verdict) for run in item.runs],
        "results": item.results,
        "differs": item.differs,
        "difference": item.difference() if item.differs else "",
    }
