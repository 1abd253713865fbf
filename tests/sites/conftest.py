"""What tests of whole sites share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project


@pytest.fixture
def rebuild(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Builds the project in this process as `serve` does; what is raised would keep every page from its reader."""
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    from mkdocs.config.defaults import MkDocsConfig

    for name, value in project.env.items():
        monkeypatch.setenv(name, value)
    plugins: Any = MkDocsConfig.plugins
    plugins.plugin_cache.clear()  # where MkDocs keeps what has `on_startup` for the next build

    def one() -> None:
        first = not plugins.plugin_cache
        config = load_config(str(project.root / "mkdocs.yml"))
        if first:
            config.plugins.on_startup(command="serve", dirty=False)
        build(config)

    return one
