"""The command that is run after each round: the user's own, outside of the sandbox."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import NamedTuple

from mkdocs_codeexec.core.outcome import Exited, describe
from mkdocs_codeexec.core.protocols import Command
from mkdocs_codeexec.environment import read_environment
from mkdocs_codeexec.runtime.process import Children

UNLIMITED = 1 << 60
"""Bytes that such a command may write."""


class Followed(NamedTuple):
    """How a command ended.

    Attributes:
        argv: Its words.
        status: Its exit status; None if it had none.
        words: The same, in words.
        seconds: What it took.
    """

    argv: tuple[str, ...]
    status: int | None
    words: str
    seconds: float


def command(text: str) -> tuple[str, ...]:
    """Return the words of a command line, as a shell takes it apart; nothing in it is replaced.

    Raises:
        ArgumentTypeError: There are none, or a quotation mark is lost.
    """
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"`{text}` is no command line: {str(error).lower()}") from error
    if not words:
        raise argparse.ArgumentTypeError("expected a command line, got an empty one")
    return words


def follow(argv: tuple[str, ...], *, on_stderr: bool) -> Followed:
    """Run a command to its end, in the working directory and the environment of this process; what it writes is passed on.

    What it has started ends with it.
    """
    out = (sys.stderr if on_stderr else sys.stdout).buffer

    def pass_on(chunk: bytes) -> None:
        out.write(chunk)
        out.flush()

    sys.stdout.flush()
    started = Command(argv=argv, cwd=Path.cwd(), env=read_environment(), timeout=None, output_limit=UNLIMITED)
    with Children() as children:
        result = children.run(started, "run", on_output=pass_on)
    ended = result.ended
    return Followed(argv, ended.code if isinstance(ended, Exited) else None, describe(ended), result.duration)
