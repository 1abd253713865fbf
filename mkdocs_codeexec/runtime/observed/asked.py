"""What a supervisor tells of a child's look-ups, sifted: paths of this machine that can decide anything."""

from __future__ import annotations

import functools
import os
import re
import shutil
from typing import TYPE_CHECKING

from mkdocs_codeexec import rich_display
from mkdocs_codeexec.core.confinement import ISOLATING
from mkdocs_codeexec.runtime.observed.links import Links
from mkdocs_codeexec.runtime.sandbox import bubblewrap, places
from mkdocs_codeexec.runtime.sandbox.places import Folders, within

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from mkdocs_codeexec.core.confinement import Access, Tier

KERNEL = ("/proc", "/sys", "/dev")
_MEMORY = "/dev/shm"  # noqa: S108 - in which there are usual files
_BY_PROCESS = re.compile(r"/proc/(?:self|thread-self|\d+)/(?:task/\d+/)?(?:cwd|root|fd/\d+)/.")
"""What is reached through a process: where that leads, nobody knows when it has ended."""
UNKNOWABLE = "!"
"""What stands for look-ups of which nobody can say what they found."""
_UNTOLD = (
    "/etc/ld.so.cache",  # the libraries that it leads to are looked up themselves
    "/etc/ld.so.preload",
    "/usr/lib/locale",  # every child has the locale `C.UTF-8`, which translates nothing
    "/usr/share/locale",
    "/usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache",
    "/usr/lib/aarch64-linux-gnu/gconv/gconv-modules.cache",
)
_COMPILED = re.compile(r"(?P<folder>.*/)?__pycache__/(?P<name>[^/]+?)\.[^/]*\.pyc(?:\.\d+)?")


_UPWARDS = 1024 * 1024
"""Characters of paths with `..` in them, each counted as often as it goes up: for each, links are looked for."""
_NESTED = 4
"""Scripts that are the programs of other scripts."""
BINARY = "b"
"""The letter of programs of local packages, by name; where they are is of no interest (`languages.binaries`)."""
_WORDS = {"h": "hidden", "l": "list", "y": "link", "s": "shown", "x": "there"}


def decoded(payload: bytes) -> tuple[str, ...] | None:
    """Return what a supervisor tells: a letter and a path each (`supervising.observing`).

    None if to look after it all would take longer than anybody has: a sample decides what it looks for.
    """
    items = [item for item in payload.split(b"\0") if item]
    if b"/.." in payload and sum(item.count(b"/..") * len(item) for item in items) > _UPWARDS:
        return None
    return tuple(map(os.fsdecode, items))


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
    asked = tuple(asked)
    if any(_BY_PROCESS.match(item, 1) for item in asked):
        return (UNKNOWABLE,)
    skipped = _skipped(scratch, access.writable)
    reach = _Reach(access, tier) if tier in ISOLATING else None
    found = set()
    for item in _with_ways(asked):
        letter, path = item[0], item[1:]
        folder, newline, name = path.rpartition("\n") if letter == "n" else (path, "", "")
        folder = _normal(folder)
        if folder in skipped or of_kernel(folder):
            continue
        if letter == "o":  # a folder may be listed then, without having been opened as one
            letter = "l" if os.path.isdir(folder) else "f"
        if reach is not None and not reach.has(folder):
            found |= _unreached(letter, folder, newline + name, access, tier)
            continue
        found.add(letter + folder + newline + name)
    if _lacks_a_library(found):  # the loader may know of it one day
        found.add("f/etc/ld.so.cache")
    if reach is not None:  # a folder on the way to something is there, and no more of it
        found = {item for item in found if item[0] not in "hx" or not reach.leads_through(item[1:])}
    return tuple(sorted(found))


def _above(path: str) -> Iterator[str]:
    while (path := os.path.dirname(path)) not in ("/", ""):
        yield path
    yield "/"


_LIBRARY = re.compile(r"\.so(\.|$)")


def _lacks_a_library(asked: Iterable[str]) -> bool:
    """Tell whether a shared library was looked for that is nowhere."""
    there: dict[str, bool] = {}
    for item in asked:
        name = item.rpartition("/")[2]
        if item[0] == "f" and ".so" in name and _LIBRARY.search(name):
            there[name] = there.get(name, False) or os.path.lexists(item[1:])
    return not all(there.values())


def _unreached(letter: str, path: str, module: str, access: Access, tier: Tier) -> set[str]:
    """Return what counts of a `path` that a child could not reach: that it could not, and what else it could tell.

    Of a checkout, all but hidden entries are shown (`languages.views`), so what comes beside these will be.
    """
    beside = _beside(access)
    found = {f"h{path}"}
    if letter == "l" and path in beside:
        found.add(f"s{path}")
    elif letter == "n" and path in beside:
        found.add(f"n{path}{module}")
    else:
        if tier == "landlock" and letter in "feky":  # which does not keep from asking
            found.add(f"x{path}")
        found |= {f"x{entry}" for place in beside if (entry := _entry(place, path))}
    return found


