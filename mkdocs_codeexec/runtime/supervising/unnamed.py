"""Files without a name that processes hold: memory that is a file (`memfd_create(2)`), and files that were removed.

No limit of the kernel counts them together. What is open is found by its descriptors (`proc(5)`). It can be held without
one: mapped, or sent over a socket that nobody reads. How much that is cannot be told, only that it is there; see `guard`.
"""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Key = tuple[int, int]

_device: list[int] = []


def device() -> int:
    """Return the device of all files that are memory."""
    if not _device:
        fd = os.memfd_create("")
        _device.append(os.fstat(fd).st_dev)
        os.close(fd)
    return _device[0]


class Unnamed:
    """What some processes hold.

    Args:
        folders: What tells of them in `/proc`.
        disk: The device of which removed files are looked for.

    Attributes:
        memory: Bytes of files that are memory, by device and inode.
        removed: Bytes of files that were removed, and the name that each had.
        mapped: Bytes of memory that is shared by mappings and no file that can be opened: the most that it can be.
        hidden: Whether they hold what is not in `memory`, or cannot be looked at.
        hidden_on_disk: Whether they hold what is not in `removed`, or cannot be looked at.

    The last three are known after `look_closely`.
    """

    def __init__(self, folders: Iterable[str], disk: int) -> None:
        self._folders = list(folders)
        self._disk = disk
        self.memory: dict[Key, int] = {}
        self.removed: dict[Key, tuple[int, str]] = {}
        self.mapped: dict[Key, int] = {}
        self.hidden = False
        self.hidden_on_disk = False
        for folder in self._folders:
            try:
                names = os.listdir(f"{folder}/fd")
            except PermissionError:
                self.hidden = self.hidden_on_disk = True
                continue
            except OSError:  # it has just ended
                continue
            for name in names:
                self._look(f"{folder}/fd/{name}")

    def _look(self, path: str) -> None:
        try:
            about = os.stat(path)
            if about.st_nlink or not stat.S_ISREG(about.st_mode):
                return
            key = about.st_dev, about.st_ino
            if about.st_dev == device():
                self.memory[key] = about.st_blocks * 512
            elif about.st_dev == self._disk and key not in self.removed:
                self.removed[key] = about.st_blocks * 512, os.readlink(path)
        except OSError:
            return

    def look_closely(self) -> None:
        """Look at what is mapped, and at what is on its way between sockets."""
        for folder in self._folders:
            try:
                for name in os.listdir(f"{folder}/fdinfo"):
                    with open(f"{folder}/fdinfo/{name}", "rb") as file:
                        sent = file.read().partition(b"scm_fds:")[2].split()
                    if sent and int(sent[0]):
                        self.hidden = self.hidden_on_disk = True
                with open(f"{folder}/maps", "rb") as file:
                    for line in file:
                        if line.rstrip().endswith(b"(deleted)"):
                            self._mapped(line)
            except PermissionError:
                self.hidden = self.hidden_on_disk = True
            except OSError:
                continue

    def _mapped(self, line: bytes) -> None:
        span, _, offset, where, inode, name = line.split(None, 5)
        major, minor = (int(part, 16) for part in where.split(b":"))
        key = os.makedev(major, minor), int(inode)
        first, last = (int(part, 16) for part in span.split(b"-"))
        if key[0] == self._disk:
            self.hidden_on_disk = self.hidden_on_disk or key not in self.removed
        elif key[0] == device() and key not in self.memory:
            self.mapped[key] = max(self.mapped.get(key, 0), int(offset, 16) + last - first)
            self.hidden = self.hidden or name.startswith(b"/memfd:")


def mapped_of(folders: Iterable[str], keys: Iterable[Key]) -> int:
    """Return how many KiB of the files `keys` are mapped by processes, and counted there: each page once."""
    wanted = {b"%02x:%02x %d" % (os.major(dev), os.minor(dev), inode) for dev, inode in keys}
    total = 0
    for folder in folders:
        try:
            with open(f"{folder}/smaps", "rb") as file:
                ours = False
                for line in file:
                    parts = line.split(None, 5)
                    if not parts[0].endswith(b":"):
                        ours = len(parts) > 4 and b"%s %s" % (parts[3], parts[4]) in wanted
                    elif ours and parts[0] == b"Pss:":
                        total += int(parts[1])
        except OSError:
            continue
    return total
