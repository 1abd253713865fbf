"""The commands of `codeexec`, a file for each: `arguments` adds its options to a parser, `execute` does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.report.console import Console


@dataclass(frozen=True)
class Context:
    """What a command is given.

    Attributes:
        arguments: The command line.
        console: The voice on the terminal.
        settings: Reads the configuration: that of the site, or where there is none, the defaults. It may raise.
        named: The languages that the site names; known once `settings` was called.
    """

    arguments: argparse.Namespace
    console: Console
    settings: Callable[[], Settings]
    named: Callable[[], Mapping[str, object]]


class Command(Protocol):
    """A file of this folder."""

    def arguments(self, parser: argparse.ArgumentParser, /) -> None:
        """Add what only this command understands."""

    def execute(self, context: Context, /) -> int:
        """Do it and return the exit status."""
        ...
