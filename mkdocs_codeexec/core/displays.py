"""What a sample shows beside text: pictures, tables, values. A `Display` is one of them, as a MIME bundle.

A program shows one by evcxr's convention, on lines of their own of its standard output:

    EVCXR_BEGIN_CONTENT image/png
    …
    EVCXR_END_CONTENT

What stands between is text; of a picture, but SVG, it is base64. Sections of other types that follow at once are the
same thing in other forms. A section of the type `BUNDLE` is a whole bundle: a JSON object of types and contents.

An Outcome holds the standard output with such sections in it, but with a line of JSON in each: what was shown is
kept as blobs, and named there by its digest.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.blobs import Blob

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

BEGIN = "EVCXR_BEGIN_CONTENT"
END = "EVCXR_END_CONTENT"
BUNDLE = "application/vnd.codeexec.bundle+json"
"""The type of a section that is a whole bundle."""
MOST = 1000
"""Sections of one stream; what comes then is text."""
LARGEST = 32 * 1024 * 1024
"""Bytes of all sections of one stream."""

_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,80}", re.IGNORECASE)
_DIGEST = re.compile("[0-9a-f]{64}")
_SECTION = re.compile(rf"^{BEGIN} (?P<mime>[^\n]*)\n(?P<body>[^\n]*)\n{END}$\n?", re.MULTILINE)
_SPACE = re.compile(r"\s+")


class Content(NamedTuple):
    """One form of a Display.

    Attributes:
        mime: Its type, in lower case.
        digest: Hex sha256 of it, by which the store has it.
        size: In bytes.
    """

    mime: str
    digest: str
    size: int

    @property
    def blob(self) -> Blob:
        """What the store has it by."""
        return Blob(self.mime.replace("/", "."), self.digest, self.size)


class Display(NamedTuple):
    """A piece that a sample shows.

    Attributes:
        bundle: Its forms, each of another type.
    """

    bundle: tuple[Content, ...]

    def form(self, *mimes: str) -> Content | None:
        """Return its form of the first of `mimes` that it has."""
        forms = {content.mime: content for content in self.bundle}
        return next((forms[mime] for mime in mimes if mime in forms), None)


def read(mime: str, body: bytes) -> Mapping[str, bytes] | None:
    """Return what a section shows, by type; None if it is no section: its type or its contents make no sense.

    Args:
        mime: What stands behind `BEGIN`.
        body: What a program has written between the two lines.
    """
    mime = mime.strip().lower()
    if mime == BUNDLE:
        return _bundle(body)
    content = _content(mime, body)
    return None if content is None else {mime: content}


def _bundle(body: bytes) -> Mapping[str, bytes] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not value:
        return None
    found = {}
    for mime, said in value.items():
        text = said if isinstance(said, str) else json.dumps(said)
        content = _content(mime.lower(), text.encode("utf-8", "replace"))
        if content is None:
            return None
        found[mime.lower()] = content
    return found


def _content(mime: str, body: bytes) -> bytes | None:
    if not _TYPE.fullmatch(mime) or mime == BUNDLE:
        return None
    if not is_binary(mime):
        return body
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except binascii.Error:
        return None


def is_binary(mime: str) -> bool:
    """Tell whether contents of this type are bytes that are no text."""
    return mime.startswith(("image/", "audio/", "video/", "font/")) and mime != "image/svg+xml"


def section(contents: tuple[Content, ...], *, whole: bool) -> str:
    """Return the section that names `contents`, as an Outcome holds it.

    Args:
        contents: Of one display.
        whole: Whether no section that follows can belong to it.
    """
    mime = BUNDLE if whole else contents[0].mime
    body = json.dumps([list(content) for content in contents], separators=(",", ":"))
    return f"{BEGIN} {mime}\n{body}\n{END}\n"


def pieces(text: str, shown: Collection[Content]) -> Iterator[str | Display]:
    """Yield what is to be seen of the standard output of an Outcome, in order: text, and what stands between.

    Args:
        text: The standard output.
        shown: What its program has really shown: it may write whatever it likes.
    """
    pending: tuple[Content, ...] = ()
    for before, contents, whole in _sections(text, shown):
        if pending and contents and not whole and not before and _differ(pending, contents):
            pending = (*pending, *contents)
            continue
        if pending:
            yield Display(pending)
        if before:
            yield before
        pending = contents
        if whole:
            yield Display(contents)
            pending = ()


def _differ(some: tuple[Content, ...], others: tuple[Content, ...]) -> bool:
    return not {content.mime for content in some} & {content.mime for content in others}


def _sections(text: str, shown: Collection[Content]) -> Iterator[tuple[str, tuple[Content, ...], bool]]:
    """Yield the text before each section, what that one shows, and whether it is a whole bundle; at the end, the rest."""
    done = 0
    for found in _SECTION.finditer(text) if shown else ():
        contents = _named(found["body"])
        if contents and all(content in shown for content in contents):
            yield text[done : found.start()], contents, found["mime"] == BUNDLE
            done = found.end()
    yield text[done:], (), False


def without(text: str, shown: Collection[Content]) -> str:
    """Return the standard output of an Outcome without what is shown beside text."""
    return "".join(before for before, *_ in _sections(text, shown)) if shown else text


def renamed(text: str, change: Callable[[Content], Content]) -> str:
    """Return the standard output of an Outcome with other contents in its sections."""

    def changed(found: re.Match[str]) -> str:
        contents = _named(found["body"])
        if not contents:
            return found[0]
        new = tuple(map(change, contents))
        return section(new, whole=found["mime"] == BUNDLE) if new != contents else found[0]

    return _SECTION.sub(changed, text) if BEGIN in text else text


def named(text: str) -> tuple[Content, ...]:
    """Return all contents that sections in the standard output of an Outcome name, each once, in order."""
    sections = _SECTION.finditer(text) if BEGIN in text else ()
    return tuple(dict.fromkeys(content for found in sections for content in _named(found["body"])))


def _named(body: str) -> tuple[Content, ...]:
    """Return the contents that a line of JSON names; none if it is no such line."""
    try:
        return tuple(map(content_of, json.loads(body))) if body.startswith("[[") else ()
    except (ValueError, RecursionError):
        return ()


def content_of(value: object) -> Content:
    """Return the Content that JSON's `value` is.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, list) and len(value) == len(Content._fields):
        mime, digest, size = value
        texts = isinstance(mime, str) and isinstance(digest, str) and isinstance(size, int)
        if texts and _TYPE.fullmatch(mime) and _DIGEST.fullmatch(digest) and 0 <= size <= LARGEST:
            return Content(mime, digest, size)
    raise ValueError("no type, digest and size")
