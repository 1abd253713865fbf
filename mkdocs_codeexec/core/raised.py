"""Which exception ended a Python program, by what it wrote to stderr."""

from __future__ import annotations

import re

from mkdocs_codeexec.core.normalize import ESCAPE

_HEAD = "Traceback (most recent call last):"
_GROUP_HEAD = "  + Exception Group Traceback (most recent call last):"
_BESIDE = "  | "
"""What stands before the lines of a group."""
_FRAME = '  File "'
_NAME = re.compile(r"([^\W\d][\w.<>]*)(?::|$)")


def raised(stderr: str) -> str:
    """Return the name of the exception that the last traceback in `stderr` ends with, as Python writes it; empty if there is none.

    Of a group that is the group's own. A syntax error of the program itself has a place and no traceback.
    """
    found, before, begun = "", None, False
    for line in ESCAPE.sub("", stderr).splitlines():
        if line in (_HEAD, _GROUP_HEAD) or (not begun and line.startswith(_FRAME)):
            before, begun = (_BESIDE if line == _GROUP_HEAD else ""), True
        elif before is not None and line.startswith(before) and line[len(before) :][:1].strip():
            name = _NAME.match(line, len(before))  # frames are indented
            found, before = name[1] if name else "", None
    return found


def is_called(name: str, wanted: str) -> bool:
    """Tell whether the exception that Python calls `name` is the one that an author calls `wanted`.

    The last names are the same. Those before it in `wanted` are among those before it in `name`, in this order: what is imported
    from `json` may be defined in `json.decoder`, or in `_json`.
    """
    *had, own = name.split(".")
    *modules, last = wanted.split(".")
    left = iter(module.lstrip("_") for module in had)
    return own == last and all(module.lstrip("_") in left for module in modules)
