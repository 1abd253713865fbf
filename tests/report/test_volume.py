"""How much is said of many failures, and that what samples say is never taken for what we say."""

from __future__ import annotations

from pathlib import Path

import pytest

from mkdocs_codeexec.core.sample import Location
from mkdocs_codeexec.report.annotations import Annotations, Notice
from mkdocs_codeexec.report.failures import Failure
from mkdocs_codeexec.report.services import GitHub
from mkdocs_codeexec.report.volume import FEW_LINES, NAMED, PAGES, TOTAL, WHOLE, within_bounds


def failing(number: int, lines: int, width: int = 40, pages: int = 7) -> Failure:
    page = f"docs/{number % pages}.md"
    said = "\n".join(f"{number} {line} ".ljust(width, "x") for line in range(lines))
    detail = f" --> {page}\n  1 | around\n\n{said}"
    return Failure(f"{page}:{number}: exit status 1", detail, Notice(page, "exit status 1", line=number))


def test_a_few_failures_are_told_whole() -> None:
    """Nothing is left out up to the bound."""
    few = [failing(number, 60) for number in range(WHOLE)]

    assert list(within_bounds(few)) == few


def test_of_more_failures_less_is_told() -> None:
    """Ten lines of each that comes later, and the page has the rest."""
    told = list(within_bounds([failing(number, 60) for number in range(WHOLE + 2)]))

    assert [one.detail.count("\n") for one in told[-3:]] == [62, FEW_LINES + 1, FEW_LINES + 1]
    first, *lines = told[-1].detail.split("\n")
    assert first == " --> docs/2.md"
    assert lines[0].startswith("51 0 ")
    assert lines[5] == "\x1b[0m… 50 more lines on the page"
    assert lines[-1].startswith("51 59 ")  # where Python says what went wrong


@pytest.mark.parametrize("number", [2_000, 12_000])
def test_thousands_of_failures_have_a_bound(number: int) -> None:
    """Two megabytes at most, whatever they say; each page is named, and each failure is counted."""
    told = list(within_bounds([failing(one, 60, 400, pages=200) for one in range(number)]))

    assert sum(len(one.headline) + len(one.detail) for one in told) < 2 * TOTAL
    assert len(told) == NAMED + 1
    assert told[-1].headline == f"{number - NAMED:} more failures on 200 pages"
    assert told[-1].detail.split("\n")[-1] == f"… and {200 - PAGES} more pages"


def test_a_file_name_does_not_write_lines() -> None:
    """Nor does it end an annotation; what is no letter is a question mark."""
    name = "a\nINFO    -  codeexec: 9 samples\r\x1b[2J\u2028.md"

    assert str(Location(name, 3, within="in\nb")) == "a?INFO    -  codeexec: 9 samples??[2J?.md:3, in?b"
    command = "".join(Annotations(GitHub(), Path("/w"), []).lines("error", Notice(name, "x", line=3)))
    assert command == "::error file=a?INFO    -  codeexec%3A 9 samples??[2J?.md,line=3,endLine=3::x"
