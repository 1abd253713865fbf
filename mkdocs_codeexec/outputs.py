"""Fences that hold what a sample prints (`output_of`): which sample that is, and whether it prints that.

They are not executed, and wait for nobody: they are compared when all others have been answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_codeexec.core import streams
from mkdocs_codeexec.core.comparing import matches
from mkdocs_codeexec.core.expectation import (
    UNMET,
    UNTRIED,
    Blocked,
    Errored,
    Met,
    Skipped,
    Suspended,
    Unmet,
    Verdict,
)
from mkdocs_codeexec.core.hidden import numbers
from mkdocs_codeexec.core.names import Names
from mkdocs_codeexec.core.places import shown_map
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.core.resolved import Compared, Ended, Resolved
from mkdocs_codeexec.core.sample import PREVIOUS
from mkdocs_codeexec.html import ansi

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.protocols import Language
    from mkdocs_codeexec.core.resolved import Listen
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.engine.engine import Engine
    from mkdocs_codeexec.engine.stop import Stop

_WHOSE = "whose output it holds"


def is_output(sample: Sample) -> bool:
    """Tell whether `sample` is compared, and not executed."""
    return bool(sample.links.output_of)


def answered(
    engine: Engine,
    samples: Sequence[Sample],
    known: Mapping[int, Resolved],
    listen: Listen | None = None,
    stop: Stop | None = None,
) -> list[Resolved]:
    """Answer every sample: those that are executed in one batch, then those that hold output.

    Args:
        engine: Answers the former.
        samples: In the order of their pages.
        known: What is known already, by index in `samples`.
        listen: Is told of each sample that is executed, as `Engine.resolve` tells it, and of the end of others.
        stop: Ends it from another thread.

    Raises:
        Cancelled: The run was stopped from outside.
    """
    found = dict(known)
    live = [place for place, sample in enumerate(samples) if place not in found and not is_output(sample)]
    found.update(zip(live, engine.resolve([samples[place] for place in live], listen, stop), strict=True))
    names: Names | None = None
    for place in range(len(samples)):
        if place not in found:
            names = names or Names(samples)
            found[place] = _compared(samples, place, found, names, engine)
            engine.note(Ended(found[place]))
            if listen is not None:
                listen(Ended(found[place]))
    return [found[place] for place in range(len(samples))]


def _compared(
    samples: Sequence[Sample], place: int, found: Mapping[int, Resolved], names: Names, engine: Engine
) -> Resolved:
    """Return what the fence at `place` is worth."""
    sample = samples[place]
    if sample.ignored:
        return Resolved(sample=sample, verdict=Skipped("ignored"))
    if sample.refusal:
        why = Unavailability(sample.refusal, sample.hint)
        return Resolved(sample=sample, verdict=Errored(why.reason), why=why)
    at = whose(samples, place, names)
    if isinstance(at, Unavailability):
        return Resolved(sample=sample, verdict=Errored(at.reason), why=at)
    of = found[at]
    if of.outcome is None or not isinstance(of.verdict, Met):
        return Resolved(sample=sample, verdict=_instead(of))
    text = printed(of, of.outcome, engine.languages[of.sample.language])
    kind = streams.meant(of.outcome, of.sample.presentation.show)
    truncated = streams.left_out(of.outcome, kind)
    difference = matches(sample.code, text, engine.settings.output_patterns)
    compared = Compared(of=of, printed=text, difference=difference, truncated=truncated)
    called = f"`{of.sample.name}`" if of.sample.name else "the sample before it"
    lost = f", of which {compared.truncated} bytes were not kept" if compared.truncated else ""
    wrong = f"it is not what {called} prints{lost}"
    verdict = Unmet(wrong, diff=difference.unified()) if difference else Met()
    return Resolved(sample=sample, verdict=verdict, compared=compared)


def whose(samples: Sequence[Sample], place: int, names: Names) -> int | Unavailability:
    """Return the index of the sample whose output the fence at `place` holds, or why there is none."""
    sample = samples[place]
    reference = sample.links.output_of
    if reference == PREVIOUS:
        before = (at for at in range(place - 1, -1, -1) if samples[at].location.page == sample.location.page)
        at = next((at for at in before if not is_output(samples[at]) and not _is_file(samples[at])), None)
        if at is None:
            hint = 'put it behind a sample, or name one: `output_of="name"`'
            return Unavailability(f"there is no sample before it, {_WHOSE}", hint)
        return at
    found = names.find(sample, reference, _WHOSE)
    if not isinstance(found, Unavailability) and _is_file(samples[found]):
        where = samples[found].location
        return Unavailability(f"`{reference}` ({where}), {_WHOSE}, is a file, which prints nothing", "name a sample")
    return found


def _is_file(sample: Sample) -> bool:
    return bool(sample.links.file) and sample.ignored


def _instead(of: Resolved) -> Verdict:
    """Return what a fence is worth that is not compared, because of what became of its sample."""
    called, at = of.sample.name or str(of.sample.location), of.sample.location
    match of.verdict:
        case Skipped() | Blocked():
            return of.verdict
        case Suspended(missing, by):
            return of.verdict if by else Suspended(missing, called, at)
        case Unmet():
            return Blocked(called, at, UNMET)
        case _:
            return Blocked(called, at, UNTRIED)


def printed(item: Resolved, outcome: Outcome, language: Language) -> str:
    """Return what a sample has printed, as its page shows it, without colours: of the first stream that is shown."""
    sample = item.sample
    kind = streams.meant(outcome, sample.presentation.show)
    text = streams.written(outcome, kind)
    where = shown_map(
        sample, lambda: numbers(sample.code, sample.hiding) if sample.presentation.source != "none" else {}
    )
    text = ansi.strip(language.relocated(language.tidy(sample, text), where)).rstrip("\n") if text else ""
    return text.lstrip("\n") if kind == "stderr" else text
