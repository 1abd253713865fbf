"""Rust programs, changed a little: their layout only, a token, or any character.

Where tokens begin and end is what our lexer says, but `character` does not ask it: what it gets wrong shows there.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from mkdocs_codeexec.languages.rust.source.lexer import Token, Unlexable, tokens

Pieces: TypeAlias = tuple[list[str], list[Token]]
"""The gaps between tokens, before the first and after the last too, and the tokens."""

COMMENTS = (
    "/* note */",
    "/**/",
    "/***/",
    "/* a /* nested */ \" ' */",
    "/* one\n * two\n */",
    "// note\n",
    "//// no doc\n",
    "// \" ' /* {\n",
    "// é ¿ 漢\n",
    "//\n",
)
SNIPPETS = (*"/*\"'#\\ \n!=&><.-e0rb", "//", "/*", "*/")
OPERATORS = {"+": "-", "-": "+", "*": "+", "<": ">", ">": "<", "&": "|", "|": "&", ".": ":", "=": "+", "!": "-"}


class Mutant(NamedTuple):
    """A sample, changed.

    Attributes:
        original: Number of the sample.
        kind: How it was changed.
        code: What became of it.
    """

    original: int
    kind: str
    code: str


def pieces(code: str) -> Pieces:
    """Take `code` apart.

    Raises:
        Unlexable: It is not Rust.
    """
    found = list(tokens(code))
    ends = [0, *(token.end for token in found)]
    starts = [*(token.start for token in found), len(code)]
    return [code[end:start] for end, start in zip(ends, starts, strict=True)], found


def joined(gaps: Sequence[str], texts: Sequence[str]) -> str:
    return "".join(part for pair in zip(gaps, [*texts, ""], strict=True) for part in pair)


def _free(gaps: list[str], found: list[Token], index: int) -> bool:
    """Tell whether something may stand before token `index` without a change of tokens."""
    if index in (0, len(found)):
        return index > 0
    around = (found[index - 1], found[index])
    return bool(gaps[index]) or any(token.kind in ("open", "close") or token.text in ",;" for token in around)


def comment(gaps: list[str], found: list[Token], rng: random.Random) -> None:
    for index in rng.sample(range(len(gaps)), min(5, len(gaps))):
        if _free(gaps, found, index):
            gaps[index] += f" {rng.choice(COMMENTS)} "


def uncomment(gaps: list[str], found: list[Token], _: random.Random) -> None:
    for index, gap in enumerate(gaps):
        if "/" in gap:
            line_comment = index > 0 and found[index - 1].text.startswith(("///", "//!"))
            gaps[index] = "\n" if "\n" in gap or line_comment else " "


def reindent(gaps: list[str], _: list[Token], rng: random.Random) -> None:
    indents = ["", " ", "\t", "    ", "\t  "]
    for index, gap in enumerate(gaps):
        if "\n" in gap and "/" not in gap:
            gaps[index] = gap.rstrip(" \t") + rng.choice(indents)


def join(gaps: list[str], found: list[Token], _: random.Random) -> None:
    for index, gap in enumerate(gaps[1:], 1):
        if gap.isspace() and not found[index - 1].text.startswith(("///", "//!")):
            gaps[index] = " "


def split(gaps: list[str], found: list[Token], rng: random.Random) -> None:
    for index, gap in enumerate(gaps):
        if rng.random() < 0.3 and _free(gaps, found, index):
            gaps[index] = gap + rng.choice(["\n", "\n\n", "\r\n", "\n   "])


def tighten(gaps: list[str], found: list[Token], rng: random.Random) -> None:
    for index in range(1, len(found)):
        around = (found[index - 1], found[index])
        if gaps[index].isspace() and any(token.kind in ("open", "close") for token in around) and rng.random() < 0.5:
            gaps[index] = "\n" if around[0].text.startswith(("///", "//!")) else ""


LAYOUT = (comment, uncomment, reindent, join, split, tighten)


def literal(code: str, rng: random.Random) -> str:
    """Change a character within a literal or documentation comment."""
    found = [token for token in tokens(code) if token.kind in ("string", "number", "char", "outer", "inner")]
    token = rng.choice(found or list(tokens(code)))
    at = rng.randrange(token.start, token.end)
    other = rng.choice("1234567890") if code[at].isdigit() else rng.choice("xyz")
    return code[:at] + other + code[at + 1 :]


def operator(code: str, rng: random.Random) -> str:
    found = [token for token in tokens(code) if token.text in OPERATORS]
    if not found:
        return code
    token = rng.choice(found)
    return code[: token.start] + OPERATORS[token.text] + code[token.end :]


def joint(code: str, rng: random.Random) -> str:
    """Split what touches, or put together what does not."""
    gaps, found = pieces(code)
    between = [n for n in range(1, len(found)) if not gaps[n].strip() and "mark" in (found[n - 1].kind, found[n].kind)]
    if not between:
        return code
    index = rng.choice(between)
    gaps[index] = rng.choice([" ", "/**/", "\n"]) if not gaps[index] else ""
    return joined(gaps, [token.text for token in found])


def delete(code: str, rng: random.Random) -> str:
    token = rng.choice(tokens(code))
    return code[: token.start] + code[token.end :]


def swap(code: str, rng: random.Random) -> str:
    gaps, found = pieces(code)
    texts = [token.text for token in found]
    index = rng.randrange(1, len(texts))
    texts[index - 1 : index + 1] = reversed(texts[index - 1 : index + 1])
    return joined(gaps, texts)


def character(code: str, rng: random.Random) -> str:
    """Put something at any place, or take a character away, whatever it belongs to."""
    at = rng.randrange(len(code))
    return (
        code[:at] + rng.choice([*SNIPPETS, *COMMENTS]) + code[at:] if rng.random() < 0.7 else code[:at] + code[at + 1 :]
    )


CHANGES = (literal, operator, joint, delete, swap, character, character, joint)


def mutants(number: int, code: str, wanted: int, rng: random.Random) -> list[Mutant]:
    """Return `wanted` mutants of `code` or fewer, half of them with another layout only, no two alike."""
    try:
        tokens(code)
    except Unlexable:
        return []
    found: dict[str, Mutant] = {}
    for turn in range(wanted):
        if turn % 2:
            change = CHANGES[turn // 2 % len(CHANGES)]
            kind, text = "tokens", change(code, rng)
        else:
            gaps, stream = pieces(code)
            for change in rng.sample(LAYOUT, rng.randint(1, 3)):
                change(gaps, stream, rng)
            kind, text = "layout", joined(gaps, [token.text for token in stream])
        if text != code:
            found.setdefault(text, Mutant(number, kind, text))
    return list(found.values())
