import pytest

from mkdocs_codeexec.html.ansi import to_html

# Real output: `rustc --color=always` 1.95, and with `-Zterminal-urls=yes`, on a file that uses an unknown name.
RUSTC = (
    "\x1b[1m\x1b[91merror[E0425]\x1b[0m\x1b[1m: cannot find value `y` in this scope\x1b[0m\n"
    " \x1b[1m\x1b[94m--> \x1b[0mwrong.rs:3:20\n"
    "  \x1b[1m\x1b[94m|\x1b[0m\n"
    '\x1b[1m\x1b[94m3\x1b[0m \x1b[1m\x1b[94m|\x1b[0m     println!("{}", y);\n'
    "  \x1b[1m\x1b[94m|\x1b[0m                    \x1b[1m\x1b[91m^\x1b[0m\n"
)
RUSTC_LINK = (
    "\x1b[1m\x1b[91merror[\x1b]8;;https://doc.rust-lang.org/error_codes/E0425.html\x1b\\E0425\x1b]8;;\x1b\\]"
    "\x1b[0m\x1b[1m: cannot find value `y` in this scope\x1b[0m\n"
)
# Real output: `gcc -Wall -fdiagnostics-color=always -fdiagnostics-urls=always` 12.2, whose links end with BEL.
GCC = (
    "\x1b[01m\x1b[Kw.c:2:33:\x1b[m\x1b[K \x1b[01;35m\x1b[Kwarning: \x1b[m\x1b[Kunused variable "
    "\N{LEFT SINGLE QUOTATION MARK}\x1b[01m\x1b[Kunused\x1b[m\x1b[K\N{RIGHT SINGLE QUOTATION MARK} [\x1b[01;35m\x1b[K"
    "\x1b]8;;https://gcc.gnu.org/onlinedocs/gcc/Warning-Options.html#index-Wunused-variable\x07"
    "-Wunused-variable\x1b]8;;\x07\x1b[m\x1b[K]\n"
    "      |                                 \x1b[01;35m\x1b[K^~~~~~\x1b[m\x1b[K\n"
)


def span(classes: str, text: str, style: str = "") -> str:
    names = " ".join(f"ansi-{name}" for name in classes.split())
    return f'<span class="{names}" style="{style}">{text}</span>' if style else f'<span class="{names}">{text}</span>'


def link(address: str, text: str) -> str:
    return f'<a href="{address}" rel="nofollow">{text}</a>'


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("a\tb\n\nc\n", "a\tb\n\nc\n", id="plain"),
        pytest.param("&amp;&lt;&gt;&quot;&#x27;", "&<>\"'", id="plain-escaped"),
        pytest.param(span("red", "&lt;b&gt;"), "\x1b[31m<b>", id="coloured-escaped"),
        pytest.param("a\nb\n", "a\r\nb\r\n", id="windows-newlines"),
        pytest.param("é漢🙂", "é漢🙂\x1b[0m", id="not-ascii"),
    ],
)
def test_text_is_escaped(expected: str, text: str) -> None:
    """Text without control sequences is the same text, escaped."""
    assert expected == to_html(text)


