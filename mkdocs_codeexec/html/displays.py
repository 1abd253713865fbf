"""What a sample shows beside text, as HTML: pictures, tables, values, and files.

The richest form that a page can show is taken. Pictures, sound and other files are files of the site, where the host has a
place for them, and stand in the page itself where it has not.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from mkdocs_codeexec.core.displays import Content, Display, is_binary
from mkdocs_codeexec.html import ansi
from mkdocs_codeexec.html.json_tree import spelled, tree
from mkdocs_codeexec.html.pictures import PICTURES, kind_of
from mkdocs_codeexec.html.tables import table

if TYPE_CHECKING:
    from mkdocs_codeexec.core.blobs import Blob
    from mkdocs_codeexec.core.sample import Presentation

TEXT = 256 * 1024
"""Bytes of a text that a page shows; of more, it has a link. HTML of a value may be larger: figures hold their data."""

INLINE = 16 * 1024 * 1024
"""Bytes of a file that stands in the page itself, where there is no place for it beside: browsers take 32 MB at most."""

_RICHEST = (
    *("text/html", "image/svg+xml", "image/png", "image/jpeg", "image/webp", "image/gif"),
    *("text/csv", "application/json", "text/markdown", "text/latex", "text/plain"),
)
_ENDINGS = {
    "csv": "text/csv",
    "gif": "image/gif",
    "html": "text/html",
    "htm": "text/html",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "txt": "text/plain",
    "log": "text/plain",
    "md": "text/markdown",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "ogv": "video/ogg",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "tsv": "text/tab-separated-values",
    "wav": "audio/wav",
    "webm": "video/webm",
    "webp": "image/webp",
}
_ENDING = {mime: ending for ending, mime in reversed(_ENDINGS.items())}
_FILE = "application/octet-stream"
_SVG = "image/svg+xml"
_MATHS = "text/latex"
_SEPARATORS = {"text/csv": ",", "text/tab-separated-values": "\t"}
_PALETTES = ("-light", "-dark")
_PASSIVE = frozenset(
    ("bin", "csv", "gif", "jpeg", "jpg", "json", "mp3", "mp4", "oga", "ogg", "ogv", "pdf", "png", "tsv", "txt", "wav")
) | {"webm", "webp"}
"""Endings of files in which no browser, and no server, finds anything to execute."""


class Shown(NamedTuple):
    """A display on the page. What the template sees, among the streams.

    Attributes:
        kind: `display`.
        mime: The type of the form that is shown.
        html: Safe HTML, or HTML by the author's word.
        wrong: What its author should know of it; empty for nothing.
    """

    kind: str
    mime: str
    html: Markup
    wrong: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where what is shown comes from, and where it is put.

    Attributes:
        read: Returns what the store has of a blob; None if it is gone.
        place: Puts a file of this name and these contents into the site, and returns its address as the page has it;
            empty if there is no place for it.
        raw: Returns HTML that a sample has made, as it stands on the page.
        markdown: Returns the HTML of Markdown that a sample has made, by the converter of the site.
    """

    read: Callable[[Blob], bytes | None] = lambda _: None
    place: Callable[[str, bytes], str] = lambda _name, _data: ""
    raw: Callable[[str], Markup] = Markup
    markdown: Callable[[str], str] | None = None


def passive(place: Callable[[str, bytes], str]) -> Callable[[str, bytes], str]:
    """Return what puts files into a site as `place` does, but none that is executed when somebody opens it there.

    A picture in SVG, which may hold scripts, gets no place: within a page it is a picture alone.
    """

    def put(ending: str, data: bytes) -> str:
        return "" if ending == "svg" else place(ending if ending in _PASSIVE else "bin", data)

    return put


def shown(display: Display, presentation: Presentation, site: Site) -> Shown:
    """Return `display` as a page shows it."""
    content, data, wrong = _richest(display, site)
    plain = display.form("text/plain")
    if content.mime == _MATHS and data is not None:
        if maths := _maths(_text(data), site):
            return Shown("display", content.mime, maths)
        if plain is not None:
            content, data = plain, site.read(plain.blob)
    alt = _text(site.read(plain.blob)) if plain is not None and is_picture(content.mime) else ""
    if data is None:
        return Shown("display", content.mime, _gone(), wrong)
    mime = _real(content.mime, data)
    name = "" if is_picture(mime) or mime == content.mime else f"value.{_ENDING[content.mime]}"
    return Shown("display", mime, _html(mime, data, name, presentation, site, alt), wrong)


