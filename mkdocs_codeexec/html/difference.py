"""How what was printed differs from what is written, on the page: signs and colours, the start of it if it is long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_codeexec.html import ansi
from mkdocs_codeexec.html.streams import stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs_codeexec.html.streams import Stream

LINES = 200
"""Lines of a difference that a page shows."""
CHARACTERS = 500
"""Characters of each of them."""
_COLOURS = {"-": "31", "+": "32", "@": "2"}
"""Of its lines, by the sign that they begin with."""


def difference(diff: str) -> Iterator[Stream]:
    """Yield the `pre` for `diff`, a unified diff, if there is anything to be seen."""
    lines = diff.split("\n")
    shown = [_coloured(_short(ansi.plain(line))) for line in lines[:LINES]]
    if left_out := len(lines) - len(shown):
        shown.append(_coloured(f"@@ {left_out:,} more lines are not shown here @@"))
    yield from stream("diff", "\n".join(shown), "ansi", lambda text: text, unfold=True)


def _short(line: str) -> str:
    return line if len(line) <= CHARACTERS else f"{line[:CHARACTERS]}…"


def _coloured(line: str) -> str:
    colour = _COLOURS.get(line[:1])
    return f"\x1b[{colour}m{line}\x1b[m" if colour else line
