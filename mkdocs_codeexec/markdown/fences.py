"""The preprocessor of superfences that renders fences, with ours among them.

superfences knows lists, tabs, blockquotes, admonitions and fences within fences.
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from markdown.postprocessors import Postprocessor
from markdown.util import ETX, STX
from pymdownx.superfences import PREFIX_CHARS, SuperFencesBlockPreprocessor, SuperFencesException

from mkdocs_codeexec.core.hidden import visible
from mkdocs_codeexec.core.sample import Location, Problem
from mkdocs_codeexec.core.trees import is_drawn
from mkdocs_codeexec.markdown import consoles
from mkdocs_codeexec.markdown.asking import Asking
from mkdocs_codeexec.markdown.claiming import contest, foreign_include
from mkdocs_codeexec.markdown.collecting import Desk, ExtensionFailure, PageContext, Words
from mkdocs_codeexec.markdown.doubts import Doubts, comments, opener, untaken
from mkdocs_codeexec.markdown.header import is_inline_code, parse_header
from mkdocs_codeexec.markdown.includes import INCLUDES
from mkdocs_codeexec.markdown.literate import Literate, literate
from mkdocs_codeexec.markdown.options import Remark
from mkdocs_codeexec.markdown.rendering import Rendering
from mkdocs_codeexec.markdown.slots import open_slot
from mkdocs_codeexec.markdown.trees import WORD

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from markdown import Markdown

    from mkdocs_codeexec.core.consoles import Console
    from mkdocs_codeexec.markdown.claiming import Claim
    from mkdocs_codeexec.markdown.trees import Tree


_NOWHERE = Location("", 0)
_PREFIXES = frozenset(PREFIX_CHARS)


class Opened(NamedTuple):
    """A fence of ours, from its header on.

    Attributes:
        claim: What is done with it.
        place: Index of its header among the lines that superfences sees.
        line: The header.
    """

    claim: Claim
    place: int
    line: str


class Swallowed(NamedTuple):
    """A sample that stands within a fence.

    Attributes:
        opened: Its header.
        told: Whether it is told although that fence has an end.
    """

    opened: Opened
    told: bool


class Fences(Asking, Rendering, SuperFencesBlockPreprocessor):  # type: ignore[misc]
    """Renders fences, and hands in the samples among them.

    Attributes:
        doubts: What is to be said of lines that may turn out not to be fences.
        directive: The last `:::` that mkdocstrings was asked for: its name, and how many of that name came before.
    """

    def __init__(self, md: Markdown, usual: Any, desk: Desk) -> None:
        super().__init__(md, usual, desk)
        self.doubts = Doubts()
        self._begin()

    def _begin(self) -> None:
        self.directive: tuple[str, int] | None = None
        self._directives: Counter[str] = Counter()
        self._nested = False
        self._index = -1
        self._line = ""
        self._opened: Opened | None = None
        self._left: tuple[int, str] | None = None
        self._swallowed: list[Swallowed] = []
        self._suspicious = False
        self._handed_in: Location | None = None
        self._samples: dict[str, Location] = {}
        self._contested: Remark | None = None
        self._problems: list[Problem] = []
        self._deferred: dict[str, list[Problem]] = {}
        self._fenced: list[range] = []
        self.doubts.clear()

    def run(self, lines: list[str]) -> list[str]:
        """Return `lines` with a placeholder for each fence."""
        self._begin()
        self._nested = self._desk.nesting.begin(self, self._desk.collector.page())
        kept: list[str] = super().run(self._opened_up(lines))
        self._abandon()
        return kept

    def _opened_up(self, lines: list[str]) -> list[str]:
        """Return `lines` with the text of literate fences as a part of them, and their source where it is to be shown."""
        page = self._desk.collector.page()
        found = list(literate(lines, self._desk.claim)) if page and any("exec" in line for line in lines) else []
        taken = [entry for entry in self.extension.superfences if entry["name"] != "superfences"] if found else ()
        lines = list(lines)
        texts = [each.text(lines) for each in found]
        for each, text in zip(found, texts, strict=True):
            if not any(entry["test"](each.claim.word) for entry in taken):  # somebody else's, such as markdown-exec's
                self._open(each, text, lines)
        return lines

    def _open(self, fence: Literate, text: str, lines: list[str]) -> None:
        """Take the fence away around its `text`, and put its source there if that is to be shown."""
        blank = fence.prefix.rstrip()
        page = self._desk.collector.page()
        if page is not None and fence.claim.remarks:
            line = self._desk.lines.peek(fence.start, page.text)
            for remark in fence.claim.remarks:
                self._desk.collector.report(remark.at(Location(page.page, line, page.path)))
        source = ""
        if fence.claim.source != "none":
            self.get_hl_settings()
            source, _ = self._highlighted(fence.claim, text)
        digest = hashlib.sha256(repr((page and page.page, fence.start, text)).encode("utf-8", "surrogatepass"))
        around = fence.around(source, f"__tabbed_{digest.hexdigest()[:16]}")
        for place, html in zip((fence.start, fence.end), around, strict=True):
            kept = f"{fence.prefix}{self.md.htmlStash.store(html)}\n" if html else ""
            lines[place] = f"{blank}\n{kept}{blank}"

    def parse_whitespace(self, line: str) -> str:
        """Count a line outside of a fence."""
        self._index += 1
        if line[:1] in _PREFIXES:
            whitespace: str = super().parse_whitespace(line)
        else:  # most lines are not indented
            whitespace, self.ws_len, self.ws_virtual_len = "", 0, 0
        if found := untaken(line):
            self._suspicious = True
            page, asks = self._desk.collector.page(), self._asking_for(found.fence, found.info)
            if page and asks:
                location = self._location(Opened(asks, self._index, line), page)
                self.doubts.add(line, found.remark.at(location))
        return whitespace

    def _asking_for(self, fence: str, info: str) -> Claim | None:
        """Return what is done with a fence that starts with `fence` and `info`, if it asks for something."""
        if fence.startswith("`") and is_inline_code(info):
            return None
        found = self._desk.claim(parse_header(info))
        return found if found and found.request and not found.request.ignored else None

    def parse_fence_line(self, line: str) -> tuple[str, str]:
        """Count a line inside of a fence."""
        self._index += 1
        self._line = line
        # Most fences are not indented, and then superfences takes nothing off.
        whitespace, content = super().parse_fence_line(line) if self.ws_virtual_len else ("", line)
        if self._opened and self.fence in content and _is_end(content, self.fence):
            content = self.fence
        if self._opened and self.ws == " " and not whitespace:  # no list can be there, so CommonMark goes on
            whitespace = self.ws
        if "```" in content or "~~~" in content:
            self._look_within(content, line)
        return whitespace, content

    def clear(self) -> None:
        """Forget the fence that was open."""
        self._abandon()
        self._left = self._contested = None
        super().clear()

    def _take(self, found: Claim, line: str) -> None:
        if self._contested:
            found = found._replace(remarks=(*found.remarks, self._contested))
        self._opened = Opened(found, self._index, line)
        self.formatter = functools.partial(self._render, self._opened)

    def _refuse(self) -> None:
        self._suspicious = True

    def _leave(self, line: str, info: str) -> None:
        del info
        self._left = (self._index, line)

    def _look_at(self, found: Claim, line: str) -> None:
        super()._look_at(found, line)
        if found.remarks:
            self.formatter = functools.partial(self._tell, self.formatter, Opened(found, self._index, line))

    def _tell(self, formatter: Callable[..., str], opened: Opened, *, src: str, **how: Any) -> str:
        """Render a fence that is not ours with `formatter`, and tell what is to be said of it."""
        if page := self._desk.collector.page():
            location = self._location(opened, page, src)
            self._problems = [remark.at(location) for remark in opened.claim.remarks]
        return formatter(src=src, **how)

    def _contest(self, found: Claim, line: str, owner: str) -> None:
        del line
        self._contested = contest(found, owner)

    def direct(self, name: str) -> None:
        """Note that mkdocstrings renders `::: name` next."""
        self.directive = name, self._directives[name]
        self._directives[name] += 1

    def line_of(self, wanted: re.Pattern[str], number: int, page: PageContext) -> int:
        """Return the line of the page, outside of fences, that `wanted` matches, after `number` others; 0 if there is none."""
        fenced = {index for lines in self._fenced for index in lines}
        return self._desk.lines.find_any(wanted, number, fenced, page.text)

    def line_of_left(self, page: PageContext) -> int:
        """Return the line of the fence that is not ours and is being rendered now; 0 if there is none."""
        return self._desk.lines.find(*self._left, page.text) if self._left else 0

    def _look_within(self, content: str, line: str) -> None:
        """Note a sample that stands within the fence that is open.

        If that one has an end it may show how samples are written. But if it has no header, and there was one before that
        superfences did not understand or that had no end, it is the end of that one, most likely.
        """
        seen = opener(content)
        if seen and (found := self._asking_for(*seen)):
            same = content.startswith(self.fence) and not content[len(self.fence) :].startswith(self.fence[0])
            like_it = same and self._is_bare
            self._swallowed.append(Swallowed(Opened(found, self._index, line), told=like_it and self._suspicious))

    @property
    def _is_bare(self) -> bool:
        """Whether the fence that is open has no header."""
        return self._left is not None and not self._left[1].strip(" \t>`~")

    def _tell_within(self, swallowed: Swallowed, start: int, page: PageContext) -> Problem:
        """Return what is to be said of a sample within the fence that is open, which begins in line `start`."""
        mend = f"if line {start} is the end of a fence, mend the header of that one: it is not understood"
        return Problem(
            self._location(swallowed.opened, page),
            f"the fence of line {start} has not ended here, so this is not executed",
            mend if self._is_bare else f"close the fence of line {start}",
        )

    def _abandon(self) -> None:
        """Tell of a sample whose fence has no end. What superfences has rendered is no longer open."""
        self._problems = []
        swallowed, self._swallowed = self._swallowed, []
        opened, self._opened = self._opened, None
        lost = opened if opened and opened.claim.request else None
        begun, page = self._left or (opened and opened[1:]), self._desk.collector.page()
        self._suspicious = self._suspicious or begun is not None
        if not (page and begun and (lost or swallowed)):
            return
        start = self._location_of(*begun, page)  # before that of what stands within
        if lost:
            message = "the fence is never closed, so it is not executed"
            hint = "close it with as many of the same characters, at the same indentation"
            self.doubts.add(lost.line, Problem(start, message, hint))
        for each in swallowed:
            self.doubts.add(each.opened.line, self._tell_within(each, start.line, page), group=begun[0])

    def _location(self, opened: Opened, page: PageContext, code: str | None = None) -> Location:
        """Return where a fence is; its end too if that has been seen, and so the `code` in it is known."""
        return self._location_of(opened.place, opened.line, page, code)

    def _location_of(self, place: int, header: str, page: PageContext, code: str | None = None) -> Location:
        if self._nested:
            lines = (header, *(code.split("\n") if code else ()))
            within = self._desk.nesting.location(page, self.md, lines)
            if within is not None:
                return within
        line = self._desk.lines.find(place, header, page.text)
        end = 0 if code is None else self._desk.lines.find(self._index, self._line, page.text)
        return Location(page.page, line, page.path, end if end > line else 0)

    def _render(self, opened: Opened, *, src: str, **_: object) -> str:
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

    def _rendered(self, opened: Opened, code: str) -> str:
        found = opened.claim
        page = self._desk.collector.page()
        if found.tree is not None:
            if page and found.remarks:
                location = self._location(opened, page, code)
                self._problems = [remark.at(location) for remark in found.remarks]
            return self._drawn(found, found.tree, code)
        console = consoles.console_of(found.request.sample(_NOWHERE, code)) if found.request else None
        if console is not None and page is not None:
            return self._conversing(opened, code, console, page)
        html, remarks = self._highlighted(found, visible(code, found.hiding))
        host = page.host if page else ""
        runs = found.request and not found.request.ignored and not found.request.links.output_of
        foreign = self._foreign(code, host) if runs else None
        told = foreign is not None and INCLUDES in self.md.preprocessors
        remarks = (*found.remarks, *remarks, *((foreign,) if foreign and not told else ()))
        if page is None or not (found.request or remarks):
            return html
        location = self._location(opened, page, code)
        self._problems = [remark.at(location) for remark in remarks]
        request = found.request
        if request is None:
            return html
        sample = request.sample(location, code)
        if self._desk.is_block(sample.presentation.result):
            block = replace(sample.presentation, result="markdown", block=sample.presentation.result)
            sample = replace(sample, presentation=block)
        self._handed_in = None if request.ignored else location
        slot = self._desk.collector.add(sample, request.refusal or (foreign.message if foreign else ""), request.hint)
        return open_slot(slot, self._uncovered(html, found, code))

    def _foreign(self, code: str, host: str) -> Remark | None:
        """Return what is to be said of a sample in which something should be included that is not."""
        if INCLUDES not in self.md.preprocessors:
            return foreign_include(code, host)
        failed = [each for each in self.md.preprocessors[INCLUDES].failed if each in code]
        return Remark(f"`{min(failed, key=code.index)}` is not included") if failed else None

    def _drawn(self, found: Claim, tree: Tree, code: str) -> str:
        """Render a tree of files; one that its author has drawn stays as it is."""
        if is_drawn(code):
            return self._highlighted(found._replace(word=WORD), code)[0]
        return tree.finished(self._highlighted(found, tree.drawn(code))[0])

    def _conversing(self, opened: Opened, code: str, console: Console, page: PageContext) -> str:
        """Render a console that is to be executed."""
        found, location = opened.claim, self._location(opened, page, code)
        request = found.request
        assert request is not None, "it is to be executed"
        sample = request.sample(location, code)
        claim, shown, numbered = consoles.shown(found, sample, console)
        html, remarks = self._highlighted(claim, shown)
        wrong = [consoles.placed(mistake, location) for mistake in consoles.mistakes(console, found.word)]
        self._problems = [*(remark.at(location) for remark in (*found.remarks, *numbered, *remarks)), *wrong]
        self._handed_in = location
        refusal, hint = request.refusal, request.hint
        if wrong and not refusal:
            refusal, hint = wrong[0].message, wrong[0].hint
        return open_slot(self._desk.collector.add(sample, refusal, hint), html)

    def _store(self, source: str, code: str, start: int, end: int) -> None:
        super()._store(source, code, start, end)
        self._fenced.append(range(start, end))
        swallowed, self._swallowed = self._swallowed, []
        told = next((each for each in swallowed if each.told), None)
        page = self._desk.collector.page()
        if told and page and self._left:
            start = self._location_of(*self._left, page).line
            self._problems.append(self._tell_within(told, start, page))
        self._left = None
        key = self.stack[-1][0][len(self.ws) :][1:-1]
        if self._problems:
            self._deferred[key] = self._problems
            self._problems = []
        if self._handed_in:
            self._samples[key] = self._handed_in
            self._handed_in = None

    def report(self) -> None:
        """Report the problems of the fences that have stayed fences, and of what should have been one."""
        if not self._nested:
            self._desk.collector.know(Words.of(self.md))
        self.directive = None
        deferred, self._deferred = self._deferred, {}
        hidden = comments(self.md.htmlStash.rawHtmlBlocks) if deferred or self.doubts else []
        found: list[Problem] = []
        for key, problems in deferred.items():
            fence = self.disabled_indented or self.extension.stash.get(key) is not None
            if fence and not any(f"{STX}{key}{ETX}" in comment for comment in hidden):
                found += problems
        found += self.doubts.settled(hidden)
        for key in self.doubts.reverted & self._samples.keys():
            message = "a fence cannot follow indented code without an empty line, so this is not executed"
            found.append(Problem(self._samples[key], message, "put an empty line before it"))
        self.doubts.clear()
        for problem in sorted(found, key=lambda problem: problem.location.line):
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
