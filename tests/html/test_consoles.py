"""Consoles on the page: whatever highlighter made the source, what was printed stands under its command, once, as text."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from support.sizes import TIMES

from mkdocs_codeexec.core.consoles import ConsoleKind, parse
from mkdocs_codeexec.html.consoles import copied, woven

CODE = "\n# a comment\n\n$ echo a  # é\nwrong <b>\n\n$ cat <<E\n> x & y\n> E\n? 3\nold\n$ ls\n\n$ pwd\nold\n"
FORMATS: list[dict[str, Any]] = [
    {},
    {"linespans": "__span-0", "anchorlinenos": True, "lineanchors": "__codelineno-0"},
    {"linespans": "s", "hl_lines": [2, 4, 5, 8]},
    {"nowrap": True},
]


def made(code: str, word: str, how: dict[str, Any]) -> str:
    """Return what Pygments makes, in the element that pymdownx puts around it."""
    text = highlight(code, get_lexer_by_name(word), HtmlFormatter(wrapcode=True, **how))
    return f'<div class="highlight"><pre><code>{text}</code></pre></div>' if how.get("nowrap") else text


def text_of(source: str) -> str:
    return html.unescape(re.sub("<[^>]*>", "", source))


@pytest.mark.parametrize("how", FORMATS, ids=map(str, FORMATS))
def test_output_stands_under_its_command(how: dict[str, Any]) -> None:
    """In the place of what is written; blank lines and what says the status stay."""
    console = parse(CODE, "shell")
    prints = [Markup("<i>one</i>\ntwo"), Markup("three"), None, Markup()]

    found = woven(made(CODE, "console", how), console, prints, disguised=False)

    expected = "# a comment\n\n$ echo a  # é\none\ntwo\n\n$ cat <<E\n> x & y\n> E\n? 3\nthree\n$ ls\n\n$ pwd\n"
    assert expected.strip("\n") == text_of(found).strip("\n")
    assert nested(found)


@pytest.mark.parametrize(
    "source", ["", "<p>no code</p>", "<code>something else</code>", "<pre><code><b>$ echo a</code></pre>"]
)
def test_a_source_that_is_not_understood_gives_way(source: str) -> None:
    """The commands are shown without colours then."""
    console = parse("$ echo '<b>'\n$ ls", "shell")

    found = woven(source, console, [Markup("&lt;b&gt;"), Markup()], disguised=False)

    assert "$ echo '<b>'\n<b>\n$ ls\n" == text_of(found)


def test_a_prompt_of_ones_own_is_on_the_page() -> None:
    """The highlighter is given the usual one, which it knows."""
    console = parse("λ> echo a\nλ>\nλ> ls <x", "shell", "λ> ")

    found = woven(made(console.disguised, "console", {}), console, [Markup("a"), None, Markup()], disguised=True)

    assert "λ> echo a\na\nλ>\nλ> ls <x" == text_of(found).rstrip()
    assert '<span class="gp">λ&gt; </span>' in found


@pytest.mark.parametrize("how", [*FORMATS, None], ids=map(str, [*FORMATS, None]))
def test_a_command_that_is_hidden(how: dict[str, Any] | None) -> None:
    """What it prints is on the page all the same, as of hidden lines in other languages."""
    code = "$ echo a\nold\n$ export B=1  # markdown-exec: hide\nold\n$ echo c\n"
    console = parse(code, "shell")
    prints = [Markup("a"), Markup("said"), Markup("c")]
    source = "" if how is None else made(code, "console", how)

    found = woven(source, console, prints, disguised=False, hidden={3})

    assert "$ echo a\na\nsaid\n$ echo c\nc" == text_of(found).rstrip("\n")
    assert nested(found)


def test_what_is_copied() -> None:
    """The commands alone, as the value of an attribute."""
    console = parse('$ echo "a"\nout\n$ cat <<E\n> <x>\n> E', "shell")

    assert '<div data-copy="echo &quot;a&quot;&#10;cat &lt;&lt;E&#10;&lt;x&gt;&#10;E" class="x"></div>' == copied(
        '<div class="x"></div>', console
    )


LINES = st.sampled_from(
    [
        "$ ls",
        "$ echo '<&>'",
        "$ a \\",
        "> b",
        "$",
        "out",
        "",
        "  ",
        "? 3",
        "# x",
        ">>> 1",
        "... 2",
        ">>> 'a",
        "\t<b>",
        "$ cat <<E",
        "E",
    ]
)


@settings(max_examples=400 * TIMES, deadline=None)
@given(
    st.lists(LINES, max_size=10).map("\n".join),
    st.sampled_from(["shell", "doctest"]),
    st.sampled_from(FORMATS),
    st.lists(st.none() | st.sampled_from(["", "one", "one\n\ntwo", "$ x"]), min_size=10, max_size=10),
)
def test_nothing_is_lost(code: str, kind: ConsoleKind, how: dict[str, Any], outputs: list[str | None]) -> None:
    """The lines of commands and what they have printed, each once, in order."""
    console = parse(code, kind)
    outputs = outputs[: len(console.entries)]
    outputs += [None] * (len(console.entries) - len(outputs))
    prints = [None if text is None else Markup(html.escape(text)) for text in outputs]
    source = made(code, "console" if kind == "shell" else "pycon", how)

    found = woven(source, console, prints, disguised=False)

    expected = list(console.head)
    for entry, text in zip(console.entries, outputs, strict=True):
        under = entry.written if text is None else text.split("\n") if text else ()
        expected += (*entry.source, *entry.said, *under, *entry.gap)
    assert trimmed(expected) == trimmed(text_of(found).split("\n"))
    assert nested(found)


def trimmed(lines: list[str]) -> list[str]:
    """Return `lines` without blank ones at both ends, and without blanks at theirs: highlighters take them off."""
    return "\n".join(line.rstrip() for line in lines).strip("\n").split("\n")


def nested(source: str) -> bool:
    """Tell whether all elements that are opened are closed, in their order."""
    opened: list[str] = []
    for slash, name in re.findall(r"<(/?)([a-z]+)[^>]*>", source):
        if not slash:
            opened.append(name)
        elif not opened or opened.pop() != name:
            return False
    return not opened
