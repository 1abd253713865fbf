"""Descriptors of this process, where somebody has started it with fewer than the three that every program expects."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STANDARD = 3
"""Descriptors below that are the standard streams of every program (`stdin(3)`)."""


@contextmanager
def above_standard() -> Iterator[None]:
    """Have descriptors that are opened meanwhile be no standard stream, although one is closed (`<&-`).

    What a program is given besides its standard streams would otherwise be in their place, and lost to it.

    Raises:
        OSError: There are no descriptors left.
    """
    held: list[int] = []
    try:
        while (fd := os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)) < STANDARD:
            held.append(fd)
        os.close(fd)
        yield
    finally:
        for fd in held:
            os.close(fd)
