"""What stands on a page when a theme's own template cannot be used."""

from __future__ import annotations

from html import escape
from pathlib import PurePath

from jinja2 import FileSystemLoader, TemplateSyntaxError
from jinja2.exceptions import TemplateError

from mkdocs_codeexec.html import ansi

FOLDER = "codeexec"
"""Of our templates, in every folder of templates."""


class Loader(FileSystemLoader):
    """Loads templates, and says of which one it is that it is no UTF-8."""

    def get_source(self, environment, template):  # type: ignore[no-untyped-def]
        """Return the source of `template`, as the class above does.

        Raises:
            TemplateSyntaxError: It is no UTF-8.
        """
        try:
            return super().get_source(environment, template)
        except UnicodeDecodeError as error:
            raise TemplateSyntaxError(f"it is no UTF-8: {error}", 1, template, template) from error


def explained(error: Exception) -> str:
    """Return what went wrong, and in which template if it was in one."""
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
