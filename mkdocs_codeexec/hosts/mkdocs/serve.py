"""Live reload: what `mkdocs serve` watches beside the pages, and that no fault of ours leaves a rebuild.

An exception there leaves every request for a page waiting for ever.
"""

from __future__ import annotations

import functools
import inspect
import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar

from mkdocs_codeexec.hosts.mkdocs.choosing import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.livereload import LiveReloadServer


_BUILDING = frozenset(f"{name}.commands.build" for name in NAMES)
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


def described(config: MkDocsConfig) -> str:
    """Return all that files say of the site's configuration, as text; the objects that they name, without their addresses."""
    with warnings.catch_warnings():  # MkDocs has no other place for them, and wants to have none
        warnings.simplefilter("ignore", DeprecationWarning)
        found = config.user_configs
    return re.sub(r" at 0x[0-9a-f]+", "", repr(found))


@dataclass(slots=True)
class Watcher:
    """Keeps the server's list of watched paths in step with what samples depend on.

    Only sources are ever watched: MkDocs polls every file below a watched folder twice a second, and a target
    directory of 20,000 files would cost a quarter of a core.
    """

    _server: LiveReloadServer | None = None
    _wanted: set[Path] = field(default_factory=set)
    _watched: set[Path] = field(default_factory=set)

    def attach(self, server: LiveReloadServer) -> None:
        """Start watching through `server`."""
        self._server = server
        self._sync()

    def update(self, paths: Iterable[Path]) -> None:
        """Watch exactly `paths` from now on; those that do not exist are left out."""
        self._wanted = set(paths)
        self._sync()

    def _sync(self) -> None:
        if self._server is None:
            return
        for path in self._watched - self._wanted:
            self._server.unwatch(str(path))
        new = {path for path in self._wanted - self._watched if path.exists()}
        for path in new:
            self._server.watch(str(path))
        self._watched = (self._watched & self._wanted) | new
