"""Python-Markdown without a site: one text, answered when it is converted.

A text has no file, so its places are lines of what was given. What fails is told by the log and shown on the page.
MkDocs with the extension and without our plugin is such a one, too: there it is told by MkDocs' log.
"""

from __future__ import annotations

import atexit
import json
import logging
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.config import settings_from
from mkdocs_codeexec.core.settings import Host
from mkdocs_codeexec.engine.engine import Engine
from mkdocs_codeexec.environment import read_environment
from mkdocs_codeexec.errors import CodeExecError
from mkdocs_codeexec.hosts.building import building
from mkdocs_codeexec.hosts.included import Included, reader
from mkdocs_codeexec.html.contents import tokens_joined
from mkdocs_codeexec.html.lexers import is_lexer
from mkdocs_codeexec.markdown.collecting import PageContext
from mkdocs_codeexec.markdown.extension import CodeExecExtension
from mkdocs_codeexec.markdown.outputs import Outputs
from mkdocs_codeexec.pages import STYLESHEET, Pages
from mkdocs_codeexec.report.console import WARNING, Console, wants_color
from mkdocs_codeexec.report.failures import failures
from mkdocs_codeexec.report.rows import FAILING
from mkdocs_codeexec.runtime.cpus import usable_cpus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markdown import Markdown

    from mkdocs_codeexec.core.sample import Problem, Sample
    from mkdocs_codeexec.markdown.collecting import ExtensionFailure, Words

PAGE = "<markdown>"
"""What a text without a file is called."""
HOST = Host("Python-Markdown", "markdown_py", "extension_configs")
"""There is no file of a site: options are an argument of `markdown.markdown`, and a file that `markdown_py -c` reads."""

_engines: dict[str, Engine] = {}
_opening = threading.Lock()


log = logging.getLogger("codeexec")
_told: set[str] = set()


class _Log:
    """Our log, or MkDocs' own while that builds a site: `--strict` counts what is told there."""

    def log(self, level: int, msg: str, /, *args: object) -> None:
        """Log `msg` at `level`; in MkDocs' log with our name before it, as plugins have theirs."""
        used = self._used()
        used.log(level, msg if used is log else f"codeexec: {msg}", *args)

    def isEnabledFor(self, level: int, /) -> bool:  # noqa: N802 - logging's name
        """Return whether `level` would be shown."""
        return self._used().isEnabledFor(level)

    def _used(self) -> logging.Logger:
        host = building()
        return logging.getLogger(f"{host}.plugins.codeexec") if host else log


def once(message: str) -> None:
    """Tell something once, and not for each text."""
    if message not in _told:
        _told.add(message)
        _Log().log(WARNING, "%s", message)


def stylesheet() -> str:
    """Return the CSS of our output, for a page of your own."""
    return STYLESHEET.read_text("utf-8")


class Current:
    """The Collector of the page that is being converted, whichever that is.

    Attributes:
        pages: Takes what is found; None outside of any page.
        remarks: How many problems were found, since somebody has set this to zero.
    """

    def __init__(self) -> None:
        self.pages: Pages | None = None
        self.remarks = 0

    def page(self) -> PageContext | None:
        """Return the page; None outside of any."""
        return self.pages.page() if self.pages else None

    def add(self, sample: Sample, refusal: str = "", hint: str = "") -> str:
        """Take a sample."""
        return self.pages.add(sample, refusal, hint) if self.pages else ""

    def report(self, problem: Problem) -> None:
        """Take a problem."""
        self.remarks += 1
        if self.pages:
            self.pages.report(problem)

    def know(self, words: Words) -> None:
        """Take what the page defines."""
        if self.pages:
            self.pages.know(words)

    def survives(self, failure: ExtensionFailure) -> bool:
        """Take a fault of our own."""
        return self.pages is not None and self.pages.survives(failure)


class Alone:
    """The conversions of one `Markdown` object.

    Args:
        options: As the user wrote them.

    Raises:
        ConfigurationError: They have mistakes.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        environ = read_environment()
        self._console = Console(log=_Log(), color=wants_color(environ, sys.stderr))
        self._engine = _engine(options, environ, self._console)
        self._current = Current()
        self._converting = False  # what a sample has printed, with the converter of its page
        self.extension = CodeExecExtension(
            self._current,
            self._engine.rules,
            is_lexer=is_lexer,
            literate=self._engine.settings.literate,
            includes=reader(self._engine.settings, Included(Path.cwd(), Path.cwd())),
        )

    def begin(self, md: Markdown, lines: list[str]) -> None:
        """Note what is converted."""
        if self._converting:
            return
        if "relpath" in md.treeprocessors:  # of MkDocs
            once(
                "in MkDocs, `codeexec` is to be among `plugins`: as an extension it knows no page, "
                "and fails no build but one with `--strict`"
            )
        self._current.pages = pages = Pages(engine=self._engine, console=self._console, lenient=True)
        pages.enter(PageContext(PAGE, "\n".join(lines), host=HOST.name))

    def end(self, md: Markdown, html: str) -> str:
        """Fill `html`, and tell what failed."""
        if self._converting:
            return html
        pages, self._current.pages = self._current.pages, None
        if pages is None:
            return html
        page = pages.page()
        text = (page.text if page else None) or ""
        pages.leave()
        pages.outputs = lambda _: Outputs(md)
        self._converting = True
        try:
            filled = pages.complete([html])[0]
        except CodeExecError as error:
            self._console.warn(str(error))
            pages.give_up("an error stopped the run; the log says more")
            filled = pages.complete([html])[0]
        finally:
            self._converting = False
        if headings := [heading for found in pages.headings for heading in found]:
            contents: Any = md
            contents.toc_tokens = tokens_joined(contents.toc_tokens, headings, filled)
        for failure in failures(pages.resolved(), dict(self._engine.languages), lambda _: text, HOST.file):
            self._console.tell(failure, () if building() else FAILING)
        return filled


def _engine(options: Mapping[str, Any], environ: dict[str, str], console: Console) -> Engine:
    """Return an Engine for `options`: one for all converters of this process that have the same."""
    folder = Path.cwd()
    key = json.dumps([str(folder), options], sort_keys=True, default=repr)
    with _opening:
        if key not in _engines:
            for name in ("fail_on_error", "fail_on_suspended"):
                if name in options:
                    console.warn(f"`{name}` has no effect in Python-Markdown alone: there is no build that could fail")
            settings = settings_from(options, project_dir=folder, environ=environ, cpus=usable_cpus, host=HOST)
            if chosen := settings.choosing:
                named = " and ".join(f"`{where}`" for where in chosen)
                console.warn(
                    f"{named}: no effect in Python-Markdown alone: a text is no page whose path could be matched"
                )
                settings = settings.on_all_pages()
            _engines[key] = engine = Engine(settings, console)
            atexit.register(engine.close)
        return _engines[key]
