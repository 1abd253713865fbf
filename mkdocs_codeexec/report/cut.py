"""Output that a page shows with a gap in it: too much to be kept, or a line that is too long to be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_codeexec.core.expectation import Met
from mkdocs_codeexec.core.sample import Problem
from mkdocs_codeexec.html import ansi, lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mkdocs_codeexec.core.resolved import Resolved

HINT = 'let it print less, or keep it off the page with `result="none"`'


def cut(resolved: Iterable[Resolved]) -> Iterator[Problem]:
    """Yield what is left out of the output of samples that went as said; of others it is told what they wrote."""
    for item in resolved:
        for stream, text, lost in _shown(item):
            if lost:
                message = f"its output was cut: {lost} bytes of {stream} were not kept"
            elif not lines.short(text) and (over := _over(text)):
                message = f"its output was cut: {over} bytes of {stream} are in lines that are too long to be shown"
            else:
                continue
            yield Problem(item.sample.location, message, HINT)


def _shown(item: Resolved) -> Iterator[tuple[str, str, int]]:
    """Yield the streams that the page shows: name, text, and the bytes that were not kept."""
    presentation, outcome = item.sample.presentation, item.outcome
    if outcome is None or not isinstance(item.verdict, Met) or presentation.result == "none":
        return
    build = outcome.step("build")
    if build is not None and "build" in presentation.show:
        yield "the compiler's messages", f"{build.stdout}\n{build.stderr}", sum(build.truncated)
    for run in (step for step in outcome.steps if step.kind == "run"):
        for name, text, lost in zip(("stdout", "stderr"), (run.stdout, run.stderr), run.truncated, strict=True):
            if name in presentation.show:
                yield name, text, lost


def _over(text: str) -> int:
    """Return how many bytes of `text` are beyond what a page shows of a line."""
    sizes = (len(line.encode("utf-8", "replace")) for line in ansi.strip(text).split("\n"))
    return sum(size - lines.LIMIT for size in sizes if size > lines.LIMIT)
