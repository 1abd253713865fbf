"""A quarter of what a stream may hold, of the worst, takes a terminal's time: what is quadratic takes far more."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import mkdocs_codeexec
from mkdocs_codeexec.core.expectation import Met, Succeeds
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepResult
from mkdocs_codeexec.core.sample import Location, Presentation, Sample
from mkdocs_codeexec.html.ansi import strip, to_html
from mkdocs_codeexec.html.fragment import Renderer

SIZE = 1 << 18
LIMIT = 4.0
"""Seconds of processor time of this process. A busy machine has slower processors, too; of what is
quadratic a whole stream would take sixteen times more."""

GOLDEN = Path(__file__).parent / "golden"
RENDERER = Renderer([], Path(mkdocs_codeexec.__file__).parent / "templates")


def flood(unit: str, size: int = SIZE) -> str:
    return unit * (size // len(unit.encode("utf-8", "surrogatepass")))


def real(name: str) -> str:
    return flood((GOLDEN / name).read_bytes().decode())


FLOODS = [
    pytest.param("\x1b]8;;" * 12_500, id="link-introducers-12k"),
    pytest.param(flood("\x1b]8;;"), id="link-introducers"),
    pytest.param("\x1b]8;;https://a.b/" * 12_500, id="links-without-end"),
    pytest.param(flood("\x1b]8;;https://a.b\x07x"), id="links"),
    pytest.param(
        "".join(f"\x1b]8;;https://a.b/{number}\x07x" for number in range(SIZE // 22)), id="links-all-different"
    ),
    pytest.param(flood("\x1b]8;;https://a.b\x07") + "x" + flood("\x1b]8;;\x07"), id="links-nested"),
    pytest.param(
        "\x1b]8;;https://a.b/" + "c" * 2000 + "\x07" + "x" * 1000 + flood("\x1b[2D\x1b[mx"), id="link-overwritten"
    ),
    pytest.param("\x1b]" + "x" * SIZE, id="string-without-end"),
    pytest.param("\x1b]8;;https://" + "x" * SIZE + "\x07x", id="link-too-long"),
    pytest.param(flood("\x1b["), id="introducers"),
    pytest.param(flood("\x1b"), id="escapes"),
    pytest.param(flood("\x1b "), id="intermediates"),
    pytest.param("\x1b" + " " * SIZE, id="intermediates-without-end"),
    pytest.param("\x1b[" + " " * SIZE, id="intermediates-without-final"),
    pytest.param(flood("\x1bP"), id="strings-without-end"),
    pytest.param(flood("\x1bPx" * 1000 + "\n"), id="strings-without-end-in-lines"),
    pytest.param(flood("\x9d"), id="strings-8-bit"),
    pytest.param(flood("\r"), id="returns"),
    pytest.param(flood("\n"), id="newlines"),
    pytest.param(flood("\r\n"), id="windows-newlines"),
    pytest.param(flood("\b"), id="backspaces"),
    pytest.param("x" * (SIZE // 2) + flood("\b", SIZE // 2), id="backspaces-over-a-line"),
    pytest.param("x" * (SIZE // 2) + flood("\by\b", SIZE // 2), id="editing-backwards"),
    pytest.param(flood("x\r"), id="overwriting"),
    pytest.param(flood("x\b"), id="overstriking"),
    pytest.param(flood(" 50%\r\x1b[K100%\r"), id="progress"),
    pytest.param(flood("\x1b[31m"), id="colours"),
    pytest.param(flood("\x1b[31mx\x1b[32my"), id="coloured-letters"),
    pytest.param(flood("\x1b[31mx\n\x1b[32my\n"), id="coloured-lines"),
    pytest.param("".join(f"\x1b[38;2;{n >> 8 & 255};{n & 255};7mx" for n in range(SIZE // 18)), id="many-colours"),
    pytest.param("".join(f"\x1b[{n % 110}m{chr(97 + n % 26)}" for n in range(SIZE // 6)), id="all-styles"),
    pytest.param(f"\x1b[{flood('1;')}mx", id="many-parameters"),
    pytest.param(f"\x1b[{'1' * SIZE}mx", id="long-parameter"),
    pytest.param(flood("\x1b[" + "1" * 500 + "C"), id="long-parameters"),
    pytest.param(flood("\x1b[999999999C"), id="right"),
    pytest.param(flood("\x1b[999999999Cx"), id="right-and-write"),
    pytest.param(flood("\r\x1b[K\x1b[999Cx"), id="padding"),
    pytest.param("x" * (SIZE // 2) + flood("\x1b[1K", SIZE // 2), id="erasing"),
    pytest.param("x" * (SIZE // 2) + flood("\x1b[2Kx", SIZE // 2), id="erasing-and-writing"),
    pytest.param("x" * (SIZE // 2) + flood("\rx" + "\x1b[500C" * 100 + "\x1b[1K", SIZE // 2), id="climbing"),
    pytest.param("x" * 1000 + flood("\rx\x1b[500C\x1b[1K"), id="erasing-far"),
    pytest.param(flood("\u202e"), id="bidi"),
    pytest.param(flood("\u202ex"), id="bidi-letters"),
    pytest.param("\r" + flood("\u202ex\b"), id="bidi-edited"),
    pytest.param(flood("\ud800x"), id="surrogates"),
    pytest.param(flood("\0"), id="nul"),
    pytest.param(flood("\0x"), id="nul-letters"),
    pytest.param("x" * SIZE, id="line"),
    pytest.param(flood("<"), id="markup"),
    pytest.param(flood("é漢🙂"), id="line-not-ascii"),
    pytest.param("\x1b[31m" + "<" * 2_500_000, id="long-line"),
    pytest.param("ab\r" + "x" * 2_500_000, id="long-line-edited"),
    pytest.param("x" * 20_000 + flood("\n"), id="long-line-then-newlines"),
    pytest.param(flood("x" * 20_000 + "\n"), id="long-lines"),
    pytest.param(flood("\x1b[31mx\x1b[32my" * 10_000 + "\n"), id="long-lines-coloured"),
    pytest.param(flood("x" * 20_000 + "\n… 1 bytes omitted …\n"), id="long-lines-with-gaps"),
    *(pytest.param(real(f"{name}.txt"), id=f"real-{name}") for name in ("rustc", "gcc", "cargo-progress", "node")),
]


@pytest.mark.parametrize("text", FLOODS)
def test_a_flood_is_rendered_in_time(text: str) -> None:
    """And the page grows by what was written and its looks, some forty bytes for each change of them."""
    start = time.process_time()
    html = fragment(text)

    assert time.process_time() - start < LIMIT
    assert 40 * len(text) > len(html)


@pytest.mark.parametrize("result", ["text", "json"])
@pytest.mark.parametrize(
    "text", [param for param in FLOODS if param.id in ("bidi-edited", "padding", "line", "markup")]
)
def test_a_flood_without_colours_is_rendered_in_time(text: str, result: str) -> None:
    """The same of output that is shown as text, or as a language."""
    start = time.process_time()
    fragment(text, result)

    assert time.process_time() - start < LIMIT


def fragment(text: str, result: str = "ansi") -> str:
    """Return the Fragment of a sample that wrote `text`."""
    sample = Sample(
        location=Location("a.md", 1),
        language="x",
        code="y",
        expectation=Succeeds(),
        presentation=Presentation(result=result),
    )
    step = StepResult(kind="run", stdout=text, stderr="", ended=Exited(0))
    outcome = Outcome(language="x", steps=(step,))
    return RENDERER.render(sample, Met(), outcome, source="y", html_id="x1", tidy=str)


def test_addresses_do_not_multiply() -> None:
    """A link cut into many pieces by overwriting takes no more room for its address than the text had."""
    text = "\x1b]8;;https://a.b/" + "c" * 2000 + "\x07" + "x" * 4000 + "\x1b]8;;\x07\r" + "\x1b[Cy" * 2000

    assert 20 * len(text) > len(to_html(text))
    assert ("xy" * 2000) == strip(text)
