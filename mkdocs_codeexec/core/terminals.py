"""The terminal of a sample that asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mkdocs_codeexec.core.sample import Given

WIDTH = 80
"""Columns, where nothing says how many: of a terminal, and less than what the code blocks of themes hold (82 in Material)."""
WIDEST = 9999
VARIABLES = {"PAGER": "cat"}
"""What programs are told where they have a terminal: nobody is there who turns pages."""


def columns(given: Given, env: Mapping[str, str]) -> int:
    """Return how wide the terminal of a sample is that gets the variables `env`; 0 if it has none."""
    if not given.terminal:
        return 0
    said = env.get("COLUMNS", "")
    return int(said) if said.isascii() and said.isdecimal() and 0 < int(said[:5]) <= WIDEST else WIDTH


def variables(given: Given) -> dict[str, str]:
    """Return the variables that a sample gets for its terminal."""
    return dict(VARIABLES) if given.terminal else {}
