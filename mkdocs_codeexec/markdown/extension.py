"""The Python-Markdown extension that plugs it all in, and the configuration that it needs around it."""

from __future__ import annotations

import functools
import platform
import sys
from typing import TYPE_CHECKING, Any

from markdown.extensions import Extension
from pymdownx.superfences import SuperFencesBlockPreprocessor

from mkdocs_codeexec.markdown.asking import RawFences
from mkdocs_codeexec.markdown.claiming import claim
from mkdocs_codeexec.markdown.collecting import Collector, Desk, ExtensionFailure, PageContext
from mkdocs_codeexec.markdown.doubts import CodeWatch
from mkdocs_codeexec.markdown.fences import Fences, Reporter
from mkdocs_codeexec.markdown.glimpse import Glimpse
from mkdocs_codeexec.markdown.locating import (
    AFTER_SNIPPETS,
    BEFORE_SNIPPETS,
    Lines,
    StampPreprocessor,
    UnstampPreprocessor,
)
from mkdocs_codeexec.markdown.nesting import DirectiveWatch, Nesting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence

    from markdown import Markdown

    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import LanguageRule

__all__ = ["CodeExecExtension", "Collector", "ExtensionFailure", "PageContext", "ensure_superfences", "host_target"]

_FENCES = "fenced_code_block"
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
_CODEHILITE = ("codehilite", "markdown.extensions.codehilite")


class CodeExecExtension(Extension):
    """Hands the samples of a page to a Collector and leaves a Slot for each.

    It must come after `pymdownx.superfences` in the list of extensions. One object serves many `Markdown` objects:
    what belongs to a conversion lives in these.
    """

    def __init__(
        self,
        collector: Collector,
        languages: Mapping[str, LanguageRule],
        *,
        target: str = "",
        is_lexer: Callable[[str], bool] = lambda _: True,
        stand_in: bool = False,
    ) -> None:
        """Keep what every conversion needs.

        Args:
            collector: Takes the samples.
            languages: By every word that a fence may use, lower case.
            target: The target triple of this machine, which `ignore-<target>` speaks of; empty to find it out.
            is_lexer: Tells the names of Pygments lexers, for `result="…"`.
            stand_in: Whether superfences is only here because `ensure_superfences` put it here.
        """
        super().__init__()
        self._collector = collector
        self._stand_in = stand_in
        self._nesting = Nesting()
        self._glimpse: Glimpse | None = None
        asked = functools.partial(claim, languages=languages, target=target or host_target(), is_lexer=is_lexer)
        self._claim = functools.lru_cache(maxsize=1000)(asked)  # the headers of a site are a few, over and over

    def glimpse(self, text: str, page: str) -> Iterator[Sample]:
        """Yield what looks like a sample in `text`, the file of `page`, before it is converted."""
        if self._glimpse is None:
            self._glimpse = Glimpse(self._claim)
        return self._glimpse(text, page)

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Python-Markdown's name
        """Take the place of superfences in `md`; put it there if it is not."""
        if not isinstance(_registered(md, _FENCES), SuperFencesBlockPreprocessor):
            extensions: list[Any] = []
            configs: dict[str, Any] = {}
            ensure_superfences(extensions, configs)
            md.registerExtensions(extensions, configs)
        lines = Lines()
        stamps = StampPreprocessor(md, lines)
        md.preprocessors.register(stamps, "codeexec_stamp", BEFORE_SNIPPETS)
        md.preprocessors.register(UnstampPreprocessor(md, lines, stamps), "codeexec_unstamp", AFTER_SNIPPETS)
        desk = Desk(self._collector, self._claim, lines, self._stand_in, self._nesting)
        fences = Fences(md, md.preprocessors[_FENCES], desk)
        md.preprocessors.register(fences, _FENCES, 25)
        usual = fences.extension.superfences[0]
        if usual["name"] == "superfences":  # else a custom fence for `*` stands there
            usual["formatter"] = fences.highlight
        raw = _registered(md, _RAW_FENCES)
        if raw is not None:
            md.preprocessors.register(RawFences(md, raw, desk), _RAW_FENCES, 31.05)
        md.postprocessors.register(Reporter(md, fences), "codeexec_report", -100)
        md.parser.blockprocessors.register(CodeWatch(md.parser, fences.doubts), "codeexec_code", 80.5)  # code: 80
        if "mkdocstrings" in md.parser.blockprocessors:  # at 75
            md.parser.blockprocessors.register(DirectiveWatch(md.parser, fences), "codeexec_directive", 75.5)


def ensure_superfences(markdown_extensions: list[Any], mdx_configs: MutableMapping[str, Any]) -> bool:
    """Add `pymdownx.superfences` to the configuration of a site that does not have it.

    The look of the site stays: with `codehilite` its settings are taken over, else code is left to the theme's
    highlight.js, as `fenced_code` leaves it. What the user configured is not touched.

    Args:
        markdown_extensions: Names of extensions, or extension objects; added to.
        mdx_configs: Their configuration, by name; added to.

    Returns:
        Whether it was added: the `stand_in` of `CodeExecExtension`.
    """
    names = [_name(extension) for extension in markdown_extensions]
    if "pymdownx.superfences" in names or "pymdownx.extra" in names:
        return False
    markdown_extensions.append("pymdownx.superfences")
    if "pymdownx.highlight" in names:
        return True
    # Last in the list: for indented code `codehilite` has the same priority, and the first one wins.
    markdown_extensions.append("pymdownx.highlight")
    mdx_configs["pymdownx.highlight"] = {**_look(names, mdx_configs), **mdx_configs.get("pymdownx.highlight", {})}
    return True


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


def _look(names: Sequence[str], mdx_configs: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings of `pymdownx.highlight` that keep the site's look."""
    used = next((name for name in _CODEHILITE if name in names), None)
    if used is None:
        return {"use_pygments": False, "css_class": ""}
    theirs = mdx_configs.get(used) or {}
    same = ("use_pygments", "pygments_style", "noclasses", "linenums")
    look = {key: theirs[key] for key in same if key in theirs}
    return {"css_class": theirs.get("css_class", "codehilite"), "guess_lang": theirs.get("guess_lang", True), **look}


def _name(extension: object) -> str:
    return extension if isinstance(extension, str) else type(extension).__module__


def _registered(md: Markdown, name: str) -> Any:
    return md.preprocessors[name] if name in md.preprocessors else None  # noqa: SIM401 - a Registry has no `get`
