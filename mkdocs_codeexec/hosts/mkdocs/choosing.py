"""Which package renders pages in this process: MkDocs, or ProperDocs, a fork of it that takes its plugins.

Both may be installed, and plugins of others bring parts of the one into a build of the other. Once ProperDocs' own command
runs, whatever is imported as `mkdocs` is `properdocs`. Nothing is imported here that is not there already, but by `choose`.
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from pathlib import Path

from mkdocs_codeexec.errors import ConfigurationError

NAMES = ("mkdocs", "properdocs")
"""The packages. Where both are installed and nothing tells, it is the first."""


def chosen() -> str:
    """Return the package that is at work; if none is, one that is installed, and if none is, `mkdocs`."""
    if at_work := _at_work():
        return at_work
    return next(filter(is_installed, NAMES), NAMES[0])


def chosen_for(file: Path | None) -> str:
    """Return the package that is at work, and if none is, the one that `file` is written for, or `chosen`."""
    written_for = file.name.partition(".")[0] if file else ""
    return written_for if not _at_work() and is_installed(written_for) else chosen()


def choose(file: Path | None) -> str:
    """Have the package that `file` is written for be the one of this process, if it is installed; return which it is.

    To be called before anything of a host is imported: afterwards nothing can change.

    Args:
        file: The configuration of a site; None for a folder without one.

    Raises:
        ConfigurationError: None is installed.
    """
    name = chosen_for(file)
    if not is_installed(name):
        raise ConfigurationError(
            "neither MkDocs nor ProperDocs is installed\n\nhint: install one of them beside `codeexec`\n"
        )
    if name == "properdocs":
        importlib.import_module("properdocs.replacement")  # as its own command does: other plugins import `mkdocs`
    return name


def is_installed(name: str) -> bool:
    """Return whether the package `name` of `NAMES` can be imported; a folder of that name beside a site is none."""
    try:
        return name in NAMES and find_spec(f"{name}.plugins") is not None
    except ModuleNotFoundError:
        return False


def _at_work() -> str:
    """Return the package whose plugins are being loaded in this process; empty if there is none."""
    if getattr(sys.modules.get("mkdocs"), "__name__", "") == "properdocs":
        return "properdocs"
    return next((name for name in NAMES if f"{name}.plugins" in sys.modules), "")
