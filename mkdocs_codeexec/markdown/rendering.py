"""The source of a fence of ours, as the site would show it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from pymdownx.superfences import SuperFencesException

from mkdocs_codeexec.markdown.highlighting import lean
from mkdocs_codeexec.markdown.options import Remark
from mkdocs_codeexec.markdown.uncovering import uncovered, whole

if TYPE_CHECKING:
    from mkdocs_codeexec.markdown.claiming import Claim
    from mkdocs_codeexec.markdown.collecting import Desk


class Rendering:
    """A preprocessor of superfences that shows code by whoever shows the site's code."""

    md: Any
    extension: Any
    line_count: int
    highlight: Any
    attr_list: bool
    highlighter: Any
    highlight_ext: Any
    stripnl: bool
    _desk: Desk

    def get_hl_settings(self) -> None:
        """Find out how the site highlights code."""
        super().get_hl_settings()  # type: ignore[misc]
        if self._desk.highlights is not None:
            self.highlighter = self._desk.highlights.remembering(self.highlighter, self.md)
        else:
            self.highlighter = lean(self.highlighter)

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

    def _uncovered(self, shown: str, found: Claim, code: str) -> str:
        """Return the HTML `shown` of `code` with what shows its hidden lines; as it is if there are none, or it is not known how."""
        every = whole(code, found.hiding, stripped=self.stripnl) if found.uncovers else None
        custom = (entry for entry in reversed(self.extension.superfences) if entry["test"](found.word))
        if every is None or next(custom)["formatter"] != self.highlight:
            return shown
        said = dict(found.passthrough)
        lined = {**said, **({"hl_lines": every.highlighted(said["hl_lines"])} if "hl_lines" in said else {})}
        passthrough = tuple((name, value) for name, value in lined.items() if value)
        before = self.highlight_ext.pygments_code_block  # no anchor of the page has another number for it
        html, _ = self._highlighted(found._replace(passthrough=passthrough, id=""), every.code)
        self.highlight_ext.pygments_code_block = before
        first = (said.get("linenums") or "1").split()[0]
        return uncovered(shown, every.numbered(html, int(first)))

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
            # Formatters write them into HTML as they are.
            attrs={name: escape(str(value)) for name, value in attrs.items()} if self.attr_list else {},
        )
        return html
