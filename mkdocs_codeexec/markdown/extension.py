"""The Python-Markdown extension that plugs it all in."""

from __future__ import annotations

import functools
import platform
import sys
from typing import TYPE_CHECKING, Any

from markdown.extensions import Extension
from pymdownx.superfences import SuperFencesBlockPreprocessor

from mkdocs_codeexec.markdown.asking import RawFences, custom_fences
from mkdocs_codeexec.markdown.claims import Claims
from mkdocs_codeexec.markdown.collecting import Collector, Desk, ExtensionFailure, PageContext
from mkdocs_codeexec.markdown.fences import Fences, Reporter
from mkdocs_codeexec.markdown.glimpse import Glimpse
from mkdocs_codeexec.markdown.includes import INCLUDES, PRIORITY, IncludePreprocessor
from mkdocs_codeexec.markdown.locating import (
    AFTER_SNIPPETS,
    BEFORE_SNIPPETS,
    Lines,
    StampPreprocessor,
    UnstampPreprocessor,
)
from mkdocs_codeexec.markdown.nesting import Nesting, watch
from mkdocs_codeexec.markdown.standing_in import FENCES, Ender, StandIn
from mkdocs_codeexec.markdown.unreadable import FIELD

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from markdown import Markdown

    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import LanguageRule
    from mkdocs_codeexec.markdown.claiming import Claim
    from mkdocs_codeexec.markdown.header import Header
    from mkdocs_codeexec.markdown.highlights import Highlights

__all__ = ["CodeExecExtension", "Collector", "ExtensionFailure", "PageContext", "host_target"]

_RAW_FENCES = "fenced_raw_block"
_MACHINES = {
    "arm64": "aarch64",
    "amd64": "x86_64",
    "x86": "i686",
    "i386": "i686",
    "armv7l": "armv7",
    "riscv64": "riscv64gc",
    "ppc64le": "powerpc64le",
}
"""What rustc calls the processors that Python calls otherwise (`rustc --print target-list`)."""


