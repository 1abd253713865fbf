"""Rust source as tokens: as much of the lexer as is needed to see where a program's parts begin and end.

The grammar is that of the Rust reference, chapters "Tokens" and "Comments". Numbers and operators are split more
finely than rustc splits them, which nothing here depends on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["word", "string", "char", "lifetime", "number", "mark", "open", "close", "outer", "inner"]
"""`outer` and `inner` are documentation comments, which are attributes in disguise."""


class Unlexable(ValueError):  # noqa: N818 - says what the source is
    """The source ends within a token, or its brackets do not match."""


class Token(NamedTuple):
    """A piece of source.

    Attributes:
        kind: What it is.
        text: Its source.
        start: Offset of its first character.
    """

    kind: Kind
    text: str
    start: int

    @property
    def end(self) -> int:
        """Offset after its last character."""
        return self.start + len(self.text)

    @property
    def name(self) -> str:
        """The identifier that it spells: `r#main` is `main`."""
        return self.text.removeprefix("r#")


_TOKEN = re.compile(
    r"""
    [\s\u200e\u200f]*+ (?:
      (?P<line> //[^\n]*+ )
    | (?P<block> /\* )
    | (?P<raw> (?:b|c)?r(?P<hashes>\#*+)" )
    | (?P<string> (?:b|c)?" (?:[^"\\]|\\.)*+ " )
    | (?P<char> b?' (?: \\u\{[^}']*+\} | \\x[0-9a-fA-F]{2} | \\. | [^'\\\n\r\t] ) ' )
    | (?P<lifetime> '(?:r\#)?[^\W\d]\w*+ )
    | (?P<word> (?:r\#)?[^\W\d]\w*+ )
    | (?P<number> \d\w*+ (?:\.(?![.\w]) | \.\d\w*+)? )
    | (?P<open> [(\[{] )
    | (?P<close> [)\]}] )
    | (?P<quote> " )
    | (?P<mark> . )
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS: Mapping[str, Kind] = {
    "string": "string",
    "char": "char",
    "lifetime": "lifetime",
    "word": "word",
    "number": "number",
    "open": "open",
    "close": "close",
    "mark": "mark",
}
_BLOCK = re.compile(r"/\*|\*/")
_PAIRS = {")": "(", "]": "[", "}": "{"}


def tokens(source: str) -> tuple[Token, ...]:
    """Return the tokens of `source`, plain comments left out.

    Raises:
        Unlexable: A literal or a comment does not end, or the brackets do not match.
    """
    found: list[Token] = []
    brackets: list[str] = []
    position = 0
    while match := _TOKEN.match(source, position):  # any character is a mark, so what ends it is the end, after space
        group = match.lastgroup or ""
        start, position = match.span(group)
        if group in ("quote", "raw", "block", "line"):
            kind, position = _long(source, match, group)
            if kind is None:
                continue
        else:
            kind = _KINDS[group]
        text = source[start:position]
        if kind == "open":
            brackets.append(text)
        elif kind == "close" and (not brackets or brackets.pop() != _PAIRS[text]):
            raise Unlexable("brackets do not match")
        found.append(Token(kind, text, start))
    if brackets:
        raise Unlexable("a bracket is not closed")
    return tuple(found)


def closing(stream: tuple[Token, ...], index: int) -> int:
    """Return the index of the token that closes the bracket at `index`."""
    depth = 0
    for position in range(index, len(stream)):
        if stream[position].kind == "open":
            depth += 1
        elif stream[position].kind == "close":
            depth -= 1
            if depth == 0:
                return position
    raise Unlexable("a bracket is not closed")


def one_line(source: str) -> str:
    """Return `source` on one line, without comments, meaning the same.

    Line breaks within literals become escapes; a raw string with a line break becomes an ordinary one.

    Raises:
        Unlexable: It is not Rust.
    """
    parts: list[str] = []
    end = 0
    for token in tokens(source):
        gap = source[end : token.start]
        end = token.end
        if token.kind in ("inner", "outer"):
            continue
        if gap:
            parts.append(" ")
        parts.append(_literal(token.text) if token.kind == "string" and "\n" in token.text else token.text)
    return "".join(parts).strip()


def _long(source: str, match: re.Match[str], group: str) -> tuple[Kind | None, int]:
    """Return the kind of a comment or raw string, and where it ends; a plain comment has no kind."""
    start, end = match.span(group)
    if group == "quote":
        raise Unlexable("a string literal does not end")
    if group == "raw":
        return "string", _raw_end(source, match)
    if group == "block":
        end = _block_end(source, start)
    mark = source[start : start + 4]
    if mark[2:3] == "!":
        return "inner", end
    if mark.startswith(("///", "/**")) and mark not in ("////", "/***", "/**/"):
        return "outer", end
    return None, end


def _block_end(source: str, start: int) -> int:
    """Return where the block comment at `start` ends; they nest."""
    depth = 0
    for match in _BLOCK.finditer(source, start):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end()
    raise Unlexable("a comment does not end")


def _raw_end(source: str, opening: re.Match[str]) -> int:
    close = '"' + opening["hashes"]
    end = source.find(close, opening.end())
    if end < 0:
        raise Unlexable("a raw string does not end")
    return end + len(close)


def _literal(text: str) -> str:
    """Return the string literal `text` without line breaks in it."""
    text = text.replace("\r\n", "\n")
    raw = re.match(r'([bc]?)r(#*)"', text)
    if raw is None:
        # A backslash before a line break takes the break and the space after it away (reference: string continuation).
        continued = re.sub(r"(?<!\\)((?:\\\\)*)\\\n\s*", r"\1", text)
        return continued.replace("\n", "\\n")
    prefix, hashes = raw.groups()
    inner = text[raw.end() : len(text) - 1 - len(hashes)]
    escaped = inner.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'{prefix}"{escaped}"'
