"""The samples of a site that MkDocs or ProperDocs renders, nothing executed; and what the file of such a site says."""

from __future__ import annotations

import logging
import signal
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.expectation import Errored
from mkdocs_codeexec.engine.engine import Engine
from mkdocs_codeexec.errors import CodeExecError, ConfigurationError, Mistake
from mkdocs_codeexec.hosts.located import located
from mkdocs_codeexec.hosts.mkdocs.host import (
    NAME,
    BasePlugin,
    MkDocsException,
    build,
    event_priority,
    get_files,
    host_of,
    load_config,
)
from mkdocs_codeexec.hosts.mkdocs.opening import check_once
from mkdocs_codeexec.hosts.mkdocs.options import PluginOptions
from mkdocs_codeexec.hosts.mkdocs.plugin import CodeExecPlugin
from mkdocs_codeexec.hosts.mkdocs.serve import depth
from mkdocs_codeexec.hosts.mkdocs.sources import front_matter
from mkdocs_codeexec.hosts.page_reads import PageReads
from mkdocs_codeexec.markdown.collecting import PageContext
from mkdocs_codeexec.report.run import distinct
from mkdocs_codeexec.sites import NAMES, Collected, ConfiguredSite, are_templates, not_named, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

    from mkdocs_codeexec.core.resolved import Resolved
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.pages import Pages

ASKED_TO_END = 128 + signal.SIGTERM
"""With this a build ends that was asked to end."""
NESTING = {"i18n"}
"""Plugins whose builds have others within them, which begin when the site is written: to a folder that is thrown away."""

_log = logging.getLogger(f"{NAME}.plugins.codeexec")


def configured(file: Path) -> ConfiguredSite:
    """Return what `file` says, as MkDocs reads it.

    Raises:
        ConfigurationError: MkDocs refuses it.
    """
    with _refusals():
        config = load_config(str(file))
    with located(file, "plugins"):
        check_once(config)
    plugin = _ours(config)
    return ConfiguredSite(
        file=file,
        folder=file.parent,
        host=NAME,
        words=host_of(str(file)),
        enabled_by="plugins" if plugin else "",
        named_too="markdown_extensions" if plugin and set(NAMES) & set(config.markdown_extensions) else "",
        options=plugin.options if plugin else {},
        folders={"docs_dir": Path(config.docs_dir), "site_dir": Path(config.site_dir)},
        pages=lambda: _pages(config),
        front_matter=front_matter,
    )


def _pages(config: MkDocsConfig) -> Iterator[PageContext]:
    """Yield the files of pages; MkDocs tells of one that cannot be read when it builds the site."""
    for file in get_files(config).documentation_pages():
        with suppress(OSError, ValueError):
            path = shown(Path(file.abs_src_path or file.src_uri))
            yield PageContext(file.src_uri, file.content_string, path)


def collected(file: Path, folder: Path) -> Collected:
    """Return what is on the pages of a site: MkDocs renders them, with all its plugins, and nothing is executed.

    Args:
        file: Of the site.
        folder: Empty; nothing in it is wanted afterwards.

    Raises:
        ConfigurationError: The site does not use this plugin, has it switched off, or MkDocs cannot build it.
    """
    with _refusals():
        config = load_config(str(file), site_dir=str(folder / "site"), strict=False)
    plugin = _ours(config)
    if plugin is None:
        raise ConfigurationError(not_named(file))
    plugin.observed = False
    config.plugins["codeexec-check"] = _Collecting(plugin, folder / "cache")
    config.plugins.on_startup(command="build", dirty=False)
    try:
        with _refusals():
            build(config)
    except _Enough as enough:
        return enough.found
    except CodeExecError:
        raise
    except (Exception, SystemExit) as error:
        if isinstance(error, SystemExit) and error.code == ASKED_TO_END:
            raise
        _log.debug("the reason", exc_info=True)
        why = f"{type(error).__name__}: {error}"
        raise ConfigurationError(f"{host_of(str(file)).name} cannot build the site: {why}") from error
    finally:
        config.plugins.on_shutdown()
    raise ConfigurationError("another plugin ended the build of the site before its samples were known")


def _ours(config: MkDocsConfig) -> CodeExecPlugin | None:
    return next((each for each in config.plugins.values() if isinstance(each, CodeExecPlugin)), None)