def _richest(display: Display, site: Site) -> tuple[Content, bytes | None, str]:
    """Return the richest form of `display` that can be shown, and what is to be said of a richer one that cannot."""
    left, wrong = display.bundle, ""
    while True:
        content = Display(left).form(*_RICHEST) or left[0]
        data = site.read(content.blob)
        if data is None or not is_picture(content.mime) or kind_of(data) == content.mime:
            return content, data, wrong
        what = f"a picture `{content.mime}` that it shows"
        if len(left) == 1 or _real(content.mime, data) != _FILE:
            return content, data, wrong or _wrong(what, content.mime, data)
        wrong = wrong or f"{what} is no {PICTURES[content.mime]} picture, so another form of it is shown"
        left = tuple(form for form in left if form != content)


def files(left: Sequence[Blob], presentation: Presentation, site: Site) -> list[Shown]:
    """Return the files `left`, each as a page shows it; two pictures `x-light.svg` and `x-dark.svg` are one."""
    found = {blob.path: blob for blob in left}
    done: set[str] = set()
    result = []
    for path, blob in found.items():
        if path in done:
            continue
        pair = _pair(path)
        if pair and all(each in found for each in pair):
            both = _both([found[each] for each in pair], presentation, site)
            if both is not None:
                done.update(pair)
                result.append(both)
                continue
        data = site.read(blob)
        said = mime_of(path)
        if data is None:
            result.append(Shown("display", said, _gone()))
            continue
        mime = _real(said, data)
        wrong = _wrong(f"`{ansi.strip(path)}`", said, data) if mime != said else ""
        result.append(Shown("display", mime, _html(mime, data, path, presentation, site, ""), wrong))
    return result


def _real(mime: str, data: bytes) -> str:
    """Return the type of `data`, which is said to be `mime`: what is no such picture is a file.

    Browsers look at the bytes of other pictures than SVG, and so show one by the name of another.
    """
    real = kind_of(data) if is_picture(mime) else mime
    return real if real and (real == _SVG) == (mime == _SVG) else _FILE


def _wrong(what: str, mime: str, data: bytes) -> str:
    """Return what is to be said of `data`, which is no picture of the type `mime`."""
    real = kind_of(data)
    said = f"a picture in {PICTURES[real]} and not in {PICTURES[mime]}" if real else f"no {PICTURES[mime]} picture"
    linked = ", so the page has a link to it" if _real(mime, data) == _FILE else ""
    return f"{what} is {said if data else 'empty'}{linked}"


def mime_of(path: str) -> str:
    """Return the type of the file `path`, by its ending."""
    return _ENDINGS.get(PurePosixPath(path).suffix[1:].lower(), _FILE)


def is_picture(mime: str) -> bool:
    """Tell whether a page shows contents of this type as a picture."""
    return mime in PICTURES


def is_table(mime: str) -> bool:
    """Tell whether a page shows contents of this type as a table that it makes."""
    return mime in _SEPARATORS


def is_video(mime: str) -> bool:
    """Tell whether a page shows contents of this type as a video."""
    return mime.startswith("video/")


def _pair(path: str) -> tuple[str, str] | None:
    """Return the names of the picture `path` for readers in the light and in the dark; None if it is for both."""
    stem, dot, ending = path.rpartition(".")
    for palette in _PALETTES:
        if dot and stem.endswith(palette) and is_picture(mime_of(path)):
            start = stem.removesuffix(palette)
            return f"{start}-light.{ending}", f"{start}-dark.{ending}"
    return None


def _both(pair: Sequence[Blob], presentation: Presentation, site: Site) -> Shown | None:
    """Return two pictures as one; None if one of them is no such picture."""
    read = [site.read(blob) for blob in pair]
    mime = mime_of(pair[0].path)
    if any(data is None for data in read):
        return Shown("display", mime, _gone())
    if any(kind_of(data or b"") != mime for data in read):
        return None
    try:
        pictures = [
            _picture(mime, data or b"", blob.path, presentation, site, "", f"#only{palette}")
            for blob, data, palette in zip(pair, read, _PALETTES, strict=True)
        ]
    except _TooLargeError:
        return Shown("display", mime, _too_large(pair[0].path, sum(len(data or b"") for data in read)))
    return Shown("display", mime, _figure(Markup("").join(pictures), presentation))


def _html(mime: str, data: bytes, name: str, presentation: Presentation, site: Site, alt: str) -> Markup:
    try:
        return _shown(mime, data, name, presentation, site, alt)
    except _TooLargeError:
        return _too_large(name or mime, len(data))


