"""What pages include as mdBook does, put in before anybody reads fences.

It is done where the snippets extension does the like, between the stamps of `locating`: what an include brings has the line of the
page that includes it.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from markdown.preprocessors import Preprocessor

from mkdocs_codeexec.core.including import MARK, bounded, expanded, titles
from mkdocs_codeexec.core.sample import Location, Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from markdown import Markdown

    from mkdocs_codeexec.markdown.collecting import Collector
    from mkdocs_codeexec.markdown.locating import Lines, StampPreprocessor

INCLUDES = "codeexec_includes"
PRIORITY = 31.95
"""Behind snippets (32), whose text may include, too; what is included is not read by them. Before stamps are taken off (31.9)."""
_LOOSE = re.compile(r"\{\{\s+#")


class IncludePreprocessor(Preprocessor):
    """Includes files.

    Attributes:
        failed: What could not be included, as it is written; it has been told.

    Args:
        md: The converter.
        collector: Knows the page, and is told what is wrong.
        lines: Where lines come from.
        stamps: Numbers them.
        read: As for `expanded`, with the page that includes as its first argument. A folder is relative to that of the page.
        excerpted: Returns the page that an excerpt is of.
    """

    def __init__(
        self,
        md: Markdown,
        collector: Collector,
        lines: Lines,
        stamps: StampPreprocessor,
        read: Callable[[str, str, str], tuple[str, str]],
        excerpted: Callable[[], str] = lambda: "",
    ) -> None:
        super().__init__(md)
        self._collector = collector
        self._lines = lines
        self._stamps = stamps
        self._read = read
        self._excerpted = excerpted
        self.failed: set[str] = set()

    def run(self, lines: list[str]) -> list[str]:
        """Return `lines` with what they include."""
        self.failed = set()
        page = self._collector.page()
        if page is None or not any(MARK in line or _LOOSE.search(line) for line in lines):
            return lines
        name = page.page or self._excerpted()
        read = bounded(functools.partial(self._read, name))
        kept: list[str] = []
        current = 1
        for number, line in enumerate(lines, 1):
            text, stamp = self._stamps.parted(line)
            origin = self._stamps.number(stamp) if self._stamps.stamp else number
            current = origin or current
            if MARK not in text and not _LOOSE.search(text):
                kept.append(line)
                continue
            new, wrong = expanded(text, read, "")
            at = Location(page.page, self._lines.on_disk(current, page.text), page.path)
            for error in wrong:
                self.failed.add(error.directive)
                message = f"`{error.directive}` is not included: {error}"
                self._collector.report(Problem(at, message, error.hint))
            if "#title" in new and titles(new):
                hint = "write `title: …` in the front matter of the page"
                self._collector.report(Problem(at, "`{{#title}}` of mdBook has no meaning here", hint, once=True))
            kept += self._stamped(new.split("\n"), stamp)
        return kept

    def _stamped(self, lines: list[str], stamp: str) -> list[str]:
        """Return `lines` with `stamp` at the end of the first that is not blank: one that stands alone is taken for a line of its own."""
        for at, line in enumerate(lines):
            if line.strip():
                return [*lines[:at], line + stamp, *lines[at + 1 :]]
        return lines
