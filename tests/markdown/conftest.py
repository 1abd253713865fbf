"""Conversions of whole pages, with the extension in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import markdown
import pytest

from mkdocs_codeexec.core.settings import LanguageRule
from mkdocs_codeexec.languages.builtin import RUST
from mkdocs_codeexec.markdown.collecting import NO_WORDS, Words
from mkdocs_codeexec.markdown.extension import CodeExecExtension, ExtensionFailure, PageContext

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mkdocs_codeexec.core.sample import Problem, Sample
    from mkdocs_codeexec.markdown.highlights import Highlights

PYTHON = LanguageRule(name="python")
USUAL = ("pymdownx.superfences", "pymdownx.highlight", "attr_list")


@dataclass
class Collected:
    """A Collector that keeps what it gets."""

    context: PageContext | None = None
    samples: list[Sample] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    failures: list[ExtensionFailure] = field(default_factory=list)
    lenient: bool = False
    words: Words = NO_WORDS

    def page(self) -> PageContext | None:
        return self.context

    def add(self, sample: Sample, refusal: str = "", hint: str = "") -> str:
        self.samples.append(sample)
        self.refusals.append(refusal)
        self.hints.append(hint)
        return f"slot-{len(self.samples)}"

    def report(self, problem: Problem) -> None:
        self.problems.append(problem)

    def know(self, words: Words) -> None:
        self.words = words

    def survives(self, failure: ExtensionFailure) -> bool:
        self.failures.append(failure)
        return self.lenient

    @property
    def lines(self) -> list[int]:
        return [sample.location.line for sample in self.samples]

    @property
    def codes(self) -> list[str]:
        return [sample.code for sample in self.samples]

    @property
    def messages(self) -> list[str]:
        return [f"{problem.location.line}: {problem.message}" for problem in self.problems]


class Converter:
    """Converts pages as MkDocs does."""

    def __call__(
        self,
        text: str,
        *,
        disk: str | None = None,
        extensions: tuple[Any, ...] = USUAL,
        configs: Mapping[str, Any] | None = None,
        run: str = "marked",
        outside: bool = False,
        highlights: Highlights | None = None,
        page: str = "a.md",
        **more: Any,
    ) -> tuple[str, Collected]:
        """Convert `text`, which is what became of the file `disk`."""
        md, collected = self.converter(*extensions, configs=configs, run=run, highlights=highlights, **more)
        collected.context = None if outside else PageContext(page, text if disk is None else disk, f"docs/{page}")
        return md.convert(text), collected

    def converter(
        self,
        *extensions: Any,
        configs: Mapping[str, Any] | None = None,
        run: str = "marked",
        highlights: Highlights | None = None,
        includes: Callable[[str, str, str], tuple[str, str]] | None = None,
    ) -> tuple[markdown.Markdown, Collected]:
        """Return a converter of many pages, and what takes their samples."""
        collected = Collected(PageContext("a.md", None, "docs/a.md"))
        rules = {
            word: rule._replace(run=run)
            for word, rule in {"rust": RUST, "rs": RUST, "python": PYTHON, "py": PYTHON}.items()
        }
        ours = CodeExecExtension(collected, rules, highlights=highlights, includes=includes)
        md = markdown.Markdown(extensions=[*extensions, ours], extension_configs=dict(configs or {}))
        return md, collected

    def without(
        self, text: str, *, extensions: tuple[Any, ...] = USUAL, configs: Mapping[str, Any] | None = None
    ) -> str:
        """Convert `text` as if there was no plugin."""
        return markdown.Markdown(extensions=list(extensions), extension_configs=dict(configs or {})).convert(text)


@pytest.fixture
def convert() -> Converter:
    """Return the converter of pages."""
    return Converter()
