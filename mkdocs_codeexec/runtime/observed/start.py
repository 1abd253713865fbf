"""The folder with which a Python that runs a sample starts, so that it lets itself be observed."""

from __future__ import annotations

import contextlib
import functools
import os
import py_compile

from mkdocs_codeexec.runtime.sandbox import bubblewrap

FOLDER = os.path.join(bubblewrap.SUPERVISING, "startup")


@functools.cache
def folder() -> str:
    """Return it, its module compiled if this interpreter has not yet done so and may: each sample would do it again."""
    with contextlib.suppress(OSError, py_compile.PyCompileError):
        py_compile.compile(os.path.join(FOLDER, "sitecustomize.py"), doraise=True)
    return FOLDER
