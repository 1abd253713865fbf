"""What a child may reach and how much it may use, whichever sandbox sees to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

Tier: TypeAlias = Literal["bubblewrap", "landlock", "limits", "off"]
"""How strongly a child is confined, strongest first.

`bubblewrap`: namespaces of its own, in which nothing is mounted but what it may see. `landlock`: the kernel refuses
files and system calls, but processes and the names of files can be seen. `limits`: it is only kept from using too much.
`off`: it is the user who builds the site.
"""

WALLS: tuple[Tier, ...] = get_args(Tier)[:-1]
"""Tiers that are chosen from: nobody is left without one who has not written `off`."""

ISOLATING: tuple[Tier, ...] = ("bubblewrap", "landlock")
"""Tiers in which a sample reaches nothing that it was not given."""

SandboxMode: TypeAlias = Literal["auto", "required", "strict", "off"]
"""The strongest tier that works here; the same, but one that isolates; `bubblewrap`, and more (`STRICT`); none."""

STRICT = "strict"
"""What an outcome says of how it came about where `sandbox: strict` was set: under `bubblewrap`, in a program of its own,
without the network. One that came about under `bubblewrap` alone may have shared a program with samples of other pages."""

ISOLATED: tuple[str, ...] = (*ISOLATING, STRICT)
"""What an outcome says that was produced in isolation."""


def enough(mode: SandboxMode) -> tuple[Tier, ...]:
    """Return the tiers that `mode` is content with."""
    return {"required": ISOLATING, "strict": ISOLATING[:1]}.get(mode, get_args(Tier))


def counts(produced: str, mode: SandboxMode) -> bool:
    """Tell whether an outcome that was `produced` so is worth as much as one that would be produced under `mode`."""
    return mode in ("auto", "off") or produced in ((STRICT,) if mode == "strict" else ISOLATED)


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
        programs: Absolute paths of folders, readable ones, in which it finds programs before all others.
    """

    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    network: bool = False
    programs: tuple[str, ...] = ()
