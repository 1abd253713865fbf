"""Stores in one file: what a site needs, as a tar that is the same bytes for the same contents.

What is taken from such a file is looked at first, entry by entry, as if it had been in the store: whatever is no entry of ours
is left out. Nothing is unpacked by its name.
"""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import IO, TYPE_CHECKING, NamedTuple, TypeAlias, cast

from mkdocs_codeexec.core.action import Key
from mkdocs_codeexec.core.codec import FORMAT
from mkdocs_codeexec.runtime.blobs import BLOBS
from mkdocs_codeexec.runtime.entries import INDEXES, LARGEST, RESULTS, place
from mkdocs_codeexec.runtime.inventory import entry_damage
from mkdocs_codeexec.runtime.observed.slices import DIGITS
from mkdocs_codeexec.runtime.slices import LARGEST as LARGEST_SLICE
from mkdocs_codeexec.runtime.slices import SHELF, damage, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mkdocs_codeexec.runtime.blobs import KeptBlobs
    from mkdocs_codeexec.untrusted import Place, Tree

ENVIRONMENTS = "environments"
MOST_ENTRIES = 1_000_000
"""Entries of a file that are looked at."""
LARGEST_BLOB = 1024 * 1024 * 1024
"""Bytes of a blob that is taken."""
_ENTRY = re.compile(
    rf"(?P<kind>{'|'.join((RESULTS, *INDEXES))})/v{FORMAT}/[0-9a-f]{{2}}/(?P<name>[0-9a-f]{{64}})\.json"
)
_BLOB = re.compile(rf"{BLOBS}/[0-9a-f]{{2}}/(?P<digest>[0-9a-f]{{64}})")
MOST_ENVIRONMENTS = 64
_SLICE = re.compile(rf"{'/'.join(SHELF)}/[0-9a-f]{{2}}/(?P<name>[0-9a-f]{{{DIGITS}}})")
_ENVIRONMENT = re.compile(
    rf"{ENVIRONMENTS}/(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]{{0,63}})/(?P<file>Cargo\.lock|manifest\.toml|sources\.json)"
)
_VOUCHES = "manifest.toml"
"""The file of an Environment that is written last: without it nobody believes the others."""

Objection: TypeAlias = "Callable[[str, Mapping[str, bytes]], str]"
"""Takes the name of an Environment and what there is of it, and tells in words why that is not taken; empty if it is."""


class Taken(NamedTuple):
    """What became of the entries of a file.

    Attributes:
        number: How many were put into the store.
        refused: Which were not, and why.
    """

    number: int
    refused: tuple[tuple[str, str], ...]


def write(tree: Tree, places: Iterable[Place], out: IO[bytes]) -> tuple[int, int]:
    """Write the files at `places` of a store into `out`; return how many, and how many bytes they hold.

    Sorted by name, without dates, owners and modes. What is not there is left out. Both may be pipes.

    Raises:
        OSError: `out` cannot be written.
    """
    number = size = 0
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.USTAR_FORMAT) as tar:
        for at in sorted(set(places)):
            try:
                data = tree.read(at, LARGEST_BLOB)
            except (FileNotFoundError, NotADirectoryError, ValueError):
                continue
            about = tarfile.TarInfo("/".join(at))
            about.size, about.mode = len(data), 0o644
            tar.addfile(about, io.BytesIO(data))
            number, size = number + 1, size + len(data)
    return number, size


def environments(tree: Tree) -> list[Place]:
    """Return the places of what a store knows of Environments: lock files, and what local crates read."""
    found: list[Place] = []
    with suppress(OSError, ValueError), tree.folder((ENVIRONMENTS,)) as folder:
        for name in folder.names():
            with suppress(OSError, ValueError), folder.folder(name) as one:
                places = ((ENVIRONMENTS, name, file) for file in one.names())
                found += [at for at in places if _ENVIRONMENT.fullmatch("/".join(at))]
    return found


