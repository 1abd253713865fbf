"""Engines that are closed when a test is over: each holds some folders of its store open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.engine.engine import Engine

if TYPE_CHECKING:
    from mkdocs_codeexec.core.protocols import Narrator
    from mkdocs_codeexec.core.settings import Settings

_open: list[Engine] = []


def opened(settings: Settings, narrator: Narrator, **more: Any) -> Engine:
    """Return an Engine that `close_all` will close."""
    _open.append(Engine(settings, narrator, **more))
    return _open[-1]


def close_all() -> None:
    """Close those that are open."""
    while _open:
        _open.pop().close()
