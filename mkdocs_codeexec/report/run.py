"""The run as numbers: one line for people, `last-run.json` for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.core.expectation import verdict_name
from mkdocs_codeexec.core.outcome import counted
from mkdocs_codeexec.files import json_bytes, write_bytes
from mkdocs_codeexec.report import history, rows
from mkdocs_codeexec.report.moment import new_id

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from mkdocs_codeexec.core.expectation import VerdictName
    from mkdocs_codeexec.core.protocols import Narrator
    from mkdocs_codeexec.core.resolved import Resolved
    from mkdocs_codeexec.core.sample import Location

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
        others: What `to_json` returned in other processes that have built parts of the site.
        selected: The pages of which these are all samples, if somebody has asked for some samples only; None for the site.
        interrupted: Whether it was ended before all samples had their answers.
    """

    resolved: Sequence[Resolved]
    executed: int
    run_id: str
    started: str
    duration: float
    others: Sequence[Mapping[str, Any]] = ()
    selected: Sequence[str] | None = None
    interrupted: bool = False

    @classmethod
    def of(
        cls,
        resolved: Sequence[Resolved],
        started: dt.datetime,
        seconds: float,
        *,
        selected: Sequence[str] | None = None,
        interrupted: bool = False,
        run_id: str = "",
    ) -> Run:
        """Return one build that began at `started`, UTC, and spent `seconds` on samples; with a new id unless it has one."""
        return cls(
            resolved=resolved,
            executed=executed(resolved),
            run_id=run_id or new_id(started),
            started=started.isoformat(timespec="seconds"),
            duration=seconds,
            selected=selected,
            interrupted=interrupted,
        )

    @classmethod
    def together(cls, runs: Sequence[Run], others: Sequence[Mapping[str, Any]] = (), run_id: str = "") -> Run:
        """Return several builds, at least one, as one: what is on pages of several counts once."""
        resolved = distinct(item for run in runs for item in run.resolved)
        return cls(
            resolved=resolved,
            executed=executed(resolved),
            run_id=run_id or runs[0].run_id,
            started=runs[0].started,
            duration=sum(run.duration for run in runs) + sum(other["duration_ms"] for other in others) / 1000,
            others=others,
        )

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
        counts |= rows.count(item.verdict for item in self.resolved)
        counts = {name: each + sum(other["counts"][name] for other in self.others) for name, each in counts.items()}
        compared = sum(item.compared is not None for item in self.resolved)
        compared += sum(other["counts"].get("compared", 0) for other in self.others)
        return {**counts, "compared": compared} if compared else counts  # most sites have no such fence

    def summary(self) -> str:
        """Return the line that stands in the log of each build."""
        counts = self.counts()
        parts = [f"{counts['executed']} executed", f"{counts['cached']} cached", rows.failed_in_words(counts)]
        parts += [f"{counts['compared']} compared"] if "compared" in counts else []
        words = ", ".join([*parts, *rows.beside(counts)])
        return f"{counted(counts['samples'], 'sample')}: {words} ({self.duration:.1f} s)"

    def verdict(self, fatal: Collection[VerdictName]) -> str:
        """Return why the build fails for verdicts in `fatal`, in the words of the summary; empty if it does not."""
        counts = self.counts()
        counts = {name: count if name in fatal or name == "samples" else 0 for name, count in counts.items()}
        samples = counted(counts["samples"], "sample")
        if counts["suspended"]:
            parts = [rows.failed_in_words(counts)] if rows.failed(counts) else []
            return f"{samples}: {', '.join([*parts, *rows.beside(counts)])}"
        count, _, words = rows.failed_in_words(counts).partition(" ")
        return f"{count} of {samples} {words}" if rows.failed(counts) else ""

    def details(self, told: Container[Location] = ()) -> Iterator[str]:
        """Yield a line for each sample but those that have been `told`: where it is, its verdict, and how it came to that."""
        yield from (detail(item) for item in self.resolved if item.sample.location not in told)

    def tells(self) -> bool:
        """Tell whether there is anything to be told of single samples: failures, or what is suspended."""
        counts = self.counts()
        return bool(rows.failed(counts) or counts["suspended"])

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
            "toolchains": dict(sorted({**self._others("toolchains"), **toolchains}.items())),
            "sandbox": self.sandbox,
            **({} if self.selected is None else {"selected": list(self.selected)}),
            **({"interrupted": True} if self.interrupted else {}),
            "counts": self.counts(),
            "samples": [
                *map(rows.row, self.resolved),
                *(sample for other in self.others for sample in other["samples"]),
            ],
        }

    def _others(self, name: str) -> dict[str, Any]:
        return {key: value for other in self.others for key, value in other[name].items()}

    def write(self, directory: Path, narrator: Narrator) -> None:
        """Write `last-run.json` into `directory`, whole or not at all, and keep it among the last runs.

        That it cannot be written is told, and is no warning, which would fail a build with `--strict`: nothing of the site
        is missing.
        """
        try:
            data = json_bytes(self.to_json())
            write_bytes(directory / "last-run.json", data)
            history.keep(directory, self.run_id, data)
        except OSError as error:
            narrator.say(f"`last-run.json` cannot be written: {error.strerror or error}")


def detail(item: Resolved) -> str:
    """Return the line of a sample: where it is, its verdict, and how it came to that."""
    steps = item.outcome.steps if item.outcome else ()
    times = ", ".join(f"{step.kind} {step.duration * 1000:.0f} ms" for step in steps)
    how = "cached" if item.cached else times or "not executed"
    name = verdict_name(item.verdict)
    return f"{item.sample.location}: {item.sample.language}: {rows.FAILING.get(name, name)} ({how}{_inputs(item)})"


def _inputs(item: Resolved) -> str:
    """Say on how many files and the like an outcome depends, beside its key."""
    inputs = (item.outcome.inputs if item.outcome else None) or ()
    if not inputs:
        return ""
    coarse = any(name.startswith(("contents:", "tree:")) for name, _ in inputs)
    return f"; {len(inputs)} inputs{', some of them whole folders' if coarse else ''}"


def executed(resolved: Iterable[Resolved]) -> int:
    """Return how many of `resolved` were executed, rather than answered by a stored outcome."""
    return sum(1 for item in resolved if not item.cached and item.outcome and item.outcome.started)


def distinct(resolved: Iterable[Resolved]) -> list[Resolved]:
    """Return `resolved` without fences that come again: one may be rendered twice, and in several builds."""
    found: dict[tuple[object, ...], Resolved] = {}
    for item in resolved:
        sample = item.sample
        identity = (sample.location, sample.location.path, sample.language, sample.code, item.verdict)
        found.setdefault(identity, item)
    return list(found.values())
