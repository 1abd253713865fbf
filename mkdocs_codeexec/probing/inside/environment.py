"""What a process is given by the one that starts it."""

from __future__ import annotations

import hashlib
import os
import re
import socket

from .network import connects
from .trying import Canaries, probe, variables


@probe
def secrets(canaries: Canaries) -> str | None:
    given = variables()
    digests = {
        name: hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest() for name, value in given.items()
    }
    found = [
        name for name, value in given.items() if canaries["token"] in value or digests[name] in canaries["secrets"]
    ]
    return f"there is {', '.join(sorted(found))}" if found else None


@probe
def open_files(canaries: Canaries) -> str | None:
    """Look for descriptors that were open at the start; cargo's own two pipes are to be there."""
    cargos = re.findall(r"--jobserver-(?:auth|fds)=(\d+),(\d+)", variables().get("CARGO_MAKEFLAGS", ""))
    own = {int(number) for pair in cargos for number in pair}
    found = sorted(set(canaries["open"]) - own)
    return f"open: {', '.join(f'{fd} ({target})' for fd, target in found_at(found))}" if found else None


def found_at(descriptors: list[int]) -> list[tuple[int, str]]:
    """Return what each descriptor leads to, as far as that is told."""
    found = []
    for fd in descriptors:
        try:
            found.append((fd, os.readlink(f"/proc/self/fd/{fd}")))
        except OSError:
            found.append((fd, "?"))
    return found


@probe
def agent(canaries: Canaries) -> str | None:
    del canaries
    path = variables().get("SSH_AUTH_SOCK")
    if path is None:
        return None
    return connects(socket.AF_UNIX, socket.SOCK_STREAM, path)
