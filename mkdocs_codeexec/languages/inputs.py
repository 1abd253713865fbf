"""Digests of files that samples depend on: those the configuration declares, and those that code names.

All of it is read from the disk alone: whether a sample is up to date must be known where nothing is installed.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from mkdocs_codeexec.core.action import Value, digest
from mkdocs_codeexec.untrusted.regular import hash_regular

MOST_FILES = 50_000
"""Files of one pattern or package; what comes behind them does not count."""
MOST_BYTES = 4 * 1024**3
"""Bytes of a file that code names; of larger ones the size counts."""
DEEPEST = 64
"""Folders in each other."""

Holds: TypeAlias = Callable[[Path], bool]
"""Tells whether what a path leads to may count: a link is not followed that leads elsewhere."""
Refuse: TypeAlias = Callable[[Path], None]
"""Is told of a link that is not followed."""


def declared(
    project: Path, patterns: Sequence[str], holds: Holds | None = None, refuse: Refuse | None = None
) -> tuple[tuple[str, str], ...]:
    """Return an input for each glob pattern: the digest of what matches it below `project`.

    Of a link that `holds` says leads elsewhere, where it leads counts, and not what is there; `refuse` is told of it.
    """
    found: list[tuple[str, str]] = []
    for pattern in sorted(set(patterns)):
        out: list[Path] = []
        files = matching(project, pattern, holds, out)
        if refuse is not None:
            for link in out:
                refuse(link)
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
    ways: dict[Path, Path | None] = {}
    walked: set[Path] = set()
    with contextlib.suppress(ValueError, OSError):
        for path in [anchor] if relative == "." else anchor.glob(relative) if relative else []:
            if len(found) > MOST_FILES:
                break
            if holds is not None and (link := _leads_out(path, anchor, holds, ways)):
                refused.add(link)
            elif not path.is_dir():
                found.add(path)
            elif path.is_symlink() or not _is_below(path, walked):
                walked.add(path)
                found.update(files_of(path, enters_all, holds, refused))
    if out is not None:
        out += sorted(refused)
    return sorted(path for path in found if path not in refused and path.is_file())


def _is_below(path: Path, walked: set[Path]) -> bool:
    """Tell whether the files in the folder `path` were found already, as they are below one that was `walked`."""
    at = path
    while at.name != ".git" and at != at.parent:
        if (at := at.parent) in walked:
            return True
    return False


def _leads_out(path: Path, anchor: Path, holds: Holds, ways: dict[Path, Path | None]) -> Path | None:
    """Return the link on the way from `anchor` to `path` that leads elsewhere, None if there is none.

    Args:
        path: A match.
        anchor: Where the pattern starts.
        holds: Tells where links may lead.
        ways: What was found already, by folder.
    """
    if path == anchor:
        return None
    if path not in ways:
        before = _leads_out(path.parent, anchor, holds, ways)
        leads = before is None and os.path.islink(path) and not holds(path)  # noqa: PTH114 - there are thousands
        ways[path] = path if leads else before
    return ways[path]


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
    waiting = [(folder, 0)]
    while waiting and len(found) < MOST_FILES:
        here, depth = waiting.pop()
        real = os.path.realpath(here)
        if real in seen or depth > DEEPEST:
            continue
        seen.add(real)
        try:
            with os.scandir(here) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError:
            continue
        inner: list[tuple[Path, int]] = []
        for entry in entries:
            path = here / entry.name
            if holds is not None and entry.is_symlink() and not holds(path):
                if out is not None:
                    out.add(path)
            elif not _is_folder(entry):
                found.append(path)
            elif enters(here, entry.name):
                inner.append((path, depth + 1))
        waiting += reversed(inner)
    return found[:MOST_FILES]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def enters_all(_parent: Path, name: str) -> bool:
    """Tell that a folder is entered, unless it is the history of a repository."""
    return name != ".git"


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
