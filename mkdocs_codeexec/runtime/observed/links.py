"""Links on the way to paths, looked at once for many of them."""

from __future__ import annotations

import os


class Links:
    """Knows where paths lead, as long as it is used: one for each sample that has ended.

    Most paths have the same few folders above them, and no link on the way: then a path is its own real path.
    """

    def __init__(self) -> None:
        self._straight: dict[str, bool] = {"/": True, "": True}

    def real(self, path: str) -> str:
        """Return where `path` leads."""
        if path.startswith("/") and path == os.path.normpath(path) and self._is_straight(path):
            return path
        return os.path.realpath(path)

    def on_the_way(self) -> list[str]:
        """Return the paths that were looked at: what was asked for, and the folders above."""
        return list(self._straight)[2:]

    def _is_straight(self, path: str) -> bool:
        """Tell whether no link is on the way to `path`, nor it is one."""
        known = self._straight
        unknown = []
        while (straight := known.get(path)) is None:
            unknown.append(path)
            path = path[: path.rindex("/")]
        for path in reversed(unknown):
            straight = known[path] = straight and not os.path.islink(path)
        return straight
