"""Files that samples have left, each under the digest of what is in it.

    <directory>/blobs/<first two digits>/<sha256>

A file is complete or absent, and is believed only if its contents have the digest that it is called by: whoever wrote it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from mkdocs_codeexec.runtime.throwaway import throwaway
from mkdocs_codeexec.untrusted import Tree, UnfitError, aside, copied, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mkdocs_codeexec.core.blobs import Blob
    from mkdocs_codeexec.untrusted import Place

BLOBS = "blobs"
_Signature: TypeAlias = tuple[int, int, int, int, int]


def place_of(digest: str) -> Place:
    """Return where the blob of a digest is."""
    return (BLOBS, digest[:2], digest)


class KeptBlobs:
    """The blobs of a store; and those of this process, where the store is not written. Threads may share it.

    Args:
        tree: The store; None keeps all in a folder of this process, which goes with it.
        writable: Whether anything is written there.
        damaged: Told of a blob that is not what it is called.

    Attributes:
        used: Digests of those that this process has kept or given.
    """

    def __init__(
        self,
        tree: Tree | None = None,
        *,
        writable: bool = True,
        damaged: Callable[[Place, Exception], None] | None = None,
    ) -> None:
        self._tree = tree
        self._writable = writable and tree is not None
        self._damaged = damaged
        self._own: Tree | None = None
        self._known: dict[tuple[str, bool], _Signature] = {}
        self.used: set[str] = set()

    def keep(self, fd: int, most: int) -> tuple[str, int]:
        """Keep what the open file `fd` holds, and return its digest and size.

        Raises:
            UnfitError: It is larger than `most` bytes.
            OSError: It cannot be read, or there is no room for it.
        """
        if self._tree is not None and self._writable:
            with suppress(OSError):  # then it is kept for as long as this process lives
                return self._keep(self._tree, fd, most)
        return self._keep(self._process(), fd, most)

    def open(self, blob: Blob) -> int | None:
        """Return a descriptor of the file with the contents of `blob`; None if it is gone or damaged."""
        for tree in self._trees():
            try:
                with tree.folder(place_of(blob.digest)[:-1]) as folder:
                    fd = folder.open_file(blob.digest)
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                self._tell(tree, blob, error)
                continue
            try:
                self._check(tree, blob, fd)
            except BaseException as error:
                os.close(fd)
                if not isinstance(error, OSError | UnfitError):
                    raise
                self._tell(tree, blob, error)
                continue
            return fd
        return None

    def holds(self, blobs: Iterable[Blob]) -> bool:
        """Tell whether all `blobs` are there, undamaged."""
        for blob in blobs:
            fd = self.open(blob)
            if fd is None:
                return False
            os.close(fd)
        return True

    def _keep(self, tree: Tree, fd: int, most: int) -> tuple[str, int]:
        os.lseek(fd, 0, os.SEEK_SET)
        with tree.folder((BLOBS,), make=True) as top:
            temporary = aside()
            new = top.new(temporary, 0o444)
            try:
                try:
                    digest, size = copied(fd, new, most)
                    self.used.add(digest)
                    with tree.folder((BLOBS, digest[:2]), make=True) as shelf:
                        settle(top, temporary, shelf, digest)
                    self._known[digest, tree is self._own] = _signature(new)
                finally:
                    os.close(new)
            except BaseException:
                with suppress(OSError):
                    top.unlink(temporary)
                raise
        return digest, size

    def _check(self, tree: Tree, blob: Blob, fd: int) -> None:
        """Look whether `fd` holds what `blob` says; in one process that is read once.

        Raises:
            UnfitError: It does not.
            OSError: It cannot be read.
        """
        key = blob.digest, tree is self._own
        signature = _signature(fd)
        if signature[0] != blob.size:
            raise UnfitError(f"it has {signature[0]} bytes instead of {blob.size}")
        if self._known.get(key) != signature:
            digest, _ = copied(fd, None, blob.size)
            if digest != blob.digest:
                raise UnfitError("its checksum does not match")
            os.lseek(fd, 0, os.SEEK_SET)
        if blob.digest not in self.used and tree is self._tree and self._writable:
            tree.touch(place_of(blob.digest))
            signature = _signature(fd)
        self.used.add(blob.digest)
        self._known[key] = signature

    def _trees(self) -> Iterator[Tree]:
        if self._own is not None:
            yield self._own
        if self._tree is not None:
            yield self._tree

    def _process(self) -> Tree:
        if self._own is None:
            folder = throwaway() / BLOBS
            folder.mkdir(mode=0o700, exist_ok=True)
            self._own = Tree(folder)
        return self._own

    def _tell(self, tree: Tree, blob: Blob, error: Exception) -> None:
        if self._damaged is not None and tree is self._tree:
            self._damaged(place_of(blob.digest), error)


def _signature(fd: int) -> _Signature:
    about = os.fstat(fd)
    return about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino, about.st_dev
