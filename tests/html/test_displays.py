"""Pictures, tables, values and files on a page."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from mkdocs_codeexec.core.blobs import Blob
from mkdocs_codeexec.core.displays import Content, Display
from mkdocs_codeexec.core.sample import Presentation
from mkdocs_codeexec.html.displays import ROWS, TEXT, Site, files, mime_of, shown

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


class Shelf:
    """A store and a site in memory."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.placed: dict[str, bytes] = {}

    def blob(self, path: str, data: bytes) -> Blob:
        digest = hashlib.sha256(data).hexdigest()
        self.blobs[digest] = data
        return Blob(path, digest, len(data))

    def display(self, **forms: bytes) -> Display:
        named = {name.replace("_", "/").replace("svg", "svg+xml"): data for name, data in forms.items()}
        return Display(
            tuple(Content(mime, self.blob("x", data).digest, len(data)) for mime, data in sorted(named.items()))
        )

    def place(self, ending: str, data: bytes) -> str:
        self.placed[f"a/{len(self.placed)}.{ending}"] = data
        return list(self.placed)[-1]

    @property
    def site(self) -> Site:
        return Site(read=lambda blob: self.blobs.get(blob.digest), place=self.place)


def file(path: str, data: bytes, presentation: Presentation | None = None) -> str:
    shelf = Shelf()
    (found,) = files([shelf.blob(path, data)], presentation or Presentation(), shelf.site)
    return str(found.html)


def test_the_richest_form_is_shown() -> None:
    """HTML before pictures, pictures before text, which is then what is read out."""
    shelf = Shelf()
    picture = shown(shelf.display(text_plain=b"<Figure 1>", image_png=b"png"), Presentation(), shelf.site)

    assert ("image/png", {"a/0.png": b"png"}) == (picture.mime, shelf.placed)
    assert '<figure><img src="a/0.png" alt="&lt;Figure 1&gt;" loading="lazy"></figure>' == picture.html
    table = shown(shelf.display(text_plain=b"t", text_html=b"<b>t</b>", image_png=b"x"), Presentation(), shelf.site)
    assert ("text/html", "<b>t</b>") == (table.mime, table.html)


def test_a_picture_says_what_its_author_says() -> None:
    said = Presentation(caption="A & b", alt='"quoted"')

    html = file("plot.svg", SVG, said)

    assert '<img src="a/0.svg" alt="&#34;quoted&#34;" loading="lazy"><figcaption>A &amp; b</figcaption>' in html
    assert 'alt="A &amp; b"' in file("plot.svg", SVG, Presentation(caption="A & b"))
    assert 'alt=""' in file("plot.svg", SVG, Presentation(caption="A & b", alt=""))


def test_a_script_in_a_picture_is_never_in_the_page() -> None:
    """It is in an `img`, which runs none; where the host has no place for files, too."""
    shelf = Shelf()
    blob = shelf.blob("plot.svg", SVG)
    for site in (shelf.site, Site(read=shelf.site.read)):
        (found,) = files([blob], Presentation(), site)
        assert "<script" not in found.html
        assert found.html.startswith("<figure><img src=")


def test_two_pictures_for_two_palettes_are_one() -> None:
    shelf = Shelf()
    left = [shelf.blob(name, name.encode()) for name in ("a-dark.png", "a-light.png", "b-dark.png")]

    pair, alone = files(left, Presentation(), shelf.site)

    assert ["a/0.png#only-light", "a/1.png#only-dark"] == [
        part.partition('"')[0] for part in str(pair.html).split('src="')[1:]
    ]
    assert [b"a-light.png", b"a-dark.png", b"b-dark.png"] == list(shelf.placed.values())
    assert "#only" not in alone.html


def test_tables() -> None:
    """Cells are text; of a long one the start is shown, and how much there is."""
    html = file("t.csv", b'a,b\n1,"x\ny"\n<i>,\n')
    assert '<th scope="col">a</th><th scope="col">b</th>' in html
    assert "<td>1</td><td>x\ny</td>" in html
    assert "<td>&lt;i&gt;</td>" in html
    assert "<caption>" not in html
    long = file("t.tsv", b"a\n" + b"1\n" * 1234)
    assert (ROWS, f"<caption>{ROWS} rows of 1,234</caption>") == (
        long.count("<td>"),
        long[long.index("<caption>") : long.index("</caption>") + 10],
    )
    assert not file("t.csv", b"").count("<td>")


def test_values_and_texts() -> None:
    assert "{\n  &#34;a&#34;: [\n    1\n  ]\n}" in file("x.json", b'{"a":[1]}')
    assert "{&#34;a&#34;" in file("x.json", b'{"a"')
    assert "<code>a &lt; b</code>" in file("x.txt", b"a < b\n")
    assert file("x.txt", b"a" * (TEXT + 1)).startswith('<p><a class="codeexec-file" href="a/0.txt" download="x.txt">')


@pytest.mark.parametrize(
    ("path", "start"),
    [
        ("out/x.bin", '<p><a class="codeexec-file" href="a/0.bin" download="x.bin">x.bin</a> (3 B)</p>'),
        ("x.pdf", '<p><a class="codeexec-file" href="a/0.pdf"'),
        ("x.mp4", '<video controls preload="metadata" src="a/0.mp4"></video>'),
        ("x.mp3", '<audio controls preload="metadata" src="a/0.mp3"></audio>'),
        ('x."><b>', '<p><a class="codeexec-file" href="a/0.bin" download="x.&#34;&gt;&lt;b&gt;">'),
        ("x", '<p><a class="codeexec-file" href="a/0.bin" download="x">'),
    ],
)
def test_other_files(path: str, start: str) -> None:
    """What a page cannot show it offers; a name is a name."""
    assert file(path, b"abc").startswith(start)


def test_what_is_gone_is_told() -> None:
    (found,) = files([Blob("a.png", "0" * 64, 1)], Presentation(), Shelf().site)

    assert '<p class="codeexec-note">what was shown here is not in the store any more</p>' == found.html


def test_html_goes_by_the_site() -> None:
    shelf = Shelf()
    site = Site(read=shelf.site.read, raw=lambda html: Markup("<iframe>{}</iframe>").format(html))

    assert "<iframe>&lt;b&gt;</iframe>" == shown(shelf.display(text_html=b"<b>"), Presentation(), site).html


@given(st.dictionaries(st.sampled_from(["x.csv", "x.json", "x.txt", "x.md", "x.tsv"]), st.text(max_size=60)))
def test_texts_are_texts(left: dict[str, str]) -> None:
    """Whatever is in a file, it opens no element."""
    for path, text in left.items():
        html = file(path, text.encode("utf-8", "replace"))
        for tag in ("script", "b", "i", "div class=x"):
            assert f"<{tag}>" not in html
        assert html.count("<") == html.count(">")
    assert json.dumps(mime_of("X.PNG")) == '"image/png"'


def test_pictures_are_as_wide_as_said() -> None:
    """Both of a pair, and moving ones; what is no picture is as it is."""
    wide = Presentation(width="50%")

    assert '<figure><img src="a/0.png" alt="" loading="lazy" style="width:50%"></figure>' == file("x.png", b"p", wide)
    assert '<video controls preload="metadata" src="a/0.mp4" style="width:50%"></video>' == file("x.mp4", b"v", wide)
    assert "style" not in file("x.csv", b"a,b\n1,2\n", wide)
    assert "style" not in file("x.png", b"p")
    shelf = Shelf()
    (both,) = files([shelf.blob(f"x-{each}.svg", SVG) for each in ("light", "dark")], wide, shelf.site)
    assert 2 == both.html.count('style="width:50%"')
