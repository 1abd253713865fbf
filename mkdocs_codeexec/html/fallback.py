"""What stands on a page when a theme's own template cannot be used."""

from __future__ import annotations

from html import escape
from pathlib import PurePath

from mkdocs_codeexec.html import ansi


def explained(error: Exception) -> str:
    """Return what went wrong, and in which template if it was in one."""
    from jinja2.exceptions import TemplateError, TemplateSyntaxError

    from mkdocs_codeexec.html.written import FOLDER

    what = f"{type(error).__name__}: {error}"
    if isinstance(error, TemplateSyntaxError) and error.name:
        return f"template `{error.name}`, line {error.lineno}: {what}"
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if PurePath(frame.filename).suffix == ".html"]
    if inside:
        last = inside[-1]
        return f"template `{FOLDER}/{PurePath(last.filename).name}`, line {last.lineno}: {what}"
    return f"template: {what}" if isinstance(error, TemplateError) else what


def plain(source: str, html_id: str, why: str) -> str:
    """Return a Fragment without any template: `source`, as HTML, and why there is no more.

    Args:
        source: The source, as the site's highlighter made it.
        html_id: Unique on the page.
        why: Text.
    """
    note = f'<div class="codeexec-output"><p class="codeexec-note">{escape(ansi.strip(why))}</p></div>'
    return f'<div class="codeexec" data-codeexec="error" id="{escape(html_id)}">{source}{note}</div>'
