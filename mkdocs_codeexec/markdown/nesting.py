"""Conversions within the conversion of a page: docstrings (mkdocstrings), and what other tools have printed.

They have a `Markdown` object of their own, and a text that is on no page. A sample in one of them is told where the page
brings it in: at the line of `:::`, say, with the object whose docstring it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from markdown.blockprocessors import BlockProcessor

from mkdocs_codeexec.core.sample import Location
from mkdocs_codeexec.markdown.doubts import CodeWatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown import Markdown
    from markdown.blockparser import BlockParser

    from mkdocs_codeexec.markdown.collecting import PageContext
    from mkdocs_codeexec.markdown.fences import Fences

_DIRECTIVE = re.compile(r"^(?:#{1,6} *)?::: ?(?P<name>.+?) *$", re.MULTILINE)
"""mkdocstrings: `AutoDocProcessor.regex`."""


class Nesting:
    """Knows the conversion of the page that is being converted, and so which others are within it."""

    def __init__(self) -> None:
        self._page: PageContext | None = None
        self._outer: Fences | None = None

    def begin(self, fences: Fences, page: PageContext | None) -> bool:
        """Note that `fences` begins with a text of `page`; return whether that is within the page's own conversion."""
        if page is not None and page is self._page and fences is not self._outer:
            return True
        self._page, self._outer = page, fences
        return False

    def location(self, page: PageContext, md: Markdown, lines: Sequence[str]) -> Location | None:
        """Return where the page brings in a fence of a text within it; None if that cannot be told.

        Args:
            page: The page.
            md: What converts the text.
            lines: The fence: its header and its code.
        """
        outer = self._outer
        if outer is None:
            return None
        if outer.directive is not None:
            name, number = outer.directive
            line = outer.line_of(re.compile(rf"(?:#{{1,6}} *)?::: ?{re.escape(name)}"), number, page)
            return Location(page.page, line or 1, page.path, within=_docstring(md, name, lines))
        line = outer.line_of_left(page)
        return Location(page.page, line, page.path, within="in what this fence shows") if line else None


class DirectiveWatch(BlockProcessor):
    """Notes which `:::` of a page mkdocstrings is about to render: it is asked just before mkdocstrings is."""

    def __init__(self, parser: BlockParser, fences: Fences) -> None:
        super().__init__(parser)
        self._fences = fences

    def test(self, parent: Any, block: str) -> bool:
        """Return False: the block is mkdocstrings'."""
        del parent
        if found := _DIRECTIVE.search(block):
            self._fences.direct(found["name"])
        return False

    def run(self, parent: Any, blocks: list[str]) -> bool:
        """Never called."""
        del parent, blocks
        return False


def watch(md: Markdown, fences: Fences) -> None:
    """Let `fences` hear of what is no fence in the end, and of docstrings."""
    processors = md.parser.blockprocessors
    processors.register(CodeWatch(md.parser, fences.doubts), "codeexec_code", 80.5)  # code: 80
    if "mkdocstrings" in processors:  # at 75
        processors.register(DirectiveWatch(md.parser, fences), "codeexec_directive", 75.5)


def _docstring(md: Any, directive: str, lines: Sequence[str]) -> str:
    """Return which docstring `md` converts, as mkdocstrings and its handler for Python have it, and the line in it."""
    ids, references = (
        registry[name] if name in registry else None  # noqa: SIM401 - a Registry has no `get`
        for registry, name in ((md.treeprocessors, "mkdocstrings_ids"), (md.inlinePatterns, "mkdocs-autorefs"))
    )
    found = getattr(getattr(references, "hook", None), "current_object", None)
    name = str(getattr(ids, "id_prefix", "") or "").removesuffix("--") or getattr(found, "path", "") or directive
    text = getattr(getattr(found, "docstring", None), "value", "")
    line = _line_within(text, lines) if isinstance(text, str) else 0
    return f"in the docstring of {name}{f' (line {line})' if line else ''}"


def _line_within(text: str, lines: Sequence[str]) -> int:
    """Return the line of `text`, from one, from which on it holds `lines`; 0 if it is nowhere so."""
    there, wanted = ([line.strip() for line in some] for some in (text.split("\n"), lines))
    starts = (at for at, line in enumerate(there, 1) if line == wanted[0])
    return next((at for at in starts if there[at - 1 : at - 1 + len(wanted)] == wanted), 0)
