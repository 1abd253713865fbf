"""`tree` fences, as markdown-exec shows them: drawn, and with Material's icons where that is installed."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core import trees

if TYPE_CHECKING:
    from mkdocs_codeexec.markdown.header import Header

WORD = "tree"
_SHOWN_AS = "bash"
"""The lexer of markdown-exec's trees: what stands behind a name and a `#` is a comment."""
_PASSED = ("title", "title_mode", "hl_lines", "linenums")
OPTIONS = (*_PASSED, "icons", "result")
"""What a tree may say."""
_ICONS = {
    "Dockerfile": "simple/docker",
    ".gitattributes": "simple/git",
    ".gitignore": "simple/git",
    **dict.fromkeys(("cpp", "hpp"), "simple/cplusplus"),
    **dict.fromkeys(("c", "h"), "simple/c"),
    **dict.fromkeys(("fs", "fsi", "fsx"), "simple/fsharp"),
    **dict.fromkeys(("jpg", "jpeg"), "simple/jpeg"),
    **dict.fromkeys(("jsx", "tsx"), "simple/react"),
    **dict.fromkeys(("kt", "kts"), "simple/kotlin"),
    **dict.fromkeys(("py", "pyc", "pyo", "pyd", "pyx"), "simple/python"),
    **dict.fromkeys(("yml", "yaml"), "simple/yaml"),
    **{
        ending: f"simple/{icon}"
        for ending, icon in {
            "css": "css",
            "fish": "fishshell",
            "go": "go",
            "gradle": "gradle",
            "groovy": "apachegroovy",
            "html": "html5",
            "ico": "icon",
            "jinja": "jinja",
            "json": "json",
            "js": "javascript",
            "lua": "lua",
            "md": "markdown",
            "odt": "libreofficewriter",
            "php": "php",
            "rb": "ruby",
            "rs": "rust",
            "scala": "scala",
            "scss": "sass",
            "sh": "gnubash",
            "svg": "svg",
            "tex": "latex",
            "toml": "toml",
            "ts": "typescript",
            "zsh": "zsh",
        }.items()
    },
}
"""Material's icons of files, by name or by what it ends with."""
_ANY = "material/file"


class Tree:
    """A fence to be drawn.

    Args:
        header: Its header.
    """

    def __init__(self, header: Header) -> None:
        values = {option.name: option.value or "" for option in header.options}
        self.icons = values.get("icons", "auto")
        self.word = values.get("result") or _SHOWN_AS
        self.passthrough = tuple((name, values[name]) for name in _PASSED if name in values)
        self._used: dict[str, str] = {}

    def drawn(self, code: str) -> str:
        """Return what the highlighter is given for `code`."""
        return trees.drawn(code, None if self.icons == "none" else self._icon)

    def finished(self, html: str) -> str:
        """Return what the highlighter has made, with icons in it."""
        for mark, svg in self._used.items():
            html = html.replace(mark, f'<span class="twemoji">{svg}</span>')
        return html

    def _icon(self, name: str) -> str:
        icon = _ICONS.get(name) or _ICONS.get(name.rpartition(".")[2] if "." in name else "", _ANY)
        svg = "" if self.icons == "basic" else _svg(icon)
        if not svg:
            return trees.FILE
        mark = f"__ICON_{hashlib.sha256(icon.encode()).hexdigest()[:32]}"
        self._used[mark] = svg
        return f"{mark} "


@functools.lru_cache(maxsize=64)
def _svg(icon: str) -> str:
    """Return Material's `icon`; empty if there is none."""
    found = importlib.util.find_spec("material")
    if found is None or found.origin is None:
        return ""
    try:
        return (Path(found.origin).parent / "templates" / ".icons" / f"{icon}.svg").read_text("utf-8")
    except OSError:
        return ""
