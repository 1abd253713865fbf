"""The preprocessor of superfences that renders fences, with ours among them.

superfences knows lists, tabs, blockquotes, admonitions and fences within fences.
"""

from __future__ import annotations

import functools
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from markdown.postprocessors import Postprocessor
from pymdownx.superfences import SuperFencesBlockPreprocessor, SuperFencesException

from mkdocs_codeexec.core.hidden import visible
from mkdocs_codeexec.core.sample import Location, Problem
from mkdocs_codeexec.markdown.asking import Asking
from mkdocs_codeexec.markdown.claiming import foreign_include
from mkdocs_codeexec.markdown.collecting import Desk, ExtensionFailure, PageContext
from mkdocs_codeexec.markdown.header import parse_header
from mkdocs_codeexec.markdown.options import Remark
from mkdocs_codeexec.markdown.slots import open_slot

if TYPE_CHECKING:
    from markdown import Markdown

    from mkdocs_codeexec.markdown.claiming import Claim


class _Opened(NamedTuple):
    """A fence of ours, from its header on.

    Attributes:
        claim: What is done with it.
        place: Index of its header among the lines that superfences sees.
        line: The header.
    """

    claim: Claim
    place: int
    line: str


class Fences(Asking, SuperFencesBlockPreprocessor):  # type: ignore[misc]
    """Renders fences, and hands in the samples among them."""

    def __init__(self, md: Markdown, usual: Any, desk: Desk) -> None:
        super().__init__(md, usual, desk)
        self._index = -1
        self._opened: _Opened | None = None
        self._bare: tuple[int, str] | None = None
        self._problems: list[Problem] = []
        self._deferred: dict[str, list[Problem]] = {}

    def run(self, lines: list[str]) -> list[str]:
        """Return `lines` with a placeholder for each fence."""
        self._index = -1
        self._opened = None
        self._bare = None
        self._problems = []
        self._deferred = {}
        kept: list[str] = super().run(lines)
        self._abandon()
        return kept

    def parse_whitespace(self, line: str) -> str:
        """Count a line outside of a fence."""
        self._index += 1
        whitespace: str = super().parse_whitespace(line)
        return whitespace

    def parse_fence_line(self, line: str) -> tuple[str, str]:
        """Count a line inside of a fence."""
        self._index += 1
        whitespace, content = super().parse_fence_line(line)
        if self._opened and _is_end(content, self.fence):
            content = self.fence
        if self._opened and self.ws == " " and not whitespace:  # no list can be there, so CommonMark goes on
            whitespace = self.ws
        if self._bare and content.startswith(self.fence):
            self._look_within(self._bare, content, line)
        return whitespace, content

    def clear(self) -> None:
        """Forget the fence that was open."""
        self._abandon()
        super().clear()

    def _take(self, found: Claim, line: str) -> None:
        self._opened = _Opened(found, self._index, line)
        self.formatter = functools.partial(self._render, self._opened)

    def _leave(self, line: str, info: str) -> None:
        self._bare = None if info.strip() else (self._index, line)

    def _look_within(self, bare: tuple[int, str], content: str, line: str) -> None:
        """Tell of a sample that stands within a fence without a header.

        That fence is the end of another one, most likely, whose header superfences did not understand.
        """
        info = content[len(self.fence) :]
        page = self._desk.collector.page()
        found = None if info.startswith(self.fence[0]) else self._desk.claim(parse_header(info))
        if not (page and found and found.request):
            return
        self._bare = None  # the first one says it all
        start = self._desk.lines.find(*bare, page.text)
        problem = Problem(
            Location(page.page, self._desk.lines.find(self._index, line, page.text), page.path),
            f"the fence of line {start} has not ended here, so this is not executed",
            f"if line {start} is the end of a fence, mend the header of that one: it is not understood",
        )
        self._problems.append(problem)

    def _abandon(self) -> None:
        """Tell of a sample whose fence has no end. What superfences has rendered is no longer open."""
        lost, self._problems, self._bare = self._problems, [], None
        for problem in lost:
            self._desk.collector.report(problem)
        opened, self._opened = self._opened, None
        page = self._desk.collector.page() if opened and opened.claim.request else None
        if opened and page:
            problem = Problem(
                self._location(opened, page),
                "the fence is never closed, so it is not executed",
                "close it with as many of the same characters, at the same indentation",
            )
            self._desk.collector.report(problem)

    def _location(self, opened: _Opened, page: PageContext) -> Location:
        return Location(page.page, self._desk.lines.find(opened.place, opened.line, page.text), page.path)

    def _render(self, opened: _Opened, *, src: str, **_: object) -> str:
        """Render a fence of ours: the formatter that superfences calls."""
        self._opened = None
        try:
            return self._rendered(opened, src)
        except SuperFencesException:
            raise
        except Exception as error:
            page = self._desk.collector.page()
            where = f"{page.path or page.page}: " if page else ""
            failure = ExtensionFailure(
                f"{where}the fence `{opened.line.strip()}` cannot be rendered ({type(error).__name__}: {error}), "
                "which is a fault of mkdocs-codeexec"
            )
            if self._desk.collector.survives(failure):
                return f"<pre><code>{escape(src)}</code></pre>"
            raise failure from error

    def _rendered(self, opened: _Opened, code: str) -> str:
        found = opened.claim
        page = self._desk.collector.page()
        html, remarks = self._highlighted(found, visible(code) if found.hides_lines else code)
        foreign = foreign_include(code) if found.request and not found.request.ignored else None
        remarks = (*found.remarks, *remarks, *((foreign,) if foreign else ()))
        if page is None or not (found.request or remarks):
            return html
        location = self._location(opened, page)
        self._problems = [Problem(location, remark.message, remark.hint) for remark in remarks]
        if found.request is None:
            return html
        refusal = found.request.refusal or (foreign.message if foreign else "")
        slot = self._desk.collector.add(found.request.sample(location, code), refusal)
        return open_slot(slot, html)

    def _highlighted(self, found: Claim, code: str) -> tuple[str, tuple[Remark, ...]]:
        """Return `code` as the site's own highlighter, or its custom fence for the language, makes it."""
        self.line_count = code.count("\n") + 1
        remarks: list[Remark] = []
        for entry in reversed(self.extension.superfences):
            if not entry["test"](found.word):
                continue
            options: dict[str, Any] = {}
            attrs: dict[str, Any] = {}
            try:
                okay = entry["validator"](found.word, dict(found.passthrough), options, attrs, self.md)
                html = self._formatted(entry["formatter"], found, code, options, attrs) if okay else None
            except SuperFencesException:
                raise
            except Exception as error:
                if entry["formatter"] == self.highlight:
                    raise
                what = f"{type(error).__name__}: {error}"
                remarks.append(Remark(f"the site's own fence for `{found.word}` failed ({what})"))
                continue
            if html is not None:
                return html, tuple(remarks)
        return self._formatted(self.highlight, found, code, {}, {}) or "", tuple(remarks)

    def _formatted(
        self, formatter: Any, found: Claim, code: str, options: dict[str, Any], attrs: dict[str, Any]
    ) -> str | None:
        html: str | None = formatter(
            src=code,
            language=found.word,
            md=self.md,
            options=options,
            classes=list(found.classes),
            id_value=found.id,
            attrs=attrs if self.attr_list else {},
        )
        return html

    def _store(self, source: str, code: str, start: int, end: int) -> None:
        super()._store(source, code, start, end)
        if self._problems:
            placeholder: str = self.stack[-1][0][len(self.ws) :]
            self._deferred[placeholder[1:-1]] = self._problems
            self._problems = []

    def report(self) -> None:
        """Report the problems of the fences that have stayed fences."""
        deferred, self._deferred = self._deferred, {}
        for key, problems in deferred.items():
            if self.disabled_indented or self.extension.stash.get(key) is not None:
                for problem in problems:
                    self._desk.collector.report(problem)


def _is_end(line: str, fence: str) -> bool:
    """Tell whether `line` ends the fence that `fence` began, as CommonMark has it.

    superfences wants it at the same place and of the same length; here it may be up to three spaces further in, and longer.
    """
    mark = line.strip()
    return mark.startswith(fence) and not mark.strip(fence[0]) and not line.startswith(("    ", "\t"))


class Reporter(Postprocessor):
    """Reports problems when it is known which fences superfences has taken back."""

    def __init__(self, md: Markdown, fences: Fences) -> None:
        super().__init__(md)
        self._fences = fences

    def run(self, text: str) -> str:
        """Return `text` as it is."""
        self._fences.report()
        return text
