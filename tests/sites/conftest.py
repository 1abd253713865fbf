"""What tests of whole sites share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.zensical import Rendered, Site, install

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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


@pytest.fixture(scope="session")
def zensical(once: Callable[[str, Callable[[Path], str]], tuple[Path, str]]) -> Path:
    """Return the folder that has Zensical in it, for a `PYTHONPATH`."""
    folder, why = once("zensical", install)
    if why:
        pytest.skip(f"Zensical cannot be installed: {why[-300:]}")
    return folder


@pytest.fixture
def site(tmp_path: Path, zensical: Path, environment_dir: Path) -> Site:
    """Return a site of Zensical, with the extension's default options and an empty page."""
    env = {"PYTHONPATH": str(zensical), "CODEEXEC_ENVIRONMENT_DIR": str(environment_dir), "NO_COLOR": "1"}
    found = Site(tmp_path / "zensical-site", env)
    found.configure()
    found.page("# Home\n")
    return found


@pytest.fixture(params=["build", "wrapped"])
def build(request: pytest.FixtureRequest, site: Site) -> Callable[..., Rendered]:
    """Both ways to build a site of Zensical: `zensical build` and `codeexec zensical build`."""
    found: Callable[..., Rendered] = getattr(site, request.param)
    return found
