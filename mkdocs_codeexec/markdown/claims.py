"""What is done with the fences of a page, by what its front matter says and whether it is left out."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.core.defaults import NO_DEFAULTS, Defaults
from mkdocs_codeexec.markdown.claiming import Claim, claim
from mkdocs_codeexec.markdown.front_matter import defaults_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mkdocs_codeexec.core.sample import Problem
    from mkdocs_codeexec.core.settings import LanguageRule
    from mkdocs_codeexec.markdown.collecting import PageContext
    from mkdocs_codeexec.markdown.header import Header


class Claims:
    """Claims the fences of all pages of a site.

    Args:
        languages: By every word that a fence may use, lower case.
        target: The target triple of this machine, which `ignore-<target>` speaks of.
        is_lexer: Tells the names of Pygments lexers, for `result="…"`.
        verbose: Whether fences are told that are not executed because of their page.
        literate: Where the source stands of fences whose text is a part of the page.
    """

    def __init__(
        self,
        languages: Mapping[str, LanguageRule],
        *,
        target: str,
        is_lexer: Callable[[str], bool] = lambda _: True,
        verbose: bool = False,
        literate: str = "above",
    ) -> None:
        self._languages = languages
        self._target = target
        self._is_lexer = is_lexer
        self._verbose = verbose
        self._literate = literate
        self._blocks: frozenset[str] = frozenset()
        self._picky = [rule for rule in languages.values() if any(map(any, rule.pages))]
        self._left_out: dict[str, frozenset[str]] = {}
        self._defaults: dict[str, Defaults] = {}
        # The headers of a site are a few, over and over.
        self._claimed = functools.lru_cache(maxsize=1000)(self._claim)
        self._rules = functools.lru_cache(maxsize=64)(self._without)

    def note(self, custom: Iterable[str]) -> None:
        """Note the custom fences of the site: output can be shown by those that no lexer has the name of."""
        found = frozenset(name for name in custom if not self._is_lexer(name))
        if not found <= self._blocks:
            self._blocks |= found
            self._claimed.cache_clear()

    def is_block(self, result: str) -> bool:
        """Tell whether output that is to be shown as `result` is a custom fence of the site."""
        return result in self._blocks

    def _is_way(self, name: str) -> bool:
        return name in self._blocks or self._is_lexer(name)

    def opened(self, page: PageContext, meta: Mapping[str, object]) -> tuple[PageContext, tuple[Problem, ...]]:
        """Return `page` with the defaults that its front matter names, and what is wrong with them.

        Args:
            page: About to be looked at.
            meta: Its front matter.
        """
        defaults, problems = defaults_of(meta, page, self._languages.values(), self._is_lexer)
        self._defaults[page.page] = defaults
        return page._replace(defaults=defaults), problems

    def reopened(self, page: PageContext, name: str) -> PageContext:
        """Return `page`, an excerpt, as the part of the page `name` that it is."""
        return page._replace(page=name, defaults=self._defaults.get(name, NO_DEFAULTS))

    def of(self, header: Header, page: PageContext | None) -> Claim | None:
        """Return what is done with `header` on `page`; None if it is none of our business."""
        if page is None:
            return self._claimed(header, frozenset(), NO_DEFAULTS)
        return self._claimed(header, self._out(page.page), page.defaults)

    def _out(self, page: str) -> frozenset[str]:
        """Return the languages whose fences are plain code on `page`."""
        if page not in self._left_out:
            here = (rule.name for rule in self._picky if not all(part.hold(page) for part in rule.pages))
            self._left_out[page] = frozenset(here)
        return self._left_out[page]

    def _claim(self, header: Header, out: frozenset[str], defaults: Defaults) -> Claim | None:
        languages = self._rules(out)
        return claim(
            header,
            languages,
            defaults=defaults,
            target=self._target,
            is_lexer=self._is_way,
            literate=self._literate,
        )

    def _without(self, out: frozenset[str]) -> Mapping[str, LanguageRule]:
        """Return what fences stand for where those in the languages `out` are plain code."""
        if not out:
            return self._languages
        off: dict[str, Any] = {"run": "none", "excluded": self._verbose}
        return {word: rule._replace(**off) if rule.name in out else rule for word, rule in self._languages.items()}
