"""Words that many messages have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mkdocs_codeexec.core.expectation import VerdictName

FAILING: Mapping[VerdictName, str] = {"unmet": "failed", "blocked": "blocked", "error": "error"}
"""Verdicts that fail a build or a command, and the words for them."""

OMITTED = "… {} bytes omitted …"
"""The line that stands in a stream, with their number, where bytes were left out of it."""


def counted(number: int, what: str) -> str:
    """Return `number` and `what`, in the plural unless it is one."""
    return f"{number} {what}{'' if number == 1 else 's'}"
