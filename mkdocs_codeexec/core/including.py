r"""What mdBook includes, by its rules (`preprocess/links.rs` and `take_lines.rs` of mdBook 0.5.4).

What a line is indented or quoted by stands before each line that is included in it: 0.5.4 does not do so, and what is behind it does.

{{#include FILE}}   {{#include FILE:2:10}}   {{#include FILE:anchor}}
{{#rustdoc_include …}}   {{#playground FILE editable}}   \{{#include FILE}} stays as it is, without the backslash
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MARK = "{{#"
"""Stands in every line of which anything is said here."""
DEEPEST = 10
"""How deep files are included by files, as in mdBook."""
MOST_CHARACTERS = 4 * 1024 * 1024
"""Of a line of a page, with all that is included in it."""
MOST_FILES = 1000
"""That one line of a page includes, those that are included by them counted."""
MOST_OF_A_PAGE = 64 * 1024 * 1024
"""Characters of the files that one page includes, each as often as it is, and a small one as `LEAST`."""
LEAST = 1024
KINDS = ("include", "rustdoc_include", "playground", "playpen")

_OPENED = re.compile(r"\\\{\{#|\{\{\s*+#([a-zA-Z0-9_]++)\s++")
"""What a directive begins with, that is escaped or not; its end is looked for by `_found`."""
_START = re.compile(r"ANCHOR:\s*([\w_-]+)")
_END = re.compile(r"ANCHOR_END:\s*([\w_-]+)")
_ENDS = re.compile(r"\r\n|\n")
_NUMBER = re.compile(r"\+?[0-9]+")


class NotIncludedError(Exception):
    """Something cannot be included.

    Attributes:
        directive: As it is written.
        hint: What to do about it.
    """

    def __init__(self, message: str, hint: str = "", directive: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.directive = directive


class TooMuchError(NotIncludedError):
    """One line of a page includes too much, or the page does."""


def bounded(read: Callable[[str, str], tuple[str, str]]) -> Callable[[str, str], tuple[str, str]]:
    """Return what reads files for one page as `read` does, and no more than a page may include."""
    read_so_far = 0

    def bounded_read(file: str, folder: str) -> tuple[str, str]:
        nonlocal read_so_far
        if read_so_far > MOST_OF_A_PAGE:
            raise TooMuchError(f"the files that the page includes have more than {MOST_OF_A_PAGE:,} characters")
        text, within = read(file, folder)
        read_so_far += max(len(text), LEAST)
        return text, within

    return bounded_read


class Part(NamedTuple):
    """Which lines of a file are meant.

    Attributes:
        start: Index of the first one.
        end: Index behind the last one; None for all.
        anchor: The name of the anchor that is around them, in place of both; empty for none.
    """

    start: int = 0
    end: int | None = None
    anchor: str = ""


class Directive(NamedTuple):
    """What is to be included.

    Attributes:
        text: As it is written.
        start: Where it begins in its line.
        end: Where it ends.
        kind: One of `KINDS`; empty for one that is escaped.
        file: As it is written.
        part: Of the file.
        words: What stands behind the file.
    """

    text: str
    start: int
    end: int
    kind: str = ""
    file: str = ""
    part: Part = Part()
    words: tuple[str, ...] = ()


def directives(line: str) -> Iterator[Directive]:
    """Yield what `line` includes."""
    for start, end, kind, inside in _found(line):
        text, words = line[start:end], inside.split()
        if not kind:
            yield Directive(text, start, end)
        elif kind in KINDS and words:
            file, colon, rest = words[0].partition(":") if "include" in kind else (words[0], "", "")
            part = _part(rest) if colon else Part()
            yield Directive(text, start, end, kind, file, part, tuple(words[1:]))


def titles(line: str) -> bool:
    """Tell whether mdBook would take a title of the page from `line`."""
    return any(kind == "title" for _, _, kind, _ in _found(line))


def _found(line: str) -> Iterator[tuple[int, int, str, str]]:
    r"""Yield where each directive begins and ends, its kind, which is empty for one that is escaped, and what is in it.

    It is what mdBook finds by `\\\{\{#.*\}\}|\{\{\s*#([a-zA-Z0-9_]+)\s+([^}]+)\}\}`. Python would take quadratic time for that where
    ends are missing, and a file can hold a hundred thousand beginnings.
    """
    closing, last, of = -1, -1, -1
    opened = _OPENED.search(line)
    while opened is not None:
        start, inside, end = opened.start(), opened.end(), -1
        if opened[1] is None:
            if of < inside:
                of = line.find("\n", inside) % (len(line) + 1)  # the end of its line
                last = line.rfind("}}", inside, of)
            end = last + 2 if last >= inside else -1
        else:
            if closing < inside:
                closing = line.find("}", inside) % (len(line) + 1)
            end = closing + 2 if closing > inside and line.startswith("}}", closing) else -1
        if end >= 0:
            yield start, end, opened[1] or "", "" if opened[1] is None else line[inside : end - 2]
        opened = _OPENED.search(line, end if end >= 0 else start + 1)


def _part(text: str) -> Part:
    first, *more = text.split(":", 2)
    start = _number(first)
    if start is None and first:
        return Part(anchor=first)
    begin = max((start or 1) - 1, 0)
    if more:
        return Part(begin, _number(more[0]))
    return Part(begin, None if start is None else begin + 1)


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) and len(text) < 19 else None


def taken(directive: Directive, content: str) -> str:
    """Return what `directive` makes of its file.

    Raises:
        NotIncludedError: There is no such part of it.
    """
    if directive.kind in ("playground", "playpen"):
        words = ",".join(directive.words)
        return f"```rust{',' if words else ''}{words}\n{content}{'' if content.endswith(chr(10)) else chr(10)}```\n"
    lines = _lines(content)
    part, hides = directive.part, directive.kind == "rustdoc_include"
    if part.anchor:
        _check_anchor(directive, lines)
        return "\n".join(_hidden_around(lines, part.anchor) if hides else _between(lines, part.anchor))
    end = len(lines) if part.end is None else part.end
    if lines and not (part.start < end and part.start < len(lines)):
        message = f"`{directive.file}` has {len(lines)} lines, and none of them is meant"
        raise NotIncludedError(message, "lines are counted from 1: `:2:10` is from the second to the tenth")
    if hides:
        numbered = enumerate(lines)
        return "\n".join(line if part.start <= at < end else f"# {line}" for at, line in numbered)
    return "\n".join(lines[part.start : end])


def _lines(content: str) -> list[str]:
    """Return the lines of `content` as Rust's `str::lines` has them."""
    lines = _ENDS.split(content)
    return lines[:-1] if lines[-1] == "" else lines


