"""The extension of Python-Markdown: for Zensical, and for whoever converts Markdown without a site.

    markdown.markdown(text, extensions=["codeexec"])

Zensical has no plugins. It names extensions of Python-Markdown, makes a new converter for each page, and calls nobody when
all pages are rendered; `hosts.zensical` is what that takes. Where MkDocs has our plugin, all is left to it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from markdown.extensions import Extension
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor

from mkdocs_codeexec.errors import ConfigurationError
from mkdocs_codeexec.hosts.alone import Alone, once
from mkdocs_codeexec.hosts.building import building, built_file
from mkdocs_codeexec.hosts.located import located
from mkdocs_codeexec.report.console import plainly

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

    from markdown import Markdown

    from mkdocs_codeexec.markdown.extension import CodeExecExtension

__all__ = ["HostExtension", "makeExtension"]

FIRST = 1000.0
LAST = -1000.0
"""Before, and after, all that other extensions do with a page: what samples print is data, which nobody reads as Markdown."""

_STAMP = "codeexec_stamp"
_CONTEXT = "rendering_context"
"""What Zensical puts into every converter: the page and the configuration (`zensical.extensions.context`)."""


class Conversions(Protocol):
    """Who knows which page is being converted, and what its samples came to."""

    @property
    def extension(self) -> CodeExecExtension:
        """Takes the place of superfences in a converter."""
        ...

    def begin(self, md: Markdown, lines: list[str]) -> None:
        """Note that `md` begins with `lines`. Raises nothing."""

    def end(self, md: Markdown, html: str) -> str:
        """Return `html`, which `md` has made, with what samples came to. Raises nothing that ends a server."""
        ...


def makeExtension(**options: Any) -> HostExtension:  # noqa: N802 - Python-Markdown's name
    """Return the extension; its options are those of the plugin."""
    return HostExtension(options)


class HostExtension(Extension):
    """Puts itself into a converter when all other extensions are there, wherever in their list it stands.

    Args:
        options: As the user wrote them.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__()
        self.options = dict(options)
        self._md: Markdown | None = None

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Python-Markdown's name
        """Wait until all extensions are in `md`: it resets them then."""
        self._md = md
        md.registerExtension(self)

    def reset(self) -> None:
        """Have `md`, which is resetting its extensions, come to us last: some register further ones when they are reset."""
        md, self._md = self._md, None
        if md is not None:
            md.registerExtension(_Waiting(self, md))

    def install(self, md: Markdown) -> None:
        """Put ourselves into `md`."""
        mine = [each for each in md.registeredExtensions if isinstance(each, HostExtension)]
        if mine[0] is not self:
            differ = " with other options" if self.options != mine[0].options else ""
            once(f"`codeexec` is listed twice among `markdown_extensions`{differ}: the first one counts")
            return
        if _STAMP in md.preprocessors:  # of the plugin, which has said so
            return
        found = self._conversions(md)
        found.extension.extendMarkdown(md)
        course = _Course(found)
        md.preprocessors.register(_Begin(md, course), "codeexec_begin", FIRST)
        md.treeprocessors.register(_Ending(md, course), "codeexec_ending", LAST)
        md.postprocessors.register(_End(md, course), "codeexec_end", LAST)

    def _conversions(self, md: Markdown) -> Conversions:
        context: Any = md.preprocessors[_CONTEXT] if _CONTEXT in md.preprocessors else None  # noqa: SIM401 - a Registry has no `get`
        if context is None:
            return _alone(self.options)
        from mkdocs_codeexec.hosts.zensical.process import opened

        return opened(context.config, self.options)


def _alone(options: Mapping[str, Any]) -> Alone:
    """Return conversions without a site.

    Raises:
        ConfigurationError: `options` have mistakes. Where MkDocs builds a site, it is that host's `PluginError`, which ends
            its command with one message.
    """
    try:
        with located(built_file(), "markdown_extensions"):
            return Alone(options)
    except ConfigurationError as error:
        if not (host := building(served=True)):
            raise
        refusal: type[Exception] = import_module(f"{host}.exceptions").PluginError
        raise refusal(f"codeexec: the configuration has mistakes\n\n{plainly(str(error))}") from error


class _Waiting(Extension):
    """Stands at the end of the list of extensions, and installs ours when it is reset for the first time."""

    def __init__(self, host: HostExtension, md: Markdown) -> None:
        super().__init__()
        self._host: HostExtension | None = host
        self._markdown = md

    def reset(self) -> None:
        host, self._host = self._host, None
        if host is not None:
            host.install(self._markdown)


class _Course:
    """Where a conversion is.

    Attributes:
        ending: Whether what postprocessors are given next is the page, and no heading of it: `toc` gives them those.
    """

    def __init__(self, conversions: Conversions) -> None:
        self.conversions = conversions
        self.ending = False


class _Begin(Preprocessor):
    """Tells that a conversion begins."""

    def __init__(self, md: Markdown, course: _Course) -> None:
        super().__init__(md)
        self._course = course

    def run(self, lines: list[str]) -> list[str]:
        """Return `lines` as they are."""
        self._course.ending = False
        self._course.conversions.begin(self.md, lines)
        return lines


class _Ending(Treeprocessor):
    """Comes last before a page becomes a text."""

    def __init__(self, md: Markdown, course: _Course) -> None:
        super().__init__(md)
        self._course = course

    def run(self, root: Element) -> None:
        """Change nothing."""
        del root
        self._course.ending = True


class _End(Postprocessor):
    """Puts what samples came to into the page."""

    def __init__(self, md: Markdown, course: _Course) -> None:
        super().__init__(md)
        self._course = course

    def run(self, text: str) -> str:
        """Return `text` with its Slots filled."""
        if not self._course.ending:
            return text
        self._course.ending = False
        return self._course.conversions.end(self.md, text)
