"""The MkDocs events, and nothing else.

When each fires, and what is done:

    on_startup        once. Its presence keeps this object alive across the rebuilds of `serve`.
    on_config         options are checked; the Markdown extension is added.
    on_files          what pages seem to hold begins to be built.
    on_page_markdown  tells the Markdown extension which page it is about to see.
    on_page_content   the page is rendered; its fences have left Slots.
    on_env            every page is rendered, no template has run, no search index exists: the one batch.
    on_page_context   a page with samples links to the stylesheet.
    on_post_page      late fences: Material's blog renders excerpts after on_env.
    on_post_build     everything is written: copies of pages are filled, failures are told, and `mkdocs build` fails. A
                      build within another one (a further language of mkdocs-static-i18n) leaves that to the outermost.
    on_build_error    what was begun is ended, and what is written is told of.
    on_serve          what samples depend on is watched.
"""

from __future__ import annotations

import functools
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mkdocs_codeexec.environment import read_environment
from mkdocs_codeexec.errors import Cancelled, CodeExecError, ConfigurationError
from mkdocs_codeexec.hosts.included import Included, reader
from mkdocs_codeexec.hosts.mkdocs.builds import Build, Builds
from mkdocs_codeexec.hosts.mkdocs.ending import Ending
from mkdocs_codeexec.hosts.mkdocs.finishing import Finishing
from mkdocs_codeexec.hosts.mkdocs.host import (
    BasePlugin,
    CombinedEvent,
    PluginError,
    event_priority,
    get_plugin_logger,
    host_of,
)
from mkdocs_codeexec.hosts.mkdocs.indexing import makes_index
from mkdocs_codeexec.hosts.mkdocs.loading import loading
from mkdocs_codeexec.hosts.mkdocs.opening import console_of, open_pages, tell_of_extension
from mkdocs_codeexec.hosts.mkdocs.options import PluginOptions
from mkdocs_codeexec.hosts.mkdocs.outputs import add_headings, outputs_of
from mkdocs_codeexec.hosts.mkdocs.projects import opened, project
from mkdocs_codeexec.hosts.mkdocs.serve import depth, described, survived
from mkdocs_codeexec.hosts.mkdocs.sources import front_matter, inherited, shown_path
from mkdocs_codeexec.hosts.mkdocs.watching import Watcher
from mkdocs_codeexec.hosts.styles import relative
from mkdocs_codeexec.html.lexers import is_lexer
from mkdocs_codeexec.html.uncovered import again, covered
from mkdocs_codeexec.markdown.collecting import PageContext
from mkdocs_codeexec.markdown.extension import CodeExecExtension
from mkdocs_codeexec.markdown.highlights import Highlights
from mkdocs_codeexec.pages import STYLESHEET, Pages
from mkdocs_codeexec.report.console import Console, plainly
from mkdocs_codeexec.report.rows import fatal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jinja2 import Environment
    from mkdocs.config.base import Config
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.livereload import LiveReloadServer
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page
    from mkdocs.utils.templates import TemplateContext

    from mkdocs_codeexec.core.action import Key
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.hosts.styles import Assets

log = get_plugin_logger("codeexec")


