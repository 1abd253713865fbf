"""How a supervisor and its parent talk; see `supervisor`."""

from __future__ import annotations

import os
import struct

SCRATCH = ("work", "home", "tmp")
"""The folders of a scratch directory. A child may write to each of them, and not to what holds them."""

STEPS = ".session"
"""Beside them, what a program consists of that runs its parts one after the other: it is not in the working directory."""

PROJECT = "project"
"""Beside them, the project of one that sees it; it may write to that, too."""

CHUNK = 64 * 1024
"""Bytes of a child's output that one answer holds, and that are asked for at once."""
LARGEST = {b"p": 20, b"o": CHUNK, b"e": CHUNK, b"i": 64 * 1024 * 1024, b"x": 64 * 1024}
"""Bytes of an answer, by its type: what claims to be larger is none."""


def receive(size: int) -> bytes:
    """Return `size` bytes of the request.

    Raises:
        EOFError: The lifeline has ended.
    """
    parts = bytearray()
    while len(parts) < size:
        chunk = os.read(0, min(size - len(parts), CHUNK))  # a length may be anything
        if not chunk:
            raise EOFError
        parts += chunk
    return bytes(parts)


def answer(what: bytes, payload: bytes) -> None:
    """Send one answer.

    Raises:
        BrokenPipeError: Nobody reads it any more.
    """
    rest = memoryview(struct.pack("!cI", what, len(payload)) + payload)
    while rest:
        rest = rest[os.write(1, rest) :]
