"""Rust source as tokens: as much of the lexer as is needed to see where a program's parts begin and end.

The grammar is that of the Rust reference, chapters "Tokens" and "Comments". Numbers and operators are split more
finely than rustc splits them, which nothing here depends on.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["word", "string", "char", "lifetime", "number", "mark", "open", "close", "outer", "inner"]
"""`outer` and `inner` are documentation comments, which are attributes in disguise."""


class Unlexable(ValueError):  # noqa: N818 - says what the source is
    """The source ends within a token, or its brackets do not match.

    Attributes:
        surplus: Offset of a `}` that nothing opened before it; None if something else is wrong first.
    """

    def __init__(self, message: str, surplus: int | None = None) -> None:
        super().__init__(message)
        self.surplus = surplus


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


# No repetition of a group is possessive: before 3.11.5, Python loses its place when the last round of one fails. In none of
# them do two rounds or branches begin alike, so there is nothing to try again.
_TOKEN = re.compile(
    r"""
    [\s\u200e\u200f]*+ (?:
      (?P<comment> //[^\n]*+ | /\*[^*/]*+(?:(?:\*(?!/)|/(?!\*))[^*/]*+)*\*/ )   # one with another inside is `nested`
    | (?P<nested> /\* )
    | (?P<string> (?:b|c)?" [^"\\]*+(?:\\.[^"\\]*+)* " | (?:b|c)?r(?P<hashes>\#*+)" [^"]*+(?:"(?!(?P=hashes))[^"]*+)* "(?P=hashes) )
    | (?P<char> b?' (?: \\u\{[^}']*+\} | \\x[0-9a-fA-F]{2} | \\. | [^'\\\n\r\t] ) ' )
    | (?P<lifetime> '(?:r\#)?[^\W\d]\w*+ )
    | (?P<endless> (?:b|c)?r\#*+" | " )
    | (?P<word> (?:r\#)?[^\W\d]\w*+ )
    | (?P<number> \d\w*+ (?:\.(?![.\w]) | \.\d\w*+)? )
    | (?P<open> [(\[{] )
    | (?P<close> [)\]}] )
    | (?P<mark> . )
    | (?P<rest> \Z )   # else space at the end would be looked through again from each of its characters
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS: Mapping[str | None, Kind] = {
    "string": "string",
    "char": "char",
    "lifetime": "lifetime",
    "word": "word",
    "number": "number",
    "mark": "mark",
}
"""By group of the pattern; the others need a second look."""
_COMMENT_MARK = re.compile(r"/\*|\*/")
_PAIRS = {")": "(", "]": "[", "}": "{"}


@functools.lru_cache(maxsize=1024)  # a sample that is missing is read for its structure and for its company
def tokens(source: str) -> tuple[Token, ...]:
    """Return the tokens of `source`, plain comments left out.

    Raises:
        Unlexable: A literal or a comment does not end, or the brackets do not match.
    """
    found: list[Token] = []
    brackets: list[str] = []
    position: int | None = 0
    while position is not None:
        position = _scan(source, position, found, brackets)
    if brackets:
        raise Unlexable("a bracket is not closed")
    return tuple(found)


def _scan(source: str, position: int, found: list[Token], brackets: list[str]) -> int | None:
    """Add the tokens from `position` on to `found`; return where to go on after a comment within a comment."""
    make, append = tuple.__new__, found.append  # a third faster than Token(…), and samples are read in every build
    kinds = _KINDS.get
    for match in _TOKEN.finditer(source, position):  # any character is a mark, so nothing is passed over but space
        group = match.lastgroup or ""
        text, start = match[group], match.start(group)
        kind = kinds(group)
        if kind is None:
            if group in ("open", "close"):
                kind = _bracket(text, start, brackets)
            elif group == "rest":
                continue
            elif group == "comment":
                kind = _documentation(text)
                if kind is None:
                    continue
            elif group == "nested":
                end = _comment_end(source, start)
                kind = _documentation(source[start:end])
                if kind is not None:
                    append(Token(kind, source[start:end], start))
                return end
            else:
                raise Unlexable("a string literal does not end")
        append(make(Token, (kind, text, start)))
    return None


def _bracket(text: str, start: int, brackets: list[str]) -> Kind:
    """Return the kind of the bracket `text` at `start`, and open or close it in `brackets`."""
    if text not in _PAIRS:
        brackets.append(text)
        return "open"
    if not brackets:
        raise Unlexable("brackets do not match", start if text == "}" else None)
    if brackets.pop() != _PAIRS[text]:
        raise Unlexable("brackets do not match")
    return "close"


def _documentation(comment: str) -> Kind | None:
    """Return the kind of `comment`; a plain one has none."""
    mark = comment[:4]
    if mark[2:3] == "!":
        return "inner"
    if mark.startswith(("///", "/**")) and mark not in ("////", "/***", "/**/"):
        return "outer"
    return None


def _comment_end(source: str, start: int) -> int:
    """Return where the block comment at `start` ends; they nest."""
    depth = 0
    for match in _COMMENT_MARK.finditer(source, start):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end()
    raise Unlexable("a comment does not end")


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


def words(source: str) -> list[Token]:
    """Return the tokens of `source` that are no comments.

    Raises:
        Unlexable: It is not Rust.
    """
    return [token for token in tokens(source) if token.kind not in ("inner", "outer")]


def one_line(source: str) -> str:
    """Return `source` on one line, without comments, meaning the same.

    Line breaks within literals become escapes; a raw string with a line break becomes an ordinary one.

    Raises:
        Unlexable: It is not Rust.
    """
    parts: list[str] = []
    end = 0
    apart = False
    for token in tokens(source):
        apart = apart or end < token.start
        end = token.end
        if token.kind in ("inner", "outer"):
            apart = True  # what stands on both sides of a comment are two words
            continue
        if apart:
            parts.append(" ")
            apart = False
        parts.append(_literal(token.text) if token.kind == "string" and "\n" in token.text else token.text)
    return "".join(parts).strip()


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
