"""The exceptions of this package.

    CodeExecError
    ├── ConfigurationError      mkdocs.yml or an environment variable says something impossible
    ├── Unavailable             a language cannot run here (no compiler, an Environment that does not build)
    └── Cancelled               the run was stopped from outside; nothing was lost

Whatever one sample does is a value (`Outcome`, `Verdict`), never an exception.
"""

from __future__ import annotations


class CodeExecError(Exception):
    """Everything this package raises on purpose."""


class ConfigurationError(CodeExecError):
    """The configuration cannot be used; the message names the option and a way out."""


class Unavailable(CodeExecError):  # noqa: N818 - a state of the world, not a mistake
    """A language cannot build or run samples on this machine.

    Attributes:
        hint: What the reader can do about it.
        detail: What the tool itself said (cargo's message, say), ANSI colours included.
    """

    def __init__(self, message: str, *, hint: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.detail = detail

    def __reduce__(self) -> tuple[type[Unavailable], tuple[str], dict[str, str]]:
        # An exception with its own __init__ must say how to be rebuilt, or it dies crossing a worker.
        return type(self), (str(self),), {"hint": self.hint, "detail": self.detail}


class Cancelled(CodeExecError):  # noqa: N818 - says what happened to the run
    """The run was interrupted; every child has been stopped."""


def nearest(word: str, known: list[str] | tuple[str, ...]) -> str | None:
    """Return the known word that `word` was probably meant to be, or None."""
    import difflib

    found = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return found[0] if found else None
