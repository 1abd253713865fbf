"""Files and folders that nobody has granted: `outside` holds one for each probe."""

from __future__ import annotations

import os

from .trying import Canaries, probe, variables


def outside(canaries: Canaries, name: str) -> str:
    """Return the canary for one probe."""
    return os.path.join(canaries["outside"], name)


def holds(path: str, token: str) -> str | None:
    """Tell whether the file at `path` can be read, and is the canary."""
    with open(path, "rb") as file:
        return "its contents were read" if token.encode() in file.read(65536) else None


@probe
def read(canaries: Canaries) -> str | None:
    return holds(outside(canaries, "read"), canaries["token"])


@probe
def listing(canaries: Canaries) -> str | None:
    return "its names were read" if "read" in os.listdir(canaries["outside"]) else None


@probe
def stat(canaries: Canaries) -> str | None:
    return f"its size is {os.stat(outside(canaries, 'read')).st_size}"


@probe
def write(canaries: Canaries) -> str | None:
    fd = os.open(outside(canaries, "write"), os.O_WRONLY)
    return f"{os.write(fd, b'X')} byte was written"


@probe
def append(canaries: Canaries) -> str | None:
    fd = os.open(outside(canaries, "append"), os.O_WRONLY | os.O_APPEND)
    return f"{os.write(fd, b'X')} byte was appended"


@probe
def truncate(canaries: Canaries) -> str | None:
    os.truncate(outside(canaries, "truncate"), 0)
    return "it was emptied"


@probe
def rename(canaries: Canaries) -> str | None:
    os.rename(outside(canaries, "rename"), outside(canaries, "renamed"))
    return "it has another name"


@probe
def remove(canaries: Canaries) -> str | None:
    os.unlink(outside(canaries, "remove"))
    return "it was removed"


@probe
def mode(canaries: Canaries) -> str | None:
    os.chmod(outside(canaries, "mode"), 0o600)
    return "its mode was changed"


@probe
def times(canaries: Canaries) -> str | None:
    os.utime(outside(canaries, "times"))
    return "its times were changed"


@probe
def attributes(canaries: Canaries) -> str | None:
    os.setxattr(outside(canaries, "attributes"), "user.codeexec", b"X")
    return "it has another attribute"


@probe
def hard_link(canaries: Canaries) -> str | None:
    os.link(outside(canaries, "hard-link"), "linked")
    return "it has a name in the scratch directory"


@probe
def links(canaries: Canaries) -> str | None:
    """Leave links where something is removed afterwards; whether they were followed can only be seen outside."""
    target = outside(canaries, "links")
    own = os.getcwd()
    found = variables()
    for folder in (own, found.get("HOME", own), found.get("TMPDIR", own)):
        try:
            os.symlink(target, os.path.join(folder, "link-of-a-sample"))
        except OSError:
            continue
    if os.path.basename(own) == "work":  # the working directory itself; where it can be moved, a link takes its place
        os.rename(own, own + "-moved")
        os.symlink(target, own)
    return None


@probe
def own_root(canaries: Canaries) -> str | None:
    return holds("/proc/self/root" + outside(canaries, "read"), canaries["token"])
