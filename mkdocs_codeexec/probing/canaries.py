"""What is tried on: files, folders, listeners, a process, shared memory, all made for it; and what became of them.

As root all of it is open to everybody: samples are other users there, and it is the walls that are tried.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import signal
import stat
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.probing import listening
from mkdocs_codeexec.runtime.supervising import calls, seccomp

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

OLD = 1_000_000_000
"""When canaries were changed the last time, in seconds."""
_SECRET = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|_KEY$|_AUTH$", re.IGNORECASE)
_DEVICES = ("/dev/fuse", "/dev/kvm", "/dev/net/tun", "/dev/uinput")
MOST_DISKS = 4
LONGEST = 60
"""Bytes of a path to a folder for UNIX sockets, whose whole paths must be shorter than 108 (`unix(7)`)."""

FILES = ("read", "write", "append", "truncate", "rename", "remove", "mode", "times", "attributes", "hard-link")


class Places:
    """A site of its own, its home directory and our folders for it, all in one that is thrown away.

    Call `close` at the end.

    Args:
        root: An empty folder.
    """

    def __init__(self, root: Path) -> None:
        self.token = secrets.token_hex(16)
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.project = root / "project"
        self.crate = self.project / "probed"
        self.home = root / "home"
        self.store = root / "store"
        self.environments = root / "environments"
        self.neighbour = root / "scratch" / secrets.token_hex(16)
        hidden = (".env", ".git/config", "deep/er/.env", "deep/er/.git/config")
        for path in (
            *(self.crate / name for name in hidden),
            *(self.project / name for name in ("private.txt", ".env")),
            *(self.home / name for name in (".ssh/id_ed25519", ".netrc", ".cargo/credentials.toml")),
            *(self.store / "entry.json", self.environments / "library", self.neighbour / "work" / "sample.py"),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"# {self.token}\n", "utf-8")
        self._short = None
        if len(os.fsencode(root)) > LONGEST:
            self._short = tempfile.TemporaryDirectory(prefix="codeexec-doctor-", dir="/tmp")
        self.sockets = Path(self._short.name) if self._short else root / "sockets"
        self.sockets.mkdir(exist_ok=True)
        for folder in (root, self.sockets):
            open_to_all(folder)

    def close(self) -> None:
        """Remove what is not in the folder itself."""
        if self._short is not None:
            self._short.cleanup()

    def variables(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return those of whoever builds, with tokens among them, and with another home directory."""
        rustup = environ.get("RUSTUP_HOME") or str(Path(environ.get("HOME", "/"), ".rustup"))
        return {
            **environ,
            "HOME": str(self.home),
            "CARGO_HOME": str(self.home / ".cargo"),
            "RUSTUP_HOME": rustup,
            **dict.fromkeys(("CODEEXEC_CANARY", "GITHUB_TOKEN", "CARGO_REGISTRY_TOKEN"), self.token),
            "SSH_AUTH_SOCK": str(self.sockets / "agent"),
        }

    def written_to(self) -> dict[str, Path]:
        """Return the folders in which a file is tried to be left, by probe."""
        return {
            "places.project": self.project,
            "places.sources": self.crate,
            "places.store": self.store,
            "places.environments": self.environments,
            "places.neighbours": self.neighbour / "work",
        }


