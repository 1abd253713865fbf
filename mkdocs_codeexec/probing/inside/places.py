"""Places that every machine has: the home directory, the system's folders, the project, the store, devices."""

from __future__ import annotations

import os
import stat

from .files import holds
from .trying import Absent, Canaries, either, probe


def leaves(canaries: Canaries, folder: str) -> None:
    """Make a file in `folder`; whether it is in the real one can only be seen outside.

    A folder of that name may be there in memory alone, on the way to something that was granted.
    """
    os.close(os.open(os.path.join(folder, canaries["leaving-file"]), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def opens(path: str, flags: int) -> str:
    """Open what is at `path`, and do nothing with it."""
    os.close(os.open(path, flags | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK))
    return f"{path} was opened"


def wherever(canaries: Canaries, paths: list[str], flags: int) -> str | None:
    """Open whichever of `paths` can be opened."""
    if not paths:
        raise Absent("there is none")
    return either(canaries, *(lambda _, path=path: opens(path, flags) for path in paths))


@probe
def home(canaries: Canaries) -> str | None:
    folder, token = canaries["home"], canaries["token"]
    files = (".ssh/id_ed25519", ".netrc", ".cargo/credentials.toml")
    return either(
        canaries,
        *(lambda _, name=name: holds(os.path.join(folder, name), token) and f"~/{name} was read" for name in files),
        lambda _: f"{len(os.listdir(folder))} names were read",
    )


@probe
def accounts(canaries: Canaries) -> str | None:
    return wherever(canaries, ["/etc/shadow", "/etc/gshadow", "/etc/sudoers"], os.O_RDONLY)


@probe
def system(canaries: Canaries) -> str | None:
    unnamed = os.O_TMPFILE | os.O_WRONLY  # a file that has no name and is gone at once
    return either(
        canaries,
        lambda _: wherever(canaries, ["/usr", "/usr/lib", "/usr/local", "/etc", "/var", "/opt"], unnamed),
        lambda _: wherever(canaries, ["/etc/passwd", "/etc/hosts", "/usr/lib/os-release"], os.O_WRONLY | os.O_APPEND),
    )


@probe
def project(canaries: Canaries) -> str | None:
    folder = canaries["project"]
    return either(
        canaries,
        lambda _: leaves(canaries, folder),
        lambda _: holds(os.path.join(folder, "private.txt"), canaries["token"]),
        lambda _: holds(os.path.join(folder, ".env"), canaries["token"]),
    )


@probe
def hidden(canaries: Canaries) -> str | None:
    crate, token = canaries["crate"], canaries["token"]
    names = (".env", ".git/config", "deep/er/.env", "deep/er/.git/config")
    return either(canaries, *(lambda _, name=name: holds(os.path.join(crate, name), token) for name in names))


@probe
def sources(canaries: Canaries) -> str | None:
    """The sources of a local crate, which are there to be read, and for no more."""
    return either(
        canaries, lambda _: leaves(canaries, canaries["crate"]), lambda _: opens(canaries["manifest"], os.O_WRONLY)
    )


@probe
def store(canaries: Canaries) -> str | None:
    folder = canaries["store"]
    entry = os.path.join(folder, "entry.json")
    return either(canaries, lambda _: leaves(canaries, folder), lambda _: holds(entry, canaries["token"]))


@probe
def environments(canaries: Canaries) -> str | None:
    folder = canaries["environments"]
    return either(
        canaries, lambda _: leaves(canaries, folder), lambda _: opens(os.path.join(folder, "library"), os.O_WRONLY)
    )


@probe
def neighbours(canaries: Canaries) -> str | None:
    folder = canaries["neighbour"]
    return either(
        canaries,
        lambda _: holds(os.path.join(folder, "work", "sample.py"), canaries["token"]),
        lambda _: leaves(canaries, os.path.join(folder, "work")),
        lambda _: f"{len(os.listdir(os.path.dirname(folder)))} names were read",
    )


@probe
def devices(canaries: Canaries) -> str | None:
    return either(
        canaries,
        lambda _: wherever(canaries, canaries["terminals"], os.O_RDWR),
        lambda _: wherever(canaries, canaries["disks"], os.O_RDONLY),
    )


@probe
def nodes(canaries: Canaries) -> str | None:
    del canaries
    os.mknod("node", 0o600 | stat.S_IFCHR, os.makedev(1, 3))  # a second /dev/null
    return "a device was made"
