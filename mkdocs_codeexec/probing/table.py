"""What is tried, in words for people, and which level promises that it is held."""

from __future__ import annotations

from typing import NamedTuple

from mkdocs_codeexec.core.confinement import WALLS, Tier

PYTHON, SHELL, MACRO, BUILD_SCRIPT = "Python", "shell", "macro", "build script"
WAYS = (PYTHON, SHELL, MACRO, BUILD_SCRIPT)
"""As what it is tried: two samples, a Rust procedural macro while a sample is compiled, and cargo's build script."""


OF_ONE_USER = frozenset(
    f"processes.{name}" for name in ("signalled", "by-descriptor", "limits", "scheduler", "priority", "processors")
)
"""What a build script reaches of another build under `limits`: where root builds, both have the same user."""


class Probe(NamedTuple):
    """One row.

    Attributes:
        name: Its group and what it is called there.
        words: What is tried.
        held: The weakest level that promises to hold it.
        as_root: The same where root builds, if that is another one: samples are somebody else then.
        landlock: The version of Landlock from which on `landlock` holds it; before, only `bubblewrap` does.
        ways: As what it is tried.
    """

    name: str
    words: str
    held: Tier = "landlock"
    as_root: Tier | None = None
    landlock: int = 0
    ways: tuple[str, ...] = WAYS

    @property
    def group(self) -> str:
        """Its group."""
        return self.name.partition(".")[0]

    def promised(self, level: Tier, way: str, *, root: bool, landlock: int) -> bool:
        """Tell whether `level` promises to hold it on a machine with that version of Landlock."""
        if level == "off":
            return False
        if level == "limits" and way == BUILD_SCRIPT and self.name in OF_ONE_USER:
            return False
        if level == "landlock" and landlock < self.landlock and not (root and self.as_root):
            return False
        weakest = self.as_root if root and self.as_root else self.held
        return WALLS.index(level) <= WALLS.index(weakest)


GROUPS = {
    "files": "files that nobody has granted",
    "places": "home, project, store, system, devices",
    "network": "the network",
    "processes": "other processes",
    "privileges": "privileges and the kernel's large doors",
    "sharing": "shared memory and messages",
    "environment": "what it is started with",
    "kernel": "files of the kernel",
    "limits": "limits",
}

SAMPLES = (PYTHON,)
"""What a limit ends is tried by a sample of its own."""

