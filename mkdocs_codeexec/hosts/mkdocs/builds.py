"""All builds of one command: a build of MkDocs may have builds within it.

mkdocs-static-i18n builds every further language in its own `on_post_build`, with the same plugin objects. What such
builds found is told, counted and written as that of one build, when the outermost has ended: whatever is raised or
warned of before keeps the languages that come later from being written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.core.outcome import counted
from mkdocs_codeexec.hosts.mkdocs.projects import collected
from mkdocs_codeexec.report import rows
from mkdocs_codeexec.report.console import DEBUG
from mkdocs_codeexec.report.cut import cut
from mkdocs_codeexec.report.files import Reports
from mkdocs_codeexec.report.observing import Observing
from mkdocs_codeexec.report.printed import unexecuted
from mkdocs_codeexec.report.problems import Problems
from mkdocs_codeexec.report.run import Run, distinct
from mkdocs_codeexec.timing import clock, took

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from mkdocs_codeexec.core.expectation import VerdictName
    from mkdocs_codeexec.core.protocols import Store
    from mkdocs_codeexec.core.resolved import Resolved
    from mkdocs_codeexec.core.sample import Location
    from mkdocs_codeexec.engine.hooks import Hooking
    from mkdocs_codeexec.hosts.included import Included
    from mkdocs_codeexec.hosts.mkdocs.finishing import Finishing
    from mkdocs_codeexec.hosts.mkdocs.projects import Project
    from mkdocs_codeexec.markdown.extension import CodeExecExtension
    from mkdocs_codeexec.pages import Pages
    from mkdocs_codeexec.report.failures import Failure


@dataclass(slots=True)
class Build:
    """One build.

    Attributes:
        pages: Its pages, with their samples.
        extension: The Markdown extension that collects them.
        extensions: Those of the site, this one among them. Builds within each other have the same list.
        finishing: What finishes its pages.
        included: Reads what its pages include.
        written: Whether its pages are written: what went wrong in it is to be told, whatever comes then.
    """

    pages: Pages
    extension: CodeExecExtension
    extensions: list[Any]
    finishing: Finishing
    included: Included
    written: bool = False

    def install(self) -> None:
        """Put the extension where another build's may be."""
        others = [each for each in self.extensions if not isinstance(each, type(self.extension))]
        self.extensions[:] = [*others, self.extension]


