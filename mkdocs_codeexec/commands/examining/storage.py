"""What is kept on the disk: results, and Environments."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.commands.examining.checks import FINE, MISSING, NOTE, Check
from mkdocs_codeexec.core.outcome import counted
from mkdocs_codeexec.languages.present import count_environments
from mkdocs_codeexec.runtime.opening import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mkdocs_codeexec.core.settings import Settings

LITTLE = 1024**3
"""Bytes that an Environment of some crates takes."""
MOST_FILES = 100_000
"""Files whose sizes are asked for."""


def store(settings: Settings) -> Check:
    """Return where results are, how many, and whether more can be stored."""
    with closing(open_store(settings, lambda _: None)) as kept:  # what is wrong with an entry, a build tells
        count, size = sum(1 for _ in kept.entries()), kept.size
    words = f"{settings.cache_dir}: {counted(count, 'outcome')}, {_in_words(size)}"
    if settings.cache_size is not None:
        words += f" of {settings.cache_size} MiB"
    if why := _obstacle(settings.cache_dir):
        hint = "set `cache_dir` to a folder that you can write to"
        return Check("store", "results", MISSING, f"{settings.cache_dir} cannot be written: {why}", hint)
    if settings.cache_write_refusal:
        return Check("store", "results", NOTE, f"{words}; nothing is stored: {settings.cache_write_refusal}")
    if not settings.cache_write:
        return Check("store", "results", NOTE, f"{words}; nothing is stored: `cache_write: off`")
    return Check("store", "results", FINE, words)


def environments(settings: Settings, states: Mapping[str, str]) -> Iterator[Check]:
    """Yield where Environments are and what they take, and of each of the site whether it is built.

    Args:
        settings: The configuration.
        states: Of those of the site: `built`, `stale` or `absent`.
    """
    folder = settings.environment_dir
    if why := _obstacle(folder):
        hint = "set `environment_dir` to a folder that you can write to"
        yield Check("environments", "all", MISSING, f"{folder} cannot be written: {why}", hint)
    else:
        count, size = count_environments(folder), _size(folder)[1]
        free = shutil.disk_usage(_nearest(folder)).free
        words = f"{folder}: {count} built, {_in_words(size)}; {_in_words(free)} free"
        yield Check("environments", "all", FINE if free > LITTLE else NOTE, words)
    for name, state in states.items():
        yield Check("environments", name, FINE if state == "built" else NOTE, _STATES[state])


_STATES = {
    "built": "built",
    "stale": "stale: it was built for other versions or sources; the next build makes it anew",
    "absent": "not built yet; the next build that needs it makes it",
}


def _nearest(folder: Path) -> Path:
    """Return `folder`, or the one above it that is there."""
    return next(one for one in (folder, *folder.parents) if one.exists())


def _obstacle(folder: Path) -> str:
    """Return why `folder` cannot be made or written to; empty if it can."""
    nearest = _nearest(folder)
    if not nearest.is_dir():
        return f"`{nearest}` is no folder"
    if os.access(nearest, os.W_OK | os.X_OK):
        return ""
    if os.statvfs(nearest).f_flag & os.ST_RDONLY:
        return "its file system is read-only"
    return f"you have no right to write to `{nearest}`"


def _size(folder: Path) -> tuple[int, int]:
    """Return how many files are below `folder`, which is not followed out of, and how many bytes they take."""
    count, size = 0, 0
    for above, _, names in os.walk(folder):
        for name in names:
            if count >= MOST_FILES:
                return count, size
            count += 1
            size += os.lstat(Path(above, name)).st_size
    return count, size


def _in_words(size: int) -> str:
    return f"{size / 1024**2:.1f} MiB" if size < 1024**3 else f"{size / 1024**3:.1f} GiB"
