"""Make a sample a program that compiles, without moving a line of it.

Line k of the author's code is line k of the file that rustc reads. What is inserted (the preamble, `fn main() {`)
stands on a line that is there already, and is remembered as a `Shift`; only the closing brace gets a line of its own,
after the last. `restore` takes the insertions out of what the compiler then says.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from mkdocs_codeexec.core.hidden import runnable
from mkdocs_codeexec.languages.rust.source.lexer import Unlexable, one_line, tokens, words
from mkdocs_codeexec.languages.rust.source.outline import Outline, outline
from mkdocs_codeexec.languages.rust.source.statements import declared_modules

FILE = "sample.rs"
"""The name under which every sample is compiled."""

_WRAPPERS = {
    False: ("fn main() {", "}\n"),
    True: (
        "fn main() { fn _inner() -> core::result::Result<(), impl core::fmt::Debug> {",
        "} _inner().unwrap() }\n",
    ),
}
"""rustdoc's own, by whether the sample ends with `(())`."""

_LENIENT = "#[allow(non_snake_case)] "
"""rustdoc puts it on its wrapper, whose name needs it. Only a sample with attributes of its own can tell."""


class Shift(NamedTuple):
    """Text that was inserted into a line of the author's code.

    Attributes:
        line: The line, from one.
        column: Where the text begins in the file that is compiled, in characters, from one.
        text: The text.
    """

    line: int
    column: int
    text: str

    @property
    def width(self) -> int:
        """How far it moves what follows it."""
        return len(self.text)


class Prepared(NamedTuple):
    """A sample made ready for the compiler.

    Attributes:
        code: The text of the file.
        shifts: What was inserted, in the order in which it stands there.
        lines: How many lines the author wrote.
        preamble: Parts of the preamble, each of which is in a text that was inserted.
    """

    code: str
    shifts: tuple[Shift, ...] = ()
    lines: int = 0
    preamble: tuple[str, ...] = ()

    @property
    def has_plain_main(self) -> bool:
        """Whether the sample got a `main` that returns nothing."""
        plain, fallible = (_WRAPPERS[result][0] for result in (False, True))
        return any(plain in shift.text and fallible not in shift.text for shift in self.shifts)


class Preamble(NamedTuple):
    """Hidden lines that go before every sample, taken apart.

    Attributes:
        attributes: Inner attributes, which only the very start of a file may hold.
        crates: `extern crate` items, which stay outside of the wrapper.
        rest: Everything else.
        outline: What stands in it.
        text: All of it, as it was written.
    """

    attributes: str
    crates: str
    rest: str
    outline: Outline
    text: str = ""


def preamble(text: str) -> Preamble:
    """Take the preamble `text` apart; each part is one line.

    Raises:
        Unlexable: It is not Rust.
    """
    found = outline(text)
    rest = blanked(text, (*found.attributes, *found.crates))
    attributes = " ".join(one_line(text[start:end]) for start, end in found.attributes).strip()
    crates = " ".join(one_line(text[start:end]) for start, end in found.crates)
    return Preamble(attributes, crates, one_line(rest), found, text)


def line_of(before: Preamble, part: str, at: int) -> int:
    """Return the line of the preamble `before` on which stands what is at the offset `at` of `part`, one of its parts."""
    found, text = before.outline, before.text
    if part == before.attributes:
        kept = found.attributes
    elif part == before.crates:
        kept = found.crates
    else:
        kept = ((0, len(text)),)
        text = blanked(text, (*found.attributes, *found.crates))
    # A part has the tokens of what it was made of, and none of the comments and line breaks between these.
    starts = [start + token.start for start, end in kept for token in words(text[start:end])]
    place = sum(token.start <= at for token in words(part)) - 1
    return before.text.count("\n", 0, starts[place]) + 1


@functools.lru_cache(maxsize=4096)  # for all builds of a process: `serve` sees the same samples again and again
def prepared(code: str, before: Preamble, harness: bool, modules: bool = False) -> Prepared:  # noqa: FBT001, FBT002 - a cache
    """Return the author's `code`, hidden lines with their marks, made ready; see `prepare`."""
    return prepare(runnable(code), before, harness=harness, modules=modules)


