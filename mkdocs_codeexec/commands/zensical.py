"""`codeexec zensical build` and `serve`: Zensical, with samples answered first."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from mkdocs_codeexec.commands.site import named
from mkdocs_codeexec.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs_codeexec.commands import Context

ABOUT = "build or serve a site with Zensical, with its samples answered first"

ACTIONS = ("build", "serve")
_FLAGS = {"clean": "-c", "strict": "-s", "open": "-o"}
_VALUES = {"dev_addr": "-a", "external_origin": "--external-origin"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command understands: what Zensical does."""
    parser.add_argument("action", metavar="build|serve", type=_action, help="what Zensical does")
    parser.add_argument("-c", "--clean", action="store_true", help="`build`: clean its cache")
    parser.add_argument("-s", "--strict", action="store_true", help="`build`: fail on warnings")
    parser.add_argument("-a", "--dev-addr", metavar="IP:PORT", help="`serve`: the address (default: localhost:8000)")
    parser.add_argument(
        "--external-origin", metavar="URL", action="append", help="`serve`: allow access via this proxy"
    )
    parser.add_argument("-o", "--open", action="store_true", help="`serve`: open a browser")


def _action(text: str) -> str:
    if text not in ACTIONS:
        near = nearest(text, ACTIONS)
        meant = f"did you mean `{near}`?" if near else "expected `build` or `serve`"
        raise argparse.ArgumentTypeError(f"there is no `{text}` of Zensical here, {meant}")
    return text


def execute(context: Context) -> int:
    """Run Zensical and return the exit status: 1 if a sample failed, or Zensical did.

    Raises:
        ConfigurationError: Zensical is not installed, or the site's configuration cannot be used.
    """
    from mkdocs_codeexec.hosts.zensical.reading import configured
    from mkdocs_codeexec.hosts.zensical.wrapped import run

    file = context.arguments.config_file
    if file is not None:
        configured(named(file))  # Zensical would end with a traceback, or wait for ever
    return run(context.arguments.action, tuple(_theirs(context.arguments)), file)


def _theirs(found: argparse.Namespace) -> Iterator[str]:
    """Yield the arguments as Zensical reads them; it says which of them its command does not have."""
    for name, flag in _FLAGS.items():
        if getattr(found, name):
            yield flag
    for name, option in _VALUES.items():
        given = getattr(found, name)
        for value in given if isinstance(given, list) else [given] if given else ():
            yield from (option, value)
