"""What git ignores, by the patterns of `gitignore(5)`. No program is started: git obeys what a checkout says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import count
from typing import NamedTuple

LONGEST = 4096
"""Characters of a pattern; longer ones are no patterns that somebody has written."""
MOST = 10_000
"""Patterns of one file."""
_DEEP = 3
"""Times that `**/` may stand in a pattern."""
_END = r"\0"
_SOME = r"[^/\0]"
_ANY = f"{_SOME}*"
_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": r"\x21-\x7e",
    "lower": "a-z",
    "print": r"\x20-\x7e",
    "punct": r"!-/:-@\[-`{-~",
    "space": r" \t\n\r\f\v",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_numbers = count()
"""Groups have names of their own: patterns become parts of larger ones."""


class _Group(NamedTuple):
    """Patterns that follow each other and say the same."""

    ignores: bool
    matches: re.Pattern[str]


class Patterns:
    """The patterns of one file, for paths relative to the folder that it stands in."""

    def __init__(self, text: str) -> None:
        self._groups: list[_Group] = []
        same: list[str] = []
        ignores = True
        for line in text.splitlines()[:MOST]:
            found = _translated(line)
            if found is None:
                continue
            if found[0] != ignores and same:
                self._add(ignores, same)
                same = []
            ignores = found[0]
            same.append(found[1])
        if same:
            self._add(ignores, same)

    def _add(self, ignores: bool, patterns: Iterable[str]) -> None:  # noqa: FBT001 - one of two things that they say
        self._groups.insert(0, _Group(ignores, re.compile("|".join(patterns), re.DOTALL)))

    def ignored(self, path: str, *, is_folder: bool) -> bool | None:
        """Return whether `path` is ignored; None if no pattern says anything about it."""
        subject = f"{path}\0" if is_folder else path
        return next((group.ignores for group in self._groups if group.matches.fullmatch(subject)), None)


def _translated(line: str) -> tuple[bool, str] | None:
    """Return whether a pattern ignores what it matches, and what that is; None if the line is none.

    Paths of folders end with a NUL, which is in no other.
    """
    line = _without_spaces(line)
    ignores = not line.startswith("!")
    line = line[not ignores :]
    if not line or line.startswith("#") or len(line) > LONGEST:
        return None
    only_folders = line.endswith("/")
    line = line[:-1] if only_folders else line
    if not line:
        return None
    anchored = "/" in line
    body = _body(line.removeprefix("/"))
    if body is None or (not ignores and body.endswith(".*")):
        return None
    return ignores, f"{'' if anchored else '(?:.*/)?'}{body}{_END if only_folders else f'{_END}?'}"


def _without_spaces(line: str) -> str:
    """Return `line` without the spaces at its end that no backslash keeps."""
    bare = line.rstrip(" ")
    kept = len(bare) - len(bare.rstrip("\\"))
    return f"{bare} " if kept % 2 and len(bare) < len(line) else bare


def _body(pattern: str) -> str | None:
    """Return a regular expression for a pattern without its slashes at both ends; None if it matches nothing.

    It takes linear time for each name, however many stars there are.
    """
    found: list[str] = []
    deep = 0
    parts = re.sub(r"(?:(?<=/)|^)(?:\*\*/)+", "**/", pattern).split("/")
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == "**" and not last:
            deep += 1
            if deep > _DEEP:  # what else it says may not count; too much is ignored then
                return f"{''.join(found)}.*"
            found.append("(?:.*/)?")
            continue
        name = ".+" if part == "**" and number else _name(part)
        if name is None:
            return None
        found.append(name if last else f"{name}/")
    return "".join(found)


def _name(pattern: str) -> str | None:
    """Return a regular expression for a name, which is what stands between slashes; None if it matches nothing."""
    pieces = [""]
    at = 0
    while at < len(pattern):
        one = _letter(pattern, at)
        if one is None:
            return None
        if one[0] == "*":
            pieces += [""] if pieces[-1] or len(pieces) == 1 else []
        else:
            pieces[-1] += one[0]
        at = one[1]
    if len(pieces) == 1:
        return pieces[0]
    # What stands between two stars may be taken where it comes first.
    first, *between, last = pieces
    return "".join((first, *(_atomic(f"{_ANY}?{piece}") for piece in between), _ANY, last))


def _atomic(pattern: str) -> str:
    """Return `pattern` as it is taken once and for all: Python has a word for that, which fails before 3.11.5."""
    name = f"g{next(_numbers)}"
    return f"(?=(?P<{name}>{pattern}))(?P={name})"


def _letter(pattern: str, at: int) -> tuple[str, int] | None:
    """Return what stands for a letter of a pattern, `*` for a star, and where it ends; None if it matches nothing."""
    letter = pattern[at]
    if letter == "[":
        return _set(pattern, at + 1)
    if letter == "\\":
        return (re.escape(pattern[at + 1]), at + 2) if at + 1 < len(pattern) else None
    return {"*": "*", "?": _SOME}.get(letter, re.escape(letter)), at + 1


def _set(pattern: str, at: int) -> tuple[str, int] | None:
    """Return what stands for a set of characters, and where it ends; None if it does not end."""
    negated = pattern.startswith(("!", "^"), at)
    at += negated
    items: list[str] = []
    first = True
    while at < len(pattern) and (pattern[at] != "]" or first):
        first = False
        if pattern.startswith("[:", at) and (end := pattern.find(":]", at)) > 0:
            name = pattern[at + 2 : end]
            if name not in _CLASSES:
                return None
            items.append(_CLASSES[name])
            at = end + 2
            continue
        low, at = _one(pattern, at)
        if pattern.startswith("-", at) and at + 1 < len(pattern) and pattern[at + 1] != "]":
            high, at = _one(pattern, at + 1)
            if low <= high:
                items.append(f"{re.escape(low)}-{re.escape(high)}")
        else:
            items.append(re.escape(low))
    if at >= len(pattern):
        return None
    inside = "".join(items)
    if not inside:
        return (_SOME if negated else "(?!)"), at + 1
    return f"(?![/\\0])[{'^' if negated else ''}{inside}]", at + 1


def _one(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at] == "\\" and at + 1 < len(pattern):
        return pattern[at + 1], at + 2
    return pattern[at], at + 1
