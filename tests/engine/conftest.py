"""What tests of the engine share."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.engines import close_all

if TYPE_CHECKING:
    from collections.abc import Iterator

DESCRIPTORS = Path("/proc/self/fd")
MORE = 8
"""What a module may hold until garbage is collected: pipes, a log."""


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture(scope="module", autouse=True)
def _no_descriptor_is_left() -> Iterator[None]:
    """Fail a module that leaves descriptors open: a thousand of them are the end of a worker."""
    gc.collect()
    before = len(list(DESCRIPTORS.iterdir())) if DESCRIPTORS.exists() else 0
    yield
    after = len(list(DESCRIPTORS.iterdir())) if before else 0
    assert after <= before + MORE, f"{after - before} more than before"
