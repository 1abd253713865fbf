"""One site that Zensical renders: its samples are answered at once, and its pages are filled as they come."""

from __future__ import annotations

import functools
import hashlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec import __version__
from mkdocs_codeexec.core.expectation import verdict_name
from mkdocs_codeexec.environment import read_environment
from mkdocs_codeexec.errors import CodeExecError
from mkdocs_codeexec.hosts.alone import Current
from mkdocs_codeexec.hosts.included import Included, reader
from mkdocs_codeexec.hosts.styles import STYLESHEET as STYLESHEET_ADDRESS
from mkdocs_codeexec.hosts.styles import holds_samples, styled
from mkdocs_codeexec.hosts.zensical.cached import PageCache, make_unreadable
from mkdocs_codeexec.hosts.zensical.configuration import annotations_of
from mkdocs_codeexec.hosts.zensical.engines import Opened, open_engine
from mkdocs_codeexec.hosts.zensical.front_matter import front_matter
from mkdocs_codeexec.hosts.zensical.look import Look
from mkdocs_codeexec.html.contents import tokens_joined
from mkdocs_codeexec.html.lexers import is_lexer
from mkdocs_codeexec.html.notice import notice
from mkdocs_codeexec.markdown.collecting import PageContext
from mkdocs_codeexec.markdown.extension import CodeExecExtension
from mkdocs_codeexec.markdown.outputs import Outputs, outputs
from mkdocs_codeexec.markdown.unreadable import FIELD
from mkdocs_codeexec.pages import STYLESHEET, Pages
from mkdocs_codeexec.report import rows
from mkdocs_codeexec.report.console import Console, wants_color
from mkdocs_codeexec.report.cut import cut
from mkdocs_codeexec.report.files import Reports
from mkdocs_codeexec.report.observing import Observing
from mkdocs_codeexec.report.printed import unexecuted
from mkdocs_codeexec.report.problems import Problems
from mkdocs_codeexec.report.run import Run, distinct
from mkdocs_codeexec.report.services import annotations_for
from mkdocs_codeexec.sites import NAMES, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from markdown import Markdown

    from mkdocs_codeexec.core.action import Key
    from mkdocs_codeexec.core.expectation import VerdictName
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.resolved import Resolved
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.report.console import Log
    from mkdocs_codeexec.report.failures import Failure


