"""The HTML for one Slot. Output is data: whatever a sample writes arrives on the page as text, unless its author says what it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import unescape
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from mkdocs_codeexec.core import artifacts, displays
from mkdocs_codeexec.core.conversing import says_end
from mkdocs_codeexec.core.expectation import (
    Blocked,
    Converses,
    Errored,
    Met,
    Skipped,
    Suspended,
    Unmet,
    Verdict,
    verdict_name,
    verdict_reason,
)
from mkdocs_codeexec.core.outcome import Exited, Outcome, describe
from mkdocs_codeexec.html import ansi, written
from mkdocs_codeexec.html.displays import Shown, Site, files, passive
from mkdocs_codeexec.html.displays import shown as show
from mkdocs_codeexec.html.ids import identified
from mkdocs_codeexec.html.marks import Mark, marked
from mkdocs_codeexec.html.raw import MIME, Held, cleaned, inert, raw
from mkdocs_codeexec.html.written import overridden

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from mkdocs_codeexec.core.outcome import StepResult
    from mkdocs_codeexec.core.sample import Location, Presentation, Sample
    from mkdocs_codeexec.core.settings import HtmlPolicy

FOLD_LINES = 40
"""A stream with more lines than this is folded."""
HIGHLIGHTED = 16 * 1024
"""Characters of output that Pygments is given; many lexers take quadratic time."""

NOWHERE = Site()
"""A page that has no files."""
_LABELS = {"build": "Compiler messages", "stdout": "Output", "stderr": "Error output", "diff": "Difference"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One `pre` on the page. What the template sees.

    Attributes:
        kind: `build`, `stdout` or `stderr`; `diff` for how output differs from what is written.
        label: What a screen reader calls it.
        html: Safe HTML.
        lines: Number of lines.
        folded: Whether it is long enough to be folded.
        open: Whether it is unfolded at first.
        classes: CSS classes of the `pre`.
    """

    kind: str
    label: str
    html: Markup
    lines: int
    folded: bool
    open: bool
    classes: str


