"""What is said of samples that did not go as their authors said: page, line, the lines around it, and why."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.expectation import Blocked, Errored, Unmet, verdict_reason
from mkdocs_codeexec.core.outcome import Exited
from mkdocs_codeexec.html import ansi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.protocols import Language
    from mkdocs_codeexec.core.sample import Location
    from mkdocs_codeexec.pipeline import Resolved

AROUND = 2
"""Lines shown before and after the one that is meant."""
MAX_LINES = 60
"""Lines of a tool's message that go to the log; the page has all."""
MAX_WIDTH = 1000
"""Characters of such a line."""


class Failure(NamedTuple):
    """One thing to tell at the end of the log.

    Attributes:
        headline: `docs/guide.md:57: it does not compile`.
        detail: The lines around it and what the tool said, ANSI colours included; may be empty.
    """

    headline: str
    detail: str


class Place(NamedTuple):
    """A place in a page; the column is 0 where only the line is known."""

    page: str
    line: int
    column: int = 0

    def __str__(self) -> str:
        return f"{self.page}:{self.line}" + (f":{self.column}" if self.column else "")


def failures(
    resolved: Iterable[Resolved], languages: dict[str, Language], read_page: Callable[[Location], str]
) -> list[Failure]:
    """Return what must be told, in page order; what has one cause is told once.

    Args:
        resolved: The whole site's samples.
        languages: To translate places and texts.
        read_page: Returns the file on disk that a Location is in; empty if it cannot be read.
    """
    found: list[Failure] = []
    causes: dict[str, list[Resolved]] = {}
    for item in resolved:
        match item.verdict:
            case Unmet() | Blocked():
                found.append(_failure(item, languages[item.sample.language], read_page(item.sample.location)))
            case Errored(reason):
                causes.setdefault(reason, []).append(item)
            case _:
                pass
    return found + [_common(reason, items) for reason, items in causes.items()]


def _common(reason: str, items: Sequence[Resolved]) -> Failure:
    first = items[0]
    places = [str(item.sample.location) for item in items]
    more = f" (and {len(items) - 1} more)" if len(items) > 1 else ""
    lines = [f"needed by {', '.join(places[:10])}{' …' if len(places) > 10 else ''}"] if len(items) > 1 else []
    if first.why and first.why.detail:
        lines.append(_cut(first.why.detail))
    if first.why and first.why.hint:
        lines += ["", f"hint: {first.why.hint}"]
    return Failure(f"{first.sample.location}: {reason}{more}", "\n".join(lines).strip("\n"))


def _failure(item: Resolved, language: Language, page: str) -> Failure:
    sample, outcome = item.sample, item.outcome
    headline = f"{sample.location}: {verdict_reason(item.verdict)}"
    if outcome is None:
        return Failure(headline, "")
    place = _place(item, outcome, language, page.split("\n"))
    lines = [f" --> {place}", *_excerpt(page.split("\n"), place)]
    if message := language.tidy(sample, _message(outcome)).strip("\n"):
        lines += ["", _cut(message)]
    return Failure(headline, "\n".join(lines))


def _message(outcome: Outcome) -> str:
    """Return what explains the last step best."""
    last = outcome.steps[-1]
    errors = [d.rendered for d in last.diagnostics if d.level.startswith("error")]
    return "".join(errors) or last.stderr or last.stdout


_MENTION = re.compile(r'sample\.\w+(?:", line |: line |:)(\d+)(?::(\d+))?')


def _place(item: Resolved, outcome: Outcome, language: Language, page: list[str]) -> Place:
    """Find the place in the page that the failure is about; the fence if nothing better is known."""
    sample = item.sample
    fence = Place(sample.location.path or sample.location.page, sample.location.line)
    last = outcome.steps[-1]
    if last.ended == Exited(0):
        return fence
    inside: tuple[int, int] | None = None
    for diagnostic in last.diagnostics:
        span = next((s for s in diagnostic.spans if s.primary), None)
        if span and diagnostic.level.startswith("error"):
            inside = language.locate(sample, span.line, span.column)
            break
    mentions = _MENTION.findall(ansi.strip(last.stderr))  # Python 3.13 colours its tracebacks
    if inside is None and mentions:
        # A Python traceback names the innermost frame last; a panic names its place first.
        line, column = mentions[-1 if sample.language == "python" else 0]
        inside = language.locate(sample, int(line), int(column or 0))
    return _on_page(fence, sample.code, inside, page) if inside else fence


def _on_page(fence: Place, code: str, inside: tuple[int, int], page: list[str]) -> Place:
    """Translate a place in the sample to the page, if the page really has that line there.

    It does not where an include (`--8<--`) brought the line; then the fence must do.
    """
    line, column = inside
    lines = code.split("\n")
    if not 1 <= line <= len(lines) or fence.line + line > len(page):
        return fence
    written, shown = lines[line - 1], page[fence.line + line - 1]
    if written.strip() not in shown or not written.strip():
        return fence
    indent = shown.index(written.strip()) - (len(written) - len(written.lstrip()))
    return Place(fence.page, fence.line + line, column + indent if column else 0)


def _excerpt(page: list[str], place: Place) -> list[str]:
    if not 1 <= place.line <= len(page):
        return []
    first, last = max(1, place.line - AROUND), min(len(page), place.line + AROUND)
    width = len(str(last))
    out = []
    for number in range(first, last + 1):
        mark = ">" if number == place.line else " "
        out.append(f"{mark} {number:>{width}} | {page[number - 1]}".rstrip())
        if number == place.line and place.column:
            before = page[number - 1][: place.column - 1]
            pad = "".join("\t" if letter == "\t" else " " for letter in before).ljust(place.column - 1)
            out.append(f"  {'':>{width}} | {pad}^")
    return out


def _shortened(line: str) -> str:
    return line if len(line) <= MAX_WIDTH else f"{line[:MAX_WIDTH]}\x1b[0m … {len(line) - MAX_WIDTH} more"


def _cut(text: str) -> str:
    lines = [_shortened(line) for line in text.rstrip("\n").split("\n")]
    if len(lines) <= MAX_LINES:
        return "\n".join(lines)
    return "\n".join([*lines[:MAX_LINES], f"… {len(lines) - MAX_LINES} more lines are on the page"])
