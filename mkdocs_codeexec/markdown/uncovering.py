"""The whole source of a fence with hidden lines, and the button that shows it in the place of what is usually shown.

It is a code block of its own, so that whatever copies, counts or highlights code has what readers see, and nothing else.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from mkdocs_codeexec.core.hidden import Hiding, lines, visible

LABEL = "Show hidden lines"

_NAMED = re.compile(r"""\s(?:id|name|href)=["']?#?[^"'\s<>]*["']?""")
_TAG_WITH_NAME = re.compile(r"<(?:a|span|pre|code|div)\b[^<>]*>")
_TABLE = re.compile(r'<td class="linenos">.*?</td>', re.DOTALL)
_IN_TABLE = re.compile(r"(>) *(\d+) *(?=<)")
_IN_LINE = re.compile(r'(<span class="linenos[^"<>]*"(?: data-linenos="|>)) *(\d+)')


class Whole(NamedTuple):
    """The source of a fence with the lines that are hidden.

    Attributes:
        code: As it runs.
        numbers: Numbers that its lines have for readers, by their own; both from one. Hidden ones have none.
    """

    code: str
    numbers: dict[int, int]

    def highlighted(self, ranges: str) -> str:
        """Return the `ranges` of `hl_lines`, which count lines that are seen, for all lines."""
        pairs = (part.partition("-")[::2] for part in ranges.split())
        wanted = [(int(first), int(last or first)) for first, last in pairs]
        found = (own for own, seen in self.numbers.items() if any(first <= seen <= last for first, last in wanted))
        return " ".join(map(str, found))

    def numbered(self, html: str, first: int) -> str:
        """Return `html`, of the whole source, with the numbers that readers know, and none at hidden lines.

        Args:
            html: Made by the highlighter, which has numbered all lines.
            first: The number of the first line.
        """

        def number(found: re.Match[str]) -> str:
            seen = self.numbers.get(int(found[2]) - first + 1)
            return found[1] + ("" if seen is None else str(seen + first - 1)).rjust(len(found[2]))

        return _TABLE.sub(lambda table: _IN_TABLE.sub(number, table[0]), _IN_LINE.sub(number, html))


def whole(code: str, hiding: Hiding, *, stripped: bool) -> Whole | None:
    """Return the whole source; None if no line is hidden.

    Args:
        code: What the author wrote.
        hiding: Which lines are not shown.
        stripped: Whether the highlighter takes blank lines away at the start.
    """
    if visible(code, hiding) == code:
        return None
    found = list(lines(code, hiding))
    if all(shown is not None for shown, _ in found):
        return None
    seen = [number for number, (shown, _) in enumerate(found) if shown is not None]
    first = 0
    if stripped:
        first = next((number for number, (_, run) in enumerate(found) if run), len(found))
        seen = seen[next((place for place, number in enumerate(seen) if found[number][1]), len(seen)) :]
    numbers = {number - first + 1: place for place, number in enumerate(seen, 1)}
    return Whole("\n".join(run for _, run in found[first:]), numbers)


def uncovered(shown: str, html: str) -> str:
    """Return `shown`, a code block, between the button and `html`, the block with the whole source.

    Both are hidden until there is our stylesheet, so that feeds and readers' views do not have the code twice. The second is in no
    `div`: Material's search would take the end of any `div` in it for its end.
    """
    html = _TAG_WITH_NAME.sub(lambda tag: _NAMED.sub("", tag[0]), html)  # the shown lines have them
    return (
        f'<input class="codeexec-eye" type="checkbox" autocomplete="off" title="{LABEL}" aria-label="{LABEL}" hidden>'
        f'{shown}<section class="codeexec-whole" data-search-exclude hidden>{html}</section>'
    )
