"""HTML that samples make, in the page or in a frame."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mkdocs_codeexec
from mkdocs_codeexec.core.expectation import Errored, Met, Succeeds, Unmet, Verdict
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult
from mkdocs_codeexec.core.sample import Location, Presentation, Sample
from mkdocs_codeexec.html.fragment import Renderer
from mkdocs_codeexec.html.raw import cleaned, inert
from mkdocs_codeexec.html.templates import template
from mkdocs_codeexec.markdown import slots

TEMPLATES = Path(mkdocs_codeexec.__file__).parent / "templates"
PAGE, SANDBOX = Renderer([], TEMPLATES), Renderer([], TEMPLATES, "sandbox")


def shown(
    stdout: str,
    renderer: Renderer = PAGE,
    *,
    stderr: str = "",
    verdict: Verdict | None = None,
    presentation: Presentation | None = None,
) -> str:
    run = StepResult(kind="run", stdout=stdout, stderr=stderr, ended=Exited(0))
    sample = Sample(
        location=Location("a.md", 1),
        language="x",
        code="y",
        expectation=Succeeds(),
        presentation=presentation or Presentation(result="html"),
    )
    outcome = Outcome(language="x", steps=(run,))
    return renderer.render(sample, verdict or Met(), outcome, source="", html_id="codeexec-1", tidy=str)


def displayed(html: str) -> str:
    return re.findall(r'<div class="codeexec-display" data-mime="text/html">(.*)</div></div></div>', html, re.DOTALL)[0]


def test_html_is_on_the_page_as_it_was_printed() -> None:
    """Tags, entities and scripts; what a terminal would make of it is left out."""
    printed = '<table class="x"><td>1 &lt; 2 &amp; é\u200f</table>\r\n<script>if (a < b && c) { x = "<pre>" }</script>'

    assert displayed(shown("\x1b[1m" + printed + "\x1b[0m\x07\n")) == printed + "\n"


@pytest.mark.parametrize("verdict", [Unmet("exit status 1"), Errored("e")])
@pytest.mark.parametrize("renderer", [PAGE, SANDBOX])
def test_html_of_a_failure_is_text(verdict: Verdict, renderer: Renderer) -> None:
    """It may be half of what should be there."""
    html = shown("<b>", renderer, verdict=verdict)

    assert 'id="codeexec_1_stdout"><code>&lt;b&gt;</code></pre>' in html
    assert "codeexec-display" not in html


def test_stderr_is_text_beside_it() -> None:
    """Warnings of a library, say."""
    html = shown("<b>1</b>", stderr="<i>\x1b[31m")

    assert '<div class="codeexec-display" data-mime="text/html"><b>1</b></div><pre class="codeexec-stderr"' in html
    assert "<code>&lt;i&gt;</code>" in html


@pytest.mark.parametrize("printed", ["", "\n", " \n\t\n"])
def test_nothing_is_shown_of_nothing(printed: str) -> None:
    """No empty box."""
    assert '<div class="codeexec" data-codeexec="met" id="codeexec-1"></div>' == shown(printed)


def test_streams_that_are_not_asked_for_are_not_shown() -> None:
    """`show` counts for it, too."""
    assert "<b>" not in shown("<b>", presentation=Presentation(result="html", show=frozenset({"stderr"})))


MARKS = ["data-codeexec-slot=", "data-codeexec-", "end=", "slot=", "DATA-CODEEXEC-slot=", '"a"', "<div ", "<div\n", ">"]
marks = st.lists(st.sampled_from([*MARKS, " ", "</div>", "<!--", "-->", "x"]), max_size=12).map("".join)


@given(marks)
def test_no_html_holds_a_slot(printed: str) -> None:
    """Whatever is printed; and as text it is read the same."""
    slot = '<div data-codeexec-slot="a">source<div data-codeexec-end="a"></div></div>'
    page = slots.fill(slot, lambda *_: shown(printed))

    assert [] == slots.find(page)
    assert page == slots.erase(page, lambda _: True)
    assert unescape(inert(printed)) == unescape(printed)


@given(st.text(st.characters(codec=None), max_size=30) | marks)
def test_html_can_be_written_and_is_nowhere_else(printed: str) -> None:
    """What is before and after it is as it is for any other; every text can be encoded."""
    html = shown(printed)
    html.encode("utf-8")

    if printed.strip():
        assert html.startswith(
            '<div class="codeexec" data-codeexec="met" id="codeexec-1"><div class="codeexec-output">'
        )
        assert inert(cleaned(printed)) == displayed(html)


class Frames(HTMLParser):
    """Finds the frames of a page, and what is beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[dict[str, str | None]] = []
        self.others: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "iframe":
            self.frames.append(dict(attrs))
        else:
            self.others.append(tag)


