"""`codeexec check` of several sites: one after the other, as what depends on the load of the machine shall show by that alone."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.commands.check import check, report, tell
from mkdocs_codeexec.commands.printing import on_stdout
from mkdocs_codeexec.commands.selecting.selection import only
from mkdocs_codeexec.commands.selecting.several import selected_of_all
from mkdocs_codeexec.commands.several.collecting import collect_all
from mkdocs_codeexec.commands.several.run import FORMAT
from mkdocs_codeexec.commands.several.voices import Named
from mkdocs_codeexec.errors import ConfigurationError
from mkdocs_codeexec.languages import open_languages
from mkdocs_codeexec.report.repeats import exit_status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mkdocs_codeexec.commands import Context
    from mkdocs_codeexec.commands.check import Checked
    from mkdocs_codeexec.commands.several.collecting import Site
    from mkdocs_codeexec.errors import Mistake


def execute(context: Context) -> int:
    """Execute the samples of all sites, and write a report on standard output.

    Returns:
        The worst of what each site alone would return: 3, 1 or 0.

    Raises:
        Cancelled: It was stopped from outside.
        ConfigurationError: A site, or a language of it, cannot be used as it is set up; something is named that is not there.
    """
    asked = context.arguments
    done: list[tuple[Site, Checked]] = []
    with tempfile.TemporaryDirectory(prefix="codeexec-check-") as name:
        sites = collect_all(context.files, Path(name))
        chosen = selected_of_all([site.found for site in sites], asked)
        sites = [site._replace(found=only(site.found, each)) for site, each in zip(sites, chosen, strict=True)]
        _see_languages(sites)
        for number, site in enumerate(sites):
            folder = Path(name, f"check-{number}")
            folder.mkdir()
            site.found.console.say(f"{site.name}:")
            done.append((site, check(site.found, asked, folder)))
    if asked.json:
        rows = [
            {
                "file": site.name,
                **({"error": checked.wrong} if checked.wrong else {"report": report(site.found, checked)}),
            }
            for site, checked in done
        ]
        sys.stdout.write(json.dumps({"format": FORMAT, "sites": rows}, indent=1) + "\n")
    console, statuses = on_stdout(*(site.found.settings for site in sites)), []
    for site, checked in done:
        if not checked.wrong and not asked.json:
            tell(site.found, checked, console, site.name)
        suspended = site.found.settings.fail_on_suspended
        statuses.append(3 if checked.wrong else exit_status(checked.repeated, fail_on_suspended=suspended))
    return max(statuses)


def _see_languages(sites: Sequence[Site]) -> None:
    """See that the languages of all sites can be used as they are set up.

    Raises:
        ConfigurationError: What is wrong with all of them.
    """
    mistakes: list[Mistake] = []
    for site in sites:
        try:
            open_languages(site.found.settings, Named(site.found.console, site.name))
        except ConfigurationError as error:
            mistakes += error.mistakes
    if mistakes:
        raise ConfigurationError(*mistakes)
