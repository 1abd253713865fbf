"""Whether contents are the picture that their name, or their type, says: by their first bytes, and no more of them than needed."""

from __future__ import annotations

import codecs
import re

PICTURES = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WebP",
    "image/svg+xml": "SVG",
}
"""The types that pages show as pictures, and what these are called."""
_STARTS = (
    ("image/png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("image/jpeg", re.compile(rb"\xff\xd8\xff")),
    ("image/gif", re.compile(rb"GIF8[79]a")),
    ("image/webp", re.compile(rb"RIFF....WEBP", re.DOTALL)),
)
_NAMESPACE = "http://www.w3.org/2000/svg"
_ROOT = re.compile(r"<(?:[\w.-]+:)?svg(?=[\s/>])")
_DOCTYPE = re.compile(r"<!DOCTYPE\s[^\[>]*(?:\[.*?\]\s*)?>", re.DOTALL)
_PROLOGUE = (("<?", "?>"), ("<!--", "-->"))
"""What may stand before the root of XML, beside its doctype: how it begins, and ends."""
_WIDE = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def kind_of(data: bytes) -> str:
    """Return the type of the picture that `data` is; empty if it is none that a page can show."""
    for mime, start in _STARTS:
        if start.match(data):
            return mime
    return "image/svg+xml" if _is_svg(data) else ""


def _is_svg(data: bytes) -> bool:
    """Tell whether `data` is XML with the root of SVG; without its namespace no browser draws it."""
    text = data.decode(_WIDE.get(data[:2], "utf-8-sig"), "replace")
    at = _blank(text, 0)
    while (end := _behind(text, at)) > at:
        at = _blank(text, end)
    return _ROOT.match(text, at) is not None and _NAMESPACE in text


def _blank(text: str, at: int) -> int:
    while text[at : at + 1].isspace():
        at += 1
    return at


def _behind(text: str, at: int) -> int:
    """Return the place behind an instruction, a comment or a doctype that begins at `at`; `at` if none does."""
    for start, end in _PROLOGUE:
        if text.startswith(start, at):
            found = text.find(end, at)
            return found + len(end) if found >= 0 else at
    doctype = _DOCTYPE.match(text, at)
    return doctype.end() if doctype else at
