"""Pictures, tables, values and files on a page."""

from __future__ import annotations

import hashlib
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from mkdocs_codeexec.core.blobs import Blob
from mkdocs_codeexec.core.displays import Content, Display
from mkdocs_codeexec.core.sample import Presentation
from mkdocs_codeexec.html.displays import INLINE, TEXT, Site, files, mime_of, passive, shown
from mkdocs_codeexec.html.tables import ROWS

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


PNG = b"\x89PNG\r\n\x1a\n"


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
    picture = shown(shelf.display(text_plain=b"<Figure 1>", image_png=PNG), Presentation(), shelf.site)

    assert ("image/png", {"a/0.png": PNG}) == (picture.mime, shelf.placed)
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
    left = [shelf.blob(name, PNG + name.encode()) for name in ("a-dark.png", "a-light.png", "b-dark.png")]

    pair, alone = files(left, Presentation(), shelf.site)

    assert ["a/0.png#only-light", "a/1.png#only-dark"] == [
        part.partition('"')[0] for part in str(pair.html).split('src="')[1:]
    ]
    assert [PNG + b"a-light.png", PNG + b"a-dark.png", PNG + b"b-dark.png"] == list(shelf.placed.values())
    assert "#only" not in alone.html


def test_tables() -> None:
    """Cells are text; of a long one the start is shown, and how much there is."""
    html = file("t.csv", b'a,b\n1,"x\ny"\n<i>,\n')
    assert '<th scope="col">a</th>\n<th scope="col">b</th>' in html
    assert "<td>1</td>\n<td>x\ny</td>" in html
    assert "<td>&lt;i&gt;</td>" in html
    assert "<caption>" not in html
    long = file("t.tsv", b"a\n" + b"1\n" * 1234)
    assert (ROWS, f"<caption>{ROWS} rows of 1,234</caption>") == (
        long.count("<td>"),
        long[long.index("<caption>") : long.index("</caption>") + 10],
    )
    assert not file("t.csv", b"").count("<td>")
    said = Presentation(caption="A & b")
    assert "<caption>A &amp; b</caption>" in file("t.csv", b"a\n1\n", said)
    assert f"<caption>A &amp; b ({ROWS} rows of 1,234)</caption>" in file("t.tsv", b"a\n" + b"1\n" * 1234, said)
    words = re.sub("<[^>]*>", "", file("t.csv", b"a,\x1b[1mb\x1b[m\n1,2\n3,\x1b[31m4\x1b[m\n")).split()
    assert ["a", "b", "1", "2", "3", "4"] == words, "a search engine finds each"


def test_formulas_are_those_of_the_site() -> None:
    """Where the site has formulas; elsewhere what the value is as text, and not its LaTeX, if it is one."""
    shelf = Shelf()
    value = shelf.display(text_latex=b"$x^2$", text_plain=b"x**2")
    span = '<p><span class="arithmatex">\\(x^2\\)</span></p>'
    sites = [Site(read=shelf.site.read, markdown=lambda text: f"<p>{text}</p>"), shelf.site]

    formula = shown(value, Presentation(), Site(read=shelf.site.read, markdown=lambda _: span))

    assert ("text/latex", span) == (formula.mime, formula.html)
    for site in sites:
        text = shown(value, Presentation(), site)
        assert ("text/plain", True) == (text.mime, "<code>x**2</code>" in text.html)
        assert "<code>$x$</code>" in shown(shelf.display(text_latex=b"$x$"), Presentation(), site).html


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


def test_control_characters_are_obeyed_or_dropped_as_in_output() -> None:
    """Colours, and whatever a fragment or a page has a meaning for, are no part of a text."""
    odd = b"\xef\xbb\xbfa\x02codeexec:0\x03\x00\x1b[31mred\x1b[0m\xe2\x80\xae,b\n1,\x1b[1m2\n"

    assert "<code>acodeexec:0redU+202E,b\n1,2</code>" in file("x.txt", odd)
    assert '<th scope="col">acodeexec:0redU+202E</th>\n<th scope="col">b</th>' in file("x.csv", odd)
    assert "<td>1</td>\n<td>2</td>" in file("x.csv", odd)
    assert "\\ud800" in file("x.json", b'{"a": "\\ud800"}')
    assert 'download="[U+202Egpj.bin">[U+202Egpj.bin</a>' in file("\x1b[m[\u202egpj.bin", b"x")
    assert 'aria-label="x.txt"' in file("\x1b[31mx.txt", b"x")


@pytest.mark.parametrize(
    ("path", "placed"),
    [
        ("x.svg", []),
        ("x.SVG", []),
        ("x.xhtml", ["a/0.bin"]),
        ("x.php", ["a/0.bin"]),
        ("x.js", ["a/0.bin"]),
        ("x.png", ["a/0.png"]),
        ("x.csv", ["a/0.csv"]),
        ("x.pdf", ["a/0.pdf"]),
    ],
)
def test_files_of_strangers_are_nothing_that_a_browser_executes(path: str, placed: list[str]) -> None:
    """Who opens such a file by its address opens it in the name of the site; a picture may hold scripts, too."""
    shelf = Shelf()
    site = Site(read=shelf.site.read, place=passive(shelf.place))
    (found,) = files([shelf.blob(path, SVG + b"x" * TEXT)], Presentation(), site)

    assert placed == list(shelf.placed)
    assert ('<img src="data:image/svg+xml;base64,' in found.html) is (not placed)
    assert placed == [] or path in found.html or path.endswith(".png")


def test_what_is_too_large_for_a_page_is_not_put_into_it() -> None:
    """Where the host has no place for files; where it has one, they may be as large as they like."""
    shelf = Shelf()
    large = bytes(INLINE + 1)
    blobs = [shelf.blob(path, large) for path in ("x.png", "y-light.png", "y-dark.png", "z.bin", "s.mp3")]

    alone = files(blobs, Presentation(), Site(read=shelf.site.read))
    assert all("is too large to be a part of the page" in one.html and len(one.html) < 200 for one in alone)
    assert "x.png (16.8 MB)" in alone[0].html
    assert all("too large" not in one.html for one in files(blobs, Presentation(), shelf.site))


def test_a_figure_in_html_is_shown_with_all_its_data() -> None:
    """A file of that size is a link, and so is a text, which is called by what it is."""
    shelf = Shelf()
    figure = b"<div>" + b"x" * TEXT + b"</div>"

    assert figure.decode() == shown(shelf.display(text_html=figure), Presentation(), shelf.site).html
    assert 'download="a.html"' in file("a.html", figure)
    text = shown(shelf.display(text_plain=figure), Presentation(), shelf.site).html
    assert 'href="a/0.txt" download="value.txt">value.txt</a>' in text


def test_pictures_are_as_wide_as_said() -> None:
    """Both of a pair, and moving ones; what is no picture is as it is."""
    wide = Presentation(width="50%")

    assert '<figure><img src="a/0.png" alt="" loading="lazy" style="width:50%"></figure>' == file("x.png", PNG, wide)
    assert '<video controls preload="metadata" src="a/0.mp4" style="width:50%"></video>' == file("x.mp4", b"v", wide)
    assert "style" not in file("x.csv", b"a,b\n1,2\n", wide)
    assert "style" not in file("x.png", PNG)
    shelf = Shelf()
    (both,) = files([shelf.blob(f"x-{each}.svg", SVG) for each in ("light", "dark")], wide, shelf.site)
    assert 2 == both.html.count('style="width:50%"')
