"""What a compiler, a panic or a traceback said of regions of a sample, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.expectation import Met, Unmet
from mkdocs_codeexec.core.outcome import Exited
from mkdocs_codeexec.html import ansi
from mkdocs_codeexec.html.marks import Level, Mark

if TYPE_CHECKING:
    from mkdocs_codeexec.core.expectation import Verdict
    from mkdocs_codeexec.core.outcome import Diagnostic, Outcome, Span, StepResult
    from mkdocs_codeexec.core.protocols import Language
    from mkdocs_codeexec.core.sample import Sample


class Region(NamedTuple):
    """Lines and columns of the author's code, from one; 0 where a column, or the end, is not known.

    Attributes:
        line: First line.
        column: First column.
        end_line: Last line.
        end_column: Column after the last character.
        label: What is said of it; may be empty.
    """

    line: int
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    label: str = ""


class Finding(NamedTuple):
    """One message.

    Attributes:
        level: How bad it is.
        message: Its first line.
        code: The compiler's name for it; may be empty.
        regions: What it is about, at least one; none if that is nothing of what the author wrote.
        related: What it relates to.
        brought: Which setting it is about, in words, if it is about no region.
    """

    level: Level
    message: str
    code: str = ""
    regions: tuple[Region, ...] = ()
    related: tuple[Region, ...] = ()
    brought: str = ""

    def __str__(self) -> str:
        return f"{self.message} ({self.code})" if self.code else self.message

    @property
    def title(self) -> str:
        """The message, with the setting that it is about; empty if it is about the sample."""
        return f"{self.brought}: {self}" if self.brought else ""


def of_diagnostic(diagnostic: Diagnostic, sample: Sample, language: Language) -> Finding | None:
    """Return what `diagnostic` says of the sample; None if it is about nothing in it."""
    ours = [span for span in diagnostic.spans if language.is_sample(span.file)]
    brought = {span: language.brought(sample, span.line, span.column) for span in ours}
    spans = [span for span in ours if not brought[span]]
    settings = [brought[span] for span in ours if span.primary and brought[span]]
    regions = dict.fromkeys(_region(span, sample, language) for span in spans if span.primary)
    if not regions and not settings:
        return None
    level: Level = "error" if diagnostic.level.startswith("error") else "warning"
    related = dict.fromkeys(_region(span, sample, language) for span in spans if not span.primary and span.label)
    return Finding(
        level,
        language.tidy(sample, diagnostic.message),
        diagnostic.code,
        tuple(regions),
        tuple(region for region in related if region.line not in {own.line for own in regions}),
        "" if regions else settings[0],
    )


def _region(span: Span, sample: Sample, language: Language) -> Region:
    line, column = language.locate(sample, span.line, span.column)
    end_line, end_column = language.locate(sample, span.end_line, span.end_column)
    return Region(line, column, end_line, end_column, language.tidy(sample, span.label))


def of_run(run: StepResult, sample: Sample, language: Language) -> tuple[Finding, ...]:
    """Return what the stderr of a program that did not end well says of the sample."""
    if run.ended == Exited(0):
        return ()
    text = ansi.strip(run.errors)  # Python 3.13 colours its tracebacks
    found: list[Finding] = []
    for line, column, message in dict.fromkeys(language.faults(text)):
        setting = language.brought(sample, line, column)
        regions = () if setting else (Region(*language.locate(sample, line, column)),)
        found.append(Finding("error", language.tidy(sample, message), regions=regions, brought=setting))
    return tuple(found)


def of_verdict(verdict: Verdict) -> tuple[Finding, ...]:
    """Return what is about one line of the sample, and no tool has said."""
    if isinstance(verdict, Unmet) and verdict.line:
        told = (one for one in verdict.all if one.line)
        return tuple(Finding("error", one.reason, regions=(Region(one.line),)) for one in told)
    return ()


def errors(sample: Sample, outcome: Outcome, language: Language) -> tuple[Finding, ...]:
    """Return why the last step of `outcome` did not succeed, as far as that is about places in the sample."""
    last = outcome.steps[-1]
    if last.ended == Exited(0):
        return ()
    found = [of_diagnostic(item, sample, language) for item in last.diagnostics if item.level.startswith("error")]
    told = tuple(filter(None, found))
    return told or of_run(last, sample, language)


def marks(sample: Sample, verdict: Verdict, outcome: Outcome | None, language: Language) -> tuple[Mark, ...]:
    """Return the marks that the shown source of `sample` gets: errors, then warnings where the page shows those."""
    failed = isinstance(verdict, Unmet)
    if outcome is None or not outcome.steps or not (failed or isinstance(verdict, Met)):
        return ()
    if sample.presentation.result == "none" and not failed:
        return ()
    found = [*of_verdict(verdict), *errors(sample, outcome, language)]
    build = outcome.step("build")
    if build is not None and (failed or "build" in sample.presentation.show or build.ended != Exited(0)):
        warnings = [item for item in build.diagnostics if item.level == "warning"]
        found += filter(None, (of_diagnostic(item, sample, language) for item in warnings))
    return tuple(
        Mark(*(region[:2]), region.end_line or region.line, region.end_column, finding.level, str(finding))
        for finding in found
        for region in finding.regions
    )
