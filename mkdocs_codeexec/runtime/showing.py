"""What a program has shown beside text, kept as blobs."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING

from mkdocs_codeexec.core import displays

if TYPE_CHECKING:
    from collections.abc import Callable

    from mkdocs_codeexec.core.displays import Content
    from mkdocs_codeexec.core.outcome import StepResult
    from mkdocs_codeexec.core.protocols import Blobs


def kept(result: StepResult, blobs: Blobs, change: Callable[[StepResult], StepResult]) -> StepResult:
    """Return `result` when all that it has shown is kept in `blobs`.

    Args:
        result: A run step, and its parts.
        blobs: Where it is kept.
        change: What is done with names of folders of this machine; it is done with texts among what is shown, too.

    Raises:
        OSError: There is no room for it.
    """
    parts = tuple(kept(part, blobs, change) for part in result.parts)
    if not result.contents:
        return replace(result, parts=parts) if parts else result
    contents = result.contents
    shown: dict[Content, None] = {}

    def keep(content: Content) -> Content:
        if content.digest not in contents:  # a program has written the name of something that it has not shown
            return content
        data = contents[content.digest]
        if not displays.is_binary(content.mime):
            text = data.decode("utf-8", "replace")
            data = change(replace(result, stdout=text, stderr="", diagnostics=(), parts=())).stdout.encode("utf-8")
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.flush()
            blobs.keep(file.fileno(), len(data))
        new = content._replace(digest=hashlib.sha256(data).hexdigest(), size=len(data))
        shown[new] = None
        return new

    stdout = displays.renamed(result.stdout, keep)
    return replace(result, stdout=stdout, shown=tuple(shown), contents={}, parts=parts)
