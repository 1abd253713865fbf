"""Words of a fence that have no effect beside its other words, as far as that is known before anything runs.

What is known only when a sample has ended is told by `html/idle.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.markdown.options import TABLE, Remark

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from mkdocs_codeexec.core.settings import LanguageRule
    from mkdocs_codeexec.markdown.options import Request

_OF_RUNNING = ("stdin", "stdin_from", "args", "tty", "timeout", "artifacts")
"""What only a program has that runs."""
_OF_FILES = ("", "file", "marked", "ignored", "passthrough", "name", "hidelines", "source", "needs", "session")
"""What a fence may say that is a file of samples and is not executed, by the keys of the table of options."""
_OF_SHOWN_SOURCE = ("title", "title_mode", "hl_lines", "linenums")
_BESIDE = ("below", "tabbed-left", "tabbed-right")
"""Places of a source that stands beside its output."""


def idle(
    said: Mapping[str, Any], passthrough: Iterable[tuple[str, str]], request: Request, rule: LanguageRule
) -> Iterator[Remark]:
    """Yield what is to be said of words that have no effect.

    Args:
        said: What the fence says, by the keys of the table of options.
        passthrough: What it says to the site's highlighter.
        request: What is asked for, with what the page and the language say.
        rule: The language.
    """
    shown = request.presentation
    where = shown.source
    if rule.console:
        yield from _of_console(said, where)
        yield from _of_interpreter(said) if rule.console == "repl" else ()
    elif "tabs" in said and not where.startswith("tabbed"):
        yield _without(
            "tabs", f'beside `source="{where}"`', 'write `source="tabbed-left"` or `source="tabbed-right"`, too'
        )
    if where == "none" and (words := [name for name, _ in passthrough if name in _OF_SHOWN_SOURCE]):
        yield _without(words[0], 'beside `source="none"`', "the source is not shown; take one of them away")
    if shown.result == "none":
        for word in ("show", "fold", "wrap"):
            if said.get(word):
                yield _without(word, 'beside `result="none"`', "no output is shown; take one of them away")
    if said.get("build_only") or said.get("compile_fail"):
        why = "no_run" if said.get("build_only") else "compile_fail"
        for word in (*_OF_RUNNING, *(("exit",) if "build_only" in said else ())):
            if word in said:
                yield _without(word, f"beside `{why}`", "nothing is run; take one of them away")


def _of_console(said: Mapping[str, Any], where: str) -> Iterator[Remark]:
    """Yield what is to be said of a console, whose output stands among its commands as text."""
    hint = "each output stands under its command; take it away"
    if said.get("source") in _BESIDE:
        yield Remark(f'`source="{said["source"]}"` has no effect on a console', hint)
    elif "tabs" in said:
        yield _without("tabs", "on a console", hint)
    if where != "none":
        for word in ("fold", "wrap"):
            if said.get(word):
                yield _without(word, "on a console", f'{hint}, or write `source="none"`')
    if said.get("result") in ("html", "markdown"):
        what = f'`result="{said["result"]}"` has no effect on a console'
        yield Remark(what, "its output is text; a fence of the language itself shows it as what it is")


def _of_interpreter(said: Mapping[str, Any]) -> Iterator[Remark]:
    """Yield what is to be said of a console whose interpreter reads its commands as its standard input."""
    for word in ("stdin", "stdin_from"):
        if word in said:
            yield _without(word, "on a console of an interpreter", "what it reads are its commands; take it away")


def of_file(names: Iterable[str]) -> Iterator[Remark]:
    """Yield what is to be said of the options `names` of a fence that is a file of samples and is not executed."""
    for name in names:
        if name in TABLE and TABLE[name].key not in _OF_FILES:
            yield _without(name, "on a fence that is a `file`", "it is not executed; add `exec`, or take the word away")


def of_tree(names: Iterable[str], known: Collection[str]) -> Iterator[Remark]:
    """Yield what is to be said of the options `names` of a tree of files, for which those that are `known` mean something."""
    for name in names:
        if name not in known:
            yield _without(name, "on `tree`", "a tree is drawn and never executed; take the word away")


def _without(word: str, beside: str, hint: str) -> Remark:
    return Remark(f"`{word}` has no effect {beside}", hint)
