"""`codeexec run` of several sites: their samples share jobs and Environments; each has its own store and its own report."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.commands.observing import Observed
from mkdocs_codeexec.commands.printing import on_stdout
from mkdocs_codeexec.commands.run import reports_of, status_of
from mkdocs_codeexec.commands.selecting.several import selected_of_all
from mkdocs_codeexec.commands.several.collecting import collect_all
from mkdocs_codeexec.commands.several.voices import apart
from mkdocs_codeexec.commands.several.working import Shared, by_results, opened, together
from mkdocs_codeexec.core.outcome import counted
from mkdocs_codeexec.engine.telling import one_at_a_time
from mkdocs_codeexec.report import rows
from mkdocs_codeexec.report.failures import failures
from mkdocs_codeexec.report.files import Reports
from mkdocs_codeexec.report.timings import timings
from mkdocs_codeexec.report.volume import within_bounds

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from mkdocs_codeexec.commands import Context
    from mkdocs_codeexec.commands.several.collecting import Site
    from mkdocs_codeexec.commands.several.working import Work
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.report.failures import Failure
    from mkdocs_codeexec.report.run import Run
    from mkdocs_codeexec.sites import Collected

FORMAT = 1
"""Of the reports of several sites, in JSON; that of each has one of its own."""


class _Ended(NamedTuple):
    """What a site has come to.

    Attributes:
        work: What it had to execute.
        run: What became of that.
        failures: What is told of it.
    """

    work: Work
    run: Run
    failures: list[Failure]


def execute(context: Context) -> int:
    """Execute the samples of all sites that are asked for, and write a report on standard output.

    Returns:
        The worst of what each site alone would return: 3, 1 or 0.

    Raises:
        Cancelled: It was stopped from outside; it was told what had ended.
        ConfigurationError: A site, or a language of it, cannot be used as it is set up; something is named that is not there.
    """
    asked = context.arguments
    files = reports_of(asked)
    with tempfile.TemporaryDirectory(prefix="codeexec-run-") as name:
        Reports(files, Path.cwd()).check()  # before anything is rendered
        sites = collect_all(context.files, Path(name))
    chosen = selected_of_all([site.found for site in sites], asked)
    shared = Shared(sites)
    works = opened(sites, chosen, shared, fail_fast=asked.fail_fast)
    began = time.monotonic()
    all_ = as_one(sites, shared.jobs)
    with Observed(all_, asked) as watching:
        listen = one_at_a_time(watching.hear)
        for work in works:
            work.hear(listen)
        stopped = together(works, shared)
    named = {id(turn[0]) for turn in by_results(works)}  # others are a run more in the same history
    ended = [_kept(work, watching.moment.run_id if id(work) in named else "") for work in works]
    whole = _joined(ended, time.monotonic() - began)
    _write_reports(ended, whole, files, watching)
    if asked.json:
        report = {"format": FORMAT, "sites": [_to_json(one) for one in ended]}
        sys.stdout.write(json.dumps(report, indent=1) + "\n")
    else:
        long = watching.spent.lines(whole.duration, shared.jobs, always=all_.settings.verbose)
        _tell(ended, whole, asked, list(long), interrupted=stopped is not None)
    statuses = [_status(one) for one in ended]
    if stopped is not None:
        raise stopped
    return max(statuses)


def as_one(sites: Sequence[Site], jobs: int) -> Collected:
    """Return who speaks for all sites while they are executed, and how many samples are at once."""
    settings = [site.found.settings for site in sites]
    verbose = any(one.verbose for one in settings)
    return sites[0].found._replace(settings=replace(settings[0], jobs=jobs, verbose=verbose))


def _kept(work: Work, run_id: str) -> _Ended:
    """Return what became of a site, and keep that beside its results."""
    found, run = work.site.found, work.run(run_id)
    if found.settings.keeps and run.resolved:
        run.write(found.settings.cache_dir, work.narrator)
    file = found.settings.host.file
    told = failures(run.resolved, work.engine.languages, lambda at: found.pages.get(at.page, ""), file)
    return _Ended(work, run, told)


def _status(ended: _Ended) -> int:
    """Run what is to be run after the samples of a site, and return its exit status."""
    work, run = ended.work, ended.run
    wrong = work.engine.hooking.after(run.to_json) if run.resolved else ""
    if wrong:
        work.narrator.warn(wrong)
    if work.fault is not None:
        work.narrator.warn(f"it was given up: {_words(work.fault)}")
    return 3 if wrong or work.fault is not None else status_of(work.site.found, run.resolved)


def _words(fault: Exception) -> str:
    text = str(fault) or type(fault).__name__
    return text if isinstance(fault, OSError) else f"{type(fault).__name__}: {text}"


def _to_json(ended: _Ended) -> dict[str, object]:
    fault = ended.work.fault
    failed = {} if fault is None else {"error": _words(fault)}
    return {"file": ended.work.site.name, **failed, "report": ended.run.to_json()}


# --- All sites as one -------------------------------------------------------------------------------------------


def _joined(ended: Sequence[_Ended], seconds: float) -> Run:
    """Return what all sites came to, in their order; their pages are called as a terminal opens them, so that they differ."""
    items = [
        replace(item, sample=replace(item.sample, location=apart(item.sample.location)))
        for one in ended
        for item in one.run.resolved
    ]
    return replace(
        ended[0].run,
        resolved=items,
        executed=sum(one.run.executed for one in ended),
        started=min(one.run.started for one in ended),
        duration=seconds,
    )


def _write_reports(ended: Sequence[_Ended], whole: Run, files: dict[str, Path], watching: Observed) -> None:
    first = ended[0].work
    told = [each._replace(at=each.at and apart(each.at)) for one in ended for each in one.failures]
    settings = [one.work.site.found.settings for one in ended]
    reports = Reports(files, _root(settings), environ=settings[0].host_env, several=True)
    reports.write(whole, told, first.site.found.console, watching.trace)
    reports.add_to_step(whole, told, first.site.found.console)


def _root(settings: Sequence[Settings]) -> Path:
    """Return the root of the repository that holds all sites, or of what does where there is none."""
    roots = {one.checkout_dir or one.project_dir for one in settings}
    return Path(os.path.commonpath(roots))


def _tell(
    ended: Sequence[_Ended], whole: Run, asked: argparse.Namespace, long: Sequence[str], *, interrupted: bool
) -> None:
    """Write what each site came to on standard output, and what all did."""
    console = on_stdout(*(one.work.site.found.settings for one in ended))
    for work, run, told in ended:
        found = work.site.found
        for failure in within_bounds(told):
            console.tell(failure, rows.failing(suspended=found.settings.fail_on_suspended))
        for line in timings(run.resolved) if asked.timings else ():
            console.say(line)
        left = len(work.wanted.samples) - len(run.resolved)
        untried = f"; {counted(left, 'sample')} not tried" if left else ""
        console.say(f"{work.site.name}: {run.summary()}{untried}")
    for line in long:
        console.say(line)
    console.say(f"{counted(len(ended), 'site')}, {whole.summary()}")
    if interrupted:
        console.say("interrupted: `codeexec run` again goes on from here")
    elif asked.fail_fast and not all(one.work.whole or one.work.fault for one in ended):
        console.say("ended at the first failure (`--fail-fast`)")