def _begun(before: str | None, text: str) -> str | None:
    """Return what a line is indented or quoted by that began with `before` and goes on with `text`; None if by more than that."""
    _, newline, rest = text.rpartition("\n")
    start = "" if newline else before
    return None if start is None or rest.strip(" \t>") else start + rest


def _check_anchor(directive: Directive, lines: list[str]) -> None:
    names = dict.fromkeys(found[1] for line in lines if (found := _START.search(line)))
    anchor = directive.part.anchor
    if anchor in names:
        return
    near = nearest(anchor, tuple(names))
    known = ", ".join(f"`{name}`" for name in [*names][:10])
    hint = f"did you mean `{near}`? " if near else ""
    hint += f"it has {known}" if names else "it has none: `// ANCHOR: name` and `// ANCHOR_END: name` are around lines"
    raise NotIncludedError(f"`{directive.file}` has no anchor `{anchor}`", hint)


def _between(lines: list[str], anchor: str) -> Iterator[str]:
    within = False
    for line in lines:
        end, start = _END.search(line), _START.search(line)
        if not within:
            within = start is not None and start[1] == anchor
        elif end is not None:
            if end[1] == anchor:
                return
        elif start is None:
            yield line


def _hidden_around(lines: list[str], anchor: str) -> Iterator[str]:
    within = False
    for line in lines:
        end, start = _END.search(line), _START.search(line)
        if within:
            if end is not None:
                within = end[1] != anchor
            elif start is None:
                yield line
        elif start is not None:
            within = start[1] == anchor
        elif end is None:
            yield f"# {line}"


def expanded(line: str, read: Callable[[str, str], tuple[str, str]], folder: str) -> tuple[str, list[NotIncludedError]]:
    """Return `line` with all that it includes, and what cannot be included, which stays as it is written.

    Args:
        line: Of a page.
        read: Returns the text of a file, and its folder, by its name as written and the folder that this is relative to.
        folder: Of the page.
    """
    expansion = _Expansion(read)
    try:
        return expansion.of(line, folder, 0), expansion.wrong
    except TooMuchError as error:
        error.directive = line.strip()
        return line, [error]


class _Expansion:
    """Of one line of a page.

    Attributes:
        wrong: What cannot be included.
    """

    def __init__(self, read: Callable[[str, str], tuple[str, str]]) -> None:
        self._read = read
        self._files = self._characters = 0
        self.wrong: list[NotIncludedError] = []

    def of(self, text: str, folder: str, depth: int) -> str:
        """Return `text`, of a file in `folder`, with all that it includes."""
        done: list[str] = []
        before: str | None = ""
        last = 0
        for directive in directives(text) if "#" in text else ():
            between = text[last : directive.start]
            done.append(between)
            before = _begun(before, between)
            try:
                new = self._new(directive, folder, depth)
            except TooMuchError:
                raise
            except NotIncludedError as error:
                error.directive = error.directive or directive.text
                self.wrong.append(error)
                last = directive.start
                continue
            prefix = before or ""
            lines = _lines(new)
            self._characters += len(new) + len(prefix) * len(lines)
            if self._characters > MOST_CHARACTERS:
                raise TooMuchError(f"it brings more than {MOST_CHARACTERS:,} characters")
            new, last = f"\n{prefix}".join(lines), directive.end
            done.append(new)
            before = _begun(before, new)
        return "".join((*done, text[last:]))

    def _new(self, directive: Directive, folder: str, depth: int) -> str:
        if not directive.kind:
            return directive.text[1:]
        if depth >= DEEPEST:
            raise NotIncludedError(f"files are included more than {DEEPEST} deep", "a file includes itself, it seems")
        self._files += 1
        if self._files > MOST_FILES:
            raise TooMuchError(f"it brings more than {MOST_FILES:,} files", "files include each other, it seems")
        content, within = self._read(directive.file, folder)
        return self.of(taken(directive, content), within, depth + 1)
