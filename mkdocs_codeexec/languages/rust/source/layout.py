"""Whether a Rust program can see its own layout: the lines and columns it stands on, or its text.

What is asked here is what is *not known* to be blind: macros, attributes, derives and crates count as seeing unless
they are listed. An error to the other side would show readers an outcome that is not their sample's.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from mkdocs_codeexec.languages.rust.source.lexer import Token, closing


class Crates(NamedTuple):
    """The crates that a program may name, beside those of the toolchain.

    Attributes:
        blind: Names of those that are known not to look at layout; see `BLIND`.
        others: Names of those about which nothing is known, as the manifest has them.
    """

    blind: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()


NO_CRATES = Crates()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# --- What cannot see layout -------------------------------------------------------------------------------------------

MACROS = _words("""
    addr_of addr_of_mut assert assert_eq assert_ne cfg concat debug_assert debug_assert_eq debug_assert_ne eprint
    eprintln format format_args matches offset_of panic pin print println ready thread_local todo unimplemented
    unreachable vec write writeln
""")
"""Of the standard library. Those that name a place or spell their arguments do so only in a panic."""
ATTRIBUTES = _words("""
    allow cfg cold default deny deprecated derive doc expect forbid inline must_use non_exhaustive repr test warn
""")
TOOLS = _words("clippy rustfmt")
DERIVES = _words("Clone Copy Debug Default Eq Hash Ord PartialEq PartialOrd")
BLIND: Mapping[str, frozenset[str]] = {
    "anyhow": _words("anyhow bail"),
    "itertools": _words("chain iproduct izip"),
    "regex": frozenset(),
    "serde": frozenset(),
    "serde_json": _words("json"),
}
"""Crates whose sources were searched for this, and their macros that may be called (`ensure!` spells its arguments)."""
SERDE = _words("Deserialize Serialize serde")

# --- What can ---------------------------------------------------------------------------------------------------------

SHOWING = (
    # places, and text of the source
    _words("Backtrace PanicHookInfo PanicInfo backtrace dbg set_hook stringify take_hook track_caller update_hook")
    | _words("set_var")  # `RUST_BACKTRACE`
    # the source and the program as files: `sample.rs` lies beside the program
    | _words("fs metadata os read_dir symlink_metadata")
    # code that is not Rust, or not in sight
    | _words("extern macro proc_macro")
)
"""Names that do not occur in a program that is blind."""
SHOWING_PAIRS = (("panic", "Location"), ("process", "Command"))
"""The same of two names that occur both; the second one alone is the program's own."""
SHOWING_MACROS = _words("""
    asm column concat_bytes concat_idents env file global_asm include include_bytes include_str line module_path
    naked_asm option_env
""")
"""Good names for variables, but a macro of the program's own could put a `!` after them."""

_OPERATOR_AFTER = _words("break else if in match return while yield")
"""Words before a `!` that is an operator."""
_MARKS = frozenset("=!<>&|+-*%^:.,;?/#$@~")
_LITERAL = _words("char inner outer string")

_HOME = _words("Self alloc core crate self std super")
_PRIMITIVES = _words("bool char f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 u32 u64 u128 usize")
_PUBLISHED = re.compile(
    r'^name = "([^"]+)"\nversion = "[^"]*"\nsource = "registry\+https://github\.com/rust-lang/crates\.io-index"$',
    re.MULTILINE,
)
_TABLES = _words("dependencies features lints package profile workspace")
_KEYS = _words("default-features default_features features version")


@lru_cache(maxsize=64)
def crates_of(manifest: str, lock: str) -> Crates | None:
    """Return the crates of an Environment; None if its manifest says more than is understood here.

    Only what crates.io published is known by its name: a patched or renamed crate, or one in a folder, is not.
    """
    try:
        document = tomllib.loads(manifest)
    except (ValueError, RecursionError):
        return None
    dependencies = document.get("dependencies", {})
    if not _TABLES.issuperset(document) or not isinstance(dependencies, dict):
        return None
    published = set(_PUBLISHED.findall(lock))
    blind = frozenset(
        name
        for name, wanted in dependencies.items()
        if name in BLIND and name in published and (isinstance(wanted, str) or _KEYS.issuperset(wanted))
    )
    return Crates(blind, frozenset(name.replace("-", "_") for name in dependencies.keys() - blind))


