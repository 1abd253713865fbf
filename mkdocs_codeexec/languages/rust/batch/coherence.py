"""Which implementations are seen by all of a crate, and not only by whoever can name the type or the trait.

An `impl From<Mine> for String` is one more answer to what `String::from` may take, for every module: a literal that had
one type has several then, and a call that had none has one. An implementation for a type of the sample, or of a trait of
the sample, is nobody else's.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs_codeexec.languages.rust.source.lexer import Token

_NAMING = frozenset({"struct", "enum", "union", "trait"})
_EVERYBODYS = frozenset(
    [
        "bool",
        "char",
        "f32",
        "f64",
        "i8",
        "i16",
        "i32",
        "i64",
        "i128",
        "isize",
        "str",
        "u8",
        "u16",
        "u32",
        "u64",
        "u128",
        "usize",
    ]
) | frozenset({"$", "Box", "Option", "Result", "String", "Vec"})
"""Names that mean a type of nobody here unless they are declared right where they are used."""
_HEAD = 1000
"""Tokens from an `impl` to its `{` at most."""
_BEFORE_TYPE = frozenset({"mut", "dyn", "const", "impl"})


def widens(stream: tuple[Token, ...], index: int) -> bool:
    """Tell whether the `impl` at `index` is of a foreign trait with parameters for a foreign type, as far as names tell."""
    parted = _parted(stream, index)
    if parted is None:
        return False
    trait, target = parted
    if not trait and not target:
        return True
    own = _own(stream)
    if not any(token.text in ("<", "$") for token in trait) or _name(trait) in own:
        return False
    return _name(target) not in own


def _parted(stream: tuple[Token, ...], index: int) -> tuple[Sequence[Token], Sequence[Token]] | None:
    """Return the trait and the type of the `impl` at `index`; None if it has no trait, or is a type itself.

    Of one whose head has no end nearby, both are empty.
    """
    start = _past_generics(stream, index + 1)
    middle = 0
    depth = 0
    end = min(len(stream), index + _HEAD)
    for position in range(start, end):
        token = stream[position]
        if token.kind == "close" and depth == 0:
            return None  # `fn f(x: impl Fn())`
        if token.text == ";" and depth == 0:
            return None
        depth += (token.kind == "open") - (token.kind == "close")
        if depth > 1 or (depth == 1 and token.text != "{"):
            continue
        if token.text in ("{", "where"):
            return (stream[start:middle], stream[middle + 1 : position]) if middle else None
        if token.text == "for" and position + 1 < len(stream) and stream[position + 1].text != "<":  # not `for<'a>`
            middle = middle or position
    return None if end == len(stream) else (stream[:0], stream[:0])


def _past_generics(stream: tuple[Token, ...], index: int) -> int:
    """Return the index after the `<…>` at `index`, if one begins there."""
    if index >= len(stream) or stream[index].text != "<":
        return index
    depth = 0
    for position in range(index, min(len(stream), index + _HEAD)):
        text = stream[position].text
        arrow = text == ">" and stream[position - 1].text in ("-", "=")
        depth += (text == "<") - (text == ">" and not arrow)
        if depth == 0:
            return position + 1
    return len(stream)


def _name(tokens: Sequence[Token]) -> str:
    """Return the name of the type or trait that `tokens` spell: `&'a mut a::B<C>` is `B`; a tuple or a slice has none."""
    name = ""
    for token in tokens:
        if token.kind == "word":
            name = name if token.text in _BEFORE_TYPE else token.name
        elif (token.text == "<" and name) or (token.kind == "open" and name):
            break
        elif token.kind == "open" or token.text == "*":
            return ""
    return name


@lru_cache(maxsize=16)  # asked for each `impl` of a sample
def _own(stream: tuple[Token, ...]) -> frozenset[str]:
    """Return the names of the types and traits that the program itself declares; `$name` within its macros is one."""
    found = {name.name for word, name in pairwise(stream) if word.text in _NAMING}
    if "$" in found:
        found |= {
            stream[index + 2].name
            for index in range(len(stream) - 2)
            if stream[index].text in _NAMING and stream[index + 1].text == "$"
        }
    return frozenset(found - _EVERYBODYS)
