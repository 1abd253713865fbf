"""Whether a sample may share a crate with others, and with which: decided by its tokens.

Sharing must be invisible: what a sample prints, and whether it compiles, may not depend on having neighbours. A sample
that could see a difference is compiled alone. A sample that merely does not compile among others is found by rustc, and
compiled alone then; so this list holds what would differ *silently*, and what is sure to fail.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from mkdocs_codeexec.languages.rust.batch.coherence import widens
from mkdocs_codeexec.languages.rust.source.lexer import Token, Unlexable, closing, tokens

_WORDS = frozenset(
    # The crate itself, by name or by place.
    {"macro_export", "type_name", "type_name_of_val", "type_id", "TypeId", "module_path", "proc_macro"}
    # The name of the file, where it can be measured or compared rather than read. Lines and columns are kept.
    | {"Location", "location", "caller", "track_caller", "set_hook", "take_hook", "update_hook", "PanicHookInfo"}
    | {"PanicInfo", "Backtrace", "backtrace"}
    # What the linker sees, and what there is once in a program.
    | {"no_mangle", "export_name", "link_section", "link_name", "global_allocator", "alloc_error_handler"}
    | {"panic_handler", "naked", "global_asm", "naked_asm"}
    # What reaches all of the process, or of the program. Where it comes out of a macro, rustc and the object tell.
    | {"unsafe", "asm", "distributed_slice"}
    # Attributes that `main` may not have, which nobody would notice on a function that is called `main` in a module.
    | {"target_feature", "no_main", "rustc_main"}
    # A program that starts itself again.
    | {"current_exe"}
)
"""Wherever they stand: what means something else there is rare."""
_MACROS = frozenset({"file", "include", "include_str", "include_bytes", "env", "option_env"})
"""Macros that read what is beside the file, or say where it is."""
_ATTRIBUTES = frozenset({"link", "used", "path", "ctor", "dtor", "constructor", "destructor", "startup", "submit"})
"""Words within attributes: what is linked in, kept, run before `main`, or read from another file."""
_IN_STRINGS = ("/proc/", "RUST_BACKTRACE", "sample.rs")
"""What tells a program about itself, by the file system or a variable."""
_LARGEST = 5000
"""Tokens of a sample that shares a crate: what is asked of each may need a look at all the others."""
_SAFE_INNER = frozenset({"allow"})
"""Inner attributes that mean the same in a module as in a crate."""
REGISTRIES = frozenset({"ctor", "dtor", "inventory", "linkme", "startup"})
"""Packages by which code runs, or is found, without being called: neighbours would see each other."""


class Sharing(NamedTuple):
    """What is to be known of a sample before it shares a crate.

    Attributes:
        alone: Why it must be compiled alone; empty if it need not.
        crates: The dependencies that it may use.
        size: How much there is to compile: its tokens.
    """

    alone: str
    crates: frozenset[str] = frozenset()
    size: int = 0


def sharing(code: str, externs: Collection[str]) -> Sharing:
    """Return what is to be known of the prepared sample `code`, where `externs` are the names of dependencies."""
    if code.startswith("#!") and not code.startswith("#!["):
        return Sharing("a shebang")
    try:
        stream = tokens(code)
    except Unlexable as error:
        return Sharing(str(error))
    if len(stream) > _LARGEST:
        return Sharing("its size")
    words = {token.name for token in stream if token.kind == "word"}
    return Sharing(_obstacle(stream, words), frozenset(words & set(externs)), len(stream))


def used(code: str, externs: Collection[str]) -> frozenset[str]:
    """Return the dependencies that the prepared sample `code` may use, where `externs` are the names of all."""
    if not externs:
        return frozenset()
    return frozenset(token.name for token in tokens(code) if token.kind == "word").intersection(externs)


def _obstacle(stream: tuple[Token, ...], words: set[str]) -> str:
    """Return what keeps a sample of these tokens out of a shared crate, or an empty string."""
    if found := words & _WORDS:
        return f"`{min(found)}`"
    for index, token in enumerate(stream):
        if token.kind == "word":
            found_here = _in_word(stream, index)
        elif token.kind == "string":
            found_here = next((f"`{text}`" for text in _IN_STRINGS if text in token.text), "")
        else:
            found_here = _in_attribute(stream, index) if token.text == "#" else ""
        if found_here:
            return found_here
    return ""


def _in_word(stream: tuple[Token, ...], index: int) -> str:
    word = stream[index].name
    if word in _MACROS and _spells(stream, index + 1, "!"):
        return f"`{word}!`"
    if word == "impl" and widens(stream, index):
        return "an `impl` for a type of another crate"
    if word == "extern" and not _is_abi(stream, index):
        return "`extern`"
    if word == "crate" and not _is_visibility(stream, index):
        return "`crate`"
    return "`super`" if word == "super" and not _is_within_module(stream, index) else ""


def _in_attribute(stream: tuple[Token, ...], index: int) -> str:
    if _spells(stream, index + 1, "!", "[") and stream[index + 3].text not in _SAFE_INNER:
        return f"`#![{stream[index + 3].text}]`"
    start = index + 1 + _spells(stream, index + 1, "!")
    if not _spells(stream, start, "["):
        return ""
    inside = stream[start + 1 : closing(stream, start)]
    return next((f"`#[{token.name}]`" for token in inside if token.kind == "word" and token.name in _ATTRIBUTES), "")


def _spells(stream: tuple[Token, ...], index: int, *texts: str) -> bool:
    return tuple(token.text for token in stream[index : index + len(texts)]) == texts


def _is_abi(stream: tuple[Token, ...], index: int) -> bool:
    """Tell whether the `extern` at `index` is that of a function or its type, and not that of `main`.

    A crate is known by its name everywhere in a crate, and what is declared in a block is everybody's at the linker's.
    """
    index += 1
    if index < len(stream) and stream[index].kind == "string":
        index += 1
    return _spells(stream, index, "fn") and not _spells(stream, index, "fn", "main")


def _is_visibility(stream: tuple[Token, ...], index: int) -> bool:
    """Tell whether the `crate` at `index` is that of `pub(crate)`, which neighbours do not notice."""
    return index >= 2 and _spells(stream, index - 2, "pub", "(", "crate", ")")


def _is_within_module(stream: tuple[Token, ...], index: int) -> bool:
    """Tell whether the `super` at `index` names a module of the sample: it is in one, and there is one `super`."""
    if _spells(stream, index + 3, "super") or (index >= 3 and stream[index - 3].text == "super"):
        return False
    return any(
        stream[position].text == "mod" and _spells(stream, position + 2, "{") and closing(stream, position + 2) > index
        for position in range(index - 2)
    )
