"""What is said of samples that did not go as their authors said: page, line, the lines around it, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core import displays
from mkdocs_codeexec.core.expectation import Blocked, Converses, Errored, Suspended, Unmet, verdict_reason
from mkdocs_codeexec.core.outcome import counted
from mkdocs_codeexec.core.places import Place, page_map
from mkdocs_codeexec.core.settings import MKDOCS
from mkdocs_codeexec.report.annotations import Notice
from mkdocs_codeexec.report.differing import PROMOTE, PROMOTE_DOCTEST, comparison, place_of
from mkdocs_codeexec.report.findings import errors, of_diagnostic, of_verdict
from mkdocs_codeexec.report.hints import hint_of
from mkdocs_codeexec.report.problems import more, named
from mkdocs_codeexec.report.rows import called

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mkdocs_codeexec.core.comparing import Difference
    from mkdocs_codeexec.core.expectation import Verdict
    from mkdocs_codeexec.core.outcome import Outcome, StepResult
    from mkdocs_codeexec.core.places import PageMap
    from mkdocs_codeexec.core.protocols import Language
    from mkdocs_codeexec.core.requirements import Lack
    from mkdocs_codeexec.core.resolved import Compared, Resolved
    from mkdocs_codeexec.core.sample import Location, Sample
    from mkdocs_codeexec.report.findings import Finding, Region

AROUND = 2
"""Lines shown before and after the one that is meant."""
MAX_LINES = 60
"""Lines of a tool's message that go to the log; of a sample's, the page has all."""
MAX_WIDTH = 400
"""Characters of such a line."""
LAST_LINES = 10
"""Lines of a tool's message that an annotation has, where nothing of it has a place."""
MOST_COMMANDS = 10
"""Commands of a console that are told of, one by one."""
EXCERPT_WIDTH = 200
"""Characters of a line of the page."""
STORED = "(stored result; CODEEXEC_EXECUTE=always runs it again)"
"""What is said of a failure that did not happen in this build."""


class Failure(NamedTuple):
    """One thing to tell at the end of the log.

    Attributes:
        headline: `docs/guide.md:57: it does not compile`.
        detail: The lines around it and what the tool said, ANSI colours included; may be empty.
        notice: The same for an annotation.
        suspended: Whether it is about what samples lack, which is no failure unless the configuration says so.
        at: The sample that it is about, or the first one; None if it is about none.
    """

    headline: str
    detail: str
    notice: Notice
    suspended: bool = False
    at: Location | None = None


def failures(
    resolved: Iterable[Resolved],
    languages: Mapping[str, Language],
    read_page: Callable[[Location], str],
    file: str = MKDOCS.file,
) -> list[Failure]:
    """Return what must be told, in page order; what has one cause is told once, where the first sample of it stands.

    Args:
        resolved: The whole site's samples.
        languages: To translate places and texts.
        read_page: Returns the file on disk that a Location is in; empty if it cannot be read.
        file: The configuration of the site, for hints.
    """
    found: list[tuple[int, int, Failure]] = []  # where it is told, and of which sample
    causes: dict[str, list[int]] = {}
    blocked: dict[Blocked, list[int]] = {}
    lacking: dict[Lack, list[int]] = {}
    items = list(resolved)
    fences = _files(items)
    executed = {item.key for item in items if not item.cached}
    for place, item in enumerate(items):
        match item.verdict:
            case Unmet() if item.compared and item.compared.difference:
                page = read_page(item.sample.location)
                found.append((place, place, _differs(item, item.compared, item.compared.difference, page)))
            case Unmet():
                each = _each(item, lambda one: _told(one, languages, read_page, file, fences))
                stored = item.cached and item.key not in executed
                found += ((place, place, _stored(failure) if stored else failure) for failure in each)
            case Errored(reason):
                causes.setdefault(reason, []).append(place)
            case Blocked() as verdict:
                blocked.setdefault(verdict, []).append(place)
            case Suspended(missing):
                for lack in missing:
                    lacking.setdefault(lack, []).append(place)
            case _:
                pass

    def of(places: Sequence[int]) -> list[Resolved]:
        return [items[place] for place in places]

    found += ((places[0], places[0], _common(reason, of(places), file)) for reason, places in causes.items())
    where = {item.sample.location: place for place, item in enumerate(items)}
    for verdict, places in blocked.items():  # after what blocks them, which says why
        after = where.get(verdict.at, 0) if verdict.at else 0
        found.append((max(places[0], after), places[0], _blocked(verdict, of(places))))
    found += ((places[0], places[0], _suspended(lack, of(places))) for lack, places in lacking.items())
    found.sort(key=lambda each: each[0])
    return [failure._replace(at=items[first].sample.location) for _, first, failure in found]


