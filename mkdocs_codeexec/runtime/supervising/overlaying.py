"""A project as a child sees it: a file system over a copy that nobody changes, with what the child changes in memory.

`mount(8)`, "Mount options for overlay"; an ordinary user may have one in namespaces of their own since Linux 5.11. Where the
system refuses it, the child gets a copy: of small files; large ones it can read.
"""

from __future__ import annotations

import os

from .protocol import PROJECT

DATE = 946_684_800
"""Of the project's own folder, as of all that is in the copy."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def lay(project: int, work: int, request: dict[str, Any]) -> None:
    """Make `project` in the scratch directory of `request`: what is in the folder `project`, and files of `work` over it.

    Raises:
        OSError: The system refuses it, or what the child may have on disk is too little for a copy.
    """
    from . import namespaces

    place, user = os.path.join(request["scratch"], PROJECT), request["user"]
    os.mkdir(place, 0o755)
    # It takes as much as a working directory may, and is gone with it.
    namespaces.mount(
        "tmpfs", place, "tmpfs", namespaces.MS_MINE, namespaces.size(request["limits"]["disk"], "mode=0755")
    )
    try:
        _lay(project, place, user)
    except OSError:
        namespaces.mount(
            "tmpfs", place, "tmpfs", namespaces.MS_MINE, namespaces.size(request["limits"]["disk"], "mode=0755")
        )
        namespaces.own(place, user)
        namespaces.populate(f"/proc/self/fd/{project}", place, user)
    for name in request["over"]:
        _put(work, place, name, user)


def _lay(project: int, place: str, user: int | None) -> None:
    from . import namespaces

    opened = []
    try:
        for name in ("upper", "work"):
            folder = os.path.join(place, name)
            os.mkdir(folder, 0o755)
            namespaces.own(folder, user)
            os.utime(folder, (DATE, DATE))
            opened.append(os.open(folder, os.O_PATH | os.O_CLOEXEC))
        upper, work = (f"/proc/self/fd/{fd}" for fd in opened)
        options = f"lowerdir=/proc/self/fd/{project},upperdir={upper},workdir={work},userxattr"
        namespaces.mount("overlay", place, "overlay", namespaces.MS_MINE, options)
    finally:
        for fd in opened:
            os.close(fd)


def _put(work: int, place: str, name: str, user: int | None) -> None:
    """Copy the file `name` of the folder `work` into `place`, instead of what is there."""
    from . import namespaces

    *folders, last = name.split("/")
    for folder in folders:
        place = os.path.join(place, folder)
        if not os.path.isdir(place) or os.path.islink(place):
            os.mkdir(place, 0o755)
            namespaces.own(place, user)
    target = os.path.join(place, last)
    if os.path.lexists(target):
        os.unlink(target)
    fd = os.open(f"/proc/self/fd/{work}/{name}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        copy = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            while chunk := os.read(fd, 65536):
                os.write(copy, chunk)
            os.fchmod(copy, os.fstat(fd).st_mode & 0o777)
        finally:
            os.close(copy)
    finally:
        os.close(fd)
    namespaces.own(target, user)
