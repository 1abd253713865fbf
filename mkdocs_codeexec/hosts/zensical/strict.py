"""`--strict`: Zensical ends a build at warnings of its own, and knows nothing of ours, which are counted here."""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


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
    """Tell whether `arguments`, those of `zensical`, ask for `--strict`, as Zensical itself reads them."""
    try:
        command: Any = importlib.import_module("zensical.main").cli.commands[arguments[0]]
        context = command.make_context(arguments[0], [*arguments[1:]], resilient_parsing=True)
    except (ImportError, LookupError, AttributeError):  # of another version
        return not {"-s", "--strict"}.isdisjoint(arguments)
    return bool(context.params.get("strict"))
