"""Whatever a sample writes, the page gets text and its looks: thousands of cases of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pygments.token import STANDARD_TYPES
from support.sizes import TIMES

import mkdocs_codeexec
from mkdocs_codeexec.core.expectation import Succeeds, Unmet
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult
from mkdocs_codeexec.core.sample import Location, Presentation, Sample
from mkdocs_codeexec.html.ansi import plain, strip, to_html
from mkdocs_codeexec.html.fragment import Renderer
from mkdocs_codeexec.html.marks import Mark
from mkdocs_codeexec.html.terminal import NAMES

RENDERER = Renderer([], Path(mkdocs_codeexec.__file__).parent / "templates")

FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
MARKS = ("bold", "dim", "italic", "underline", "strike", "reverse", "control", "rgb")
ANSI = {f"ansi-{name}" for name in (*MARKS, *NAMES, *(f"bg-{name}" for name in NAMES))}
LEXED = set(STANDARD_TYPES.values()) - {""}
STYLE = re.compile(r"color:#[0-9a-f]{6}(?:;background-color:#[0-9a-f]{6})?|background-color:#[0-9a-f]{6}")
HREF = re.compile(r"https?://[!#-&(-;=?-~]+")

# element: its attributes, with what their values may be; and the elements that it may stand in
ALLOWED: dict[str, tuple[dict[str, str], set[str]]] = {
    "div": ({"class": r"codeexec|codeexec-output", "data-codeexec": "unmet", "id": "x1"}, {"", "div"}),
    "details": ({"class": "codeexec-fold", "open": ""}, {"div"}),
    "summary": ({}, {"details"}),
    "pre": (
        {
            "class": r"codeexec-(?:build|stdout|stderr)(?: highlight)?",
            "id": r"x1_(?:build|stdout|stderr)2?",
            "role": "group",
            "aria-label": "Compiler messages|Output|Error output",
        },
        {"div", "details"},
    ),
    "code": ({}, {"pre"}),
    "p": ({"class": "codeexec-note"}, {"div"}),
}


class Reader(HTMLParser):
    """Reads markup as a browser would, and refuses what is not on the allow-list.

    Attributes:
        texts: The text of each `pre`, each note and each message at a line; first what stands in none of these.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts = [("", "")]
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        assert len(given) == len(attrs)
        if tag == "span":
            self.check_span(given)
        elif tag == "a":
            assert "a" not in self.open
            assert "span" not in self.open
            assert {"href", "rel"} == set(given)
            assert given["rel"] == "nofollow"
            assert HREF.fullmatch(given["href"])
        else:
            assert tag in ALLOWED, f"a `{tag}` in the output"
            values, parents = ALLOWED[tag]
            assert (self.open or [""])[-1] in parents
            for name, value in given.items():
                assert re.fullmatch(values[name], value), (tag, name, value)
        if tag in ("pre", "p"):
            self.texts.append((given.get("class", ""), ""))
        self.open.append(tag)

    def check_span(self, given: dict[str, str]) -> None:
        classes = set(given["class"].split(" "))
        if "codeexec-mark" in classes:
            assert {"codeexec-mark", "codeexec-mark-error"} == classes
            self.texts.append(("message", given.pop("data-codeexec-message", "") + ": "))
        elif "codeexec-here" in classes:
            assert {"codeexec-here", "codeexec-here-error"} == classes
        else:
            assert "span" not in self.open
            assert classes <= ANSI or classes <= LEXED
        assert {"class"} <= set(given) <= {"class", "style"}
        assert STYLE.fullmatch(given.get("style", "color:#000000"))

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()

    def handle_data(self, data: str) -> None:
        if "summary" not in self.open:
            kind, text = self.texts[-1]
            self.texts[-1] = kind, text + data

    def handle_comment(self, data: str) -> None:
        pytest.fail(f"a comment in the output: {data}")

    def handle_decl(self, decl: str) -> None:
        self.handle_comment(decl)

    def handle_pi(self, data: str) -> None:
        self.handle_comment(data)

    def unknown_decl(self, data: str) -> None:
        self.handle_comment(data)


def read(markup: str) -> list[tuple[str, str]]:
    """Return what `markup` shows, after it was found to be harmless."""
    reader = Reader()
    reader.feed(str(markup))
    reader.close()
    assert reader.open == []
    assert FORBIDDEN.search(markup) is None
    assert not any(FORBIDDEN.search(text) for _, text in reader.texts), "as a character reference"
    return reader.texts


