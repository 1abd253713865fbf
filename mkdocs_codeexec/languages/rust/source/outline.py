"""What stands at the top level of a sample: whether it is a program, and where its body begins.

The rules are rustdoc's (rust-lang/rust, `src/librustdoc/doctest/make.rs`, as of 1.95), which parses the sample as the
body of a function and looks at the statements it finds.
"""

from __future__ import annotations

from typing import NamedTuple

from mkdocs_codeexec.languages.rust.source.lexer import Token, Unlexable, closing, tokens

_BRACED = frozenset({"fn", "struct", "enum", "trait", "impl", "mod"})
_FLAT = frozenset({"use", "type", "static"})
_BEFORE_FN = frozenset({"const", "async", "unsafe", "extern", "default", "safe", "gen"})
_NO_PATH = frozenset({"if", "while", "match", "return", "break", "yield", "let", "move", "loop", "for", "in", "do"})
"""Words before a `!` that is an operator."""


class Outline(NamedTuple):
    """The top level of a piece of source.

    Attributes:
        attributes: Where its leading inner attributes and documentation comments are, from and to.
        body: Offset after its leading inner attributes and `extern crate` items.
        crates: Where its `extern crate` items are, from and to; the leading ones first.
        main: Whether one of its items is `fn main`, or a macro call's input holds `fn main(…)`.
        statements: Whether it holds anything that is no item.
        result: Whether it ends with `(())`, which makes the wrapper return a `Result`.
        no_std: Whether `#![no_std]` stands outside of the wrapper, be it in a comment.
        surplus: Where something without meaning stands at its end, from and to: attributes and documentation comments
            of nothing, a `…`. rustdoc takes over what is parsed as statements, and this is dropped.
    """

    attributes: tuple[tuple[int, int], ...]
    body: int
    crates: tuple[tuple[int, int], ...]
    main: bool
    statements: bool
    result: bool
    no_std: bool
    surplus: tuple[tuple[int, int], ...] = ()


def outline(source: str) -> Outline:
    """Return the outline of `source`.

    Raises:
        Unlexable: It is not Rust; rustc says it better.
    """
    stream = tokens(source)
    attributes, index = leading_attributes(stream)
    surplus: tuple[tuple[int, int], ...] = ()
    if stream and (stream[-1].kind in ("outer", "inner") or stream[-1].text in ("]", "…")):
        stream, surplus = _without_surplus(stream, index)
    first = stream[index].start if attributes and index < len(stream) else 0
    leading = body = stream[index - 1].end if index else 0
    crates: list[tuple[int, int]] = []
    main = statements = False
    at_head = True
    while index < len(stream):
        head = after_attributes(stream, index)
        end = item_end(stream, head)
        if end is None:
            statements = True
            crates += _later_crates(stream, index)
            break
        if _is_crate(stream, head):
            crates.append((stream[index].start, stream[end].end))
            if at_head:
                body = stream[end].end
        else:
            at_head = False
        main = main or _is_main(stream, head, end)
        index = end + 1
    if body == leading and stream and body and stream[-1].end >= body:
        body = _past_line(source, stream, body)
    no_std = "![no_std]" in source and any(
        "![no_std]" in source[start:end] for start, end in ((0, max(first, body)), *crates)
    )
    return Outline(tuple(attributes), body, tuple(crates), main, statements, _is_result(stream), no_std, surplus)


def leading_attributes(stream: tuple[Token, ...]) -> tuple[list[tuple[int, int]], int]:
    """Return where inner attributes stand at the start, from and to, and the index of what follows them."""
    found: list[tuple[int, int]] = []
    index = 0
    while index < len(stream):
        if stream[index].kind == "inner":
            end = index
        elif _spells(stream, index, "#", "!", "["):
            end = closing(stream, index + 2)
        else:
            break
        found.append((stream[index].start, stream[end].end))
        index = end + 1
    return found, index


