"""What the command line of Zensical asks for, as Zensical itself reads it: the file of the site, and `--strict`.

Zensical ends a strict build at warnings of its own, and knows nothing of ours, which are counted here.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Warnings(logging.Handler):
    """Counts warnings of a logger.

    Attributes:
        count: How many there were.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Count `record`, if it is a warning; errors fail a build anyway."""
        self.count += record.levelno == logging.WARNING


def asked(arguments: Sequence[str]) -> bool:
    """Tell whether `arguments`, those of `zensical`, ask for `--strict`."""
    found = _read(arguments)
    return not {"-s", "--strict"}.isdisjoint(arguments) if found is None else bool(found.get("strict"))


def named(arguments: Sequence[str]) -> str | None:
    """Return the file of a site that `arguments`, those of `zensical`, name; None if they name none."""
    file = (_read(arguments) or {}).get("config_file")
    return file if isinstance(file, str) else None


def _read(arguments: Sequence[str]) -> Mapping[str, Any] | None:
    """Return the options of a command of Zensical; None if this is another version, or another program."""
    try:
        command: Any = importlib.import_module("zensical.main").cli.commands[arguments[0]]
        context = command.make_context(arguments[0], [*arguments[1:]], resilient_parsing=True)
    except (ImportError, LookupError, AttributeError):
        return None
    params: Mapping[str, Any] = context.params
    return params
