"""Which line of a sample an interpreter or a compiler speaks of, by how it writes places.

Python writes frames, the innermost one last and the exception behind it, under whatever name the language is set up
and by whatever program it is started. Of all others the first place that is named counts, and what follows it.
"""

from __future__ import annotations

import re

from mkdocs_codeexec.core.protocols import Fault

_FRAME = re.compile(r'^[ |+-]*File "(?:\./)?sample(?:\.\w+)?", line (\d{1,9})', re.MULTILINE)
_NAMED = re.compile(
    r"(?<!\[)(?:\bsample\.\w+|(?<![\w./-])(?:\./)?sample)(?:\", line |: line |:)(\d{1,9})(?::(\d{1,9}))?:?(.*)"
)
"""`dbg!` of Rust puts its places into brackets."""


def faults(text: str) -> tuple[Fault, ...]:
    """Return the place in the sample that `text`, written to stderr without colours, is about; none if it names none."""
    if frames := _FRAME.findall(text):
        return (Fault(int(frames[-1]), 0, text.rstrip().rpartition("\n")[2]),)
    if named := _NAMED.search(text):
        return (Fault(int(named[1]), int(named[2] or 0), named[3].strip()),)
    return ()
