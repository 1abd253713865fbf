"""What a sample may require of the machine: `kind:what`; and what of that is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

KINDS = ("env", "tool", "file", "python", "crate", "feature")
"""A variable, a program, a file of the project, a package of Python, a crate, a feature of the processor."""


class Lack(NamedTuple):
    """Something that a sample requires and that is not here.

    Attributes:
        what: That, as its author wrote it: `tool:docker`.
        how: How to give it; may be empty.
    """

    what: str
    how: str = ""


def variables(requires: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the variables among what a sample requires, sorted."""
    named = (word.removeprefix("env:") for word in requires if word.startswith("env:"))
    return tuple(sorted(set(named)))
