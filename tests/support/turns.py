"""Tests whose rows are tried in every tier, or by every user: one of them each time, and the others if slow ones are asked for.

    @pytest.mark.turns("tier")
    @pytest.mark.parametrize("row", ROWS)
    def test_it(tier: str, row: str) -> None: ...

Which one takes turns: it follows from the names of the test and of its row, so that each has its share of all rows.
"""

from __future__ import annotations

import zlib
from typing import Any

import pytest


def take(items: list[Any]) -> None:
    """Mark as slow, of each row of tests that take turns, all but one."""
    rows: dict[str, list[Any]] = {}
    for item in items:
        mark = item.get_closest_marker("turns")
        if mark is not None and item.get_closest_marker("slow") is None:
            row = item.callspec.id
            for name in mark.args:
                row = row.replace(item.callspec.params[name], "", 1)
            rows.setdefault(f"{item.path.name}::{item.originalname} {row}", []).append(item)
    for name, alternatives in rows.items():
        chosen = zlib.crc32(name.encode()) % len(alternatives)
        for item in alternatives[:chosen] + alternatives[chosen + 1 :]:
            item.add_marker(pytest.mark.slow)
