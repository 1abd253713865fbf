"""The exceptions of this package.

    CodeExecError
    ├── ConfigurationError      mkdocs.yml or an environment variable says something impossible
    └── Cancelled               the run was stopped from outside; nothing was lost

Whatever one sample does, and why one cannot be tried, is a value (`Outcome`, `Verdict`, `Unavailability`), never an
exception.
"""

from __future__ import annotations


class CodeExecError(Exception):
    """Everything this package raises on purpose."""


class ConfigurationError(CodeExecError):
    """The configuration cannot be used; the message names the option and a way out."""


class Cancelled(CodeExecError):  # noqa: N818 - says what happened to the run
    """The run was interrupted; every child has been stopped."""


def nearest(word: str, known: list[str] | tuple[str, ...]) -> str | None:
    """Return the known word that `word` was probably meant to be, or None."""
    import difflib

    found = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return found[0] if found else None
