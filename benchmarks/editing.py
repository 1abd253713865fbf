"""One sample edited while a site is served: what it adds to a rebuild, against bare rustc."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import figures
from contests import Contest, Setting, Turn, typical
from generate import MIXED, Dialect, Sample, write_site
from measuring import MeasurementError, Timing
from serving import Served


class _Site:
    """A site that is served; a context manager.

    Args:
        folder: Its project.
        scratch: For Environments, and files of MkDocs.
        times: How often what a sample prints must stand on its page, source and output counted.
    """

    def __init__(self, folder: Path, scratch: Path, times: int) -> None:
        self._folder = folder
        self._times = times
        self._texts = {page: page.read_text("utf-8") for page in sorted((folder / "docs").glob("page-*.md"))}
        self._served = Served(folder, scratch)

    def __enter__(self) -> _Site:
        self._served.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._served.__exit__(*exc)

    def rebuild(self, sample: Sample, numbers: Iterator[int]) -> Timing:
        """Edit `sample`, and rebuild; return the time until its page is written.

        Raises:
            MeasurementError: The page does not show what the edit prints.
        """
        number = next(numbers)
        page, text = next((page, text) for page, text in self._texts.items() if sample.code in text)
        page.write_text(text.replace(sample.code, sample.edited(number).code), "utf-8")
        rebuilt = self._served.rebuild(f"{page.stem}/index.html")
        found = rebuilt.page.count(f"edit {number}")
        if found != self._times:
            raise MeasurementError(
                f"`{self._folder.name}`: the edit is {found} times on its page, expected {self._times}"
            )
        return Timing(rebuilt.written, 0.0)


def editing(setting: Setting) -> Contest:
    """Return the contest of a site of 100 samples, of which two are edited by turns, and bare rustc."""
    edited = typical(setting)
    small = setting.project("edited", [sample.edited(0) for sample in edited.values()])
    others = [sample for sample in setting.drawn(MIXED, setting.samples) if sample not in edited.values()]
    first, last = edited.values()
    samples = [first, *others[: max(setting.samples - 2, 0)], last]
    # Never a number twice, nor one that is a part of another: nothing may be in the store.
    numbers = itertools.count(100_000)
    turns: list[Turn] = []
    with ExitStack() as stack:
        ours = stack.enter_context(_served(setting, samples, "codeexec"))
        plain = stack.enter_context(_served(setting, samples, "plain"))
        for (kind, sample), again in zip(edited.items(), small.samples, strict=True):
            rows = figures.serve_rows(kind)
            turns.append((rows[0], functools.partial(ours.rebuild, sample, numbers)))
            turns.append((rows[1], functools.partial(plain.rebuild, sample, numbers)))
            turns.append((rows[2], small.direct(f"edited-{kind}", again).time))
        close = stack.pop_all().close
    return Contest(turns * setting.repeats, close=close)


def _served(setting: Setting, samples: Sequence[Sample], dialect: Dialect) -> _Site:
    folder = setting.root / f"serve-{dialect}"
    write_site(folder, samples, dialect, rust={"dependencies": setting.dependencies})
    return _Site(folder, setting.scratch, 2 if dialect == "codeexec" else 1)
