"""What is said of a fence that holds something else than its sample prints: where that begins, and a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_codeexec.core.places import Place, page_map
from mkdocs_codeexec.core.sample import in_one_line

if TYPE_CHECKING:
    from mkdocs_codeexec.core.comparing import Difference
    from mkdocs_codeexec.core.sample import Sample

PROMOTE = (
    "`codeexec promote` writes what was printed into the page; a line `...` stands for any lines, `[..]` for any text"
)
PROMOTE_DOCTEST = "`codeexec promote` writes what was printed into the page; `# doctest: +ELLIPSIS` behind the command lets `...` stand for any text"


def place_of(sample: Sample, difference: Difference, page: str) -> Place:
    """Return the place of the first line that differs: a line of the fence, or its end if more was printed; else the fence.

    Args:
        sample: The fence.
        difference: How it differs.
        page: The text of the file that it is in.
    """
    where = page_map(sample, page, sample.code)
    if found := where.written(difference.line):
        return found
    at = sample.location
    return where.fence._replace(line=at.end) if at.end and difference.line > len(difference.written) else where.fence


def comparison(sample: Sample, difference: Difference, called: str, written: str = "") -> str:
    """Return what is written and what was printed as a unified diff; what a wildcard stands for is no difference.

    Args:
        sample: The fence.
        difference: How it differs.
        called: Who has printed what it is compared with.
        written: What is compared, if that is not the fence.
    """
    written = written or in_one_line(sample.location.path or sample.location.page)
    lines = difference.unified(written, f"printed by {called}")
    return "\n".join(
        line for line in lines.split("\n") if not line.startswith("@@")
    )  # its numbers are those of no file
