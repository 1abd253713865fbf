"""What rustc reports as JSON, as rendered text and as Diagnostics.

The format is described in the rustc book, chapter "JSON Output".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace

from mkdocs_codeexec.core.outcome import Diagnostic, Exited, NotStarted, Signaled, Span, StepResult
from mkdocs_codeexec.languages.rust.prepare import FILE

_LINKER_KILLED = re.compile(
    r"linking with .* failed: signal: (\d+)|(?:ld|collect2)\S*:? (?:\S+ )*?terminated with signal (\d+)"
)
_TORN = re.compile(r'"\$message_type":"|"rendered":"|"(?:is_primary|byte_start|suggested_replacement)":')
"""Of a message that was cut where a very long output was shortened: of no use to a reader."""
_NO_SPACE = re.compile(r"No space left on device|\(os error 28\)|Disk quota exceeded")


def read(stderr: str) -> tuple[str, tuple[Diagnostic, ...]]:
    """Return what `rustc --error-format=json` wrote, as a terminal shows it, and as data.

    Lines that are no message (a linker's, a compiler crash) stay text, where they stood.
    """
    rendered: list[str] = []
    found: list[Diagnostic] = []
    for line in stderr.splitlines(keepends=True):
        message = _message(line)
        if message is None:
            if not _TORN.search(line):
                rendered.append(line)
            continue
        if message.get("$message_type", "diagnostic") != "diagnostic":
            continue
        diagnostic = _diagnostic(message)
        rendered.append(diagnostic.rendered)
        if diagnostic.level in ("error", "warning") and not _is_summary(diagnostic):
            found.append(diagnostic)
    return "".join(rendered), tuple(found)


def translate(result: StepResult) -> StepResult:
    """Return the build step `result` of rustc with its messages read.

    A linker that was killed and a disk that is full look like errors of the sample to rustc. They are given the
    endings that they are, so that they are never stored.
    """
    text, diagnostics = read(result.stderr)
    ended = result.ended
    if ended != Exited(0) and isinstance(ended, Exited):
        own = "\n".join(d.rendered for d in diagnostics if not d.code and not d.spans)
        other = "\n".join(line for line in result.stderr.splitlines() if not line.startswith("{"))
        killed = _LINKER_KILLED.search(own)
        if _NO_SPACE.search(own) or _NO_SPACE.search(other):
            ended = NotStarted("no space left on the device")
        elif killed:
            ended = Signaled(int(killed[1] or killed[2]))
    return replace(result, stderr=text, diagnostics=diagnostics, ended=ended)


def _message(line: str) -> Mapping[str, object] | None:
    if not line.startswith("{"):
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and ("rendered" in value or "$message_type" in value) else None


def _is_summary(diagnostic: Diagnostic) -> bool:
    """Tell whether it only counts the others: `aborting due to 2 previous errors; 1 warning emitted`."""
    return not diagnostic.spans and not diagnostic.code and bool(_SUMMARY.match(diagnostic.message))


_SUMMARY = re.compile(r"aborting due to |\d+ warnings? emitted")


def _diagnostic(message: Mapping[str, object]) -> Diagnostic:
    code = message.get("code")
    spans = message.get("spans")
    return Diagnostic(
        level=str(message.get("level", "")),
        code=str(code.get("code", "")) if isinstance(code, dict) else "",
        message=str(message.get("message", "")),
        rendered=str(message.get("rendered") or ""),
        spans=tuple(_span(span) for span in spans if isinstance(span, dict)) if isinstance(spans, list) else (),
    )


def _span(span: Mapping[str, object]) -> Span:
    place: Mapping[str, object] = span
    # An error within a macro is shown where the sample calls it.
    while place.get("file_name") != FILE:
        expansion = place.get("expansion")
        outer = expansion.get("span") if isinstance(expansion, dict) else None
        if not isinstance(outer, dict):
            place = span
            break
        place = outer
    return Span(
        file=str(place.get("file_name", "")),
        line=_int(place.get("line_start")),
        column=_int(place.get("column_start")),
        end_line=_int(place.get("line_end")),
        end_column=_int(place.get("column_end")),
        primary=bool(span.get("is_primary")),
        label=str(span.get("label") or ""),
    )


def _int(value: object) -> int:
    return value if isinstance(value, int) else 1