def _with_ways(asked: Iterable[str]) -> Iterator[str]:
    """Yield `asked`, and the folders that a path goes up from: links decide where that leads."""
    for item in asked:
        yield item
        at = item.find("/..")
        while at > 1:
            if item[at + 3 : at + 4] in ("", "/"):
                yield "f" + item[1:at]
            at = item.find("/..", at + 1)


def _entry(place: str, path: str) -> str:
    """Return the entry of `place` in which `path` is or would be, unless it is hidden."""
    if not path.startswith(f"{place}/"):
        return ""
    name = path[len(place) + 1 :].partition("/")[0]
    return "" if name.startswith(".") else f"{place}/{name}"


class _Reach:
    """What a child with `access` can read. Of a path with links, Landlock looks at where they lead."""

    def __init__(self, access: Access, tier: Tier) -> None:
        self._access = access
        self._tier = tier
        self._named = _reached(access)
        self._links = Links()
        self._real: Folders | None = None

    def has(self, path: str) -> bool:
        """Tell whether it can read `path`."""
        if path in self._named:
            return True
        real = self._led_to()
        if path in real:
            return True
        if self._tier != "landlock":
            return False
        led = os.path.realpath(path)
        return led in self._named or led in real

    def leads_through(self, path: str) -> bool:
        """Tell whether `path` is a folder above something that it can read."""
        return path in _ways(self._named) or path in _ways(self._led_to())

    def _led_to(self) -> Folders:
        """Return what it can read by the real names: looked for anew for each child, and only if it is needed."""
        if self._real is None:
            self._real = _folders(tuple(map(self._links.real, self._access.readable)))
        return self._real


@functools.lru_cache(maxsize=64)
def _skipped(scratch: str, writable: tuple[str, ...]) -> Folders:
    return Folders((scratch, *_UNTOLD, *writable, os.fspath(bubblewrap.SUPERVISING), rich_display.FOLDER))


_KERNEL = Folders(KERNEL)


def of_kernel(path: str) -> bool:
    """Tell whether the kernel itself makes what is at `path`."""
    return path in _KERNEL and not within(path, _MEMORY)


@functools.lru_cache(maxsize=64)
def _reached(access: Access) -> Folders:
    """Return what a child with `access` reaches by the names that are given, whatever links there are."""
    return Folders((*everywhere(network=access.network), *access.readable))


@functools.lru_cache(maxsize=64)
def _folders(paths: tuple[str, ...]) -> Folders:
    return Folders(paths)


@functools.lru_cache(maxsize=64)
def _ways(folders: Folders) -> frozenset[str]:
    return frozenset(way for folder in folders for way in _above(folder))


@functools.lru_cache(maxsize=64)
def _beside(access: Access) -> frozenset[str]:
    return frozenset(os.path.dirname(place) for place in access.readable)


def everywhere(*, network: bool) -> tuple[str, ...]:
    """Return what every child can reach."""
    return (*map(os.fsdecode, places.system(network=network)), *places.interpreter())


def _normal(path: str) -> str:
    """Return `path` without detours; one that leads up is followed as the kernel does it."""
    if "/../" in path or path.endswith("/.."):
        return os.path.realpath(path)
    path = os.path.normpath(path)
    return path[1:] if path.startswith("//") else path


def named(asked: Iterable[str], library: str, search: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Yield the word, the path and, of modules, the name of each input; see `core.observed`.

    Args:
        asked: As `sifted` returns it.
        library: Python's own modules, which the toolchain's identity stands for.
        search: The folders in which programs are looked for.
    """
    asked = list(asked)
    paths = {item[1:] for item in asked}
    for item in asked:
        letter, path = item[0], item[1:]
        folder, _, name = path.rpartition("\n") if letter == "n" else (path, "", "")
        if library and within(folder, library) and "-packages" not in folder:
            continue
        if letter == "n":
            yield "module", folder, name
            continue
        if letter == BINARY:
            yield "binary", path, ""
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
            yield from _file(path, search, paths)


def _file(path: str, search: Sequence[str], asked: Container[str]) -> Iterator[tuple[str, str, str]]:
    parent, _, name = path.rpartition("/")
    if parent in search:  # and the file itself: the path may lead to one that the sandbox does not show
        yield "tool", name, ""
        found = shutil.which(name, path=":".join(search))
        # One that the sample does not see does not stand for those that it has missed.
        if not os.path.lexists(path) and (found is None or found in asked):
            return
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
