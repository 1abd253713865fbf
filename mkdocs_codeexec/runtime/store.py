"""Outcomes on disk, one readable file each, committed the moment they exist.

    <directory>/results/v1/<first two digits>/<key>.json                  one Outcome
    <directory>/requests/v1/<first two digits>/<request key>.json         the key that was last stored for a request
    <directory>/structures/v1/<first two digits>/<structural key>.json    the same for a structure

There is no lock: a file is complete or absent, so that any number of builds may share a store, and any
file may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import stat
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.action import Key
from mkdocs_codeexec.core.codec import FORMAT, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import NoReturn

    from mkdocs_codeexec.core.action import Action
    from mkdocs_codeexec.core.outcome import Outcome

LARGEST = 16 * 1024 * 1024
"""Bytes of an entry; anything larger is not ours."""
ORPHANED = 3600
"""Seconds after which a temporary file belongs to nobody who is still writing it."""

CACHEDIR_TAG = """Signature: 8a477f597d28d172789f06886806bc55
# This file marks a cache directory, which backup tools may leave out: https://bford.info/cachedir/
"""
GITIGNORE = """# Made by mkdocs-codeexec. Delete this file to commit the results; it is not made again while they are here.
*
"""

_PREFIX = ".codeexec-"
_NAME = re.compile("[0-9a-f]{64}")


class DirectoryStore:
    """A Store in `directory`, which is made when the first Outcome is stored.

    Whatever goes wrong is a miss, or an Outcome that is not stored. `warn` is told once of the first file that cannot
    be read and once of the first that cannot be written; it may be called by any thread.
    """

    def __init__(self, directory: Path, warn: Callable[[str], None]) -> None:
        self._directory = directory
        self._warn = warn
        self._warned: set[str] = set()
        self._ready = False
        self._lock = threading.Lock()

    def get(self, key: Key) -> Outcome | None:
        """Return what is stored under `key`, or None."""
        path = self._path("results", key)
        entry = None if path is None else self._read(path)
        if path is None or entry is None:
            return None
        try:
            return _outcome(entry, key)
        except (ValueError, RecursionError, OverflowError) as error:
            self._damaged(path, error)
            return None

    def find(self, request_key: Key) -> Outcome | None:
        """Return what was last stored for `request_key`, whichever toolchain made it, or None."""
        return self._indexed("requests", request_key)

    def similar(self, structural_key: Key) -> Outcome | None:
        """Return what was last stored for `structural_key`, whatever comments and formatting it was made from, or None.

        What is stored there since may speak of layout: whoever asks looks at it again.
        """
        return self._indexed("structures", structural_key)

    def put(self, action: Action, outcome: Outcome) -> None:
        """Store `outcome` if it is worth it, atomically and at once.

        It is found by the structure of `action` too, if that has one.
        """
        if not outcome.storable:
            return
        result = self._path("results", action.key)
        indexes = [self._path("requests", action.request_key)]
        if action.structural_key is not None:
            indexes.append(self._path("structures", action.structural_key))
        assert result is not None
        try:
            self._prepare()
            _write(result, _entry(outcome, action.key))
            for path in indexes:
                assert path is not None
                _write(path, {"format": FORMAT, "key": action.key}, sync=False)
        except OSError as error:
            self._tell(
                "write",
                f"{error.filename or result}: the result of a sample could not be stored ({error.strerror or error})\n\n"
                "hint: the build goes on, and runs these samples again next time; make the folder writable, or set "
                "`cache_dir` to another one",
            )

    def _indexed(self, index: str, name: Key) -> Outcome | None:
        """Return the Outcome whose key `index` has under `name`, or None."""
        path = self._path(index, name)
        entry = None if path is None else self._read(path)
        if path is None or entry is None:
            return None
        key = entry.get("key")
        if entry.get("format") != FORMAT or not isinstance(key, str):
            self._damaged(path, ValueError("it names no key"))
            return None
        return self.get(Key(key))

    def _path(self, what: str, name: str) -> Path | None:
        if not _NAME.fullmatch(name):
            return None
        return self._directory / what / f"v{FORMAT}" / name[:2] / f"{name}.json"

    def _read(self, path: Path) -> Mapping[str, object] | None:
        """Return the JSON object in `path`, or None if there is none that is any good."""
        try:
            entry = _DECODER.decode(_bytes(path).decode("utf-8"))
            if not isinstance(entry, dict):
                raise ValueError("it holds no object")  # noqa: TRY004, TRY301 - one kind of error, one way out
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError, MemoryError) as error:
            self._damaged(path, error)
            return None
        return entry

    def _damaged(self, path: Path, error: Exception) -> None:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
        self._tell(
            "read",
            f"{path}: not a usable entry of the store ({why})\n\n"
            "hint: it counts as absent and is written anew; if this comes back, delete it",
        )

    def _tell(self, about: str, message: str) -> None:
        with self._lock:
            if about in self._warned:
                return
            self._warned.add(about)
        self._warn(message)

    def _prepare(self) -> None:
        """Make the directory and sweep it, once.

        Raises:
            OSError: It cannot be made.
        """
        with self._lock:
            if self._ready:
                return
            fresh = not (self._directory / "results").exists()
            self._directory.mkdir(parents=True, exist_ok=True)
            if fresh:
                _replace(self._directory / ".gitignore", GITIGNORE.encode(), sync=False)
            if not (self._directory / "CACHEDIR.TAG").exists():
                _replace(self._directory / "CACHEDIR.TAG", CACHEDIR_TAG.encode(), sync=False)
            self._sweep()
            self._ready = True

    def _sweep(self) -> None:
        """Delete temporary files that a killed build left. A clock that is far off, either way, counts as old."""
        now = time.time()
        for what in ("results", "requests", "structures"):
            for path in (self._directory / what / f"v{FORMAT}").glob(f"??/{_PREFIX}*"):
                with suppress(OSError):
                    if abs(now - path.lstat().st_mtime) > ORPHANED:
                        path.unlink()


# --- Entries --------------------------------------------------------------------------------------------------------


def _entry(outcome: Outcome, key: Key) -> dict[str, object]:
    entry = {"key": key, **to_json(outcome)}
    return {**entry, "sha256": _checksum(entry)}


def _outcome(entry: Mapping[str, object], key: Key) -> Outcome:
    """Return the Outcome in `entry`.

    Raises:
        ValueError: It belongs to another key, has changed since it was written, or never was one.
    """
    if entry.get("key") != key:
        raise ValueError("it belongs to another key")
    # An entry without a checksum is as good: it is there against decay, not against people.
    content = {name: value for name, value in entry.items() if name != "sha256"}
    if entry.get("sha256", checksum := _checksum(content)) != checksum:
        raise ValueError("its checksum does not match")
    outcome = from_json(entry)
    if not outcome.storable or not math.isfinite(outcome.duration):
        raise ValueError("it is not the outcome of children that ended by themselves")
    return outcome


def _checksum(content: Mapping[str, object]) -> str:
    """Return the digest of what is said, not of how it is spelled: a checkout may change the ends of lines."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"`{constant}` is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


