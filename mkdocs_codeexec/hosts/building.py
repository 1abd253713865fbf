"""Whether MkDocs, or ProperDocs, builds a site around us, for those who are no plugin of it. Nothing of it is imported."""

from __future__ import annotations

import inspect
from pathlib import Path

_PACKAGES = ("mkdocs", "properdocs")
_BUILDING = frozenset(f"{name}.commands.build" for name in _PACKAGES)
_SERVING = frozenset(f"{name}.commands.serve" for name in _PACKAGES)


def built_file() -> Path | None:
    """Return the configuration of the site that is built in this thread; None if there is none, or it comes from a pipe."""
    frame = inspect.currentframe()
    while frame is not None:
        if str(frame.f_globals.get("__name__")) in _BUILDING and frame.f_code.co_name == "build":
            file = Path(getattr(frame.f_locals.get("config"), "config_file_path", None) or "")
            return file if file.is_file() else None
        frame = frame.f_back
    return None


def building(*, served: bool = False) -> str:
    """Return the package whose command `build` goes on in this thread; empty if there is none.

    Args:
        served: Whether a build counts that a server has asked for.
    """
    found, frame = "", inspect.currentframe()
    while frame is not None:
        name = str(frame.f_globals.get("__name__"))
        if name in _SERVING and not served:
            return ""
        if name in _BUILDING and frame.f_code.co_name == "build":
            found = name.partition(".")[0]
        frame = frame.f_back
    return found
