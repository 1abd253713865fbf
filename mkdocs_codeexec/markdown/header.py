"""The grammar of fence headers: what is written behind the backticks, read without knowing what it means.

Three spellings are one language. MkDocs: `rust exec title="x y"`, `{.rust .exec #id}`, `rust {.exec}`; rustdoc and
mdBook: `rust,should_panic`, `rust, ignore`, `,no_run`; and what people write between the two (`rust edition=2024`).
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

_LANGUAGE = re.compile(r"[\w.#+*-]++(?!=)")  # ```title="x": no language, an option
_PIECE = re.compile(
    r"""
    (?P<mark>[.\#])?                       # `.class`, `#id`
    (?P<name>[^\s,={}"'][^\s,={}]*)
    (?:=(?:
        "(?P<double>[^"]*)" | '(?P<single>[^']*)' | (?P<bare>[^\s,{}]*)
    ))?
    """,
    re.VERBOSE,
)
_BETWEEN = re.compile(r"(?:[\s,]|\([^()]*\))+")  # `ignore (why)`: rustdoc's comments stand in parentheses
_QUOTED = re.compile(r"""=(?:"[^"]*"|'[^']*')""")


_MARKUP = re.compile(r"""[<>&"'`]""")
"""In no name, class or id: highlighters write them into HTML as they are."""


class Option(NamedTuple):
    """A word of a header.

    Attributes:
        name: The word, or what stands before `=`.
        value: What stands behind `=`, without its quotes; None if there is no `=`.
    """

    name: str
    value: str | None = None

    def __str__(self) -> str:
        return self.name if self.value is None else f'{self.name}="{self.value}"'


class Header(NamedTuple):
    """What is written behind the backticks.

    Attributes:
        language: The language word as written, without a leading dot; empty if there is none.
        options: Words and pairs, in order.
        id: What followed `#`; the last one wins, as in `attr_list`.
        classes: What followed a `.`, in order, the language excepted.
        braces: Whether there is a `{…}`.
        rustdoc: Whether commas separate words, as in rustdoc and mdBook.
        stray: What is no word at all: quotes without a partner, braces inside, names with marks of HTML in them.
    """

    language: str = ""
    options: tuple[Option, ...] = ()
    id: str = ""
    classes: tuple[str, ...] = ()
    braces: bool = False
    rustdoc: bool = False
    stray: tuple[str, ...] = ()


@functools.lru_cache(maxsize=1000)
def parse_header(info: str) -> Header:
    """Read the info string of a fence: all that follows its backticks or tildes.

    Total: any string has a Header, and what makes no sense is kept in `stray`.
    """
    info = info.strip()
    language = _LANGUAGE.match(info)
    word = "" if language is None else language.group()
    rest = info[len(word) :]
    unquoted = _QUOTED.sub(lambda quoted: "x" * len(quoted.group()), rest)
    start = unquoted.find("{")
    braces = start >= 0 and unquoted.endswith("}")
    if braces:
        rest = f"{rest[:start]} {rest[start + 1 : -1]}"
    options, classes, identifier, stray = _pieces(rest)
    if braces and not word and classes:
        word = classes.pop(0)
    return Header(
        language=word.removeprefix("."),
        options=tuple(options),
        id=identifier,
        classes=tuple(classes),
        braces=braces,
        rustdoc="," in unquoted,
        stray=tuple(stray),
    )


def is_inline_code(info: str) -> bool:
    """Tell whether a line that starts with backticks and goes on with `info` is code within a paragraph.

    CommonMark: an info string of a backtick fence holds no backtick. superfences allows them between quotes.
    """
    return "`" in _QUOTED.sub("", info)


def _pieces(text: str) -> tuple[list[Option], list[str], str, list[str]]:
    options: list[Option] = []
    classes: list[str] = []
    identifier = ""
    stray: list[str] = []
    position = 0
    while position < len(text):
        if gap := _BETWEEN.match(text, position):
            position = gap.end()
            continue
        piece = _PIECE.match(text, position)
        if piece is None:
            end = _BETWEEN.search(text, position)
            stop = end.start() if end else len(text)
            stray.append(text[position:stop])
            position = stop
            continue
        position = piece.end()
        name, value = piece["name"], _value(piece)
        if _MARKUP.search(name) or (name == "id" and _MARKUP.search(value or "")):
            stray.append(piece[0])
        elif piece["mark"] == "." and value is None:
            classes.append(name)
        elif piece["mark"] == "#" and value is None:
            identifier = name
        elif name == "id" and value:
            identifier = value
        else:
            options.append(Option((piece["mark"] or "") + name, value))
    return options, classes, identifier, stray


def _value(piece: re.Match[str]) -> str | None:
    for group in ("double", "single", "bare"):
        found: str | None = piece[group]
        if found is not None:
            return found
    return None
