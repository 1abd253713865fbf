"""Kill builds of a site at random moments and tell what is left: a program of its own.

Builds are forked where MkDocs is imported. This program is the *child subreaper* (`prctl(2)`) of all that it starts, so that
whatever a killed build leaves running, in whichever session and after however many forks, becomes its child, and is found.

    python killing.py SITE SEED KILLS SIGNAL [MOMENT ...]

Prints a line of JSON for each kill.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import signal
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import mkdocs.commands.build  # noqa: F401 - what a build imports

import mkdocs_codeexec.hosts.mkdocs.plugin
import mkdocs_codeexec.languages.rust
import mkdocs_codeexec.runtime.execution  # noqa: F401 - what a build imports
from mkdocs_codeexec.core.action import Key
from mkdocs_codeexec.runtime.store import DirectoryStore

sys.path.append(str(Path(__file__).parents[1]))
from support.forks import run_here

PR_SET_CHILD_SUBREAPER = 36
PATIENCE = 20.0
"""Seconds in which a build comes to the moment at which it is to be killed."""

MOMENTS = {
    "starting": (b"", 0.45),
    "building": (b"sleep\0000.31", 0.25),
    "compiling": (b"rustc", 0.1),
    "running": (b"sleep\00060.31", 0.3),
    "confining": (b"--unshare-pid", 0.3),
}
USUAL = ("starting", "building", "compiling", "running")
"""What some process of the build has on its command line then, and for how many seconds at most the kill still waits."""


@dataclass(frozen=True)
class Killed:
    """One kill.

    Attributes:
        moment: What the build was at.
        reached: Whether it came so far.
        group: Whether all of its process group got the signal, as from a terminal.
        seconds: From the signal to the end of `mkdocs`.
        running: Command lines of what is left a second later.
        folders: What is left among temporary files.
        damaged: What is said of entries of the store.
        entries: How many entries there are.
        torn: Temporary files in the store.
        said: The end of what `mkdocs` wrote.
    """

    moment: str
    reached: bool
    group: bool
    seconds: float
    running: list[str]
    folders: list[str]
    damaged: list[str]
    entries: int
    torn: list[str]
    said: str


def below(ancestor: int) -> dict[int, bytes]:
    """Return the command lines of all living processes that descend from `ancestor`, by their ids."""
    families: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, parent, *_ = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            if state != "Z":
                families.setdefault(int(parent), []).append(int(folder.name))
    found: dict[int, bytes] = {}
    pending = [ancestor]
    while pending:
        for pid in families.get(pending.pop(), []):
            pending.append(pid)
            found[pid] = b""
            with suppress(OSError):
                found[pid] = Path(f"/proc/{pid}/cmdline").read_bytes()
    return found


def reap() -> None:
    """Take the exit status of what has become ours."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def left() -> list[str]:
    """Return what still runs a second from now; nothing if nothing does before."""
    end = time.monotonic() + 1
    while True:
        reap()
        found = below(os.getpid())
        if not found or time.monotonic() > end:
            for pid in found:
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            return [line.replace(b"\0", b" ").decode("utf-8", "replace") or "?" for line in found.values()]
        time.sleep(0.02)


def started(site: Path, log: Path) -> int:
    """Fork what `python -m mkdocs build` is in a session of its own, without standard input."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        nothing, output = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for descriptor, number in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(descriptor, number)
        os.closerange(3, max(nothing, output) + 1)
        os.chdir(site)
        sys.argv[1:] = ["build"]
        run_here("mkdocs")
        sys.exit()
    return pid


def ended(pid: int) -> bool:
    """Tell whether a child has ended, and leave it there."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def comes(pid: int, word: bytes) -> bool:
    """Wait until a process of the build has `word` on its command line, and return whether it came to that."""
    end = time.monotonic() + PATIENCE
    while word and not any(word in line for line in below(pid).values()):
        if ended(pid) or time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def kill(site: Path, rng: random.Random, moment: str, number: signal.Signals) -> Killed:
    """Start a build of `site`, kill it, and look around."""
    word, spread = MOMENTS[moment]
    group = rng.random() < 0.5
    log = site / "build.log"
    pid = started(site, log)
    reached = comes(pid, word)
    time.sleep(rng.uniform(0, spread))
    reached = reached and not ended(pid)
    began = time.monotonic()
    if reached:
        (os.killpg if group else os.kill)(pid, number)
    while not ended(pid) and time.monotonic() < began + 10:
        time.sleep(0.01)
    seconds = time.monotonic() - began
    running = left()
    store, damaged = site / ".cache/codeexec", list[str]()
    reader = DirectoryStore(store, damaged.append)
    entries = [path.stem for path in (store / "results").rglob("*.json")]
    damaged += [f"{name}: a miss" for name in entries if reader.get(Key(name)) is None]
    folders = [path.name for path in Path(tempfile.gettempdir()).iterdir()]
    torn = [path.name for path in store.rglob("*.tmp")]
    said = log.read_text("utf-8", "replace")[-2000:]
    return Killed(moment, reached, group, seconds, running, folders, damaged, len(entries), torn, said)


def main() -> None:
    site, seed, kills, number = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), signal.Signals(int(sys.argv[4]))
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(1), *[ctypes.c_ulong(0)] * 3)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has its background jobs ignore it
    rng = random.Random(seed)
    moments = sys.argv[5:] or USUAL
    for moment in (moments * kills)[:kills]:
        sys.stdout.write(json.dumps(asdict(kill(site, rng, moment, number))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
