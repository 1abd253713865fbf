"""Panics of a sample, as it writes them to stderr."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.protocols import Fault
from mkdocs_codeexec.languages.rust.source.prepare import FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

# Old messages stand before the place, and no more of a line is looked through for their end: a program may print
# thousands of beginnings.
_PANIC = re.compile(
    r"panicked at (?:'(?P<old>.{0,1000})', )?(?P<file>\S+?):(?P<line>\d{1,9}):(?P<column>\d{1,9})(?::\n(?P<new>.*))?(?!\S)"
)
_FILE = rf"(?:\./)?{re.escape(FILE)}"
_FRAME = re.compile(rf"^ +at {_FILE}:(?P<line>\d{{1,9}}):(?P<column>\d{{1,9}})$", re.MULTILINE)


def panics(text: str) -> Iterator[Fault]:
    """Yield where they happened and what they said; of one in a library, where its backtrace comes to the sample."""
    found = list(_PANIC.finditer(text))
    for panic, following in itertools.zip_longest(found, found[1:]):
        end = following.start() if following else len(text)
        place = panic if re.fullmatch(_FILE, panic["file"]) else _FRAME.search(text, panic.end(), end)
        if place:
            yield Fault(int(place["line"]), int(place["column"]), panic["old"] or panic["new"] or "it panicked")
