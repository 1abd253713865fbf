"""The HTML for one Slot. Output is data: whatever a sample writes arrives on the page as text, unless its author says what it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from markupsafe import Markup

from mkdocs_codeexec.core import artifacts, displays, streams
from mkdocs_codeexec.core.expectation import Converses, Errored, Met, Unmet, Verdict, verdict_name
from mkdocs_codeexec.core.hidden import runnable, visible
from mkdocs_codeexec.html import ansi, consoles, written
from mkdocs_codeexec.html.difference import difference
from mkdocs_codeexec.html.displays import Shown, Site, files, passive
from mkdocs_codeexec.html.displays import shown as show
from mkdocs_codeexec.html.idle import idle
from mkdocs_codeexec.html.ids import identified
from mkdocs_codeexec.html.joined import answer, copied, joined
from mkdocs_codeexec.html.marks import Mark, marked
from mkdocs_codeexec.html.notes import notes, waiting
from mkdocs_codeexec.html.raw import MIME, Held, cleaned, inert, raw
from mkdocs_codeexec.html.streams import Stream, stream
from mkdocs_codeexec.html.tabs import IN_TABS, Tab, tabs
from mkdocs_codeexec.html.uncovered import completed, parted
from mkdocs_codeexec.html.written import overridden

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.sample import Location, Presentation, Sample
    from mkdocs_codeexec.core.settings import HtmlPolicy

_WITHOUT = {**IN_TABS, "console": "above"}
"""Where a source stands for a template that knows of no tabs and of no output in the source, by its place."""

_LOOK = "look at how the sample writes it, and at its name"
"""What to do about a picture that is none."""
NOWHERE = Site()
"""A page that has no files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the template sees of a sample.

    Attributes:
        verdict: `met`, `unmet`, `skipped`, `suspended`, `blocked` or `error`.
        id: Unique on the page.
        source: The source, as the site's highlighter made it.
        position: `above`, `below` or `none`: where the source stands, if not in a tab.
        tabs: Those that the source and the output stand in, from left to right; empty if they are in none.
        streams: What it wrote, in the order build, stdout, stderr, with what it shows beside text where it has shown it; then files.
        notes: Short texts under the output.
    """

    verdict: str
    id: str
    source: Markup
    position: str
    streams: tuple[Stream | Shown, ...]
    notes: tuple[str, ...]
    tabs: tuple[Tab, ...] = ()


class Renderer:
    """Renders Fragments with templates that a theme can override.

    Args:
        theme_dirs: Folders that may hold `codeexec/fragment.html` or `codeexec/output.html`; the first wins.
        package_dir: The folder of our own templates.
        html: Where HTML goes that samples make.
    """

    def __init__(self, theme_dirs: Sequence[Path], package_dir: Path, html: HtmlPolicy = "page") -> None:
        self._html: HtmlPolicy = html
        self._template: Callable[..., str] = written.fragment
        if overridden(theme_dirs):
            from mkdocs_codeexec.html.templates import template

            self._template = template([*theme_dirs, package_dir])

    def render(  # noqa: PLR0913 - named, all but three
        self,
        sample: Sample,
        verdict: Verdict,
        outcome: Outcome | None,
        *,
        source: str,
        html_id: str,
        annotations: str = "",
        tidy: Callable[[str], str],
        marks: Sequence[Mark] = (),
        link: Callable[[Location], str] = lambda _: "",
        site: Site = NOWHERE,
        tell: Callable[[str, str], None] = lambda _message, _hint: None,
    ) -> str:
        """Return the Fragment for `sample`, every `pre` with an id of its own.

        Args:
            sample: What the author wrote.
            verdict: Whether it went so.
            outcome: What happened, raw; None if nothing is known.
            source: The source as HTML; nothing but marks is put into it.
            html_id: Unique on the page.
            annotations: The list, as HTML, that belongs to the source and stands behind it.
            tidy: Makes a step's text fit for readers of the sample.
            marks: What is said of lines of the source.
            link: Returns where readers find another sample; empty if that is not known.
            site: Where pictures and files come from, and go to.
            tell: Is told what its author should know of what is shown, and what to do.
        """
        done = "compared" if sample.links.output_of else "executed"
        held = Held()
        site = self._confined(site, held)
        button, seen, whole = parted(source)
        output = answer(sample, verdict, outcome, seen, tidy)
        shown = tuple(_written(sample, verdict, outcome, tidy, site, joins=bool(output)))
        if isinstance(verdict, Met) and outcome is not None:
            wrong = [(one.wrong, _LOOK) for one in shown if isinstance(one, Shown) and one.wrong]
            for message, hint in wrong or idle(sample, shown):
                tell(message, hint)
        said = tuple(waiting(verdict, link, done) or (ansi.strip(note) for note in notes(sample, verdict, outcome)))
        if whole:
            whole = joined(marked(whole, sample.code, marks, sample.hiding), output)
            whole = completed(whole, runnable(sample.code, sample.hiding) if output else "", annotations, html_id)
        seen = joined(_source(seen, sample, verdict, outcome, tidy, marks), output)
        if output:
            seen = copied(seen, visible(sample.code, sample.hiding))
        position = sample.presentation.source
        view = View(
            verdict=verdict_name(verdict),
            id=html_id,
            source=Markup(button + seen + annotations + whole),  # noqa: S704 - the site's own highlighter wrote it
            position=_WITHOUT.get(position, position),
            streams=shown,
            notes=said,
            tabs=tabs(sample.presentation, verdict, html_id) if position in IN_TABS and (shown or said) else (),
        )
        return held.back(identified(self._template(view=view), html_id))

    def _confined(self, site: Site, held: Held) -> Site:
        """Return `site` with HTML, and files that could be some, where the configuration has it, and no mark of ours in it."""
        convert = site.markdown

        def html(text: str) -> Markup:
            return held.keep(raw(cleaned(text), self._html))

        def markdown(text: str) -> Markup:
            assert convert is not None
            made = convert(cleaned(text))
            # Code blocks in it get ids like all others.
            return Markup(inert(made)) if self._html == "page" else html(made)  # noqa: S704 - the author's word

        place = site.place if self._html == "page" else passive(site.place)
        return replace(site, raw=html, markdown=convert and markdown, place=place)


def _written(
    sample: Sample,
    verdict: Verdict,
    outcome: Outcome | None,
    tidy: Callable[[str], str],
    site: Site,
    *,
    joins: bool,
) -> Iterator[Stream | Shown]:
    """Yield what stands beside the source, without stdout if that `joins` it."""
    if not isinstance(sample.expectation, Converses):
        yield from _streams(sample, verdict, outcome, tidy, site, joins=joins)
        return
    yield from consoles.streams(sample, sample.expectation, verdict, outcome, tidy)
    if outcome is not None:
        yield from _made(sample, outcome, site)


def _streams(
    sample: Sample,
    verdict: Verdict,
    outcome: Outcome | None,
    tidy: Callable[[str], str],
    site: Site,
    *,
    joins: bool,
) -> Iterator[Stream | Shown]:
    if isinstance(verdict, Unmet) and verdict.diff:
        yield from difference(verdict.diff)
    if outcome is None:
        return
    failed = isinstance(verdict, Unmet | Errored)
    presentation = sample.presentation
    if presentation.result == "none" and not failed:
        yield from _files(sample, outcome, site)
        return
    wanted = streams.ALL if failed else presentation.show - {"stdout", "value"} if joins else presentation.show
    for kind in streams.shown(outcome, wanted):
        if kind == "stdout":
            yield from _told(outcome, wanted, presentation, tidy, site, failed=failed)
        else:
            result = "ansi" if kind == "build" else presentation.result
            yield from stream(
                kind,
                streams.written(outcome, kind),
                result,
                tidy,
                unfold=failed,
                fold=presentation.fold,
                wrap=presentation.wrap,
            )
    yield from _files(sample, outcome, site)


def _made(sample: Sample, outcome: Outcome, site: Site) -> Iterator[Shown]:
    """Yield what the commands of a console have shown beside text, and its files."""
    for step in outcome.steps:
        for piece in displays.pieces(step.stdout, step.shown):
            if not isinstance(piece, str):
                yield show(piece, sample.presentation, site)
    yield from _files(sample, outcome, site)


def _told(
    outcome: Outcome,
    wanted: Collection[str],
    presentation: Presentation,
    tidy: Callable[[str], str],
    site: Site,
    *,
    failed: bool,
) -> Iterator[Stream | Shown]:
    """Yield what a program has printed, and what it shows beside text in its place there."""
    run = outcome.step("run")
    assert run is not None, "it has a stdout"
    for piece in displays.pieces(run.stdout, run.shown):
        if not isinstance(piece, str):
            yield show(piece, presentation, site)
        elif "stdout" in wanted:
            yield from _printed(piece, presentation, tidy, site, failed=failed)


def _files(sample: Sample, outcome: Outcome, site: Site) -> Iterator[Shown]:
    """Yield the files that `sample` is to show."""
    if sample.artifacts and (sample.last or not sample.usual_artifacts):
        yield from files(artifacts.found(outcome.left, sample.artifacts), sample.presentation, site)


def _source(
    source: str,
    sample: Sample,
    verdict: Verdict,
    outcome: Outcome | None,
    tidy: Callable[[str], str],
    marks: Sequence[Mark],
) -> str:
    """Return the source with its marks; that of a console with what its commands have printed."""
    if not isinstance(sample.expectation, Converses):
        return marked(source, sample.code, marks, sample.hiding)
    source = marked(source, consoles.shown_code(sample, sample.expectation), marks)
    return consoles.answered(source, sample, sample.expectation, verdict, outcome, tidy)


def _printed(
    text: str, presentation: Presentation, tidy: Callable[[str], str], site: Site, *, failed: bool
) -> Iterator[Stream | Shown]:
    """Yield what a sample has printed: text, or what its author says that it is, if it went as said."""
    result = presentation.result
    if failed or result not in MIME:
        yield from stream("stdout", text, result, tidy, unfold=failed, fold=presentation.fold, wrap=presentation.wrap)
    elif text.strip():
        made = site.markdown(tidy(text)) if result == "markdown" and site.markdown else site.raw(tidy(text))
        yield Shown("display", MIME[result], Markup(made))  # noqa: S704 - the author's word
