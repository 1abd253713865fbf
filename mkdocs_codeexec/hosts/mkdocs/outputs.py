"""Markdown that samples print, on the pages of MkDocs: its links lead where those of the page do, its headings are among its own.

The arguments named `config`, `files`, `file` and `page` are those of MkDocs' events.
"""

from __future__ import annotations

import functools
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.hosts.mkdocs.host import NAME
from mkdocs_codeexec.html.contents import joined
from mkdocs_codeexec.html.ids import Ids
from mkdocs_codeexec.html.lexers import is_lexer
from mkdocs_codeexec.html.raw import MIME
from mkdocs_codeexec.markdown.outputs import Outputs, outputs
from mkdocs_codeexec.sites import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mkdocs_codeexec.core.settings import LanguageRule


_LINKS = "_RelativePathTreeprocessor"
"""Of the host: makes links of a page such as lead to pages."""


def outputs_of(config: Any, files: Any, rules: Mapping[str, LanguageRule]) -> Callable[[str], Outputs]:
    """Return what returns the converter of what is printed on a page, which is made when the first one is asked for."""

    @functools.cache
    def converter() -> Outputs:
        return outputs(config.markdown_extensions, config.mdx_configs or {}, rules, is_lexer, NAMES)

    def of(page: str) -> Outputs:
        found = converter()
        file = files.get_file_from_path(page)
        if file is not None:
            found.links = lambda md: _link(md, file, files, config)
        return found

    return of


def _link(md: Any, file: Any, files: Any, config: Any) -> None:
    links: Any = getattr(import_module(f"{NAME}.structure.pages"), _LINKS)
    md.treeprocessors.register(links(file, files, config), "relpath", 0)


def add_headings(page: Any, headings: list[dict[str, Any]]) -> None:
    """Put `headings`, which output has brought into `page`, among its own.

    Args:
        page: With its content.
        headings: As Python-Markdown's `toc` has them.
    """
    if MIME["markdown"] in page.content and page.present_anchor_ids is not None:  # other pages may link there
        page.present_anchor_ids |= Ids(page.content).all
    if not headings:
        return
    added = import_module(f"{NAME}.structure.toc").get_toc(headings)
    items = joined(
        page.toc, added, page.content, lambda heading: (heading.id, heading.level), lambda heading: heading.children
    )
    for number, item in enumerate(items):
        item.active = number == 0
    page.toc.items = items
