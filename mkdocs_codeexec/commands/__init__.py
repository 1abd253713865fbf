"""The commands of `codeexec`, a file for each: `arguments` adds its options to a parser, `execute` does it."""

from __future__ import annotations

import argparse
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mkdocs_codeexec.report.console import Console


@dataclass(frozen=True)
class Context:
    """What a command is given.

    Attributes:
        arguments: The command line.
        console: The voice on the terminal.
    """

    arguments: argparse.Namespace
    console: Console

    @functools.cached_property
    def file(self) -> Path | None:
        """The file of the site, as `commands.site` opens it; None if there is none. Where there are several, that is told."""
        from mkdocs_codeexec.commands.site import find

        return find(self.arguments.config_file, say=self.console.say)

    @functools.cached_property
    def files(self) -> tuple[Path, ...]:
        """The files of the sites that the command line names, absolute: one at most, but for commands with `add_sites`.

        Raises:
            ConfigurationError: One cannot be the file of a site, or is named twice.
        """
        from mkdocs_codeexec.commands.site import all_named

        one = self.arguments.config_file
        return all_named(getattr(self.arguments, "config_files", [] if one is None else [one]))


def add_sites(parser: argparse.ArgumentParser) -> None:
    """Have `-f` name as many sites as somebody wants, for a command that can be about several."""
    about = "the file of a site; may be given several times, for several sites (default: what is there)"
    parser.add_argument("-f", "--config-file", metavar="FILE", action=_Sites, help=about)


class _Sites(argparse.Action):
    """An option that names a site, as often as somebody wants; the first is the one of commands about one."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        del parser, option_string
        namespace.config_files = [*getattr(namespace, "config_files", ()), values]
        namespace.config_file = namespace.config_files[0]


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json`, for a command that has a report."""
    parser.add_argument("--json", action="store_true", help="write the report as JSON")


def whole_number(text: str) -> int:
    """Return the number above 0 that an option says.

    Raises:
        ArgumentTypeError: It says something else.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got `{text}`")
    return int(text)


class Command(Protocol):
    """A file of this folder.

    Attributes:
        ABOUT: What it does, for `codeexec --help`.
    """

    ABOUT: str

    def arguments(self, parser: argparse.ArgumentParser, /) -> None:
        """Add what this command understands beside what all do."""

    def execute(self, context: Context, /) -> int:
        """Do it and return the exit status: 0 if all is well, 1 if a sample is not, 3 if this machine cannot.

        Raises:
            ConfigurationError: The site cannot be read, or what it says to us cannot be used.
            CodeExecError: This machine cannot execute samples.
            OSError: The disk is in the way.
        """
        ...
