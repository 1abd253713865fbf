"""By what a failure is known again in the next run, for services that tell new ones from old ones."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Literal

from mkdocs_codeexec.html import ansi

if TYPE_CHECKING:
    from mkdocs_codeexec.report.failures import Failure

MAX_MESSAGE = 4000
"""Characters of a message."""


class Known:
    """The failures of one report, in their order."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def again(self, failure: Failure, place: str) -> str:
        """Return by what `failure` in the file `place` is known: the reason and the file, and how many such come before.

        The line is no part of it: one that is put in above makes no new failure.
        """
        reason = failure.headline.partition(": ")[2]
        written = f"{rule_of(failure)}\0{place}\0{reason}".encode("utf-8", "surrogatepass")
        identity = hashlib.sha256(written).hexdigest()
        self._seen[identity] += 1
        return f"{identity}:{self._seen[identity]}"


def rule_of(failure: Failure) -> Literal["failed", "suspended"]:
    """Return which promise of a sample is not kept."""
    return "suspended" if failure.suspended else "failed"


def said(failure: Failure) -> str:
    """Return what is said of `failure`, as plain text; never empty."""
    text = "\n".join(part for part in (failure.notice.title, failure.notice.message) if part)
    return ansi.strip(text)[:MAX_MESSAGE] or failure.headline
