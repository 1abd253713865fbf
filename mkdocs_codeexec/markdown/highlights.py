"""What the highlighter of pymdownx has made of code, remembered from one build of a process to the next.

A rebuild of `serve` renders all pages, and nearly every fence on them is as it was. Highlighting it is a good half of the time
that a rebuild takes. It is a function of what superfences passes to the highlighter: the configuration of `pymdownx.highlight`, the
code, its language, the options of the fence, and the number of the block on the page, of which anchors of lines are
made. All of that is in the key.
"""

from __future__ import annotations

import hashlib
import marshal
from typing import TYPE_CHECKING, Any, NamedTuple

from pymdownx.highlight import Highlight

from mkdocs_codeexec.markdown.highlighting import LeanHighlight

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from markdown import Markdown

MOST = 32 * 1024 * 1024
"""Characters of HTML that are remembered of one build; 1,000 fences take some 6 million."""


class Highlights:
    """Remembers what was made in this build and in the last one, and nothing older.

    Args:
        most: Characters that are remembered of one build; what comes then is made each time.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._configuration = ""
        self._size = 0
        self._made: dict[bytes, str] = {}
        self._before: dict[bytes, str] = {}

    def __len__(self) -> int:
        """Return how many fences of this build are remembered."""
        return len(self._made)

    def begin(self, configuration: str) -> None:
        """Begin a build.

        Args:
            configuration: Of the site. Lexers and styles come from plugins, too: with another one nothing is remembered.
        """
        self._before = self._made if configuration == self._configuration else {}
        self._configuration = configuration
        self._made, self._size = {}, 0

    def remembering(self, highlighter: Any, md: Markdown) -> Any:
        """Return `highlighter`, the class that superfences uses for `md`, so that it remembers.

        Of another class than that of pymdownx nobody knows what it depends on: it is returned as it is.
        """
        if highlighter is not Highlight:
            return highlighter

        # Newer ones of pymdownx say which converter it is for, older ones do not.
        return lambda *given, **settings: _Asked(self, md, given, settings)

    def html(self, key: bytes, make: Callable[[], tuple[str, bool]]) -> str:
        """Return what is remembered under `key`, else what `make` makes.

        Args:
            key: Of `key_of`.
            make: Returns HTML, and whether that is all that it has done.
        """
        html = self._made.get(key)
        if html is not None:
            return html
        html, alone = self._before.get(key), True
        if html is None:
            html, alone = make()
        if alone and self._size + len(html) <= self._most:
            self._made[key] = html
            self._size += len(html)
        return html


def key_of(*given: Any) -> bytes | None:
    """Return a digest of what was given, exact types included; None if that is more than plain values."""
    try:
        return hashlib.sha256(marshal.dumps(given, 0)).digest()  # 0: no references, so equal values are equal bytes
    except ValueError:
        return None


class _Asked(NamedTuple):
    """Stands where an object of the highlighter would stand.

    Attributes:
        highlights: Is asked first.
        md: The converter.
        given: The same, if the highlighter is given it.
        settings: The configuration of `pymdownx.highlight`.
    """

    highlights: Highlights
    md: Markdown
    given: tuple[Any, ...]
    settings: Mapping[str, Any]

    def highlight(self, *code: Any, **how: Any) -> str:
        """Return the HTML of a block of code."""
        key = key_of(dict(self.settings), code, how)
        return (
            self._made(*code, **how)[0] if key is None else self.highlights.html(key, lambda: self._made(*code, **how))
        )

    def _made(self, *code: Any, **how: Any) -> tuple[str, bool]:
        stash = self.md.htmlStash
        before = stash.html_counter
        html: str = LeanHighlight(*self.given, **self.settings).highlight(*code, **how)
        return html, stash.html_counter == before  # a title may be put into the stash of the page
