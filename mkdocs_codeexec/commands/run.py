"""`codeexec run`: executes what the store lacks, without building the site."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.commands import add_json, add_sites
from mkdocs_codeexec.commands.observing import Observed, add_observing
from mkdocs_codeexec.commands.printing import on_stdout
from mkdocs_codeexec.commands.selecting.selection import add_selection, selected
from mkdocs_codeexec.commands.site import collect
from mkdocs_codeexec.core.expectation import Unmet, verdict_name
from mkdocs_codeexec.core.outcome import counted
from mkdocs_codeexec.core.resolved import Ended
from mkdocs_codeexec.core.settings import REPORTS
from mkdocs_codeexec.engine.engine import Engine
from mkdocs_codeexec.errors import Cancelled
from mkdocs_codeexec.outputs import answered
from mkdocs_codeexec.report import rows
from mkdocs_codeexec.report.failures import failures
from mkdocs_codeexec.report.files import Reports
from mkdocs_codeexec.report.run import Run, distinct
from mkdocs_codeexec.report.timings import timings
from mkdocs_codeexec.report.volume import within_bounds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mkdocs_codeexec.commands import Context
    from mkdocs_codeexec.commands.selecting.selection import Selected
    from mkdocs_codeexec.core.resolved import Event, Resolved
    from mkdocs_codeexec.sites import Collected

ABOUT = "execute what the store lacks, without building the site"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command understands."""
    add_sites(parser)
    add_json(parser)
    add_selection(parser)
    add_observing(parser)
    about = "go on when a sample fails, which is the default"
    parser.add_argument("--keep-going", dest="fail_fast", action="store_false", default=False, help=about)
    parser.add_argument("--fail-fast", action="store_true", default=False, help="end at the first sample that fails")
    parser.add_argument("--junit", metavar="FILE", type=_file, help="write a report that CI systems read (JUnit's XML)")
    parser.add_argument("--sarif", metavar="FILE", type=_file, help="write failures for code scanning (SARIF)")
    about = "write failures for GitLab's merge requests (Code Quality)"
    parser.add_argument("--code-quality", metavar="FILE", type=_file, help=about)
    parser.add_argument("--summary", metavar="FILE", type=_file, help="write a summary for people (Markdown)")
    parser.add_argument("--trace", metavar="FILE", type=_file, help="write when what was done (Perfetto opens it)")
    parser.add_argument("--timings", action="store_true", help="tell what each sample took, the slowest first")


def _file(name: str) -> Path:
    if not name:
        raise argparse.ArgumentTypeError("expected the name of a file")
    return Path(os.path.abspath(name))  # noqa: PTH100 - it takes `..` out, and follows no link


def reports_of(asked: argparse.Namespace) -> dict[str, Path]:
    """Return the reports that the command line asks for, by kind."""
    return {kind: file for kind in REPORTS if (file := getattr(asked, kind)) is not None}


def execute(context: Context) -> int:
    """Execute the samples that are asked for, as a build does, and write a report on standard output.

    Returns:
        0 if they are as their authors say, 1 if not, 3 if one could not be tried.

    Raises:
        Cancelled: The run was stopped from outside; it was told what had ended.
        ConfigurationError: The site, or a language of it, cannot be used as it is set up; something is named that is not
            there.
    """
    if len(context.files) > 1:
        from mkdocs_codeexec.commands.several.run import execute as of_several

        return of_several(context)
    asked = context.arguments
    with tempfile.TemporaryDirectory(prefix="codeexec-run-") as name:
        reports = reports_of(asked)
        Reports(reports, Path.cwd()).check()  # before anything is rendered
        found = collect(context.file, Path(name))
    wanted = selected(found, asked)
    watching = Observed(found, asked)
    going = Going(fail_fast=asked.fail_fast)
    started, began = dt.datetime.now(dt.UTC), time.monotonic()
    engine = Engine(found.settings, found.console)
    stopped: BaseException | None = None
    try:
        with watching:
            engine.hear(watching.hear)
            resolved = answered(engine, wanted.samples, {}, going.hear)
    except FirstFailure:
        resolved = going.ended
    except (Cancelled, KeyboardInterrupt) as error:
        stopped, resolved = error, going.ended
    finally:
        engine.close()
    resolved = distinct(sorted(resolved, key=lambda item: item.sample.location))
    run = Run.of(
        resolved,
        started,
        time.monotonic() - began,
        selected=wanted.pages,
        interrupted=bool(stopped),
        run_id=watching.moment.run_id,
    )
    root = found.settings.checkout_dir or found.settings.project_dir
    files = Reports(reports, root, environ=found.settings.host_env)
    _report(found, engine, wanted, run, asked, files, watching)
    wrong = engine.hooking.after(run.to_json) if resolved else ""
    if wrong:
        found.console.warn(wrong)
    if stopped is not None:
        raise stopped
    return 3 if wrong else status_of(found, resolved)


class FirstFailure(Cancelled):
    """Ends a run when a sample has failed."""


class Going:
    """What has ended so far.

    Args:
        fail_fast: Whether the first failure ends the run.
    """

    def __init__(self, *, fail_fast: bool) -> None:
        self._fail_fast = fail_fast
        self.ended: list[Resolved] = []

    def hear(self, event: Event) -> None:
        """Take what a run tells.

        Raises:
            FirstFailure: It ends here.
        """
        if isinstance(event, Ended):
            self.ended.append(event.resolved)
            if self._fail_fast and rows.fails(event.resolved.verdict):
                raise FirstFailure


def _report(
    found: Collected,
    engine: Engine,
    wanted: Selected,
    run: Run,
    asked: argparse.Namespace,
    files: Reports,
    watching: Observed,
) -> None:
    """Keep the run, and write what it came to on standard output."""
    if found.settings.keeps and run.resolved:
        run.write(found.settings.cache_dir, found.console)
    left = len(wanted.samples) - len(run.resolved)
    file = found.settings.host.file
    told = failures(run.resolved, engine.languages, lambda at: found.pages.get(at.page, ""), file)
    files.write(run, told, found.console, watching.trace)
    files.add_to_step(run, told, found.console)
    if asked.json:
        sys.stdout.write(json.dumps(run.to_json(), indent=1) + "\n")
        return
    console = on_stdout(found.settings)
    for failure in within_bounds(told):
        console.tell(failure, rows.failing(suspended=found.settings.fail_on_suspended))
    for line in timings(run.resolved) if asked.timings else ():
        console.say(line)
    for line in watching.spent.lines(run.duration, found.settings.jobs, always=found.settings.verbose):
        console.say(line)
    console.say(run.summary())
    if run.interrupted:
        console.say(f"interrupted: {counted(left, 'sample')} not tried; `codeexec run` again goes on from here")
    elif left:
        console.say(f"ended at the first failure (`--fail-fast`): {counted(left, 'sample')} not tried")


def status_of(found: Collected, resolved: Sequence[Resolved]) -> int:
    """Return the exit status of a site: 3 if a sample could not be tried, else 1 if one failed, else 0."""
    names = {verdict_name(item.verdict) for item in resolved}
    untried = any(item.why is not None and not isinstance(item.verdict, Unmet) for item in resolved)
    if untried or "error" in names:
        return 3
    return int(not names.isdisjoint(rows.failing(suspended=found.settings.fail_on_suspended)))
