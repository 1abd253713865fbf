"""Terminal output as HTML: total, escaped, balanced, linear, and the same text by every way."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

from fuzzing import real
from fuzzing.mutators import words
from fuzzing.target import Target, check
from mkdocs_codeexec.core.normalize import normalize
from mkdocs_codeexec.html.ansi import plain, strip, to_html
from mkdocs_codeexec.languages.rust.messages.normal import RULES

CELLS, MARKUP = 40, 120
"""Characters of text, and of HTML, for one of input: a cursor may go 256 columns with six bytes, and each may have a span."""
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_CLASS = re.compile(r"ansi-[a-z-]+(?: ansi-[a-z-]+)*")
_STYLE = re.compile(r"color:#[0-9a-f]{6}(?:;background-color:#[0-9a-f]{6})?|background-color:#[0-9a-f]{6}")
_LINK = re.compile(r"https?://[!#-&(-;=?-~]+")


class _Reader(HTMLParser):
    """Reads the HTML as a browser would, and lets nothing pass but spans, links and text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        check(len(given) == len(attrs), "no attribute is there twice")
        if tag == "a":
            check(not self.open, "a link is in no element")
            check(given.keys() == {"href", "rel"} and _LINK.fullmatch(given["href"]), "a link goes to the web")
        else:
            check(tag == "span" and "span" not in self.open, "there are spans and links, and no span is in another")
            check(_CLASS.fullmatch(given.pop("class", "")), "a class is one of ours")
            check(not given or _STYLE.fullmatch(given.pop("style", "")), "a style is a colour")
            check(not given, "a span has a class and a style")
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        check(self.open and self.open.pop() == tag, "elements are balanced")

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def refuse(self, _: str) -> None:
        check(holds=False, law="there is no comment and no declaration")

    handle_comment = handle_decl = handle_pi = unknown_decl = refuse  # type: ignore[assignment]


def read(html: str) -> str:
    """Return the text that `html` shows, if it is nothing but that, spans and links."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    check(not reader.open, "elements are balanced")
    return "".join(reader.text)


def law(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    html = to_html(text)
    shown = plain(text)
    check(read(html) == shown, "the HTML shows the text")
    check(not _FORBIDDEN.search(shown), "no control character is shown")
    check(len(shown) <= CELLS * len(text) + 300, "the text is bounded by the input")
    check(len(html) <= MARKUP * len(text) + 300, "the HTML is bounded by the input")
    whole = strip(text)
    check(strip(whole) == whole, "what is stripped has nothing more to strip")
    check(normalize(normalize(text, RULES), RULES).count("\n") == text.count("\n"), "normalising keeps the lines")


def seeds(folder: Path) -> list[bytes]:
    said = [
        message for _, text in real.messages(folder) for message in re.findall(r'"rendered":("(?:[^"\\]|\\.)*")', text)
    ]
    import json

    found = [json.loads(message).encode("utf-8", "surrogatepass") for message in said]
    bar = "".join(f"\r\x1b[K\x1b[1;32m  Compiling\x1b[0m {n}/9 [{'=' * n:>9}]" for n in range(9)) + "\n"
    linked = "\x1b]8;;https://doc.rust-lang.org/error_codes/E0382.html\x1b\\E0382\x1b]8;;\x1b\\"
    thread = "thread 'main' (16340) panicked at /root/.cargo/registry/src/index.crates.io-1/a-1/src/lib.rs:1:2:\n"
    return [*(text for text in found if len(text) < 4000), bar.encode(), linked.encode(), thread.encode()]


_WORDS = (
    *(
        "\x1b[",
        "\x1b[31m",
        "\x1b[0m",
        "\x1b[1;4;7m",
        "\x1b[38;5;208m",
        "\x1b[48:2::1:2:3m",
        "\x9b",
        "\x1b[K",
        "\x1b[2K",
        "\x1b[1K",
    ),
    *(
        "\x1b[256G",
        "\x1b[C",
        "\x1b[99D",
        "\x1b[J",
        "\r",
        "\b",
        "\r\n",
        "\n",
        "\x1b]8;;http://a.b/\x1b\\",
        "\x1b]8;;\x07",
        "\x1b]0;t\x07",
    ),
    *(
        "\x1bP",
        "\x1b\\",
        "\x1b(B",
        "\x07",
        "\u202e",
        "\u2066",
        "<b>",
        "&amp;",
        '"',
        "'",
        "\t",
        "é",
        "漢",
        "x" * 300,
        "… 12 bytes omitted …\n",
    ),
    *(
        b"\xff",
        b"\x80",
        b"\xed\xa0\x80",
        "thread '",
        "' (1) panicked at",
        "/registry/src/a/",
        "/rustc/" + "a" * 40 + "/library/",
    ),
)
TARGET = Target(seeds, words(*_WORDS), law, longest=16 * 1024)