def _without_surplus(stream: tuple[Token, ...], first: int) -> tuple[tuple[Token, ...], tuple[tuple[int, int], ...]]:
    """Return what stands before the surplus, and where that is; `first` is where statements may begin."""
    end = len(stream)
    while end > first:
        last = stream[end - 1]
        start = end - 1
        if last.text == "]":
            start = _opening(stream, end - 1) - 1
            start -= start > 0 and stream[start].text == "!"
            if start < first or stream[start].text != "#":
                break
        elif last.kind not in ("outer", "inner") and last.text != "…":
            break
        end = start
    # After an expression without `;` an attribute is a mistake, which rustdoc leaves to rustc.
    if end == len(stream) or (end > first and stream[end - 1].text not in (";", "}") and stream[end].text != "…"):
        return stream, ()
    return stream[:end], ((stream[end].start, stream[-1].end),)


def _past_line(source: str, stream: tuple[Token, ...], body: int) -> int:
    """Return `body`, moved to the next line if it stands at the end of a `//!` comment."""
    last = next((token for token in stream if token.end == body), None)
    if last is not None and last.kind == "inner" and last.text.startswith("//"):
        return min(body + 1, len(source))
    return body


def after_attributes(stream: tuple[Token, ...], index: int) -> int:
    """Return the index of what the attributes at `index` are about; `index` itself if there are none."""
    while index < len(stream):
        if stream[index].kind == "outer":
            index += 1
        elif _spells(stream, index, "#", "["):
            index = closing(stream, index + 1) + 1
        else:
            break
    return index


def item_end(stream: tuple[Token, ...], head: int) -> int | None:
    """Return the index of the last token of the item or macro call at `head`; None if it is something else."""
    index = head
    visible = _word(stream, index) == "pub"
    if visible:
        index += 1
        if _spells(stream, index, "("):
            index = closing(stream, index) + 1
    word, following = _word(stream, index), _word(stream, index + 1)
    if word == "macro_rules" and _spells(stream, index + 1, "!") and _word(stream, index + 2):
        return _until(stream, index, braces=_spells(stream, index + 3, "{"))
    if word == "extern" and following == "crate":
        return _until(stream, index, braces=False)
    if word in _BRACED or (word == "union" and following) or (word == "macro" and following):
        return _until(stream, index, braces=True)
    if word in _FLAT and not _closure(stream, index + 1):
        return _until(stream, index, braces=False)
    if word in _BEFORE_FN or word == "auto":
        kind = _qualified(stream, index)
        if kind is not None:
            return _until(stream, index, braces=kind)
    if visible:
        return _until(stream, index, braces=True)
    return _macro_call(stream, index)


def _closure(stream: tuple[Token, ...], index: int) -> bool:
    return _spells(stream, index, "|") or _word(stream, index) in ("move", "async")


def _qualified(stream: tuple[Token, ...], index: int) -> bool | None:
    """Tell whether what begins with a qualifier like `const` ends with a block (True), a `;`, or is no item."""
    first = index
    while _word(stream, index) in _BEFORE_FN or _word(stream, index) == "auto":
        index += 1
        if index < len(stream) and stream[index].kind == "string":  # extern "C"
            index += 1
    word = _word(stream, index)
    if word in ("fn", "impl", "trait", "mod") or (stream[first].text == "unsafe" and word):
        return True
    if _spells(stream, index, "{"):
        return True if any(token.text == "extern" for token in stream[first:index]) else None
    if stream[index - 1].text == "const" and word and word != "move":
        return False
    return None


def _until(stream: tuple[Token, ...], index: int, *, braces: bool) -> int:
    """Return where an item ends: at its `;` or, with `braces`, at the end of its block, whichever comes first."""
    while index < len(stream):
        token = stream[index]
        if token.kind == "open":
            index = closing(stream, index)
            # A block before `>` or `,` is an argument of a generic type: `impl X<{ 1 + 1 }> for Y {}`.
            if (
                braces
                and token.text == "{"
                and not (_spells(stream, index + 1, ">") or _spells(stream, index + 1, ","))
            ):
                return index
        elif token.text == ";":
            return index
        index += 1
    return len(stream) - 1


