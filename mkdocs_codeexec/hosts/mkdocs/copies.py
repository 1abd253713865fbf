"""Copies of pages that other plugins make before the samples have run.

Some keep the HTML of a page as it is rendered, with its Slots, and write files of their own when all is built: what
they wrote is filled. Others turn it into something else at once, in which no Slot can be found: they are shown the page
once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

_SLOT = b"data-codeexec-slot="
_REPLAYED = ("mkdocs_llmstxt",)
"""Packages whose plugins do nothing in `on_page_content` but keep what a page is turned into, by page."""


def in_files(site_dir: Path, pages: Collection[Path]) -> Iterator[tuple[Path, str]]:
    """Yield the HTML files below `site_dir` that hold Slots and are not of `pages`, with their text, in order."""
    for path in sorted(site_dir.rglob("*.html")):
        if path not in pages and path.is_file():
            content = path.read_bytes()
            if _SLOT in content:
                yield path, content.decode("utf-8", "surrogateescape")


def show_again(plugins: Mapping[str, Any], pages: Iterable[Any], **given: object) -> None:
    """Show `pages`, whose samples have run, to the plugins that have kept something of them.

    Args:
        plugins: By name.
        pages: Pages of MkDocs.
        given: What else MkDocs gives to `on_page_content`.
    """
    keeping = [plugin for plugin in plugins.values() if type(plugin).__module__.split(".")[0] in _REPLAYED]
    for page in pages if keeping else ():
        for plugin in keeping:
            plugin.on_page_content(page.content, page=page, **given)