@contextmanager
def _refusals() -> Iterator[None]:
    """Have what MkDocs refuses be a ConfigurationError, with its words, and with the mistakes that our plugin has told it of."""
    log, errors = logging.getLogger(NAME), _Errors()
    log.addHandler(errors)
    try:
        yield
    except MkDocsException as error:
        refused = ConfigurationError(str(error))
        refused.mistakes = tuple(_mistakes(error, refused.mistakes[0])) or errors.told or refused.mistakes
        raise refused from error
    finally:
        log.removeHandler(errors)


class _Errors(logging.Handler):
    """Keeps what MkDocs logs before it says that it gives up, and nothing else."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: tuple[Mistake, ...] = ()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep `record`."""
        self.told += (Mistake.of(record.getMessage()),)


def _mistakes(error: BaseException, refused: Mistake) -> Iterator[Mistake]:
    """Yield the mistakes that our plugin has told MkDocs of, or where in its YAML that has found what it has `refused`."""
    why = error.__cause__ or error.__context__
    while why is not None:
        if isinstance(why, ConfigurationError):
            yield from why.mistakes
            return
        if mark := getattr(why, "problem_mark", None):  # of YAML
            yield refused._replace(file=shown(Path(mark.name)), line=mark.line + 1)
            return
        why = why.__cause__ or why.__context__


class _Enough(Exception):  # noqa: N818 - says what it means
    """Ends a build of MkDocs when every page is rendered; holds what was found."""

    def __init__(self, found: Collected) -> None:
        super().__init__()
        self.found = found


class _Collecting(BasePlugin[PluginOptions]):  # type: ignore[no-untyped-call]
    """Keeps a build from executing anything, and ends it before anything is written.

    Args:
        plugin: Ours, in the same build.
        cache_dir: A store that is empty.
    """

    def __init__(self, plugin: CodeExecPlugin, cache_dir: Path) -> None:
        self._plugin = plugin
        self._cache_dir = cache_dir
        self._settings: Settings | None = None
        self._found: Collected | None = None
        self._resolved: list[Resolved] = []
        self._texts: dict[str, str] = {}
        self._reads: PageReads | None = None

    @property
    def _pages(self) -> Pages | None:
        return self._plugin.pages

    @event_priority(-101)  # Right after the plugin's own.
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Keep the settings, and let the build go on with others."""
        pages = self._pages
        if pages is None or not pages.engine.settings.enabled:
            raise ConfigurationError("nothing can be checked: `enabled: false` or `CODEEXEC_EXECUTE=off` is set")
        self._settings = settings = pages.engine.settings
        self._reads = PageReads(settings.checkout_dir or settings.project_dir, Path(config.docs_dir))
        self._set(pages, replace(settings, execute="never", cache_dir=self._cache_dir))
        return config

    def on_pre_page(self, page: Page, *, config: MkDocsConfig, files: Files) -> Page:
        """Take note of what is read for a page."""
        del config, files
        if self._reads is not None:
            self._reads.begin(page.file.src_uri)
        return page

    @event_priority(99)  # Right after the plugin's own.
    def on_env(self, env: object, *, config: MkDocsConfig, files: Files) -> None:
        """Take the samples, and end the build, unless it has others within it, of which the last one ends all."""
        del env
        pages = self._pages
        if pages is None or self._settings is None:
            return
        self._resolved = distinct([*self._resolved, *pages.resolved()])
        samples = [(s.sample, s.why if isinstance(s.verdict, Errored) else None) for s in self._resolved]
        self._texts |= {file.src_uri: file.content_string for file in files.documentation_pages()}
        self._found = Collected(
            self._settings,
            pages.console,
            pages.theme_dirs,
            samples,
            self._texts,
            docs_dir=Path(config.docs_dir),
            templates=are_templates(map(str, (*config.plugins, *config.markdown_extensions))),
            included=self._reads.together(self._plugin.included) if self._reads else {},
        )
        self._set(pages, replace(pages.engine.settings, enabled=False))  # nothing is told of it
        if not NESTING & set(config.plugins):
            raise _Enough(self._found)

    def _set(self, pages: Pages, settings: Settings) -> None:
        pages.engine = Engine(settings, pages.console, languages=pages.engine.languages)

    @event_priority(-999)  # After the builds of other languages, and before the plugin's own.
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """End the outermost build."""
        del config
        if depth() == 1 and self._found is not None:
            raise _Enough(self._found)