ADDRESSES = (
    *(
        "https://a.b/?c&d=;e",
        "http://a.b",
        "HTTPS://a.b",
        "https://",
        "https:/a.b",
        "https://\u202ea.b",
        "https://a.b\0",
    ),
    *("javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", " javascript:alert(1)", "vbscript:x"),
    *("data:text/html,<script>alert(1)</script>", "data:text/html;base64,PHNjcmlwdD4=", "file:///etc/passwd", "//a.b"),
    *(
        'https://a.b/"onmouseover="alert(1)',
        "https://a.b/'onclick='alert(1)",
        "https://a.b/><script>",
        "https://a.b/ c",
    ),
    *(
        "https://a.b/\ud800",
        "https://a.b/\u2028",
        "https://a.b/é",
        "https://a.b\njavascript:x",
        "blob:https://a.b",
        "#x",
    ),
)
PIECES = (
    "",  # what a case shrinks to
    # Introducers, terminators and parts of sequences, in 7 and in 8 bits
    *("\x1b", "\x1b[", "\x1b]", "\x1b]8", "\x1b]8;", "\x1b]8;;", "\x1b]8;id=a;", "\x1b\\", "\x07", "\x1bP", "\x1b_", "\x1b^", "\x1bX"),
    *("\x9b", "\x9c", "\x9d", "\x90", "\x98", "\x9e", "\x9f", "\x1b(", "\x1b ", "\x1b#8", "\x1bc", "\x1b%G", "\x1bN", "\x1bO"),
    *("8;;", ";", ":", "m", "38", "5", "2", "0", "?", "$", "!", "\\", "K", "\x18", "\x1a"),
    # Whole ones
    *("\x1b[0m", "\x1b[m", "\x1b[1;91m", "\x1b[7m", "\x1b[8m", "\x1b[38;5;208m", "\x1b[48:2::1:2:3m", "\x1b[44m", "\x1b[4:3m", "\x9b32m"),
    *("\x1b[K", "\x1b[1K", "\x1b[2K", "\x1b[J", "\x1b[2J", "\x1b[H", "\x1b[3C", "\x1b[2D", "\x1b[4G", "\x1b[2A", "\x1b[6n", "\x1b[?25l"),
    *("\x1b]0;title\x07", "\x1b]52;c;cHduZWQ=\x1b\\", "\x1bP1$r\x1b\\", "\x1b_G\x1b\\", "\x1b[99999999999999999999m", "\x1b[" + "1;" * 70 + "m"),
    "\x1b]8;;\x07", "\x1b]8;;\x1b\\", "\x9d8;;\x9c",
    # Nested, and cut off by one another
    *("\x1b]8;;\x1b]8;;https://a.b\x07", "\x1b[31\x1b[32m", "\x1bP\x1b]8;;https://a.b\x07", "\x1b]8;;https://a.b\x1b[31m", "\x1b]8;;https://a.b\r"),
    # Moving in the line
    *("\r", "\n", "\r\n", "\n\r", "\b", "\r\r\r", "\b" * 9, "\t", "\v", "\f", "\x85"),
    # Other controls, direction, surrogates, what has no width
    *map(chr, (0, 1, 5, 0xE, 0x1C, 0x1F, 0x7F, 0x80, 0x8D, 0x99, 0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))),
    *map(chr, (0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0x2028, 0x2029, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0xAD, 0xFFFD, 0xFFFE, 0xE0001, 0x10FFFF)),
    # Markup, and what other readers of a page would take for theirs
    *("<", ">", "&", '"', "'", "`", "=", "/", "</code></pre><script>alert(1)</script>", "<!--", "-->", "<![CDATA[", "]]>", "<?x", "<!x>"),
    *("&lt;", "&#27;", "&#x202e;", "&amp", "<img src=x onerror=alert(1)>", "</div></div>", '<div data-codeexec-slot="x1">', "{{ 7 * 7 }}"),
    *("{% raw %}", "```", '--8<-- "secret.txt"', "\x02wzxhzdk:0\x03", "a", "b c", "é", "漢", "🙂", "e\u0301", " ", "   ", "x" * 300),
)  # fmt: skip
LINKS = [
    start + address + end
    for address in ADDRESSES
    for start, end in (("\x1b]8;;", "\x07"), ("\x1b]8;id=1:k=v;", "\x1b\\"), ("\x9d8;;", "\x9c"), ("\x1b]8;;", ""))
]
TABLE = [*PIECES, *LINKS]


def texts_of(table: list[str], size: int = 60) -> st.SearchStrategy[str]:
    """Join entries of `table`: one draw a case, or 20,000 would take minutes."""
    pairs = st.binary(min_size=16, max_size=2 * size)
    return pairs.map(lambda drawn: "".join(table[number % len(table)] for number in _numbers(drawn)))


def _numbers(drawn: bytes) -> list[int]:
    return [int.from_bytes(drawn[at : at + 2]) for at in range(0, len(drawn) - 1, 2)]


hostile = texts_of(TABLE)


def cases(count: int) -> settings:
    return settings(max_examples=count * TIMES, deadline=None)


@cases(2000)
@given(hostile)
def test_only_allowed_markup(text: str) -> None:
    """Whatever the text, the markup is well-formed, on the allow-list, and reads as the stripped text."""
    assert [("", plain(text))] == read(to_html(text))


@cases(1000)
@given(st.text(st.characters(codec=None)))
def test_only_allowed_markup_in_any_language(text: str) -> None:
    """The same of text that nobody thought of."""
    assert [("", plain(text))] == read(to_html(text))


