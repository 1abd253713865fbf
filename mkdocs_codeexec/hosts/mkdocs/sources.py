"""The files of pages, as MkDocs has them: what a terminal calls them, and what stands at their start."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.hosts.mkdocs.host import get_data
from mkdocs_codeexec.markdown.unreadable import FIELD
from mkdocs_codeexec.sites import shown

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page


def shown_path(config: MkDocsConfig, page: Page) -> str:
    """Return the page's file as a terminal can open it (see `sites.shown`).

    A page that a plugin has made is named as if it was in `docs_dir`: its file, if there is one, is gone when that is read.
    """
    project = Path(config.config_file_path or "mkdocs.yml").absolute().parent
    path = page.file.abs_src_path or ""
    known = any(Path(path).is_relative_to(folder) for folder in (config.docs_dir, project))
    if not path or (not known and Path(path).is_relative_to(tempfile.gettempdir())):
        path = str(Path(config.docs_dir, page.file.src_uri))
    return shown(Path(path))


def inherited(page: Page) -> tuple[str, ...]:
    """Return the files that Material's plugin `meta` has added to the front matter of `page`: `.meta.yml` of its folders."""
    found = page.meta.get("__extends")
    return tuple(map(str, found)) if isinstance(found, list) else ()


def front_matter(text: str) -> dict[str, Any]:
    """Return the front matter of a page that is `text`, as MkDocs reads it; nothing if it does not name us."""
    return get_data(text)[1] if FIELD in text else {}
