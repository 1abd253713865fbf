"""What processes share without a file, and what they hear of each other's."""

from __future__ import annotations

import ctypes
import os

from .files import holds
from .trying import LIBC, Canaries, done, either, probe

GETVAL, IPC_STAT, IPC_CREAT = 12, 2, 0o1000
IN_CREATE = 0x100


@probe
def system_v(canaries: Canaries) -> str | None:
    """Look for what is there, and leave something; whether that stays can only be seen outside."""
    LIBC.shmat.restype = ctypes.c_void_p

    def memory(_: Canaries) -> str | None:
        at = LIBC.shmat(canaries["memory"], None, 0o10000)  # SHM_RDONLY
        if at is None or at == ctypes.c_void_p(-1).value:
            done(-1)
        return "memory was read" if canaries["token"].encode() in ctypes.string_at(at, 64) else None

    def semaphores(_: Canaries) -> str | None:
        return "a semaphore was read" if done(LIBC.semctl(canaries["semaphores"], 0, GETVAL)) == 77 else None

    def messages(_: Canaries) -> str:
        done(LIBC.msgctl(canaries["messages"], IPC_STAT, ctypes.create_string_buffer(256)))
        return "a queue of messages was seen"

    LIBC.shmget(canaries["leaving"], ctypes.c_size_t(4096), IPC_CREAT | 0o600)
    return either(canaries, memory, semaphores, messages)


@probe
def queues(canaries: Canaries) -> str | None:
    done(LIBC.mq_open(canaries["queue"].encode(), os.O_RDONLY))
    return "it was opened"


@probe
def folder(canaries: Canaries) -> str | None:
    return holds(canaries["shared-file"], canaries["token"])


@probe
def names(canaries: Canaries) -> str | None:
    fd = done(LIBC.inotify_init1(0))
    done(LIBC.inotify_add_watch(fd, canaries["outside"].encode(), IN_CREATE))
    return "a folder is watched"