def sees_layout(stream: tuple[Token, ...], crates: Crates = NO_CRATES) -> bool:
    """Tell whether the program `stream` may see its own layout."""
    names = {token.name for token in stream if token.kind == "word"}
    if not SHOWING.isdisjoint(names) or any(names.issuperset(pair) for pair in SHOWING_PAIRS):
        return True
    if any(map(_odd, stream)) or _calls_unknown(stream, names, crates):
        return True
    if not all(_is_blind(stream, index, crates) for index in _places(stream, "#")):
        return True
    return bool(crates.others) and ("macro_rules" in names or not _stays_home(stream, names, crates))


def _odd(token: Token) -> bool:
    """Tell whether `token` is not surely the one that rustc sees, in every edition."""
    kind, text, _ = token
    if kind == "mark":
        return text not in _MARKS
    if kind == "string":
        # `cr"…"` is no raw string before 2021; and backtraces may be asked for by a variable.
        return text.startswith("cr") or "BACKTRACE" in text
    return kind not in _LITERAL and not text.isascii()  # letters are Unicode's for rustc, and nearly so for Python


def _calls_unknown(stream: tuple[Token, ...], names: set[str], crates: Crates) -> bool:
    """Tell whether a macro is called that may show layout."""
    called: set[str] = set()
    defined: set[str] = set()
    for index in _places(stream, "!"):
        before, after = _at(stream, index - 1), _at(stream, index + 1)
        if before.kind != "word" or before.text in _OPERATOR_AFTER:
            continue
        if after.text == "=" and after.start == stream[index].end:  # `a != b`
            continue
        if before.text == "macro_rules":
            defined.add(after.text)
        else:
            # The name of a `$fragment` stands elsewhere.
            called.add("$" if _at(stream, index - 2).text == "$" else before.text)
    if any(word.text == "as" and name.text in MACROS for word, name in pairwise(stream)):
        return True
    if defined and not SHOWING_MACROS.isdisjoint(names):
        return True
    return not called <= MACROS.union(defined - {"$"}, *(BLIND[name] for name in crates.blind))


def _is_blind(stream: tuple[Token, ...], index: int, crates: Crates) -> bool:
    """Tell whether the attribute whose `#` is at `index` is known not to show layout."""
    index += 1 + (_at(stream, index + 1).text == "!")
    if _at(stream, index).text != "[":
        return False
    name = stream[index + 1].text
    inside = stream[index + 2 : closing(stream, index)]
    if name == "derive":
        derives = DERIVES | SERDE if "serde" in crates.blind else DERIVES
        return all(token.text in derives for token in inside if token.text not in ("(", ")", ",", ":"))
    if name == "serde":  # strings in it are paths of functions
        return "serde" in crates.blind and not (crates.others and any("::" in token.text for token in inside))
    return name in ATTRIBUTES or (name in TOOLS and _path_follows(stream, index + 2))


def _stays_home(stream: tuple[Token, ...], names: set[str], crates: Crates) -> bool:
    """Tell whether every path begins in the toolchain's crates, in `crates.blind` or in the program itself.

    A crate may have another name in code than in the manifest, so the names of `crates.others` alone tell too little.
    """
    if not crates.others.isdisjoint(names):
        return False
    roots = _HOME | _PRIMITIVES | crates.blind
    own = {name.text for word, name in pairwise(stream) if word.text == "mod"}
    for index in _places(stream, "use"):
        place = index + 1
        root = _at(stream, place).text
        if root not in roots and root not in own and not root[:1].isupper():
            return False
        while _at(stream, place).text not in (";", ""):
            own.add(stream[place].text)
            place += 1
    return all(
        token.text in roots or token.text in own or token.text[0].isupper()
        for index, token in enumerate(stream)
        if token.kind == "word" and _begins_path(stream, index)
    )


def _begins_path(stream: tuple[Token, ...], index: int) -> bool:
    if not _path_follows(stream, index + 1) or _at(stream, index + 3).text == "<":  # `size_of::<u8>()`
        return False
    if _path_follows(stream, index - 2):
        before = _at(stream, index - 3)  # a keyword there is taken for the beginning of the path, and is no crate
        return before.text != ">" and before.kind != "word"
    return _at(stream, index - 1).text != "."


def _path_follows(stream: tuple[Token, ...], index: int) -> bool:
    return _at(stream, index).text == ":" == _at(stream, index + 1).text


def _places(stream: tuple[Token, ...], text: str) -> Iterator[int]:
    return (index for index, token in enumerate(stream) if token.text == text)


_NOWHERE = Token("mark", "", 0)


def _at(stream: tuple[Token, ...], index: int) -> Token:
    return stream[index] if 0 <= index < len(stream) else _NOWHERE
