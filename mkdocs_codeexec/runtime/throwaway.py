"""A folder for what is worth something in this process alone."""

from __future__ import annotations

import atexit
import functools
import os
import tempfile
from pathlib import Path

from mkdocs_codeexec.untrusted import remove_path


@functools.cache
def throwaway() -> Path:
    """Return a private folder, the same whenever it is asked for, that is removed when this process ends.

    Raises:
        OSError: There is no room for temporary files.
    """
    folder = Path(tempfile.mkdtemp(prefix="codeexec-environments-"))
    folder.chmod(0o755)  # where root builds, another user compiles
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # not a process that was forked since
        remove_path(folder)
