"""`codeexec zensical build` and `serve`: Zensical, with samples answered first."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs_codeexec.commands import Context

ABOUT = "build or serve a site with Zensical, with its samples answered first"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command understands: all that Zensical does."""
    parser.add_argument("action", choices=("build", "serve"), help="what Zensical is to do")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="…", help="arguments of Zensical, such as `--strict`")


def execute(context: Context) -> int:
    """Run Zensical and return the exit status: 1 if a sample failed, or Zensical did.

    Raises:
        ConfigurationError: Zensical is not installed, or the site's configuration cannot be used.
    """
    from mkdocs_codeexec.hosts.zensical.wrapped import run

    found = context.arguments
    return run(found.action, found.rest, found.config_file)
