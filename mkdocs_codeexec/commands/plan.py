"""`codeexec plan`: what a run would do with each sample of a site, and why. Nothing is started."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.commands import add_json, add_sites
from mkdocs_codeexec.commands.observing import Observed, add_log_format
from mkdocs_codeexec.commands.printing import on_stdout
from mkdocs_codeexec.commands.selecting.selection import add_selection, selected
from mkdocs_codeexec.commands.site import collect
from mkdocs_codeexec.engine.engine import Engine
from mkdocs_codeexec.outputs import is_output
from mkdocs_codeexec.report.plans import lines, summary, to_json

if TYPE_CHECKING:
    import argparse

    from mkdocs_codeexec.commands import Context

ABOUT = "tell what a run would do with each sample, and why; nothing is started"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command understands."""
    add_sites(parser)
    add_json(parser)
    add_selection(parser)
    add_log_format(parser)


def execute(context: Context) -> int:
    """Write on standard output what would be done.

    Returns:
        0, whatever that is.

    Raises:
        ConfigurationError: The site, or a language of it, cannot be used as it is set up; something is named that is not
            there.
    """
    if len(context.files) > 1:
        from mkdocs_codeexec.commands.several.plan import execute as of_several

        return of_several(context)
    asked = context.arguments
    with tempfile.TemporaryDirectory(prefix="codeexec-plan-") as name:
        found = collect(context.file, Path(name))
    samples = [sample for sample in selected(found, asked).samples if not is_output(sample)]
    watching = Observed(found, asked)
    plan = Engine(found.settings, found.console).plan(samples)
    for one in plan.planned:
        watching.hear(one)
    if asked.json:
        sys.stdout.write(json.dumps(to_json(plan), indent=1) + "\n")
        return 0
    console = on_stdout(found.settings)
    for line in lines(plan):
        console.say(line)
    console.say(summary(plan, found.settings.jobs))
    return 0