def _macro_call(stream: tuple[Token, ...], index: int) -> int | None:
    if _spells(stream, index, ":", ":"):
        index += 2
    while _word(stream, index) and stream[index].text not in _NO_PATH:
        if _spells(stream, index + 1, "!") and index + 2 < len(stream) and stream[index + 2].kind == "open":
            return _call_end(stream, index + 2)
        if not _spells(stream, index + 1, ":", ":"):
            return None
        index += 3
    return None


def _call_end(stream: tuple[Token, ...], index: int) -> int | None:
    """Return where a macro call ends that is a statement by itself: `a! {}` or `a!();`, and not `a!().b()`."""
    end = closing(stream, index)
    if _spells(stream, end + 1, ";"):
        return end + 1
    if stream[index].text == "{" and not (_spells(stream, end + 1, ".") or _spells(stream, end + 1, "?")):
        return end
    return None


def _is_crate(stream: tuple[Token, ...], index: int) -> bool:
    if _word(stream, index) == "pub":
        index += 1
    return _word(stream, index) == "extern" and _word(stream, index + 1) == "crate"


def _is_main(stream: tuple[Token, ...], head: int, end: int) -> bool:
    """Tell whether the item from `head` to `end` is `fn main`, or a macro call that is given one.

    The second is rustdoc's own concession to macros that write programs (rust-lang/rust#56898).
    """
    index = head
    inside = not is_plain_item(stream, head)
    if inside:
        while stream[index].kind != "open":
            index += 1
        index, end = index + 1, closing(stream, index)
    while index < end:
        if stream[index].kind == "open":
            index = closing(stream, index)
        elif stream[index].name == "fn" and index + 1 < end and stream[index + 1].kind == "word":
            named = stream[index + 1].name == "main"
            if not inside:
                return named
            if named and _spells(stream, index + 2, "("):
                return True
        index += 1
    return False


def is_plain_item(stream: tuple[Token, ...], head: int) -> bool:
    """Tell whether the item at `head` is no macro call."""
    word = _word(stream, head)
    return word in _BRACED | _FLAT | _BEFORE_FN | {"pub", "union", "macro", "macro_rules", "auto"} and not (
        word != "macro_rules" and _spells(stream, head + 1, "!")
    )


def _later_crates(stream: tuple[Token, ...], index: int) -> list[tuple[int, int]]:
    """Return the `extern crate` items among statements."""
    if not any(token.text == "crate" for token in stream[index:]):
        return []
    found: list[tuple[int, int]] = []
    begins = True
    while index < len(stream):
        head = after_attributes(stream, index) if begins else index
        if begins and _is_crate(stream, head):
            end = _until(stream, head, braces=False)
            found.append((stream[index].start, stream[end].end))
            index = end + 1
            continue
        index = head
        if index < len(stream) and stream[index].kind == "open":
            index = closing(stream, index)
        begins = index < len(stream) and stream[index].text in (";", "}")
        index += 1
    return found


def _is_result(stream: tuple[Token, ...]) -> bool:
    last = stream[-4:]
    return "".join(token.text for token in last) == "(())" and last[-1].end - last[0].start == 4


def _opening(stream: tuple[Token, ...], index: int) -> int:
    """Return the index of the token that opens the bracket which closes at `index`."""
    depth = 0
    for position in range(index, -1, -1):
        if stream[position].kind in ("open", "close"):
            depth += 1 if stream[position].kind == "close" else -1
            if depth == 0:
                return position
    raise Unlexable("a bracket is not opened")


def _word(stream: tuple[Token, ...], index: int) -> str:
    return stream[index].text if index < len(stream) and stream[index].kind == "word" else ""


def _spells(stream: tuple[Token, ...], index: int, *texts: str) -> bool:
    return tuple(token.text for token in stream[index : index + len(texts)]) == texts
