"""Output that is shown as a language: `result="json"` and its like."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pygments.lexer import Lexer
from pygments.token import Text, Token

import mkdocs_codeexec
from mkdocs_codeexec.core.expectation import Met, Succeeds
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult
from mkdocs_codeexec.core.sample import Location, Presentation, Sample
from mkdocs_codeexec.html.fragment import Renderer
from mkdocs_codeexec.html.streams import HIGHLIGHTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pygments.token import _TokenType

RENDERER = Renderer([], Path(mkdocs_codeexec.__file__).parent / "templates")


def output(text: str, result: str) -> str:
    """Return what stands in the `code` element for `text`; empty if there is none."""
    sample = Sample(
        location=Location("a.md", 1),
        language="x",
        code="y",
        expectation=Succeeds(),
        presentation=Presentation(result=result),
    )
    step = StepResult(kind="run", stdout=text, stderr="", ended=Exited(0))
    html = RENDERER.render(
        sample, Met(), Outcome(language="x", steps=(step,)), source="", html_id="x1", tidy=lambda text: text
    )
    return "".join(re.findall(r"(?s)<pre[^>]*><code>(.*)</code></pre>", html))


class Odd(Lexer):
    """What a plugin of Pygments might bring."""

    def get_tokens(self, text: str, unfiltered: bool = False) -> Iterator[tuple[_TokenType, str]]:  # noqa: FBT002 - theirs
        del unfiltered
        if "raise" in text:
            raise RecursionError
        yield (getattr(Token, 'X"><script>'), text) if "class" in text else (Text, text.upper())


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param('<span class="p">[</span><span class="mi">1</span><span class="p">]</span>', "[1]\n", id="plain"),
        pytest.param('<span class="s2">"&lt;b&gt;"</span>', '\x1b[1m"<b>"', id="without its own colours"),
        pytest.param('<span class="mi">1</span>', "1\n\x1b[0m", id="newline before the last sequence"),
        pytest.param('<span class="s2">"U+202E"</span>', '"\u202e"', id="direction"),
        pytest.param("", "\x1b[2J\n\x1b[H", id="nothing to see"),
        pytest.param("1\n" * (HIGHLIGHTED // 2) + "1", "1\n" * (HIGHLIGHTED // 2) + "1", id="too much"),
    ],
)
def test_output_can_be_shown_as_a_language(expected: str, text: str) -> None:
    """By Pygments, up to a size; the rest is text. Older ones escape quotation marks, too."""
    assert expected.replace("&quot;", '"') == output(text, "json").replace("&quot;", '"')


@pytest.mark.parametrize("text", ["raise <b>", "class <b>", "rewrite <b>"])
def test_no_lexer_is_trusted(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """One that fails, names a class that is none, or changes the text, leaves the text as it was."""
    monkeypatch.setattr("pygments.lexers.get_lexer_by_name", lambda *_, **__: Odd())

    assert text == unescape(output(text, "odd"))
    assert "<" not in output(text, "odd")