@cases(1000)
@given(hostile)
def test_stripped_text_is_its_own(text: str) -> None:
    """What was stripped has nothing left to strip, and needs no markup."""
    shown = strip(text)

    assert shown == strip(shown)
    assert "<" not in to_html(shown)


def fragment(result: str, build: str, stdout: str, stderr: str, reason: str) -> str:
    """Return the Fragment of a sample with `reason` as what is said of it, and of its only line."""
    sample = Sample(
        location=Location("a.md", 1),
        language="x",
        code="y",
        expectation=Succeeds(),
        presentation=Presentation(result=result),
    )
    steps = (
        StepResult(kind="build", stdout="", stderr=build, ended=Exited(0)),
        StepResult(kind="run", stdout=stdout, stderr=stderr, ended=Exited(0)),
    )
    return RENDERER.render(
        sample,
        Unmet(reason),
        Outcome(language="x", steps=steps),
        source='<pre class="codeexec-stdout"><code>y</code></pre>',
        html_id="x1",
        tidy=str,
        marks=[Mark(1, 1, 1, 2, "error", reason)],
    )


def expected(build: str, stdout: str, stderr: str, reason: str) -> list[tuple[str, str]]:
    """Return what `fragment` must show."""
    message = " ".join(strip(reason).split())
    message = message if len(message) <= 300 else message[:299] + "…"
    outputs = (
        ("codeexec-build", build.rstrip("\n")),
        ("codeexec-stdout", stdout.rstrip("\n")),
        ("codeexec-stderr", stderr.strip("\n")),
    )
    shown = [(kind, plain(text)) for kind, text in outputs]
    source = [("", ""), ("codeexec-stdout", ""), ("message", f"{message}: y")]
    return [*source, *filter(written, shown), ("codeexec-note", strip(reason))]


def written(item: tuple[str, str]) -> bool:
    """Whether there is anything to see of a stream: what only moves the cursor may have an element, or none."""
    kind, text = item
    return kind not in ("codeexec-build", "codeexec-stdout", "codeexec-stderr") or bool(text.strip("\n"))


@pytest.mark.parametrize("result", ["ansi", "text"])
@cases(800)
@given(hostile, hostile)
def test_a_fragment_is_text_and_its_looks(result: str, text: str, other: str) -> None:
    """All that stands on the page of a sample is on the allow-list, and shows what was written, wherever it comes from."""
    values = text, other, text + other, other
    shown = read(fragment(result, *values))

    assert expected(*values) == shown[:3] + list(filter(written, shown[3:]))


@cases(600)
@given(hostile, st.sampled_from(["json", "python", "pycon", "diff", "html", "no such lexer"]))
def test_a_highlighted_fragment_is_text_and_its_looks(text: str, lexer: str) -> None:
    """The same of output that is shown as a language."""
    values = "", text, "", "x"
    shown = [(kind.removesuffix(" highlight"), said.rstrip("\n")) for kind, said in read(fragment(lexer, *values))]

    assert [(kind, said.rstrip("\n")) for kind, said in expected(*values)] == shown[:3] + list(
        filter(written, shown[3:])
    )


# Each is whole, and moves nothing: what is written, and what it shows.
WHOLE = [
    *((char, char) for char in ("a", "b c", "é", "🙂", "<b>", "&lt;", "\t", "\n", "'", "\u2028", "\u200b", "\ufffd")),
    ("\r\n", "\n"),
    *((chr(code), f"U+{code:04X}") for code in (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))),
    *((chr(code), "\ufffd") for code in (0xD800, 0xDBFF, 0xDC00, 0xDFFF)),
    *((chr(code), "") for code in (*range(8), 0xB, 0xC, *range(0xE, 0x1B), *range(0x1C, 0x20), 0x7F, *range(0x80, 0x90))),
    *((code, "") for code in ("\x1b[m", "\x1b[0m", "\x1b[1;31m", "\x9b7m", "\x1b[38;2;1;2;3m", "\x1b[?25h", "\x1b[2J")),
    *((code, "") for code in ("\x1b[5;5H", "\x1b[6n", "\x1b[1 q", "\x1b(B", "\x1b7", "\x1b=", "\x1b]0;t\x07", "\x1bPq\x1b\\")),
    *((f"\x1b]8;;{address}{end}", "") for address in ("https://a.b/", "javascript:x", "") for end in ("\x07", "\x1b\\", "\x9c")),
]  # fmt: skip


@cases(2000)
@given(st.binary(min_size=8, max_size=80))
def test_what_is_shown_of_whole_sequences(drawn: bytes) -> None:
    """No character is lost, none is added, and links go nowhere else."""
    chosen = [WHOLE[byte % len(WHOLE)] for byte in drawn]
    markup = to_html("".join(written for written, _ in chosen))

    assert [("", "".join(shown for _, shown in chosen))] == read(markup)
    assert {"https://a.b/"} >= set(re.findall(r'href="([^"]*)"', markup))


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs"])), st.integers(30, 37))
def test_colours_cost_no_text(text: str, code: int) -> None:
    """A coloured text reads as the text."""
    assert text == strip(f"\x1b[1;{code}m{text}\x1b[0m")
