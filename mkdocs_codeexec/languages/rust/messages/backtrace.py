"""Backtraces cut down to the frames of the sample.

`std` prints a short one for `RUST_BACKTRACE=1` (`library/std/src/sys/backtrace.rs`): the word, numbered frames, each
with its place under it if the program has line tables, and a note that something was left out. A full one has
addresses and no note; whoever asks for that gets all of it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from mkdocs_codeexec.languages.rust.source.prepare import FILE

_SHORT = re.compile(
    r"^stack backtrace:\n(?P<frames>(?: +\d+: .*\n(?: {8,}at .*\n)*)+)(?=note: Some details are omitted)", re.MULTILINE
)
_FRAME = re.compile(r"^ +\d+: (?P<name>.*)\n(?P<places>(?: {8,}at .*\n)*)", re.MULTILINE)
_FILE = rf"(?:{re.escape(FILE)}|step-\d+\.rs)"
"""The file of a sample, or of another step of its session."""
_PLACE = re.compile(rf"^( +at )\./({_FILE}:\d+:\d+)$", re.MULTILINE)
_AT = re.compile(rf"at {_FILE}:")
_OURS = re.compile(r"^(?:sample::|<[&*(\[]*(?:(?:mut|dyn|const) )*sample::)| as sample::")
"""A function of the crate `sample`, a method of its types, or one of its traits."""
_INNER = "sample::main::_inner"
"""What `prepare` puts around a sample that ends with a result."""


class _Frame(NamedTuple):
    text: str
    name: str
    places: str

    @property
    def ours(self) -> bool:
        """Whether it is of the sample. The place decides if there is one: an inlined function has a short name."""
        return bool(_AT.search(self.places)) if self.places else bool(_OURS.search(self.name))


def cut(text: str) -> str:
    """Return `text` with short backtraces cut to the sample's own frames, numbered as they were.

    A backtrace without any is left as it is. Places of the sample become `sample.rs:4:43`, as everywhere else.
    """
    if "stack backtrace:" not in text:
        return text
    return _SHORT.sub(_shortened, _PLACE.sub(r"\1\2", text))


def _shortened(match: re.Match[str]) -> str:
    frames = [_Frame(found[0], found["name"], found["places"]) for found in _FRAME.finditer(match["frames"])]
    ours = [frame for frame in frames if frame.ours]
    if not ours:
        return match[0]
    kept: list[str] = []
    inserted = False
    for frame in ours:
        # The function that calls `_inner` is inserted, and `_inner` is what the author would call `main`.
        if not (inserted and frame.name in ("sample::main", "main")):
            kept.append(frame.text.replace(_INNER, "sample::main"))
        inserted = frame.name == _INNER
    return "stack backtrace:\n" + "".join(kept)
