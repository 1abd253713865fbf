"""`codeexec explain PAGE:LINE`: all that decides about one sample. Nothing is started."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.commands import add_json
from mkdocs_codeexec.commands.printing import on_stdout
from mkdocs_codeexec.commands.selecting.selection import at_line, with_needed
from mkdocs_codeexec.commands.site import collect
from mkdocs_codeexec.core.names import Names
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.engine.engine import Engine
from mkdocs_codeexec.errors import ConfigurationError
from mkdocs_codeexec.outputs import is_output, whose
from mkdocs_codeexec.report.explaining import lines, to_json

if TYPE_CHECKING:
    import argparse

    from mkdocs_codeexec.commands import Context
    from mkdocs_codeexec.core.resolved import Planned
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.sites import Collected

ABOUT = "tell all that decides about one sample: its key, command lines and inputs, and why it is run again"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command understands."""
    add_json(parser)
    parser.add_argument("where", metavar="PAGE:LINE", help="a line of the sample")


def execute(context: Context) -> int:
    """Write on standard output what decides about the sample.

    Returns:
        0, whatever that is.

    Raises:
        ConfigurationError: The site, or a language of it, cannot be used as it is set up; there is no such sample.
    """
    asked = context.arguments
    page, _, line = asked.where.rpartition(":")
    if not (page and line.isdecimal() and len(line) < 10):
        raise ConfigurationError(
            f"`{asked.where}` names no line of a page\n\nhint: write it as in `docs/guide.md:57`; any line of the sample will do\n"
        )
    with tempfile.TemporaryDirectory(prefix="codeexec-explain-") as name:
        found = collect(context.file, Path(name))
    planned = _planned(found, page, int(line))
    if asked.json:
        sys.stdout.write(json.dumps(to_json(planned), indent=1) + "\n")
        return 0
    console = on_stdout(found.settings)
    for each in lines(planned):
        console.say(each)
    return 0


def _planned(found: Collected, page: str, line: int) -> Planned:
    """Return the plan of the sample at a line; of one that holds another's output, that of the other."""
    samples: list[Sample] = [sample for sample, _ in found.samples]
    place = at_line(found, samples, page, line)
    if is_output(samples[place]):
        of = whose(samples, place, Names(samples))
        if isinstance(of, Unavailability):
            raise ConfigurationError(f"{samples[place].location}: {of.reason}\n\nhint: {of.hint}\n")
        place = of
    needed = with_needed(samples, [place])
    plan = Engine(found.settings, found.console).plan(list(needed.values()))
    return plan.planned[list(needed).index(place)]
