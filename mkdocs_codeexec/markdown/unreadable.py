"""Front matter that nobody can read: a host shows it as text, and what it says for fences would be lost."""

from __future__ import annotations

import re
from typing import NamedTuple

FIELD = "codeexec"
"""What a page's defaults stand below."""

_OPENED = re.compile(r"(\s*)-{3}[ \t]*\n")
_CLOSED = re.compile(r"^(?:\.{3}|-{3})[ \t]*(?:\n|\Z)", re.MULTILINE)
_FENCE = re.compile(r"^(?:`{3}|~{3})", re.MULTILINE)
_KEY = re.compile(rf"""^[\s{{"'?-]*{FIELD}["']?[ \t]*(?:[:={{\[]|$)""", re.MULTILINE)
"""What looks like our name as one of YAML, and not as a word of prose."""


class Unreadable(NamedTuple):
    """What is wrong with a front matter.

    Attributes:
        line: Where, in the page.
        why: What is wrong.
        names_us: Whether it may say something for fences.
    """

    line: int
    why: str
    names_us: bool


def unreadable(text: str, *, understood: bool) -> Unreadable | None:
    """Return what is wrong with the front matter of a page that is `text`.

    None if that can be read, or there is none, or it names us nowhere and the page has no fences: the host's business.
    Whether there is one is a guess where it cannot be read, as a page may begin with a rule.

    Args:
        text: The file.
        understood: Whether the host has found a front matter, be it that of a folder.
    """
    opened = _OPENED.match(text)
    if opened is None:
        return None
    closed = _CLOSED.search(text, opened.end())
    block = text[opened.end() : closed.start() if closed else len(text)]
    if FIELD not in block and (understood or not _FENCE.search(text)):
        return None
    first = text.count("\n", 0, opened.end()) + 1
    fence = _FENCE.search(block)
    before = block[: fence.start()] if fence else block
    key = _KEY.search(before)
    at = first + (before.count("\n", 0, key.end()) if key else 0)
    if closed is None or opened[1]:
        why = "it does not begin in the first line" if closed else "no line of `---` ends it"
        return Unreadable(at, why, names_us=True) if key else None  # a rule, and prose
    wrong = _wrong(block)
    if wrong is None or not (key or (wrong.certain and fence is None)):
        return None
    named = key is not None or FIELD in block
    return Unreadable(first + wrong.line - 1 if wrong.line else at, wrong.why, named)


class _Wrong(NamedTuple):
    """What is wrong with a text as a mapping in YAML: its line, or 0; what; and whether it is no YAML at all."""

    line: int
    why: str
    certain: bool = True


def _wrong(block: str) -> _Wrong | None:
    import yaml

    try:
        value = yaml.load(block, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except yaml.MarkedYAMLError as error:
        lines = block.count("\n")
        marks = [mark.line + 1 for mark in (error.problem_mark, error.context_mark) if mark and mark.line < lines]
        return _Wrong(marks[0] if marks else 0, error.problem or error.context or "it is no YAML")
    except Exception as error:  # noqa: BLE001 - a date that there is not, a character, too deep: so hosts go on
        return _Wrong(0, f"{type(error).__name__}: {error}".partition("\n")[0])
    if value is None or isinstance(value, dict):
        return None
    return _Wrong(0, "it is no mapping (`name: value` lines)", certain=False)
