"""How much is said of many failures: a log that nobody can open helps nobody."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.outcome import counted
from mkdocs_codeexec.report.annotations import Notice
from mkdocs_codeexec.report.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WHOLE = 50
"""Failures that are told with all that is known."""
FEW_LINES = 10
"""Lines of what was said of each further one, beside its place."""
TOTAL = 1024 * 1024
"""Characters of detail in all; what comes then is named."""
NAMED = 500
"""Failures that are told at all; of the rest it is told how many each page has."""
PAGES = 50
"""Pages that are named there."""


def within_bounds(failures: Sequence[Failure]) -> Iterator[Failure]:
    """Yield what is to be told of `failures`, in their order: less of each the more there are."""
    left = TOTAL
    for number, failure in enumerate(failures[:NAMED]):
        detail = failure.detail if number < WHOLE else _few(failure.detail)
        if len(detail) > left:
            detail = ""
        left -= len(detail)
        yield failure._replace(detail=detail)
    if rest := failures[NAMED:]:
        pages = Counter(failure.notice.path for failure in rest)
        lines = [f"{page or 'elsewhere'}: {number}" for page, number in list(pages.items())[:PAGES]]
        lines += [f"… and {counted(len(pages) - PAGES, 'more page')}"] if len(pages) > PAGES else []
        headline = f"{counted(len(rest), 'more failure')} on {counted(len(pages), 'page')}"
        yield Failure(headline, "\n".join(lines), Notice("", headline))


def _few(detail: str) -> str:
    """Return the place, and of what was said the first and last lines: Python's error is its last, rustc's its first."""
    place, _, said = detail.partition("\n\n")
    lines = said.split("\n")
    if len(lines) > FEW_LINES:
        half = FEW_LINES // 2
        gap = f"\x1b[0m… {counted(len(lines) - 2 * half, 'more line')} on the page"
        lines = [*lines[:half], gap, *lines[-half:]]
    return "\n".join([*place.split("\n")[:1], *lines]).rstrip("\n")
