"""The walls around a supervisor: its command line for bubblewrap (`bwrap(1)`)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.runtime.sandbox import places
from mkdocs_codeexec.runtime.sandbox.places import names, within
from mkdocs_codeexec.runtime.supervising import landlock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mkdocs_codeexec.core.confinement import Access

NAME = "bwrap"
SUPERVISING = Path(landlock.__file__).parent
"""The supervisor's own modules, which it must be able to read inside."""

_CAPABILITIES = ("CAP_SYS_ADMIN", "CAP_SETPCAP", "CAP_DAC_OVERRIDE")
"""With which a supervisor makes namespaces for each child, and takes everything from it. An overlay has a folder that is
closed to its owner; what is not its owner's stays closed to an ordinary user."""
_BECOMING = ("CAP_SETUID", "CAP_SETGID", "CAP_SETFCAP")
_REACHING = ("CAP_CHOWN", "CAP_FOWNER", "CAP_KILL", "CAP_SYS_PTRACE")
_AS_ROOT = (*_BECOMING, *_REACHING)
"""With which it makes each child another user, in a user namespace that knows root too, and still has a say in it."""


class Mount(NamedTuple):
    """Something of the machine that is there inside, under the same name.

    Attributes:
        path: Where it is.
        writable: Whether it may be changed.
    """

    path: str
    writable: bool = False


def program(path: str | None) -> str | None:
    """Return the file of bubblewrap on the search path `path`, or None."""
    return shutil.which(NAME, path=path)


def command(
    bwrap: str, access: Access, *, scratch: str | None, cwd: str | None, as_root: bool, info: int, grouped: bool = False
) -> list[str]:
    """Return what to put before the command line of a supervisor.

    Args:
        bwrap: The program.
        access: What of the machine its children may reach.
        scratch: Where scratch directories are.
        cwd: A folder that must be there, even if nothing of it is.
        as_root: Whether root starts it. Others need a user namespace for it, in which they may do as root.
        info: A descriptor on which bubblewrap tells the id of the supervisor's process.
        grouped: Whether children are started in another cgroup than its own, from which they see no other.
    """
    argv = [bwrap, "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--as-pid-1"]
    argv += [] if grouped else ["--unshare-cgroup-try"]
    argv += [] if as_root else ["--unshare-user"]
    argv += [] if access.network else ["--unshare-net"]
    argv += ["--hostname", "sandbox", "--info-fd", str(info), "--cap-drop", "ALL"]
    for capability in (*_CAPABILITIES, *(_AS_ROOT if as_root else ())):
        argv += ["--cap-add", capability]
    argv += ["--dev", "/dev", "--proc", "/proc", "--perms", "1777", "--size", "1048576", "--tmpfs", "/tmp"]  # noqa: S108 - inside
    argv += _mounts(access, scratch, cwd)
    # What bubblewrap makes itself is a file system in memory without a limit.
    return [*argv, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--"]


def _mounts(access: Access, scratch: str | None, cwd: str | None) -> Iterator[str]:
    ours = (os.fspath(SUPERVISING), *places.interpreter())
    paths = [path for raw in places.system(network=access.network) if os.path.lexists(path := os.fsdecode(raw))]
    links = [path for path in paths if os.path.islink(path) and path.count("/") == 1]
    found = {Mount(path) for path in paths if path not in links and os.path.exists(path)}
    found |= {Mount(name) for path in (*access.readable, *ours) for name in names(path)}
    found |= {Mount(name, writable=True) for path in access.writable for name in names(path)}
    if scratch is not None:
        found.add(Mount(scratch, writable=True))
    for link in links:  # `/bin` is one, to `usr/bin`, on most systems
        yield from ("--symlink", str(Path(link).readlink()), link)
    chosen = _outermost(found, links)
    folders = {os.fspath(parent) for place in chosen for parent in Path(place.path).parents}
    folders |= {os.fspath(folder) for folder in (Path(cwd), *Path(cwd).parents)} if cwd is not None else set()
    for folder in sorted(folders - {"/", "/tmp", "/dev", "/proc"} - {place.path for place in chosen}):  # noqa: S108
        if not any(within(folder, place.path) for place in chosen):
            yield from ("--perms", "0755", "--dir", folder)  # which it would make for root alone
    for place in chosen:
        target = os.path.realpath(place.path) if os.path.islink(place.path) else place.path
        yield from ("--bind" if place.writable else "--ro-bind", target, place.path)


def _outermost(wanted: Iterable[Mount], links: Sequence[str]) -> list[Mount]:
    """Return those `wanted`, outer ones first, without those that are there anyway."""
    found: list[Mount] = []
    for place in sorted(wanted, key=lambda place: (place.path.count("/"), place.path, not place.writable)):
        if place.path.startswith(("/proc/", "/dev/")) or any(within(place.path, link) for link in links):
            continue
        around = [other for other in found if within(place.path, other.path)]
        if not around or (place.writable and not around[-1].writable):
            found.append(place)
    return found
