"""Output that its author has on the page as what it is, and not as text.

As raw HTML in Markdown it is the author's word, whether it is balanced too. It may hold no mark of a Slot: a later pass over
the page would take it for its own.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from markupsafe import Markup

from mkdocs_codeexec.core.normalize import ESCAPE

if TYPE_CHECKING:
    from mkdocs_codeexec.core.settings import HtmlPolicy

MIME = {"html": "text/html", "markdown": "text/markdown"}
"""Ways to show stdout as what it is, by what it is then."""
LABEL = "Output"
"""What a screen reader calls a frame."""

_NO_HTML = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
"""Control characters that HTML does not know (Infra, 4.5; HTML, 13.2.3.5)."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_MARK = re.compile("(data-codeexec)-", re.IGNORECASE)

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_LOOK = "html{color-scheme:light;background:#fff;color:#000;font:16px/1.5 system-ui,sans-serif}body{margin:12px}.headerlink{display:none}"
_HEADING = re.compile(r"<h[1-3]\b", re.IGNORECASE)
_LINE = re.compile(r"<(?:p|div|li|tr|br|h[1-6]|dt|dd|hr|option|pre|section)\b", re.IGNORECASE)
_LARGE = re.compile(r"<(?:img|svg|canvas|table|video|object)\b", re.IGNORECASE)
_LOWEST, _HIGHEST = 6, 36
"""Of a frame, in `em`: nothing within it runs that could say how high it is."""


def cleaned(text: str) -> str:
    """Return `text`, which a program printed, without what no HTML may hold: the colours of a terminal, say."""
    return _SURROGATE.sub("\ufffd", _NO_HTML.sub("", ESCAPE.sub("", text)))


def inert(html: str) -> str:
    """Return `html` with nothing in it that is a mark of ours; as text it is read the same."""
    return _MARK.sub(r"\1&#45;", html)


def raw(html: str, policy: HtmlPolicy) -> Markup:
    """Return `html` as it stands on the page: itself, or a frame in which no script runs, and which loads nothing.

    Args:
        html: Of a sample.
        policy: Which of the two.
    """
    return Markup(inert(html)) if policy == "page" else _framed(html)  # noqa: S704 - the author's word


def _framed(html: str) -> Markup:
    head = f'<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    document = f"{head}<title>{LABEL}</title><style>{_LOOK}</style><body>{html}"
    lines = len(_LINE.findall(html)) + (html.count("\n") if "<pre" in html else 0)
    lines += len(_HEADING.findall(html))
    height = min(max(_LOWEST, 2 * lines + 8 * len(_LARGE.findall(html)) + 2), _HIGHEST)
    return Markup(
        '<iframe class="codeexec-frame" sandbox="" title="{}" style="height:{}em" loading="lazy" '
        'referrerpolicy="no-referrer" srcdoc="{}"></iframe>'
    ).format(LABEL, height, Markup(inert(escape(document))))  # noqa: S704 - escaped


class Held:
    """HTML that is on the page as it is, kept apart until nobody reads the fragment any more."""

    _START, _END = "\x02codeexec:", "\x03"
    """Characters that no output keeps and no Markdown leaves on a page."""

    def __init__(self) -> None:
        self._kept: list[str] = []

    def keep(self, html: str) -> Markup:
        """Return what stands for `html`."""
        self._kept.append(html)
        return Markup(f"{self._START}{len(self._kept) - 1}{self._END}")  # noqa: S704 - no HTML

    def back(self, fragment: str) -> str:
        """Return `fragment` with all that was kept in its place."""
        if not self._kept:
            return fragment
        return re.sub(f"{self._START}(\\d+){self._END}", lambda found: self._of(found[1]), fragment)

    def _of(self, number: str) -> str:
        return self._kept[int(number)] if int(number) < len(self._kept) else ""
