"""A page with such fences, as Python-Markdown makes it, and what is wrong with it."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from showing.words import CANARY, found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from showing.words import Case

_SAMPLE = re.compile(r'<div class="codeexec" data-codeexec="(\w+)" id="[^"]*">')
_SOURCE = re.compile(r"<pre[^>]*\bid=\"codeexec_\d+_source\"[^>]*>.*?<code[^>]*>(.*?)</code></pre>", re.DOTALL)
_COPIED = re.compile(r' (?:data-copy|data-codeexec-message|aria-label|title)="[^"]*"')
_DISPLAY = re.compile(r'<div class="codeexec-display" data-mime="([^"]*)">')


def wrong(cases: Sequence[Case], page: str) -> Iterator[str]:
    """Yield what is wrong with the `page` that shows `cases`."""
    _, *parts = _SAMPLE.split(page)
    shown = list(zip(parts[::2], parts[1::2], strict=True))
    if len(shown) != len(cases):
        yield f"{len(shown)} samples of {len(cases)} fences are on the page"
        return
    for case, (verdict, body) in zip(cases, shown, strict=True):
        for fault in _of_case(case, verdict, _COPIED.sub("", body)):
            yield f"{case.kind}: {fault}\n\n{case.markdown}\n{html.unescape(body)}"


def _of_case(case: Case, verdict: str, body: str) -> Iterator[str]:
    if verdict != case.verdict:
        yield f"it is {verdict}, expected {case.verdict}"
        return
    if CANARY in body:
        yield "something is executed that stands in output"
    if verdict == "met" and (words := found(html.unescape(body))) != list(case.words):
        yield f"the words that are shown are {words}, expected {list(case.words)}"
    if case.source is not None:
        code = _SOURCE.search(body)
        text = html.unescape(re.sub(r"<[^<>]*>", "", code[1])) if code else ""
        lines = [line for line in text.split("\n") if line.strip()]
        if lines != list(case.source):
            yield f"the console is\n{lines}, expected\n{list(case.source)}"
    if case.displays is not None and (mimes := _DISPLAY.findall(body)) != list(case.displays):
        yield f"what is shown is {mimes}, expected {list(case.displays)}"
