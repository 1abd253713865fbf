"""What samples have written, as text on the page: one `pre` for each stream."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING

from markupsafe import Markup

from mkdocs_codeexec.html import ansi
from mkdocs_codeexec.html.raw import MIME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FOLD_LINES = 40
"""A stream with more lines than this is folded."""
HIGHLIGHTED = 16 * 1024
"""Characters of output that Pygments is given; many lexers take quadratic time."""

_LABELS = {"build": "Compiler messages", "stdout": "Output", "stderr": "Error output", "diff": "Difference"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One `pre` on the page. What the template sees.

    Attributes:
        kind: `build`, `stdout` or `stderr`; `diff` for how output differs from what is written.
        label: What a screen reader calls it.
        html: Safe HTML.
        lines: Number of lines.
        folded: Whether it is long enough to be folded as a whole.
        open: Whether it is unfolded at first.
        first: Lines that are seen while the rest is folded; 0 if not the rest is.
        classes: CSS classes of the `pre`.
    """

    kind: str
    label: str
    html: Markup
    lines: int
    folded: bool
    open: bool
    classes: str
    first: int = 0


def stream(
    kind: str,
    text: str,
    result: str,
    tidy: Callable[[str], str],
    *,
    unfold: bool,
    fold: int | None = None,
    wrap: bool = False,
) -> Iterator[Stream]:
    """Yield the `pre` for `text`, if there is anything to be seen.

    Args:
        kind: What it is.
        text: As it was written.
        result: How it is shown.
        tidy: Makes it fit for readers.
        unfold: Whether it is unfolded at first.
        fold: Lines of it that are seen at first; 0 for all, None for the usual.
        wrap: Whether its long lines are broken.
    """
    text = tidy(text).rstrip("\n") if text else ""
    if kind == "stderr":
        text = text.lstrip("\n")  # rustc 1.90 and later begin a panic with an empty line
    if not text:
        return
    lines = text.count("\n") + 1
    classes = f"codeexec-{kind}"
    if result == "ansi" or kind == "build":
        html = ansi.to_html(text)
    elif result == "text" or result in MIME or kind == "stderr":
        html = Markup.escape(ansi.plain(text))
    else:
        html = _highlight(ansi.plain(text), result)
        classes += " highlight"
    if not html.strip("\n"):
        return  # it only moved the cursor, say
    yield Stream(
        kind=kind,
        label=_LABELS[kind],
        html=html,
        lines=lines,
        folded=fold is None and lines > FOLD_LINES,
        open=unfold,
        classes=f"{classes} codeexec-wrap" if wrap else classes,
        first=fold if fold and lines > fold else 0,
    )


_PYGMENTS = re.compile(r'[^<>]*+(?:<span class="[\w -]+">[^<>]*+</span>[^<>]*+)*')


def _highlight(text: str, lexer: str) -> Markup:
    """Return `text` as Pygments highlights it, if that is nothing but spans in it; else as it is."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    plain = Markup.escape(text)
    if len(text) > HIGHLIGHTED:
        return plain
    try:
        found = get_lexer_by_name(lexer, stripnl=False)
        html = highlight(text, found, HtmlFormatter(nowrap=True)).rstrip("\n")
    except Exception:  # noqa: BLE001 - there are hundreds of lexers, and nothing says what they raise
        return plain
    if not _PYGMENTS.fullmatch(html) or unescape(re.sub("<[^>]*>", "", html)) != text.rstrip("\n"):
        return plain  # some lexers rewrite what they read, and plugins can bring any
    return Markup(html)  # noqa: S704 - escaped text and spans, as was just seen
