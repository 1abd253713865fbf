"""A source with hidden lines on the page: a button and the whole source, and behind them what is usually shown."""

from __future__ import annotations

import re

from mkdocs_codeexec.html.joined import copied

_START = re.compile(r"\s*<input\b[^<>]*\bcodeexec-eye\b[^<>]*>\s*<section\b[^<>]*\bcodeexec-whole\b[^<>]*>")
_END = "</section>"
"""No code block has another one in it."""
_PRE = re.compile(r"<pre\b(?![^<>]*\sid=)")
_ID = re.compile(r"""\s(?:id|name)=(?:"[^"]*"|'[^']*'|[^\s<>]*)""")
_TAG = re.compile(r"<[a-zA-Z][^<>]*>")


def parted(source: str) -> tuple[str, str]:
    """Return the button with the whole source, empty if `source` has no hidden lines, and what is usually shown."""
    start = _START.match(source)
    found = source.find(_END, start.end()) if start else -1
    end = found + len(_END)
    return (source[:end], source[end:]) if found >= 0 else ("", source)


def completed(control: str, text: str, annotations: str, html_id: str) -> str:
    """Return the button and the whole source with its own ids, and with the annotations that both sources have.

    Args:
        control: As `parted` has it.
        text: What of it is copied, if that is not all.
        annotations: A list of Material's, which looks for it right behind the code.
        html_id: Of the sample.
    """
    start = html_id.replace("-", "_")
    numbers = iter(range(1, control.count("<pre") + 1))

    def named(pre: re.Match[str]) -> str:
        number = next(numbers)
        return f'{pre[0]} id="{start}_whole{number if number > 1 else ""}"'

    control = _PRE.sub(named, control)
    again = _TAG.sub(lambda tag: _ID.sub("", tag[0]), annotations)
    start_of_code = _START.match(control)
    if text and start_of_code:
        control = control[: start_of_code.end()] + copied(control[start_of_code.end() :], text)
    end = control.rindex(_END)
    return control[:end] + again + control[end:]
