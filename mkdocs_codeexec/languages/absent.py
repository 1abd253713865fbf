"""What to do where a Python sample did not find a module, or a file that it names by a relative path."""

from __future__ import annotations

import re
import sys
from difflib import SequenceMatcher
from importlib.metadata import packages_distributions
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.normalize import ESCAPE
from mkdocs_codeexec.core.outcome import Exited
from mkdocs_codeexec.errors import nearest
from mkdocs_codeexec.languages.builtin import PYTHON

if TYPE_CHECKING:
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import ScriptSettings, Settings

_MODULE = re.compile(r"^ModuleNotFoundError: No module named '(\w+)'$", re.MULTILINE)
_ALIKE = 0.75
"""How much a module is like the one that it is a slip of: most that are missing are not installed, and no slips."""
_FILE = re.compile(r"^FileNotFoundError: \[Errno 2\] [^\n:]*: '([^/'\n][^'\n]*)'$", re.MULTILINE)


def hint(sample: Sample, outcome: Outcome, script: ScriptSettings, settings: Settings) -> str:
    """Return how `sample` gets what it did not find; empty if that is not its trouble.

    Args:
        sample: One that has run.
        outcome: What it came to.
        script: Its language.
        settings: The configuration.
    """
    last = outcome.steps[-1]
    if last.kind != "run" or last.ended == Exited(0):
        return ""
    said = ESCAPE.sub("", last.errors)
    if found := _MODULE.findall(said):
        return _module(found[-1], script, settings)
    if (found := _FILE.findall(said)) and not sample.workdir:
        return (
            f'a sample starts in an empty folder: a fence with `file="{found[-1]}"` and a `name`, or a sample that makes that file, '
            'puts it there for those that say `needs="…"`; `workdir="project"` starts in the folder of the project'
        )
    return ""


def _module(name: str, script: ScriptSettings, settings: Settings) -> str:
    ours = PYTHON in script.command
    known = {*packages_distributions(), *sys.stdlib_module_names} if ours else set()
    meant = nearest(name, sorted(each for each in known - {name} if not each.startswith("_")))
    alike = meant is not None and SequenceMatcher(None, name, meant).ratio() >= _ALIKE
    guess = f"did you mean `{meant}`? otherwise " if alike else ""
    if not ours:
        return f"install what brings `{name}` for `{script.command[0]}`, which runs these samples"
    return (
        f"{guess}samples run in the Python that builds the site: install what brings `{name}` there; "
        f'`languages: {{{script.name}: {{command: [/path/to/python, "{{file}}"]}}}}` in {settings.host.file} names another Python'
    )
