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
from mkdocs_codeexec.languages.rust.environments.collection import TARGET, acquire, profiles, remove_entry
from mkdocs_codeexec.languages.rust.environments.documented import name_of
from mkdocs_codeexec.untrusted import Folder, UnfitError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mkdocs_codeexec.languages.rust.environments.packages import Package

_NOTED = "compiled.json"
_FINGERPRINTS = ".fingerprint"
_CARGO_LOCK = ".cargo-lock"
"""What a cargo holds that compiles into a profile's folder."""
_WAIT_SECONDS = 600.0
"""How long another cargo is waited for, until one that is at work is not believed to be any more."""
_RETRY_SECONDS = 0.1
_UNIT = re.compile(r"(.+)-[0-9a-f]{16}")


def outdate(toolchain: Path, packages: Iterable[tuple[str, Package]]) -> None:
    """Have cargo compile again those of `packages` that were not compiled last from what they hold now.

    Args:
        toolchain: The folder that holds the target directory.
        packages: Local packages, by dependency.

    Raises:
        OSError: The note of it cannot be written.
    """
    noted = _noted(toolchain)
    changed = [package for _, package in packages if noted.get(_place(package)) != package.digest]
    if not changed:
        return
    # First, so that a build that is killed has not compiled what is noted.
    write_json(
        toolchain / _NOTED, {place: one for place, one in noted.items() if place not in set(map(_place, changed))}
    )
    names = {name_of(folder) for package in changed for folder in package.folders}
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
    found = {_place(package): package.digest for _, package in packages}
    noted = _noted(toolchain)
    if noted | found != noted:
        write_json(toolchain / _NOTED, dict(sorted((noted | found).items())))


def _noted(toolchain: Path) -> dict[str, str]:
    return read_json(toolchain / _NOTED, lambda value: {str(place): str(one) for place, one in value.items()}) or {}


def _place(package: Package) -> str:
    return os.fsencode(package.folders[0] if package.folders else "").hex()


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