# --- Files ----------------------------------------------------------------------------------------------------------


def _bytes(path: Path) -> bytes:
    """Return the contents of a regular file of reasonable size, and never wait for a pipe or follow a link.

    Raises:
        OSError: It is not there, or something else is.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    fd = os.open(path, flags)
    with os.fdopen(fd, "rb", buffering=0) as file:
        about = os.fstat(fd)
        if not stat.S_ISREG(about.st_mode):
            raise OSError("it is not a regular file")
        if about.st_size > LARGEST:
            raise OSError(f"it is larger than {LARGEST} bytes")
        return file.readall()


def _write(path: Path, entry: Mapping[str, object], *, sync: bool = True) -> None:
    """Write `entry`. Without `sync` it survives this process, and not the power; an index is made again from misses."""
    text = json.dumps(entry, ensure_ascii=False, indent=1) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    # A lone surrogate has no UTF-8; `backslashreplace` spells it as JSON does.
    _replace(path, text.encode("utf-8", "backslashreplace"), sync=sync)


def _replace(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Put `data` at `path`: whoever looks sees what was there or all of it.

    Raises:
        OSError: It could not be written; nothing of it is left.
    """
    temporary = path.with_name(f"{_PREFIX}{os.urandom(8).hex()}.tmp")
    try:
        # Unlike those of `tempfile`, it may be read by whom the umask allows: a store can be shared.
        with temporary.open("xb", buffering=0) as file:
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
            if sync:
                os.fsync(file.fileno())
        try:
            temporary.replace(path)
        except IsADirectoryError:
            path.rmdir()  # an empty folder in the place of an entry is damage like any other
            temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
