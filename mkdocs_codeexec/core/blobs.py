"""Files that samples leave, by what is in them."""

from __future__ import annotations

from typing import NamedTuple


class Blob(NamedTuple):
    """A file that a sample has left in its working directory.

    Attributes:
        path: Its name there, `/` between folders; never absolute, never climbing.
        digest: Hex sha256 of its contents, by which the store has it.
        size: In bytes.
        executable: Whether its owner may execute it.
    """

    path: str
    digest: str
    size: int
    executable: bool = False


def is_within(path: str) -> bool:
    """Tell whether `path` names something below a directory, and cannot lead out of it."""
    climbs = any(part in ("", ".", "..") for part in path.split("/"))
    return not climbs and not any(c in path for c in "\\:\0")
