"""Files by which the kernel shows itself, and is set."""

from __future__ import annotations

import os

from .places import opens, wherever
from .trying import Canaries, either, probe

SETTINGS = (
    *("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/vm/drop_caches", "/proc/sysrq-trigger"),
    *("/sys/power/state", "/sys/kernel/mm/transparent_hugepage/enabled", "/sys/kernel/uevent_helper"),
)
"""They are opened, and nothing is written."""


@probe
def memory(canaries: Canaries) -> str | None:
    def listed(_: Canaries) -> str | None:
        with open("/proc/keys", "rb") as file:
            return "keys were listed" if file.read(4096) else None

    paths = ["/proc/kcore", "/dev/mem", "/dev/kmem", "/dev/port"]
    return either(canaries, lambda _: wherever(canaries, paths, os.O_RDONLY), listed)


@probe
def settings(canaries: Canaries) -> str | None:
    return wherever(canaries, list(SETTINGS), os.O_WRONLY)


@probe
def groups(canaries: Canaries) -> str | None:
    """Move to a group of processes whose limits are others."""

    def make(folder: str) -> str:
        path = os.path.join(folder, canaries["abstract"])
        os.mkdir(path)
        os.rmdir(path)
        return "a group was made"

    folders = canaries["groups"]
    joining = [lambda _, one=one: opens(os.path.join(one, "cgroup.procs"), os.O_WRONLY) for one in folders]
    return either(canaries, *joining, *(lambda _, one=one: make(one) for one in folders))
