"""A source with hidden lines on the page: a button, what is usually shown, and the whole source."""

from __future__ import annotations

import re

from mkdocs_codeexec.html.joined import copied

_BUTTON = re.compile(r"\s*<input\b[^<>]*\bcodeexec-eye\b[^<>]*>")
_WHOLE = re.compile(r"<section\b[^<>]*\bcodeexec-whole\b[^<>]*>")
_PRE = re.compile(r"<pre\b(?![^<>]*\sid=)")
_ID = re.compile(r"""\s(?:id|name)=(?:"[^"]*"|'[^']*'|[^\s<>]*)""")
_TAG = re.compile(r"<[a-zA-Z][^<>]*>")


_SECTION = re.compile(r"<(/?)section\b[^<>]*>")
_COVER = '<section class="codeexec-whole" data-codeexec-covered="{}" hidden></section>'


def covered(page: str) -> tuple[str, list[str]]:
    """Return `page` without the whole sources in it, each with a mark in its place, and these.

    Who makes an index of the words of a page while it is so finds nothing that readers do not see.
    """
    kept: list[str] = []
    parts: list[str] = []
    done = 0
    while start := _WHOLE.search(page, done):
        end = _end(page, start.end())
        parts += (page[done : start.start()], _COVER.format(len(kept)))
        kept.append(page[start.start() : end])
        done = end
    return "".join((*parts, page[done:])), kept


def _end(page: str, at: int) -> int:
    """Return the place behind the end of the section whose start ends at `at`."""
    depth = 1
    for tag in _SECTION.finditer(page, at):
        depth += -1 if tag[1] else 1
        if not depth:
            return tag.end()
    return len(page)


def again(page: str, kept: list[str]) -> str:
    """Return `page` with the sources that `covered` has kept where its marks are."""
    for number, whole in enumerate(kept):
        page = page.replace(_COVER.format(number), whole, 1)
    return page


def parted(source: str) -> tuple[str, str, str]:
    """Return the button, the source that is usually shown, and the whole one; the first and the last are empty if no line is hidden."""
    button = _BUTTON.match(source)
    start = _WHOLE.search(source, button.end()) if button else None
    if button is None or start is None:
        return "", source, ""
    return source[: button.end()], source[button.end() : start.start()], source[start.start() :]


def completed(whole: str, text: str, annotations: str, html_id: str) -> str:
    """Return the whole source with its own ids, and with the annotations that both sources have.

    Args:
        whole: As `parted` has it.
        text: What of it is copied, if that is not all.
        annotations: A list of Material's, which looks for it right behind the code.
        html_id: Of the sample.
    """
    start = html_id.replace("-", "_")
    numbers = iter(range(1, whole.count("<pre") + 1))

    def named(pre: re.Match[str]) -> str:
        number = next(numbers)
        return f'{pre[0]} id="{start}_whole{number if number > 1 else ""}"'

    whole = _PRE.sub(named, whole)
    again = _TAG.sub(lambda tag: _ID.sub("", tag[0]), annotations)
    start_of_code = _WHOLE.match(whole)
    if text and start_of_code:
        whole = whole[: start_of_code.end()] + copied(whole[start_of_code.end() :], text)
    end = whole.rindex("</section>")
    return whole[:end] + again + whole[end:]
