"""Live reload: which build a rebuild is, and that no fault of ours leaves it.

An exception there leaves every request for a page waiting for ever.
"""

from __future__ import annotations

import functools
import inspect
import re
import warnings
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar

from mkdocs_codeexec.hosts.mkdocs.choosing import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from mkdocs.config.defaults import MkDocsConfig


_BUILDING = frozenset(f"{name}.commands.build" for name in NAMES)
_SERVING = frozenset(f"{name}.commands.serve" for name in NAMES)
_T = TypeVar("_T")
_P = ParamSpec("_P")


class Survivor(Protocol):
    """Whose events are survived."""

    def survive(self, error: Exception) -> bool:
        """Tell of `error`, and whether the build is to go on."""
        ...


_S = TypeVar("_S", bound=Survivor)


def survived(event: Callable[Concatenate[_S, _T, _P], _T]) -> Callable[Concatenate[_S, _T, _P], _T]:
    """Return the handler of an event that passes its subject on as it came if anything goes wrong in a rebuild."""

    @functools.wraps(event)
    def handler(self: _S, subject: _T, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return event(self, subject, *args, **kwargs)
        except Exception as error:
            if not self.survive(error):
                raise
            return subject

    return handler


def depth() -> int:
    """Return how many builds of MkDocs go on in this thread, each within the one before; 1 if that is not known.

    No event says so, and counting events would go wrong for good after a build that ended without its last one.
    """
    found, frame = 0, inspect.currentframe()
    while frame is not None:
        found += frame.f_code.co_name == "build" and frame.f_globals.get("__name__") in _BUILDING
        frame = frame.f_back
    return max(found, 1)


def building() -> str:
    """Return the package whose command `build` goes on in this thread; empty if there is none, or a server has asked for it."""
    found, frame = "", inspect.currentframe()
    while frame is not None:
        name = str(frame.f_globals.get("__name__"))
        if name in _SERVING:
            return ""
        if name in _BUILDING and frame.f_code.co_name == "build":
            found = name.partition(".")[0]
        frame = frame.f_back
    return found


def described(config: MkDocsConfig) -> str:
    """Return all that files say of the site's configuration, as text; the objects that they name, without their addresses."""
    with warnings.catch_warnings():  # MkDocs has no other place for them, and wants to have none
        warnings.simplefilter("ignore", DeprecationWarning)
        found = config.user_configs
    return re.sub(r" at 0x[0-9a-f]+", "", repr(found))
