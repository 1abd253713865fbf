"""Adapters of languages: each turns a Sample into an Action, and knows how to build and run it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mkdocs_codeexec.core import rights
from mkdocs_codeexec.core.consoles import NO_DIALECT
from mkdocs_codeexec.core.settings import LanguageRule
from mkdocs_codeexec.languages.builtin import (
    BUILTIN,
    HASHES,
    OF_CONSOLES,
    PYTHON_OPTIONS,
    RUST,
    RUST_ALIASES,
    SCRIPT_OPTIONS,
)

if TYPE_CHECKING:
    from mkdocs_codeexec.core.protocols import Language, Narrator
    from mkdocs_codeexec.core.settings import Settings

__all__ = ["BUILTIN", "open_languages", "words"]


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
    offered = next((language.binaries for language in found.values()), None)
    for name, script in settings.scripts.items():
        found[name] = ScriptLanguage(settings, script, narrator, offered)
    return found


def words(settings: Settings) -> Mapping[str, LanguageRule]:
    """Return every word that fences may begin with, in lower case, and what it stands for."""
    found: dict[str, LanguageRule] = {}
    for script in settings.scripts.values():
        rule = LanguageRule(
            script.name,
            script.run,
            compiled=bool(script.build),
            options=OF_CONSOLES
            if script.console
            else SCRIPT_OPTIONS | (PYTHON_OPTIONS if script.session == "python" else frozenset()),
            presentation=script.presentation,
            pages=(settings.pages, script.pages),
            longest=rights.longest(script.name, settings),
            sessions=bool(script.session),
            values=script.session == "python",
            workdir=script.workdir or settings.workdir,
            artifacts=script.artifacts,
            hidelines=script.hidelines,
            hashes=script.name in HASHES,
            console=script.console,
            dialect=script.repl.dialect if script.repl else NO_DIALECT,
            patterns=tuple(sorted(settings.output_patterns.items())) if script.console else (),
            uncovers=settings.hidden_lines == "button",
        )
        for word in (*script.aliases, script.name):
            found[word.lower()] = rule
    if settings.rust is not None:
        rule = RUST._replace(
            run=settings.rust.run,
            presentation=settings.rust.presentation,
            pages=(settings.pages, settings.rust.pages),
            longest=rights.longest(RUST.name, settings),
            environments=tuple(settings.rust.environments),
            objection=_no_rust,
            uncovers=settings.hidden_lines == "button",
            workdir=settings.rust.workdir or settings.workdir,
            artifacts=settings.rust.artifacts,
        )
        for word in (RUST.name, *RUST_ALIASES):
            found[word] = rule
    return found


def _no_rust(text: str) -> str:
    from mkdocs_codeexec.languages.rust.preambles import objection

    return objection(text)
