"""The program: canaries on standard input, what came of each probe on standard output."""

from __future__ import annotations

import json
import os
import sys

from .trying import everything


def main() -> None:
    """Try all of it."""
    found = []
    for fd in range(3, 256):
        try:
            os.fstat(fd)
        except OSError:
            continue
        found.append(fd)
    canaries = json.load(sys.stdin)
    sys.stdout.write(json.dumps(everything({**canaries, "open": found})) + "\n")