class CodeExecPlugin(BasePlugin[PluginOptions]):  # type: ignore[no-untyped-call]
    """Runs the samples of a site and shows their true output.

    Attributes:
        observed: Whether it is told what goes on; not if somebody only wants to know which samples there are.
    """

    def __init__(self) -> None:
        self._serving = False
        self._begun = 0
        self._raw: dict[str, Any] = {}
        self._good: dict[str, Any] = {}
        self._memory: dict[Key, Outcome] = {}
        self._highlights = Highlights()
        self._watcher = Watcher()
        self._builds = Builds()
        self._dirty = False
        self._covered: list[str] = []
        self._ending = Ending(self._end)
        self.observed = True

    def load_config(self, options: dict[str, Any], config_file_path: str | None = None) -> tuple[list[Any], list[Any]]:
        """Keep the options; `on_config` checks them, because here a mistake would leave `serve` hanging."""
        self._raw = dict(options)
        super().load_config({})
        return [], []

    def on_startup(self, *, command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
        """Remember whether this is `serve`, and whether all pages are rendered."""
        self._serving = command == "serve"
        self._dirty = dirty

    @property
    def options(self) -> Mapping[str, Any]:
        """What `mkdocs.yml` says, unchecked."""
        return self._raw

    @property
    def pages(self) -> Pages | None:
        """The pages of the build that goes on, or was the last."""
        return self._builds.pages()

    @property
    def included(self) -> dict[str, set[Path]]:
        """The files that each page includes, or should."""
        return self._builds.included()

    @property
    def _finishing(self) -> Finishing | None:
        """What finishes the pages of the build that goes on."""
        return self._builds.current.finishing if self._builds.current else None

    @event_priority(-100)  # Last: other plugins may still add extensions, and ours wraps theirs.
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig | None:
        """Check the options and add the Markdown extension."""
        within = self._enter()
        environ = read_environment()
        console = console_of(config, environ, log, serving=self._serving)
        try:
            pages = self._open(config, environ, console, self._raw)
            self._good = self._raw
        except ConfigurationError as error:
            if not self._serving or self._begun == 1:
                raise PluginError(f"codeexec: the configuration has mistakes\n\n{plainly(str(error))}") from error
            pages = self._as_before(config, environ, console, f"the configuration has mistakes\n\n{error}")
        except Exception as error:
            if not self._serving or self._begun == 1:
                raise
            self._tell(console, error)
            pages = self._as_before(config, environ, console, f"internal error: {type(error).__name__}: {error}")
        if self._begun == 1 and not within:
            tell_of_extension(config, self._raw, console)
        if not (pages.engine.settings.enabled or within):
            console.say("disabled: no sample is executed")
        if self._serving and not within:
            self._highlights.begin(described(config))
        settings = pages.engine.settings
        included = Included(settings.project_dir, Path(config.docs_dir))
        extension = CodeExecExtension(
            pages,
            pages.engine.rules,
            is_lexer=is_lexer,
            highlights=self._highlights if self._serving else None,
            verbose=settings.verbose,
            literate=settings.literate,
            includes=reader(settings, included),
        )
        finishing = Finishing(config, STYLESHEET)
        self._builds.begin(Build(pages, extension, config.markdown_extensions, finishing, included))
        if settings.enabled and not (within or self._serving):
            self._builds.waiting = opened(config.plugins)
            self._builds.project = project(config.plugins, settings.project_dir)
        return config

    def _enter(self) -> bool:
        """Note that a build begins, and return whether it is within another one."""
        outer = depth() - 1
        self._builds.end(outer)
        if outer < 1:
            self._builds.rest()
            self._begun += 1
            self._builds = Builds()
            self._watcher.begin()
        return outer > 0

    def _open(self, config: MkDocsConfig, environ: dict[str, str], console: Console, raw: dict[str, Any]) -> Pages:
        with loading():
            pages = open_pages(
                config, raw, environ, console, builds=self._builds, memory=self._memory, lenient=self._serving
            )
        if pages.engine.settings.enabled and self.observed:
            self._builds.watch(pages, environ)
        return pages

    def _as_before(self, config: MkDocsConfig, environ: dict[str, str], console: Console, why: str) -> Pages:
        """Return a new build with the last settings that were good, which says so on every page with samples."""
        text = f"the last good settings are used: {why}"
        try:
            pages = self._open(config, environ, console, self._good)
        except Exception:  # noqa: BLE001 - what has been good depends on where pages are, say
            text = f"no samples run: {why}"
            pages = self._open(config, environ, console, {"enabled": False})
        if self._builds.current is None:
            console.warn(text)
        pages.notice = text
        return pages

    def survive(self, error: Exception) -> bool:
        """Tell of `error`, and whether the build is to go on: in `serve`, where nothing may leave a rebuild."""
        if self._serving and self.pages and not isinstance(error, PluginError):
            self._tell(self.pages.console, error)
            return True
        return False

    def _tell(self, console: Console, error: Exception) -> None:
        console.warn(
            f"internal error: {type(error).__name__}: {error}",
            hint=f"`{host_of(None).command} serve --verbose` says where",
        )
        log.debug("the reason", exc_info=error)

    @event_priority(-100)  # Last: other plugins may still bring pages.
    @survived
    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Begin to build what the pages seem to hold."""
        if self._finishing:
            self._finishing.note(files)
        if self.pages and self.pages.engine.settings.enabled:
            self._ending.begin()
            if depth() == 1:  # a further language may lack pages
                for idle in self.pages.engine.settings.idle([file.src_uri for file in files.documentation_pages()]):
                    self.pages.console.say(idle)
        if self.pages and self.pages.engine.settings.enabled and not self._dirty:
            self.pages.engine.ahead(self._glimpses(files))
        return files

    def _glimpses(self, files: Files) -> Iterator[Sample]:
        """Yield what looks like a sample in the files of all pages."""
        for file in files.documentation_pages():
            with suppress(OSError, ValueError):  # MkDocs tells of a page that cannot be read
                text = file.content_string
                if (build := self._builds.current) and ("```" in text or "~~~" in text):
                    yield from build.extension.glimpse(text, file.src_uri, front_matter(text))

    @event_priority(-100)  # Last: this is the text that the Markdown converter will see.
    @survived
    def on_page_markdown(self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        """Tell the Markdown extension which page comes."""
        if self.pages and (build := self._builds.current):
            disk, path = page.file.content_string, shown_path(config, page)
            self._builds.texts[path] = disk
            context = PageContext(page.file.src_uri, disk, path, host_of(None).name, inherits=inherited(page))
            self.pages.enter(build.extension.opened(context, page.meta))
        return markdown

    def on_page_content(self, html: str, **_: object) -> str | None:
        """Note that the page is done."""
        if self.pages:
            self.pages.leave()
        return html

    @event_priority(100)  # Early: what others do in on_env sees the finished pages.
    @survived
    def on_env(self, env: Environment, *, config: MkDocsConfig, files: Files) -> Environment:
        """Run the batch and fill the Slots."""
        if not self.pages:
            return env
        self.pages.address = functools.partial(_address, files)
        self.pages.outputs = outputs_of(config, files, self.pages.engine.rules)
        if self._finishing:
            self.pages.place = functools.partial(_place, files, self._finishing.assets)
        self._builds.mark("render pages")
        pages = [file.page for file in files.documentation_pages() if file.page and file.page.content is not None]
        filled = self._guarded(self.pages, [page.content or "" for page in pages])
        changed = [page for page, content in zip(pages, filled, strict=True) if page.content != content]
        for page, content, headings in zip(pages, filled, self.pages.headings, strict=True):
            page.content = content
            add_headings(page, headings)
        if self._finishing:
            self._finishing.filled(changed, files)
        if self._serving:
            self._watcher.update(self._builds.watched())
        self._builds.mark("samples")
        return env

    @event_priority(100)  # Early: the plugins that make an index of what readers can search for do so in this event.
    def _cover(self, context: TemplateContext, *, page: Page, config: MkDocsConfig, **_: object) -> None:
        """Take away from a page what is hidden in it, for as long as it is looked at for that."""
        if self._finishing and page.content and any(map(makes_index, config.plugins.values())):
            page.content, self._covered = covered(page.content)

    @event_priority(-100)  # Last: other plugins may still add to the page.
    def _begin_page(self, context: TemplateContext, *, page: Page, **_: object) -> None:
        """Give that back, and have a page with samples link to the stylesheet."""
        if self._covered and page.content:
            page.content, self._covered = again(page.content, self._covered), []
        if self._finishing:
            self._finishing.begin_page(context, page)

    on_page_context = CombinedEvent(_cover, _begin_page)

    @event_priority(-50)
    @survived
    def on_post_page(self, output: str, /, *, page: Page, **_: object) -> str:
        """Fill the Slots of fences that were rendered after on_env (blog excerpts, say)."""
        if not (self.pages and self._finishing):
            return output
        return self._finishing.end_page(page, self._guarded(self.pages, [output])[0])

    def _guarded(self, pages: Pages, htmls: list[str]) -> list[str]:
        """Fill `htmls`; under `serve` nothing that goes wrong may leave, or every request would hang."""
        try:
            return pages.complete(htmls)
        except (KeyboardInterrupt, SystemExit):
            self._builds.interrupted(pages)
            raise
        except CodeExecError as error:
            if isinstance(error, Cancelled):
                self._builds.interrupted(pages)
            if not self._serving:
                raise PluginError(f"codeexec: {plainly(str(error))}") from error
            pages.console.warn(str(error))
        except Exception as error:
            if not self.survive(error):
                raise
        pages.give_up("an error stopped the run; the log says more")
        return pages.complete(htmls)

    @event_priority(100)  # Early: other plugins may raise here, and build other languages.
    def _written(self, *, config: MkDocsConfig) -> None:
        """Note that the pages are there: what failed in them is told, whatever happens now."""
        if build := self._builds.current:
            build.written = True

    @event_priority(-1000)  # After those who are last: mkdocs-static-i18n builds other languages at -100.
    def _told(self, *, config: MkDocsConfig) -> None:
        """Fill copies of pages, tell what failed, and fail the build; within another one, leave the latter to that."""
        outer = depth() - 1
        if self.pages and self.pages.engine.settings.enabled:
            self._fill_copies(self.pages)
        if outer > 0:
            self._builds.end(outer)
            return
        self._ending.end()
        self._builds.mark("write pages")
        self._builds.rest()
        if (pages := self.pages) and (why := self._report(pages)):
            raise PluginError(f"codeexec: {why}")

    on_post_build = CombinedEvent(_written, _told)

    @survived
    def _fill_copies(self, pages: Pages) -> Pages:
        if self._finishing and pages.resolved():
            self._finishing.fill_copies(lambda page: self._guarded(pages, [page])[0])
        return pages

    def _report(self, pages: Pages) -> str:
        """Tell what all builds came to, and return why the command must fail; empty if it need not."""
        try:
            return self._builds.report(pages, fatal=() if self._serving else fatal(pages.engine.settings))
        except Exception as error:
            if not self.survive(error):
                raise
            return ""

    def on_build_error(self, **_: object) -> None:
        """End what was begun for a build that will not come to its batch, and tell of what is written all the same."""
        outer = depth() - 1
        pages = self.pages
        self._builds.end(outer)
        if outer < 1:
            self._ending.end()
            self._builds.rest()
            if pages:
                self._report(pages)

    def _end(self) -> None:
        self._builds.rest()
        self._builds.end(0)

    def on_serve(
        self,
        server: LiveReloadServer,
        *,
        config: MkDocsConfig,
        builder: Callable[[Config | None], None],
    ) -> LiveReloadServer:
        """Watch what samples depend on."""
        self._watcher.attach(server)
        return server


def _place(files: Files, assets: Assets, page: str, ending: str, data: bytes) -> str:
    """Put a file that a sample has made into the site, and return where it is, seen from `page`; empty if that has no address."""
    here = files.get_file_from_path(page)
    return relative(assets.put(ending, data), here.dest_uri) if here else ""


def _address(files: Files, page: str, other: str) -> str:
    """Return where the page `other` is, seen from `page`."""
    here, there = files.get_file_from_path(page), files.get_file_from_path(other)
    return there.url_relative_to(here) if here and there else ""
