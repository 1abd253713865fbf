"""Adapters of languages: each turns a Sample into an Action, and knows how to build and run it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.languages.builtin import BUILTIN, RUST_ALIASES

if TYPE_CHECKING:
    from mkdocs_codeexec.core.protocols import Language, Narrator
    from mkdocs_codeexec.core.settings import RunPolicy, Settings

__all__ = ["BUILTIN", "Word", "open_languages", "words"]


class Word(NamedTuple):
    """What the first word of a fence stands for.

    Attributes:
        language: Canonical name.
        run: Which fences of the language run.
        hides: Whether lines like `# use x;` run without being shown.
        builds: Whether there is a build step, so that `no_run` and `compile_fail` make sense.
    """

    language: str
    run: RunPolicy
    hides: bool
    builds: bool


def open_languages(settings: Settings, narrator: Narrator) -> dict[str, Language]:
    """Return the languages that are set up, by canonical name. Starts nothing.

    Raises:
        ConfigurationError: A language cannot be used as it is set up.
    """
    from mkdocs_codeexec.languages.script import ScriptLanguage

    found: dict[str, Language] = {}
    if settings.rust is not None:
        from mkdocs_codeexec.languages.rust import RustLanguage

        found["rust"] = RustLanguage(settings, narrator)
    for name, script in settings.scripts.items():
        found[name] = ScriptLanguage(settings, script, narrator)
    return found


def words(settings: Settings) -> Mapping[str, Word]:
    """Return every word that fences may begin with, in lower case, and what it stands for."""
    found: dict[str, Word] = {}
    for script in settings.scripts.values():
        for word in (*script.aliases, script.name):
            found[word.lower()] = Word(script.name, script.run, hides=False, builds=bool(script.build))
    if settings.rust is not None:
        for word in ("rust", *RUST_ALIASES):
            found[word] = Word("rust", settings.rust.run, hides=True, builds=True)
    return found
