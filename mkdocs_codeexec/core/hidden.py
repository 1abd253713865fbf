r"""Lines that run and are not shown, by the rule of rustdoc or by that of another language.

What follows is rustdoc's. Other languages hide lines that begin with what the site or the author says, as mdBook does,
and where `#` begins a comment, lines that end in the comment `markdown-exec: hide`.

A line that is `#`, or starts with `# `, indented or not, is hidden; a leading `##` stands for `#`; anything else
(`#[derive]`, `#![…]`, `#!`) is code. rustdoc goes by the line alone (`map_line` in `librustdoc/html/markdown.rs`).
Here a line that starts inside a literal or a comment is text, because `# Heading` in an `r#"…"#` is no hidden line;
unless the literal was opened on a hidden line: then the whole of it is hidden.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Literal(NamedTuple):
    """Within a string: what ends it; whether a backslash escapes; whether a hidden line opened it."""

    end: str
    escapes: bool
    hidden: bool


class _Comment(NamedTuple):
    """Within `/* … */`: how deep; whether a hidden line opened it."""

    depth: int
    hidden: bool


_Inside: TypeAlias = _Literal | _Comment | None

# A quote after a letter or digit starts no raw string: `bar"x"` in a macro is the word `bar` and a string.
_OPENS = r"""
    (?P<line>//)
  | (?P<block>/\*)
  | (?<!\w)[bc]?r(?P<hashes>\#*)"
  | (?P<string>")
  | '(?:\\(?:u\{[^}']*\}|x..|.)|[^\\'])'   # a character; a lifetime has no second quote
"""
_TOLD = "markdown-exec:"
_MARKED = r"#\s*markdown-exec:\s*hide\s*$"
_NESTS = r"/\*|\*/"
_STRING_ENDS = r'\\.|"'


class Hiding(NamedTuple):
    """Which lines run and are not shown.

    Attributes:
        rustdoc: Whether they are those that rustdoc hides.
        prefix: What those begin with, after their indentation, that run without it; empty for none.
        marked: Whether they are those that end in `# markdown-exec: hide`, and run as they are.
    """

    rustdoc: bool = False
    prefix: str = ""
    marked: bool = False


ALL_SHOWN = Hiding()
RUSTDOC = Hiding(rustdoc=True)


def visible(code: str, hiding: Hiding = RUSTDOC) -> str:
    """Return `code` as readers see it: hidden lines are gone; rustdoc's `##` is `#`."""
    return "\n".join(shown for shown, _ in lines(code, hiding) if shown is not None) if _hides(code, hiding) else code


def is_hidden(line: str, hiding: Hiding) -> bool:
    """Tell whether readers do not see `line`, of a language other than Rust."""
    return any(shown is None for shown, _ in lines(line, hiding))


def numbers(code: str, hiding: Hiding = RUSTDOC) -> dict[int, int]:
    """Return the numbers that the lines of `code` have for readers, by their own; both from one."""
    shown = [number for number, (line, _) in enumerate(lines(code, hiding), 1) if line is not None]
    return {number: place for place, number in enumerate(shown, 1)}


def runnable(code: str, hiding: Hiding = RUSTDOC) -> str:
    """Return `code` as it runs: hidden lines without what they begin with; rustdoc's `##` is `#`.

    It has as many lines as `code`, in the same order, and hidden lines keep their indentation.
    """
    return "\n".join(run for _, run in lines(code, hiding)) if _hides(code, hiding) else code


def lines(code: str, hiding: Hiding) -> Iterator[tuple[str | None, str]]:
    """Yield each line of `code` as it is shown (None: hidden) and as it runs."""
    if hiding.rustdoc:
        yield from _lines(code)
        return
    for line in code.split("\n"):
        bare = line.lstrip()
        if hiding.prefix and bare.startswith(hiding.prefix):
            yield None, line[: len(line) - len(bare)] + bare[len(hiding.prefix) :]
        else:
            yield None if hiding.marked and re.search(_MARKED, line) else line, line


def _hides(code: str, hiding: Hiding) -> bool:
    """Tell whether there is a line that the rule could be for."""
    if hiding.rustdoc:
        return "#" in code and any(_split(line) != (line, line) for line in code.split("\n"))
    return bool(hiding.prefix and hiding.prefix in code) or (hiding.marked and _TOLD in code)


def _lines(code: str) -> Iterator[tuple[str | None, str]]:
    """Yield each line as it is shown (None: hidden) and as it runs."""
    inside: _Inside = None
    for line in code.split("\n"):
        text = inside is not None and not inside.hidden
        shown, run = (line, line) if text else _split(line)
        yield shown, run
        inside = _after(run, inside, hidden=shown is None)


def _split(line: str) -> tuple[str | None, str]:
    bare = line.strip()
    if bare.startswith("##"):
        plain = line.replace("##", "#", 1)
        return plain, plain
    if bare == "#" or bare.startswith("# "):
        return None, line.replace("# ", "", 1) if bare != "#" else ""
    return line, line


def _after(line: str, inside: _Inside, *, hidden: bool) -> _Inside:
    """Return what the next line starts in, if this one starts in `inside` (Rust reference, "Tokens")."""
    if inside is None and '"' not in line and "/*" not in line:
        return None
    position = 0
    while position < len(line):
        if inside is None:
            opens = _opener().search(line, position)
            if opens is None or opens["line"]:
                return None
            position = opens.end()
            inside = _opened(opens, hidden=hidden)
        else:
            position, inside = _close(line, position, inside)
    return inside


@functools.cache
def _opener() -> re.Pattern[str]:
    return re.compile(_OPENS, re.VERBOSE)


def _opened(opens: re.Match[str], *, hidden: bool) -> _Inside:
    if opens["block"]:
        return _Comment(1, hidden)
    if opens["string"]:
        return _Literal('"', escapes=True, hidden=hidden)
    if opens["hashes"] is not None:
        return _Literal('"' + opens["hashes"], escapes=False, hidden=hidden)
    return None


def _close(line: str, position: int, inside: _Literal | _Comment) -> tuple[int, _Inside]:
    if isinstance(inside, _Comment):
        mark = re.compile(_NESTS).search(line, position)
        if mark is None:
            return len(line), inside
        depth = inside.depth + (1 if mark.group() == "/*" else -1)
        return mark.end(), _Comment(depth, inside.hidden) if depth else None
    if not inside.escapes:
        end = line.find(inside.end, position)
        return (len(line), inside) if end < 0 else (end + len(inside.end), None)
    mark = re.compile(_STRING_ENDS).search(line, position)
    if mark is None:
        return len(line), inside
    return mark.end(), None if mark.group() == '"' else inside
