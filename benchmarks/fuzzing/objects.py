"""Object files: what is unusual in them is told, or they are not understood; nothing is read that is not there."""

from __future__ import annotations

from pathlib import Path

from fuzzing import real
from fuzzing.mutators import fields
from fuzzing.target import Target, check
from mkdocs_codeexec.languages.rust.batch.objects import NotUnderstoodError, surprise

_there: list[Path] = []


def law(data: bytes) -> None:
    path = _there[0]
    path.write_bytes(data)
    try:
        found = surprise(path)
    except NotUnderstoodError as error:
        check(len(str(error)) < 500, "a refusal is short")
        return
    check(len(found) <= len(data) + 100, "what is told is bounded by the file")


def seeds(folder: Path) -> list[bytes]:
    _there[:] = [folder / "tried.o"]
    return real.objects(folder)


_HEADER = (4, 5, 16, 40, 44, 48, 58, 60, 62)
TARGET = Target(seeds, fields(*_HEADER), law)
