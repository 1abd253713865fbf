"""A run as a page of Markdown, as GitHub shows it above the log, and Buildkite beside the build."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.outcome import counted
from mkdocs_codeexec.html import ansi

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mkdocs_codeexec.report.failures import Failure
    from mkdocs_codeexec.report.run import Run

ROWS = 100
"""Failures that are listed."""
WIDTH = 300
"""Characters that are told of each."""
_MARKS = re.compile(r"[^\w .,/()-]|_")


def markdown(run: Run, failures: Sequence[Failure], link: Callable[[str, int], str]) -> str:
    """Return `run` as Markdown: a line for all, and a table of what did not go as its authors said.

    Whatever samples have printed is text in it: no markup, no link, and nobody's name.

    Args:
        run: What is told.
        failures: What is told of single samples, in the order of pages.
        link: Returns where a line of a file is shown; empty where that is not known.
    """
    lines = [f"### codeexec: {plain(run.summary())}", ""]
    if failures:
        lines += ["| sample | |", "|---|---|", *(_row(failure, link) for failure in failures[:ROWS])]
    if len(failures) > ROWS:
        lines += ["", f"{counted(len(failures) - ROWS, 'more failure')}: the log has all."]
    return "\n".join([*lines, ""])


def plain(text: str) -> str:
    """Return `text` as Markdown that shows it on one line, and holds nothing else."""
    flat = " ".join(ansi.strip(text).split())
    cut = flat if len(flat) <= WIDTH else f"{flat[:WIDTH]} …"
    return _MARKS.sub(lambda found: f"&#{ord(found[0])};" if found[0].isascii() else found[0], cut)


def _row(failure: Failure, link: Callable[[str, int], str]) -> str:
    notice = failure.notice
    place, _, reason = failure.headline.partition(": ")
    if not notice.path:
        return f"| | {plain(failure.headline)} |"
    url = link(notice.path, notice.line)
    first = next((line for line in ansi.strip(notice.message).splitlines() if line.strip()), "")
    said = f"<br>{plain(first)}" if first and first != reason else ""
    shown = plain(place)
    return f"| {f'[{shown}]({url})' if url else shown} | {plain(reason)}{said} |"