class CodeExecExtension(Extension):
    """Hands the samples of a page to a Collector and leaves a Slot for each.

    It must come last in the list of extensions. One object serves many `Markdown` objects:
    what belongs to a conversion lives in these.
    """

    def __init__(  # noqa: PLR0913 - each is needed
        self,
        collector: Collector,
        languages: Mapping[str, LanguageRule],
        *,
        target: str = "",
        is_lexer: Callable[[str], bool] = lambda _: True,
        highlights: Highlights | None = None,
        verbose: bool = False,
        literate: str = "above",
        includes: Callable[[str, str, str], tuple[str, str]] | None = None,
    ) -> None:
        """Keep what every conversion needs.

        Args:
            collector: Takes the samples.
            languages: By every word that a fence may use, lower case.
            target: The target triple of this machine, which `ignore-<target>` speaks of; empty to find it out.
            is_lexer: Tells the names of Pygments lexers, for `result="…"`.
            highlights: Remembers what is highlighted, for a process that builds again and again.
            verbose: Whether fences are told that are not executed because of their page.
            literate: Where the source stands of fences whose text is a part of the page.
            includes: Reads what pages include as mdBook does (`IncludePreprocessor`); None if they include nothing so.
        """
        super().__init__()
        self._collector = collector
        self._nesting = Nesting()
        self._highlights = highlights
        self._includes = includes
        self._glimpse: Glimpse | None = None
        self._seen: PageContext | None = None
        self._compiled = frozenset(rule.name for rule in languages.values() if rule.compiled)
        self._claims = Claims(
            languages, target=target or host_target(), is_lexer=is_lexer, verbose=verbose, literate=literate
        )

    def opened(self, page: PageContext, meta: Mapping[str, object]) -> PageContext:
        """Return `page` with the defaults that its front matter names. What is wrong with them is reported.

        Args:
            page: About to be converted.
            meta: Its front matter.
        """
        found, problems = self._claims.opened(page, meta)
        for problem in problems:
            self._collector.report(problem)
        return found

    def glimpse(
        self, text: str, page: str, meta: Mapping[str, object] | None = None, *, certain: Collection[str] | None = None
    ) -> Iterator[Sample]:
        """Yield what looks like a sample in `text`, the file of `page`, before it is converted; see `Glimpse`.

        Args:
            text: As it is on disk.
            page: Its path under `docs_dir`.
            meta: The front matter in it.
            certain: The extensions of the site, to yield what is surely on the page.
        """
        if self._glimpse is None:
            self._glimpse = Glimpse(lambda header: self._claims.of(header, self._seen), self._compiled)
        self._seen = PageContext(page, text)
        if meta or FIELD in text:
            self._seen, _ = self._claims.opened(self._seen, meta or {})
        yield from self._glimpse(text, page, certain=certain)

    def _claim(self, md: Markdown, header: Header) -> Claim | None:
        """Return what is done with `header` in what `md` converts."""
        page = self._collector.page()
        if page is not None and not page.page:  # an excerpt
            page = self._claims.reopened(page, _shown_by(md))
        return self._claims.of(header, page)

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Python-Markdown's name
        """Take the place of superfences in `md`, or of `fenced_code`."""
        lines = Lines()
        stamps = StampPreprocessor(md, lines)
        md.preprocessors.register(stamps, "codeexec_stamp", BEFORE_SNIPPETS)
        if self._includes is not None:
            names = functools.partial(_shown_by, md)
            includes = IncludePreprocessor(md, self._collector, lines, stamps, self._includes, names)
            md.preprocessors.register(includes, INCLUDES, PRIORITY)
        md.preprocessors.register(UnstampPreprocessor(md, lines, stamps), "codeexec_unstamp", AFTER_SNIPPETS)
        usual = _registered(md.preprocessors, FENCES)
        if not isinstance(usual, SuperFencesBlockPreprocessor):
            desk = self._desk(md, lines, stand_in=True)
            stand_in = StandIn(md, usual, desk)
            md.preprocessors.register(stand_in, FENCES, 25)
            md.postprocessors.register(Ender(md, stand_in), "codeexec_report", -100)
            return
        desk = self._desk(md, lines, stand_in=False)
        fences = Fences(md, usual, desk)
        self._claims.note(custom_fences(fences.extension.superfences))
        md.preprocessors.register(fences, FENCES, 25)
        first = fences.extension.superfences[0]
        if first["name"] == "superfences":  # else a custom fence for `*` stands there
            first["formatter"] = fences.highlight
        raw = _registered(md.preprocessors, _RAW_FENCES)
        if raw is not None:
            md.preprocessors.register(RawFences(md, raw, desk), _RAW_FENCES, 31.05)
        md.postprocessors.register(Reporter(md, fences), "codeexec_report", -100)
        watch(md, fences)

    def _desk(self, md: Markdown, lines: Lines, *, stand_in: bool) -> Desk:
        return Desk(
            self._collector,
            functools.partial(self._claim, md),
            lines,
            stand_in=stand_in,
            nesting=self._nesting,
            highlights=self._highlights,
            is_block=self._claims.is_block,
        )


def host_target() -> str:
    """Return the target triple of this machine, of which `ignore-<part of it>` speaks.

    rustdoc takes what rustc was built for; that is the same unless a toolchain for another C library is used. A page
    is converted before any toolchain is asked, and on machines that have none.
    """
    machine = platform.machine().lower()
    machine = _MACHINES.get(machine, machine)
    system: str = sys.platform
    if system == "linux":
        libc = "gnu" if platform.libc_ver()[0] == "glibc" else "musl"
        return f"{machine}-unknown-linux-{libc}{'eabihf' if machine.startswith('arm') else ''}"
    vendor = {"darwin": "apple-darwin", "win32": "pc-windows-msvc"}.get(system)
    return f"{machine}-{vendor or 'unknown-' + system.rstrip('0123456789')}"


def _shown_by(md: Any) -> str:
    """Return the page whose text `md` converts, as MkDocs' own part of it has it; empty if that is not known.

    Material's blog converts excerpts of posts with such an `md`, when all pages are done.
    """
    part = _registered(md.treeprocessors, "relpath")
    return str(getattr(getattr(part, "file", None), "src_uri", ""))


def _registered(registry: Any, name: str) -> Any:
    return registry[name] if name in registry else None  # noqa: SIM401 - a Registry has no `get`
