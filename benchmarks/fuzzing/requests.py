"""The supervisor, asked in pieces, with wrong lengths or halves of requests: it ends, and nothing that it started is left.

Its parent alone writes to it, and `marshal` is not made for strangers: what is tried is the framing around real requests.
"""

from __future__ import annotations

import os
import random
import resource
import struct
import subprocess
import sys
import time
from pathlib import Path

from fuzzing.target import Target, check
from mkdocs_codeexec.core.protocols import Command
from mkdocs_codeexec.runtime.answers import Answers
from mkdocs_codeexec.runtime.sandbox.bubblewrap import SUPERVISING
from mkdocs_codeexec.runtime.starting import _START, encode

SECONDS = 12.0
"""After which a supervisor whose parent has gone must be gone."""
MOST_MEMORY = 96 * 1024
"""KiB that it may take."""


def request(*argv: str, stdin: str | None = None) -> bytes:
    """Return the request for a command, with its length."""
    command = Command(argv=argv, cwd=Path("/"), env={"PATH": "/usr/bin:/bin"}, timeout=20, stdin=stdin)
    data = encode(command, 20, "run", "off", None, grouped=False)
    return struct.pack("!I", len(data)) + data


def start() -> subprocess.Popen[bytes]:
    """Start the supervisor, as `runtime.starting` does without walls."""
    argv = [os.path.realpath(sys.executable), "-I", "-S", "-c", _START, str(SUPERVISING.parent)]
    pipe = subprocess.PIPE
    return subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, cwd="/", start_new_session=True)


def conversation(asked: bytes) -> bytes:
    """Return what the supervisor answers to one request."""
    supervisor = start()
    assert supervisor.stdin
    assert supervisor.stdout
    supervisor.stdin.write(asked)
    said = b""
    coming = Answers(supervisor.stdout.fileno(), time.monotonic() + SECONDS)
    while answer := coming.next():
        said += struct.pack("!cI", answer[0], len(answer[1])) + answer[1]
        if answer[0] == b"x":
            break
    _end(supervisor)
    return said


def law(data: bytes) -> None:
    mark = f"{os.getpid()}{random.getrandbits(40)}"
    ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # which counts for a child until it is another program
    supervisor = start()
    try:
        whole = _ask(supervisor, data, mark)
        assert supervisor.stdin
        supervisor.stdin.close()
        _, status, usage = _wait(supervisor)
        check(status == 0, "it ends as it should")
        check(usage.ru_maxrss <= MOST_MEMORY + ours, "no length is believed")
        assert supervisor.stdout
        coming = Answers(supervisor.stdout.fileno(), time.monotonic() + SECONDS)
        kinds = []
        while answer := coming.next():
            kinds.append(answer[0])
        check(kinds.count(b"x") <= whole and kinds.count(b"p") <= whole, "it answers what was asked")
        check(not _alive(mark), "nothing is left of what it started")
    finally:
        _end(supervisor)


def _ask(supervisor: subprocess.Popen[bytes], data: bytes, mark: str) -> int:
    """Write what `data` says to the supervisor; return how many requests were whole."""
    assert supervisor.stdin
    assert supervisor.stdout
    whole = 0
    rest = list(data[:12])
    try:
        while rest:
            op = rest.pop(0)
            argv = ("/bin/sh", "-c", "sleep 50 & sleep 50", mark) if op & 8 else ("/bin/echo", mark)
            asked = request(*argv, stdin="x" * 70_000 if op & 16 else None)
            match op & 7:
                case 0 | 1:  # a request in two pieces
                    at = (rest.pop(0) if rest else 2) * len(asked) // 255
                    supervisor.stdin.write(asked[:at])
                    time.sleep(0.003)
                    supervisor.stdin.write(asked[at:])
                    whole += 1
                    if op & 1 and not op & 8:
                        _heard(supervisor.stdout.fileno())
                case 2 | 3:  # half a request
                    supervisor.stdin.write(asked[: (rest.pop(0) if rest else 9) * len(asked) // 256])
                    return whole
                case 4 | 5:  # a length that is none
                    number = int.from_bytes(bytes(rest[:4]).ljust(4, b"\xff"), "big")
                    supervisor.stdin.write(struct.pack("!I", number) + asked[4:])
                    return whole + (number >= len(asked) - 4)
                case _:
                    time.sleep(0.002)
    except BrokenPipeError:  # it has gone already: it does when more comes while a child runs
        pass
    return whole


def _heard(fd: int) -> None:
    coming = Answers(fd, time.monotonic() + SECONDS)
    while (answer := coming.next()) and answer[0] != b"x":
        pass


def _wait(supervisor: subprocess.Popen[bytes]) -> tuple[int, int, os.struct_rusage]:  # type: ignore[name-defined]
    give_up = time.monotonic() + SECONDS
    while True:
        pid, status, usage = os.wait4(supervisor.pid, os.WNOHANG)
        if pid:
            supervisor.returncode = os.waitstatus_to_exitcode(status)
            return pid, supervisor.returncode, usage
        check(time.monotonic() < give_up, "it ends when its lifeline does")
        time.sleep(0.002)


def _end(supervisor: subprocess.Popen[bytes]) -> None:
    for pipe in (supervisor.stdin, supervisor.stdout, supervisor.stderr):
        assert pipe
        pipe.close()
    if supervisor.returncode is None:
        try:
            supervisor.wait(SECONDS)
        except subprocess.TimeoutExpired:
            supervisor.kill()
            supervisor.wait()


def _alive(mark: str) -> bool:
    sought = mark.encode()
    for folder in os.scandir("/proc"):
        if folder.name.isdigit():
            try:
                with open(f"/proc/{folder.name}/cmdline", "rb") as file:  # noqa: PTH123 - hundreds of them
                    if sought in file.read():
                        return True
            except OSError:
                continue
    return False


def seeds(folder: Path) -> list[bytes]:
    del folder
    return [
        b"\1\x20",
        b"\1\x80\1\x30",
        b"\x08\x40",
        b"\x11\xff\1\1",
        b"\2\x10",
        b"\x1a\xf0",
        b"\4\xff\xff\xff\xff",
        b"\4\0\0\0\0",
        b"\5\0\1\0\0",
        b"\x08\1\1\1",
        b"",
    ]


def mutate(data: bytes, most: int, rng: random.Random) -> bytes:
    found = bytearray(data or b"\1")
    for _ in range(rng.randrange(1, 3)):
        at = rng.randrange(len(found) + 1)
        found[at : at + rng.randrange(2)] = bytes(
            [rng.choice((0, 1, 2, 4, 6, 8, 9, 16, 17, 26, 255, rng.randrange(256)))]
        )
    return bytes(found[: min(most, 12)])


TARGET = Target(seeds, mutate, law, longest=12, waits=True)
