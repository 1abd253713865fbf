"""The preprocessors of superfences, asked before they take a fence.

superfences reads a header in one of three methods, depending on its spelling, and throws away what it cannot read:
the header stays on the page as text, and the end of that fence starts another one, which takes all up to the next.
These subclasses look at the whole header first. What is not ours goes its usual way, untouched.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from pymdownx.superfences import SuperFencesException, SuperFencesRawBlockPreprocessor

from mkdocs_codeexec.core.hidden import visible
from mkdocs_codeexec.markdown.header import Header, is_inline_code, parse_header

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Mapping

    from markdown import Markdown

    from mkdocs_codeexec.core.hidden import Hiding
    from mkdocs_codeexec.markdown.claiming import Claim
    from mkdocs_codeexec.markdown.collecting import Desk


class Asking:
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
            # With relaxed headers superfences takes `rust,ignore` for a fence without a language.
            okay = usual(m) and (found is None or self._theirs or bool(self.lang) or not header.rustdoc)
            if okay or self._rescue(header, known=found is not None):
                self._leave(m.string, info)
                if found is not None and not self._theirs:
                    self._look_at(found, m.string)
                return True
            if found is None:
                self._refuse()
                return False
        elif self._wanted(found, m, usual) and found.manner == "leftover":
            self._leave(m.string, info)
            return True
        self.lang, self.id, self.classes = found.word, found.id, list(found.classes)
        self.options, self.attrs = {}, {}
        self._take(found, m.string)
        return True

    def _wanted(self, found: Claim, m: re.Match[str], usual: Callable[[re.Match[str]], bool]) -> bool:
        """Tell whether a custom fence of the site takes this one, which `found` is about, for more than its looks."""
        try:
            if not usual(m) or not self._theirs:
                return False
        except SuperFencesException:  # of a validator that has never heard of our options
            return False
        if found.manner == "leftover":
            return True
        entry = next(entry for entry in self.extension.superfences if entry["formatter"] is self.formatter)
        if not _takes(entry, found.word, dict(found.passthrough), self.md):
            self._contest(found, m.string, owner_of(entry["formatter"]))
        return True

    @property
    def _theirs(self) -> bool:
        """Whether the fence that has just been read is one of the site's custom fences."""
        return self.formatter is not None and self.formatter is not self._usual_formatter

    @property
    def _usual_formatter(self) -> Any:
        return self.extension.superfences[0]["formatter"]

    def _rescue(self, header: Header, *, known: bool) -> bool:
        """Take a fence that others take and superfences does not: `lang hl_lines="1"` without Pygments, `lang,word`.

        The second is how mdBook and rustdoc write. Its words are lost, but left to superfences the fence would be text,
        and its end would start another one, which takes all samples up to the next.
        """
        if header.braces or header.stray or not header.language:
            return False
        lines = self._desk.stand_in and not header.rustdoc and {o.name for o in header.options} == {"hl_lines"}
        if not lines and (known or not header.rustdoc):
            return False
        self.lang, self.options, self.attrs = header.language, {}, {}
        self.formatter = self._usual_formatter
        return True

    def _look_at(self, found: Claim, line: str) -> None:
        """Note a fence in a language of ours that superfences shows."""
        del line
        if any(found.hiding):
            self.formatter = functools.partial(self._show, self.formatter, found.hiding)

    def _contest(self, found: Claim, line: str, owner: str) -> None:
        """Take note that `owner` would execute the fence that starts with `line`, too."""

    def _show(self, formatter: Callable[..., str], hiding: Hiding, *, src: str, **how: Any) -> str:
        """Render with `formatter` what readers see of a plain fence."""
        shown = visible(src, hiding)
        if shown != src:
            self.line_count = shown.count("\n") + 1
        return formatter(src=shown, **how)

    def _refuse(self) -> None:
        """Note that superfences takes a line that looks like a fence for text."""

    def _leave(self, line: str, info: str) -> None:
        """Leave the fence that starts with `line` to superfences."""

    def _take(self, found: Claim, line: str) -> None:  # noqa: ARG002 - here a fence only has to be one
        """Make the fence that starts with `line` ours."""
        self.formatter = None


def _takes(entry: dict[str, Any], word: str, options: dict[str, str], md: Any) -> bool:
    """Tell whether a custom fence takes a header with these options alone."""
    try:
        return bool(entry["validator"](word, options, {}, {}, md))
    except Exception:  # noqa: BLE001 - superfences takes it for a no as well
        return False


def owner_of(formatter: Any) -> str:
    """Return the package that a custom fence comes from, as it is called in `mkdocs.yml`; empty if nobody can know."""
    format_ = getattr(formatter, "keywords", {}).get("_fmt") or formatter
    package = str(getattr(format_, "__module__", "")).partition(".")[0]
    return "" if package in ("pymdownx", "__main__", "builtins") else package.replace("_", "-")


def custom_fences(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the words of the site's custom fences, of what superfences knows."""
    return [entry["name"] for entry in entries if entry["name"] not in ("superfences", "*")]


class RawFences(Asking, SuperFencesRawBlockPreprocessor):  # type: ignore[misc]
    """Keeps the tabs of our fences too, where `preserve_tabs` is on: superfences would not know them as fences."""
