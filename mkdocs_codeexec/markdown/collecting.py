"""What the extension and its user tell each other."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from markdown.extensions.footnotes import FootnoteExtension
from markdown.util import STX
from pymdownx.superfences import SuperFencesException

from mkdocs_codeexec.core.defaults import NO_DEFAULTS, Defaults
from mkdocs_codeexec.core.settings import MKDOCS
from mkdocs_codeexec.errors import CodeExecError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mkdocs_codeexec.core.sample import Problem, Sample
    from mkdocs_codeexec.markdown.claiming import Claim
    from mkdocs_codeexec.markdown.header import Header
    from mkdocs_codeexec.markdown.highlights import Highlights
    from mkdocs_codeexec.markdown.locating import Lines
    from mkdocs_codeexec.markdown.nesting import Nesting


class ExtensionFailure(SuperFencesException, CodeExecError):  # type: ignore[misc]  # noqa: N818 - a bug of ours
    """Our own code failed at a fence.

    For any exception but its own, superfences renders the fence as garbage and says nothing.
    """


class PageContext(NamedTuple):
    """The page that is being converted.

    Attributes:
        page: Its path under `docs_dir`.
        text: Its file on disk; None if there is none.
        path: The same file as a terminal can open it; empty if that is `page`.
        host: What messages call that which renders it.
        defaults: What its front matter says for its fences.
        inherits: Files, as messages call them, that its host has added to its front matter.
    """

    page: str
    text: str | None = None
    path: str = ""
    host: str = MKDOCS.name
    defaults: Defaults = NO_DEFAULTS
    inherits: tuple[str, ...] = ()


class Words(NamedTuple):
    """What a page defines, for what is printed on it too.

    Attributes:
        references: Its link references.
        abbreviations: Those, by what they stand for.
        footnotes: Their Markdown, by name; none that holds what only the converter of the page knows, a code block, say.
    """

    references: Mapping[str, tuple[str, str]]
    abbreviations: Mapping[str, str]
    footnotes: Mapping[str, str] = MappingProxyType({})

    @classmethod
    def of(cls, md: Any) -> Words:
        """Return those of the page that `md` has converted."""
        abbreviations = md.treeprocessors["abbr"].abbrs if "abbr" in md.treeprocessors else {}
        notes = footnotes(md)
        plain = {name: text for name, text in notes.footnotes.items() if STX not in text} if notes else {}
        return cls(dict(md.references), dict(abbreviations), plain)


def footnotes(md: Any) -> FootnoteExtension | None:
    """Return what has the footnotes of `md`; None if it knows none."""
    return next((one for one in md.registeredExtensions if isinstance(one, FootnoteExtension)), None)


NO_WORDS = Words({}, {})


class Collector(Protocol):
    """Takes what is found on pages."""

    def page(self) -> PageContext | None:
        """Return the page that is being converted; None outside of any page, where nothing is executed."""
        ...

    def add(self, sample: Sample, refusal: str = "", hint: str = "") -> str:
        """Take a sample and return the id of its Slot.

        The Slot may never get on the page: superfences takes a fence back that turns out to be in an indented code
        block.

        Args:
            sample: As the author wrote it.
            refusal: Why it is not executed although it asks for it.
            hint: What to do about that; empty if it has been reported.
        """
        ...

    def report(self, problem: Problem) -> None:
        """Take something that the author should know."""
        ...

    def know(self, words: Words) -> None:
        """Take what the page defines, which is converted."""
        ...

    def survives(self, failure: ExtensionFailure) -> bool:
        """Take a fault of our own at a fence; return whether the page goes on without what is special about it."""
        ...


class Desk(NamedTuple):
    """Where fences are claimed and what is found in them is handed in.

    Attributes:
        collector: Takes the samples.
        claim: Says what is done with a header.
        lines: Where lines come from.
        stand_in: Whether superfences stands in for `fenced_code`.
        nesting: Which conversion is one within the conversion of a page.
        highlights: Remembers what is highlighted; None if nothing is to be remembered.
        is_block: Tells whether output that is to be shown as a word says is a custom fence of the site.
    """

    collector: Collector
    claim: Callable[[Header], Claim | None]
    lines: Lines
    stand_in: bool
    nesting: Nesting
    highlights: Highlights | None = None
    is_block: Callable[[str], bool] = lambda _: False
