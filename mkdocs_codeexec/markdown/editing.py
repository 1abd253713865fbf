"""Other text in the fences of a page, in place; all else of the page stays byte for byte."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.places import page_map

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mkdocs_codeexec.core.comparing import Line
    from mkdocs_codeexec.core.sample import Sample

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_OPENER = re.compile(r"([ \t>]*)(`{3,}|~{3,})(.*)", re.DOTALL)
_END = re.compile(r"([ \t>]*)(`{3,}|~{3,})([ \t]*(?:\r\n|\r|\n)?)")
_INCLUDE = re.compile(r"-8<-")
_TEMPLATE = re.compile(r"\{[{%#]")
_NO_TEXT = ("Cc", "Zl", "Zp", "Cs")
"""Control characters, line ends of others, and halves of characters: what no page keeps."""


class UneditableError(ValueError):
    """What a page cannot have put into it, and why."""


class Edit(NamedTuple):
    """A fence that gets another text.

    Attributes:
        sample: The fence, as it was read.
        lines: Its new lines; those with a number stay as they are on the page.
    """

    sample: Sample
    lines: tuple[Line, ...]


def edited(page: str, edits: Iterable[Edit]) -> str:
    """Return `page` with all `edits`.

    What is written gets the indentation and the marks of quotations that the header of its fence has, and its line end; the
    fence gets longer where a line would end it.

    Args:
        page: The file, with its line ends as they are.
        edits: Of different fences of it.

    Raises:
        UneditableError: A fence is not on the page as it was read.
    """
    lines = _LINE.findall(page)
    for edit in sorted(edits, key=lambda one: -one.sample.location.line):
        at = edit.sample.location
        held(page, edit.sample)
        lines[at.line - 1 : at.end] = _fence(lines[at.line - 1 : at.end], edit.lines)
    return "".join(lines)


def held(page: str, sample: Sample) -> None:
    """Check that the file `page` holds the fence `sample` as it was read.

    Raises:
        UneditableError: It comes from an include, or something else has made another text of it.
    """
    at, lines = sample.location, _LINE.findall(page)
    if at.within:
        raise UneditableError(f"it is {at.within}, which is no page")
    if not at.end:
        raise UneditableError("it is not in the file of the page: an include brings it, or another plugin")
    if (
        not at.line < at.end <= len(lines)
        or not _OPENER.match(lines[at.line - 1])
        or not _END.fullmatch(lines[at.end - 1])
    ):
        raise UneditableError("the file of the page has no fence there: an include, or another plugin, makes it")
    code = sample.code.split("\n") if sample.code else []
    where = page_map(sample, "".join(lines).replace("\r\n", "\n").replace("\r", "\n"), sample.code)
    count = at.end - at.line - 1
    if any(line.strip() and where.written(number) is None for number, line in enumerate(code, 1)) or (
        count != len(code) and not (count == 1 and not code)
    ):
        raise UneditableError(
            "it holds another text than the file of the page: an include, or another plugin, makes it"
        )


def unwritable(lines: Iterable[str], *, templates: bool) -> str:
    """Return why `lines`, which a program has printed, are not to be on a page; empty if they may be.

    Args:
        lines: What would be written.
        templates: Whether something reads pages as templates before they are Markdown.
    """
    for line in lines:
        if any(unicodedata.category(letter) in _NO_TEXT and letter != "\t" for letter in line):
            return "it printed control characters, which no page keeps"
        if _INCLUDE.search(line):
            return "it printed `-8<-`, which a page takes for an include"
        if templates and (found := _TEMPLATE.search(line)):
            return f"it printed `{found[0]}`, and another plugin takes pages for templates"
    return ""


def _fence(lines: Sequence[str], new: Sequence[Line]) -> list[str]:
    """Return the fence `lines`, its header and its end among them, with the content `new`."""
    opener = _OPENER.match(lines[0])
    end = _END.fullmatch(lines[-1])
    assert opener, "it was looked at"
    assert end, "it was looked at"
    prefix, fence, rest = opener[1], opener[2], opener[3]
    line_end = lines[0][len(lines[0].rstrip("\r\n")) :]
    content = [lines[one.number] if one.number else _written(prefix, one.text) + line_end for one in new]
    longest = max((_run(one, fence[0]) for one in content), default=0)
    if longest >= len(fence):
        fence = fence[0] * (longest + 1)
        return [prefix + fence + rest, *content, end[1] + fence + end[3]]
    return [lines[0], *content, lines[-1]]


def _written(prefix: str, text: str) -> str:
    return (prefix + text).rstrip(" \t") if text else prefix.rstrip(" \t")


def _run(line: str, mark: str) -> int:
    """Return how many of the characters `mark` stand at the start of the content of `line`."""
    text = line.lstrip(" \t>")
    return len(text) - len(text.lstrip(mark))