@dataclass(slots=True)
class Builds:
    """The builds of one command, or of one rebuild of `serve`.

    Attributes:
        problems: What authors should know, of all builds.
        texts: The files on disk, by what a terminal calls them.
        project: What is built here, if that is part of a site that is built in another process.
        waiting: Where such parts of this site leave their runs; None if there are none.
        told: Whether it has been told what they came to.
        observing: Hears what goes on in all of them; None if nothing does.
    """

    problems: Problems = field(default_factory=Problems)
    texts: dict[str, str] = field(default_factory=dict)
    project: Project | None = None
    waiting: Path | None = None
    told: bool = False
    observing: Observing | None = None
    _since: float = 0.0
    _going: list[Build] = field(default_factory=list)
    _all: list[Build] = field(default_factory=list)

    def begin(self, build: Build) -> None:
        """Note that `build` begins, within those that go on."""
        build.install()
        self._going.append(build)
        self._all.append(build)

    def end(self, depth: int) -> None:
        """Note that only the outermost `depth` builds go on. What others have begun is ended."""
        ended = self._going[depth:]
        del self._going[depth:]
        for build in ended:
            build.pages.engine.settle()
        if ended and (current := self.current):
            current.install()

    def watch(self, pages: Pages, environ: Mapping[str, str]) -> None:
        """Have it be told what goes on when the samples of `pages` are answered.

        Raises:
            ConfigurationError: A variable has a value that cannot be used, or a report cannot be written.
        """
        if self.observing is None:
            settings, console = pages.engine.settings, pages.console
            if not pages.lenient:
                Reports.of(settings).check()
            verbose = settings.verbose or console.log.isEnabledFor(DEBUG)
            trace = "trace" in settings.reports
            self.observing = Observing(console, environ, jobs=settings.jobs, verbose=verbose, trace=trace)
            self._since = clock()
        pages.engine.hear(self.observing.hear)

    def mark(self, name: str) -> None:
        """Note that what was done until now, since this was called last, is called `name`."""
        if self.observing is not None:
            since, self._since = self._since, clock()
            self.observing.hear(took("host", name, since, self._since))

    def rest(self) -> None:
        """Note that nothing is executed any more."""
        if self.observing is not None:
            self.observing.close()

    @property
    def current(self) -> Build | None:
        """The innermost build that goes on."""
        return self._going[-1] if self._going else None

    def pages(self) -> Pages | None:
        """Return the pages of the innermost build that goes on, or was the last."""
        return self._going[-1].pages if self._going else self._all[-1].pages if self._all else None

    def kept(self) -> Store | None:
        """Return the store that is in use: one for all builds, so that none evicts what another has used."""
        return next((kept for build in self._all if (kept := build.pages.engine.kept) is not None), None)

    def hooking(self) -> Hooking | None:
        """Return what runs the hooks: one for all builds, which are one run."""
        return self._all[0].pages.engine.hooking if self._all else None

    def watched(self) -> Iterator[Path]:
        """Yield the files and folders whose change should rebuild the site."""
        for build in self._all:
            yield from chain(build.pages.engine.watched(build.pages.resolved()), build.included.paths)

    def included(self) -> dict[str, set[Path]]:
        """Return the files that each page includes, or should."""
        found: dict[str, set[Path]] = {}
        for page, paths in chain.from_iterable(build.included.by_page.items() for build in self._all):
            found.setdefault(page, set()).update(paths)
        return found

    def report(self, pages: Pages, *, fatal: Collection[VerdictName]) -> str:
        """Tell what is written came to, once, and return why the command must fail; empty if it need not.

        Args:
            pages: Who tells it.
            fatal: Verdicts for which it fails.
        """
        console = pages.console
        runs = [Run.of(one.resolved(), one.started, one.seconds) for one in self._written()]
        others = collected(self.waiting) if self.waiting else []
        answered = list(distinct(item for run in runs for item in run.resolved))
        for problem in (*cut(answered), *unexecuted(answered)):
            self.problems.add(problem)
        self.problems.tell(console)
        if self.told or not runs:
            return ""
        self.told = True
        run = Run.together(runs, others, self.observing.moment.run_id if self.observing else "")
        self._tell(run, pages, fatal)
        if (kept := self.kept()) is not None:
            kept.tidy()
            kept.close()
        if pages.engine.settings.keeps:
            self._keep(run, pages)
        wrong = pages.engine.hooking.after(run.to_json) if run.resolved else ""
        if any(other["fails"] for other in others):
            fatal = (*fatal, *(name for name in rows.FAILING if name not in fatal))
        fails = run.verdict(fatal) or wrong
        return "" if self.project and self.project.leave(run, fails) else fails

    def interrupted(self, pages: Pages) -> None:
        """Tell and keep what had its answer when the build was stopped, and how to go on.

        Args:
            pages: Those whose samples were being answered.
        """
        self.rest()
        if self.told or self.observing is None:
            return
        self.told = True
        settings, console, since = pages.engine.settings, pages.console, self.observing.moment
        ended = distinct(sorted(self.observing.ended, key=lambda item: item.sample.location))
        run = Run.of(ended, since.started, clock() - since.clock, interrupted=True, run_id=since.run_id)
        if settings.keeps:
            self._keep(run, pages)
        if not pages.lenient:
            self._write_reports(run, self._failures_of(ended, [pages]), pages)
        console.say(
            f"interrupted: {counted(len(ended), 'sample')} had ended, and what was executed is stored; "
            f"`{settings.host.command} build` again goes on from here"
        )

    def _tell(self, run: Run, pages: Pages, fatal: Collection[VerdictName]) -> None:
        """Tell what `run` came to, in the log and in reports."""
        console = pages.console
        settings, observing = pages.engine.settings, self.observing
        for line in run.details(observing.told if observing else ()) if settings.verbose else ():
            console.say(line)
        told = self._failures() if run.tells() else []
        if told:
            from mkdocs_codeexec.report.volume import within_bounds  # with all that knows of failures

            for failure in within_bounds(told):
                console.tell(failure, fatal)
        for line in observing.spent.lines(run.duration, settings.jobs, always=settings.verbose) if observing else ():
            console.say(line)
        console.say(run.summary())
        if not pages.lenient:
            self._write_reports(run, told, pages)

    def _write_reports(self, run: Run, told: Sequence[Failure], pages: Pages) -> None:
        reports = Reports.of(pages.engine.settings)
        reports.write(run, told, pages.console, self.observing.trace if self.observing else None)
        if self.project is None:  # the outermost site counts all
            reports.add_to_step(run, told, pages.console)

    def _keep(self, run: Run, pages: Pages) -> None:
        """Leave what later builds, and readers of `last-run.json`, want to know."""
        for build in self._all:
            build.pages.engine.save()
        if run.counts()["samples"]:
            run.write(pages.engine.settings.cache_dir, pages.console)

    def _failures(self) -> list[Failure]:
        """Return what must be told of samples that did not go as said; what is on pages of several builds, once."""
        found = self._written()
        return self._failures_of(distinct(item for one in found for item in one.resolved()), found)

    def _failures_of(self, resolved: Sequence[Resolved], found: Sequence[Pages]) -> list[Failure]:
        """Return what must be told of `resolved`, which are on pages of `found`."""
        from mkdocs_codeexec.report.failures import failures

        languages = {name: language for one in found for name, language in one.engine.languages.items()}

        def page(location: Location) -> str:
            return self.texts.get(location.path or location.page, "")

        file = found[0].engine.settings.host.file if found else ""
        return failures(resolved, languages, page, file)

    def _written(self) -> list[Pages]:
        return [build.pages for build in self._all if build.written and build.pages.engine.settings.enabled]
