"""What a run would do: lines for people, and the same for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from mkdocs_codeexec.core.observed import result_key
from mkdocs_codeexec.core.outcome import counted
from mkdocs_codeexec.core.resolved import PlannedState
from mkdocs_codeexec.report.rows import row_of_sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mkdocs_codeexec.core.action import Key
    from mkdocs_codeexec.core.resolved import Plan, Planned

FORMAT = 1
WORDS: Mapping[PlannedState, str] = {
    "hit": "stored",
    "miss": "to execute",
    "ignored": "ignored",
    "unavailable": "cannot be tried",
    "suspended": "suspended",
    "blocked": "blocked",
}
SHOWN = 12
"""Digits of a key."""


def key_of(planned: Planned) -> Key | None:
    """Return the address of its Outcome, as far as it is known by now; None without an Action."""
    action = planned.action
    if action is None:
        return None
    return action.request_key if action.toolchain is None else result_key(action, planned.outcome)


def lines(plan: Plan) -> Iterator[str]:
    """Yield a line for each sample: where it is, what would be done, and why."""
    for one in plan.planned:
        key = key_of(one)
        parts = [WORDS[one.state], *([one.why] if one.why else [])]
        at = f"{one.sample.location}: {one.sample.language}"
        yield f"{at}: {': '.join(parts)}{f' ({key[:SHOWN]})' if key else ''}"


def summary(plan: Plan, jobs: int) -> str:
    """Return the line at the end: how many there are of each kind, and how long it would take.

    Args:
        plan: What would be done.
        jobs: How many samples are executed at the same time.
    """
    counts = {state: plan.count(state) for state in get_args(PlannedState)}
    parts = [f"{number} {WORDS[state]}" for state, number in counts.items() if number or state in ("hit", "miss")]
    return f"{counted(len(plan.planned), 'sample')}: {', '.join(parts)}{_estimated(plan, jobs)}"


def _estimated(plan: Plan, jobs: int) -> str:
    """Say how long it would take, by what the same samples took before; those that are new are like others."""
    missing = [one for one in plan.planned if one.state == "miss"]
    known = [one.seconds for one in missing if one.seconds is not None]
    if not missing:
        return ""
    new = len(missing) - len(known)
    if not known:
        return " (how long that takes is not known: nothing like it has been executed)"
    seconds = sum(known) * len(missing) / len(known)
    guess = f", {new} of them like the others" if new else ""
    return f" (about {max(seconds / min(jobs, len(missing)), *known):.1f} s{guess})"


def to_json(plan: Plan) -> dict[str, object]:
    """Return the same for programs."""
    return {
        "format": FORMAT,
        "counts": {"samples": len(plan.planned), **{state: plan.count(state) for state in get_args(PlannedState)}},
        "samples": [row_of_planned(one) for one in plan.planned],
    }


def row_of_planned(one: Planned) -> dict[str, object]:
    """Return what would be done with a sample, for programs."""
    return {
        **row_of_sample(one.sample, key_of(one)),
        "status": one.state,
        "why": one.why,
        "seconds": None if one.seconds is None else round(one.seconds, 3),
    }
