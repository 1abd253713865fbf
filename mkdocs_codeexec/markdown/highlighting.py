"""The highlighter of pymdownx, with the same HTML and without what it does again for each block of code.

Pygments looks through all its lexers for a name, and makes a stylesheet of the style. That takes longer than highlighting a
short block; the one gives the same class each time, and the other is used only where tags hold styles in place of classes.
"""

from __future__ import annotations

import functools
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pygments.lexers import find_lexer_class_by_name
from pygments.style import Style
from pygments.styles import get_style_by_name
from pygments.util import ClassNotFound
from pymdownx.highlight import Highlight

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pygments.lexer import Lexer

_FEW = 256


def lean(highlighter: Any) -> Any:
    """Return what does the same as `highlighter`, the class that superfences uses, and is faster, if we know how.

    Of another class than that of pymdownx nobody knows what it does: it is returned as it is.
    """
    return LeanHighlight if highlighter is Highlight else highlighter


class LeanHighlight(Highlight):  # type: ignore[misc]
    """Highlights as its base does."""

    pygments_style: Any

    def __init__(self, *given: Any, **settings: Any) -> None:
        super().__init__(*given, **settings)
        # An unknown style is left to Pygments, which refuses it.
        if not self.noclasses and isinstance(self.pygments_style, str) and _is_style(self.pygments_style):
            self.pygments_style = _Unstyled

    def get_lexer(self, src: str, language: str, inline: object, stripnl: object) -> tuple[Lexer, str]:
        """Return a new lexer for `language`, and what that is called."""
        name, options = self.get_extended_language(language) if language else ("", {})
        known = _lexer_class(name) if isinstance(name, str) and name else None
        if known is not None:
            with suppress(Exception):  # of options that it does not take
                return known(**{"stripnl": stripnl, **options}), language
        found: tuple[Lexer, str] = super().get_lexer(src, language, inline, stripnl)
        return found


class _Empty(type(Style)):  # type: ignore[misc]  # that of all styles
    def __iter__(cls) -> Iterator[tuple[object, Mapping[str, object]]]:
        return iter(())


class _Unstyled(Style, metaclass=_Empty):
    """A style that says nothing of any token: where tags have classes, none of it is in the HTML."""


@functools.lru_cache(maxsize=_FEW)
def _is_style(name: str) -> bool:
    try:
        get_style_by_name(name)
    except ClassNotFound:
        return False
    return True


@functools.lru_cache(maxsize=_FEW)
def _lexer_class(name: str) -> type[Lexer] | None:
    try:
        return find_lexer_class_by_name(name)
    except ClassNotFound:
        return None
