"""Short texts under what a sample has written: how it ended, and why it is not what was promised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from mkdocs_codeexec.core.conversing import says_end
from mkdocs_codeexec.core.expectation import (
    Blocked,
    Converses,
    Met,
    Skipped,
    Suspended,
    Unmet,
    Verdict,
    verdict_reason,
)
from mkdocs_codeexec.core.outcome import Exited, Outcome, describe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mkdocs_codeexec.core.sample import Location, Sample


def waiting(verdict: Verdict, link: Callable[[Location], str], done: str) -> Sequence[str]:
    """Return why a sample is not executed, or whatever is `done` otherwise, that waits for another one, or for what is not here; empty for any other."""
    if isinstance(verdict, Blocked):
        return [Markup("not {}, because {} {}").format(done, _other(verdict.by, verdict.at, link), verdict.because)]
    if not isinstance(verdict, Suspended):
        return []
    if verdict.by:
        other = _other(verdict.by, verdict.at, link)
        lacked = ", ".join(f"`{lack.what}`" for lack in verdict.missing)
        return [Markup("not {}, because {} requires {}, which is missing").format(done, other, lacked)]
    hints = ((f"`{lack.what}` is missing", f": {lack.how}" if lack.how else "") for lack in verdict.missing)
    return [f"not {done}, because {what}{how}" for what, how in hints]


def _other(name: str, at: Location | None, link: Callable[[Location], str]) -> Markup:
    address = link(at) if at is not None else ""
    if address:
        return Markup('<a href="{}">{}</a>').format(address, name)
    where = f" ({at})" if at is not None and str(at) != name else ""
    return Markup("`{}`{}").format(name, where)


def notes(sample: Sample, verdict: Verdict, outcome: Outcome | None) -> Iterator[str]:
    """Yield what a reader needs beside the text: how it ended, and why that is not what was promised."""
    reason = verdict_reason(verdict)
    ended = describe(outcome.steps[-1].ended) if outcome and outcome.steps else ""
    if isinstance(sample.expectation, Converses) and (isinstance(verdict, Unmet) or says_end(sample.expectation)):
        ended = ""  # a line of the source says it, or the reason does
    match verdict:
        case Met():
            # A failed build that was announced speaks for itself; a program's exit status does not.
            run = outcome.step("run") if outcome else None
            if run is not None and run.ended != Exited(0) and ended:
                yield ended
        case Skipped():
            if outcome is None and reason != "ignored":
                yield reason
        case _:
            if ended and ended not in reason and ended != "exit status 0":
                yield ended
            yield reason
    if outcome:
        for step in outcome.steps:
            if left_out := sum(step.truncated):
                yield f"{left_out} bytes of output are not shown"
