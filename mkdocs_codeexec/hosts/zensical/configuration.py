"""What is asked of Zensical's configuration: which files are pages, what they are called, how code is annotated."""

from __future__ import annotations

import fnmatch
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.html.annotations import Annotations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


def pages_of(docs: Path, config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the path below `docs` and the text of each file that is a page of the site for certain, in order."""
    left_out = _left_out(config)
    for folder, folders, names in os.walk(docs):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(folder, name)
            page = file.relative_to(docs).as_posix()
            if name.endswith(".md") and not left_out(page):
                try:
                    yield page, file.read_text("utf-8-sig")
                except (OSError, ValueError):
                    continue  # Zensical tells of a page that it cannot read


def _left_out(config: Mapping[str, Any]) -> Callable[[str], bool]:
    """Return what tells of a path whether it is no page, or only sometimes."""
    lines = [line for name in ("exclude_docs", "draft_docs") for line in str(config.get(name) or "").splitlines()]
    patterns: Any = None
    if any(line.strip() for line in lines):
        import pathspec  # Zensical needs it

        patterns = pathspec.PathSpec.from_lines("gitwildmatch", lines)
    plugin = ((config.get("plugins") or {}).get("exclude") or {}).get("config") or {}
    globs, expressions = (plugin.get(name) or () if plugin.get("enabled") else () for name in ("glob", "regex"))

    def matches(page: str) -> bool:
        return (
            (patterns is not None and patterns.match_file(page))
            or any(fnmatch.fnmatch(page, glob) for glob in globs)
            or any(re.search(expression, page) for expression in expressions)
        )

    return matches


def annotations_of(config: Mapping[str, Any]) -> Annotations | None:
    """Return how the site has code annotations; None if its theme has none."""
    theme, extra = config.get("theme") or {}, config.get("extra") or {}
    if theme.get("name", "material") not in ("material", "zensical", None):
        return None
    further = extra.get("annotate")
    return Annotations(
        everywhere="content.code.annotate" in (theme.get("features") or ()),
        further=further if isinstance(further, dict) else {},
    )