def prepare(code: str, before: Preamble | None = None, *, harness: bool = False, modules: bool = False) -> Prepared:
    """Return the file for `code`, hidden lines already made runnable, with the preamble `before` in front.

    With `harness` nothing is put around it, whatever is in it: rustc makes a `main` that runs its tests. A sample that is
    not even made of tokens is left alone: it fails anyway, and the message is better so. With `modules` it has files beside
    it, and `mod name;` stays outside of what is put around the sample.
    """
    lines = code.count("\n") + (not code.endswith("\n"))
    before = before or preamble("")
    code = code if code.endswith("\n") else code + "\n"
    try:
        found = outline(code)
    except Unlexable as wrong:
        kept = _before_surplus(code, wrong.surplus)
        return prepare(kept, before, harness=harness, modules=modules) if kept else Prepared(code, (), lines)
    if code.startswith("#!") and not found.attributes:  # a shebang, only allowed at the start of a file
        return Prepared(code, (), lines)
    statements = found.statements or before.outline.statements
    runs = (found.main or before.outline.main) and not statements
    wrapped = not (runs or harness or found.no_std or before.outline.no_std)
    opening, end = _WRAPPERS[found.result] if wrapped else ("", "")
    if wrapped and (found.attributes or before.attributes):
        opening = _LENIENT + opening
    later = tuple(span for span in found.crates if span[0] >= found.body) if wrapped else ()
    if wrapped and modules:
        later += declared_modules(code)
    crates = " ".join(one_line(code[start:stop]) for start, stop in later)
    inserted = " ".join(filter(None, (before.crates, crates, opening, before.rest)))
    text, shifts = _insert(blanked(code, (*later, *found.surplus)), ((0, before.attributes), (found.body, inserted)))
    parts = tuple(filter(str.strip, (before.attributes, before.crates, before.rest)))
    return Prepared(text + end, shifts, lines, parts)


def as_it_stands(code: str) -> Prepared:
    """Return what is to be known about `code`, hidden lines already made runnable, into which nothing is put."""
    return Prepared(code, (), code.count("\n") + (not code.endswith("\n")))


def original(prepared: Prepared, line: int, column: int) -> tuple[int, int]:
    """Return where the author wrote what stands at `line` and `column` of the prepared file.

    What stands in inserted text is where that was inserted; what stands after the author's last line is on it.
    """
    if prepared.lines and line > prepared.lines:
        return prepared.lines, 1
    moved = 0
    for shift in prepared.shifts:
        if shift.line == line and shift.column <= column:
            moved += min(shift.width, column - shift.column)
    return line, column - moved


def of_preamble(prepared: Prepared, line: int, column: int) -> tuple[str, int] | None:
    """Return of which part of the preamble, and of what offset in it, is what stands at `line` and `column`; None if of none."""
    for shift in prepared.shifts:
        at = column - shift.column
        if shift.line == line and 0 <= at < shift.width:
            for part in prepared.preamble:
                start = shift.text.find(part)
                if 0 <= start <= at < start + len(part):
                    return part, at - start
    return None


def _before_surplus(code: str, surplus: int | None) -> str:
    """Return `code` with nothing from its surplus `}` on, if that is what rustdoc makes of it; else nothing.

    rustdoc parses a sample as the body of a function and looks at that function alone: in `} else {` the body is empty.
    """
    if surplus is None:
        return ""
    try:
        tokens(f"{{{code}}}")
    except Unlexable:
        return ""
    return blanked(code, ((surplus, len(code)),))


def blanked(code: str, spans: tuple[tuple[int, int], ...]) -> str:
    """Return `code` with spaces in `spans`; its lines stay."""
    for start, end in spans:
        code = code[:start] + re.sub(r"[^\n]", " ", code[start:end]) + code[end:]
    return code


def _insert(code: str, insertions: tuple[tuple[int, str], ...]) -> tuple[str, tuple[Shift, ...]]:
    parts: list[str] = []
    shifts: list[Shift] = []
    done = 0
    for offset, wanted in insertions:
        if not wanted:
            continue
        parts.append(code[done:offset])
        done = offset
        before = "".join(parts)
        text = wanted + " "
        if before and not before[-1].isspace():
            text = " " + text
        parts.append(text)
        shifts.append(Shift(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1, text))
    return "".join(parts) + code[done:], tuple(shifts)
