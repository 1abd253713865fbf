"""Files that a sample makes and the page shows: which of those that it has left are meant."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mkdocs_codeexec.core.blobs import Blob


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Tell whether one of `patterns` means the file `path`.

    `*` and `?` stand for characters of one name, `**` for any folders, `[…]` for one of some characters.
    """
    return any(_compiled(pattern).fullmatch(path) for pattern in patterns)


def found(left: Sequence[Blob], patterns: Sequence[str]) -> list[Blob]:
    """Return those of the files `left` that `patterns` mean: in the order of the patterns, and of their paths; each once."""
    ordered = [blob for pattern in patterns for blob in left if matches(blob.path, (pattern,))]
    return list({blob.path: blob for blob in ordered}.values())


def missing(left: Sequence[Blob], patterns: Iterable[str]) -> list[str]:
    """Return those of `patterns` that mean none of the files `left`."""
    return [pattern for pattern in patterns if not any(matches(blob.path, (pattern,)) for blob in left)]


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = []
    for part in re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]/]+\])", pattern):
        if part == "**/":
            parts.append("(?:[^/]+/)*")
        elif part == "**":
            parts.append(".*")
        elif part == "*":
            parts.append("[^/]*")
        elif part == "?":
            parts.append("[^/]")
        elif part.startswith("[") and part.endswith("]") and len(part) > 2:
            inner = part[1:-1]
            negated = "^" if inner[0] in "!^" and len(inner) > 1 else ""
            inner = inner[1:] if negated else inner
            parts.append("(?!/)[" + negated + re.sub(r"([\\\]\[^&~|])", r"\\\1", inner) + "]")
        else:
            parts.append(re.escape(part))
    try:
        return re.compile("".join(parts))
    except re.error:  # a range that goes backwards
        return re.compile(re.escape(pattern))
