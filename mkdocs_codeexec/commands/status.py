"""`codeexec status`: what the last runs of a site came to."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from typing import TYPE_CHECKING

from mkdocs_codeexec.commands import add_json, whole_number
from mkdocs_codeexec.commands.printing import on_stdout
from mkdocs_codeexec.commands.stored import store_of
from mkdocs_codeexec.errors import ConfigurationError, nearest
from mkdocs_codeexec.report import history, past

if TYPE_CHECKING:
    from pathlib import Path

    from mkdocs_codeexec.commands import Context
    from mkdocs_codeexec.report.history import Past

ABOUT = "tell what the last runs came to, or one of them, or how two differ"
LAST = 10
"""Runs that are told unless somebody asks for more."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command understands."""
    add_json(parser)
    parser.add_argument("--last", metavar="N", type=whole_number, default=LAST, help=f"how many runs (default: {LAST})")
    about = "one run, by its id, the beginning of that, or `last`; two, to compare them"
    parser.add_argument("runs", metavar="RUN", nargs="*", help=about)


def execute(context: Context) -> int:
    """Write on standard output what the runs came to.

    Returns:
        0, whatever that is.

    Raises:
        ConfigurationError: The site cannot be read, or there is no such run.
    """
    asked = context.arguments
    directory, now = store_of(context.file), dt.datetime.now(dt.UTC)
    if len(asked.runs) > 2:
        raise ConfigurationError("`status` compares two runs\n\nhint: name one or two\n")
    names = [_named(directory, run) for run in asked.runs]
    if asked.json:
        known = names or history.names(directory)[: asked.last]
        raw = (history.raw_of(directory, name) for name in known)
        report = {"format": past.FORMAT, "runs": [each for each in raw if each is not None]}
        sys.stdout.write(json.dumps(report, indent=1) + "\n")
        return 0
    console = on_stdout()
    found = [_read(directory, name) for name in names]
    if len(found) == 2:
        lines = past.compared(*found)
    elif found:
        lines = past.whole(found[0], now)
    else:
        lines = past.listed(history.runs(directory), asked.last, now)
    for line in lines:
        console.say(line)
    return 0


def _named(directory: Path, asked: str) -> str:
    """Return the name of the run that was asked for.

    Raises:
        ConfigurationError: There is none, or there are several.
    """
    known = history.names(directory)
    if asked == "last" and known:
        return known[0]
    found = [name for name in known if name.startswith(asked) or name.endswith(asked)] if asked else []
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigurationError(f"`{asked}` may be any of {len(found)} runs\n\nhint: write more of it\n")
    near = nearest(asked, tuple(known))
    hint = f"did you mean `{near}`?" if near else "`codeexec status` lists those that are known"
    raise ConfigurationError(f"there is no run `{asked}`\n\nhint: {hint}\n")


def _read(directory: Path, name: str) -> Past:
    found = history.read(directory, name)
    if found is None:
        raise ConfigurationError(
            f"the run `{name}` cannot be read: it is damaged, or of another version\n\nhint: delete its file in `{directory / history.RUNS}`\n"
        )
    return found
