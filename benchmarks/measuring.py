"""Time child processes, in an environment that changes nothing they print."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LEFT_OUT = (
    "CARGO_BUILD_",
    "CARGO_ENCODED_",
    "CARGO_INCREMENTAL",
    "CARGO_PROFILE_",
    "CARGO_TARGET_",
    "CARGO_TERM_",
    "CLICOLOR",
    "CODEEXEC_",
    "FORCE_COLOR",
    "MARKDOWN_EXEC_",
    "NO_COLOR",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONUNBUFFERED",
    "PYTHONWARNINGS",
    "RUSTC",
    "RUSTDOC",
    "RUSTFLAGS",
    "RUST_",
)


class MeasurementError(Exception):
    """A child did not do what is measured; the message says what it wrote last."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What something cost.

    Attributes:
        wall: Seconds from before the start to after the end of the process.
        cpu: User and system seconds of it and of all that it waited for.
    """

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Ended:
    """A child that has ended."""

    status: int
    timing: Timing
    stdout: str
    stderr: str


def environment(scratch: Path, **more: str) -> dict[str, str]:
    """Return this process's environment without what changes flags or output, and with temporary files in `scratch`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
    return kept | {"TMPDIR": str(scratch), **more}


def run(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], scratch: Path) -> Ended:
    """Run `argv` to its end. What it writes goes to files in `scratch`, so that nothing waits for a reader."""
    logs = [scratch / f"{os.getpid()}-{time.monotonic_ns()}.{stream}" for stream in ("stdout", "stderr")]
    with logs[0].open("wb") as stdout, logs[1].open("wb") as stderr:
        began = time.perf_counter()
        child = subprocess.Popen(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    texts = [log.read_text("utf-8", "replace") for log in logs]
    for log in logs:
        log.unlink()
    return Ended(child.returncode, Timing(wall, usage.ru_utime + usage.ru_stime), *texts)


def succeed(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], scratch: Path) -> Ended:
    """Run `argv` to its end.

    Raises:
        MeasurementError: It did not exit with 0.
    """
    ended = run(argv, cwd=cwd, env=env, scratch=scratch)
    if ended.status:
        last = "\n".join((ended.stdout + ended.stderr).splitlines()[-15:])
        raise MeasurementError(f"`{' '.join(argv[:4])}` exited with {ended.status}\n{last}")
    return ended