@given(st.text(max_size=30) | marks | st.sampled_from(["<script>alert(1)</script>", '"></iframe><script>', "&quot;"]))
def test_html_in_a_frame_is_nothing_but_a_frame(printed: str) -> None:
    """All of it is one attribute: nothing of it is in the page, and in the frame it is what was printed."""
    reader = Frames()
    reader.feed(shown(printed, SANDBOX))

    if not printed.strip():
        assert [] == reader.frames
        return
    (frame,) = reader.frames
    assert ["div", "div", "div"] == reader.others
    document = frame["srcdoc"] or ""
    policy, printed_again = document.split("<body>", 1)
    assert cleaned(printed).replace("\r\n", "\n") == printed_again.replace("\r\n", "\n")
    assert "\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\"" in policy
    assert ("", "Output", "no-referrer") == (frame["sandbox"], frame["title"], frame["referrerpolicy"])


@pytest.mark.parametrize(
    ("printed", "height"),
    [("<b>x</b>", 6), ("<table>" + "<tr><td>1" * 10 + "</table>", 30), ("<p>" * 10**5, 36), ("<svg/>", 10)],
)
def test_a_frame_is_as_high_as_what_is_in_it_seems_to_be(printed: str, height: int) -> None:
    """Within bounds; nothing in it runs that could say."""
    assert f'style="height:{height}em"' in shown(printed, SANDBOX)


def test_a_megabyte_of_html_takes_no_time() -> None:
    """Linear, unclosed or not."""
    for piece in ("<pre>", "<script>", "data-codeexec-", "<div ", "<!--", "\n"):
        printed = piece * (1024 * 1024 // len(piece)) + "."
        assert displayed(shown(printed)) == inert(printed)
        shown(printed, SANDBOX)


def test_templates_of_a_theme_have_it_too() -> None:
    """What a theme copies shows the same."""
    theirs = Renderer([TEMPLATES], TEMPLATES)
    assert template([TEMPLATES])

    assert shown("<b>1</b>", stderr="x") == shown("<b>1</b>", theirs, stderr="x")


LOOKS = [
    *(
        '<div class="codeexec" data-codeexec-slot="a">',
        '<div data-codeexec-end="a"></div></div>',
        "<script>alert(1)</script>",
    ),
    *(
        "```python exec\n",
        "```\n",
        "{{ x }}",
        "{% raw %}",
        "</code></pre></div>",
        "<!--",
        "-->",
        "&lt;",
        "\x02codeexec:0\x03",
        "\n",
        "x",
    ),
    *('--8<-- "x"\n', "# h\n", "[a](b)", "&#45;", "data-codeexec-"),
]


@given(st.lists(st.sampled_from(LOOKS), max_size=10).map("".join), st.sampled_from(["text", "ansi", "json", "python"]))
def test_other_output_is_text_whatever_it_looks_like(printed: str, result: str) -> None:
    """Slots, fences, templates, scripts, what we keep HTML apart by: all of it is in the `pre`, and nothing else is on the page."""
    slot = '<div data-codeexec-slot="a">source<div data-codeexec-end="a"></div></div>'
    presentation = Presentation(result=result)
    page = slots.fill(slot, lambda *_: shown(printed, presentation=presentation))
    found = re.findall(r'<pre class="codeexec-stdout[^"]*"[^<>]*><code>(.*?)</code></pre>', page, re.DOTALL)
    text = "".join(unescape(re.sub("<[^<>]*>", "", one)) for one in found)

    assert printed.replace("\x02", "").replace("\x03", "").strip("\n") == text.strip("\n")
    assert [] == slots.find(page)
    assert "<script" not in page
    assert len(found) == page.count("<pre") == (1 if printed.strip("\n") else 0)
