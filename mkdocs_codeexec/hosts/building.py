"""Whether MkDocs, or ProperDocs, builds a site around us, for those who are no plugin of it. Nothing of it is imported."""

from __future__ import annotations

import inspect

_PACKAGES = ("mkdocs", "properdocs")
_BUILDING = frozenset(f"{name}.commands.build" for name in _PACKAGES)
_SERVING = frozenset(f"{name}.commands.serve" for name in _PACKAGES)


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
