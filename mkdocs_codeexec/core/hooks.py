"""Hooks as values: which commands are run around samples, and which have led to a process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CHAIN = "CODEEXEC_HOOK_CHAIN"
"""The variable in which a hook finds which hooks have led to it: JSON, a list of pairs of a site's folder and a command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Commands that are run around samples, outside the sandbox.

    Attributes:
        before: Before the first sample is executed, each a list of words.
        after: When all samples have their answers.
        timeout: Seconds for each command.
    """

    before: tuple[tuple[str, ...], ...] = ()
    after: tuple[tuple[str, ...], ...] = ()
    timeout: float = 60.0


def led_to(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return which hooks have started the process with these variables, the outermost first: a site's folder and a command."""
    try:
        return [(str(site), str(command)) for site, command in json.loads(environ.get(CHAIN) or "[]")]
    except (ValueError, TypeError, RecursionError):
        return []
