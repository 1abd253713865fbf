"""Zensical's cache of pages, in which what a sample came to must not outlive its reasons.

Zensical keeps what a page was rendered to, under a hash of its text and of the configuration. Files that samples read, the
compiler, and variables are in neither: a failure would be told by one build, and hidden by the next. As Zensical itself keeps
no page with snippets, so no page with samples stays there, unless whoever runs Zensical has put what its samples came to into
the configuration.

Nobody is called when a page is written there, and an interrupt, or a broken link, ends the process without a word to Python. So a
page that must not stay is made such that Zensical writes it, and cannot read it: it renders the page again. What is left of such
pages is removed at the end of a build. Pages are told apart by what is in them: how files are named there is Zensical's own business.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping
    from pathlib import Path

UNREADABLE = "codeexec_unreadable"
"""What makes a page unreadable, among what is known of it (`meta`)."""
DEPTH = 128
"""Of lists in lists: serde_json, by which Zensical reads its cache, refuses to read that many, and writes any."""
UNFINISHED = "codeexec-unfinished"
"""A file that is in the cache while somebody renders who is trusted later."""
_SAMPLE = b"data-codeexec="
_PAGE = re.compile(rb'\{\s*"data":\s*\{')
"""How the entry of a page begins; that of a rendered template begins with a string, and is found by what is in the page."""


def make_unreadable(meta: MutableMapping[str, Any]) -> None:
    """Have Zensical never read again, from its cache, the page to which `meta` belongs."""
    deep: list[Any] = []
    for _ in range(DEPTH):
        deep = [deep]
    meta[UNREADABLE] = deep


def is_unreadable(entry: bytes) -> bool:
    """Tell whether a page in the cache has been made unreadable."""
    return f'"{UNREADABLE}":'.encode() in entry  # within a text the quotes would be escaped


class PageCache:
    """Takes out of Zensical's cache what must not stay there.

    Args:
        folder: `.cache`, beside the configuration.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[str, int] = {}
        self._kept: set[str] = set()
        self._unwanted: set[str] = set()
        self._turn = threading.Lock()
        self.trusted = True

    def trust(self) -> None:
        """Let everything stay that is there now, unless whoever left it was interrupted, and has not seen to it."""
        mark = self._folder / UNFINISHED
        with self._turn, suppress(OSError):
            if mark.exists():
                return
            self._folder.mkdir(exist_ok=True)
            mark.touch()
            with os.scandir(self._folder) as found:
                for entry in found:
                    self._seen[entry.name] = entry.stat(follow_symlinks=False).st_mtime_ns

    def settle(self) -> list[bytes]:
        """Take out what must not stay, for the last time, and return it."""
        gone = self.sweep()
        with suppress(OSError):
            (self._folder / UNFINISHED).unlink()
        return gone

    def forget(self) -> None:
        """Take out all pages with samples, whoever has left them."""
        with self._turn:
            self._seen.clear()
            self._kept.clear()
        self.sweep()

    def keep(self, html: str) -> None:
        """Let a page that was rendered to `html` stay, although it has samples."""
        self._kept.add(_digest(html))

    def drop(self, html: str) -> None:
        """Let no page that was rendered to `html` stay."""
        self._unwanted.add(_digest(html))

    def sweep(self) -> list[bytes]:
        """Take out what must not stay, of all that came since the last time, and return it."""
        with self._turn:
            return list(self._sweep())

    def _sweep(self) -> Iterator[bytes]:
        with suppress(OSError), os.scandir(self._folder) as found:
            for entry in found:
                with suppress(OSError):
                    if (gone := self._look(entry)) is not None:
                        yield gone

    def _look(self, entry: os.DirEntry[str]) -> bytes | None:
        if not entry.is_file(follow_symlinks=False):
            return None
        stamp = entry.stat(follow_symlinks=False).st_mtime_ns
        if self._seen.get(entry.name) == stamp:
            return None
        with open(entry.path, "rb") as file:  # noqa: PTH123 - one of thousands
            content = file.read()
        self._seen[entry.name] = stamp
        if self._may_stay(content):
            return None
        os.unlink(entry.path)  # noqa: PTH108
        return content

    def _may_stay(self, content: bytes) -> bool:
        if not _PAGE.match(content):
            return True
        if self.trusted and not self._unwanted and _SAMPLE not in content:
            return True
        if not self.trusted:
            return False
        digest = _digest(_html(content))
        return digest not in self._unwanted and (_SAMPLE not in content or digest in self._kept)


def _html(content: bytes) -> str:
    """Return what a page was rendered to; empty if that cannot be told."""
    try:
        found: Any = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    waiting = [found]
    while waiting:
        table = waiting.pop()
        if isinstance(table, dict):
            if isinstance(html := table.get("content"), str):
                return html
            waiting += table.values()
    return ""


def _digest(html: str) -> str:
    return hashlib.sha256(html.strip().encode("utf-8", "surrogatepass")).hexdigest()