@pytest.mark.parametrize(
    ("expected", "params"),
    [
        pytest.param(span("bold", "x"), "1", id="bold"),
        pytest.param(span("dim", "x"), "2", id="dim"),
        pytest.param(span("italic", "x"), "3", id="italic"),
        pytest.param(span("underline", "x"), "4", id="underline"),
        pytest.param(span("underline", "x"), "21", id="double-underline"),
        pytest.param(span("underline", "x"), "4:3", id="curly-underline"),
        pytest.param("x", "4;4:0", id="no-underline"),
        pytest.param(span("reverse", "x"), "7", id="reverse"),
        pytest.param(span("strike", "x"), "9", id="strike"),
        pytest.param("x", "8", id="conceal-is-shown"),
        pytest.param("x", "5;6;53", id="blink-and-overline-are-not-drawn"),
        pytest.param("x", "1;2;22", id="bold-and-dim-off"),
        pytest.param("x", "3;4;7;9;23;24;27;29", id="all-off"),
        pytest.param(span("bold dim italic underline strike reverse", "x"), "9;7;4;3;2;1", id="order-is-fixed"),
        pytest.param(span("red", "x"), "31", id="foreground"),
        pytest.param(span("bright-white", "x"), "97", id="bright-foreground"),
        pytest.param(span("bg-black", "x"), "40", id="background"),
        pytest.param(span("bg-bright-cyan", "x"), "106", id="bright-background"),
        pytest.param(span("bold bright-red", "x"), "1;91", id="rustc"),
        pytest.param(span("bold red", "x"), "01;31", id="gcc"),
        pytest.param("x", "31;41;39;49", id="default-colours"),
        pytest.param(span("red bg-blue", "x"), "31;44", id="both"),
        pytest.param("x", "1;31;", id="empty-parameter-resets"),
        pytest.param(span("bold", "x"), "31;0;1", id="zero-resets"),
        pytest.param(span("bright-green", "x"), "38;5;10", id="indexed-named"),
        pytest.param(span("bg-white", "x"), "48:5:7", id="indexed-named-colons"),
        pytest.param(span("rgb", "x", "color:#ff8700"), "38;5;208", id="indexed-cube"),
        pytest.param(span("rgb", "x", "color:#000000"), "38;5;16", id="indexed-cube-first"),
        pytest.param(span("rgb", "x", "color:#eeeeee"), "38:5:255", id="indexed-grey-last"),
        pytest.param(span("rgb", "x", "color:#0102ff"), "38;2;1;2;255", id="rgb"),
        pytest.param(span("rgb", "x", "color:#0102ff"), "38:2:1:2:255", id="rgb-colons"),
        pytest.param(span("rgb", "x", "color:#0102ff"), "38:2::1:2:255", id="rgb-colour-space"),
        pytest.param(span("bold", "x", "color:#0102ff"), "1;38;2;1;2;255", id="rgb-among-others"),
        pytest.param(span("rgb", "x", "color:#ffffff;background-color:#000080"), "48;2;0;0;128", id="ink-on-dark"),
        pytest.param(span("rgb", "x", "color:#000000;background-color:#ffff87"), "48;5;228", id="ink-on-light"),
        pytest.param(span("red", "x", "color:#cd0000;background-color:#ffff87"), "31;48;5;228", id="named-on-mixed"),
        pytest.param(span("reverse red bg-blue", "x"), "7;31;44", id="reverse-named"),
        pytest.param(
            span("reverse", "x", "color:#000000;background-color:#ff8700"), "7;38;5;208", id="reverse-mixed-foreground"
        ),
        pytest.param(span("reverse red", "x", "color:#ff8700"), "7;31;48;5;208", id="reverse-mixed-background"),
        pytest.param(
            span("reverse", "x", "color:#030303;background-color:#ff8700"),
            "7;38;5;208;48;2;3;3;3",
            id="reverse-mixed-both",
        ),
        pytest.param(span("bold", "x"), "1;58;5;31", id="colour-of-underlines-is-skipped"),
        pytest.param(span("bold", "x"), "1;58:2::1:2:3", id="colour-of-underlines-is-skipped-colons"),
        pytest.param("x", "38;5", id="indexed-cut-off"),
        pytest.param("x", "38;2;1;2", id="rgb-cut-off"),
        pytest.param("x", "38;5;256", id="indexed-too-big"),
        pytest.param("x", "38;2;1;2;300", id="rgb-too-big"),
        pytest.param("x", "38:2:1", id="rgb-colons-cut-off"),
        pytest.param(span("bold", "x"), "38;7;1", id="unknown-colour-mode"),
        pytest.param("x", "31:1", id="unknown-colons"),
        pytest.param("x", "99999999999999999999", id="number-too-big"),
        pytest.param("x", ";".join(["1"] * 100), id="too-many"),
        pytest.param("x", "?1", id="private"),
        pytest.param("x", ">4;1", id="modifier-keys-of-xterm"),
        pytest.param("x", "1$", id="intermediate"),
    ],
)
def test_a_style_is_a_span(expected: str, params: str) -> None:
    """`ESC[…m` draws what follows; what it does not know changes nothing and costs no text."""
    assert expected == to_html(f"\x1b[{params}mx")


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param(span("red", "ab"), "\x1b[31ma\x1b[31mb\x1b[0m", id="equal-styles-merge"),
        pytest.param(span("red", "a\n\nb"), "\x1b[31ma\n\nb\x1b[m", id="over-lines"),
        pytest.param(span("red", "a") + "b", "\x1b[31ma\x1b[mb", id="empty-reset"),
        pytest.param("ab", "a\x1b[31m\x1b[0mb", id="nothing-drawn"),
        pytest.param("a", "a\x1b[31", id="cut-off-in-parameters"),
        pytest.param("a", "a\x1b[", id="cut-off-in-introducer"),
        pytest.param("a", "a\x1b", id="cut-off-in-escape"),
        pytest.param("aé", "a\x1b[31é", id="no-final"),
        pytest.param(span("red", "a"), "\x9b31ma", id="8-bit"),
        pytest.param("ab", "a\x1b(Bb", id="charset"),
        pytest.param("ab", "a\x1b7\x1b8\x1b=\x1bcb", id="short-escapes"),
        pytest.param("ab", "a\x1b[?25l\x1b[2A\x1b[5;5H\x1b[2J\x1b[6n\x1b[1 qb", id="other-sequences"),
        pytest.param("ab", "a\x1b]0;title\x07\x1b]52;c;cHduZWQ=\x1b\\b", id="title-and-clipboard"),
        pytest.param("ab", "a\x1bP1$r\x1b\\\x1b_G\x1b\\\x1b^p\x1b\\\x1bXs\x1b\\b", id="control-strings"),
        pytest.param("ab", "a\x9d0;title\x9c\x90q\x9cb", id="control-strings-8-bit"),
        pytest.param("a0;title\nb", "a\x1b]0;title\nb", id="string-without-end-costs-its-introducer"),
        pytest.param("ab", "a\x00\x01\x07\x0b\x0c\x0e\x7f\x80\x85\x9fb", id="controls-vanish"),
        pytest.param("a\ufffd\ufffdb", "a\ud83d\ude00b", id="surrogates"),
        pytest.param("a" + span("control", "U+202E") + "b", "a\u202eb", id="bidi"),
        pytest.param(span("control", "U+2066U+200FU+061C"), "\u2066\u200f\u061c", id="bidi-several"),
    ],
)
def test_sequences(expected: str, text: str) -> None:
    """Sequences are obeyed or dropped, and never shown."""
    assert expected == to_html(text)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param("100%\n", "  1%\r 50%\r100%\n", id="progress"),
        pytest.param("abc", "abc\r", id="return-alone"),
        pytest.param("Xbc\n", "abc\rX\n", id="shorter"),
        pytest.param("ok", "working\r\x1b[Kok", id="erase-to-end"),
        pytest.param("ok", "working\r\x1b[0Kok", id="erase-to-end-explicit"),
        pytest.param("ok", "working\r\x1b[Jok", id="erase-to-end-of-screen"),
        pytest.param("   d", "abcd\b\x1b[1Kd", id="erase-to-start"),
        pytest.param("       ok", "working\x1b[2Kok", id="erase-line"),
        pytest.param("", "working\x1b[2K", id="erased-leaves-no-spaces"),
        pytest.param("ok", "working\x1b[2K\rok", id="erase-line-return"),
        pytest.param("a b\n", "a b\x1b[3K\n", id="erase-unknown"),
        pytest.param("aXc", "abc\b\bX", id="backspace"),
        pytest.param("Xb", "ab\b\b\b\bX", id="backspace-stops-at-start"),
        pytest.param("Xbc", "abc\x1b[9DX", id="left"),
        pytest.param("abX", "abc\x1b[DX", id="left-once"),
        pytest.param("a   b", "a\x1b[3Cb", id="right"),
        pytest.param("aXc", "abc\x1b[2GX", id="column"),
        pytest.param("ab\nXd", "ab\ncd\rX", id="earlier-lines-stay"),
        pytest.param("a" + " " * 255 + "b", "a\x1b[999999999Cb", id="right-is-bounded"),
        pytest.param("a " + span("bg-red", "   ") + "b", "a\x1b[1C\x1b[41m   \x1b[mb", id="written-spaces-stay"),
        pytest.param(span("red", "a") + "X" + span("red", "c"), "\x1b[31mabc\x1b[m\b\bX", id="cut-style"),
    ],
)
def test_a_line_is_edited(expected: str, text: str) -> None:
    """Carriage returns, backspaces, erasing and moving edit the line they are in."""
    assert expected == to_html(text)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param(link("https://a.b/c", "x") + "y", "\x1b]8;;https://a.b/c\x07x\x1b]8;;\x07y", id="bel"),
        pytest.param(link("https://a.b/c", "x") + "y", "\x1b]8;;https://a.b/c\x1b\\x\x1b]8;;\x1b\\y", id="st"),
        pytest.param(link("http://a.b", "x"), "\x1b]8;id=1:k=v;http://a.b\x1b\\x", id="parameters"),
        pytest.param(link("https://a.b/?c=1&amp;d=;e", "x"), "\x1b]8;;https://a.b/?c=1&d=;e\x07x", id="query"),
        pytest.param(
            link("https://a.b", span("red", "x") + "y"), "\x1b]8;;https://a.b\x07\x1b[31mx\x1b[my", id="style-in-link"
        ),
        pytest.param(
            span("red", "x") + link("https://a.b", span("red", "y")) + span("red", "z"),
            "\x1b[31mx\x1b]8;;https://a.b\x07y\x1b]8;;\x07z",
            id="link-in-style",
        ),
        pytest.param(
            link("https://a.b", "x") + link("https://c.d", "y"),
            "\x1b]8;;https://a.b\x07x\x1b]8;;https://c.d\x07y",
            id="next-link-ends-the-first",
        ),
        pytest.param("x", "\x1b]8;;javascript:alert(1)\x07x", id="javascript"),
        pytest.param("x", "\x1b]8;;data:text/html,<b>\x07x", id="data"),
        pytest.param("x", "\x1b]8;;file:///etc/passwd\x07x", id="file"),
        pytest.param("x", "\x1b]8;;//a.b\x07x", id="relative"),
        pytest.param("x", '\x1b]8;;https://a.b/"onmouseover="alert(1)\x07x', id="double-quote"),
        pytest.param("x", "\x1b]8;;https://a.b/'\x07x", id="single-quote"),
        pytest.param("x", "\x1b]8;;https://a.b/ c\x07x", id="space"),
        pytest.param("x", "\x1b]8;;https://a.b/é\x07x", id="not-ascii"),
        pytest.param("x", f"\x1b]8;;https://a.b/{'c' * 3000}\x07x", id="too-long"),
        pytest.param("x", "\x1b]8\x07x", id="without-address"),
        pytest.param("8;;https://a.b x", "\x1b]8;;https://a.b x", id="without-end"),
    ],
)
def test_a_link_goes_to_the_web_or_nowhere(expected: str, text: str) -> None:
    """OSC 8 is a link to an http or https address; any other address leaves the text alone."""
    assert expected == to_html(text)


