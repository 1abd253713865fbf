"""How much it may use. Whether a limit ends a program is tried by programs of their own (`probing.ways`)."""

from __future__ import annotations

import resource

from .trying import Canaries, probe

LIMITS = ("CORE", "CPU", "DATA", "FSIZE", "NOFILE", "NPROC")


@probe
def kernel(canaries: Canaries) -> str | None:
    del canaries
    hard = {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[1] for name in LIMITS}
    found = [name.lower() for name, value in hard.items() if value == resource.RLIM_INFINITY]
    return f"no limit of {', '.join(found)}" if found else None
