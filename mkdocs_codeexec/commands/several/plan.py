"""`codeexec plan` of several sites: what a run would do with the samples of each."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.commands.observing import Observed
from mkdocs_codeexec.commands.printing import on_stdout
from mkdocs_codeexec.commands.selecting.several import selected_of_all
from mkdocs_codeexec.commands.several.collecting import collect_all
from mkdocs_codeexec.commands.several.run import FORMAT, as_one
from mkdocs_codeexec.commands.several.voices import Told
from mkdocs_codeexec.commands.several.working import Shared, opened
from mkdocs_codeexec.core.resolved import Plan
from mkdocs_codeexec.outputs import is_output
from mkdocs_codeexec.report.plans import lines, summary, to_json

if TYPE_CHECKING:
    from mkdocs_codeexec.commands import Context


def execute(context: Context) -> int:
    """Write on standard output what would be done with the samples of each site.

    Returns:
        0, whatever that is.

    Raises:
        ConfigurationError: A site, or a language of it, cannot be used as it is set up; something is named that is not there.
    """
    asked = context.arguments
    with tempfile.TemporaryDirectory(prefix="codeexec-plan-") as name:
        sites = collect_all(context.files, Path(name))
    chosen = selected_of_all([site.found for site in sites], asked)
    shared = Shared(sites)
    works = opened(sites, chosen, shared)
    plans = [
        (work, work.engine.plan([sample for sample in work.wanted.samples if not is_output(sample)])) for work in works
    ]
    watching = Observed(as_one(sites, shared.jobs), asked)
    for work, plan in plans:
        told = Told(watching.hear, work.site.name)
        for one in plan.planned:
            told.hear(one)
    if asked.json:
        report = {
            "format": FORMAT,
            "sites": [{"file": work.site.name, "report": to_json(plan)} for work, plan in plans],
        }
        sys.stdout.write(json.dumps(report, indent=1) + "\n")
        return 0
    console = on_stdout(*(site.found.settings for site in sites))
    for work, plan in plans:
        for line in lines(plan):
            console.say(line)
        console.say(f"{work.site.name}: {summary(plan, work.site.found.settings.jobs)}")
    all_ = Plan(tuple(one for _, plan in plans for one in plan.planned))
    console.say(f"{len(sites)} sites, {summary(all_, shared.jobs)}")
    return 0
