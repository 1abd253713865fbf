"""What a program shows beside text: sections of its standard output, taken out as they come, and found again."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from mkdocs_codeexec.core import displays
from mkdocs_codeexec.core.displays import BEGIN, BUNDLE, END, Content, Display
from mkdocs_codeexec.runtime import sections
from mkdocs_codeexec.runtime.sections import Sections

if TYPE_CHECKING:
    import pytest


class Item(NamedTuple):
    """What a program writes, and what is to be seen of it: text, or contents by type."""

    written: bytes
    seen: str | dict[str, bytes]


def text(written: str) -> Item:
    return Item(written.encode(), written)


def picture(data: bytes, mime: str = "image/png", newline: str = "\n") -> Item:
    lines = base64.encodebytes(data).decode() if len(data) > 20 else base64.b64encode(data).decode()
    body = lines if lines.endswith("\n") else lines + "\n"
    return Item(f"{BEGIN} {mime}{newline}{body}{END}{newline}".encode(), {mime: data})


def markup(body: str, mime: str = "text/html") -> Item:
    return Item(f"{BEGIN} {mime}\n{body}\n{END}\n".encode(), {mime: body.encode()})


def bundle(**contents: str) -> Item:
    forms = {name.replace("_", "/"): value for name, value in contents.items()}
    body = json.dumps(forms)
    return Item(f"{BEGIN} {BUNDLE}\n{body}\n{END}\n".encode(), {name: value.encode() for name, value in forms.items()})


WRONG = (
    f"{BEGIN} nonsense\nx\n{END}\n",
    f"{BEGIN} image/png\nno base64!\n{END}\n",
    f"{BEGIN} {BUNDLE}\n[1]\n{END}\n",
    f"{BEGIN} {BUNDLE}\n" + '{"nonsense": "x"}' + f"\n{END}\n",
    f"{BEGIN}\nx\n{END}\n",
    f"{END}\n",
    f"not at the start of a line: {BEGIN} text/html\n",
    f'{BEGIN} image/png\n[["image/png","{"0" * 64}",3]]\n{END}\n',
)
"""What is no section stays as it was written."""

LINES = st.lists(st.sampled_from("aE_V \t<é"), max_size=12).map("".join)
ITEMS = st.one_of(
    LINES.map(lambda line: text(line + "\n")),
    st.sampled_from(WRONG).map(text),
    st.binary(max_size=60).map(picture),
    st.binary(max_size=60).map(lambda data: picture(data, newline="\r\n")),
    LINES.map(markup),
    LINES.map(lambda line: bundle(text_html=line, text_plain="x")),
)


def kept(data: bytes, *cuts: int, head: int = 10**6) -> tuple[str, dict[str, bytes]]:
    stream = Sections(head, 1000)
    for start, end in zip((0, *cuts), (*cuts, len(data)), strict=True):
        stream.add(data[start:end])
    found, _ = stream.finish()
    return found, stream.contents


def seen(found: str, contents: dict[str, bytes]) -> list[str | list[tuple[str, bytes]]]:
    """Return what is seen: texts as they are, displays as their forms."""
    shown = {Content(mime, key, len(data)) for key, data in contents.items() for mime in MIMES}
    return [
        piece if isinstance(piece, str) else [(form.mime, contents[form.digest]) for form in piece.bundle]
        for piece in displays.pieces(found, shown)
    ]


MIMES = ("image/png", "text/html", "text/plain", "image/svg+xml")


@given(st.lists(ITEMS, max_size=8), st.data())
def test_nothing_is_lost_and_all_is_in_order(items: list[Item], data: st.DataObject) -> None:
    """In whatever chunks it comes: what is shown is shown once, and all else is text as it was written."""
    stream = b"".join(item.written for item in items)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))

    found, contents = kept(stream, *cuts)
    pieces = seen(found, contents)

    written: list[str] = []
    shown: list[tuple[str, bytes]] = []
    for item in items:
        if isinstance(item.seen, str):
            written.append(item.seen)
        else:
            shown += item.seen.items()
    assert "".join(written) == "".join(piece for piece in pieces if isinstance(piece, str))
    assert shown == [form for piece in pieces if not isinstance(piece, str) for form in piece]
    order = ["t" if isinstance(piece, str) else "d" for piece in pieces]
    assert "tt" not in "".join(order)
    assert kept(stream) == (found, contents)


def test_forms_of_one_thing_are_one_display() -> None:
    """Sections of other types that follow at once, until a type comes again; a whole bundle stands for itself."""
    found, contents = kept(
        b"".join(
            item.written
            for item in (
                markup("<b>"),
                markup("b", "text/plain"),
                markup("<i>"),
                picture(b"1"),
                text("between\n"),
                bundle(text_html="<u>", text_plain="u"),
                markup("x", "text/plain"),
            )
        )
    )

    assert [
        [("text/html", b"<b>"), ("text/plain", b"b")],
        [("text/html", b"<i>"), ("image/png", b"1")],
        "between\n",
        [("text/html", b"<u>"), ("text/plain", b"u")],
        [("text/plain", b"x")],
    ] == seen(found, contents)


@given(st.integers(0, 2000), st.integers(0, 2000))
def test_what_is_shown_is_kept_whole_or_not_at_all(head: int, tail: int) -> None:
    """Output that is too long loses its middle; no name of a blob is cut in two, which would be shown as text."""
    stream = Sections(head, tail)
    written = [picture(bytes([number])).written + f"{number} é\n".encode() for number in range(20)]
    stream.add(b"".join(written))

    found, lost = stream.finish()

    texts = "".join(piece for piece in seen(found, stream.contents) if isinstance(piece, str))
    assert BEGIN not in texts
    assert END not in texts
    assert '"image/png"' not in texts
    whole = Sections(100_000, 0)
    whole.add(b"".join(written))
    kept_bytes = len(found.replace(f"… {lost} bytes omitted …\n", "").encode())
    assert kept_bytes + lost - len(whole.finish()[0].encode()) in ((0, 1) if lost else (0,))


def test_a_section_without_an_end_is_text_up_to_the_next_one() -> None:
    unclosed = f"{BEGIN} text/html\nnever ends\n"

    found, contents = kept(unclosed.encode() + markup("<b>").written + unclosed.encode())

    assert [unclosed, [("text/html", b"<b>")], unclosed] == seen(found, contents)


def test_nobody_shows_what_he_has_not() -> None:
    """Whoever writes what an Outcome holds instead of a section has written text."""
    data = b"secret"
    name = Content("image/png", hashlib.sha256(data).hexdigest(), len(data))
    forged = displays.section((name,), whole=False)

    found, contents = kept(forged.encode())

    assert (forged, {}) == (found, contents)
    assert [forged] == list(displays.pieces(found, ()))
    assert [Display((name,))] == list(displays.pieces(found, [name]))
    assert not displays.without(found, [name])


def test_what_is_too_much_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A section that is too large, and more sections than are read, stay in the stream, which keeps its start and its end."""
    monkeypatch.setattr(sections, "LARGEST", 100)
    large, _ = kept(markup("x" * 200).written)
    assert "x" * 200 in large
    monkeypatch.setattr(sections, "MOST", 1)
    many, contents = kept(markup("a").written + markup("b").written)
    assert [[("text/html", b"a")], markup("b").written.decode()] == seen(many, contents)


def test_an_outcome_may_rename_what_it_shows() -> None:
    found, contents = kept(b"a\n" + markup("<b>").written)
    changed = displays.renamed(found, lambda content: content._replace(digest="0" * 64, size=1))

    assert Display((Content("text/html", "0" * 64, 1),)) in displays.pieces(
        changed, [Content("text/html", "0" * 64, 1)]
    )
    assert found == displays.renamed(found, lambda content: content)
    assert 1 == len(contents)
