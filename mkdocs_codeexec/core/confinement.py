"""What a child may reach and how much it may use, whichever sandbox sees to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Tier: TypeAlias = Literal["bubblewrap", "landlock", "limits", "off"]
"""How strongly a child is confined, strongest first.

`bubblewrap`: namespaces of its own, in which nothing is mounted but what it may see. `landlock`: the kernel refuses
files and system calls, but processes and the names of files can be seen. `limits`: it is only kept from using too much.
`off`: it is the user who builds the site.
"""

ISOLATING: tuple[Tier, ...] = ("bubblewrap", "landlock")
"""Tiers that `sandbox: required` is content with."""

SandboxMode: TypeAlias = Literal["auto", "required", "off"]
"""The strongest tier that works here; the same, but at least `landlock`; none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one step may use, all that it starts counted; None is unlimited.

    Attributes:
        memory: MiB.
        processes: Processes and threads.
        open_files: Descriptors of one process.
        file_size: MiB of one file.
        disk: MiB in the working directory.
        tmp: MiB in all other places that it may write to.
        cpu: Seconds of processor time of one process.
    """

    memory: int | None = None
    processes: int | None = None
    open_files: int | None = None
    file_size: int | None = None
    disk: int | None = None
    tmp: int | None = None
    cpu: int | None = None

    def amounts(self) -> tuple[int | None, ...]:
        """Return all of them, in a fixed order."""
        return (self.memory, self.processes, self.open_files, self.file_size, self.disk, self.tmp, self.cpu)


UNLIMITED = Limits()
RUN_LIMITS = Limits(memory=512, processes=64, open_files=256, file_size=100, disk=64, tmp=256, cpu=30)
BUILD_LIMITS = Limits(memory=4096, processes=256, open_files=1024, file_size=1024, disk=1024, tmp=1024, cpu=240)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What of this machine a step may reach, beside its scratch directory and the system's own programs and libraries.

    Attributes:
        readable: Absolute paths of files and folders that it may read and execute, sorted.
        writable: Absolute paths of folders that it may write to, sorted; they are there.
        network: Whether it may use the network.
    """

    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    network: bool = False
