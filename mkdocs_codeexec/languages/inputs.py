"""Digests of files that samples depend on: those the configuration declares, and those that code names.

All of it is read from the disk alone: whether a sample is up to date must be known where nothing is installed.
"""

from __future__ import annotations

import contextlib
import math
import os
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from mkdocs_codeexec.core.action import Value, digest
from mkdocs_codeexec.languages.regular import hash_regular

MOST_FILES = 50_000
"""Files of one pattern or package; what comes behind them does not count."""
MOST_BYTES = 4 * 1024**3
"""Bytes of a file that code names; of larger ones the size counts."""
DEEPEST = 64
"""Folders in each other."""
NESTED = 80
"""Tables and lists in each other in a TOML document: as many as cargo takes."""

Holds: TypeAlias = Callable[[Path], bool]
"""Tells whether what a path leads to may count: a link is not followed that leads elsewhere."""


def declared(project: Path, patterns: Sequence[str], holds: Holds | None = None) -> tuple[tuple[str, str], ...]:
    """Return an input for each glob pattern: the digest of what matches it below `project`.

    Of a link that `holds` says leads elsewhere, where it leads counts, and not what is there.
    """
    found: list[tuple[str, str]] = []
    for pattern in sorted(set(patterns)):
        out: list[Path] = []
        files = matching(project, pattern, holds, out)
        hashes = [(name_of(path, project), _hash(path)) for path in files]
        links = [(name_of(path, project), f"link to {os.path.realpath(path)}") for path in out]
        found.append((f"inputs:{pattern}", digest_of([*hashes, *links])))
    return tuple(found)


def named(files: Mapping[str, Path], tree: Path | None = None) -> tuple[tuple[str, str], ...]:
    """Return an input for each of `files`, which code names; what is not there, or not in `tree`, may come."""
    found = ((name, hash_regular(path, MOST_BYTES, tree)) for name, path in sorted(files.items()))
    return tuple((f"file:{name}", one[0] if one else "") for name, one in found)


def matching(project: Path, pattern: str, holds: Holds | None = None, out: list[Path] | None = None) -> list[Path]:
    """Return the files that match `pattern`, sorted; a folder stands for all that is in it.

    Args:
        project: Where it starts.
        pattern: A glob pattern.
        holds: Tells of links whether they are followed; None: all are.
        out: Gets those that are not.
    """
    found: set[Path] = set()
    anchor, relative = project, pattern
    if os.path.isabs(pattern):  # noqa: PTH117 - a pattern is no path
        anchor = Path(Path(pattern).anchor)
        relative = str(Path(pattern).relative_to(anchor))
    while relative.startswith("../"):  # pathlib's glob does not go up
        anchor, relative = anchor.parent, relative[3:]
    relative = relative.removeprefix("./")
    refused: set[Path] = set()
    with contextlib.suppress(ValueError, OSError):
        for path in [anchor] if relative == "." else anchor.glob(relative) if relative else []:
            if len(found) > MOST_FILES:
                break
            if holds is not None and (link := _leads_out(path, anchor, holds, refused)):
                refused.add(link)
            else:
                found.update(files_of(path, enters_all, holds, refused) if path.is_dir() else [path])
    if out is not None:
        out += sorted(refused)
    return sorted(path for path in found if path not in refused and path.is_file())


def _leads_out(path: Path, anchor: Path, holds: Holds, known: set[Path]) -> Path | None:
    """Return the link on the way from `anchor` to `path` that leads elsewhere, None if there is none."""
    at = anchor
    for step in path.relative_to(anchor).parts:
        at /= step
        if at in known or (at.is_symlink() and not holds(at)):
            return at
    return None


def files_of(
    folder: Path, enters: Callable[[Path, str], bool], holds: Holds | None = None, out: set[Path] | None = None
) -> list[Path]:
    """Return the files below `folder`, sorted, in those folders that `enters` takes by parent and name.

    Links to folders are followed, as cargo does, but not in a circle, nor where `holds` says that they lead elsewhere;
    `out` gets those, and links to files that do. Neither depth nor number is without a limit.
    """
    found: list[Path] = []
    seen: set[str] = set()
    if holds is not None and folder.is_symlink() and not holds(folder):
        return []
    for at, folders, names in os.walk(folder, followlinks=True):
        here = Path(at)
        real = os.path.realpath(at)
        if real in seen or len(here.parts) - len(folder.parts) > DEEPEST:
            folders.clear()
            continue
        seen.add(real)
        if holds is not None:
            away = {name for name in (*folders, *names) if os.path.islink(f"{at}/{name}") and not holds(here / name)}  # noqa: PTH114 - many of them
            if out is not None:
                out.update(here / name for name in away)
            folders[:] = [name for name in folders if name not in away]
        folders[:] = sorted(name for name in folders if enters(here, name))
        found += [here / name for name in sorted(names)]
        if len(found) > MOST_FILES:
            return found[:MOST_FILES]
    return found


def enters_all(_parent: Path, name: str) -> bool:
    """Tell that a folder is entered, unless it is the history of a repository."""
    return name != ".git"


def read_toml(content: bytes | None) -> Mapping[str, object]:
    """Return the TOML document `content`, empty if it is none: whoever it is for says what is wrong with it.

    For cargo it is none either if its tables are nested without end, or its numbers have more than 64 bits.
    """
    try:
        found = tomllib.loads((content or b"").decode("utf-8"))
    except (ValueError, RecursionError):
        return {}
    return found if is_usual(found) else {}


def is_usual(document: object) -> bool:
    """Tell whether cargo would take a TOML document, as far as depth and numbers go."""
    level = [document]
    for _ in range(NESTED):
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                below += value.values()
            elif isinstance(value, list):
                below += value
            elif isinstance(value, int) and not -(2**63) <= value < 2**63:
                return False
        level = below
        if not level:
            return True
    return False


def name_of(path: Path, start: Path) -> str:
    """Return what `path` is called that is read for `start`: the same in every place."""
    return Path(os.path.relpath(path, start)).as_posix()


def _hash(path: Path) -> str | None:
    """Return what changes when the content of `path` does, which may be a link that is followed. None: no such file."""
    found = hash_regular(Path(os.path.realpath(path)) if path.is_symlink() else path, math.inf)
    return found[0] if found else None


def digest_of(files: Iterable[tuple[str, str | None]]) -> str:
    """Return a digest of names and of what is in files that are called so."""
    parts: list[Value] = list(files)
    return digest(tuple(parts))
