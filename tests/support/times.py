"""How long something takes on a machine that others use, too: `assert quickest(work) < 1`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TRIES = 5


def quickest(once: Callable[[], float], within: float) -> float:
    """Return the least of the seconds that `once` says it took, tried a few times unless that is `within` what it may take.

    What can be done in time once is not slow; that it took longer another time is what others did meanwhile.
    """
    took = once()
    for _ in range(TRIES - 1):
        if took < within:
            break
        took = min(took, once())
    return took
