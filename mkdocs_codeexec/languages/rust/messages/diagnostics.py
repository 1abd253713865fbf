"""What rustc reports as JSON, as rendered text and as Diagnostics.

The format is described in the rustc book, chapter "JSON Output".
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace

from mkdocs_codeexec.core.outcome import LAST, Diagnostic, Exited, NotStarted, Signaled, Span, StepResult, Termination
from mkdocs_codeexec.languages.rust.messages.objects import object_in
from mkdocs_codeexec.languages.rust.source.prepare import FILE

_LINKER_KILLED = re.compile(
    r"linking with `[^`\n]*` failed: signal: (\d{1,3})\b"
    r"|(?:ld|collect2)\S{0,99} (?:\S{1,99} ){0,9}?terminated with signal (\d{1,3})\b"
)
_NO_LINKER = re.compile(r"\Alinker `([^`]*)` not found")
_LINKER_FAILED = re.compile(
    r"\A(?:could not exec the linker `([^`]*)`|linking with `([^`]*)` failed: exit status: (?:126|127)\b)"
)
_NO_PART_OF_LINKER = re.compile(
    r"cannot (?:find|execute) [`']?((?:real-)?(?:ld|lld|collect2)(?:\.\w+)?)(?![\w.-])"
    r"|unable to execute command: Executable \"([^\"]+)\" doesn't exist"
)
_CRASH = re.compile(r"internal compiler error|the compiler unexpectedly panicked")
_TORN = re.compile(r'"\$message_type":"|"rendered":"|"(?:is_primary|byte_start|suggested_replacement)":')
"""Of a message that was cut where a very long output was shortened: of no use to a reader."""
_NO_SPACE = re.compile(r"No space left on device|\(os error 28\)|Disk quota exceeded")


def read(stderr: str, files: Container[str] = (FILE,)) -> tuple[str, tuple[Diagnostic, ...]]:
    """Return what `rustc --error-format=json` wrote, as a terminal shows it, and as data.

    Lines that are no message (a linker's, a compiler crash) stay text, where they stood. `files` are the program's own.
    """
    rendered: list[str] = []
    found: list[Diagnostic] = []
    for line in stderr.splitlines(keepends=True):
        message = parsed(line)
        if message is None:
            if not _TORN.search(line):
                rendered.append(line)
            continue
        if message.get("$message_type", "diagnostic") != "diagnostic":
            continue
        diagnostic = _diagnostic(message, files)
        rendered.append(diagnostic.rendered)
        if diagnostic.level in ("error", "warning") and not is_summary(message):
            found.append(diagnostic)
    return "".join(rendered), tuple(found)


def translate(result: StepResult, files: Container[str] = (FILE,)) -> StepResult:
    """Return the build step `result` of rustc, about a program of these `files`, with its messages read.

    A linker that is missing or was killed, a disk that is full and a compiler that crashed look like errors of the
    sample. They are given the endings that they are, so that they are never stored.
    """
    text, diagnostics = read(result.stderr, files)
    ended = result.ended
    if ended != Exited(0) and isinstance(ended, Exited):
        ended = _ended(ended, result.stderr, diagnostics)
    return replace(result, stderr=text, diagnostics=diagnostics, ended=ended)


def _ended(ended: Exited, stderr: str, diagnostics: Sequence[Diagnostic]) -> Termination:
    """Return how it really ended. The sample's own words, which messages may quote, must not decide that."""
    own = [found for found in diagnostics if not found.code and not found.spans]
    rendered = "\n".join(found.rendered for found in own)
    other = "\n".join(line for line in stderr.splitlines() if not line.startswith("{"))
    if _NO_SPACE.search(rendered) or _NO_SPACE.search(other):
        return NotStarted("no space left on the device")
    killed = _LINKER_KILLED.search(rendered)
    if killed:
        return Signaled(int(killed[1] or killed[2]))
    linker = next(filter(None, map(_linker, own)), None)
    if linker is not None:
        return linker
    # rustc ends with 1 for errors of what it compiles (`rustc_driver::EXIT_FAILURE`), and with 101 when it panics.
    if ended.code != 1 or any(_CRASH.search(found.message) for found in own):
        return NotStarted(f"the compiler crashed with exit status {ended.code}; this is no error of the sample")
    return NotStarted("the compiler could not be started") if "could not execute process" in other else ended


def _linker(found: Diagnostic) -> NotStarted | None:
    """Return why there was no linker, if `found` says so."""
    absent = _NO_LINKER.match(found.message)
    failed = _LINKER_FAILED.match(found.message)
    if absent is None and found.message.startswith("linking with "):
        absent = _NO_PART_OF_LINKER.search(found.rendered)
    known = absent or failed
    if known is None:
        return None
    name = next(filter(None, known.groups()), "")
    how = "was not found" if absent else "could not be started"
    return NotStarted(f"the linker `{name}` {how}; install a C compiler")


def parsed(line: str) -> Mapping[str, object] | None:
    """Return the message of rustc in `line`; None if it is something else."""
    found = object_in(line)
    return found if found is not None and ("rendered" in found or "$message_type" in found) else None


def is_summary(message: Mapping[str, object]) -> bool:
    """Tell whether it only counts the others: `aborting due to 2 previous errors; 1 warning emitted`."""
    plain = not message.get("spans") and not message.get("code")
    return plain and bool(_SUMMARY.match(str(message.get("message", ""))))


_SUMMARY = re.compile(r"aborting due to |\d+ warnings? emitted")


def _diagnostic(message: Mapping[str, object], files: Container[str]) -> Diagnostic:
    code = message.get("code")
    spans = message.get("spans")
    return Diagnostic(
        level=str(message.get("level", "")),
        code=str(code.get("code", "")) if isinstance(code, dict) else "",
        message=str(message.get("message", "")),
        rendered=str(message.get("rendered") or ""),
        spans=tuple(_span(span, files) for span in spans if isinstance(span, dict)) if isinstance(spans, list) else (),
    )


def _span(span: Mapping[str, object], files: Container[str]) -> Span:
    place: Mapping[str, object] = span
    # An error within a macro is shown where the sample calls it.
    while place.get("file_name") not in files:
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
    """Return a line or a column: one that can be, whatever was said."""
    return min(max(value, 1), LAST) if isinstance(value, int) else 1
