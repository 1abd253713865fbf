"""Which fences are ours, and what is done with them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from mkdocs_codeexec.errors import nearest
from mkdocs_codeexec.markdown.header import Option
from mkdocs_codeexec.markdown.options import LanguageRule, Remark, Request
from mkdocs_codeexec.markdown.reading import Reading, read
from mkdocs_codeexec.markdown.values import is_error_code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mkdocs_codeexec.markdown.header import Header

Manner: TypeAlias = Literal["ours", "native", "leftover"]
"""Who renders a fence: we; superfences, as if we were not there; we, unless somebody else takes it."""

_RUSTDOC_ALONE = frozenset({"should_panic", "no_run", "compile_fail", "ignore", "test_harness", "standalone_crate"})
"""rustdoc: a fence that has one of these and no language is Rust."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is done with a fence.

    Attributes:
        word: The language word for the highlighter.
        manner: Who renders it.
        hides_lines: Whether rustdoc's hidden lines are hidden.
        passthrough: Options of the highlighter.
        id: Its `#id`.
        classes: Its classes.
        remarks: What is wrong with it.
        request: What is asked for; None if it is plain code.
    """

    word: str
    manner: Manner
    hides_lines: bool = False
    passthrough: tuple[tuple[str, str], ...] = ()
    id: str = ""
    classes: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()
    request: Request | None = None


def claim(
    header: Header,
    languages: Mapping[str, LanguageRule],
    *,
    target: str = "",
    is_lexer: Callable[[str], bool] = lambda _: True,
) -> Claim | None:
    """Return what is done with a fence that has this header; None if it is none of our business.

    Args:
        header: As parsed.
        languages: By every word that a fence may use, lower case.
        target: The target triple of this machine.
        is_lexer: Tells the names of Pygments lexers.
    """
    header = _with_language(header, languages)
    rule = languages.get(header.language.lower())
    if rule is None:
        return _unknown_language(header, languages)
    reading = read(header, rule, target=target, is_lexer=is_lexer)
    request, remarks = _decide(reading, rule)
    ours = request is not None or reading.ours or header.rustdoc
    return Claim(
        word=header.language,
        manner="ours" if ours else "native",
        hides_lines=rule.hides_lines,
        passthrough=reading.passthrough,
        id=header.id,
        classes=reading.classes,
        remarks=remarks if ours else (),  # what superfences takes as it is, is not ours to find fault with
        request=request,
    )


def _with_language(header: Header, languages: Mapping[str, LanguageRule]) -> Header:
    """Return `header` with the language that rustdoc would find in it."""
    word = header.language
    if "rust" not in languages or word.lower() in languages:
        return header
    if not word:
        return replace(header, language="rust") if header.rustdoc and header.options else header
    edition = word.startswith("edition") and word[7:].isdigit()
    if word in _RUSTDOC_ALONE or word.startswith("ignore-") or is_error_code(word) or edition:
        return replace(header, language="rust", options=(Option(word), *header.options))
    return header


def _unknown_language(header: Header, languages: Mapping[str, LanguageRule]) -> Claim | None:
    word = header.language
    # `test` alone is an everyday word; only `exec` says that somebody counts on execution.
    mark = next((option for option in header.options if option.name == "exec"), None)
    if mark is None and "exec" in header.classes:
        mark = Option("exec")
    if not word or mark is None:
        return None
    meant = nearest(word.lower(), tuple(languages))
    rule = LanguageRule(name=word)
    reading = read(header, rule)
    remark = Remark(
        f"`{word}` is not set up as a language, so this is not executed",
        (f"did you mean `{meant}`? " if meant else "") + f"`languages:` of the plugin can have an entry `{word}`",
    )
    return Claim(
        word=word,
        manner="leftover",
        passthrough=reading.passthrough,
        id=header.id,
        classes=reading.classes,
        remarks=() if reading.marked is False else (remark,),
    )


def _decide(reading: Reading, rule: LanguageRule) -> tuple[Request | None, tuple[Remark, ...]]:
    """Return what is executed, if anything, and what is to be said about it."""
    if rule.run == "none" or reading.marked is False:
        return None, ()
    request = reading.request
    if rule.run == "marked" and not reading.marked:
        if not reading.expects or request.ignored:
            return None, reading.remarks
        says = ", ".join(f"`{word}`" for word in reading.expects)
        return None, (
            *reading.remarks,
            Remark(
                f"{says} says how it should end, and it is not run",
                f"add `exec` to the fence, or set `run: all` for `{rule.name}` in `languages:`",
            ),
        )
    if rule.run == "check":
        request = replace(request, build_only=True)
    return request, (*reading.remarks, *reading.missing)
