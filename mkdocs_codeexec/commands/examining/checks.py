"""One thing that was looked at, and what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.report.problems import more, named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mkdocs_codeexec.core.sample import Location

FINE, NOTE, MISSING = "ok", "note", "missing"


class Check(NamedTuple):
    """One line of the report.

    Attributes:
        section: What it is about: `hosts`, `sandbox`, `toolchains`, `store`, `environments`, `fences`.
        name: What was looked at.
        state: `ok`, `note` (worth knowing), or `missing` (samples will not run as the site wants them to).
        words: What was found.
        hint: What to do; may be empty.
        at: The fence that it is about; None if it is about none.
    """

    section: str
    name: str
    state: str
    words: str
    hint: str = ""
    at: Location | None = None

    def to_json(self) -> dict[str, object]:
        """Return it for programs."""
        found = {key: value for key, value in self._asdict().items() if key != "at"}
        return found if self.at is None else {**found, "page": self.at.page, "line": self.at.line}


def told(checks: Iterable[Check]) -> Iterator[str]:
    """Yield the lines that people read: what is the same of many fences is told once, with the first of them."""
    groups: dict[tuple[object, ...], list[Check]] = {}
    for number, check in enumerate(checks):
        alike = number if check.at is None else (check.section, check.state, check.words, check.hint)
        groups.setdefault((alike,), []).append(check)
    for first, *others in groups.values():
        places = [one.at for one in (first, *others) if one.at is not None]
        yield f"  {first.state:<8} {first.name:<12} {first.words}{more(places)}"
        if others:
            yield f"           {named(places)}"
        if first.hint:
            yield f"           hint: {first.hint}"
