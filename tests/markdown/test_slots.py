from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.markdown.slots import erase, fill, find, open_slot

A = open_slot("ab12-0", "<pre>a</pre>")
B = open_slot("ab12-1", "<div>b <div>c</div></div>")


def test_markup() -> None:
    """A slot shows its source, and says whose it is."""
    assert (
        '<div class="codeexec" data-codeexec-slot="ab12-0"><pre>a</pre><div data-codeexec-end="ab12-0"></div></div>'
    ) == A


def test_find() -> None:
    """Slots are found in the order of the page, each once."""
    assert ["ab12-1", "ab12-0"] == find(f"<p>x</p>{B}<div>{A}</div>{B}")


def test_fill() -> None:
    """Every slot gets its own fragment, its fragment gets its source, and nothing around it changes."""
    page = f"<div>{A}</div>\n{B}<p>{A}</p>"
    assert ("<div>[ab12-0:<pre>a</pre>]</div>\n[ab12-1:<div>b <div>c</div></div>]<p>[ab12-0:<pre>a</pre>]</p>") == fill(
        page, lambda slot, source, _: f"[{slot}:{source}]"
    )


def test_unknown_slots_stay() -> None:
    """A slot without an answer is left as it is."""
    assert f"{A}!" == fill(A + B, lambda slot, *_: None if slot == "ab12-0" else "!")


def test_output_is_not_scanned() -> None:
    """What is put in is never taken for a slot, neither in this pass over the page nor in a later one."""
    page = fill(A + A, lambda slot, *_: f"<p>{B}</p>" if slot == "ab12-0" else "never")
    inert = '<p><div class="codeexec"><div>b <div>c</div></div><div></div></div></p>'

    assert inert * 2 == page == fill(page, lambda *_: "never")
    assert "&lt;div data-codeexec-slot=ab12-1&gt;" == fill(A, lambda *_: "&lt;div data-codeexec-slot=ab12-1&gt;")


def test_what_follows_can_belong_to_a_slot() -> None:
    """It is handed to the fragment, with its own slots filled; what stands between stays, behind the fragment."""
    page = f"{A}<p>between</p><ol>{B}</ol><p>after</p>"

    def following(slot: str, source: str, html: str, end: int) -> tuple[int, int] | None:
        assert html is page or slot == "ab12-1"
        assert html[:end].endswith("</div></div>")
        return (html.index("<ol>"), html.index("</ol>") + 5) if (slot, source) == ("ab12-0", "<pre>a</pre>") else None

    assert "[ab12-0:<ol>[ab12-1:]</ol>]<p>between</p><p>after</p>" == fill(
        page, lambda slot, _, behind: f"[{slot}:{behind}]", following
    )
    assert page == fill(page, lambda *_: None, following)


def test_erase() -> None:
    """Slots that could not be filled leave no mark, unless they are of somebody else."""
    gone = '<div class="codeexec"><pre>a</pre><div></div></div>'
    escaped = "<code>&lt;div data-codeexec-slot=ab12-0&gt; data-codeexec-slot=ab12-0</code>"

    assert f"<!-- {gone} -->{B}{escaped}" == erase(f"<!-- {A} -->{B}{escaped}", lambda slot: slot == "ab12-0")


@pytest.mark.parametrize(
    "html",
    [
        "<div data-codeexec-slot=s class=codeexec>x<div data-codeexec-end=s></div></div>",
        "<div class='codeexec' data-codeexec-slot='s' >x<div\ndata-codeexec-end='s'> </div> </div>",
    ],
)
def test_rewritten_markup(html: str) -> None:
    """Quotes and order of attributes may have been changed by others."""
    assert "x" == fill(html, lambda _, source, __: source)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (f"<!-- {A} -->{B}", ["ab12-1"]),
        (f"<!-- <!-- --> {A} --> {B}", ["ab12-0", "ab12-1"]),
        (f"<script>'<!--'</script>{A}", ["ab12-0"]),
        ('<div data-codeexec-slot="x">', []),
        (f'<div data-codeexec-slot="x">{A}', ["ab12-0"]),
        (f'{A}<div data-codeexec-end="x"></div></div>{B}', ["ab12-0", "ab12-1"]),
        ("&lt;div data-codeexec-slot=x&gt;", []),
    ],
)
def test_only_complete_slots(html: str, expected: list[str]) -> None:
    """Comments, halves of slots and escaped markup are no slots."""
    assert expected == find(html)


@given(st.lists(st.sampled_from([A, B, "<!--", "-->", "<div>", "</div>", '<div data-codeexec-end="ab12-0"></div>'])))
def test_filling_with_itself(parts: list[str]) -> None:
    """Filling no slot changes nothing."""
    html = "".join(parts)
    assert html == fill(html, lambda *_: None)


@pytest.mark.parametrize("piece", ["<!--", "<div ", A, '<div data-codeexec-slot="a">', "<div data-codeexec-slot=a "])
def test_linear(piece: str) -> None:
    """A megabyte of anything is filled in seconds."""
    started = time.process_time()
    fill(piece * (1_000_000 // len(piece)), lambda *_: "")
    assert time.process_time() - started < 10
