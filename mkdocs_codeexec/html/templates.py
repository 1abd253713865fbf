"""The templates of fragments, where a theme has its own. Most have none, and `written` does the same without jinja2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateSyntaxError

from mkdocs_codeexec.html.written import FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def template(folders: Sequence[Path]) -> Callable[..., str]:
    """Return what renders a `view`; of the templates in `folders` the first wins.

    Raises:
        TemplateError: It is none.
    """
    environment = Environment(
        loader=Loader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,  # one object serves one build; looking at the files for each sample takes longer than rendering
    )
    return environment.get_template(f"{FOLDER}/fragment.html").render


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