def read(tree: Tree, blobs: KeptBlobs, source: IO[bytes], objection: Objection) -> Taken:
    """Put into a store what `source` holds, as `write` has written it.

    Args:
        tree: The store.
        blobs: Its blobs.
        source: The file, which may be anybody's.
        objection: Judges what there is of an Environment, which is taken as a whole.

    Raises:
        ValueError: It is no such file.
        OSError: The store cannot be written.
    """
    number, refused = 0, []
    kept: dict[str, dict[str, bytes]] = {}
    stream = _Stream(source)
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|") as tar:
            for count, about in enumerate(tar):
                if count >= MOST_ENTRIES:
                    refused.append((about.name[:200], f"it comes after {MOST_ENTRIES} others"))
                    break
                if why := _take(tree, blobs, tar, about, kept):
                    refused.append((about.name[:200], why))
                else:
                    number += 1
            else:
                if any(stream.end):
                    refused.append(("the rest", "it is not there: the file ends too early"))
    except (tarfile.TarError, EOFError) as error:
        if not number:
            raise ValueError(f"it is no file that `codeexec cache export` has written ({error})") from None
        refused.append(("the rest", f"it cannot be read: {error}"))
    for name, files in kept.items():
        if why := objection(name, files):
            refused += [(f"{ENVIRONMENTS}/{name}/{file}", why) for file in files]
            number -= len(files)
            continue
        for file in sorted(files, key=lambda one: one == _VOUCHES):
            tree.replace((ENVIRONMENTS, name, file), files[file])
    return Taken(number, tuple(refused))


class _Stream:
    """A file that is read from its start to its end, as a pipe is.

    Args:
        source: The file.
    """

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.end = b"?"
        """The last block that was read, which is empty where a tar ends."""

    def read(self, size: int = -1, /) -> bytes:
        """Return so many bytes, fewer at the end."""
        data = self._source.read(size)
        self.end = data[-tarfile.BLOCKSIZE :] or self.end
        return data


def _take(
    tree: Tree, blobs: KeptBlobs, tar: tarfile.TarFile, about: tarfile.TarInfo, kept: dict[str, dict[str, bytes]]
) -> str:
    """Put one entry into the store, or if it is of an Environment into `kept`; or return why not."""
    # One with holes may say that it has any size: what it takes to read the file is to be in proportion to the file.
    file = tar.extractfile(about) if about.isreg() and not about.issparse() else None
    if file is None:
        return "it is no regular file"
    if found := _BLOB.fullmatch(about.name):
        return _take_blob(blobs, file, about.size, found["digest"])
    if found := _ENVIRONMENT.fullmatch(about.name):
        return _gather(kept, found["name"], found["file"], file, about.size)
    small = _small(about.name)
    if small is None:
        return "a store has nothing of such a name"
    if about.size > small.most:
        return f"it is larger than {small.most} bytes"
    data = file.read()
    why = small.damage(data)
    if not why:
        tree.replace(small.place, data)
    return why


class _Small(NamedTuple):
    """A file of a store that is read whole.

    Attributes:
        place: Where it is.
        most: Bytes that it may have.
        damage: Says what is wrong with its contents; empty for nothing.
    """

    place: Place
    most: int
    damage: Callable[[bytes], str]


def _small(name: str) -> _Small | None:
    """Return the small file that is called `name` in a file of a store; None if none is."""
    if (found := _ENTRY.fullmatch(name)) and (at := place(found["kind"], found["name"])):
        return _Small(at, LARGEST, partial(entry_damage, found["kind"], Key(found["name"])))
    if found := _SLICE.fullmatch(name):
        return _Small(place_of(found["name"]), LARGEST_SLICE, partial(damage, found["name"]))
    return None


def _gather(kept: dict[str, dict[str, bytes]], name: str, what: str, file: IO[bytes], size: int) -> str:
    """Note a file of the Environment `name`, or return why not."""
    if size > LARGEST:
        return f"it is larger than {LARGEST} bytes"
    if len(kept) >= MOST_ENVIRONMENTS and name not in kept:
        return f"it comes after {MOST_ENVIRONMENTS} other environments"
    if what in kept.setdefault(name, {}):
        return "it is there twice"
    kept[name][what] = file.read()
    return ""


def _take_blob(blobs: KeptBlobs, file: IO[bytes], size: int, digest: str) -> str:
    if size > LARGEST_BLOB:
        return f"it is larger than {LARGEST_BLOB} bytes"
    with tempfile.TemporaryFile() as copy:
        seen = hashlib.sha256()
        while chunk := file.read(1024 * 1024):
            seen.update(chunk)
            copy.write(chunk)
        if seen.hexdigest() != digest:
            return "its checksum does not match"
        copy.flush()
        blobs.keep(copy.fileno(), LARGEST_BLOB)
    return ""
