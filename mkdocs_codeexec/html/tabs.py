"""Source and output of a sample in two tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.expectation import Errored, Unmet, Verdict

if TYPE_CHECKING:
    from mkdocs_codeexec.core.sample import Presentation

IN_TABS = {"tabbed-left": "above", "tabbed-right": "below"}
"""Where a source in a tab stands for a template that knows of no tabs, and where there is no output."""


class Tab(NamedTuple):
    """A tab on the page. What the template sees.

    Attributes:
        id: Of its button, unique on the page.
        label: What it is called.
        holds: `source` or `output`.
        open: Whether it is the one that is seen at first.
    """

    id: str
    label: str
    holds: str
    open: bool


def tabs(presentation: Presentation, verdict: Verdict, html_id: str) -> tuple[Tab, ...]:
    """Return the tabs of `sample`; of one that did not go as said, the one with the output is open."""
    failed = isinstance(verdict, Unmet | Errored)
    held = [("source", presentation.tabs[0]), ("output", presentation.tabs[1])]
    if presentation.source == "tabbed-right":
        held.reverse()
    return tuple(
        Tab(f"__tabbed_{html_id}_{number}", label, holds, holds == "output" if failed else number == 1)
        for number, (holds, label) in enumerate(held, 1)
    )
