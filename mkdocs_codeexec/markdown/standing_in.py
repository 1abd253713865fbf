"""superfences for sites that do not have it, on the pages that need it.

A page on which nothing is executed is converted as without us: superfences takes other things for fences, and writes
code otherwise, than `fenced_code` does. Which pages need it shows when snippets have brought in what they include, so
both are kept at hand, and exchanged while a page is converted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from markdown.extensions.codehilite import CodeHiliteExtension
from markdown.extensions.fenced_code import FencedBlockPreprocessor
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from pymdownx.highlight import HighlightExtension

from mkdocs_codeexec.core.hidden import visible
from mkdocs_codeexec.markdown.fences import Fences
from mkdocs_codeexec.markdown.glimpse import headers
from mkdocs_codeexec.markdown.nesting import watch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from markdown import Markdown
    from markdown.extensions import Extension
    from markdown.util import Registry

    from mkdocs_codeexec.core.hidden import Hiding
    from mkdocs_codeexec.markdown.claiming import Claim
    from mkdocs_codeexec.markdown.collecting import Desk
    from mkdocs_codeexec.markdown.literate import Literate

FENCES = "fenced_code_block"
_INDENTED = "code"
_INDENTED_TREE = "indent-highlight"


class StandIn(Preprocessor):
    """Stands where `fenced_code` stood, and lets superfences take its place for a page that needs it."""

    def __init__(self, md: Markdown, usual: Preprocessor | None, desk: Desk) -> None:
        super().__init__(md)
        self._usual = usual
        self._desk = desk
        self._without: _Parts | None = None
        self._with: tuple[_Parts, _Noticing] | None = None

    def run(self, lines: list[str]) -> list[str]:
        """Return `lines` with a placeholder for each fence."""
        without = self._without = self._without or _Parts.of(self.md)
        without.restore(self.md)
        if self._desk.collector.page() is not None and self._might_need(lines):
            stash = self.md.htmlStash
            before = len(stash.rawHtmlBlocks), stash.html_counter
            fences = self._exchange()
            kept = fences.run(list(lines))
            if fences.noticed:
                return kept
            del stash.rawHtmlBlocks[before[0] :]
            stash.html_counter = before[1]
            fences.extension.stash.clear_stash()
            without.restore(self.md)
        return self._usual.run(lines) if self._usual else lines

    def end(self) -> None:
        """Report what superfences has found, and take it out again: the converter may be used for another page."""
        if self._with and self._without:
            self._with[1].report()
            self._without.restore(self.md)

    def _might_need(self, lines: Sequence[str]) -> bool:
        # There may be samples in docstrings, which ask where they are.
        return "mkdocstrings" in self.md.parser.blockprocessors or any(
            self._desk.claim(header) for header in headers("\n".join(lines))
        )

    def _exchange(self) -> _Noticing:
        """Put superfences into the converter, with the look of the site."""
        if self._with is None:
            names = ["pymdownx.superfences"]
            if not any(isinstance(ext, HighlightExtension) and ext.enabled for ext in self.md.registeredExtensions):
                # Last in the list: for indented code `codehilite` has the same priority, and the first one wins.
                names.append("pymdownx.highlight")
            self.md.registerExtensions(names, {"pymdownx.highlight": _look(self.md.registeredExtensions)})
            fences = _Noticing(self.md, self.md.preprocessors[FENCES], self._desk)
            fences.extension.superfences[0]["formatter"] = fences.highlight
            self.md.preprocessors.register(fences, FENCES, 25)
            watch(self.md, fences)
            self._with = _Parts.of(self.md), fences
        parts, fences = self._with
        parts.restore(self.md)
        return fences


class Ender(Postprocessor):
    """Ends a conversion."""

    def __init__(self, md: Markdown, stand_in: StandIn) -> None:
        super().__init__(md)
        self._stand_in = stand_in

    def run(self, text: str) -> str:
        """Return `text` as it is."""
        self._stand_in.end()
        return text


class _Parts(NamedTuple):
    """What superfences exchanges in a converter.

    Attributes:
        fences: The preprocessor of fences; extensions look for it by its name.
        extensions: Those that other extensions find, to ask them how code is highlighted.
        indented: The block processor of indented code.
        tree: The tree processor of indented code.
    """

    fences: Any
    extensions: tuple[Extension, ...]
    indented: Any
    tree: Any

    @classmethod
    def of(cls, md: Markdown) -> _Parts:
        blocks, trees = md.parser.blockprocessors, md.treeprocessors
        fences, extensions = _part(md.preprocessors, FENCES), tuple(md.registeredExtensions)
        return cls(fences, extensions, _part(blocks, _INDENTED), _part(trees, _INDENTED_TREE))

    def restore(self, md: Markdown) -> None:
        md.registeredExtensions[:] = self.extensions
        for registry, name, part, priority in (
            (md.preprocessors, FENCES, self.fences, 25),
            (md.parser.blockprocessors, _INDENTED, self.indented, 80),
            (md.treeprocessors, _INDENTED_TREE, self.tree, 30),
        ):
            if part is None:
                registry.deregister(name, strict=False)
            elif _part(registry, name) is not part:
                registry.register(part, name, priority)


def _part(registry: Registry[Any], name: str) -> Any:
    return registry[name] if name in registry else None  # noqa: SIM401 - a Registry has no `get`


class _Noticing(Fences):
    """Notices whether there was a fence that would not be the same without us."""

    def run(self, lines: list[str]) -> list[str]:
        """Return `lines` with a placeholder for each fence."""
        self.noticed = False
        return super().run(lines)

    def _open(self, fence: Literate, text: str, lines: list[str]) -> None:
        self.noticed = True
        super()._open(fence, text, lines)

    def _take(self, found: Claim, line: str) -> None:
        told = any(not remark.mild for remark in found.remarks)  # the others come with `verbose`, and change no page
        asks = bool(found.request) or told or found.manner != "native"
        self.noticed = self.noticed or asks or not _is_understood(line.strip(" \t>"))
        super()._take(found, line)

    def _show(self, formatter: Callable[..., str], hiding: Hiding, *, src: str, **how: Any) -> str:
        self.noticed = self.noticed or visible(src, hiding) != src
        return super()._show(formatter, hiding, src=src, **how)


def _is_understood(opener: str) -> bool:
    """Tell whether `fenced_code` takes a fence that starts with `opener`."""
    fence = opener[: len(opener) - len(opener.lstrip(opener[0]))]
    return FencedBlockPreprocessor.FENCED_BLOCK_RE.match(f"{opener}\n\n{fence}") is not None


def _look(extensions: Sequence[Extension]) -> dict[str, Any]:
    """Return settings of `pymdownx.highlight` that keep the site's look.

    With `codehilite` its own, else code is left to the theme's highlight.js, as `fenced_code` leaves it.
    """
    used = next((extension for extension in extensions if isinstance(extension, CodeHiliteExtension)), None)
    if used is None:
        return {"use_pygments": False, "css_class": ""}
    theirs = used.getConfigs()
    same = ("use_pygments", "pygments_style", "noclasses", "linenums", "css_class", "guess_lang")
    return {key: theirs[key] for key in same if key in theirs}
