"""The Python that runs us, as a language of samples: what it is, and the folders that its samples import from."""

from __future__ import annotations

import contextlib
import json
import os
import site
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mkdocs_codeexec.languages.views import SYSTEM, views


def identity() -> str:
    """Return what the running interpreter is, and which distributions its samples can import.

    Names and versions are those of the folders that hold the metadata ("Recording installed projects", PyPA
    specifications); reading the metadata itself would take longer than all else in a build without changes.
    """
    installed: set[str] = set()
    for folder in sys.path:
        with contextlib.suppress(OSError):
            installed |= {
                name.removesuffix(".dist-info").removesuffix(".egg-info")
                for name in os.listdir(folder or ".")  # noqa: PTH208 - names are all that is wanted
                if name.endswith((".dist-info", ".egg-info"))
            }
    return "\n".join((f"{sys.implementation.name} {sys.version}", *sorted(installed, key=str.lower)))


def folders() -> Iterator[str]:
    """Yield the folders that the running interpreter and what is installed for it consist of.

    Not the current directory, nor that of the script that runs, which `sys.path` holds too. Projects that are installed
    in place are seen without what is hidden in them.
    """
    prefixes = (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)
    yield from (prefix for prefix in prefixes if not _is_system(Path(prefix)))
    yield str(Path(os.path.realpath(sys.executable)).parent)
    for folder in _sites():
        yield str(folder)
        for project in (*_paths(folder), *_editable(folder)):
            yield from views(project)


def is_on(path: str) -> bool:
    """Tell whether the programs that are installed for the running interpreter are found on the search path `path`."""
    return str(Path(sys.prefix, "bin")) in path.split(":")


def _is_system(folder: Path) -> bool:
    return folder == Path("/") or any(folder.is_relative_to(place) for place in SYSTEM)


def _sites() -> list[Path]:
    """Return the folders of installed packages, as `site` has them for a process of its own."""
    found = [*site.getsitepackages(), *([site.getusersitepackages()] if site.ENABLE_USER_SITE else ())]
    return [folder for folder in map(Path, dict.fromkeys(found)) if folder.is_dir()]


def _paths(folder: Path) -> Iterator[Path]:
    """Yield what the `.pth` files in `folder` put on the path (the documentation of `site`)."""
    for file in sorted(folder.glob("*.pth")):
        with contextlib.suppress(OSError, ValueError):
            for line in file.read_text("utf-8").splitlines():
                if line.strip() and not line.startswith(("#", "import ", "import\t")):
                    yield Path(os.path.normpath(folder / line.rstrip()))


def _editable(folder: Path) -> Iterator[Path]:
    """Yield the projects that are installed in place ("Direct URL Data Structure", PyPA specifications)."""
    for file in sorted(folder.glob("*.dist-info/direct_url.json")):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            said = json.loads(file.read_text("utf-8"))
            url = urlsplit(said["url"])
            if url.scheme == "file" and said["dir_info"].get("editable") is True:
                yield Path(unquote(url.path))