def _files(items: Iterable[Resolved]) -> dict[str, list[Sample]]:
    """Return the `file` fences of each page, in order."""
    found: dict[str, list[Sample]] = {}
    for item in items:
        if item.sample.links.file:
            found.setdefault(item.sample.location.page, []).append(item.sample)
    return {page: sorted(samples, key=lambda one: one.location) for page, samples in found.items()}


def _blocked(verdict: Blocked, items: Sequence[Resolved]) -> Failure:
    """Return what is told of all samples that one blocks. Why it does so is told of that one."""
    where = f" ({verdict.at})" if verdict.at and str(verdict.at) != verdict.by else ""
    why = f"because `{verdict.by}`{where} {verdict.because}"
    return _of_all(items, "not tried, " + why, f"{counted(len(items), 'sample')} were not tried, {why}")


def _suspended(lack: Lack, items: Sequence[Resolved]) -> Failure:
    """Return what is told of all samples that lack one thing."""
    text = f"`{lack.what}` is missing"
    told = _of_all(items, f"suspended, {text}", f"{counted(len(items), 'sample')} are suspended, {text}", lack.how)
    return told._replace(suspended=True)


def _of_all(items: Sequence[Resolved], one: str, several: str, hint: str = "") -> Failure:
    places = [item.sample.location for item in items]
    first = places[0]
    text = several if len(items) > 1 else one
    lines = [named(places)] if len(items) > 1 else []
    notice = Notice(
        first.path or first.page, "\n".join((text, *lines, *([f"hint: {hint}"] if hint else []))), line=first.line
    )
    detail = "\n".join((*lines, *(["", f"hint: {hint}"] if hint else []))).strip("\n")
    return Failure(f"{first}: {text}", detail, notice)


def _stored(failure: Failure) -> Failure:
    detail = f"{failure.detail}\n\n{STORED}"
    return failure._replace(
        detail=detail, notice=failure.notice._replace(message=f"{failure.notice.message}\n{STORED}")
    )


def _hint(item: Resolved, file: str) -> str:
    """Return what may be done about a sample that could not be tried."""
    if item.why:
        return item.why.hint
    return hint_of(item.outcome, item.sample.language, file) if item.outcome and item.outcome.steps else ""


def _common(reason: str, items: Sequence[Resolved], file: str) -> Failure:
    first = items[0]
    location = first.sample.location
    places = [item.sample.location for item in items]
    lines = [named(places)] if len(items) > 1 else []
    said = list(lines)
    if first.why and first.why.detail:
        lines.append(_cut(first.why.detail, "left out"))
    if hint := _hint(first, file):
        said.append(f"hint: {hint}")
        lines += ["", f"hint: {hint}"]
    notice = Notice(location.path or location.page, "\n".join((reason, *said)), line=location.line)
    return Failure(f"{location}: {reason}{more(places)}", "\n".join(lines).strip("\n"), notice)


def _each(item: Resolved, tell: Callable[[Resolved], Failure]) -> list[Failure]:
    """Return what is to be told of `item`: each thing that went otherwise, at its own line, `MOST_COMMANDS` of them."""
    verdicts = item.verdict.all if isinstance(item.verdict, Unmet) else ()
    found = [tell(item), *(tell(replace(item, verdict=one)) for one in verdicts[1:MOST_COMMANDS])]
    *before, last = found
    _, hint, said = last.detail.rpartition("\n\nhint: ")
    found = [each._replace(detail=each.detail.removesuffix(hint + said) if hint else each.detail) for each in before]
    if left := len(verdicts) - len(before) - 1:
        last = last._replace(
            detail=f"{last.detail}\n\n… {counted(left, 'more command')} of {item.sample.location} went otherwise"
        )
    return [*found, last]


def _told(
    item: Resolved,
    languages: Mapping[str, Language],
    read_page: Callable[[Location], str],
    file: str,
    fences: Mapping[str, Sequence[Sample]],
) -> Failure:
    """Return what is to be told of `item`: no more than its reason if its texts cannot be, which is a fault of ours."""
    location = item.sample.location
    try:
        files = fences.get(location.page, ())
        return _failure(item, languages[item.sample.language], read_page(location), file, files)
    except Exception as error:  # noqa: BLE001 - whatever a sample has printed, others are told of
        reason = verdict_reason(item.verdict)
        why = f"what it printed cannot be told here: {type(error).__name__}: {error}"
        notice = Notice(location.path or location.page, f"{reason}\n{why}", line=location.line)
        return Failure(f"{location}: {reason}", why, notice)


