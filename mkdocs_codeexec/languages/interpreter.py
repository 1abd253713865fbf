"""The Python that runs us, as a language of samples: what it is, and the folders that its samples import from."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import site
import sys
import sysconfig
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from mkdocs_codeexec.languages.grants import of_project
from mkdocs_codeexec.languages.views import SYSTEM, of_prefix


def identity() -> str:
    """Return what the running interpreter is. What is installed for it counts where a sample reads it."""
    return f"{sys.implementation.name} {sys.version}"


def program() -> Path:
    """Return the running interpreter's file, by a path without detours: a sandbox does not show what they lead through."""
    return Path(os.path.abspath(sys.executable))  # noqa: PTH100 - `resolve` would leave the virtual environment


class Labelled(NamedTuple):
    """A folder of the running interpreter, or of what is installed for it.

    Attributes:
        folder: Where it is.
        label: What stands for it in names that are the same on every machine.
        shown: What stands for it in output: modules are named as they are imported, by their package.
    """

    folder: str
    label: str
    shown: str


def library() -> str:
    """Return the folder of Python's own modules."""
    return os.path.normpath(sysconfig.get_path("stdlib"))


_TAKEN = ("project", "python", "venv", "prefix")


@functools.cache
def places() -> tuple[Labelled, ...]:
    """Return the folders of the running interpreter that other machines have elsewhere; inner ones need not come first."""
    found = [Labelled(str(folder), f"<site{number or ''}>", "") for number, folder in enumerate(_sites())]
    for name, folder in sources():
        taken = name in _TAKEN or name.startswith("site")
        label = f"<{name}.>" if taken else f"<{name}>"  # no distribution has a dot at its end
        found += [Labelled(path, f"{label}/{os.path.relpath(path, folder)}", "") for path in _imported(folder)]
        found.append(Labelled(folder, label, ""))
    found.append(Labelled(library(), "<python>", "<python>"))
    if sys.prefix != sys.base_prefix:
        found.append(Labelled(os.path.normpath(sys.prefix), "<venv>", "<venv>"))
    if not _is_system(Path(sys.base_prefix)):
        found.append(Labelled(os.path.normpath(sys.base_prefix), "<prefix>", "<prefix>"))
    return tuple(found)


@functools.cache
def sources() -> tuple[tuple[str, str], ...]:
    """Return the projects that are installed in place: the name of each distribution, and its folder."""
    found = [(name, str(path)) for site in _sites() for name, path in _editable(site)]
    return tuple(dict.fromkeys(found))


def look_again() -> None:
    """Forget what is installed, which may have changed since: `serve` builds many times in one process."""
    places.cache_clear()
    sources.cache_clear()
    walk_again()


def walk_again() -> None:
    """Forget what may be seen of projects that are installed in place: files come and go while pages are rendered."""
    _installed.cache_clear()


def sites() -> tuple[str, ...]:
    """Return the folders of installed packages."""
    return tuple(map(str, _sites()))


def imported() -> tuple[str, ...]:
    """Return the folders that modules are imported from, beside Python's own: of installed packages, and what they name."""
    return tuple(str(path) for folder in _sites() for path in (folder, *_paths(folder)))


def _imported(folder: str) -> list[str]:
    """Return the folders within a project that Python imports from."""
    named = (str(path) for site_folder in _sites() for path in _paths(site_folder))
    return [path for path in dict.fromkeys((f"{folder}/src", *named)) if path.startswith(folder + "/")]


def folders(*apart: Path) -> Iterator[str]:
    """Yield the folders that the running interpreter and what is installed for it consist of.

    Not the current directory, nor that of the script that runs, which `sys.path` holds too. Projects that are installed
    in place are seen without what is hidden in them.

    Args:
        apart: Folders that hold more than programs, the site's among them; an interpreter may be installed in one.
    """
    real = [Path(os.path.realpath(folder)) for folder in apart]
    for prefix in map(Path, dict.fromkeys((sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix))):
        if not _is_system(prefix):
            yield from of_prefix(prefix, *real)
    yield str(Path(os.path.realpath(sys.executable)).parent)
    yield from _installed(tuple(_sites()))


@functools.cache
def _installed(found: tuple[Path, ...]) -> tuple[str, ...]:
    """Return the folders `found` of installed packages, and what may be seen of projects that are installed in place."""
    named = [(*_paths(folder), *(path for _, path in _editable(folder))) for folder in found]
    projects = dict.fromkeys(chain.from_iterable(named))  # most are named twice
    return (*map(str, found), *chain.from_iterable(map(of_project, projects)))


def is_on(path: str) -> bool:
    """Tell whether the programs that are installed for the running interpreter are found on the search path `path`."""
    return os.path.normpath(f"{sys.prefix}/bin") in path.split(":")


def _is_system(folder: Path) -> bool:
    return folder == Path("/") or any(folder.is_relative_to(place) for place in SYSTEM)


def _sites() -> list[Path]:
    """Return the folders of installed packages, as `site` has them for a process of its own."""
    found = [*site.getsitepackages(), *([site.getusersitepackages()] if site.ENABLE_USER_SITE else ())]
    return [folder for folder in map(Path, dict.fromkeys(map(os.path.normpath, found))) if folder.is_dir()]


def _paths(folder: Path) -> Iterator[Path]:
    """Yield what the `.pth` files in `folder` put on the path (the documentation of `site`)."""
    for file in sorted(folder.glob("*.pth")):
        with contextlib.suppress(OSError, ValueError):
            for line in file.read_text("utf-8").splitlines():
                if line.strip() and not line.startswith(("#", "import ", "import\t")):
                    yield Path(os.path.normpath(folder / line.rstrip()))


def _editable(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the names and folders of the projects that are installed in place ("Direct URL Data Structure", PyPA specifications)."""
    for file in sorted(folder.glob("*.dist-info/direct_url.json")):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            said = json.loads(file.read_text("utf-8"))
            url = urlsplit(said["url"])
            if url.scheme == "file" and said["dir_info"].get("editable") is True:
                name = file.parent.name.partition("-")[0].lower().replace("_", "-")
                yield name, Path(unquote(url.path))