class Tab(NamedTuple):
    """A tab on the page. What the template sees.

    Attributes:
        id: Of its button, unique on the page.
        label: What it is called.
        holds: `source` or `output`.
        open: Whether it is the one that is seen at first.
    """

    id: str
    label: str
    holds: str
    open: bool


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
        """
        done = "compared" if sample.links.output_of else "executed"
        held = Held()
        site = self._confined(site, held)
        streams = tuple(_written(sample, verdict, outcome, tidy, site))
        notes = tuple(_waiting(verdict, link, done) or (ansi.strip(note) for note in _notes(sample, verdict, outcome)))
        position = sample.presentation.source
        view = View(
            verdict=verdict_name(verdict),
            id=html_id,
            source=Markup(_source(source, sample, verdict, outcome, tidy, marks) + annotations),  # noqa: S704 - the site's own highlighter wrote it
            position=_IN_TABS.get(position, position),
            streams=streams,
            notes=notes,
            tabs=_tabs(sample, verdict, html_id) if position in _IN_TABS and (streams or notes) else (),
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
    sample: Sample, verdict: Verdict, outcome: Outcome | None, tidy: Callable[[str], str], site: Site
) -> Iterator[Stream | Shown]:
    if not isinstance(sample.expectation, Converses):
        yield from _streams(sample, verdict, outcome, tidy, site)
        return
    from mkdocs_codeexec.html import consoles

    yield from consoles.streams(sample, sample.expectation, verdict, outcome, tidy)
    if outcome is not None:
        yield from _made(sample, outcome, site)


_IN_TABS = {"tabbed-left": "above", "tabbed-right": "below"}
"""Where a source in a tab stands for a template that knows of no tabs, and where there is no output."""


def _tabs(sample: Sample, verdict: Verdict, html_id: str) -> tuple[Tab, ...]:
    """Return the tabs of `sample`; of one that did not go as said, the one with the output is open."""
    failed = isinstance(verdict, Unmet | Errored)
    held = [("source", sample.presentation.tabs[0]), ("output", sample.presentation.tabs[1])]
    if sample.presentation.source == "tabbed-right":
        held.reverse()
    return tuple(
        Tab(f"__tabbed_{html_id}_{number}", label, holds, holds == "output" if failed else number == 1)
        for number, (holds, label) in enumerate(held, 1)
    )


def _streams(
    sample: Sample, verdict: Verdict, outcome: Outcome | None, tidy: Callable[[str], str], site: Site
) -> Iterator[Stream | Shown]:
    if outcome is None:
        return
    failed = isinstance(verdict, Unmet | Errored)
    shown = {"build", "stdout", "stderr"} if failed else sample.presentation.show
    presentation = sample.presentation
    if presentation.result == "none" and not failed:
        yield from _files(sample, outcome, site)
        return
    build, run = outcome.step("build"), outcome.step("run")
    if build is not None and ("build" in shown or build.ended != Exited(0)):
        # A compiler writes to stderr; what comes on stdout (a Makefile, say) stands before it.
        text = "\n".join(part.rstrip("\n") for part in (build.stdout, build.stderr) if part)
        yield from stream("build", text, "ansi", tidy, unfold=failed)
    if run is not None:
        yield from _told(run, shown, presentation, tidy, site, failed=failed)
        if "stderr" in shown:
            yield from stream("stderr", run.stderr, presentation.result, tidy, unfold=failed)
    yield from _files(sample, outcome, site)


def _made(sample: Sample, outcome: Outcome, site: Site) -> Iterator[Shown]:
    """Yield what the commands of a console have shown beside text, and its files."""
    for step in outcome.steps:
        for piece in displays.pieces(step.stdout, step.shown):
            if not isinstance(piece, str):
                yield show(piece, sample.presentation, site)
    yield from _files(sample, outcome, site)


def _told(
    run: StepResult,
    shown: Collection[str],
    presentation: Presentation,
    tidy: Callable[[str], str],
    site: Site,
    *,
    failed: bool,
) -> Iterator[Stream | Shown]:
    """Yield what a program has printed, and what it shows beside text in its place there."""
    if not {"stdout", "value"} & set(shown):
        return
    for piece in displays.pieces(run.stdout, run.shown):
        if not isinstance(piece, str):
            yield show(piece, presentation, site)
        elif "stdout" in shown:
            yield from _printed(piece, presentation, tidy, site, failed=failed)


def _files(sample: Sample, outcome: Outcome, site: Site) -> Iterator[Shown]:
    """Yield the files that `sample` is to show."""
    if sample.artifacts:
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
    from mkdocs_codeexec.html import consoles

    source = marked(source, consoles.shown_code(sample, sample.expectation), marks)
    return consoles.answered(source, sample, sample.expectation, verdict, outcome, tidy)


def _printed(
    text: str, presentation: Presentation, tidy: Callable[[str], str], site: Site, *, failed: bool
) -> Iterator[Stream | Shown]:
    """Yield what a sample has printed: text, or what its author says that it is, if it went as said."""
    result = presentation.result
    if failed or result not in MIME:
        yield from stream("stdout", text, result, tidy, unfold=failed)
    elif text.strip():
        made = site.markdown(tidy(text)) if result == "markdown" and site.markdown else site.raw(tidy(text))
        yield Shown("display", MIME[result], Markup(made))  # noqa: S704 - the author's word


def stream(kind: str, text: str, result: str, tidy: Callable[[str], str], *, unfold: bool) -> Iterator[Stream]:
    """Yield the `pre` for `text`, if there is anything to be seen.

    Args:
        kind: What it is.
        text: As it was written.
        result: How it is shown.
        tidy: Makes it fit for readers.
        unfold: Whether it is unfolded at first.
    """
    text = tidy(text).rstrip("\n") if text else ""
    if kind == "stderr":
        text = text.lstrip("\n")  # rustc 1.90 and later begin a panic with an empty line
    if not text:
        return
    lines = text.count("\n") + 1
    classes = f"codeexec-{kind}"
    if result == "ansi" or kind == "build":
        html = ansi.to_html(text)
    elif result == "text" or result in MIME or kind == "stderr":
        html = Markup.escape(ansi.plain(text))
    else:
        html = _highlight(ansi.plain(text), result)
        classes += " highlight"
    if not html.strip("\n"):
        return  # it only moved the cursor, say
    yield Stream(
        kind=kind,
        label=_LABELS[kind],
        html=html,
        lines=lines,
        folded=lines > FOLD_LINES,
        open=unfold,
        classes=classes,
    )


_PYGMENTS = re.compile(r'[^<>]*+(?:<span class="[\w -]+">[^<>]*+</span>[^<>]*+)*')


def _highlight(text: str, lexer: str) -> Markup:
    """Return `text` as Pygments highlights it, if that is nothing but spans in it; else as it is."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    plain = Markup.escape(text)
    if len(text) > HIGHLIGHTED:
        return plain
    try:
        found = get_lexer_by_name(lexer, stripnl=False)
        html = highlight(text, found, HtmlFormatter(nowrap=True)).rstrip("\n")
    except Exception:  # noqa: BLE001 - there are hundreds of lexers, and nothing says what they raise
        return plain
    if not _PYGMENTS.fullmatch(html) or unescape(re.sub("<[^>]*>", "", html)) != text.rstrip("\n"):
        return plain  # some lexers rewrite what they read, and plugins can bring any
    return Markup(html)  # noqa: S704 - escaped text and spans, as was just seen


