"""Words of a fence on how its sample is shown that have no effect, because it shows nothing that they are about.

What is known before anything runs is told by `markdown/idle.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_codeexec.core.expectation import Converses
from mkdocs_codeexec.html.displays import Shown, is_picture, is_table, is_video
from mkdocs_codeexec.html.raw import MIME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.html.streams import Stream

_NAME_IT = "name the file that it makes in `artifacts`, or take the word away"


def idle(sample: Sample, shown: Sequence[Stream | Shown]) -> Iterator[tuple[str, str]]:
    """Yield what is to be said of such words, and what to do.

    Args:
        sample: One that went as its author said.
        shown: What stands beside its source.
    """
    said, mimes = sample.presentation, {one.mime for one in shown if isinstance(one, Shown)}
    picture, table, video = (any(map(kind, mimes)) for kind in (is_picture, is_table, is_video))
    if said.caption and not (picture or table):
        yield "`caption` has no effect: the sample shows no picture and no table of a file", _NAME_IT
    if said.alt is not None and not picture:
        yield "`alt` has no effect: the sample shows no picture", _NAME_IT
    if said.width and not (picture or video):
        yield f'`width="{said.width}"` has no effect: the sample shows no picture', _NAME_IT
    told = said.result == "none" or (isinstance(sample.expectation, Converses) and said.source != "none")
    if not told and all(isinstance(one, Shown) for one in shown):
        words = (("fold", said.fold is not None), ("wrap", said.wrap))
        for word in (word for word, is_said in words if is_said):
            yield f"`{word}` has no effect: no text of the sample stands beside its source", "take the word away"
    if said.result != "markdown" and MIME["markdown"] not in mimes:
        words = (("idprefix", said.id_prefix is not None), ("updatetoc", not said.in_contents))
        for word in (word for word, is_said in words if is_said):
            hint = 'write `result="markdown"`, or take the word away'
            yield f"`{word}` has no effect: the sample shows no Markdown", hint
