"""What all reports say alike: the row of a sample, how many there are of each verdict, and the words for that."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from mkdocs_codeexec.core.expectation import VerdictName, verdict_name, verdict_reason
from mkdocs_codeexec.core.outcome import counted
from mkdocs_codeexec.core.wording import FAILING as FAILING  # noqa: PLC0414 - what rows are counted by

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mkdocs_codeexec.core.action import Key
    from mkdocs_codeexec.core.expectation import Verdict
    from mkdocs_codeexec.core.outcome import Outcome, StepKind
    from mkdocs_codeexec.core.resolved import Compared, Resolved
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import Settings

_BESIDE: tuple[VerdictName, ...] = ("skipped", "suspended")
"""What a summary says only where there is some of it."""


def row_of_sample(sample: Sample, key: Key | None) -> dict[str, object]:
    """Return what is known of a sample before it is executed, as all JSON reports have it."""
    at = sample.location
    return {
        "page": at.page,
        "line": at.line,
        **({"within": at.within} if at.within else {}),
        "language": sample.language,
        "name": sample.name,
        "key": key,
    }


def row(item: Resolved) -> dict[str, object]:
    """Return what became of a sample, as all JSON reports have it."""
    return {
        **row_of_sample(item.sample, item.key),
        "verdict": verdict_name(item.verdict),
        "reason": verdict_reason(item.verdict),
        **({"output_of": called(item.compared)} if item.compared else {}),
        "cached": item.cached,
        "build_ms": _ms(item.outcome, "build"),
        "run_ms": _ms(item.outcome, "run"),
    }


def called(compared: Compared) -> str:
    """Return what the sample is called whose output something holds: its name, or where it is."""
    sample = compared.of.sample
    return sample.name or f"{sample.location.page}:{sample.location.line}"


def count(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """Return how many there are of each verdict; each has a number, in the order of their names."""
    found: dict[str, int] = dict.fromkeys(get_args(VerdictName), 0)
    for verdict in verdicts:
        found[verdict_name(verdict)] += 1
    return found


def fails(verdict: Verdict) -> bool:
    """Tell whether a build fails for `verdict`."""
    return verdict_name(verdict) in FAILING


def failing(*, suspended: bool) -> tuple[VerdictName, ...]:
    """Return the verdicts for which a command fails; those of `suspended` samples are among them where the site says so."""
    return (*FAILING, *(("suspended",) if suspended else ()))


def fatal(settings: Settings) -> tuple[VerdictName, ...]:
    """Return the verdicts for which a build fails, as it is configured."""
    return (*(FAILING if settings.fail_on_error else ()), *(("suspended",) if settings.fail_on_suspended else ()))


def failed(counts: Mapping[str, int]) -> int:
    """Return how many samples did not go as their authors said, or could not be tried."""
    return sum(counts[name] for name in FAILING)


def failed_in_words(counts: Mapping[str, int]) -> str:
    """Return how many failed, and how many of these for another reason than that they went otherwise."""
    why = [_worded(name, counts[name]) for name in FAILING if name != "unmet" and counts[name]]
    return f"{failed(counts)} failed" + (f" ({', '.join(why)})" if why else "")


def beside(counts: Mapping[str, int]) -> list[str]:
    """Return what a summary says beside how many were executed and failed."""
    return [_worded(name, counts[name]) for name in _BESIDE if counts[name]]


def _worded(name: VerdictName, number: int) -> str:
    return counted(number, name) if name == "error" else f"{number} {name}"


def _ms(outcome: Outcome | None, kind: StepKind) -> float | None:
    steps = [step for step in outcome.steps if step.kind == kind] if outcome else []
    return round(sum(step.duration for step in steps) * 1000, 1) if steps else None
