"""What stands at the top level of a sample, looked at more closely."""

from __future__ import annotations

from itertools import pairwise

from mkdocs_codeexec.languages.rust.source.lexer import Token, closing, tokens
from mkdocs_codeexec.languages.rust.source.outline import after_attributes, is_plain_item, item_end, leading_attributes

_RESULTS = {("return", "Ok"), ("return", "Err")}


def asks(code: str) -> bool:
    """Tell whether a `?`, or a `return` of a result, stands in a statement of `code`; functions have one for themselves.

    Raises:
        Unlexable: It is not Rust.
    """
    stream = tokens(code)
    index = 0
    while index < len(stream):
        head = after_attributes(stream, index)
        end = item_end(stream, head)
        if end is not None and is_plain_item(stream, head):
            index = end + 1
            continue
        end = _statement_end(stream, head) if end is None else end
        words = [token.text for token in stream[head : end + 1]]
        if "?" in words or any(pair in _RESULTS for pair in pairwise(words)):
            return True
        index = end + 1
    return False


def holds_only_items(code: str) -> bool:
    """Tell whether `code` could be a module: nothing in it is to be executed.

    Raises:
        Unlexable: It is not Rust.
    """
    stream = tokens(code)
    _, index = leading_attributes(stream)
    while index < len(stream):
        head = after_attributes(stream, index)
        end = item_end(stream, head)
        if end is None or not is_plain_item(stream, head):
            return False
        index = end + 1
    return True


def declared_modules(code: str) -> tuple[tuple[int, int], ...]:
    """Return where `code` declares modules that are files of their own, attributes included, from and to.

    Raises:
        Unlexable: It is not Rust.
    """
    stream = tokens(code)
    found: list[tuple[int, int]] = []
    index = 0
    while index < len(stream):
        head = after_attributes(stream, index)
        end = item_end(stream, head)
        if end is None:
            end = _statement_end(stream, head)
        elif stream[end].text == ";" and any(token.text == "mod" for token in stream[max(head, end - 2) : end]):
            found.append((stream[index].start, stream[end].end))
        index = end + 1
    return tuple(found)


def _statement_end(stream: tuple[Token, ...], index: int) -> int:
    """Return the index of the last token of what begins at `index`, as far as that can be told: `;`, or a block."""
    while index < len(stream):
        if stream[index].kind == "open":
            block = stream[index].text == "{"
            index = closing(stream, index)
            if block:
                return index
        elif stream[index].text == ";":
            return index
        index += 1
    return len(stream) - 1
