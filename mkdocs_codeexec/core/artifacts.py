"""Files that a sample makes and the page shows: which of those that it has left are meant."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mkdocs_codeexec.core.blobs import Blob


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Tell whether one of `patterns` means the file `path`.

    `*` and `?` stand for characters of one name, `**` for any folders, `[…]` for one of some characters.
    """
    return any(_fits(pattern, path) for pattern in patterns)


def found(left: Sequence[Blob], patterns: Sequence[str]) -> list[Blob]:
    """Return those of the files `left` that `patterns` mean: in the order of the patterns, and of their paths; each once."""
    ordered = [blob for pattern in patterns for blob in left if matches(blob.path, (pattern,))]
    return list({blob.path: blob for blob in ordered}.values())


def missing(left: Sequence[Blob], patterns: Iterable[str]) -> list[str]:
    """Return those of `patterns` that mean none of the files `left`."""
    return [pattern for pattern in patterns if not any(matches(blob.path, (pattern,)) for blob in left)]


_SPECIAL = re.compile(r"(\*\*/|\*\*|\*|\?|\[[^\]/]+\])")


@functools.lru_cache(maxsize=1024)
def _parts(pattern: str) -> tuple[str | re.Pattern[str], ...]:
    """Return the parts of `pattern`: those that are special, and text; a set of characters is an expression."""
    parts: list[str | re.Pattern[str]] = []
    for part in filter(None, _SPECIAL.split(pattern)):
        if part.startswith("[") and part.endswith("]") and len(part) > 2:
            inner = part[1:-1]
            negated = "^" if inner[0] in "!^" and len(inner) > 1 else ""
            inner = inner[1:] if negated else inner
            try:
                parts.append(re.compile("(?!/)[" + negated + re.sub(r"([\\\]\[^&~|])", r"\\\1", inner) + "]"))
            except re.error:  # a range that goes backwards
                return (pattern,)
        else:
            parts.append(part)
    return tuple(parts)


def _fits(pattern: str, path: str) -> bool:
    """Match part by part, in time that grows with both lengths and not with the number of ways."""
    places = {0}
    for part in _parts(pattern):
        places = set(_ends(part, path, places))
        if not places:
            return False
    return len(path) in places


def _ends(part: str | re.Pattern[str], path: str, places: set[int]) -> Iterator[int]:
    """Yield where `part` may end in `path` if it begins at one of `places`."""
    if not isinstance(part, str):
        yield from (at + 1 for at in places if part.match(path, at))
    elif part == "**":
        yield from range(min(places), len(path) + 1)
    elif part == "?":
        yield from (at + 1 for at in places if path[at : at + 1] not in ("", "/"))
    elif part in ("*", "**/"):
        done: set[int] = set()
        for start in places:
            at = start
            while at not in done:
                done.add(at)
                if part == "*":
                    at += path[at : at + 1] not in ("", "/")
                else:
                    end = path.find("/", at)
                    at = end + 1 if end > at else at
        yield from done
    else:
        yield from (at + len(part) for at in places if path.startswith(part, at))