def _waiting(verdict: Verdict, link: Callable[[Location], str], done: str) -> Sequence[str]:
    """Return why a sample is not executed, or whatever is `done` otherwise, that waits for another one, or for what is not here; empty for any other."""
    if isinstance(verdict, Blocked):
        return [Markup("not {}, because {} {}").format(done, _other(verdict.by, verdict.at, link), verdict.because)]
    if not isinstance(verdict, Suspended):
        return []
    if verdict.by:
        other = _other(verdict.by, verdict.at, link)
        lacked = ", ".join(f"`{lack.what}`" for lack in verdict.missing)
        return [Markup("not {}, because {} requires {}, which is missing").format(done, other, lacked)]
    hints = ((f"`{lack.what}` is missing", f": {lack.how}" if lack.how else "") for lack in verdict.missing)
    return [f"not {done}, because {what}{how}" for what, how in hints]


def _other(name: str, at: Location | None, link: Callable[[Location], str]) -> Markup:
    address = link(at) if at is not None else ""
    if address:
        return Markup('<a href="{}">{}</a>').format(address, name)
    where = f" ({at})" if at is not None and str(at) != name else ""
    return Markup("`{}`{}").format(name, where)


def _notes(sample: Sample, verdict: Verdict, outcome: Outcome | None) -> Iterator[str]:
    """Yield what a reader needs beside the text: how it ended, and why that is not what was promised."""
    reason = verdict_reason(verdict)
    ended = describe(outcome.steps[-1].ended) if outcome and outcome.steps else ""
    if isinstance(sample.expectation, Converses) and (isinstance(verdict, Unmet) or says_end(sample.expectation)):
        ended = ""  # a line of the source says it, or the reason does
    match verdict:
        case Met():
            # A failed build that was announced speaks for itself; a program's exit status does not.
            run = outcome.step("run") if outcome else None
            if run is not None and run.ended != Exited(0) and ended:
                yield ended
        case Skipped():
            if outcome is None and reason != "ignored":
                yield reason
        case _:
            if ended and ended not in reason and ended != "exit status 0":
                yield ended
            yield reason
    if outcome:
        for step in outcome.steps:
            if left_out := sum(step.truncated):
                yield f"{left_out} bytes of output are not shown"
