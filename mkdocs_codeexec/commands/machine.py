"""What there is on this machine: sandbox, toolchains, store, Environments."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.confinement import ISOLATING
from mkdocs_codeexec.languages.present import environments, present
from mkdocs_codeexec.runtime.process import Children

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mkdocs_codeexec.core.confinement import Tier
    from mkdocs_codeexec.core.protocols import Runner
    from mkdocs_codeexec.core.settings import Settings

FINE, NOTE, MISSING = "ok", "note", "missing"
LITTLE = 1024**3
"""Bytes that an Environment of some crates takes."""
MOST_FILES = 100_000


class Check(NamedTuple):
    """One line of the report.

    Attributes:
        section: Which part of the machine.
        name: What was looked at.
        state: `ok`, `note` (worth knowing), or `missing` (samples will not run as the site wants them to).
        words: What was found.
        hint: What to do; may be empty.
    """

    section: str
    name: str
    state: str
    words: str
    hint: str = ""


def examined(settings: Settings, named: Mapping[str, object]) -> list[Check]:
    """Look at everything.

    Args:
        settings: The configuration.
        named: The languages that the site names: their programs must be there.
    """
    path = settings.host_env.get("PATH")
    with Children(settings.sandbox, path=path, tiers=settings.tiers) as children:
        found = [*_sandbox(settings, children)]
        # Asking what a program is starts it, confined where that can be, else not at all.
        usable = children.refusal is None
        found += _toolchains(settings, named, children) if usable else ()
    return [*found, _store(settings), _environments(settings)]


def _sandbox(settings: Settings, children: Children) -> Iterator[Check]:
    choice = children.choice
    for one in choice.obstacles:
        yield Check("sandbox", one.tier, NOTE if choice.tier else MISSING, one.why, one.fix)
    refusal = children.refusal
    if refusal is not None:
        yield Check("sandbox", f"{settings.sandbox}", MISSING, refusal.reason, refusal.hint)
    elif choice.tier is not None:
        yield Check("sandbox", choice.tier, FINE if choice.tier in ISOLATING else NOTE, _promise(choice.tier))


def _promise(tier: Tier) -> str:
    if tier == "off":
        return "no sandbox: samples are you"
    if tier == "limits":
        return "samples run so: they can read your files and use the network"
    return "samples run so; `codeexec doctor --probe` tries what they can reach"


def _toolchains(settings: Settings, named: Mapping[str, object], runner: Runner) -> Iterator[Check]:
    for one in present(settings, runner):
        absent = MISSING if one.language in named else NOTE
        yield Check("toolchains", one.name, FINE if one.there else absent, one.words, one.hint)


def _store(settings: Settings) -> Check:
    count, size = _size(settings.cache_dir / "results")
    words = f"{settings.cache_dir}: {count} outcomes, {_mebibytes(size)}"
    if settings.cache_size is not None:
        words += f" of {settings.cache_size} MiB"
    if not _is_writable(settings.cache_dir):
        hint = "set `cache_dir` to a folder that you can write to"
        return Check("store", "results", MISSING, f"{settings.cache_dir} cannot be written", hint)
    if settings.cache_write_refusal:
        return Check("store", "results", NOTE, f"{words}; nothing is stored: {settings.cache_write_refusal}")
    return Check("store", "results", FINE, words)


def _environments(settings: Settings) -> Check:
    folder = settings.environment_dir
    if not _is_writable(folder):
        hint = "set `environment_dir` to a folder that you can write to"
        return Check("environments", "built", MISSING, f"{folder} cannot be written", hint)
    count = environments(folder)
    free = shutil.disk_usage(_nearest(folder)).free
    words = f"{folder}: {count}, {_mebibytes(free)} free"
    return Check("environments", "built", FINE if free > LITTLE else NOTE, words)


def _nearest(folder: Path) -> Path:
    """Return `folder`, or the one above it that is there."""
    return next(one for one in (folder, *folder.parents) if one.exists())


def _is_writable(folder: Path) -> bool:
    nearest = _nearest(folder)
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


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


def _mebibytes(size: int) -> str:
    return f"{size / 1024**2:.1f} MiB" if size < 1024**3 else f"{size / 1024**3:.1f} GiB"