def _failure(item: Resolved, language: Language, page: str, file: str, files: Sequence[Sample]) -> Failure:
    sample, outcome = item.sample, item.outcome
    reason = verdict_reason(item.verdict)
    headline = f"{sample.location}: {reason}"
    where = page_map(sample, page, language.ran(sample))
    if outcome is None:
        return Failure(headline, "", Notice(where.fence.page, reason, line=where.fence.line))
    found = of_verdict(item.verdict) or errors(sample, outcome, language)
    outcome = _about(item.verdict, sample, outcome)
    region = found[0].regions[0] if found and found[0].regions else None
    if found and found[0].title:
        headline += f": {found[0].title}"
    others = _others(sample, files, page, language)
    place = _place(region, where) if found else _beside(outcome, others) or where.fence
    if isinstance(item.verdict, Unmet) and item.verdict.line and not sample.location.within:
        headline = f"{Place(place.page, place.line)}: {reason}"
    lines = [f" --> {place}", *_excerpt(page.split("\n"), place)]
    if within := sample.location.within:  # the page shows none of it
        inside = Place("", region.line, region.column) if region else Place("", 0)
        lines = [f" --> {place}, {within}", *_excerpt(sample.code.split("\n"), inside)]
    diff = item.verdict.diff if isinstance(item.verdict, Unmet) else ""
    if message := diff or _message(sample, outcome, language, where, others).strip("\n"):
        lines += ["", _cut(message)]
    if diff and isinstance(sample.expectation, Converses):
        lines += ["", f"hint: {PROMOTE_DOCTEST if sample.expectation.console.kind == 'doctest' else PROMOTE}"]
    if (
        outcome.steps
        and not diff
        and (hint := language.hint(sample, outcome, files) or hint_of(outcome, sample.language, file))
    ):
        lines += ["", f"hint: {hint}"]
    notice = _notice(reason, found, where, message)
    if within:
        notice = notice._replace(message=f"{within}: {notice.message}")
    return Failure(headline, "\n".join(lines), notice)


def _about(verdict: Verdict, sample: Sample, outcome: Outcome) -> Outcome:
    """Return what `outcome` says of the command that `verdict` is about, as if nothing had followed; as it is for others."""
    expectation = sample.expectation
    if not (isinstance(expectation, Converses) and isinstance(verdict, Unmet)):
        return outcome
    for number, entry in enumerate(expectation.console.executed):
        if entry.line <= verdict.line < entry.line + len(entry.lines):
            steps = outcome.steps[: number + 1]
            last = replace(steps[-1], stderr=_printed(steps[-1])) if len(steps) > number else None
            return replace(outcome, steps=(*steps[:number], last) if last else ())
    return outcome


def _differs(item: Resolved, compared: Compared, difference: Difference, page: str) -> Failure:
    """Return what is told of a fence that holds something else than its sample prints."""
    at, reason, place = item.sample.location, verdict_reason(item.verdict), place_of(item.sample, difference, page)
    diff = _cut(comparison(item.sample, difference, called(compared)), "of the comparison")
    detail = "\n".join([f" --> {place}", *_excerpt(page.split("\n"), place), "", diff, "", f"hint: {PROMOTE}"])
    notice = Notice(place.page, f"{reason}\n{diff}", line=place.line)
    return Failure(f"{at if at.within else place}: {reason}", detail, notice)


def _place(region: Region | None, where: PageMap) -> Place:
    """Return the place in the page that a failure is about; the fence if nothing better is known."""
    return (where.written(region.line, region.column) if region else None) or where.fence


def _notice(reason: str, found: Sequence[Finding], where: PageMap, message: str) -> Notice:
    """Return the annotation of a failure: what was said first, where, and the places that it relates to.

    Of a tool that names no place it is what it said last.
    """
    if not found:
        said = "\n".join(map(_shortened, message.split("\n")[-LAST_LINES:]))
        return Notice(where.fence.page, said or reason, reason if said else "", where.fence.line)
    first = found[0]
    if not first.regions:
        return Notice(where.fence.page, first.title, reason, where.fence.line)
    region = first.regions[0]
    start = _place(region, where)
    end = where.written(region.end_line, region.end_column)
    message = "\n".join((str(first), *(secondary(_related(first, where)).splitlines())))
    last, column = (end.line, end.column) if end and start is not where.fence else (0, 0)
    return Notice(start.page, message, reason, start.line, start.column, last, column)


