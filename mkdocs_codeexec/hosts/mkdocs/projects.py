"""Material's plugin `projects`, which builds further sites in processes of its own.

What is raised in one of them ends the build of all: a project with a failing sample would keep others, and the site that
they are part of, from being written. So a project leaves its run in a folder, where the outermost site finds it.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mkdocs_codeexec.files import write_json
from mkdocs_codeexec.untrusted import remove_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mkdocs_codeexec.report.run import Run

NAME = "material/projects"


class Project(NamedTuple):
    """A site that is built in a process of its own.

    Attributes:
        folder: Where the outermost site waits for its run.
        name: The folder of its `mkdocs.yml`, as the outermost site sees it.
    """

    folder: Path
    name: str

    def leave(self, run: Run, fails: str) -> bool:
        """Leave `run`, and why the command must fail; return whether the outermost site will know."""
        found = run.to_json()
        samples: Any = found["samples"]
        pages = [{**sample, "page": f"{self.name}/{sample['page']}"} for sample in samples]
        try:
            write_json(self.folder / f"{self.name.replace('/', '.')}.json", {**found, "samples": pages, "fails": fails})
        except OSError:
            return False
        return True


def opened(plugins: Mapping[str, Any]) -> Path | None:
    """Return a new folder in which projects leave their runs; None if this is no site with projects."""
    plugin = plugins.get(NAME)
    if plugin is None or not (plugin.config.enabled and plugin.config.projects and plugin.builder):
        return None
    folder = _folder(plugin.config.projects_root_dir, os.getpid())
    with suppress(OSError):
        remove_path(folder)
        folder.mkdir(parents=True)
        return folder
    return None


def project(plugins: Mapping[str, Any], folder: Path) -> Project | None:
    """Return the site in `folder`, if it is a project of another one that waits for its run."""
    plugin, parent = plugins.get(NAME), multiprocessing.parent_process()
    root = plugin.config.projects_root_dir if plugin else None
    if root is None or parent is None or parent.pid is None:
        return None
    waiting = _folder(root, parent.pid)
    return Project(waiting, Path(os.path.relpath(folder, root)).as_posix()) if waiting.is_dir() else None


def collected(folder: Path) -> list[Mapping[str, Any]]:
    """Return the runs that projects have left, and remove the folder."""
    found = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]
    remove_path(folder)
    return found


def _folder(root: str, pid: int) -> Path:
    return Path(root, ".cache/plugin/projects", f"codeexec-{pid}")
