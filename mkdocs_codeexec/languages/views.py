"""What of this machine children may read: folders of the author and of programs, and no more of them than is needed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.languages import inputs

if TYPE_CHECKING:
    from mkdocs_codeexec.core.settings import Settings

SYSTEM = tuple(map(Path, ("/usr", "/bin", "/sbin", "/lib", "/lib64")))
"""Where the system's own programs and libraries are, which every child may read."""
MANY = 256
"""Files of one pattern that are named one by one; each of them is a mount."""


def views(path: Path) -> tuple[str, ...]:
    """Return what may be seen of the author's file or folder `path`: itself, or its entries without hidden ones.

    A checkout holds more than its sources: `.git` has the history and often a token, `.env` has secrets. A folder that
    has hidden entries is therefore given as the others, and a plain one as itself.
    """
    try:
        names = sorted(os.listdir(path))  # noqa: PTH208 - names are all that is wanted
    except NotADirectoryError:
        return (str(path),)
    except OSError:
        return ()
    shown = [name for name in names if not name.startswith(".")]
    return (str(path),) if len(shown) == len(names) else tuple(str(path / name) for name in shown)


def outermost(paths: Iterable[str | Path]) -> tuple[str, ...]:
    """Return those of `paths` that exist and are not within another of them, sorted."""
    found: list[str] = []
    # With a slash behind, what is within a folder comes right behind the folder.
    there = {os.path.normpath(path).rstrip("/") + "/" for path in paths if os.path.exists(path)}  # noqa: PTH110
    for path in sorted(there):
        if not found or not path.startswith(found[-1]):
            found.append(path)
    return tuple(path.rstrip("/") or "/" for path in found)


def given(project: Path, patterns: Sequence[str], readable: Sequence[Path]) -> Iterator[str]:
    """Yield what the configuration names: the matches of the declared inputs `patterns`, and `readable`."""
    for pattern in patterns:
        files = inputs.matching(project, pattern)
        if len(files) <= MANY:
            yield from map(str, files)
        else:
            for folder in dict.fromkeys(file.parent for file in files):
                yield from views(folder)
    yield from map(str, readable)


def named(project: Path, readable: Sequence[Path]) -> tuple[tuple[str, str], ...]:
    """Return an input for each of `readable`: that samples may read it, under a name that other checkouts share.

    What they find there is another question; before it was named, they found nothing.
    """
    names = {os.path.relpath(path, project) if path.is_relative_to(project) else str(path) for path in readable}
    return tuple((f"readable:{name}", "") for name in sorted(names))


def installation(program: Path, settings: Settings) -> Iterator[str]:
    """Yield what belongs to the installed `program`: its folder, and all of `X` for the real file `X/bin/program`.

    Of a home directory, or of a folder that holds one, never more than the folder of the program; nothing of the
    system's folders.
    """
    homes = _homes(settings)
    real = Path(os.path.realpath(program))
    for file in dict.fromkeys((program, real)):
        folder = file.parent
        if any(folder.is_relative_to(place) for place in SYSTEM):
            continue
        yield str(file if _is_private(folder, homes) else folder)
        if file == real and folder.name == "bin" and not _is_private(folder.parent, homes):
            yield str(folder.parent)


def _homes(settings: Settings) -> tuple[Path, ...]:
    found = [Path(settings.host_env.get("HOME") or "/"), Path("/root")]
    with contextlib.suppress(RuntimeError):  # a user that the system does not know
        found.append(Path.home())
    return tuple(dict.fromkeys((*found, *(Path(os.path.realpath(home)) for home in found))))


def _is_private(folder: Path, homes: Sequence[Path]) -> bool:
    """Tell whether `folder` holds more than programs: a home directory, what holds one, and what tools keep in one."""
    return any(home.is_relative_to(folder) or folder in (home / ".local", home / ".cargo") for home in homes) or (
        folder.parent in (Path("/home"), Path("/Users"))
    )
