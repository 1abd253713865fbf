"""What a terminal would show for a text, as runs of equally drawn characters.

Nothing here knows HTML, reads the disk or the clock. `runs` is total: every
`str` has an answer, in time and memory linear in its length.

The terminal is one line high. Colours, hyperlinks and editing within the line
are obeyed, because progress bars and compilers use them; whatever would move
to another line, ask the terminal something or set its title is dropped.
Columns are counted in code points, not in the width a font gives them.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

_COLORS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
NAMES = (*_COLORS, *(f"bright-{name}" for name in _COLORS))
"""The colours that have a name, in the order of their numbers."""

REACH = 256
"""The columns a cursor movement may cross at once, or leave blank behind it.

A terminal stops at its right edge. Without an edge, sixteen bytes could ask
for a gigabyte of spaces, and a few more for erasing them again and again.
"""


# These three are tuples, and not dataclasses, because there may be one for every few bytes of
# output, and each is hashed or compared: tuples do both without running Python code.


class Style(NamedTuple):
    """How a character is drawn."""

    foreground: str = ""
    """A name such as `red` or `bright-red`, or `#rrggbb`, or empty for the default."""
    background: str = ""
    marks: frozenset[str] = frozenset()
    """Out of `bold`, `dim`, `italic`, `underline`, `strike`, `reverse`, `control`."""


class Pen(NamedTuple):
    """What the next character is written with."""

    style: Style = Style()
    link: str = ""
    """An absolute `http` or `https` address, or empty."""


class Styled(NamedTuple):
    """Characters that stand together and are drawn alike. Never empty."""

    pen: Pen
    text: str


# Explicit directional formatting (Unicode Standard Annex 9): "Trojan Source", CVE-2021-42574.
_BIDI = {chr(code): f"U+{code:04X}" for code in (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
_BIDI_CLASS = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"

SPECIAL = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff{_BIDI_CLASS}]")
"""What a text must contain to look different from itself."""

# ECMA-48, 5.4 (control sequences) and 5.6 (control strings); OSC also ends with BEL, as in xterm.
# A control string stops at the first control character, so that one without its end costs its
# introducer only, and no character is looked at more than twice. Every repetition is possessive.
_TOKEN = re.compile(
    rf"""
      (?P<text> [^\x00-\x08\x0b-\x1f\x7f-\x9f{_BIDI_CLASS}]++ )
    | (?: \x1b\[ | \x9b ) (?P<params> [0-?]*+ ) (?: (?P<final> [@-~] ) | [\x20-/]++ [@-~] )?
    | (?: \x1b\] | \x9d ) (?P<osc> [^\x00-\x1f\x7f-\x9f]*+ ) (?: \x07 | \x1b\\ | \x9c )
    | (?: \x1b[PX^_] | [\x90\x98\x9e\x9f] ) [^\x00-\x1f\x7f-\x9f]*+ (?: \x1b\\ | \x9c )
    | \x1b (?: [\x20-/]*+ [0-~] )?
    | (?P<back> \r++ | \x08++ )
    | (?P<bidi> [{_BIDI_CLASS}]++ )
    | [\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]++ | [\x80-\x9f]
    """,
    re.VERBOSE,
)

_SURROGATE = re.compile(r"[\ud800-\udfff]")

# The characters of RFC 3986 without the quote. 2083 is the limit VTE sets.
_LINK = re.compile(r"https?://[A-Za-z0-9\-._~:/?#\[\]@!$&*+(),;=%]{1,2083}")


def runs(text: str) -> Iterator[Styled]:
    """Yield what `text` shows, in order; neighbours may have equal pens.

    The joined text holds no control character but tab and newline, no
    character that changes the direction of writing (its code point is shown
    instead), and no lone surrogate (U+FFFD is shown instead).
    """
    pen, marker = Pen(), Pen(_CONTROL)
    line = _Line()
    for token in _TOKEN.finditer(_SURROGATE.sub("\ufffd", text).replace("\r\n", "\n")):
        match token.lastgroup:
            case "text":
                first, newline, rest = token[0].partition("\n")
                line.write(first, pen)
                if newline:
                    # Only the first and the last line of a text can still be edited.
                    body, newline, last = rest.rpartition("\n")
                    yield from line.runs()
                    yield Styled(pen, "\n" + body + newline)
                    line = _Line()
                    line.write(last, pen)
            case "final" if token["final"] == "m":
                pen = Pen(restyle(pen.style, token["params"]), pen.link)
            case "final":
                line.control(token["final"], token["params"])
            case "osc" if token["osc"].startswith("8;"):
                address = token["osc"].split(";", 2)[-1]
                pen = Pen(pen.style, address if _LINK.fullmatch(address) else "")
                marker = Pen(_CONTROL, pen.link)
            case "back":
                line.back(token[0])
            case "bidi":
                line.write("".join([_BIDI[character] for character in token[0]]), marker)
            case _:
                pass
    yield from line.runs()


_CONTROL = Style(marks=frozenset({"control"}))

_BLANK = Pen()
"""An erased cell: known by identity, so that a space which was written is another thing."""


class _Line:
    """The line the cursor is in.

    Its parts are as long as they were written, while they are only added to.
    When the cursor goes back to edit, each becomes a cell of one character,
    for good: every byte of output pays for one cell once.
    """

    def __init__(self) -> None:
        self.column = 0
        self._length = 0
        self._texts: list[str] = []
        self._pens: list[Pen] = []
        self._cells = False
        self._blank = 0  # all columns before this one are blank, and need no more erasing

    def write(self, text: str, pen: Pen) -> None:
        """Put `text` at the cursor, over what is there."""
        if not text:
            return
        start, self.column = self.column, self.column + len(text)
        if self._cells or start != self._length:
            self._edit()
            self._fill(self._length, start)
            self._texts[start : self.column] = text
            self._pens[start : self.column] = [pen] * len(text)
            self._blank = min(self._blank, start)
        else:
            self._texts.append(text)
            self._pens.append(pen)
        self._length = max(self._length, self.column)

    def back(self, controls: str) -> None:
        """Obey carriage returns, or backspaces."""
        self.column = 0 if controls[0] == "\r" else max(0, self.column - len(controls))

    def control(self, final: str, params: str) -> None:
        """Obey a control sequence if it stays within the line."""
        count = _number(params)
        match final:
            case "K" if count == 0 and self.column == self._length:
                pass  # what GCC writes after every change of colour
            case "K" if count is not None and count <= 2:
                self._erase(before=count >= 1, after=count != 1)
            case "J" if count == 0:
                self._erase(before=False, after=True)
            case "C" if count is not None:
                # Crossing text is paid for by that text, crossing nothing by no one: hence the edge.
                edge = max(self._length, REACH)
                self.column = min(self.column + min(max(count, 1), REACH), edge)
            case "D" if count is not None:
                self.column = max(0, self.column - max(count, 1))
            case "G" if count is not None:
                self.column = min(max(count, 1) - 1, REACH)
            case _:
                pass

    def runs(self) -> Iterator[Styled]:
        """Yield the line as it stands, without what was erased at its end."""
        while self._pens and self._pens[-1] is _BLANK:
            self._pens.pop()
        end = 0
        for pen, parts in groupby(self._pens):
            start, end = end, end + len(list(parts))
            yield Styled(pen, "".join(self._texts[start:end]))

    def _erase(self, *, before: bool, after: bool) -> None:
        self._edit()
        if after and self.column < self._length:
            del self._texts[self.column :]
            del self._pens[self.column :]
            self._length = self.column
        if before:
            end = min(self.column + 1, self._length)
            self._fill(self._blank, end)
            self._blank = max(self._blank, end)

    def _edit(self) -> None:
        if not self._cells:
            self._pens = [pen for pen, text in zip(self._pens, self._texts, strict=True) for _ in text]
            self._texts = list("".join(self._texts))
            self._cells = True

    def _fill(self, start: int, end: int) -> None:
        if start < end:
            self._texts[start:end] = " " * (end - start)
            self._pens[start:end] = [_BLANK] * (end - start)


_ON = {
    code: frozenset({mark})
    for code, mark in {
        1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike", 21: "underline"
    }.items()
}  # fmt: skip
_OFF = {
    22: frozenset({"bold", "dim"}),
    23: frozenset({"italic"}),
    24: frozenset({"underline"}),
    27: frozenset({"reverse"}),
    29: frozenset({"strike"}),
}
_FOREGROUND = {39: "", **dict(zip((*range(30, 38), *range(90, 98)), NAMES, strict=True))}
_BACKGROUND = {49: "", **dict(zip((*range(40, 48), *range(100, 108)), NAMES, strict=True))}


def restyle(style: Style, params: str) -> Style:
    """Apply the parameters of one SGR sequence (ECMA-48, 8.3.117), such as `1;91`.

    What is unknown or malformed changes nothing, and so does a private
    sequence, or one over 128 characters. Conceal is unknown on purpose: a
    page hides no output.
    """
    if len(params) > 128 or params.startswith(("<", "=", ">", "?")):
        return style
    return _restyle(style, params)


@lru_cache(maxsize=1024)
def _restyle(style: Style, params: str) -> Style:
    fields = iter(params.split(";"))
    for parameter in fields:
        head, *parts = parameter.split(":")
        code = _number(head)
        if code in {38, 48, 58}:
            color = _color(parts or _take(fields))
            if color and code == 38:
                style = style._replace(foreground=color)
            elif color and code == 48:
                style = style._replace(background=color)
        elif code == 4 and parts:
            style = _simple(style, 24 if _number(parts[0]) == 0 else 4)
        elif code is not None and not parts:
            style = _simple(style, code)
    return style


def _simple(style: Style, code: int) -> Style:
    """Apply a parameter that stands for itself."""
    if code == 0:
        return Style()
    if code in _FOREGROUND:
        return style._replace(foreground=_FOREGROUND[code])
    if code in _BACKGROUND:
        return style._replace(background=_BACKGROUND[code])
    return style._replace(marks=(style.marks | _ON.get(code, frozenset())) - _OFF.get(code, frozenset()))


def _take(fields: Iterator[str]) -> list[str]:
    """Take as many fields as a colour written with semicolons has."""
    mode = next(fields, "")
    count = {5: 1, 2: 3}.get(_number(mode) or 0, 0)
    return [mode, *(next(fields, "-") for _ in range(count))]


def _color(parts: list[str]) -> str:
    """Read `5:n`, `2:r:g:b` or `2:colour space:r:g:b` (ISO 8613-6); empty when it is none."""
    mode, *rest = (_number(part) for part in parts)
    if mode == 2 and len(rest) > 3:
        rest = rest[1:4]
    numbers = [number for number in rest if number is not None and number <= 255]
    if len(numbers) == len(rest):
        match mode, numbers:
            case 2, [red, green, blue]:
                return f"#{red:02x}{green:02x}{blue:02x}"
            case 5, [index]:
                return _indexed(index)
            case _:
                pass
    return ""


def _indexed(index: int) -> str:
    """Name a colour of xterm's 256: 16 names, a cube of 6 by 6 by 6, 24 greys."""
    if index < 16:
        return NAMES[index]
    if index < 232:
        cube = [(index - 16) // 36, (index - 16) // 6 % 6, (index - 16) % 6]
        return "#" + "".join(f"{55 + 40 * level if level else 0:02x}" for level in cube)
    return "#" + 3 * f"{8 + 10 * (index - 232):02x}"


def _number(digits: str) -> int | None:
    """Read a parameter; an empty one is 0, and one that is none, or absurdly long, is None."""
    if len(digits) > 9 or not (digits or "0").isdecimal():
        return None
    return int(digits or "0")
