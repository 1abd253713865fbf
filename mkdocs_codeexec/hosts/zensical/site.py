"""One site that Zensical renders: its samples are answered at once, and its pages are filled as they come."""

from __future__ import annotations

import hashlib
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec import __version__
from mkdocs_codeexec.config import check_apart, read_environment, settings_from
from mkdocs_codeexec.core.expectation import verdict_name
from mkdocs_codeexec.core.settings import Host
from mkdocs_codeexec.engine.engine import Engine
from mkdocs_codeexec.errors import CodeExecError, ConfigurationError
from mkdocs_codeexec.hosts.alone import Current
from mkdocs_codeexec.hosts.styles import STYLESHEET as STYLESHEET_ADDRESS
from mkdocs_codeexec.hosts.styles import holds_samples, styled
from mkdocs_codeexec.hosts.zensical.cached import PageCache
from mkdocs_codeexec.hosts.zensical.front_matter import front_matter
from mkdocs_codeexec.hosts.zensical.looking import annotations_of, pages_of
from mkdocs_codeexec.html.lexers import is_lexer
from mkdocs_codeexec.html.notice import notice
from mkdocs_codeexec.markdown.collecting import PageContext
from mkdocs_codeexec.markdown.extension import CodeExecExtension
from mkdocs_codeexec.pages import STYLESHEET, Pages
from mkdocs_codeexec.report.annotations import for_github
from mkdocs_codeexec.report.console import ERROR, WARNING, Console, wants_color
from mkdocs_codeexec.report.cut import cut
from mkdocs_codeexec.report.failures import failures
from mkdocs_codeexec.report.problems import Problems
from mkdocs_codeexec.report.run import Run, distinct
from mkdocs_codeexec.report.volume import within_bounds
from mkdocs_codeexec.runtime.cpus import usable_cpus
from mkdocs_codeexec.runtime.throwaway import throwaway
from mkdocs_codeexec.sites import ZENSICAL_FILES, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from markdown import Markdown

    from mkdocs_codeexec.core.action import Key
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.resolved import Resolved
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.report.console import Log
    from mkdocs_codeexec.report.failures import Failure

STORE = ".codeexec"
"""Where outcomes are kept unless the user says otherwise: `zensical build --clean` removes `.cache`."""


