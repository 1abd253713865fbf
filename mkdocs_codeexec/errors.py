"""The exceptions of this package.

    CodeExecError
    ├── ConfigurationError      mkdocs.yml or an environment variable says something impossible
    └── Cancelled               the run was stopped from outside; nothing was lost

Whatever one sample does, and why one cannot be tried, is a value (`Outcome`, `Verdict`, `Unavailability`), never an
exception.
"""

from __future__ import annotations

from typing import NamedTuple


class CodeExecError(Exception):
    """Everything this package raises on purpose."""


class Mistake(NamedTuple):
    """What is wrong with a configuration.

    Attributes:
        message: `where: what is there, what was expected`.
        hint: What to do; may be empty.
        file: The file that it is in, as a terminal can open it; empty if that is not known, or in the message.
        line: Where in that; 0 if it is not known.
    """

    message: str
    hint: str = ""
    file: str = ""
    line: int = 0

    @classmethod
    def of(cls, text: str) -> Mistake:
        """Return what a message with a hint says."""
        message, _, hint = text.partition("\n\nhint: ")
        return cls(message.strip(), hint.strip())

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: " if self.line else f"{self.file}: " if self.file else ""
        return f"{where}{self.message}" + (f"\n\nhint: {self.hint}\n" if self.hint else "")


class ConfigurationError(CodeExecError):
    """The configuration cannot be used; each mistake names the option and a way out.

    Args:
        mistakes: All of them, or a message with a hint.

    Attributes:
        mistakes: All of them.
    """

    def __init__(self, *mistakes: Mistake | str) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = tuple(each if isinstance(each, Mistake) else Mistake.of(each) for each in mistakes)


class Cancelled(CodeExecError):  # noqa: N818 - says what happened to the run
    """The run was interrupted; every child has been stopped."""


def nearest(word: str, known: list[str] | tuple[str, ...]) -> str | None:
    """Return the known word that `word` was probably meant to be, or None."""
    import difflib

    found = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return found[0] if found else None
