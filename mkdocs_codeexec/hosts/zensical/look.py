"""The first look at a site: all samples that are seen in its files, answered in one batch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.core.expectation import Met
from mkdocs_codeexec.hosts.zensical.configuration import pages_of
from mkdocs_codeexec.hosts.zensical.front_matter import parted
from mkdocs_codeexec.markdown.collecting import PageContext
from mkdocs_codeexec.markdown.unreadable import FIELD
from mkdocs_codeexec.outputs import answered, is_output
from mkdocs_codeexec.sites import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, MutableMapping
    from pathlib import Path

    from mkdocs_codeexec.core.action import Key
    from mkdocs_codeexec.core.resolved import Resolved
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.engine.engine import Engine
    from mkdocs_codeexec.markdown.extension import CodeExecExtension


class Look:
    """What was seen and answered.

    What cannot be seen in files (it comes from an include, say) is answered when its page is rendered. What is certain to be on
    no page (it is in a comment, say) is not executed.

    Args:
        folder: That of the site.
        config: Zensical's own.
        texts: Is given the files, by what a terminal calls them.

    Attributes:
        answers: What samples came to, in the order of pages.
        bare: Pages that are front matter and nothing else, and what that is: Zensical has none of them converted.
        keys: Of these.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any], texts: MutableMapping[str, str]) -> None:
        self._docs = folder / str(config["docs_dir"])
        self._config = config
        self._texts = texts
        self._by_code: dict[tuple[str, str], list[Resolved]] = {}
        self.answers: list[Resolved] = []
        self.bare: list[tuple[PageContext, Mapping[str, object]]] = []
        self.keys: set[Key] = set()
        self._host = ""

    def take(self, engine: Engine, extension: CodeExecExtension) -> Iterator[str]:
        """Answer what is seen, with `engine`, and yield what the user should know of the settings.

        Raises:
            CodeExecError: The answers are not to be had.
        """
        pages = list(pages_of(self._docs, self._config))
        yield from engine.settings.idle([page for page, _ in pages])
        self._host = engine.settings.host.name
        answers = answered(engine, list(self._seen(extension, pages)), {})
        # Whose output a fence holds may come from an include. A page that is not right is rendered in any case.
        self.answers = [
            item for item in answers if not is_output(item.sample) or (item.compared and item.verdict == Met())
        ]
        self.keys = {item.key for item in self.answers if item.key is not None}
        for item in self.answers:
            self._by_code.setdefault((item.sample.location.page, item.sample.code), []).append(item)

    def _seen(self, extension: CodeExecExtension, pages: Iterable[tuple[str, str]]) -> Iterator[Sample]:
        extensions = [name for name in self._config["markdown_extensions"] if isinstance(name, str)]
        for page, text in pages:
            path = shown(self._docs / page)
            self._texts[path] = text
            meta, rest = parted(text) if FIELD in text else ({}, text)
            if meta and not rest.strip():
                self.bare.append((PageContext(page, text, path, self._host), meta))
            for sample in extension.glimpse(text, page, meta, certain=extensions):
                yield replace(sample, location=replace(sample.location, path=path))

    def known(self, sample: Sample) -> Resolved | None:
        """Return what `sample` came to; None if it was not seen."""
        items = self._by_code.get((sample.location.page, sample.code), [])
        for number, item in enumerate(items):
            if replace(item.sample, location=sample.location) == sample:
                if len(items) > 1:  # of equal samples the first was executed
                    del items[number]
                return replace(item, sample=sample)
        return None

    def digest(self) -> str:
        """Return all that pages show of the answers, as a text."""
        parts: list[object] = []
        for item in self.answers:
            steps = item.outcome.steps if item.outcome else ()
            told = [(one.stdout, one.stderr, one.diagnostics, one.ended, one.truncated) for one in steps]
            parts.append((item.key, item.verdict, told))
        return repr(parts)
