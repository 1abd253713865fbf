"""Files that samples have left, put into the working directories of those that need them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.sample import in_one_line
from mkdocs_codeexec.errors import CodeExecError
from mkdocs_codeexec.untrusted import UnfitError, below, copied

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mkdocs_codeexec.core.blobs import Blob
    from mkdocs_codeexec.core.protocols import Blobs
    from mkdocs_codeexec.untrusted import Folder


def restore(work: Folder, left: Iterable[Blob], blobs: Blobs, *, linked: bool) -> None:
    """Put files into `work`, to be read only.

    Args:
        work: A working directory, before anything has run there.
        left: Which files.
        blobs: Where they are kept.
        linked: Whether nothing that is run there could change a file that has another name elsewhere.

    Raises:
        CodeExecError: One is gone, or damaged, or there is no room for it.
    """
    for blob in left:
        what = f"`{in_one_line(blob.path)}`, which another sample has left,"
        fd = blobs.open(blob)
        if fd is None:
            raise CodeExecError(f"{what} is gone from the store, or damaged; the next build runs that sample again")
        try:
            _put(work, blob, fd, linked=linked)
        except (OSError, UnfitError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise CodeExecError(f"{what} cannot be put into the working directory: {why}") from None
        finally:
            os.close(fd)


def _put(work: Folder, blob: Blob, fd: int, *, linked: bool) -> None:
    """Make the file of `blob`, and the folders that lead to it, of the open file `fd`.

    Raises:
        UnfitError: It is not what `blob` says.
        OSError: It cannot be made.
    """
    *folders, name = blob.path.split("/")
    with below(work, tuple(folders), make=True) as folder:
        if linked and not blob.executable and _is_linked(folder, name, fd):
            return
        new = folder.new(name, 0o600)
        try:
            digest, _ = copied(fd, new, blob.size)
            if digest != blob.digest:
                raise UnfitError("its checksum does not match")
            os.fchmod(new, 0o555 if blob.executable else 0o444)
        finally:
            os.close(new)


def _is_linked(folder: Folder, name: str, fd: int) -> bool:
    """Give the file that is open as `fd`, and no other, one more name; tell whether that was possible."""
    try:
        os.link(f"/proc/self/fd/{fd}", name, dst_dir_fd=folder.fileno(), follow_symlinks=True)
    except (OSError, NotImplementedError):  # another disk, or a system without `/proc`
        return False
    return True