class ZensicalSite:
    """The samples of one site, for as long as its configuration is the same.

    Args:
        config: Zensical's own (`zensical.config.get_config`).
        options: Those of our extension.
        log: Where to tell.
        lenient: Whether this serves: what is wrong is told when it is met, and not at the end.
        before: The same site as it was configured before; None if this is the first time.

    Attributes:
        answered: What the samples of each page came to, by page.
        texts: The files on disk, by what a terminal calls them.
        looked: What the first look at all pages has found; None before that.
        mistake: What is wrong with the options; empty for nothing.
        cache: Zensical's own, of pages.
        covered: The keys of what that look has answered.
        handed: Whether Zensical keeps pages under a digest of those answers.
        rendered: Is told of each page that is filled.
        seconds: What the first look has taken.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        options: Mapping[str, Any],
        log: Log,
        *,
        lenient: bool,
        before: ZensicalSite | None = None,
    ) -> None:
        self.config = config
        self.options = dict(options)
        self.folder = Path(config["root_dir"]).absolute()
        self.docs = self.folder / str(config["docs_dir"])
        self.lenient = lenient
        environ = read_environment()
        bases = (Path.cwd(), self.folder)
        self.console = Console(log=log, color=wants_color(environ, sys.stderr), annotations=for_github(environ, bases))
        self.mistake = ""
        self.memory: dict[Key, Outcome] = before.memory if before else {}
        self.engine = self._engine(environ, before)
        self.problems = Problems()
        self.answered: dict[str, list[Resolved]] = {}
        self.texts: dict[str, str] = {}
        self.looked: list[Resolved] | None = None
        self.covered: set[str] = set()
        self.cache = PageCache(self.folder / ".cache")
        self.cache.trusted = not self.mistake
        self.seconds = 0.0
        self.handed = False
        self.rendered: Callable[[], None] = lambda: None
        self._css: str | None = None
        self._pages = Pages(
            engine=self.engine,
            console=self.console,
            theme_dirs=[Path(folder) for folder in config.get("theme_dirs", ())],
            lenient=True,
            annotations=annotations_of(config),
            problems=self.problems,
            page_by_page=True,
            within=True,
            notice=self.mistake,
        )
        self._current = Current()
        verbose = self.engine.settings.verbose
        self._extension = CodeExecExtension(self._current, self.engine.rules, is_lexer=is_lexer, verbose=verbose)
        self._page: Any = None
        self._md: Markdown | None = None

    # --- What it is made of -----------------------------------------------------------------------------------------

    def _engine(self, environ: dict[str, str], before: ZensicalSite | None) -> Engine:
        """Return what answers samples: what did so before, or nobody, if the options have mistakes."""
        try:
            settings = self._settings(self.options, environ)
            return Engine(settings, self.console, memory=self.memory if settings.execute == "auto" else {})
        except ConfigurationError as error:
            self.mistake = f"the configuration has mistakes\n\n{error}"
        except CodeExecError as error:
            self.mistake = str(error)
        except Exception as error:  # noqa: BLE001 - it would be a traceback that names nothing, and would end `serve`
            self.mistake = f"internal error: {type(error).__name__}: {error}"
        if before is not None and before.engine.settings.enabled:
            self.mistake = f"the last good settings are used: {self.mistake}"
            return before.engine
        return Engine(self._settings({"enabled": False}, environ), self.console)

    def _settings(self, options: Mapping[str, Any], environ: dict[str, str]) -> Settings:
        file = next((name for name in ZENSICAL_FILES if (self.folder / name).exists()), ZENSICAL_FILES[0])
        settings = settings_from(
            {"cache_dir": STORE, **options},
            project_dir=self.folder,
            environ=environ,
            cpus=usable_cpus,
            host=Host("Zensical", "zensical", file),
        )
        if not settings.keeps:
            settings = replace(settings, environment_dir=throwaway(), lent=settings.environment_dir)
        check_apart(settings, {"docs_dir": self.docs, "site_dir": self.folder / str(self.config["site_dir"])})
        return settings

    @property
    def extension(self) -> CodeExecExtension:
        """Takes the place of superfences in a converter."""
        return self._extension

    # --- The first look ---------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Answer what can be seen of samples in all files of the site, in one batch, once. Raises nothing.

        What cannot be seen there (it comes from an include, say) is answered when its page is rendered. What is certain to be
        on no page (it is in a comment, say) is not executed.
        """
        if self.looked is not None:
            return
        began = time.perf_counter()
        self.looked = []
        try:
            self._tell_mistake()
            if self.engine.settings.enabled:
                for idle in self.engine.settings.idle([page for page, _ in pages_of(self.docs, self.config)]):
                    self.console.say(idle)
                self.looked = self.engine.resolve(list(self._seen()))
        except Exception as error:  # noqa: BLE001 - it comes again, and is told, when pages are filled
            self.console.warn(str(error) if isinstance(error, CodeExecError) else _internal(error))
        self.covered = {item.key for item in self.looked if item.key is not None}
        self.seconds += time.perf_counter() - began

    def _seen(self) -> Iterator[Sample]:
        """Yield the samples that are seen in all files."""
        for page, text in pages_of(self.docs, self.config):
            path = shown(self.docs / page, self.folder)
            self.texts[path] = text
            for sample in self.extension.glimpse(text, page, front_matter(text), certain=True):
                yield replace(sample, location=replace(sample.location, path=path))

    def hand(self) -> None:
        """Take note that Zensical is handed what the first look has found."""
        self.prepare()
        self.handed = not self.mistake

    def fingerprint(self) -> str:
        """Return a digest of all that decides what pages show of their samples, and is in no page and no option."""
        settings = self.engine.settings
        parts: list[object] = [__version__, self.mistake, settings.enabled, settings.execute, self._sheet]
        for item in self.looked or ():
            steps = item.outcome.steps if item.outcome else ()
            shown = [(one.stdout, one.stderr, one.diagnostics, one.ended, one.truncated) for one in steps]
            parts.append((item.key, item.verdict, shown))
        return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()

    # --- Page by page -----------------------------------------------------------------------------------------------

    def begin(self, md: Markdown, lines: list[str]) -> None:
        """Note that `md` converts a page, or something within the one that is being converted."""
        del lines
        page: Any = md.preprocessors["rendering_context"].page  # type: ignore[attr-defined]
        if page is self._page and self._md is not None:
            return  # a docstring, say: it is a part of that page, and filled with it
        self._page, self._md = page, md
        self._current.pages = None
        self.prepare()
        self._current.pages = self._pages
        self._pages.enter(self.extension.opened(self._context(page), page.meta or {}))

    def _tell_mistake(self) -> None:
        if self.mistake:
            self.console.warn(self.mistake)
        elif not self.engine.settings.enabled:
            self.console.say("disabled: no sample is executed")

    def _context(self, page: Any) -> PageContext:
        """Return what the Markdown extension must know of a page of Zensical."""
        file = self.docs / page.path
        try:
            text = file.read_text("utf-8-sig") if file.resolve().is_relative_to(self.docs.resolve()) else None
        except (OSError, ValueError):
            text = None
        if text is None:
            self.console.say(f"{page.path}: it is no file below `docs_dir`: its lines are those of what was made of it")
        path = shown(file, self.folder)
        self.texts[path] = text or ""
        return PageContext(page.path, text, path, self.engine.settings.host.name)

    def end(self, md: Markdown, html: str) -> str:
        """Return `html` with what its samples came to, and with the stylesheet."""
        if md is not self._md:
            return html
        pages, page = self._current.pages, str(self._page.path)
        self._page = self._md = self._current.pages = None
        if pages is None:
            return html
        pages.leave()
        filled = self._filled(pages, html)
        self.answered[page] = answers = pages.resolved(page)
        if holds_samples(filled):
            filled = styled(filled, self._sheet)
        self._settle(filled, answers)
        if self.lenient:
            self.problems.tell(self.console)
            for failure in self.failures(answers):
                self.console.failure(failure, WARNING)
        self.rendered()
        return filled

    def _filled(self, pages: Pages, html: str) -> str:
        try:
            filled = pages.complete([html])[0]
            return f"{notice(self.mistake)}{filled}" if self.mistake and not self.engine.settings.enabled else filled
        except CodeExecError as error:
            self.console.warn(str(error))
        except Exception as error:  # noqa: BLE001 - it would end `serve`, and in `build` tell nobody which page it was
            self.console.warn(_internal(error))
        pages.give_up("an error stopped the run; the log says more")
        return pages.complete([html])[0]

    def _settle(self, html: str, answers: list[Resolved]) -> None:
        """Decide whether a page that became `html` may stay in Zensical's cache."""
        remarks, self._current.remarks = self._current.remarks, 0
        if answers or remarks:
            good = all(verdict_name(item.verdict) in ("met", "skipped") for item in answers)
            known = (
                self.handed
                and not self.lenient
                and all(item.key is None or item.key in self.covered for item in answers)
            )
            (self.cache.keep if good and known and not remarks else self.cache.drop)(html)
        self.cache.sweep_soon()

    # --- What is told -----------------------------------------------------------------------------------------------

    def by_page(self) -> Mapping[str, Sequence[Resolved]]:
        """Return the answers of all samples: those of pages that were rendered, and of others what was seen in their files."""
        found: dict[str, list[Resolved]] = {}
        for item in self.looked or ():
            found.setdefault(item.sample.location.page, []).append(item)
        return {**found, **self.answered}

    def resolved(self) -> list[Resolved]:
        """Return the answers of all samples, in the order of pages."""
        items = distinct(item for _, items in sorted(self.by_page().items()) for item in items)
        # What the first look has executed was executed for the page that shows it.
        executed = {item.key for item in self.looked or () if not item.cached and item.outcome is not None}
        return [self._counted(item, executed) for item in items]

    def _counted(self, item: Resolved, executed: set[Key | None]) -> Resolved:
        if item.key not in executed:
            return item
        executed.discard(item.key)
        return replace(item, cached=False)

    def failures(self, answers: Sequence[Resolved]) -> list[Failure]:
        """Return what is to be told of `answers`."""
        languages = dict(self.engine.languages)
        file = self.engine.settings.host.file
        return list(
            within_bounds(failures(answers, languages, lambda at: self.texts.get(at.path or at.page, ""), file))
        )

    def report(self) -> str:
        """Tell what the site came to, and return why the build fails; empty if it does not."""
        answers = self.resolved()
        run = Run.of(answers, self._pages.started, self._pages.seconds + self.seconds)
        for problem in cut(answers):
            self.problems.add(problem)
        self.problems.tell(self.console)
        for line in run.details() if self.engine.settings.verbose else ():
            self.console.say(line)
        fatal = self.engine.settings.fail_on_error
        for failure in self.failures(answers) if run.failed() else ():
            self.console.failure(failure, ERROR if fatal else WARNING)
        if self.engine.settings.enabled:
            self.console.say(run.summary())
        self.engine.close()
        if self.engine.settings.keeps and answers:
            try:
                run.write(self.engine.settings.cache_dir)
            except OSError as error:
                self.console.warn(f"`last-run.json` cannot be written: {error.strerror or error}")
        return self.mistake or (run.verdict() if fatal else "")

    @property
    def _sheet(self) -> str:
        """The stylesheet: the site's own, if it brings one, else ours."""
        if self._css is None:
            own = self.docs / STYLESHEET_ADDRESS
            self._css = (own if own.is_file() else STYLESHEET).read_text("utf-8")
        return self._css


def _internal(error: Exception) -> str:
    return f"internal error: {type(error).__name__}: {error}"