def test_rustc() -> None:
    """A diagnostic of rustc keeps its colours and its columns."""
    blue = "bold bright-blue"

    assert to_html(RUSTC) == (
        f"{span('bold bright-red', 'error[E0425]')}{span('bold', ': cannot find value `y` in this scope')}\n"
        f" {span(blue, '--&gt; ')}wrong.rs:3:20\n"
        f"  {span(blue, '|')}\n"
        f"{span(blue, '3')} {span(blue, '|')}     println!(&quot;{{}}&quot;, y);\n"
        f"  {span(blue, '|')}                    {span('bold bright-red', '^')}\n"
    )


def test_rustc_links() -> None:
    """The error code rustc links to its explanation is a link."""
    red = "bold bright-red"

    assert to_html(RUSTC_LINK) == (
        span(red, "error[")
        + link("https://doc.rust-lang.org/error_codes/E0425.html", span(red, "E0425"))
        + span(red, "]")
        + span("bold", ": cannot find value `y` in this scope")
        + "\n"
    )


def test_gcc() -> None:
    """GCC's erasing after each colour erases nothing, and its links end with BEL."""
    flag = "https://gcc.gnu.org/onlinedocs/gcc/Warning-Options.html#index-Wunused-variable"

    assert to_html(GCC) == (
        f"{span('bold', 'w.c:2:33:')} {span('bold magenta', 'warning: ')}unused variable "
        f"\N{LEFT SINGLE QUOTATION MARK}{span('bold', 'unused')}\N{RIGHT SINGLE QUOTATION MARK} "
        f"[{link(flag, span('bold magenta', '-Wunused-variable'))}]\n"
        f"      |                                 {span('bold magenta', '^~~~~~')}\n"
    )