class ZensicalSite:
    """The samples of one site, for as long as its configuration is the same.

    Args:
        config: Zensical's own (`zensical.config.get_config`).
        options: Those of our extension.
        log: Where to tell.
        file: That of the site.
        lenient: Whether this serves: what is wrong is told when it is met, and not at the end.
        before: The same site as it was configured before; None if this is the first time.

    Attributes:
        answered: What the samples of each page came to, by page.
        texts: The files on disk, by what a terminal calls them.
        look: The first one at all pages.
        opened: What answers samples.
        cache: Zensical's own, of pages.
        handed: Whether Zensical keeps pages under a digest of what that look has answered.
        rendered: Is told of each page that is filled.
        seconds: What the first look has taken.
        observing: Hears what goes on; None if nothing does.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        options: Mapping[str, Any],
        log: Log,
        *,
        file: Path,
        lenient: bool,
        before: ZensicalSite | None = None,
    ) -> None:
        self.config = config
        self.options = dict(options)
        self.file, self.folder = file, file.parent
        self.docs = self.folder / str(config["docs_dir"])
        self.lenient = lenient
        bases = (Path.cwd(), self.folder)
        environ = read_environment()
        self.console = Console(
            log=log, color=wants_color(environ, sys.stderr), annotations=annotations_for(environ, bases)
        )
        self.memory: dict[Key, Outcome] = before.memory if before else {}
        opened = before.opened if before else None
        self.opened: Opened = open_engine(config, options, file, self.console, self.memory, opened)
        self.engine, self.mistake = self.opened
        self.observing = self._observed(environ, before)
        self.problems = Problems()
        self.answered: dict[str, list[Resolved]] = {}
        self.texts: dict[str, str] = {}
        self.look = Look(self.folder, config, self.texts)
        self.cache = PageCache(self.folder / ".cache")
        self.cache.trusted = not self.mistake and self.engine.settings.enabled
        self.seconds = 0.0
        self.handed = self._looked = False
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
            known=self._known,
            among=lambda: (item.sample for item in self.resolved()),
            within=True,
            notice=self.mistake,
        )
        self._current = Current()
        verbose = self.engine.settings.verbose
        self._extension = CodeExecExtension(
            self._current,
            self.engine.rules,
            is_lexer=is_lexer,
            verbose=verbose,
            literate=self.engine.settings.literate,
            includes=reader(self.engine.settings, Included(self.folder, self.docs)),
        )
        self._page: Any = None
        self._md: Markdown | None = None

    def _observed(self, environ: Mapping[str, str], before: ZensicalSite | None) -> Observing | None:
        """Have what goes on be heard, and told; Zensical writes to the terminal by itself, so nothing is drawn there."""
        if before is not None and before.engine is self.engine:
            return before.observing
        settings = self.engine.settings
        if not settings.enabled:
            return None
        observing = Observing(
            self.console,
            {**environ, "TERM": "dumb"},
            jobs=settings.jobs,
            verbose=settings.verbose,
            trace="trace" in settings.reports,
        )
        self.engine.hear(observing.hear)
        return observing

    @property
    def extension(self) -> CodeExecExtension:
        """Takes the place of superfences in a converter."""
        return self._extension

    # --- All pages at once ------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Answer what can be seen of samples in all files of the site, in one batch, once. Raises nothing."""
        if self._looked:
            return
        self._looked = True
        began = time.perf_counter()
        try:
            self._tell_mistake()
            if self.engine.settings.enabled:
                for idle in self.look.take(self.engine, self.extension):
                    self.console.say(idle)
                self._open_bare()
        except Exception as error:  # noqa: BLE001 - it comes again, and is told, when pages are filled
            self.console.warn(str(error) if isinstance(error, CodeExecError) else _internal(error))
        self.seconds += time.perf_counter() - began

    def _open_bare(self) -> None:
        """Tell what is wrong with pages of which nothing is ever converted."""
        self._current.pages = self._pages
        for context, meta in self.look.bare:
            self._pages.enter(self.extension.opened(context, meta))
            self._pages.leave()
        self._current.pages, self._current.remarks = None, 0

    def _tell_mistake(self) -> None:
        if self.mistake:
            self.console.warn(self.mistake)
        elif not self.engine.settings.enabled:
            self.console.say("disabled: no sample is executed")
        from mkdocs_codeexec.hosts.zensical.reading import said_otherwise  # which reads sites that are not rendered

        for told in said_otherwise(self.file, self.options):
            self.console.say(told)

    def _known(self, sample: Sample) -> Resolved | None:
        return None if self.lenient else self.look.known(sample)  # a server's answers may be old

    def hand(self) -> None:
        """Take note that Zensical is handed what the first look has found."""
        self.prepare()
        self.handed = not self.mistake

    def fingerprint(self) -> str:
        """Return a digest of all that decides what pages show of their samples, and is in no page and no option."""
        settings = self.engine.settings
        parts = (__version__, self.mistake, settings.enabled, settings.execute, self._sheet, self.look.digest())
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
        context = self._context(page)
        # Zensical hands over no number that is not finite: the file says what its author has written.
        text = context.text or ""
        meta = front_matter(text) if FIELD in text else page.meta or {}
        self._pages.enter(self.extension.opened(context, meta))

    def _context(self, page: Any) -> PageContext:
        """Return what the Markdown extension must know of a page of Zensical."""
        file = self.docs / page.path
        try:
            text = file.read_text("utf-8-sig") if file.resolve().is_relative_to(self.docs.resolve()) else None
        except (OSError, ValueError):
            text = None
        path = shown(file)
        self.texts[path] = text or ""
        return PageContext(page.path, text, path, self.engine.settings.host.name)

    def end(self, md: Markdown, html: str) -> str:
        """Return `html` with what its samples came to, and with the stylesheet."""
        if md is not self._md:
            return html
        pages, page, meta = self._current.pages, str(self._page.path), self._page.meta
        self._page = self._md = self._current.pages = None
        if pages is None:
            return html
        context = pages.page()
        fileless = context is not None and context.text is None
        pages.leave()
        pages.outputs = functools.cache(lambda _: self._outputs())
        filled = self._filled(pages, html)
        if headings := [heading for found in pages.headings for heading in found]:
            contents: Any = md
            contents.toc_tokens = tokens_joined(contents.toc_tokens, headings, filled)
        self.answered[page] = answers = pages.resolved(page)
        if holds_samples(filled):
            filled = styled(filled, self._sheet)
            if fileless:
                self.console.say(
                    f"{page}: it is no file below `docs_dir`: lines are those of the Markdown that it is made of"
                )
        if not self._may_stay(filled, answers):
            self.cache.drop(filled)
            make_unreadable(meta)
        if self.lenient:
            self.problems.tell(self.console)
            self.tell(self.failures(answers), ())
        self.rendered()
        return filled

    def _outputs(self) -> Outputs:
        extensions, configs = self.config["markdown_extensions"], self.config["mdx_configs"]
        return outputs(extensions, configs, self.engine.rules, is_lexer, NAMES)

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

    def _may_stay(self, html: str, answers: list[Resolved]) -> bool:
        """Decide whether a page that became `html` may stay in Zensical's cache."""
        remarks, self._current.remarks = self._current.remarks, 0
        if not answers and not remarks and not holds_samples(html):
            return self.cache.trusted
        good = all(verdict_name(item.verdict) in ("met", "skipped") for item in answers)
        seen = all(item.key is None or item.key in self.look.keys for item in answers)
        stays = good and seen and self.handed and not self.lenient and not remarks and self.cache.trusted
        if stays:
            self.cache.keep(html)
        return stays

    # --- What is told -----------------------------------------------------------------------------------------------

    def by_page(self) -> Mapping[str, Sequence[Resolved]]:
        """Return the answers of all samples: those of pages that were rendered, and of others what was seen in their files."""
        found: dict[str, list[Resolved]] = {}
        for item in self.look.answers:
            found.setdefault(item.sample.location.page, []).append(item)
        return {**found, **self.answered}

    def resolved(self) -> list[Resolved]:
        """Return the answers of all samples, in the order of pages."""
        return distinct(item for _, items in sorted(self.by_page().items()) for item in items)

    def failures(self, answers: Sequence[Resolved]) -> list[Failure]:
        """Return what is to be told of `answers`, however much that is."""
        from mkdocs_codeexec.report.failures import failures

        file = self.engine.settings.host.file
        return failures(answers, self.engine.languages, lambda at: self.texts.get(at.path or at.page, ""), file)

    def tell(self, failures: Sequence[Failure], fatal: Collection[VerdictName]) -> None:
        """Tell of `failures`, the less of each the more there are."""
        from mkdocs_codeexec.report.volume import within_bounds

        for failure in within_bounds(failures):
            self.console.tell(failure, fatal)

    def report(self) -> str:
        """Tell what the site came to, and return why the build fails; empty if it does not."""
        answers, observing = self.resolved(), self.observing
        if observing is not None:
            observing.close()
        run_id = observing.moment.run_id if observing is not None else ""
        run = Run.of(answers, self._pages.started, self._pages.seconds + self.seconds, run_id=run_id)
        for problem in (*cut(answers), *unexecuted(answers)):
            self.problems.add(problem)
        self.problems.tell(self.console)
        for line in run.details(observing.told if observing else ()) if self.engine.settings.verbose else ():
            self.console.say(line)
        fatal = rows.fatal(self.engine.settings)
        told = self.failures(answers) if run.tells() else []
        self.tell(told, fatal)
        if self.engine.settings.enabled:
            self.console.say(run.summary())
        reports = Reports.of(self.engine.settings)
        reports.write(run, told, self.console, observing.trace if observing is not None else None)
        reports.add_to_step(run, told, self.console)
        self.engine.close()
        if self.engine.settings.keeps and answers:
            run.write(self.engine.settings.cache_dir, self.console)
        wrong = self.engine.hooking.after(run.to_json) if answers else ""
        if self.mistake:
            return "no sample was executed, and the warning above says why" if self._looked else self.mistake
        return run.verdict(fatal) or wrong

    @property
    def _sheet(self) -> str:
        """The stylesheet: the site's own, if it brings one, else ours."""
        if self._css is None:
            own = self.docs / STYLESHEET_ADDRESS
            self._css = (own if own.is_file() else STYLESHEET).read_text("utf-8")
        return self._css


def _internal(error: Exception) -> str:
    return f"internal error: {type(error).__name__}: {error}"
