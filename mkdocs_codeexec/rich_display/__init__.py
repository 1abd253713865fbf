"""What a Python that runs a sample shows beside text: figures, tables and values, as a notebook would.

`inside` is a program of its own: its texts are executed by the Python of the sample, which has nothing else of ours.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import py_compile
import re
from pathlib import Path

FOLDER = str(Path(__file__).with_name("inside"))
"""What comes on `PYTHONPATH` behind the folder with which an observed Python starts, or first where nobody observes."""
_FRAME = re.compile(
    r'^(?:[ |+-]|\x1b\[[0-9;]*m)*File (?:\x1b\[[0-9;]*m)*"<importlib\._bootstrap: (?:pieces|libraries)>".*\n?',
    re.MULTILINE,
)
_AT_START = ("sitecustomize.py", "codeexec_display.py")


@functools.cache
def folder() -> str:
    """Return `FOLDER`, what each sample imports of it compiled if this interpreter has not yet done so and may."""
    for name in _AT_START:
        with contextlib.suppress(OSError, py_compile.PyCompileError):
            py_compile.compile(os.path.join(FOLDER, name), doraise=True)  # noqa: PTH118 - it is a word of a path
    return FOLDER


@functools.cache
def text(name: str) -> str:
    """Return the text of the module `name` of `inside`."""
    return Path(FOLDER, f"{name}.py").read_text("utf-8")


@functools.cache
def digest() -> str:
    """Return the digest of what decides how things are shown: another version may show them otherwise."""
    found = hashlib.sha256()
    for path in sorted(Path(FOLDER).glob("*.py")):
        found.update(f"{path.name}\0{path.read_text('utf-8')}\0".encode())
    return found.hexdigest()


def without_frames(text: str) -> str:
    """Return `text`, output of a sample, without the frames of `inside` in tracebacks: no file has such a name."""
    return _FRAME.sub("", text) if "<importlib._bootstrap: " in text else text
