"""Other processes: `victim` is one of whoever builds."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import time

from .files import holds
from .trying import LIBC, Canaries, call, done, either, probe, same_processes

PTRACE_SEIZE = 0x4206
STAYING = 120


def folder(canaries: Canaries) -> str:
    """Return the folder of `/proc` that tells of the victim."""
    return f"/proc/{same_processes(canaries)}"


@probe
def seen(canaries: Canaries) -> str | None:
    def listed(_: Canaries) -> str | None:
        return "it is in the list" if str(same_processes(canaries)) in os.listdir("/proc") else None

    def told(_: Canaries) -> str | None:
        return holds(f"{folder(canaries)}/cmdline", canaries["token"]) and "its command line was read"

    return either(canaries, listed, told)


@probe
def cwd(canaries: Canaries) -> str | None:
    return holds(f"{folder(canaries)}/cwd/read", canaries["token"])


@probe
def root(canaries: Canaries) -> str | None:
    return holds(f"{folder(canaries)}/root{canaries['outside']}/read", canaries["token"])


@probe
def variables(canaries: Canaries) -> str | None:
    return holds(f"{folder(canaries)}/environ", canaries["token"])


@probe
def descriptors(canaries: Canaries) -> str | None:
    return holds(f"{folder(canaries)}/fd/{canaries['victim-fd']}", canaries["token"])


def _by_file(canaries: Canaries) -> str | None:
    with open(f"{folder(canaries)}/mem", "rb", buffering=0) as file:
        file.seek(canaries["victim-memory"])
        return "its memory was read" if canaries["token"].encode() in file.read(16384) else None


def _by_call(canaries: Canaries) -> str | None:
    size = 4096 - canaries["victim-memory"] % 4096
    found = ctypes.create_string_buffer(size)
    ours = (ctypes.c_size_t * 2)(ctypes.addressof(found), size)
    theirs = (ctypes.c_size_t * 2)(canaries["victim-memory"], size)
    call(canaries, "process_vm_readv", same_processes(canaries), ours, 1, theirs, 1, 0)
    return "its memory was read" if canaries["token"].encode() in found.raw else None


@probe
def memory(canaries: Canaries) -> str | None:
    return either(canaries, _by_file, _by_call)


@probe
def signalled(canaries: Canaries) -> str | None:
    os.kill(same_processes(canaries), signal.SIGCONT)
    return "SIGCONT was sent"


@probe
def by_descriptor(canaries: Canaries) -> str | None:
    fd = call(canaries, "pidfd_open", same_processes(canaries), 0)

    def sent(_: Canaries) -> str:
        call(canaries, "pidfd_send_signal", fd, int(signal.SIGCONT), 0, 0)
        return "SIGCONT was sent"

    def taken(_: Canaries) -> str:
        call(canaries, "pidfd_getfd", fd, canaries["victim-fd"], 0)
        return "one of its files was taken"

    return either(canaries, sent, taken)


@probe
def traced(canaries: Canaries) -> str | None:
    call(canaries, "ptrace", PTRACE_SEIZE, same_processes(canaries), 0, 0)  # let go when this process ends
    return "it is being traced"


@probe
def limits(canaries: Canaries) -> str | None:
    victim = same_processes(canaries)
    resource.prlimit(victim, resource.RLIMIT_NOFILE, resource.prlimit(victim, resource.RLIMIT_NOFILE))
    return "its limits were set"


@probe
def scheduler(canaries: Canaries) -> str | None:
    os.sched_setscheduler(same_processes(canaries), os.SCHED_OTHER, os.sched_param(0))
    return "its scheduler was set"


@probe
def priority(canaries: Canaries) -> str | None:
    victim = same_processes(canaries)
    ctypes.set_errno(0)
    done(LIBC.setpriority(os.PRIO_PROCESS, victim, os.getpriority(os.PRIO_PROCESS, victim)))
    return "its priority was set"


@probe
def processors(canaries: Canaries) -> str | None:
    victim = same_processes(canaries)
    os.sched_setaffinity(victim, os.sched_getaffinity(victim))
    return "its processors were chosen"


@probe
def staying(canaries: Canaries) -> str | None:
    """Start a process that goes on; whether it does can only be seen outside."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 256)
            code = f"import time; time.sleep({STAYING})"
            os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", code, canaries["staying"]])
        os._exit(0)
    time.sleep(0.05)
    return None
