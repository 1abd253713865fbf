"""What of this machine children may read: folders of the author and of programs, and no more of them than is needed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs_codeexec.core.settings import Settings

SYSTEM = tuple(map(Path, ("/usr", "/bin", "/sbin", "/lib", "/lib64")))
"""Where the system's own programs and libraries are, which every child may read."""

INSTALLED = ("bin", "include", "lib", "lib64", "pyvenv.cfg", "share")
"""What a virtual environment consists of."""


def outermost(paths: Iterable[str | Path]) -> tuple[str, ...]:
    """Return those of `paths` that exist and are not within another of them, sorted."""
    found: list[str] = []
    # With a slash behind, what is within a folder comes right behind the folder.
    there = {os.path.normpath(path).rstrip("/") + "/" for path in paths if os.path.exists(path)}  # noqa: PTH110
    for path in sorted(there):
        if not found or not path.startswith(found[-1]):
            found.append(path)
    return tuple(path.rstrip("/") or "/" for path in found)


def named(project: Path, readable: Sequence[Path]) -> tuple[tuple[str, str], ...]:
    """Return an input for each of `readable`: that samples may read it, under a name that other checkouts share.

    What they find there is another question; before it was named, they found nothing.
    """
    names = {os.path.relpath(path, project) if path.is_relative_to(project) else str(path) for path in readable}
    return tuple((f"readable:{name}", "") for name in sorted(names))


def installation(program: Path, settings: Settings) -> Iterator[str]:
    """Yield what belongs to the installed `program`: its folder, and all of `X` for the real file `X/bin/program`.

    Of a home directory, or of a folder that holds one, never more than the folder of the program, and of one that holds
    the site no more than the program; nothing of the system's folders.
    """
    private = homes(settings.host_env)
    real = Path(os.path.realpath(program))
    project = Path(os.path.realpath(settings.project_dir))
    for file in dict.fromkeys((program, real)):
        folder = file.parent
        if any(folder.is_relative_to(place) for place in SYSTEM):
            continue
        yield str(file if _is_private(folder, (*private, project)) else folder)
        if file == real and folder.name == "bin" and not _is_private(folder.parent, private):
            yield from of_prefix(folder.parent, project)


def of_prefix(folder: Path, *apart: Path) -> Iterator[str]:
    """Yield what belongs to what is installed in `folder`: all of it, or what it has to have if it holds one of `apart`.

    A virtual environment may be the folder of a project, and then holds more than programs.
    """
    real = Path(os.path.realpath(folder))
    if any(one.is_relative_to(real) for one in apart):
        yield from (str(folder / name) for name in INSTALLED)
    else:
        yield str(folder)


def homes(host_env: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the home directories of whoever builds, and of root, by all their names."""
    found = [Path(host_env.get("HOME") or "/"), Path("/root")]
    with contextlib.suppress(RuntimeError):  # a user that the system does not know
        found.append(Path.home())
    return tuple(dict.fromkeys((*found, *(Path(os.path.realpath(home)) for home in found))))


def _is_private(folder: Path, homes: Sequence[Path]) -> bool:
    """Tell whether `folder` holds more than programs: a home directory, what holds one, and what tools keep in one."""
    return any(home.is_relative_to(folder) or folder in (home / ".local", home / ".cargo") for home in homes) or (
        folder.parent in (Path("/home"), Path("/Users"))
    )
