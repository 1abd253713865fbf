"""What a page says for those of its fences that do not say it themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container


class Refusal(NamedTuple):
    """A mistake of a page that keeps fences of it from running.

    Attributes:
        reason: What is wrong.
        hint: What to do about it.
        language: Whose fences; empty for all.
        option: Fences that have this option themselves run all the same; empty if none does.
    """

    reason: str
    hint: str = ""
    language: str = ""
    option: str = ""


class Defaults(NamedTuple):
    """The defaults of one page. What is empty, or None, is not said.

    Attributes:
        source: Where the source stands.
        result: How output is shown.
        show: The streams that are shown.
        timeout: Seconds for one run step.
        environment: The set of dependencies, where a language has several.
        preamble: Hidden lines before every sample, after those of the site, where a language has such lines.
        env: Environment variables, sorted by name; those of a fence are added, and win.
        session: The session of its fences, of each language its own; empty for none.
        workdir: Where samples start.
        refusals: What is wrong with it.
    """

    source: str = ""
    result: str = ""
    show: frozenset[str] | None = None
    timeout: float | None = None
    environment: str = ""
    preamble: str = ""
    env: tuple[tuple[str, str], ...] = ()
    session: str = ""
    workdir: str = ""
    refusals: tuple[Refusal, ...] = ()

    def refusal(self, language: str, said: Container[str]) -> Refusal | None:
        """Return why a fence in `language` is not executed, if its page is why.

        Args:
            language: Canonical name.
            said: The options that the fence itself has.
        """
        for refusal in self.refusals:
            if refusal.language in ("", language) and refusal.option not in said:
                return refusal
        return None


NO_DEFAULTS = Defaults()
"""Of a page that says nothing."""
