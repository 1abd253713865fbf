"""The samples with a build step that can be seen in a page's raw text, before the page is converted.

A first look, so that compilers can start early. superfences looks for fences, as it will when the page is converted; what
it would highlight is only noted. It knows no includes and nothing of other plugins, and may take for a sample what is none
(in a comment, say). What it misses is found when the page is converted; what it sees is compiled and never run.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from markdown import Markdown
from markdown.util import ETX, STX

from mkdocs_codeexec.core.sample import Location
from mkdocs_codeexec.markdown.claiming import foreign_include
from mkdocs_codeexec.markdown.collecting import Desk
from mkdocs_codeexec.markdown.containers import containers, is_at_home
from mkdocs_codeexec.markdown.doubts import comments
from mkdocs_codeexec.markdown.fences import Fences, Opened
from mkdocs_codeexec.markdown.header import parse_header
from mkdocs_codeexec.markdown.locating import Lines
from mkdocs_codeexec.markdown.nesting import Nesting

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterator, Sequence

    from mkdocs_codeexec.core.sample import Problem, Sample
    from mkdocs_codeexec.markdown.claiming import Claim
    from mkdocs_codeexec.markdown.collecting import PageContext
    from mkdocs_codeexec.markdown.header import Header
    from mkdocs_codeexec.markdown.options import Request

_HEADER = re.compile(r"(?:`{3,}|~{3,})([^\n]+)$", re.MULTILINE)
"""What may be one; most pages hold none that asks for anything, and are not looked at any further."""


class Seen(NamedTuple):
    """A fence that asks for something, or of which something is to be said.

    Attributes:
        location: Where it is.
        claim: What is done with it.
        code: The text in it.
        unaided: Whether superfences, without us, takes it for a fence.
        key: Of its placeholder.
    """

    location: Location
    claim: Claim
    code: str
    unaided: bool
    key: str

    @property
    def runs(self) -> bool:
        """Whether it is executed, as far as its header says."""
        request = self.claim.request
        return request is not None and not request.ignored and not request.refusal

    @property
    def sample(self) -> Sample:
        """What is executed then."""
        assert self.claim.request is not None, "it `runs`"
        return self.claim.request.sample(self.location, self.code)


class Look(NamedTuple):
    """What is seen of a page.

    Attributes:
        fences: Those that are ours, in the order of the page.
        problems: What is to be said of lines that should have been fences.
    """

    fences: tuple[Seen, ...]
    problems: tuple[Problem, ...]


class Glimpse:
    """Looks at pages.

    Args:
        claim: Says what is done with a header.
        compiled: The languages that have a build step; of others there is nothing to be begun. `look` sees all.
    """

    def __init__(self, claim: Callable[[Header], Claim | None], compiled: Container[str] = ()) -> None:
        self._claim = claim
        self._compiled = compiled
        self._md = Markdown(extensions=["pymdownx.superfences"])
        self._lines, self._listener = Lines(), _Listener()
        desk = Desk(self._listener, claim, self._lines, stand_in=False, nesting=Nesting())
        self._fences = _Seeing(self._md, self._md.preprocessors["fenced_code_block"], desk)
        self._fences.extension.superfences[0]["formatter"] = self._fences.highlight

    def __call__(self, text: str, page: str, *, certain: Collection[str] | None = None) -> Iterator[Sample]:
        """Yield what looks like a sample in `text`, the file of `page` as it is on disk.

        Args:
            text: All of it.
            page: Its path below `docs_dir`.
            certain: The extensions of the site, to yield what is surely on the page and may be run, or should have been: of
                every language, and not what may be in a comment, in indented code, in a template. None for what may be there and has something to build.
        """
        found = (self._claim(parse_header(header)) for header in set(_HEADER.findall(text)))
        if not any(claim and self._is_wanted(claim.request, certain=certain is not None) for claim in found):
            return
        lines = self._split(text)
        self._fences.run(list(lines))
        self._md.reset()
        if certain is not None and "{%" in text:
            return
        commented = _commented(lines) if certain is not None else []
        container = containers(certain or ())
        for opened, code, _, _, end in self._fences.seen:
            if certain is not None and (commented[opened.place] or not is_at_home(lines, opened.place, container)):
                continue
            request = opened.claim.request
            if request is not None and self._is_wanted(request, certain=certain is not None) and not _brings(code):
                yield request.sample(Location(page, opened.place + 1, end=end), code)

    def look(self, page: PageContext) -> Look:
        """Return what is seen of `page`, what will not be executed too; what is commented out is left out."""
        lines = self._split(page.text or "")
        self._lines.begin(lines)
        self._listener.begin(page)
        rest = self._fences.run(lines)
        # Indented code may show what is no fence; here nobody knows what is indented code.
        self._fences.doubts.show(line for line in lines if line.startswith(("    ", "\t")))
        self._md.preprocessors["html_block"].run(rest)
        hidden = "".join(comments(self._md.htmlStash.rawHtmlBlocks))
        self._fences.report()
        self._md.reset()
        seen = [
            Seen(Location(page.page, opened.place + 1, page.path), opened.claim, code, unaided, key)
            for opened, code, unaided, key, _ in self._fences.seen
            if f"{STX}{key}{ETX}" not in hidden
        ]
        return Look(tuple(seen), tuple(self._listener.end()))

    def _split(self, text: str) -> list[str]:
        lines = text.expandtabs(self._md.tab_length).split("\n")
        return [line if line.strip() else "" for line in lines]

    def _is_wanted(self, request: Request | None, *, certain: bool) -> bool:
        if request is None or (request.refusal and not certain):
            return False
        if request.ignored:  # a file, which others may need
            return certain and bool(request.links.file)
        return certain or (request.language in self._compiled and not request.links.output_of)


def _brings(code: str) -> bool:
    """Tell whether files are included in `code`, so that it is not yet what is executed."""
    return "--8<--" in code or foreign_include(code) is not None


def _commented(lines: Sequence[str]) -> list[bool]:
    """Return of each line whether a comment that begins before it may not have ended."""
    found: list[bool] = []
    comment = False
    for line in lines:
        found.append(comment)
        begin, end = line.rfind("<!--"), line.rfind("-->")
        comment = end < begin if begin >= 0 else comment and end < 0
    return found


class _Seeing(Fences):
    """Notes samples instead of rendering them."""

    def run(self, lines: list[str]) -> list[str]:
        self.seen: list[tuple[Opened, str, bool, str, int]] = []
        self._rendered_now: tuple[Opened, str, bool] | None = None
        self._unaided = False
        return super().run(lines)

    def _answer(self, m: re.Match[str], usual: Callable[[re.Match[str]], bool]) -> bool:
        def noted(m: re.Match[str]) -> bool:
            self._unaided = usual(m)
            return self._unaided

        self._unaided = False
        return super()._answer(m, noted)

    def _render(self, opened: Opened, *, src: str, **_: object) -> str:
        self._opened = None
        self._rendered_now = opened, src, self._unaided
        return ""

    def _tell(self, formatter: Callable[..., str], opened: Opened, *, src: str, **_: Any) -> str:
        del formatter
        self._rendered_now = opened, src, self._unaided
        return ""

    def _store(self, source: str, code: str, start: int, end: int) -> None:
        super()._store(source, code, start, end)
        if self._rendered_now is not None:
            key = self.stack[-1][0][len(self.ws) :][1:-1]
            self.seen.append((*self._rendered_now, key, end))
            self._rendered_now = None

    def highlight(self, *_: Any, **__: Any) -> str:
        """Return nothing: nobody will see it."""
        return ""


class _Listener:
    """A Collector that hears what is wrong with a page, and nothing where there is no page."""

    def __init__(self) -> None:
        self._page: PageContext | None = None
        self._problems: list[Problem] = []

    def begin(self, page: PageContext) -> None:
        self._page = page

    def end(self) -> list[Problem]:
        found, self._problems, self._page = self._problems, [], None
        return found

    def page(self) -> PageContext | None:
        return self._page

    def add(self, *_: object) -> str:
        return ""

    def report(self, problem: Problem) -> None:
        self._problems.append(problem)

    def know(self, *_: object) -> None:
        pass

    def survives(self, *_: object) -> bool:
        return False


def headers(text: str) -> Iterator[Header]:
    """Yield the header of all that looks like the start of a fence, or its end, at any indentation."""
    return (parse_header(header) for header in _HEADER.findall(text))
