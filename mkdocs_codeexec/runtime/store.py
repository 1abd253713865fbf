"""Outcomes on disk, one readable file each, committed the moment they exist.

    <directory>/results/v1/<first two digits>/<key>.json                  one Outcome
    <directory>/requests/v1/<first two digits>/<request key>.json         the key that was last stored for a request
    <directory>/structures/v1/<first two digits>/<structural key>.json    the same for a structure
    <directory>/observed/v1/<first two digits>/<key>.json                 what samples of an Action have read
    <directory>/slices/v1/<first two digits>/<digest>                     what many of these lists have in common
    <directory>/blobs/<first two digits>/<sha256>                         a file that a sample has left

There is no lock: a file is complete or absent, so that any number of builds may share a store, and any
file may be deleted at any time.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.action import Key
from mkdocs_codeexec.core.codec import FORMAT, to_json
from mkdocs_codeexec.core.observed import observed_key
from mkdocs_codeexec.core.protocols import Entry
from mkdocs_codeexec.runtime.blobs import KeptBlobs
from mkdocs_codeexec.runtime.entries import LARGEST, LISTS, RESULTS, decode, encode, outcome_of, place
from mkdocs_codeexec.runtime.eviction import evict, kept_blobs, listed, sweep
from mkdocs_codeexec.runtime.forgetting import forget
from mkdocs_codeexec.runtime.marking import mark
from mkdocs_codeexec.runtime.observed import manifests
from mkdocs_codeexec.runtime.observed.manifests import Kept
from mkdocs_codeexec.runtime.slices import KeptSlices
from mkdocs_codeexec.untrusted import Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from mkdocs_codeexec.core.action import Action
    from mkdocs_codeexec.core.observed import Inputs
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.untrusted import Place


class DirectoryStore:
    """A Store in `directory`, which is made when the first Outcome is stored.

    Whatever goes wrong is a miss, or an Outcome that is not stored. `warn` is told of the first damaged entry, of the
    first Outcome that is too large, and of the first time that the disk fails, reading or writing; it may be called
    by any thread.

    Args:
        directory: Where entries are kept.
        warn: Takes a message for people.
        size: Bytes on the disk that `tidy` leaves; None is unlimited.
        largest: Bytes of an entry.
        writable: Whether anything is written, deleted or touched.
    """

    def __init__(
        self,
        directory: Path,
        warn: Callable[[str], None],
        *,
        size: int | None = None,
        largest: int = LARGEST,
        writable: bool = True,
    ) -> None:
        self._directory = directory
        self._tree = Tree(directory)
        self._warn = warn
        self._size = size
        self._largest = largest
        self._writable = writable
        self._blobs = KeptBlobs(self._tree, writable=writable, damaged=self._damaged)
        self._slices = KeptSlices(self._tree, writable=writable, damaged=self._damaged)
        self._warned: set[str] = set()
        self._used: set[str] = set()
        self._ready = False
        self._grown = False
        self._lock = threading.Lock()

    @property
    def blobs(self) -> KeptBlobs:
        """The files that its Outcomes name; where it is not written, those of this process."""
        return self._blobs

    def get(self, key: Key) -> Outcome | None:
        """Return what is stored under `key`, or None."""
        at = place(RESULTS, key)
        entry = None if at is None else self._read(at)
        if at is None or entry is None:
            return None
        try:
            outcome = outcome_of(entry, key)
        except (ValueError, RecursionError, OverflowError) as error:
            self._damaged(at, error)
            return None
        self._used.add(key)
        if self._writable:
            self._tree.touch(at)
        return outcome

    def lists(self, key: Key) -> Sequence[Inputs]:
        """Return the lists of inputs with which an observed Action of this key was executed, the last one first."""
        found = map(self._slices.list_of, self._kept_lists(key))
        return [inputs for inputs in found if inputs is not None]

    def _kept_lists(self, key: Key) -> Sequence[Kept]:
        at = place(LISTS, key)
        entry = None if at is None else self._read(at)
        if at is None or entry is None:
            return ()
        try:
            return manifests.lists(entry, key)
        except (ValueError, RecursionError) as error:
            self._damaged(at, error)
            return ()

    def _add_list(self, key: Key, result: Key, inputs: Inputs) -> None:
        """Put `inputs` before the other lists of `key`.

        Raises:
            OSError: It could not be written.
        """
        known = [kept for kept in self._kept_lists(key) if self._slices.list_of(kept) not in (None, inputs)]
        outline, own = self._slices.keep(inputs)
        self._tree.replace(self._place(LISTS, key), manifests.entry(key, result, [Kept(own, outline), *known]))

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
        if not (outcome.storable and self._writable):
            return
        assert outcome.inputs is not None, "it is storable"
        key = observed_key(action.key, outcome.inputs) if action.observed else action.key
        result = self._place(RESULTS, key)
        data = encode({"key": key, **to_json(outcome)})
        if len(data) > self._largest:
            self._tell(
                "large",
                f"{self._tree.path(result)}: the result of a sample takes {len(data)} bytes, expected at most {self._largest}; it is "
                "not stored\n\nhint: the build goes on, and runs the sample again next time; let it print less",
            )
            return
        indexes = {self._place("requests", action.request_key): action.request_key}
        if action.structural_key is not None:
            indexes[self._place("structures", action.structural_key)] = action.structural_key
        try:
            self._prepare()
            if action.observed:  # first: once the result is there, it is found
                self._add_list(action.key, key, outcome.inputs)
            self._tree.replace(result, data, sync=True)
            self._used.add(key)
            self._grown = True
            for at, name in indexes.items():
                # It is made again from misses, and need not survive the power.
                self._tree.replace(at, encode({"format": FORMAT, "name": name, "key": key}))
        except OSError as error:
            self._tell(
                "disk",
                f"{error.filename or self._tree.path(result)}: the result of a sample could not be stored "
                f"({error.strerror or error})\n\n"
                "hint: the build goes on, and runs these samples again next time; "
                f"{self._mend('make the folder writable')}, or set `cache_dir` to another one",
            )

    def entries(self) -> Iterator[Entry]:
        """Yield what is stored, in no order, damaged files included."""
        for file in listed(self._tree, RESULTS):
            yield Entry(Key(file.name), file.size, file.used / 1e9)

    @property
    def size(self) -> int:
        """Bytes on the disk that results take, and the files that they name."""
        return sum(file.size for files in (listed(self._tree, RESULTS), kept_blobs(self._tree)) for file in files)

    def remove(self, *keys: Key) -> int:
        """Delete what is stored under `keys` and what leads to it alone, and return how many results that were."""
        if not self._writable:
            return 0

        def failed(at: Place, error: Exception) -> None:
            self._tell(
                "disk",
                f"{self._tree.path(at)}: the result of a sample could not be deleted ({getattr(error, 'strerror', '') or error})\n\n"
                "hint: it is still shown; give yourself the right to write to the folder, or delete it yourself",
            )

        return forget(self._tree, keys, failed)

    def prepare(self) -> None:
        """Make the directory, if anything may be stored there. Never raises for a failing disk: what is stored tells."""
        if self._writable:
            with suppress(OSError):
                self._prepare()

    def tidy(self) -> None:
        """Delete what was used longest ago if the store has outgrown its size; to be called at the end of a build.

        What was got from this store or put there stays, and so do the entries of the indexes that lead to it. Does
        nothing if nothing was put since the last time. Never raises for a failing disk.
        """
        if self._grown and self._size is not None:
            self._grown = False
            evict(self._tree, self._size, self._used, self._blobs.used | self._slices.used)

    def close(self) -> None:
        """Give back what is held open; what is asked for afterwards opens it again."""
        self._tree.close()

    @property
    def failed(self) -> bool:
        """Whether it has been told that the disk fails."""
        return "disk" in self._warned

    def _indexed(self, index: str, name: Key) -> Outcome | None:
        """Return the Outcome whose key `index` has under `name`, or None."""
        at = place(index, name)
        entry = None if at is None else self._read(at)
        if at is None or entry is None:
            return None
        key = entry.get("key")
        if (entry.get("format"), entry.get("name")) != (FORMAT, name):
            self._damaged(at, ValueError("it belongs to another key"))
        elif not isinstance(key, str) or place(RESULTS, key) is None:
            self._damaged(at, ValueError("it names no key"))
        else:
            return self.get(Key(key))
        return None

    def _place(self, what: str, name: Key) -> Place:
        at = place(what, name)
        assert at is not None, "keys of Actions are hex digits"
        return at

    def _read(self, at: Place) -> Mapping[str, object] | None:
        """Return the JSON object at `at`, or None if there is none that is any good."""
        try:
            return decode(self._tree.read(at, self._largest))
        except FileNotFoundError:
            return None
        except OSError as error:
            self._tell(
                "disk",
                f"{self._tree.path(at)}: the store could not be read ({error.strerror or error})\n\n"
                "hint: the build goes on, and runs what it cannot read; "
                f"{self._mend('give yourself the right to read and write the folder')}, or set `cache_dir` to another one",
            )
        except (ValueError, RecursionError, MemoryError) as error:
            self._damaged(at, error)
        return None

    def _mend(self, otherwise: str) -> str:
        """Return what to do about a directory that is none; `otherwise` if it is one."""
        with suppress(OSError):  # it may not be looked at
            if self._directory.is_symlink() and not self._directory.exists():
                return f"`{self._directory}` is a link that leads nowhere: make the folder that it means, or remove it"
            if self._directory.exists() and not self._directory.is_dir():
                return f"`{self._directory}` is a file: remove it"
        return otherwise

    def _damaged(self, at: Place, error: Exception) -> None:
        self._tell(
            "damage",
            f"{self._tree.path(at)}: not a usable entry of the store ({str(error)[:200] or type(error).__name__})\n\n"
            "hint: it counts as absent and is written anew; if this comes back, delete it",
        )

    def _tell(self, about: str, message: str) -> None:
        with self._lock:
            if about in self._warned:
                return
            self._warned.add(about)
        self._warn(message)

    def _prepare(self) -> None:
        """Make the directory and sweep it, once. Whenever a build is killed meanwhile, the next one makes the rest.

        Raises:
            OSError: It cannot be made.
        """
        with self._lock:
            if self._ready:
                return
            mark(self._tree)
            sweep(self._tree)
            self._ready = True
