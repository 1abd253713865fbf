"""Answers of a supervisor that lies: reading them ends, with a report that can be or with none, and no length is believed."""

from __future__ import annotations

import math
import os
import random
import struct
from pathlib import Path
from typing import IO, NamedTuple

from fuzzing.mutators import bytewise, words
from fuzzing.requests import conversation, request
from fuzzing.target import Target, check
from mkdocs_codeexec.core.codec import from_json, to_json
from mkdocs_codeexec.core.confinement import Access
from mkdocs_codeexec.core.outcome import NotStarted, Outcome, StepResult, describe
from mkdocs_codeexec.core.protocols import Command
from mkdocs_codeexec.runtime.answers import ended
from mkdocs_codeexec.runtime.kept import Kept
from mkdocs_codeexec.runtime.observed.asked import decoded, named, sifted
from mkdocs_codeexec.runtime.starting import Supervisor

_COMMAND = Command(argv=("true",), cwd=Path("/"), env={}, timeout=5)
_ACCESS = Access(readable=("/usr/share/doc",))
HEAD, TAIL = 512, 256


class _Process(NamedTuple):
    """What a supervisor is asked and heard through."""

    stdin: IO[bytes]
    stdout: IO[bytes]


def law(data: bytes) -> None:
    (heard, said), (taken, asking) = os.pipe(), os.pipe()
    with open(heard, "rb", 0) as stdout, open(asking, "wb", 0) as stdin, open(taken, "rb", 0):  # noqa: PTH123 - descriptors
        with open(said, "wb", 0) as liar:  # noqa: PTH123
            liar.write(data)
        supervisor = object.__new__(Supervisor)
        supervisor._process, supervisor._child, supervisor._lie = _Process(stdin, stdout), 0, ""  # type: ignore[assignment]
        kept = {b"o": Kept(HEAD, TAIL), b"e": Kept(HEAD, TAIL)}
        report = supervisor.ask(b"", 5, kept, None)
    for stream in kept.values():
        text, missing = stream.finish()
        check(len(text) <= 3 * (HEAD + TAIL) + 60 and 0 <= missing <= len(data), "what is kept of a stream is bounded")
    check(supervisor._child == 0 or supervisor._child > 1, "no group but a child's is ever ended")
    if report is None:
        return
    check(0 <= report.seconds < math.inf, "a child takes a finite time")
    how = ended(report, _COMMAND)
    assert describe(how)
    if not isinstance(how, NotStarted):
        outcome = Outcome(language="rust", steps=(StepResult(kind="run", stdout="", stderr="", ended=how),))
        check(from_json(to_json(outcome)) == outcome, "how it ended is something that can be")
    if report.asked is not None:
        asked = decoded(report.asked) or ()
        for tier in ("bubblewrap", "landlock", "off"):
            found = sifted(asked, "/tmp/scratch", _ACCESS, tier)  # type: ignore[arg-type]
            check(len(found) <= 4 * len(report.asked) + 4, "what was looked for is bounded by what was told")
            list(named(found, "/usr/lib/python3", ["/usr/bin"]))


def seeds(folder: Path) -> list[bytes]:
    del folder
    real = [
        conversation(request(*argv) + _LATER)
        for argv in (("/bin/echo", "hi"), ("/no/such",), ("/bin/sh", "-c", "echo é >&2; kill -9 $$"))
    ]
    parts = [
        frame(b"i", item)
        for item in (b"f/etc/passwd\0l/usr/lib\0n/usr/lib/python3\nos\0", b"o/usr/../x\0e/bin/sh\0k/a\0", b"\0x", b"f")
    ]
    ends = (
        "exited\x000.5\x003",
        "limit_reached\x001\0memory\x00512",
        "timed_out\x001\x005",
        "not_started\x000\0why\x002",
        "output_flooded\x001\x0010",
    )
    return [*real, *(part + frame(b"x", end.encode()) for part in parts for end in ends)]


_LATER = b""


def frame(what: bytes, payload: bytes) -> bytes:
    return struct.pack("!cI", what, len(payload)) + payload


def mutate(data: bytes, most: int, rng: random.Random) -> bytes:
    """Change a payload and keep its length true, or a length, or anything."""
    if rng.random() < 0.3:
        return (_WORDS if rng.random() < 0.5 else bytewise)(data, most, rng)
    frames = []
    at = 0
    while at + 5 <= len(data):
        what, size = struct.unpack_from("!cI", data, at)
        frames.append((what, data[at + 5 : at + 5 + size]))
        at += 5 + size
    if not frames:
        return frame(b"x", b"exited\x001\x000")
    number = rng.randrange(len(frames))
    what, payload = frames[number]
    match rng.randrange(6):
        case 0:
            frames.insert(number, rng.choice(frames))
        case 1:
            del frames[number]
        case 2:
            frames[number] = (rng.choice((b"p", b"o", b"e", b"i", b"x", b"z", bytes([rng.randrange(256)]))), payload)
        case _:
            frames[number] = (what, _WORDS(payload, most, rng))
    found = b"".join(frame(*one) for one in frames)
    if rng.random() < 0.1:
        found += struct.pack(
            "!cI", rng.choice((b"o", b"i", b"x", b"p")), rng.choice((2**32 - 1, 2**31, 2**26, 70_000, 5))
        )
    return found[:most]


_WORDS = words(
    *(
        "\0",
        "exited",
        "signaled",
        "timed_out",
        "output_flooded",
        "limit_reached",
        "not_started",
        "nan",
        "inf",
        "-1",
        "1e400",
        "9" * 30,
        "256",
        "0",
    ),
    *(
        "memory",
        "\u0661",
        "1_0",
        " 1",
        "+1",
        "0x1",
        "\n",
        "f/",
        "/..",
        "/../",
        "n",
        "o/proc/self",
        "x",
        "é",
        b"\xff",
        "a" * 5000,
        "//",
        "/usr/lib/python3/x",
    ),
)
TARGET = Target(seeds, mutate, law, waits=True)
