"""The preprocessors of superfences, asked before they take a fence.

superfences knows lists, tabs, blockquotes, admonitions and fences within fences; it reads a header in one of three
methods, depending on its spelling, and throws away what it cannot read. These subclasses look at the whole header
first. What is not ours goes its usual way, untouched.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markdown.postprocessors import Postprocessor
from pymdownx.superfences import (
    SuperFencesBlockPreprocessor,
    SuperFencesException,
    SuperFencesRawBlockPreprocessor,
)

from mkdocs_codeexec.core.hidden import visible
from mkdocs_codeexec.core.sample import Location, Problem
from mkdocs_codeexec.markdown.collecting import Desk, ExtensionFailure, PageContext
from mkdocs_codeexec.markdown.header import Header, is_inline_code, parse_header
from mkdocs_codeexec.markdown.options import Remark
from mkdocs_codeexec.markdown.slots import open_slot

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from markdown import Markdown

    from mkdocs_codeexec.markdown.claiming import Claim


@dataclass(frozen=True, slots=True)
class _Opened:
    """A fence of ours, from its header on.

    Attributes:
        claim: What is done with it.
        index: Index of its header among the lines that superfences sees.
        line: The header.
    """

    claim: Claim
    index: int
    line: str


class _Asking:
    """A preprocessor of superfences that shows us each header first."""

    md: Any
    lang: str | None
    id: str
    classes: list[str]
    options: dict[str, Any]
    attrs: dict[str, Any]
    formatter: Any
    line_count: int

    def __init__(self, md: Markdown, usual: Any, desk: Desk) -> None:
        super().__init__(md)  # type: ignore[call-arg]
        self.config, self.extension = usual.config, usual.extension
        self._desk = desk
        self._asking = False

    def parse_options(self, m: re.Match[str]) -> bool:
        """Read `lang option="value"`."""
        return self._ask(m, super().parse_options)  # type: ignore[misc]

    def handle_attrs(self, m: re.Match[str]) -> bool:
        """Read `{.lang option="value"}`."""
        return self._ask(m, super().handle_attrs)  # type: ignore[misc]

    def handle_unrecognized(self, m: re.Match[str]) -> bool:
        """Read anything else."""
        return self._ask(m, super().handle_unrecognized)  # type: ignore[misc]

    def _ask(self, m: re.Match[str], usual: Callable[[re.Match[str]], bool]) -> bool:
        if self._asking:  # with relaxed headers one of the three calls another
            return usual(m)
        self._asking = True
        try:
            return self._answer(m, usual)
        finally:
            self._asking = False

    def _answer(self, m: re.Match[str], usual: Callable[[re.Match[str]], bool]) -> bool:
        fence = m.group("fence")
        info = m.group(0)[len(fence) :]
        if fence.startswith("`") and is_inline_code(info):
            return usual(m)
        header = parse_header(info)
        found = self._desk.claim(header)
        if found is None or found.manner == "native":
            okay = usual(m) or self._rescue(header)
            if okay and found is not None and found.hides_lines:
                self.formatter = functools.partial(self._show, self.formatter)
            return okay
        if found.manner == "leftover" and usual(m) and self.formatter is not self._usual_formatter:
            return True
        self.lang, self.id, self.classes = found.word, found.id, list(found.classes)
        self.options, self.attrs = {}, {}
        self._take(found, m.string)
        return True

    @property
    def _usual_formatter(self) -> Any:
        return self.extension.superfences[0]["formatter"]

    def _rescue(self, header: Header) -> bool:
        """Take what `fenced_code` takes and superfences without Pygments does not: `lang hl_lines="1"`."""
        only = {option.name for option in header.options}
        if not self._desk.stand_in or only != {"hl_lines"} or header.braces or header.stray or header.rustdoc:
            return False
        self.lang, self.options, self.attrs = header.language, {}, {}
        self.formatter = self._usual_formatter
        return True

    def _show(self, formatter: Callable[..., str], *, src: str, **how: Any) -> str:
        """Render with `formatter` what readers see of a plain fence."""
        shown = visible(src)
        if shown != src:
            self.line_count = shown.count("\n") + 1
        return formatter(src=shown, **how)

    def _take(self, found: Claim, line: str) -> None:  # noqa: ARG002 - here a fence only has to be one
        """Make the fence that starts with `line` ours."""
        self.formatter = None


class RawFences(_Asking, SuperFencesRawBlockPreprocessor):  # type: ignore[misc]
    """Keeps the tabs of our fences too, where `preserve_tabs` is on: superfences would not know them as fences."""


class Fences(_Asking, SuperFencesBlockPreprocessor):  # type: ignore[misc]
    """Renders fences, and hands in the samples among them."""

    def __init__(self, md: Markdown, usual: Any, desk: Desk) -> None:
        super().__init__(md, usual, desk)
        self._index = -1
        self._opened: _Opened | None = None
        self._problems: list[Problem] = []
        self._deferred: dict[str, list[Problem]] = {}

    def run(self, lines: list[str]) -> list[str]:
        """Return `lines` with a placeholder for each fence."""
        self._index = -1
        self._opened = None
        self._problems = []
        self._deferred = {}
        kept: list[str] = super().run(lines)
        self._abandon()
        return kept

    def parse_whitespace(self, line: str) -> str:
        """Count a line outside of a fence."""
        self._index += 1
        return str(super().parse_whitespace(line))

    def parse_fence_line(self, line: str) -> tuple[str, str]:
        """Count a line inside of a fence."""
        self._index += 1
        whitespace, content = super().parse_fence_line(line)
        return whitespace, content

    def clear(self) -> None:
        """Forget the fence that was open."""
        self._abandon()
        super().clear()

    def _take(self, found: Claim, line: str) -> None:
        self._opened = _Opened(found, self._index, line)
        self.formatter = functools.partial(self._render, self._opened)

    def _abandon(self) -> None:
        """Tell of a sample whose fence has no end. What superfences has rendered is no longer open."""
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
        return Location(page.page, self._desk.lines.find(opened.index, opened.line, page.text), page.path)

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
            raise ExtensionFailure(
                f"{where}the fence `{opened.line.strip()}` cannot be rendered ({type(error).__name__}: {error}), "
                "which is a fault of mkdocs-codeexec"
            ) from error

    def _rendered(self, opened: _Opened, code: str) -> str:
        found = opened.claim
        page = self._desk.collector.page()
        html, remarks = self._highlighted(found, visible(code) if found.hides_lines else code)
        remarks = (*found.remarks, *remarks)
        if page is None or not (found.request or remarks):
            return html
        location = self._location(opened, page)
        self._problems = [Problem(location, remark.message, remark.hint) for remark in remarks]
        if found.request is None:
            return html
        slot = self._desk.collector.add(found.request.sample(location, code), found.request.refusal)
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


class Reporter(Postprocessor):
    """Reports problems when it is known which fences superfences has taken back."""

    def __init__(self, md: Markdown, fences: Fences) -> None:
        super().__init__(md)
        self._fences = fences

    def run(self, text: str) -> str:
        """Return `text` as it is."""
        self._fences.report()
        return text
