"""A plugin that keeps some of many tests: of each function one row of its table, in one tier.

    pytest -p support.sampled FILE

Which one it is takes turns, so that every tier has its share of all functions.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

TIERS = ("bubblewrap", "landlock", "limits", "off")


def pytest_collection_modifyitems(config: pytest.Config, items: list[Any]) -> None:
    """Deselect all others."""
    kept: list[Any] = []
    for number, (_, group) in enumerate(itertools.groupby(sorted(items, key=_function), _function)):
        rows: dict[str, Any] = {}
        for item in group:
            rows.setdefault(_tier(item), item)
        wanted = {"", TIERS[number % len(TIERS)]}
        kept += [item for tier, item in rows.items() if tier in wanted] or [next(iter(rows.values()))]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = sorted(kept, key=items.index)


def _function(item: Any) -> str:
    return str(item.originalname)


def _tier(item: Any) -> str:
    params = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return next((tier for tier in TIERS if tier in params), "")
