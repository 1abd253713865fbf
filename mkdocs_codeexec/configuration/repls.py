"""`console` of a language: an interpreter that is talked to, and how that is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.consoles import Dialect
from mkdocs_codeexec.core.settings import PROMPT, ReplSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mkdocs_codeexec.tables import Reader

_KEYS = ("prompts", "continuations", "openings", "start", "mark", "terminal", "error", "lexer")


def repl(
    reader: Reader,
    value: object,
    where: str,
    preset: ReplSettings | None,
    command: Sequence[str],
    env: Mapping[str, str],
) -> ReplSettings | None:
    """Read `console` of a language; None if there is no such thing.

    Args:
        reader: Notes mistakes.
        value: What stands there; None for nothing.
        where: The name of the table.
        preset: What is built in.
        command: The command line of the interpreter.
        env: The variables that it gets.
    """
    if value is None:
        return preset
    table = reader.table(value, where, _KEYS)
    usual = preset or ReplSettings(dialect=Dialect())
    inner = f"{where}."
    found = ReplSettings(
        dialect=Dialect(
            prompts=_prompts(reader, table, "prompts", inner) or usual.dialect.prompts,
            continuations=_prompts(reader, table, "continuations", inner) or usual.dialect.continuations,
            openings=_prompts(reader, table, "openings", inner) or usual.dialect.openings,
            error=_pattern(reader, reader.text(table, "error", usual.dialect.error, inner), inner),
            lexer=reader.text(table, "lexer", usual.dialect.lexer, inner),
        ),
        start=reader.text(table, "start", usual.start, inner).rstrip("\n"),
        mark=reader.text(table, "mark", usual.mark, inner).rstrip("\n"),
        terminal=reader.flag(table, "terminal", default=usual.terminal, where=inner),
    )
    if not found.dialect.prompts:
        reader.problem(
            f"{where}.prompts", "expected what lines of commands begin with", 'for example `prompts: ["> "]`'
        )
        return None
    if not any(PROMPT in text for text in (*command, *env.values(), found.start, found.mark)):
        reader.problem(
            where,
            f"nothing sets the prompt of the interpreter to `{PROMPT}`",
            f"`start` may hold a command that does so, or `mark` one that prints `{PROMPT}`, for interpreters without a prompt",
        )
        return None
    return found


def _prompts(reader: Reader, table: Mapping[str, object], name: str, where: str) -> tuple[str, ...]:
    found = reader.words(table, name, where)
    if any(not word.strip() for word in found):
        reader.problem(f"{where}{name}", "a prompt is empty", 'for example `["> "]`')
        return ()
    return found


def _pattern(reader: Reader, text: str, where: str) -> str:
    try:
        re.compile(text, re.MULTILINE)
    except re.error as error:
        reader.problem(f"{where}error", f"`{text}` is no pattern: {error}", "it is a regular expression of Python")
        return ""
    return text
