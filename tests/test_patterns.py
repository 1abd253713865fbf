"""Regular expressions mean the same on every Python that is supported."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "mkdocs_codeexec"
FRAGILE = re.compile(r"(?<!\\)\)(?:[*+?]|\{\d*,?\d*\})\+|\(\?>")
"""A group that is repeated possessively, or is atomic: CPython before 3.11.5 forgets where it was when it fails midway."""


@pytest.mark.parametrize("pattern", ["(?:ab|c)*+", "(a)++", "(?:a)?+", "(?:a){1,2}+", "(?>a)"])
def test_fragile_patterns_are_known(pattern: str) -> None:
    """What is looked for is found."""
    assert FRAGILE.search(pattern)


def test_no_group_is_possessive() -> None:
    """No pattern of the package repeats a group possessively; of single characters that is safe everywhere."""
    found = [
        f"{path.relative_to(PACKAGE)}:{number}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if FRAGILE.search(line)
    ]

    assert found == []
