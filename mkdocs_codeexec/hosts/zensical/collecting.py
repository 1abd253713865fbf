"""The samples of a site that Zensical renders, nothing executed."""

from __future__ import annotations

import importlib
import logging
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.config import check_apart, settings_from
from mkdocs_codeexec.core.expectation import Errored
from mkdocs_codeexec.engine.engine import Engine
from mkdocs_codeexec.environment import read_environment
from mkdocs_codeexec.errors import CodeExecError, ConfigurationError
from mkdocs_codeexec.hosts.included import Included, reader
from mkdocs_codeexec.hosts.located import located
from mkdocs_codeexec.hosts.page_reads import PageReads
from mkdocs_codeexec.hosts.zensical.front_matter import as_json, parted
from mkdocs_codeexec.hosts.zensical.reading import configured
from mkdocs_codeexec.html.lexers import is_lexer
from mkdocs_codeexec.markdown.extension import CodeExecExtension
from mkdocs_codeexec.pages import Pages
from mkdocs_codeexec.report.console import Console, wants_color
from mkdocs_codeexec.report.services import annotations_for
from mkdocs_codeexec.runtime.cpus import usable_cpus
from mkdocs_codeexec.sites import NAMES, Collected, are_templates, not_named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs_codeexec.markdown.collecting import PageContext

_log = logging.getLogger("mkdocs.plugins.codeexec")


def collected(file: Path, folder: Path) -> Collected:
    """Return what is on the pages of a site: Zensical converts them, with all its extensions, and nothing is executed.

    Args:
        file: Of the site.
        folder: Empty; nothing in it is wanted afterwards.

    Raises:
        ConfigurationError: The site does not use our extension, has it switched off, or Zensical cannot convert a page.
    """
    site, environ = configured(file), read_environment()
    if not site.enabled_by:
        raise ConfigurationError(not_named(file, zensical=True))
    with located(file, site.enabled_by):
        how: dict[str, Any] = {"project_dir": site.folder, "environ": environ, "cpus": usable_cpus, "host": site.words}
        settings = check_apart(settings_from(site.options, **how), site.folders)
    if not settings.enabled:
        raise ConfigurationError("nothing can be checked: `enabled: false` or `CODEEXEC_EXECUTE=off` is set")
    with _refusals(f"`{file}`: Zensical cannot read it"):
        config = _module("zensical.config").parse_config(str(file))
    annotations = annotations_for(environ, (Path.cwd(), site.folder))
    console = Console(log=_log, color=wants_color(environ, sys.stderr), annotations=annotations)
    included = Included(site.folder, site.folders["docs_dir"])
    engine = Engine(replace(settings, execute="never", cache_dir=folder / "cache"), console)
    theme_dirs = [Path(one) for one in config.get("theme_dirs", ())]
    pages = Pages(engine, console, theme_dirs=theme_dirs)
    others = [one for one in config["markdown_extensions"] if one not in NAMES]
    extension = CodeExecExtension(
        pages,
        engine.rules,
        is_lexer=is_lexer,
        literate=engine.settings.literate,
        includes=reader(settings, included),
    )
    config["markdown_extensions"] = [*others, extension]
    texts = {page.page: page.text or "" for page in site.pages()}
    reads = PageReads(settings.checkout_dir or settings.project_dir, site.folders["docs_dir"])
    pages.complete([_converted(page, pages, extension, reads) for page in site.pages()])
    samples = [(s.sample, s.why if isinstance(s.verdict, Errored) else None) for s in pages.resolved()]
    names = (*map(str, others), *map(str, config.get("plugins") or ()))
    return Collected(
        settings,
        console,
        theme_dirs,
        samples,
        texts,
        docs_dir=site.folders["docs_dir"],
        templates=are_templates(names),
        included=reads.together(included.by_page),
    )


def _converted(page: PageContext, pages: Pages, extension: CodeExecExtension, reads: PageReads) -> str:
    meta, text = parted(page.text or "")
    try:
        handed = as_json(meta)
    except ValueError as error:
        raise ConfigurationError(f"`{page.path}`: {error}\n\nhint: write it without aliases (`*name`)\n") from error
    pages.enter(extension.opened(page, meta))
    reads.begin(page.page)
    with _refusals(f"`{page.path}`: Zensical cannot convert it"):
        render: Any = _module("zensical.markdown.render").render
        url = page.page.removesuffix(".md").removesuffix("index")
        html: str = render(text, page.page, url, handed)["content"]
    reads.end()
    pages.leave()
    return html


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigurationError(f"Zensical cannot be imported: {error}\n\nhint: `pip install zensical`\n") from error


@contextmanager
def _refusals(what: str) -> Iterator[None]:
    """Have whatever Zensical, or an extension, raises be a ConfigurationError that says `what`."""
    try:
        yield
    except CodeExecError:
        raise
    except (Exception, SystemExit) as error:
        _log.debug("the reason", exc_info=True)
        raise ConfigurationError(f"{what}: {type(error).__name__}: {error}") from error
