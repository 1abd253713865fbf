"""The pages of one build: collects their samples, has the Engine answer them, and puts the answers where fences were.

Fills page by page, or all pages at once. Nothing is executed here, and nothing is known of who renders the pages.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.core.expectation import Errored
from mkdocs_codeexec.core.graph import reaches_out
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.core.resolved import Resolved
from mkdocs_codeexec.core.sample import Problem
from mkdocs_codeexec.html.displays import Site
from mkdocs_codeexec.html.fallback import explained, plain
from mkdocs_codeexec.html.fragment import Renderer
from mkdocs_codeexec.html.ids import Ids, identified
from mkdocs_codeexec.html.notice import notice
from mkdocs_codeexec.html.uncovered import parted
from mkdocs_codeexec.markdown import slots
from mkdocs_codeexec.markdown.collecting import NO_WORDS, PageContext, Words
from mkdocs_codeexec.outputs import answered, is_output
from mkdocs_codeexec.report.problems import Problems
from mkdocs_codeexec.report.run import distinct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mkdocs_codeexec.core.sample import Location, Sample
    from mkdocs_codeexec.engine.engine import Engine
    from mkdocs_codeexec.html.annotations import Annotations
    from mkdocs_codeexec.markdown.collecting import ExtensionFailure
    from mkdocs_codeexec.markdown.outputs import Outputs
    from mkdocs_codeexec.report.console import Console

PACKAGE = Path(__file__).parent
STYLESHEET = PACKAGE / "assets" / "codeexec.css"
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
class Pages:
    """The pages of one build. The Collector of the Markdown extension.

    Attributes:
        engine: Answers the samples.
        console: The voice on the terminal.
        theme_dirs: Where a theme may override our templates.
        lenient: Whether a fault of our own at a fence is told and survived: in `serve`, where an exception would leave
            every request waiting.
        annotations: How the site has code annotations; None if it has none.
        problems: What authors should know of their fences.
        page_by_page: Whether a page is complete before the next one is rendered, and may be rendered again. Else all pages
            are completed at once, and what comes then are excerpts of them.
        known: Answers a sample that has been answered before, with others; None if it has not.
        among: Returns samples of the site's other pages as they were seen last: some may be needed.
        address: Returns where a page is, seen from another one, relative; empty if that is not known.
        place: Puts a file of this ending and these contents into the site, for a page, and returns where it is, seen from
            there; empty if there is no place for it.
        outputs: Returns what converts Markdown that samples print on a page; None where nobody can, and it stays as it is.
        within: Whether this build is within another one, at whose end its problems are told.
        notice: What readers of every page with samples are to know; may be empty.
        started: When the build began.
        seconds: What has been spent on samples.
        headings: Those that output has brought into each of the pages that were completed last.
    """

    engine: Engine
    console: Console
    theme_dirs: Sequence[Path] = ()
    lenient: bool = False
    annotations: Annotations | None = None
    problems: Problems = field(default_factory=Problems)
    page_by_page: bool = False
    known: Callable[[Sample], Resolved | None] = lambda _: None
    among: Callable[[], Iterable[Sample]] = lambda: ()
    address: Callable[[str, str], str] = lambda _page, _other: ""
    place: Callable[[str, str, bytes], str] = lambda _page, _ending, _data: ""
    outputs: Callable[[str], Outputs] | None = None
    within: bool = False
    notice: str = ""
    started: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    seconds: float = 0.0
    headings: list[list[dict[str, Any]]] = field(default_factory=list)
    _words: dict[str, Words] = field(default_factory=dict)
    _page: PageContext | None = None
    _late: bool = False
    _elsewhere: bool = False  # what is filled are excerpts, which stand nobody knows where
    _slots: dict[str, Slotted] = field(default_factory=dict)
    _per_page: dict[str, int] = field(default_factory=dict)
    _renderer: Renderer | None = None
    _anchors: dict[Location, str] = field(default_factory=dict)

    # --- Collecting -------------------------------------------------------------------------------------------------

    def enter(self, page: PageContext) -> None:
        """Note that `page` is converted from now on."""
        self._page = page
        if self.page_by_page:  # what it held before does not count any more
            self._slots = {slot: one for slot, one in self._slots.items() if one.sample.location.page != page.page}
            self._per_page.pop(page.page, None)

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
        if self.engine.settings.enabled and not self._late:
            self.problems.add(problem)

    def know(self, words: Words) -> None:
        """Take what the page defines, if something printed on it may use it."""
        if self._page is not None and self._page.page in self._words:
            self._words[self._page.page] = words

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
        if sample.presentation.result == "markdown":
            self._words.setdefault(page, NO_WORDS)  # there will be some
        same = self._same(sample) if self._late else None
        resolved = same.resolved if same else None
        why = Unavailability(refusal, hint) if refusal else None
        self._slots[slot] = Slotted(same.sample if same else sample, why, resolved)
        return slot

    def _same(self, sample: Sample) -> Slotted | None:
        """Return the fence of which `sample` is an excerpt."""
        return next((s for s in self._slots.values() if replace(sample, location=s.sample.location) == s.sample), None)

    # --- Answering --------------------------------------------------------------------------------------------------

    def complete(self, pages: Sequence[str]) -> list[str]:
        """Answer the samples whose Slots stand in `pages` and return the pages with what happened put in.

        All in one batch. Slots that are on no page are not answered: the Markdown converter took their fence back
        (a fence in an indented code block, say).

        Args:
            pages: Their HTML.

        Raises:
            Cancelled: The run was stopped from outside.
        """
        began = time.perf_counter()
        found = [self._slots[slot] for page in pages for slot in slots.find(page) if slot in self._slots]
        waiting = [slotted for slotted in found if slotted.resolved is None]
        self._refuse(waiting)
        if not self.within:
            self.problems.tell(self.console)
        for slotted in waiting:
            if not is_output(slotted.sample) and not slotted.sample.refusal:
                slotted.resolved = self.known(slotted.sample)
        if any(slotted.resolved is None for slotted in found):
            self._answer(found)
        self.engine.settle()
        noticed = self._noticed(pages)
        waits = any(getattr(slotted.resolved.verdict, "at", None) for slotted in found if slotted.resolved)
        anchors = [self._ids(page) if waits else {} for page in noticed]
        # Excerpts are elsewhere than the page that they are of.
        self._anchors = {} if self._late else {at: html_id for one in anchors for at, html_id in one.items()}
        self._elsewhere, self._late = self._late, not self.page_by_page
        self.headings = [[] for _ in noticed]
        filled = list(map(self._filled, noticed, anchors, self.headings))
        if not self.within:
            self.problems.tell(self.console)
        self.seconds += time.perf_counter() - began
        return filled

    def _answer(self, found: Sequence[Slotted]) -> None:
        """Answer those of `found`, which is in the order of pages, that have no answer."""
        known = {place: slotted.resolved for place, slotted in enumerate(found) if slotted.resolved is not None}
        samples = [slotted.sample for slotted in found]
        live = [slotted.sample for slotted in found if slotted.resolved is None]
        answers = answered(self.engine, [*samples, *self._needed(live)], known)
        for slotted, resolved in zip(found, answers, strict=False):
            slotted.resolved = resolved

    def _needed(self, samples: Sequence[Sample]) -> list[Sample]:
        """Return samples of other pages among which those are that `samples` need."""
        if not self.page_by_page or not any(reaches_out(sample) for sample in samples):
            return []
        here = {sample.location.page for sample in samples}
        return [sample for sample in self.among() if sample.location.page not in here]

    def _refuse(self, waiting: Sequence[Slotted]) -> None:
        """Note why some are not executed. What is wrong is told at the end, as of all failures, and not here."""
        for slotted in waiting:
            if refused := slotted.refusal:
                hint = refused.hint or self.problems.hint(slotted.sample.location, refused.reason)
                slotted.sample = replace(slotted.sample, refusal=refused.reason, hint=hint)

    def _noticed(self, pages: Sequence[str]) -> list[str]:
        """Return `pages` with what is to be known at the start of those that have samples."""
        if self._late or not self.notice:  # late pages are whole documents
            return list(pages)
        mine = [any(slot in self._slots for slot in slots.find(page)) for page in pages]
        return [notice(self.notice) + page if found else page for page, found in zip(pages, mine, strict=True)]

    def give_up(self, why: str) -> None:
        """Mark every sample that is not resolved as one that could not be tried."""
        for slotted in self._slots.values():
            if slotted.resolved is None:
                slotted.resolved = Resolved(sample=slotted.sample, verdict=Errored(why))

    def resolved(self, page: str | None = None) -> list[Resolved]:
        """Return what became of the samples, in page order; a fence that was rendered twice counts once.

        Args:
            page: The one whose samples are meant; None for all.
        """
        slots = (one for one in self._slots.values() if page in (None, one.sample.location.page))
        found = distinct(slotted.resolved for slotted in slots if slotted.resolved is not None)
        # Docstrings are converted when the fences of their page have been.
        pages = {page: number for number, page in enumerate(dict.fromkeys(item.sample.location.page for item in found))}
        return sorted(found, key=lambda item: (pages[item.sample.location.page], item.sample.location.line))

    # --- Fragments --------------------------------------------------------------------------------------------------

    def _ids(self, page: str) -> dict[Location, str]:
        """Return the ids that samples will have on `page`."""
        ids = Ids(page)
        found: dict[Location, str] = {}

        def note(slot: str, _source: str, _annotations: str) -> str | None:
            slotted = self._slots.get(slot)
            if slotted is None or slotted.resolved is None:
                return None
            found.setdefault(slotted.sample.location, ids.next())
            return ""

        slots.fill(page, note, self._following)
        return found

    def _link(self, here: str, own: Mapping[Location, str], at: Location) -> str:
        """Return where readers of the page `here`, whose samples have their `own` ids, find the sample that is `at`."""
        if at in own:
            return f"#{own[at]}"
        address = self.address(here, at.page) if at in self._anchors else ""
        return f"{address}#{self._anchors[at]}" if address else ""

    def _filled(self, page: str, own: Mapping[Location, str], headings: list[dict[str, Any]]) -> str:
        filled = slots.fill(page, functools.partial(self._fragment, Ids(page), own, headings), self._following)
        return slots.erase(filled, self._slots.__contains__)

    def _is_followed(self, sample: Sample) -> bool:
        """Tell whether there are later steps of its session: files are those that are there when the last one has ended."""
        session = sample.links.session
        return bool(session) and any(
            (one.sample.location.page, one.sample.language, one.sample.links.session)
            == (sample.location.page, sample.language, session)
            and one.sample.location.line > sample.location.line
            and not one.sample.ignored
            for one in self._slots.values()
        )

    def _following(self, slot: str, source: str, html: str, end: int) -> tuple[int, int] | None:
        """Return where the annotations of the source in `slot` are; None if it has none, or is not shown."""
        slotted = self._slots.get(slot)
        if self.annotations is None or slotted is None or slotted.sample.presentation.source == "none":
            return None
        return self.annotations.following(parted(source)[1], html, end)

    def _fragment(
        self,
        ids: Ids,
        own: Mapping[Location, str],
        headings: list[dict[str, Any]],
        slot: str,
        source: str,
        annotations: str,
    ) -> str | None:
        slotted = self._slots.get(slot)
        if slotted is None or slotted.resolved is None:
            return None
        html_id = ids.next()
        try:
            site = self._site(slotted.resolved.sample, html_id, ids, headings)
            return self._rendered(slotted.resolved, html_id, source, annotations, own, site)
        except Exception as error:  # noqa: BLE001 - whatever a sample has printed, others are shown, and the build ends well
            reason = f"the output of a sample could not be put on the page: {explained(error)}"
            slotted.resolved = replace(slotted.resolved, verdict=Errored(reason), why=Unavailability(reason))
            return identified(plain(source + annotations, html_id, reason), html_id)

    def _site(self, sample: Sample, html_id: str, ids: Ids, headings: list[dict[str, Any]]) -> Site:
        """Return where pictures and files of `sample` come from, and go to, and who converts what it prints."""
        page, outputs = sample.location.page, self.outputs

        def markdown(text: str) -> str:
            assert outputs is not None
            if block := sample.presentation.block:
                from mkdocs_codeexec.markdown.outputs import fenced

                text = fenced(block, text)
            converter = outputs(page)
            said = sample.presentation.id_prefix
            own, words = f"{html_id}-", self._words.get(page, NO_WORDS)
            prefix = own if said is None else said
            found = converter.convert(text, own=own, prefix=prefix, taken=ids.all, words=words)
            if sample.presentation.in_contents and self.engine.settings.html == "page":
                headings.extend(found.headings)
            return found.html

        convert = markdown if outputs else None
        if self._elsewhere:
            return Site(read=self.engine.content, markdown=convert)
        return Site(read=self.engine.content, place=functools.partial(self.place, page), markdown=convert)

    def _tell(self, location: Location, message: str, hint: str) -> None:
        """Take what the author of the sample at `location` should know of what is shown of it; of an excerpt nothing is said again."""
        if not self._elsewhere:
            self.problems.add(Problem(location, message, hint))

    def _rendered(
        self,
        resolved: Resolved,
        html_id: str,
        source: str,
        annotations: str,
        own: Mapping[Location, str],
        site: Site,
    ) -> str:
        from mkdocs_codeexec.core.places import shown_map
        from mkdocs_codeexec.html.marks import numbers
        from mkdocs_codeexec.report.findings import marks

        if self._renderer is None:
            self._renderer = Renderer(self.theme_dirs, PACKAGE / "templates", self.engine.settings.html)
        sample = resolved.sample
        language = self.engine.languages.get(sample.language)  # None: it is not set up, and that is what went wrong
        # Readers are told numbers of lines that they see.
        seen = sample.presentation.source != "none"
        where = shown_map(sample, lambda: numbers(parted(source)[1], sample.code, sample.hiding) if seen else {})
        found = marks(sample, resolved.verdict, resolved.outcome, language) if language else ()
        return self._renderer.render(
            replace(sample, last=not self._is_followed(sample)),
            resolved.verdict,
            resolved.outcome,
            source=source,
            annotations=annotations,
            html_id=html_id,
            link=functools.partial(self._link, sample.location.page, own),
            site=site,
            tell=functools.partial(self._tell, sample.location),
            tidy=lambda text: language.relocated(language.tidy(sample, text), where) if language else text,
            marks=[mark._replace(message=language.relocated(mark.message, where)) for mark in found]
            if language
            else (),
        )
