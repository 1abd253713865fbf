"""Terminal output as HTML, safe to put into a page whatever it contains.

The output of a program is text an attacker may have chosen. The markup made
here is an allow-list: escaped text, `<span class="ansi-…">` with at most a
`color` and a `background-color`, and `<a href="http…" rel="nofollow">`.
The classes are given their looks by `assets/codeexec.css`.
"""

import html
from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby

from markupsafe import Markup

from mkdocs_codeexec.html.lines import short, shortened
from mkdocs_codeexec.html.terminal import NAMES, SPECIAL, Pen, Style, Styled, runs

_MARKS = ("bold", "dim", "italic", "underline", "strike", "reverse", "control")


def to_html(text: str) -> Markup:
    """Render `text` as a terminal would show it, and of a line too long for a page the start.

    Total, and linear in time and memory. A span ends where the style or the
    link changes, not where the line does. Links contain spans, never the
    reverse.
    """
    if not SPECIAL.search(text) and short(text):
        return Markup(html.escape(text))  # noqa: S704 -- escaped here
    return _markup(shortened(runs(text)), budget=len(text))


def plain(text: str) -> str:
    """Return the text `to_html` shows, without its looks."""
    text = strip(text)
    return text if short(text) else "".join([run.text for run in shortened([Styled(Pen(), text)])])


def strip(text: str) -> str:
    """Return the whole text a terminal would show, without its looks."""
    if not SPECIAL.search(text):
        return text
    return "".join([run.text for run in runs(text)])


def _markup(found: Iterable[Styled], budget: int) -> Markup:
    """Return `found` as HTML.

    Args:
        found: What a terminal would show.
        budget: Characters that addresses may take. Overwriting can cut one link into many, each with the whole address
            again; when they have taken as much room as the text did, they are left out.
    """
    pieces = []
    for link, linked in groupby(found, key=lambda run: run.pen.link):
        content = _spans(linked)
        if link and len(link) <= budget:
            budget -= len(link)
            content = f'<a href="{html.escape(link)}" rel="nofollow">{content}</a>'
        pieces.append(content)
    return Markup("".join(pieces))  # noqa: S704 -- made of escaped text and of the tags above


def _spans(linked: Iterable[Styled]) -> str:
    pieces = []
    for style, alike in groupby(linked, key=lambda run: run.pen.style):
        content = html.escape("".join([run.text for run in alike]))
        attributes = _attributes(style)
        pieces.append(f"<span{attributes}>{content}</span>" if attributes else content)
    return "".join(pieces)


# What xterm draws the named colours as.
_XTERM = dict(
    zip(
        NAMES,
        (
            *("#000000", "#cd0000", "#00cd00", "#cdcd00", "#0000ee", "#cd00cd", "#00cdcd", "#e5e5e5"),
            *("#7f7f7f", "#ff0000", "#00ff00", "#ffff00", "#5c5cff", "#ff00ff", "#00ffff", "#ffffff"),
        ),
        strict=True,
    )
)


@lru_cache(maxsize=256)
def _attributes(style: Style) -> str:
    """Write the attributes of a span, or nothing for the default style.

    A named colour is a class, to be drawn readable in the light and in the
    dark. A colour the program mixed itself is an inline style; so is the text
    on it, since no theme can know what is readable there. The stylesheet
    reverses the named colours, this function the others.
    """
    text, paper = style.foreground, style.background
    if "reverse" in style.marks:
        text, paper = paper, text
    if _is_mixed(paper) and not _is_mixed(text):
        text = _XTERM.get(text) or _contrasting(paper)
    classes = [f"ansi-{mark}" for mark in _MARKS if mark in style.marks]
    named = ("ansi-", style.foreground), ("ansi-bg-", style.background)
    classes += [prefix + color for prefix, color in named if color in _XTERM]
    declared = ("color", text), ("background-color", paper)
    inline = ";".join(f"{name}:{color}" for name, color in declared if _is_mixed(color))
    if inline:
        return f' class="{" ".join(classes or ["ansi-rgb"])}" style="{inline}"'
    return f' class="{" ".join(classes)}"' if classes else ""


def _is_mixed(color: str) -> bool:
    return color.startswith("#")


def _contrasting(color: str) -> str:
    """Return black or white, whichever is easier to read on `color` (WCAG 2, relative luminance)."""
    red, green, blue = ((int(color[at : at + 2], 16) / 255) ** 2.2 for at in (1, 3, 5))
    return "#000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else "#ffffff"
