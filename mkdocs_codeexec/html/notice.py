"""What readers of a page are to know of it as a whole, while it is served."""

from __future__ import annotations

from html import escape

from mkdocs_codeexec.html import ansi


def notice(text: str) -> str:
    """Return an admonition, which all themes draw, that says `text`: its first line is the title."""
    title, *rest = (part for part in ansi.plain(text).split("\n\n") if part.strip())
    paragraphs = "".join(f"<p>{'<br>'.join(map(escape, part.strip().splitlines()))}</p>" for part in rest)
    head = f'<p class="admonition-title">codeexec: {escape(title)}</p>'
    return f'<div class="admonition warning codeexec-notice" role="alert">{head}{paragraphs}</div>\n'