def _shown(mime: str, data: bytes, name: str, presentation: Presentation, site: Site, alt: str) -> Markup:
    if is_picture(mime):
        return _figure(_picture(mime, data, name, presentation, site, alt), presentation)
    kind = mime.partition("/")[0]
    if kind in ("video", "audio"):
        address = _address(mime, data, name, site)
        wide = _wide(presentation) if kind == "video" else ""
        return Markup('<{0} controls preload="metadata" src="{1}"{2}></{0}>').format(kind, address, wide)
    most = TEXT if name or mime != "text/html" else INLINE
    if is_binary(mime) or len(data) > most or (name and mime not in _RICHEST and mime not in _SEPARATORS):
        return _link(mime, data, name, site)
    text = _text(data)
    if mime in _SEPARATORS:
        return table(text, _SEPARATORS[mime], presentation.caption)
    if mime == "text/html":
        return site.raw(text)
    if mime == "text/markdown" and site.markdown is not None and not name:
        return Markup(site.markdown(text))  # noqa: S704 - the author's word
    if mime == "application/json":
        if (folded := tree(text)) is not None:
            return folded
        text = _indented(text)
    return Markup('<pre class="codeexec-text" role="group" aria-label="{}"><code>{}</code></pre>').format(
        ansi.strip(name) or "Value", ansi.strip(text).rstrip("\n")
    )


def _maths(text: str, site: Site) -> Markup | None:
    """Return the formulas of LaTeX as the site shows those of its pages; None if it shows none (`pymdownx.arithmatex`)."""
    begins = text.lstrip().startswith(("$", r"\(", r"\[", r"\begin{"))
    html = site.markdown(text) if begins and site.markdown is not None else ""
    return Markup(html) if 'class="arithmatex"' in html else None  # noqa: S704 - as Markdown of the page


def _picture(
    mime: str, data: bytes, name: str, presentation: Presentation, site: Site, alt: str, palette: str = ""
) -> Markup:
    address = _address(mime, data, name, site)
    said = presentation.alt if presentation.alt is not None else presentation.caption or alt
    alt = " ".join(ansi.strip(said).split())
    return Markup('<img src="{}{}" alt="{}" loading="lazy"{}>').format(address, palette, alt, _wide(presentation))


def _wide(presentation: Presentation) -> Markup:
    return Markup(' style="width:{}"').format(presentation.width) if presentation.width else Markup()


def _figure(pictures: Markup, presentation: Presentation) -> Markup:
    caption = Markup("<figcaption>{}</figcaption>").format(presentation.caption) if presentation.caption else ""
    return Markup("<figure>{}{}</figure>").format(pictures, caption)


def _address(mime: str, data: bytes, name: str, site: Site) -> str:
    """Return where a page finds the file with the contents `data`.

    Raises:
        _TooLargeError: It would have to be in the page itself.
    """
    ending = PurePosixPath(name).suffix[1:].lower() or _ENDING.get(mime, "bin")
    if not (ending.isascii() and ending.isalnum()):
        ending = "bin"
    address = site.place(ending, data)
    if not address and len(data) > INLINE:
        raise _TooLargeError
    return address or f"data:{mime};base64,{base64.b64encode(data).decode()}"


class _TooLargeError(Exception):
    """A file has no place but the page itself, and is too large for that."""


def _too_large(name: str, size: int) -> Markup:
    about = f"{ansi.strip(name)} ({_amount(size)})"
    return Markup('<p class="codeexec-note">{} is too large to be a part of the page</p>').format(about)


def _link(mime: str, data: bytes, name: str, site: Site) -> Markup:
    called = ansi.strip(PurePosixPath(name).name) or f"value.{_ENDING.get(mime, 'bin')}"
    address = _address(mime, data, name, site)
    link = Markup('<a class="codeexec-file" href="{}" download="{}">{}</a>').format(address, called, called)
    return Markup("<p>{} ({})</p>").format(link, _amount(len(data)))


def _amount(size: int) -> str:
    if size < 1000:
        return f"{size} B"
    return f"{size / 1000:.1f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def _gone() -> Markup:
    return Markup('<p class="codeexec-note">what was shown here is not in the store any more</p>')


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8-sig", "replace").replace("\r\n", "\n")


def _indented(text: str) -> str:
    try:
        return spelled(json.loads(text), 2)
    except (ValueError, RecursionError):
        return text
