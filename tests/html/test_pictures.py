"""Contents that are said to be a picture, and what they are."""

from __future__ import annotations

import hashlib
import io
import time

import pytest

from mkdocs_codeexec.core.blobs import Blob
from mkdocs_codeexec.core.displays import Content, Display
from mkdocs_codeexec.core.sample import Presentation
from mkdocs_codeexec.html.displays import Shown, Site, files, shown
from mkdocs_codeexec.html.pictures import PICTURES, kind_of

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


def made(kind: str) -> bytes:
    """Return a real picture, as Pillow writes it."""
    image = pytest.importorskip("PIL.Image")
    out = io.BytesIO()
    image.new("RGB", (2, 2)).save(out, kind)
    return out.getvalue()


REAL = {"png": made("PNG"), "jpg": made("JPEG"), "gif": made("GIF"), "webp": made("WEBP"), "svg": SVG}
IS_SVG = [
    SVG,
    b"\xef\xbb\xbf" + SVG,
    b'  \n<?xml version="1.0"?>\n<!-- <html> -->\n' + SVG,
    b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">' + SVG,
    b'<?xml version="1.0"?><!DOCTYPE svg [ <!ENTITY ns "http://www.w3.org/2000/svg"> ]><svg xmlns="&ns;"></svg>',
    b'<s:svg xmlns:s="http://www.w3.org/2000/svg"/>',
    '<svg xmlns="http://www.w3.org/2000/svg"/>'.encode("utf-16"),
]
NO_PICTURE = [
    b"",
    b"Traceback (most recent call last):",
    b"<html><body>" + SVG,
    b"<svg/>",
    b"<svgx>http://www.w3.org/2000/svg",
    b"<!-- http://www.w3.org/2000/svg <svg>",
    b"<!DOCTYPE html [ <svg>",
    b"\x89PNG",
    b"RIFF\x00\x00\x00\x00WAVE",
    b"\x00" * 100,
    b"\xff\xfe<",
]


def one(path: str, data: bytes) -> Shown:
    blob = Blob(path, hashlib.sha256(data).hexdigest(), len(data))
    (found,) = files([blob], Presentation(caption="C"), Site(read=lambda _: data, place=lambda end, _: f"a/0.{end}"))
    return found


@pytest.mark.parametrize("ending", REAL)
def test_a_real_picture_is_shown(ending: str) -> None:
    found = one(f"x.{ending}", REAL[ending])

    assert (found.mime, "") == (kind_of(REAL[ending]), found.wrong)
    assert f'<figure><img src="a/0.{ending}"' in found.html


@pytest.mark.parametrize("data", IS_SVG)
def test_svg_is_known_by_its_root(data: bytes) -> None:
    """Behind a mark of its encoding, instructions, comments and a doctype."""
    assert "image/svg+xml" == kind_of(data)


@pytest.mark.parametrize("data", NO_PICTURE)
@pytest.mark.parametrize("ending", ["png", "jpeg", "gif", "webp", "svg"])
def test_what_is_no_picture_is_a_link(data: bytes, ending: str) -> None:
    """And is told: a broken picture says nothing to readers."""
    found = one(f"x.{ending}", data)

    assert "" == kind_of(data)
    assert "application/octet-stream" == found.mime
    assert f'<p><a class="codeexec-file" href="a/0.{ending}" download="x.{ending}">' in found.html
    assert "<img" not in found.html
    assert f"`x.{ending}` is {'no ' if data else 'empty'}" in found.wrong


def test_another_picture_is_shown_and_told() -> None:
    found = one("x.png", REAL["jpg"])

    assert "image/jpeg" == found.mime
    assert "<img" in found.html
    assert "`x.png` is a picture in JPEG and not in PNG" == found.wrong


@pytest.mark.parametrize(("path", "data"), [("x.png", SVG), ("x.svg", REAL["png"])])
def test_svg_and_others_are_never_taken_for_each_other(path: str, data: bytes) -> None:
    """As no browser does it."""
    found = one(path, data)

    assert "application/octet-stream" == found.mime
    assert "<img" not in found.html
    assert found.wrong.endswith(", so the page has a link to it")


def test_a_pair_with_one_that_is_no_picture_is_two_files() -> None:
    data = {"x-light.png": REAL["png"], "x-dark.png": b"oh"}
    blobs = [Blob(path, hashlib.sha256(each).hexdigest(), len(each)) for path, each in data.items()]
    light, dark = files(blobs, Presentation(), Site(read=lambda blob: data[blob.path], place=lambda end, _: f"a.{end}"))

    assert ("", "<img" in light.html, "<img" in dark.html) == (light.wrong, True, False)
    assert "`x-dark.png` is no PNG picture" in dark.wrong


def test_a_display_that_is_no_picture_is_shown_in_another_form() -> None:
    """The richest that can be shown, a link if it has none."""
    data = {"image/png": b"oh", "text/plain": b"<Figure>", "image/gif": REAL["gif"]}
    contents = {mime: Content(mime, hashlib.sha256(each).hexdigest(), len(each)) for mime, each in data.items()}
    site = Site(
        read=lambda blob: next(each for each in data.values() if hashlib.sha256(each).hexdigest() == blob.digest)
    )

    other = shown(Display(tuple(contents.values())), Presentation(), site)
    assert ("image/gif", True) == (other.mime, "<img" in other.html)
    text = shown(Display((contents["image/png"], contents["text/plain"])), Presentation(), site)
    assert ("text/plain", True) == (text.mime, "&lt;Figure&gt;" in text.html)
    link = shown(Display((contents["image/png"],)), Presentation(), site)
    assert 'download="value.png"' in link.html
    said = "a picture `image/png` that it shows is no PNG picture, so"
    assert [f"{said} another form of it is shown"] * 2 + [f"{said} the page has a link to it"] == [
        found.wrong for found in (other, text, link)
    ]


@pytest.mark.parametrize(
    "data", [b"<!--" * 1_000_000, b"<!---->" * 200_000, b" " * 4_000_000, b"<!DOCTYPE a [" * 300_000]
)
def test_a_long_prologue_takes_no_time(data: bytes) -> None:
    began = time.process_time()

    assert "" == kind_of(data)
    assert time.process_time() - began < 2.0


def test_every_picture_has_a_name() -> None:
    assert set(PICTURES) == {kind_of(data) for data in REAL.values()}
