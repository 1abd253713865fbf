"""Whether cargo takes what it has compiled of a local package for fresh, although its contents are others by now.

cargo goes by dates: a file that `mv`, `cp -p`, `rsync -a` or an archive puts in the place of another brings an older one along,
and is not seen. Keys go by contents, so what was compiled from other sources would be stored under them. So it is noted beside the
target directory, where no build can write, from which contents each package there was compiled last. Where that is not
what there is now, or is not known, cargo's fingerprints of the package are removed, and it compiles the package again.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from typing import TYPE_CHECKING

from mkdocs_codeexec.files import read_json, write_json
from mkdocs_codeexec.languages.rust.environments.collection import COMPILED, TARGET, acquire, profiles, remove_entry
from mkdocs_codeexec.languages.rust.environments.documented import name_of
from mkdocs_codeexec.languages.rust.environments.packages import Package, package
from mkdocs_codeexec.untrusted import Folder, UnfitError

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping
    from pathlib import Path


_FINGERPRINTS = ".fingerprint"
_CARGO_LOCK = ".cargo-lock"
"""What a cargo holds that compiles into a profile's folder."""
_WAIT_SECONDS = 600.0
"""How long another cargo is waited for, until one that is at work is not believed to be any more."""
_RETRY_SECONDS = 0.1
_UNIT = re.compile(r"(.+)-[0-9a-f]{16}")


def outdate(toolchain: Path, packages: Iterable[tuple[str, Package]], recorded: Container[str] = ()) -> None:
    """Have cargo compile again those of `packages` that were not compiled last from what they hold now.

    Args:
        toolchain: The folder that holds the target directory.
        packages: Local packages, by dependency.
        recorded: The dependencies of which cargo has recorded further files: which of their packages reads one is not known.

    Raises:
        OSError: The note of it cannot be written.
    """
    noted = _noted(toolchain)
    changed = set(_changed(noted, packages, recorded))
    if not changed:
        return
    # First, so that a build that is killed has not compiled what is noted.
    gone = {_place(folder) for folder in changed}
    write_json(toolchain / COMPILED, {place: one for place, one in noted.items() if place not in gone})
    names = set(map(name_of, changed))
    with contextlib.suppress(OSError), Folder.at(toolchain) as above, above.folder(TARGET) as target:
        for profile in profiles(target):
            with _locked(profile), contextlib.suppress(OSError), profile.folder(_FINGERPRINTS) as folder:
                for name in folder.names():
                    unit = _UNIT.fullmatch(name)
                    if unit is not None and unit[1] in names:
                        remove_entry(folder, name)


def note(toolchain: Path, packages: Iterable[tuple[str, Package]]) -> None:
    """Note that `packages` were compiled from what they hold.

    Args:
        toolchain: The folder that holds the target directory.
        packages: Local packages, by dependency, read before cargo began and unchanged since.

    Raises:
        OSError: It cannot be written.
    """
    found: dict[str, str] = {}
    for _, one in packages:
        found |= {_place(folder): package(folder).digest for folder in one.folders} | {_group(one): one.digest}
    noted = _noted(toolchain)
    if noted | found != noted:
        write_json(toolchain / COMPILED, dict(sorted((noted | found).items())))


def _noted(toolchain: Path) -> dict[str, str]:
    return read_json(toolchain / COMPILED, lambda value: {str(place): str(one) for place, one in value.items()}) or {}


def _changed(
    noted: Mapping[str, str], packages: Iterable[tuple[str, Package]], recorded: Container[str]
) -> Iterator[Path]:
    """Yield the folders of packages that hold something else than what is noted.

    A package is read with those that it needs, and with what cargo has recorded for all of them together. Where only the
    whole differs, it may be any of them.
    """
    for name, one in packages:
        differ = [folder for folder in one.folders if noted.get(_place(folder)) != package(folder).digest]
        if noted.get(_group(one)) != one.digest:
            yield from differ if differ and name not in recorded else one.folders
        else:
            yield from differ


def _place(folder: Path) -> str:
    return os.fsencode(folder).hex()


def _group(one: Package) -> str:
    return f"group:{_place(one.folders[0])}" if one.folders else ""


@contextlib.contextmanager
def _locked(profile: Folder) -> Iterator[None]:
    """Keep cargo from compiling into the folder of a profile."""
    try:
        handle = profile.open_file(_CARGO_LOCK)
    except (OSError, UnfitError):  # nobody has compiled there, or something that is none of cargo's
        yield
        return
    with os.fdopen(handle, "rb") as file:
        until = time.monotonic() + _WAIT_SECONDS
        while not acquire(file, shared=False) and time.monotonic() < until:
            time.sleep(_RETRY_SECONDS)
        yield
