"""Samples that show something beside text by evcxr's convention, and such as only look like it."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from showing.words import Case, Words, odd

if TYPE_CHECKING:
    from collections.abc import Sequence

_BEGIN, _END = "EVCXR_BEGIN_CONTENT", "EVCXR_END_CONTENT"
_SVG = '<svg xmlns="http://www.w3.org/2000/svg"><desc>{w}</desc></svg>'
_FORMS = {
    "text/plain": "{w} <b>",
    "text/html": "<b>{w}</b>",
    "text/markdown": "some *{w}* text",
    "image/svg+xml": _SVG,
    "application/json": '{{"a": ["{w}"]}}',
    "text/csv": "head\n{w}",
    "application/x-unknown": "{w}",
}
_STARTS = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff\xe0",
    "image/gif": b"GIF89a",
    "image/webp": b"RIFF\x00\x00\x00\x00WEBP",
}
BUNDLE = "application/vnd.codeexec.bundle+json"


def _shown(draw: Any, words: Words) -> tuple[str, list[str]]:
    """Return the type of something that is shown, and the lines that show it."""
    mime = draw(st.sampled_from([*_FORMS, *_STARTS, BUNDLE]))
    if mime in _STARTS:
        return mime, [f"{_BEGIN} {mime}", _picture(mime, words), _END]
    if mime == BUNDLE:
        richest = draw(st.sampled_from(["text/html", "image/svg+xml", "application/json"]))
        whole = {richest: words.line(_FORMS[richest]), "application/x-other": "no word"}
        return richest, [f"{_BEGIN} {BUNDLE}", json.dumps(whole), _END]
    return mime, [f"{_BEGIN} {mime}", *words.line(_FORMS[mime]).split("\n"), _END]


def _picture(mime: str, words: Words) -> str:
    return base64.b64encode(_STARTS[mime] + words.line("{w}").encode()).decode()


def _broken(draw: Any, words: Words) -> list[str]:
    """Return lines that look as if they showed something."""
    how = draw(st.integers(0, 6))
    word = words.line("{w}")
    return [
        [f"{_BEGIN} no type", word, _END],
        [f"{_BEGIN} image/png", f"{word} *no* base64", _END],
        [f"{_BEGIN}", word, _END],
        [f"text {_BEGIN} text/html", word, _END],
        [_END, word],
        [f"{_BEGIN} {BUNDLE}", f'{{"text/html": 1, "x": "{word}"', _END],
        [f"{_BEGIN} text/html\t{word}", "x", _END],
    ][how]


def _quoted(lines: Sequence[str]) -> str:
    return " ".join("'" + line.replace("'", "'\\''") + "'" for line in lines)


@st.composite
def convention(draw: Any) -> Case:
    """Make a sample of a shell, or of Python, that prints text, shows things, and writes what is nothing of the kind."""
    words = Words(draw(st.integers(1, 10**9)) * 100)
    displays: list[str] | None = []
    printed: list[str] = []
    for part in draw(st.lists(st.sampled_from(["text", "shown", "shown", "broken"]), min_size=1, max_size=6)):
        if part == "shown":
            if printed and printed[-1] == _END:  # what follows at once may be the same thing in another form
                printed.append(words.line("{w}"))
            mime, lines = _shown(draw, words)
            printed += lines
            if displays is not None:
                displays.append(mime)
        elif part == "broken":
            printed += _broken(draw, words)
            displays = None
        else:
            lines = [words.line(draw(odd)) for _ in range(draw(st.integers(1, 2)))]
            printed += lines
            if any(line.startswith(_BEGIN) for line in lines):
                displays = None
    if draw(st.integers(0, 5)) == 0:
        printed += [f"{_BEGIN} text/html", words.line("{w} has no end")]
    ends = draw(st.booleans()) or printed[-1] == _END  # the last line may have no end
    errors = [words.line(draw(odd)) for _ in range(draw(st.integers(0, 2)))]
    if draw(st.booleans()):
        code = [f"print({chr(10).join(printed)!r}, end={'chr(10)' if ends else repr('')})", "import sys"]
        code += [f"print({line!r}, file=sys.stderr)" for line in errors]
        language = "python"
    else:
        code = [f"printf '%s\\n' {_quoted(printed[:-1])}"] if printed[1:] else []
        code += [f"printf '%s{chr(92)}n' {_quoted(printed[-1:])}" if ends else f"printf %s {_quoted(printed[-1:])}"]
        code += [f"echo {_quoted([line])} >&2" for line in errors]
        language = "bash"
    return Case("convention", f'{language} exec source="none"', code, "met", words.all, None, displays)
