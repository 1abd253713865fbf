"""Source and output in one block of code, the one behind the other: `source="console"`, as markdown-exec has it."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from markupsafe import Markup

from mkdocs_codeexec.core import displays, streams
from mkdocs_codeexec.core.expectation import Converses, Met, Verdict
from mkdocs_codeexec.html.marks import taken_apart
from mkdocs_codeexec.html.raw import MIME
from mkdocs_codeexec.html.streams import stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.sample import Sample

PRINTED = "codeexec-printed"
"""The class of output in a source, beside Pygments' own for it."""

_START = re.compile(r"<(?:div|pre|table|figure)\b")


def answer(
    sample: Sample, verdict: Verdict, outcome: Outcome | None, source: str, tidy: Callable[[str], str]
) -> Markup:
    """Return the output that stands in the block of the source; empty if there is none, or it stands below.

    That of a console stands under its commands in any case. Below stands what is no text, what has failed, and stderr.

    Args:
        sample: What the author wrote.
        verdict: Whether it went so.
        outcome: What happened.
        source: The block of code.
        tidy: Makes text fit for readers.
    """
    presentation, run = sample.presentation, outcome.step("run") if outcome else None
    if (
        presentation.source != "console"
        or outcome is None
        or run is None
        or isinstance(sample.expectation, Converses)
        or not isinstance(verdict, Met)
        or "stdout" not in presentation.show
        or presentation.result in (*MIME, "none")
        or not all(isinstance(piece, str) for piece in displays.pieces(run.stdout, run.shown))
        or taken_apart(source) is None
    ):
        return Markup()
    text = streams.written(outcome, "stdout")
    return next((one.html for one in stream("stdout", text, presentation.result, tidy, unfold=False)), Markup())


def joined(source: str, output: Markup) -> str:
    """Return `source`, a block of code, with `output` at its end."""
    inside = taken_apart(source)
    if not output or inside is None:
        return source
    before, code, after = inside
    end = "" if not code.strip() or code.endswith("\n") else "\n"
    return f'{before}{code}{end}<span class="go {PRINTED}">{output}\n</span>{after}'


def copied(source: str, text: str) -> str:
    """Return `source`, of which Material's button copies `text` alone (`[data-copy]`)."""
    start = _START.match(source)
    return (
        f'{start[0]} data-copy="{escape(text).replace(chr(10), "&#10;")}"{source[start.end() :]}' if start else source
    )
