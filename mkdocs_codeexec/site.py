"""One build of a site: collects its samples, resolves them in one batch, fills their Slots, and reports.

Knows nothing of MkDocs: `plugin` calls it at the right moments, and so may a command line.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core import rights
from mkdocs_codeexec.core.action import digest
from mkdocs_codeexec.core.expectation import Errored
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.core.recipe import Recipe
from mkdocs_codeexec.engine.ahead import Ahead
from mkdocs_codeexec.engine.pipeline import Pipeline, Resolved
from mkdocs_codeexec.html.fallback import explained, plain
from mkdocs_codeexec.html.fragment import Renderer
from mkdocs_codeexec.html.ids import Ids, identified
from mkdocs_codeexec.html.notice import notice
from mkdocs_codeexec.languages import interpreter, words
from mkdocs_codeexec.markdown import slots
from mkdocs_codeexec.markdown.collecting import PageContext
from mkdocs_codeexec.report.problems import Problems
from mkdocs_codeexec.report.run import Run, distinct, executed
from mkdocs_codeexec.runtime.observed.inputs import ObservedInputs
from mkdocs_codeexec.runtime.observed.names import Root
from mkdocs_codeexec.runtime.opening import open_store, open_workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence

    from mkdocs_codeexec.core.action import Key
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.protocols import Executor, Language, Runner, Store
    from mkdocs_codeexec.core.sample import Problem, Sample
    from mkdocs_codeexec.core.settings import LanguageRule, Settings
    from mkdocs_codeexec.html.annotations import Annotations
    from mkdocs_codeexec.markdown.collecting import ExtensionFailure
    from mkdocs_codeexec.report.console import Console

PACKAGE = Path(__file__).parent
_NOWHERE = PageContext(page="")


@dataclass(slots=True)
class Slotted:
    """A Sample and the Slot that its fence left on a page.

    Attributes:
        sample: What the author wrote.
        refusal: Why it is not executed although it asks for it; None if it is.
        resolved: What became of it; None until then.
    """

    sample: Sample
    refusal: Unavailability | None = None
    resolved: Resolved | None = None


@dataclass(slots=True)
class Site:
    """The samples of one build. The Collector of the Markdown extension.

    Attributes:
        settings: What the user configured.
        console: The voice on the terminal.
        languages: Those that are set up, by canonical name.
        theme_dirs: Where a theme may override our templates.
        lenient: Whether a fault of our own at a fence is told and survived: in `serve`, where an exception would leave
            every request waiting.
        annotations: How the site has code annotations; None if it has none.
        memory: Outcomes that this process has produced; lives as long as the caller wants.
        problems: What authors should know of their fences.
        within: Whether this build is within another one, at whose end its problems are told.
        kept: The store; opened when it is needed.
        states: What knows of the files that samples have read; opened when it is needed.
        notice: What readers of every page with samples are to know; may be empty.
    """

    settings: Settings
    console: Console
    languages: Mapping[str, Language]
    theme_dirs: Sequence[Path] = ()
    lenient: bool = False
    annotations: Annotations | None = None
    memory: MutableMapping[Key, Outcome] = field(default_factory=dict)
    problems: Problems = field(default_factory=Problems)
    within: bool = False
    kept: Store | None = None
    states: ObservedInputs | None = None
    notice: str = ""
    _page: PageContext | None = None
    _late: bool = False
    _slots: dict[str, Slotted] = field(default_factory=dict)
    _per_page: dict[str, int] = field(default_factory=dict)
    _renderer: Renderer | None = None
    _started: float = field(default_factory=time.time)
    _duration: float = 0.0
    _ahead: Ahead | None = None
    _pipeline: Pipeline | None = None

    def enter(self, page: PageContext) -> None:
        """Note that `page` is converted from now on."""
        self._page = page

    def leave(self) -> None:
        """Note that the page is converted."""
        self._page = None

    def page(self) -> PageContext | None:
        """Return the page that is being converted.

        After the batch there is none: what is converted then are excerpts of pages, for Material's blog.
        """
        return _NOWHERE if self._late else self._page

    def report(self, problem: Problem) -> None:
        """Take a mistake in a fence, of which its author is told when all pages are rendered."""
        if self.settings.enabled and not self._late:
            self.problems.add(problem)

    def survives(self, failure: ExtensionFailure) -> bool:
        """Tell of a fault of our own at a fence, if the page is to go on."""
        if self.lenient:
            self.console.warn(str(failure))
        return self.lenient

    def add(self, sample: Sample, refusal: str = "", hint: str = "") -> str:
        """Take a sample from a page and return the id of its Slot."""
        page = sample.location.page
        self._per_page[page] = number = self._per_page.get(page, 0) + 1
        # Made of the page, so that the same page has the same slots; long, so that no author meets one by chance.
        identity = repr((page, number, sample.language, sample.code))
        slot = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        same = self._same(sample) if self._late else None
        resolved = same.resolved if same else None
        why = Unavailability(refusal, hint) if refusal else rights.refusal(sample, self.settings)
        self._slots[slot] = Slotted(same.sample if same else sample, why, resolved)
        return slot

    def _same(self, sample: Sample) -> Slotted | None:
        """Return the fence of which `sample` is an excerpt."""
        return next((s for s in self._slots.values() if replace(sample, location=s.sample.location) == s.sample), None)

    @property
    def rules(self) -> Mapping[str, LanguageRule]:
        """What the Markdown extension must know of the languages, by every word that a fence may use."""
        found = words(self.settings)
        return found if self.settings.enabled else {word: rule._replace(run="none") for word, rule in found.items()}

    def build_ahead(self, samples: Iterable[Sample]) -> None:
        """Begin to build what is missing of `samples`, which may turn out to be on the pages, and return.

        They are looked at only if anything is executed at all.
        """
        pipeline = self._resolver()
        if pipeline.executes and (seen := [one for one in samples if rights.refusal(one, self.settings) is None]):
            self._ahead = Ahead(self._workers)
            self._ahead.start(pipeline, seen)

    def close(self) -> None:
        """End what was begun and is not wanted any more."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.close()

    def fill(self, pages: Sequence[str]) -> list[str]:
        """Resolve the samples whose Slots stand in `pages` and return the pages with what happened put in.

        All in one batch. Slots that are on no page are not executed: the Markdown converter took their fence back
        (a fence in an indented code block, say).
        """
        began = time.perf_counter()
        found = [self._slots[slot] for page in pages for slot in slots.find(page) if slot in self._slots]
        waiting = [slotted for slotted in found if slotted.resolved is None]
        self._refuse(waiting)
        if not self.within:
            self.problems.tell(self.console)
        self._resolve([slotted for slotted in waiting if slotted.resolved is None])
        self.close()
        noticed = self._noticed(pages)
        self._late = True
        filled = [self._filled(page) for page in noticed]
        self._duration += time.perf_counter() - began
        return filled

    def _noticed(self, pages: Sequence[str]) -> list[str]:
        """Return `pages` with what is to be known at the start of those that have samples."""
        if self._late or not self.notice:  # late pages are whole documents
            return list(pages)
        mine = [any(slot in self._slots for slot in slots.find(page)) for page in pages]
        return [notice(self.notice) + page if found else page for page, found in zip(pages, mine, strict=True)]

    def _filled(self, page: str) -> str:
        filled = slots.fill(page, functools.partial(self._fragment, Ids(page)), self._following)
        return slots.erase(filled, self._slots.__contains__)

    def _following(self, slot: str, source: str, html: str, end: int) -> tuple[int, int] | None:
        """Return where the annotations of the source in `slot` are; None if it has none, or is not shown."""
        slotted = self._slots.get(slot)
        if self.annotations is None or slotted is None or slotted.sample.display.source == "none":
            return None
        return self.annotations.following(source, html, end)

    def _refuse(self, waiting: Sequence[Slotted]) -> None:
        """Answer those that are not executed. What is wrong is told at the end, as of all failures, and not here."""
        for slotted in waiting:
            if refused := slotted.refusal:
                hint = refused.hint or self.problems.hint(slotted.sample.location, refused.reason)
                why = Unavailability(refused.reason, hint)
                slotted.resolved = Resolved(sample=slotted.sample, verdict=Errored(refused.reason), why=why)

    def _resolve(self, live: Sequence[Slotted]) -> None:
        if not live:
            return
        if self._ahead is not None:
            self._ahead.wait()
        for slotted, resolved in zip(live, self._resolver().resolve([s.sample for s in live]), strict=True):
            slotted.resolved = resolved

    def _resolver(self) -> Pipeline:
        if self._pipeline is None:
            self.states = open_states(self.settings, self._reached)
            self._pipeline = Pipeline(
                languages=self.languages,
                store=self._store(),
                states=self.states,
                workers=lambda: self._ahead.taken_over() if self._ahead else self._workers(),
                narrator=self.console,
                mode=self.settings.execute,
                sandbox=self.settings.sandbox,
                verbose=self.settings.verbose,
                denied=lambda sample: rights.denial(sample, self.settings),
                memory=self.memory,
            )
        return self._pipeline

    def _reached(self, language: str) -> Sequence[str]:
        return self.languages[language].reached() if language in self.languages else ()

    def _store(self) -> Store:
        if self.kept is not None:
            return self.kept
        if self.settings.cache_write_refusal:
            self.console.say(f"results are not stored: {self.settings.cache_write_refusal}")
        if told := rights.overruled(self.settings):
            self.console.say(told)
        self.kept = open_store(self.settings, self.console.warn)
        return self.kept

    @contextmanager
    def _workers(self) -> Iterator[tuple[Runner, Executor]]:
        # Before samples look at the project's folder: what appears in it while they run would make that unknown.
        self._store().prepare()
        path = self.settings.host_env.get("PATH", "/usr/local/bin:/usr/bin:/bin")
        with open_workers(Recipe.of(self.settings), self.languages, path=path, tell=self.console.say) as workers:
            yield workers

    def _fragment(self, ids: Ids, slot: str, source: str, annotations: str) -> str | None:
        slotted = self._slots.get(slot)
        if slotted is None or slotted.resolved is None:
            return None
        html_id = ids.next()
        try:
            fragment = self._rendered(slotted.resolved, html_id, source, annotations)
        except Exception as error:  # noqa: BLE001 - whatever a sample has printed, others are shown, and the build ends well
            reason = f"the output of a sample could not be put on the page: {explained(error)}"
            slotted.resolved = replace(slotted.resolved, verdict=Errored(reason), why=Unavailability(reason))
            fragment = plain(source + annotations, html_id, reason)
        return identified(fragment, html_id)

    def _rendered(self, resolved: Resolved, html_id: str, source: str, annotations: str) -> str:
        from mkdocs_codeexec.html.marks import numbers
        from mkdocs_codeexec.report.findings import marks
        from mkdocs_codeexec.report.places import rewritten, shown_map

        if self._renderer is None:
            self._renderer = Renderer(self.theme_dirs, PACKAGE / "templates")
        sample = resolved.sample
        language = self.languages.get(sample.language)  # None: it is not set up, and that is what went wrong
        # Readers are told numbers of lines that they see.
        where = shown_map(sample, numbers(source, sample.code) if sample.display.source != "none" else {})
        found = marks(sample, resolved.verdict, resolved.outcome, language) if language else ()
        return self._renderer.render(
            sample,
            resolved.verdict,
            resolved.outcome,
            source=source,
            annotations=annotations,
            html_id=html_id,
            tidy=lambda text: rewritten(language.tidy(sample, text) if language else text, where),
            marks=[mark._replace(message=rewritten(mark.message, where)) for mark in found],
        )

    def give_up(self, why: str) -> None:
        """Mark every sample that is not resolved as one that could not be tried."""
        for slotted in self._slots.values():
            if slotted.resolved is None:
                slotted.resolved = Resolved(sample=slotted.sample, verdict=Errored(why))

    def resolved(self) -> list[Resolved]:
        """Return what became of the samples, in page order; a fence that was rendered twice counts once."""
        found = distinct(slotted.resolved for slotted in self._slots.values() if slotted.resolved is not None)
        # Docstrings are converted when the fences of their page have been.
        pages = {page: number for number, page in enumerate(dict.fromkeys(item.sample.location.page for item in found))}
        return sorted(found, key=lambda item: (pages[item.sample.location.page], item.sample.location.line))

    def run(self) -> Run:
        """Return the build as numbers."""
        resolved = self.resolved()
        started = dt.datetime.fromtimestamp(self._started, dt.UTC)
        return Run(
            resolved=resolved,
            executed=executed(resolved),
            run_id=f"{started:%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}",
            started=started.isoformat(timespec="seconds"),
            duration=self._duration,
        )

    def watched(self) -> Iterable[Path]:
        """Return the files and folders whose change should rebuild the site."""
        used = {slotted.sample.language for slotted in self._slots.values()}
        found = [path for name in sorted(used & self.languages.keys()) for path in self.languages[name].watched()]
        if self.states is not None:
            within = [self.settings.project_dir, *(Path(folder) for _, folder in interpreter.sources())]
            outcomes = [item.outcome for item in self.resolved() if item.outcome is not None]
            observed = {name: state for outcome in outcomes for name, state in outcome.inputs or ()}
            read = map(Path, self.states.watched(tuple(observed.items()), within))
            found += [path for path in read if not any(path.is_relative_to(folder) for folder in self.settings.apart)]
        return found


def open_states(settings: Settings, reach: Callable[[str], Sequence[str]] = lambda _: ()) -> ObservedInputs:
    """Return what knows of the files that samples read on this machine, by names that other machines share.

    Args:
        settings: What the user configured.
        reach: What samples of a language may read.
    """
    interpreter.look_again()
    roots = [Root("<project>", str(settings.project_dir))]
    roots += [Root(place.label, place.folder) for place in interpreter.places()]
    if home := settings.host_env.get("HOME"):
        roots.append(Root("~", home))
    place = settings.private_dir
    return ObservedInputs(
        roots=roots,
        library=interpreter.library(),
        sites=interpreter.sites(),
        sources=[folder for _, folder in interpreter.sources()],
        search=settings.host_env.get("PATH", ""),
        reach=reach,
        sandboxed=settings.sandbox != "off",
        apart=tuple(map(str, settings.apart)),
        memo=place and place / "digests" / f"{digest(str(settings.project_dir))[:16]}.json",
    )
