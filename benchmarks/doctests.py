"""What `rustdoc --test` says of the samples of Markdown files, one by one."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import measuring
from measuring import Ended, MeasurementError, Timing
from others import processors

Place: TypeAlias = tuple[str, int]
"""A file, as rustdoc was given it, and the line of a fence in it; rustdoc and we count alike."""

_TEST = re.compile(
    r"^test (?P<file>\S+) - .*\(line (?P<line>\d+)\).* \.\.\. (?P<verdict>ok|FAILED|ignored)", re.MULTILINE
)
_RUN = re.compile(r"^running (?P<number>\d+) tests?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Tested:
    """What rustdoc said.

    Attributes:
        timing: Of all its processes, from the first start to the last end.
        met: Whether each sample did as its fence says; those that are ignored are not in it.
        merged: Whether samples were compiled together. That is told only if one of them must not compile: such a
            sample is never merged, so it is in a group with the others if they are not either.
    """

    timing: Timing
    met: Mapping[Place, bool]
    merged: bool

    def in_order(self) -> tuple[bool, ...]:
        """Return `met` in the order of places."""
        return tuple(met for _, met in sorted(self.met.items()))

    def told(self) -> str:
        """Return what it said, in few words."""
        passed = sum(self.met.values())
        told = f"{passed} passed, {len(self.met) - passed} failed"
        return told if self.merged else f"{told}; nothing could be merged, each was compiled alone"


def examined(files: Sequence[str], flags: Sequence[str], *, folder: Path, scratch: Path, at_once: int = 1) -> Tested:
    """Let rustdoc test `files`, a process each.

    Args:
        files: Paths, relative to `folder`.
        flags: For rustdoc.
        folder: Where it works.
        scratch: For temporary files.
        at_once: Processes at once; each starts as many children as there are processors.

    Raises:
        MeasurementError: A process did not get as far as testing.
    """
    env = measuring.environment(scratch)

    def one(file: str) -> Ended:
        argv = ("rustdoc", "--test", file, *flags)
        return measuring.run(argv, cwd=folder, env=env, scratch=scratch)

    with ThreadPoolExecutor(min(at_once, processors())) as pool:
        began = time.perf_counter()
        ended = list(pool.map(one, files))
        wall = time.perf_counter() - began
    for file, process in zip(files, ended, strict=True):
        if "test result:" not in process.stdout and process.status:
            raise MeasurementError(f"`rustdoc --test {file}` exited with {process.status}\n{process.stderr[-1000:]}")
    said = "".join(process.stdout for process in ended)
    timing = Timing(wall, sum(process.timing.cpu for process in ended))
    return Tested(timing, verdicts(said), merged(said))


def verdicts(said: str) -> dict[Place, bool]:
    """Return whether each test of rustdoc's output went well, without those it ignored."""
    return {
        (found["file"], int(found["line"])): found["verdict"] == "ok"
        for found in _TEST.finditer(said)
        if found["verdict"] != "ignored"
    }


def merged(said: str) -> bool:
    """Return whether samples may have been compiled together; see `Tested`."""
    groups = [int(found["number"]) for found in _RUN.finditer(said)]
    return len([number for number in groups if number]) != 1 or " - compile fail ... " not in said
