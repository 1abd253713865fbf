"""The stylesheet of our output: which pages link to it, and where.

It is no file of the site's list, in which other plugins look for a source that it has not. Pages without a sample do
not link to it, and stay as they are without us.
"""

from __future__ import annotations

import functools
import hashlib
import posixpath
import re
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

STYLESHEET = "assets/codeexec.css"
ASSETS = "assets/codeexec"
"""Both below the site's folder; pictures and files that samples have made are in the second."""

_SAMPLE = '<div class="codeexec"'
_LINK = re.compile(r"<link\b[^<>]*?\shref=[\"']?([^\"'\s<>]*)[^<>]*>")
_HEAD_ENDS = re.compile(r"(?<![ \t])[ \t]*</head\s*>", re.IGNORECASE)


def holds_samples(html: str) -> bool:
    """Return whether there is a sample in `html`, a page or a part of one."""
    return "data-codeexec=" in html


@dataclass(slots=True)
class Stylesheet:
    """The stylesheet of one build.

    Attributes:
        source: Our own.
        site_dir: Where the site is written to.
        provided: Whether the site brings a file of that name; it takes the place of ours.
    """

    source: Path
    site_dir: Path
    provided: bool = False
    _written: bool = False

    def write(self) -> None:
        """Put the stylesheet into the site, once.

        Raises:
            OSError: It cannot be written.
        """
        if self.provided or self._written:
            return
        target = self.site_dir / STYLESHEET
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self.source.read_bytes())
        self._written = True


@dataclass(slots=True)
class Assets:
    """The pictures and files that samples of one build have made.

    Attributes:
        site_dir: Where the site is written to.
    """

    site_dir: Path
    _written: set[str] = field(default_factory=set)

    def put(self, ending: str, data: bytes) -> str:
        """Put a file with the contents `data` into the site, and return where it is, below the site's folder.

        Args:
            ending: Of its name, without a dot.
            data: What is in it, which its name is made of.

        Raises:
            OSError: It cannot be written.
        """
        name = f"{ASSETS}/{hashlib.sha256(data).hexdigest()}.{ending}"
        if name not in self._written:
            target = self.site_dir / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            self._written.add(name)
        return name


def styled(html: str, css: str) -> str:
    """Return `html`, the content of a page, with `css` in it, for hosts that leave the head of a page to themselves.

    It stands before the first sample: nothing is drawn without it, and a page still begins with its heading.
    """
    place = html.find(_SAMPLE)
    return html if place < 0 else f"{html[:place]}<style>{_compact(css)}</style>{html[place:]}"


@functools.lru_cache(maxsize=4)
def _compact(css: str) -> str:
    """Return `css` without comments and indentation; what would end the element is no CSS."""
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)).replace("</", "<\\/").strip()


def relative(target: str, address: str) -> str:
    """Return where `target` is, seen from the page at `address`; both below the site's folder."""
    return posixpath.relpath(target, posixpath.dirname(address) or ".")


def linked(html: str, address: str, sheets: Sequence[str]) -> str:
    """Return the page `html` with a link to the stylesheet, if it has none: before the site's own sheets, which win.

    Args:
        html: A whole page.
        address: Of the page, below the site's folder: `guide/index.html`.
        sheets: The site's own, below the site's folder.
    """
    end = _HEAD_ENDS.search(html)
    if end is None:
        return html
    found = [(link.start(), link[1]) for link in _LINK.finditer(html, 0, end.start())]
    if any(target.split("?")[0].endswith(STYLESHEET) for _, target in found):
        return html
    theirs = {sheet if "//" in sheet else relative(sheet.lstrip("/"), address) for sheet in sheets}
    place = next((start for start, target in found if target in theirs), end.start())
    return f'{html[:place]}<link rel="stylesheet" href="{escape(relative(STYLESHEET, address))}">{html[place:]}'
