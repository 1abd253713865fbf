"""What a supervisor tells of a child's look-ups, sifted: paths of this machine that can decide anything."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.confinement import ISOLATING
from mkdocs_codeexec.runtime.sandbox import bubblewrap, places
from mkdocs_codeexec.runtime.sandbox.places import within

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mkdocs_codeexec.core.confinement import Access, Tier

_KERNEL = ("/proc", "/sys", "/dev")
_UNTOLD = (
    "/etc/ld.so.cache",  # the libraries that it leads to are looked up themselves
    "/etc/ld.so.preload",
    "/usr/lib/locale",  # every child has the locale `C.UTF-8`, which translates nothing
    "/usr/share/locale",
    "/usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache",
    "/usr/lib/aarch64-linux-gnu/gconv/gconv-modules.cache",
)
_COMPILED = re.compile(r"(?P<folder>.*/)?__pycache__/(?P<name>[^/]+?)\.[^/]*\.pyc(?:\.\d+)?")


_NESTED = 4
"""Scripts that are the programs of other scripts."""
_WORDS = {"h": "hidden", "l": "list", "y": "link", "s": "shown", "x": "there"}


def decoded(payload: bytes) -> tuple[str, ...]:
    """Return what a supervisor tells: a letter and a path each (`supervising.observing`)."""
    return tuple(os.fsdecode(item) for item in payload.split(b"\0") if item)


def sifted(asked: Iterable[str], scratch: str, access: Access, tier: Tier) -> tuple[str, ...]:
    """Return `asked` with normal paths, without what is the same for every child or can be there for none.

    What a child must not reach it does not find, whatever is there; and the parent shall not look into a file because a
    sample has asked for it. That it is not shown may change, though.

    Args:
        asked: A letter and a path each.
        scratch: The folder of all scratch directories.
        access: What the child may reach.
        tier: What held it to that.
    """
    skipped = (scratch, *_KERNEL, *_UNTOLD, *access.writable, os.fspath(bubblewrap.SUPERVISING))
    reached = _reached(access) if tier in ISOLATING else None
    beside = {os.path.dirname(place) for place in access.readable}
    found = set()
    for item in asked:
        letter, path = item[0], item[1:]
        folder, newline, name = path.partition("\n") if letter == "n" else (path, "", "")
        folder = _normal(folder)
        if any(within(folder, place) for place in skipped):
            continue
        if reached is not None and not any(within(folder, place) for place in reached):
            found.add("h" + folder)
            # Beside something that is shown: of a checkout, all but hidden entries are (`languages.views`).
            if letter == "l" and folder in beside:
                found.add("s" + folder)
            elif letter != "n" and os.path.dirname(folder) in beside and not os.path.basename(folder).startswith("."):
                found.add("x" + folder)
            continue
        found.add(letter + folder + newline + name)
    return tuple(sorted(found))


def _reached(access: Access) -> tuple[str, ...]:
    return (*everywhere(network=access.network), *access.readable)


def everywhere(*, network: bool) -> tuple[str, ...]:
    """Return what every child can reach."""
    return (*map(os.fsdecode, places.system(network=network)), *places.interpreter())


def _normal(path: str) -> str:
    """Return `path` without detours; one that leads up is followed as the kernel does it."""
    if "/../" in path or path.endswith("/.."):
        return os.path.realpath(path)
    return re.sub("/{2,}", "/", os.path.normpath(path))


def named(asked: Iterable[str], library: str, search: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Yield the word, the path and, of modules, the name of each input; see `core.observed`.

    Args:
        asked: As `sifted` returns it.
        library: Python's own modules, which the toolchain's identity stands for.
        search: The folders in which programs are looked for.
    """
    for item in asked:
        letter, path = item[0], item[1:]
        folder, _, name = path.partition("\n")
        if library and within(folder, library) and "-packages" not in folder:
            continue
        if letter == "n":
            yield "module", folder, name
            continue
        if letter in _WORDS:
            yield _WORDS[letter], path, ""
            continue
        if letter == "k":
            yield "link", path, ""
        if letter == "e":
            yield from (("read", program, "") for program in _started_by(path))
        if (compiled := _COMPILED.fullmatch(path)) is not None:
            # Its source decides; it is written anew when the date of that changes.
            yield "read", f"{compiled['folder'] or ''}{compiled['name']}.py", ""
        else:
            yield from _file(path, search)


def _file(path: str, search: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    parent, _, name = path.rpartition("/")
    if parent in search:  # and the file itself: the path may lead to one that the sandbox does not show
        yield "tool", name, ""
    if name != "__pycache__":
        yield "read", path, ""


def _started_by(path: str) -> Iterator[str]:
    """Yield the programs that the kernel starts for the script `path`: no call tells of them (`execve(2)`)."""
    for _ in range(_NESTED):
        try:
            # Never wait for a pipe.
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        except (OSError, ValueError):
            return
        try:
            line = os.read(fd, 256).partition(b"\n")[0]
        except OSError:
            return
        finally:
            os.close(fd)
        words = line[2:].split(maxsplit=1)
        if not line.startswith(b"#!") or not words or not words[0].startswith(b"/"):
            return
        path = _normal(os.fsdecode(words[0]))
        yield path
