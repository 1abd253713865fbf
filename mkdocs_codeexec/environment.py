"""The variables of this process."""

from __future__ import annotations

import os


def read_environment() -> dict[str, str]:
    """Return the variables of this process: the one place where they are read."""
    return dict(os.environ)