class Canaries:
    """Those for one time that all is tried; a context manager that removes what is no file.

    Args:
        places: The site.
        name: Of the folder with files.
        environ: The variables of this process.
    """

    def __init__(self, places: Places, name: str, environ: Mapping[str, str]) -> None:
        self._places = places
        self._stack = ExitStack()
        self._outside = places.root / f"outside-{name}"
        self._environ = environ
        self._udp: socket.socket | None = None
        self.described: dict[str, Any] = {}

    def __enter__(self) -> Canaries:
        try:
            self._make()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def _make(self) -> None:
        places, stack = self._places, self._stack
        token = secrets.token_hex(16)
        (self._outside / "links").mkdir(parents=True)
        for name in (*FILES, "links/kept"):
            (self._outside / name).write_text(f"{places.token} {name}\n", "utf-8")
        open_to_all(self._outside)
        for name in FILES:
            os.utime(self._outside / name, (OLD, OLD))
        sockets, self._udp = listening.listen(stack, places.sockets, token)
        column = seccomp.column()
        tables = (calls.ALLOWED, calls.SHARING, calls.WATCHING, calls.REFUSED, calls.EXAMINED)
        known = {name: pair[column] for table in tables for name, pair in table.items()} if column is not None else {}
        self.described = {
            **sockets,
            **listening.victim(stack, self._outside, places.token),
            **listening.share(stack, token, places.token),
            "token": places.token,
            "outside": str(self._outside),
            "home": str(places.home),
            "project": str(places.project),
            "crate": str(places.crate),
            "manifest": str(places.crate / "Cargo.toml"),
            "store": str(places.store),
            "environments": str(places.environments),
            "neighbour": str(places.neighbour),
            "terminals": [listening.terminal(stack), "/dev/tty"],
            "disks": _disks(),
            "groups": _groups(),
            "leaving-file": f"left-{token}",
            "staying": f"codeexec-staying-{token}",
            "secrets": [
                _digest(value) for name, value in self._environ.items() if _SECRET.search(name) and len(value) > 7
            ],
            "calls": known,
            "rings": listening.has_rings(known.get("io_uring_setup")),
        }

    def changed(self) -> dict[str, str]:
        """Return what is not as it was, by the probe whose doing it is, and undo what would stay."""
        found = {f"files.{name}": "it was changed" for name in FILES if self._is_changed(name)}
        places, links = self._places, self._outside / "links"
        kept = links / "kept"
        if (
            not kept.is_file()
            or stat.S_IMODE(links.stat().st_mode) != _mode(0o755)
            or links.stat().st_uid != os.geteuid()
        ):
            found["files.links"] = "a link was followed"
        assert self._udp is not None
        with contextlib.suppress(BlockingIOError):
            if self._udp.recv(512):
                found["network.udp"] = "it arrived"
        for name, folder in places.written_to().items():
            with contextlib.suppress(FileNotFoundError):
                (folder / self.described["leaving-file"]).unlink()
                found[name] = "a file was left"
        if _still_there(self.described["staying"]):
            found["processes.staying"] = "it goes on"
        if listening.left(self.described["leaving"]):
            found["sharing.system-v"] = "memory that stays was left"
        return found

    def _is_changed(self, name: str) -> bool:
        path = self._outside / name
        try:
            about = path.stat()
            if os.listxattr(path) and b"X" in (os.getxattr(path, one) for one in os.listxattr(path)):
                return True
            text = path.read_text("utf-8")
        except OSError:
            return True
        mode, times, count = stat.S_IMODE(about.st_mode), int(about.st_mtime), about.st_nlink
        return (text, mode, times, count) != (f"{self._places.token} {name}\n", _mode(0o644), OLD, 1)


def open_to_all(folder: Path) -> None:
    """As root, let everybody read and write what is in `folder`."""
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)


def _mode(usual: int) -> int:
    if os.geteuid() == 0:
        return 0o777 if usual & 0o100 else 0o666
    return usual & ~_umask()


def _umask() -> int:
    found = os.umask(0o022)
    os.umask(found)
    return found


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()


def _disks() -> list[str]:
    found = [path for path in Path("/dev").iterdir() if _is_disk(path)]
    return [*map(str, sorted(found)[:MOST_DISKS]), *(path for path in _DEVICES if Path(path).exists())]


def _is_disk(path: Path) -> bool:
    try:
        return stat.S_ISBLK(path.lstat().st_mode)
    except OSError:
        return False


def _groups() -> list[str]:
    found = []
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text("utf-8").splitlines():
            _, kinds, path = line.split(":", 2)
            found.append(os.path.normpath(f"/sys/fs/cgroup/{kinds}/{path}"))
    return [path for path in found if Path(path).is_dir()]


def _still_there(marker: str) -> bool:
    """Tell whether a process has `marker` in its command line, and end it."""
    found = False
    for name in [path.name for path in Path("/proc").iterdir()]:
        if name.isdigit():
            with contextlib.suppress(OSError):
                if marker.encode() in Path("/proc", name, "cmdline").read_bytes():
                    found = True
                    os.kill(int(name), signal.SIGKILL)
    return found
