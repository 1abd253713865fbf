"""What of a Rust program stays when only comments and formatting change, if nothing in it can see them.

Two programs with one structure print the same. That rests on three things:

- The structure holds every token, documentation comments included, and whether two of them touch wherever that
  matters: `&&` is not `& &`, `1e-5` is not `1e - 5`, `a#b` is not `a #b`. Plain comments and space are left out, and
  only what rustc takes for them.
- A program that may see its own layout has none; see `layout`.
- An Outcome that speaks of layout is not used; see `layout_free`.

All of it errs towards "none", which costs a run. The tokens are those of our own lexer: Pygments' takes part of
`cr#"a" // b"#` for a comment, so that two programs would be one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.outcome import Exited
from mkdocs_codeexec.languages.rust.source.layout import NO_CRATES, Crates, crates_of, sees_layout
from mkdocs_codeexec.languages.rust.source.lexer import Token, Unlexable, tokens

if TYPE_CHECKING:
    from mkdocs_codeexec.core.action import Action
    from mkdocs_codeexec.core.outcome import Outcome

_APART = "=!<>&|+-*%^:.,;?"
_GLUED = {
    "==",
    "!=",
    "<=",
    ">=",
    "&&",
    "||",
    "<<",
    ">>",
    "+=",
    "-=",
    "*=",
    "%=",
    "^=",
    "&=",
    "|=",
    "->",
    "<-",
    "=>",
    "::",
    "..",
    ".=",
}
_LOOSE = frozenset(a + b for a in _APART for b in _APART if a != b) - _GLUED
"""Marks that are two tokens whether they touch or not (rustc, `rustc_ast::token::Token::glue`)."""
_BRACKETS = frozenset({"open", "close"})

_UNUSUAL = re.compile(r"[^\t\n\x20-\x7e]")
_REFUSED = re.compile(
    r"[^\S\t\n\r ]|\r(?!\n)|[\x00-\x08\x0e-\x1b\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)
"""Between tokens: space that rustc does not take for it, and characters that it refuses even in comments."""
_LARGEST = 10_000
"""Tokens of a program that has a structure: what is asked of each may need a look at all the others."""
_PLACE = re.compile(r"panicked at|stack backtrace|sample\.rs|\.rs:\d", re.IGNORECASE)


def structured(action: Action) -> Action:
    """Return `action`, of Rust, with its structure; as it is if it has none."""
    given = dict(action.inputs)
    if len(action.files) != 1 or "--extern" in (action.toolchain or ""):
        return action
    if any("BACKTRACE" in name and value != "0" for step in action.steps for name, value in step.env):
        return action
    crates = crates_of(given.get("environment.manifest", "?"), given.get("environment.lock", ""))
    found = None if crates is None else structure(action.files[0][1], crates)
    return action if found is None else replace(action, structure=found)


def layout_free(outcome: Outcome) -> bool:
    """Tell whether `outcome` is a success without a message of the compiler, and speaks of no place in the source."""
    return bool(outcome.steps) and all(
        step.ended == Exited(0)
        and not step.diagnostics
        and step.truncated == (0, 0)
        and not (step.kind == "build" and (step.stdout or step.stderr))
        and not _PLACE.search(step.stdout)
        and not _PLACE.search(step.errors)
        for step in outcome.steps
    )


@lru_cache(maxsize=1024)  # a sample that is missing is looked up more than once
def structure(code: str, crates: Crates = NO_CRATES) -> str | None:
    """Return what stays of the program `code` when comments and formatting change, as a digest.

    None if what it prints could depend on them, or if it is not Rust. It says nothing of the edition.
    """
    if code.startswith("#!") and not code.startswith("#!["):  # a line for the shell, only at the very start
        return None
    try:
        stream = tokens(code)
    except Unlexable:
        return None
    if len(stream) > _LARGEST:
        return None
    if _UNUSUAL.search(code) and any(map(_REFUSED.search, _gaps(code, stream))):
        return None
    if sees_layout(stream, crates):
        return None
    return hashlib.sha256(_spelled(stream).encode("utf-8", "surrogatepass")).hexdigest()


def _gaps(code: str, stream: tuple[Token, ...]) -> Iterator[str]:
    end = 0
    for token in stream:
        yield code[end : token.start]
        end = token.end
    yield code[end:]


def _spelled(stream: tuple[Token, ...]) -> str:
    """Return the tokens as one text: each with its length, and a `+` if it matters that it touches the one before."""
    parts: list[str] = []
    before, end = Token("open", "", 0), 0
    for token in stream:
        touches = token.start == end and _matters(before, token)
        parts.append(f"{'+' if touches else ''}{len(token.text)}:{token.text}")
        before, end = token, token.end
    return "".join(parts)


def _matters(left: Token, right: Token) -> bool:
    """Tell whether `left` and `right` may be other tokens when they touch than when they are apart."""
    if left.kind in _BRACKETS or right.kind in _BRACKETS:
        return False
    if left.kind == "mark" == right.kind:
        return left.text + right.text not in _LOOSE
    if left.kind == "mark" or right.kind == "mark":
        # `a#b` and `#"a"` are reserved since 2021 and 2024; an exponent may have a sign.
        signed = left.kind == "number" and left.text[-1] in "eE" and right.text in "+-"
        return signed or "#" in (left.text, right.text)
    return True