def _related(finding: Finding, where: PageMap) -> list[tuple[Place, str]]:
    """Return the places of `finding` beside the first, and what is said of them, in the page's order."""
    regions = sorted((*finding.regions[1:], *finding.related))
    places = ((where.written(region.line, region.column), region.label) for region in regions)
    return [(place, label) for place, label in places if place]


def secondary(labels: Iterable[tuple[Place, str]]) -> str:
    """Return lines that name the places which a message relates to, as rustc names those in another file."""
    return "".join(f"  ::: {place}{': ' if label else ''}{label}\n" for place, label in labels)


def _others(sample: Sample, files: Sequence[Sample], page: str, language: Language) -> dict[str, PageMap]:
    """Return where the files that `sample` is given are on its page, by name."""
    needs = {name for step in (*sample.before, sample) for name in step.links.needs}
    given: dict[str, Sample] = {}
    for one in files:
        above = bool(sample.links.file) and one.location.line < sample.location.line
        if one.language == sample.language and (above or one.name in needs) and one.links.file != sample.links.file:
            given[one.links.file] = one
    return {name: page_map(one, page, language.ran(one)) for name, one in given.items()}


def _beside(outcome: Outcome, others: Mapping[str, PageMap]) -> Place | None:
    """Return the place of the first error that is in one of `others`; None if there is none."""
    spans = (
        span
        for told in (outcome.steps[-1].diagnostics if outcome.steps else ())
        if told.level.startswith("error")
        for span in told.spans
        if span.primary and span.file in others
    )
    first = next(spans, None)
    return others[first.file].ran(first.line, first.column) if first else None


def _message(
    sample: Sample, outcome: Outcome, language: Language, where: PageMap, others: Mapping[str, PageMap]
) -> str:
    """Return what explains the last step best, with places of the page."""
    if not outcome.steps:
        return ""
    last = outcome.steps[-1]
    told = [item for item in last.diagnostics if item.level.startswith("error")]
    if not told:
        return language.relocated(language.tidy(sample, last.stderr or _printed(last)), where, others)
    parts: list[str] = []
    for item in told:
        finding = of_diagnostic(item, sample, language)
        related = _related(finding, where) if finding else []
        parts += (
            language.relocated(language.tidy(sample, item.rendered), where, others).rstrip("\n"),
            secondary(related),
        )
    return "\n".join(parts)


def _printed(step: StepResult) -> str:
    """Return what a step has printed, without what it has shown beside text."""
    return displays.without(step.stdout, step.shown)


def _excerpt(page: list[str], place: Place) -> list[str]:
    if not 1 <= place.line <= len(page):
        return []
    first, last = max(1, place.line - AROUND), min(len(page), place.line + AROUND)
    width = len(str(last))
    out = []
    for number in range(first, last + 1):
        mark = ">" if number == place.line else " "
        column = place.column if number == place.line else 0
        text, column = _window(page[number - 1], column)
        column = min(column, len(text) + EXCERPT_WIDTH)  # a program may name any
        out.append(f"{mark} {number:>{width}} | {text}".rstrip())
        if column:
            before = text[: column - 1]
            pad = "".join("\t" if letter == "\t" else " " for letter in before).ljust(column - 1)
            out.append(f"  {'':>{width}} | {pad}^")
    return out


def _window(line: str, column: int) -> tuple[str, int]:
    """Return the part of a long line that is around `column`, or its start for 0, and where that is in it."""
    if len(line) <= EXCERPT_WIDTH:
        return line, column
    start = min(max(0, column - EXCERPT_WIDTH // 2), len(line) - EXCERPT_WIDTH)
    before = "… " if start else ""
    after = " …" if start + EXCERPT_WIDTH < len(line) else ""
    return f"{before}{line[start : start + EXCERPT_WIDTH]}{after}", column - start + len(before)


def _shortened(line: str) -> str:
    if len(line) <= MAX_WIDTH:
        return line
    return f"{line[:MAX_WIDTH].rstrip()}\x1b[0m … {counted(len(line) - MAX_WIDTH, 'more character')}"


def _cut(text: str, rest: str = "on the page") -> str:
    lines = [_shortened(line) for line in text.rstrip("\n").split("\n")]
    shown = list(quoted(lines[:MAX_LINES]))
    if len(lines) > MAX_LINES:
        shown.append(f"\x1b[0m… {counted(len(lines) - MAX_LINES, 'more line')} {rest}")
    return "\n".join(shown)


def quoted(lines: Iterable[str]) -> Iterator[str]:
    """Yield `lines` that others wrote so that they look like nothing that we, MkDocs or a CI system would write."""
    for line in lines:
        yield f"| {line}".rstrip(" ")