PROBES = (
    Probe("files.read", "read a file"),
    Probe("files.listing", "list a folder"),
    Probe("files.stat", "ask for the size of a file", "bubblewrap"),
    Probe("files.write", "write to a file"),
    Probe("files.append", "append to a file"),
    Probe("files.truncate", "empty a file"),
    Probe("files.rename", "rename a file"),
    Probe("files.remove", "remove a file"),
    Probe("files.mode", "change the mode of a file", "bubblewrap", "limits"),
    Probe("files.times", "change the times of a file", "bubblewrap"),
    Probe("files.attributes", "change attributes of a file"),
    Probe("files.hard-link", "give a file a second name"),
    Probe("files.links", "have the cleanup follow a link", "limits"),
    Probe("files.own-root", "read a file by `/proc/self/root`"),
    Probe("places.home", "read keys and tokens in the home directory, or list it"),
    Probe("places.accounts", "read `/etc/shadow` and the like", "landlock", "limits"),
    Probe("places.system", "write to the system's folders", "landlock", "limits"),
    Probe("places.project", "write to the project, or read what is not granted of it"),
    Probe("places.hidden", "read `.env` and `.git` in a local crate"),
    Probe("places.sources", "write to a local crate"),
    Probe("places.store", "read or write stored outcomes"),
    Probe("places.environments", "write to Environments of others"),
    Probe("places.neighbours", "read or write what another sample has"),
    Probe("places.devices", "open a terminal or a disk"),
    Probe("places.nodes", "make a device", "limits"),
    Probe("network.tcp", "connect by TCP"),
    Probe("network.ipv6", "connect by TCP over IPv6"),
    Probe("network.udp", "send by UDP"),
    Probe("network.raw", "make packets of its own", "limits"),
    Probe("network.packets", "listen to packets of others", "limits"),
    Probe("network.netlink", "ask the kernel for interfaces, and settings of the network"),
    Probe("network.vsock", "talk to a hypervisor"),
    Probe("network.crypto", "use the kernel's ciphers"),
    Probe("network.unix-path", "connect to a UNIX socket"),
    Probe("network.unix-abstract", "connect to an abstract UNIX socket"),
    Probe("network.names", "ask a name server"),
    Probe("processes.seen", "see another process"),
    Probe("processes.cwd", "read a file by its working directory", "landlock", "limits"),
    Probe("processes.root", "read a file by its root folder", "landlock", "limits"),
    Probe("processes.variables", "read its variables", "landlock", "limits"),
    Probe("processes.descriptors", "read a file that it has open", "landlock", "limits"),
    Probe("processes.memory", "read its memory", "landlock", "limits"),
    Probe("processes.signalled", "send it a signal", "landlock", "limits", landlock=6),
    Probe(
        "processes.by-descriptor",
        "send it a signal, or take its files, by a descriptor",
        "landlock",
        "limits",
        landlock=6,
    ),
    Probe("processes.traced", "trace it", "landlock", "limits"),
    Probe("processes.limits", "set its limits", "landlock", "limits"),
    Probe("processes.scheduler", "set its scheduler", "landlock", "limits"),
    Probe("processes.priority", "set its priority", "landlock", "limits"),
    Probe("processes.processors", "choose its processors", "landlock", "limits"),
    Probe("processes.staying", "go on after the end", "limits"),
    Probe("privileges.user", "be root", "limits"),
    Probe("privileges.capabilities", "have a capability, or a set that one could be gained from", "limits"),
    Probe("privileges.new-privileges", "gain privileges by a program", "limits"),
    Probe("privileges.set-user-id", "become root by `su` or `sudo`", "limits"),
    Probe("privileges.namespaces", "make namespaces"),
    Probe("privileges.mounts", "mount a file system", "limits"),
    Probe("privileges.another-root", "change the root folder", "limits"),
    Probe("privileges.entering", "enter namespaces of others", "limits"),
    Probe("privileges.keys", "use the kernel's keys"),
    Probe("privileges.bpf", "load programs into the kernel (bpf)"),
    Probe("privileges.counters", "count the processor's events (perf)"),
    Probe("privileges.page-faults", "handle page faults (userfaultfd)"),
    Probe("privileges.rings", "use io_uring"),
    Probe("privileges.modules", "load a module", "limits"),
    Probe("privileges.another-kernel", "load another kernel", "limits"),
    Probe("privileges.restart", "restart the machine", "limits"),
    Probe("privileges.swap", "swap to a file", "limits"),
    Probe("privileges.host-name", "set the machine's name", "limits"),
    Probe("privileges.clock", "set the clock", "limits"),
    Probe("privileges.log", "read the kernel's log"),
    Probe("privileges.terminal-input", "type into a terminal"),
    Probe("privileges.personality", "have memory that is executable throughout"),
    Probe("sharing.system-v", "use memory, semaphores and queues of others (System V)"),
    Probe("sharing.queues", "open queues of others (POSIX)"),
    Probe("sharing.folder", "read `/dev/shm`"),
    Probe("sharing.names", "hear which names come and go in a folder"),
    Probe("environment.secrets", "find tokens in its variables", "limits"),
    Probe("environment.open-files", "use files that were open", "limits"),
    Probe("environment.agent", "ask the agent that holds SSH keys", "limits"),
    Probe("kernel.memory", "read the kernel's memory or list its keys"),
    Probe("kernel.settings", "write to settings in `/proc` and `/sys`", "landlock", "limits"),
    Probe("kernel.groups", "leave its group of processes", "landlock", "limits"),
    Probe("limits.kernel", "have no limit of memory, files, processes or time", "limits"),
    Probe("limits.memory", "take more memory than it may", "limits", ways=SAMPLES),
    Probe("limits.processes", "have more processes than it may", "limits", ways=SAMPLES),
    Probe("limits.disk", "write more than it may", "limits", ways=SAMPLES),
)
