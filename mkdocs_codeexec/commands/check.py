"""`codeexec check`: executes all samples of a site several times and tells which of them fail or do not repeat."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.commands import add_json, add_sites, whole_number
from mkdocs_codeexec.commands.observing import Observed, add_observing
from mkdocs_codeexec.commands.printing import on_stdout
from mkdocs_codeexec.commands.selecting.selection import add_selection, narrowed
from mkdocs_codeexec.commands.site import collect
from mkdocs_codeexec.engine.engine import Engine
from mkdocs_codeexec.engine.hooks import Hooking
from mkdocs_codeexec.languages import open_languages
from mkdocs_codeexec.markdown.slots import open_slot
from mkdocs_codeexec.pages import Pages
from mkdocs_codeexec.report.annotations import Notice
from mkdocs_codeexec.report.console import ERROR
from mkdocs_codeexec.report.failures import Failure, failures
from mkdocs_codeexec.report.repeats import Repeated, Shown, exit_status, normalised, summary, to_json
from mkdocs_codeexec.report.rows import failing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mkdocs_codeexec.commands import Context
    from mkdocs_codeexec.report.console import Console
    from mkdocs_codeexec.sites import Collected


ABOUT = "execute every sample several times, cold, and find those that fail or do not repeat; nothing is stored"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command understands."""
    add_sites(parser)
    add_json(parser)
    add_selection(parser)
    add_observing(parser)
    parser.add_argument("--repeat", metavar="N", type=whole_number, default=3, help="how often (default: 3)")


def execute(context: Context) -> int:
    """Execute the samples of the site and write a report on standard output.

    Returns:
        0 if they are as their authors say and repeat, 1 if not, 3 if one could not be tried.

    Raises:
        Cancelled: The run was stopped from outside.
        ConfigurationError: The site, or a language of it, cannot be used as it is set up.
    """
    if len(context.files) > 1:
        from mkdocs_codeexec.commands.several.check import execute as of_several

        return of_several(context)
    asked = context.arguments
    with tempfile.TemporaryDirectory(prefix="codeexec-check-") as name:
        found = collect(context.file, Path(name))
        found = narrowed(found, asked)
        checked = check(found, asked, Path(name))
    if checked.wrong:
        return 3
    if asked.json:
        sys.stdout.write(json.dumps(report(found, checked), indent=1) + "\n")
    else:
        tell(found, checked, on_stdout(found.settings))
    return exit_status(checked.repeated, fail_on_suspended=found.settings.fail_on_suspended)


class Checked(NamedTuple):
    """What has become of the samples of a site.

    Attributes:
        repeated: Each of them.
        jobs: Children at once, of each run.
        seconds: Wall time of all runs.
        wrong: Why that does not count; empty if it does. It was told.
    """

    repeated: list[Repeated]
    jobs: Sequence[int]
    seconds: float
    wrong: str


def check(found: Collected, asked: argparse.Namespace, folder: Path) -> Checked:
    """Execute `found` and return what became of it.

    Args:
        found: What the site has to execute.
        asked: The command line.
        folder: Empty; nothing in it is wanted afterwards.

    Raises:
        Cancelled: The run was stopped from outside.
        ConfigurationError: A language cannot be used as it is set up.
    """
    usual, repeat = found.settings.jobs, asked.repeat
    # What depends on the load of the machine shows by that.
    jobs = [(usual, 1 if usual > 1 else 2)[number % 2] for number in range(repeat)]
    began = time.monotonic()
    runs = []
    hooking = Hooking(found.settings, found.console)
    with Observed(found, asked) as watching:
        for number, count in enumerate(jobs if found.samples else ()):
            found.console.say(f"run {number + 1} of {repeat}, {count} at once")
            runs.append(_run(found, count, folder / f"cache-{number}", hooking, watching))
    wrong = hooking.after() if runs else ""
    if wrong:
        found.console.warn(wrong)
    return Checked([Repeated(shown) for shown in zip(*runs, strict=True)], jobs, time.monotonic() - began, wrong)


def report(found: Collected, checked: Checked) -> dict[str, object]:
    """Return what is told to programs."""
    names = normalised(checked.repeated, open_languages(found.settings, found.console))
    return to_json(checked.repeated, checked.jobs, checked.seconds, names)


def _run(found: Collected, jobs: int, cache_dir: Path, hooking: Hooking, watching: Observed) -> list[Shown]:
    """Execute everything once, by the way of a build, with a store of its own that is empty."""
    settings = replace(found.settings, execute="always", jobs=jobs)
    languages = open_languages(
        settings, watching.heard(found.console)
    )  # which keep Environments in the real `cache_dir`
    settings = replace(settings, cache_dir=cache_dir, cache_write=False)
    engine = Engine(settings, found.console, languages=languages, hooking=hooking)
    engine.hear(watching.hear)
    pages = Pages(engine, found.console, theme_dirs=found.theme_dirs, place=_address, within=True)
    htmls = [
        open_slot(pages.add(sample, *((why.reason, why.hint) if why else ())), "") for sample, why in found.samples
    ]
    fragments = pages.complete(htmls)
    return [Shown(*pair) for pair in zip(pages.resolved(), fragments, strict=True)]


def _address(_page: str, ending: str, data: bytes) -> str:
    """Return the name of a file that a sample shows: one with other contents has another."""
    return f"{hashlib.sha256(data).hexdigest()}.{ending}"


def tell(found: Collected, checked: Checked, console: Console, name: str = "") -> None:
    """Write what was found on `console`, of the site `name` where there are several."""
    repeated = checked.repeated
    line = f"{name and f'{name}: '}{summary(repeated, checked.jobs, checked.seconds)}"
    languages = open_languages(found.settings, console)
    worst, file = [item.worst for item in repeated], found.settings.host.file
    told = failures(worst, languages, lambda at: found.pages.get(at.page, ""), file)
    fatal = failing(suspended=found.settings.fail_on_suspended)
    for failure in told:
        console.tell(failure, fatal)
    for item in repeated:
        if item.differs:
            console.failure(_failure(item), ERROR)
    console.say(line)
    if repeated:
        console.say(
            f"compared as pages show it, after normalisation ({', '.join(normalised(repeated, languages))}); no outcome was stored"
        )


def _failure(item: Repeated) -> Failure:
    at = item.sample.location
    reason = f"it does not repeat: {item.results} results in {len(item.runs)} runs"
    hint = 'take out what differs (time, random numbers, the order of threads), or do not show it: `result="none"`'
    notice = Notice(at.path or at.page, f"{reason}\n{item.difference()}", "it does not repeat", at.line)
    return Failure(f"{at}: {reason}", f"{item.difference()}\n\nhint: {hint}", notice)
