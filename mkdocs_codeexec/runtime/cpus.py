"""How many processors this process may really use.

A container is given a share of a machine in ways that `os.cpu_count` does not see, and a build that starts 64 children
on a share of two processors is slower than one that starts two.
"""

from __future__ import annotations

import math
import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def usable_cpus(root: Path = Path("/"), affinity: int | None = None) -> int:
    """Return the number of processors, at least one; a share of a processor counts as one.

    The least of the affinity mask and of the bandwidth limits of the cgroup and all above it, version 2 (`cpu.max`) and
    version 1 (`cpu.cfs_quota_us`), by Linux' `admin-guide/cgroup-v2.rst` and `scheduler/sched-bwc.rst`.

    Args:
        root: Where `/proc` and `/sys` are.
        affinity: The processors of the affinity mask; None asks the system.
    """
    shares = [math.ceil(share) for share in _shares(root)]
    return max(1, min([_affinity() if affinity is None else affinity, *shares]))


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _shares(root: Path) -> Iterator[float]:
    """Yield every limit that is set, in processors."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            for group in _upwards(root / "sys/fs/cgroup", path):
                yield from _share(_read(group / "cpu.max").split())
        elif "cpu" in controllers.split(","):
            for mount in dict.fromkeys((controllers, "cpu", "cpu,cpuacct")):
                for group in _upwards(root / "sys/fs/cgroup" / mount, path):
                    quota = _read(group / "cpu.cfs_quota_us").strip()
                    yield from _share([quota, _read(group / "cpu.cfs_period_us").strip()])


def _upwards(mount: Path, path: str) -> Iterator[Path]:
    """Yield the directories of the cgroup `path` and of all above it.

    In a container the path may be the host's and not exist; what it ends in, the mount itself, is the container's own.
    """
    parts = [part for part in PurePosixPath(path).parts if part not in ("/", "..")]
    for length in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:length])


def _share(words: list[str]) -> Iterator[float]:
    try:
        quota, period = (int(word) for word in words)
    except ValueError:  # `max`, or nothing there
        return
    if quota > 0 and period > 0:  # version 1 writes -1 for no limit
        yield quota / period


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
