"""Take out of output what tells of one run or one machine, before it is shown.

Outcomes are stored as they came; these rules apply on the way out, so a new rule costs no re-run. They are named and
ordered; add new ones at the end. Only names of folders are taken out before: no other machine would know them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mkdocs_codeexec.core.outcome import StepResult


class Rule(NamedTuple):
    """One replacement.

    Attributes:
        name: What it takes out.
        sign: What text must hold for the pattern to be found; most text holds none of these.
        pattern: What is found.
        put: What stands there instead, as `re.sub` takes it.
    """

    name: str
    sign: str
    pattern: re.Pattern[str]
    put: str


ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
"""An ANSI escape sequence that is whole: what a terminal does not show of text that a compiler coloured."""
PATH_CHARACTER = r"[\w./@+~%-]"
"""What may stand in a path."""
START = rf"(?:(?<=\x1b\[m)|(?<=\x1b\[[0-9]m)|(?<=\x1b\[[0-9]{{2}}m)|(?<=\x1b\[[0-9];[0-9]{{2}}m)|(?<=\x1b\[K)|(?<!{PATH_CHARACTER}))"
"""Before a path: nothing that could belong to it; but the end of a colour, which is a letter, may be there.

What may stand in a path may not stand before it, so every path is looked at once and the rules take linear time.
"""


def normalize(text: str, rules: Iterable[Rule]) -> str:
    """Return `text` after all `rules`, in their order."""
    for rule in rules:
        if rule.sign in text:
            text = rule.pattern.sub(rule.put, text)
    return text


def relative(result: StepResult, folder: str) -> StepResult:
    """Return `result` with names of files in `folder`, the scratch directory, relative to it.

    Such names are taken out before an Outcome is stored: afterwards nobody knows what the directory was called.
    """
    return changed(result, lambda text: without_folder(text, folder))


def renamed(result: StepResult, folders: Sequence[tuple[str, str]]) -> StepResult:
    """Return `result` with other names for files in `folders`: pairs of a folder and what stands for it, inner ones first.

    So that it names no folder of this machine, and is the same on every other. What stands for a folder may be empty.
    """

    def change(text: str) -> str:
        for folder, put in folders:
            text = without_folder(text, folder, put)
        return text

    return changed(result, change)


def anonymous(result: StepResult, folders: Sequence[tuple[str, str]]) -> StepResult:
    """Return `result` with other names for `folders`: pairs of a name and what stands for it, innermost first.

    For folders with a random name, which means nothing else wherever it stands (`-L/tmp/x1y2z3/lib`).
    """

    def change(text: str) -> str:
        for name, put in folders:
            if name in text:  # a pattern costs more to make than to use, and few are needed
                text = re.sub(rf"(?:file://)?{re.escape(name)}(?![\w-])", put, text)
        return text

    return changed(result, change)


def changed(result: StepResult, change: Callable[[str], str]) -> StepResult:
    """Return `result` with `change` applied to all that was written."""
    stdout, stderr = change(result.stdout), change(result.stderr)
    if not (result.diagnostics or result.parts) and (stdout, stderr) == (result.stdout, result.stderr):
        return result
    told = tuple(
        replace(
            item,
            message=change(item.message),
            rendered=change(item.rendered),
            spans=tuple(replace(span, file=change(span.file), label=change(span.label)) for span in item.spans),
        )
        for item in result.diagnostics
    )
    parts = tuple(changed(part, change) for part in result.parts)
    return replace(result, stdout=stdout, stderr=stderr, diagnostics=told, parts=parts)


def without_folder(text: str, folder: str, put: str = "") -> str:
    """Return `text` with names of files in `folder` relative to it, or to `put`.

    Only whole path elements count: `/tmp/a` is not found in `/tmp/ab` nor in `/x/tmp/a`.
    """
    if not folder.startswith("/") or folder == "/" or folder not in text:
        return text
    folder = folder.rstrip("/")
    text = re.sub(rf"{START}{re.escape(folder)}/", lambda _: f"{put}/" if put else "", text)
    return re.sub(rf"{START}{re.escape(folder)}(?!{PATH_CHARACTER})", lambda _: put or ".", text)
