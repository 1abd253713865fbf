"""What the Rust side is measured against: in each contest we and others do the same work, in turns."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import doctests
import figures
import ours
from generate import DEPENDENCIES, MIXED, PASSING, Sample, Share, pages, rust_samples, without_crates, write_site
from measuring import MeasurementError, Timing
from others import Bins, Cargo, Ran

Turn: TypeAlias = tuple[str, Callable[[], Timing]]
"""A row of the table, and what is timed for it."""

_WORDS = {True: "as its fence says", False: "otherwise"}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What all contests share.

    Attributes:
        root: A folder for their sites.
        scratch: For Environments and temporary files.
        samples: How many samples are "100".
        many: How many are "600".
        repeats: How often short work is repeated within a round.
        seed: Another gives other samples.
        crates: Whether samples use any.
    """

    root: Path
    scratch: Path
    samples: int
    many: int
    repeats: int
    seed: int
    crates: bool

    def drawn(self, shares: Sequence[Share], number: int) -> list[Sample]:
        """Return so many samples."""
        return rust_samples(number, self.seed, shares if self.crates else without_crates(shares))

    @property
    def dependencies(self) -> Mapping[str, object]:
        """What samples may use, in cargo's own keys."""
        return DEPENDENCIES if self.crates else {}

    @functools.cached_property
    def cargo(self) -> Cargo:
        """The mixed samples as cargo projects, with the dependencies built for rustdoc too."""
        samples = self.drawn(MIXED, self.samples)
        cargo = Cargo(self.root / "cargo", samples, self.scratch, self.dependencies)
        cargo.prepare()
        return cargo

    def project(self, name: str, samples: Sequence[Sample], **rust: object) -> ours.Project:
        """Return a new site of ours, whose Environment is built.

        Raises:
            MeasurementError: Not every sample was found again on the pages.
        """
        folder = self.root / name
        write_site(folder, samples, "codeexec", rust={"dependencies": self.dependencies, **rust})
        project = ours.Project(folder, self.scratch)
        if len(project.samples) != len(samples):
            raise MeasurementError(f"{len(samples)} samples were written, {len(project.samples)} found")
        project.answer(project.samples[:1])
        return project

    def tested(self, name: str, samples: Sequence[Sample]) -> Callable[[], doctests.Tested]:
        """Return what lets rustdoc test `samples`, all in one file, with the prebuilt libraries."""
        page = self.root / f"{name}.md"
        texts = (text for _, text in pages(samples, "rustdoc", per_page=len(samples)))
        page.write_text("\n".join(texts), "utf-8")
        flags = self.cargo.rustdoc_flags()
        return lambda: doctests.examined([page.name], flags, folder=self.root, scratch=self.scratch)


@dataclass(frozen=True, slots=True)
class Contest:
    """Work that is done by us and by others; all that is not timed has been done.

    Attributes:
        turns: What a round consists of.
        told: Yields what is worth a line beside the figures: disagreements, above all.
        close: Ends what still runs.
    """

    turns: Sequence[Turn]
    told: Callable[[], Iterable[str]] = tuple
    close: Callable[[], object] = tuple


class _Batch:
    """Samples that are all misses, against rustdoc and cargo.

    Args:
        setting: See there.
        samples: They.
        name: Of the site.
        row: Ours.
        rustdoc: The row of rustdoc; empty if it does not take part.
        cargo: The row of `cargo run`, for the mixed samples; empty if it does not take part.
    """

    def __init__(
        self, setting: Setting, samples: Sequence[Sample], name: str, *, row: str, rustdoc: str = "", cargo: str = ""
    ) -> None:
        self._samples = samples
        self._project = setting.project(name, samples)
        self._row = row
        self._met: dict[str, tuple[bool, ...]] = {}
        self._note = ""
        self.turns: list[Turn] = [(row, self._ours)]
        if rustdoc:
            test = setting.tested(name, samples)
            self.turns.append((rustdoc, lambda: self._rustdoc(rustdoc, test)))
        if cargo:
            self.turns.append((cargo, lambda: self._cargo(cargo, setting.cargo)))

    def _ours(self) -> Timing:
        answered = self._project.answer()
        self._met[self._row] = answered.met
        return answered.timing

    def _rustdoc(self, row: str, test: Callable[[], doctests.Tested]) -> Timing:
        tested = test()
        self._met[row] = tested.in_order()
        self._note = f"{row}: {tested.told()}"
        return tested.timing

    def _cargo(self, row: str, cargo: Cargo) -> Timing:
        timing, ran = cargo.shared()
        self._met[row] = tuple(map(_as_declared, self._samples, ran))
        return timing

    def told(self) -> Iterator[str]:
        """Yield what each said of the samples."""
        met = self._met.get(self._row, ())
        if not all(met):
            yield f"{self._row}: {met.count(False)} of {len(met)} samples did not do as their fences say"
        if self._note:
            yield self._note
        for row, theirs in self._met.items():
            if row != self._row and met:
                yield from differences(row, met, theirs)


class _Checks:
    """`run: check`, against cargo's."""

    def __init__(self, setting: Setting) -> None:
        self._samples = setting.drawn(MIXED, setting.samples)
        self._project = setting.project("check", self._samples, run="check")
        self._bins = Bins(setting.root / "bins", self._samples, setting.scratch, setting.dependencies)
        self._bins.prepare()
        self._met: tuple[bool, ...] = ()
        self._theirs: tuple[bool, ...] = ()

    def ours(self) -> Timing:
        """Check all, as misses."""
        answered = self._project.answer()
        self._met = answered.met
        return answered.timing

    def cargo(self) -> Timing:
        """Let cargo check all."""
        timing, compiles = self._bins.check()
        wanted = [sample.expectation != "compile_fail" for sample in self._samples]
        self._theirs = tuple(does == should for does, should in zip(compiles, wanted, strict=True))
        return timing

    def told(self) -> Iterator[str]:
        """Yield what each said of the samples."""
        if self._met and self._theirs:
            yield from differences(figures.CHECK_CARGO, self._met, self._theirs)


def check(setting: Setting) -> Contest:
    """Return the contest of `run: check` and cargo's."""
    checks = _Checks(setting)
    return Contest([(figures.CHECK_OURS, checks.ours), (figures.CHECK_CARGO, checks.cargo)], checks.told)


def two(setting: Setting) -> Contest:
    """Return the contest of two misses and the commands that they come to."""
    project = setting.project("two", list(typical(setting).values()))
    direct = [project.direct(f"two-{number}", sample) for number, sample in enumerate(project.samples)]
    pair: list[Turn] = [
        (figures.TWO_OURS, lambda: project.answer().timing),
        (figures.TWO_DIRECT, lambda: ours.together(direct)),
    ]
    return Contest(pair * setting.repeats)


def mixed(setting: Setting, wanted: Collection[str]) -> Contest:
    """Return the contest of the mixed samples; `wanted` are words of `figures.figures`."""
    batch = _Batch(
        setting,
        setting.drawn(MIXED, setting.samples),
        "mixed",
        row=figures.MIXED_OURS,
        rustdoc=figures.MIXED_RUSTDOC if "rustdoc" in wanted else "",
        cargo=figures.MIXED_CARGO if "cargo" in wanted else "",
    )
    return Contest(batch.turns, batch.told)


def many(setting: Setting) -> Contest:
    """Return the contest of six times as many, in which nobody else takes part."""
    batch = _Batch(setting, setting.drawn(MIXED, setting.many), "many", row=figures.MANY_OURS)
    return Contest(batch.turns, batch.told)


def passing(setting: Setting) -> Contest:
    """Return the contest of samples that all pass, which rustdoc can merge."""
    samples = setting.drawn(PASSING, setting.samples)
    batch = _Batch(setting, samples, "passing", row=figures.PASSING_OURS, rustdoc=figures.PASSING_RUSTDOC)
    return Contest(batch.turns, batch.told)


def typical(setting: Setting) -> dict[str, Sample]:
    """Return two samples that an author might be writing: one counts words, one derives for serde."""
    found: dict[str, Sample] = {}
    drawn = [s for s in setting.drawn(PASSING, 200) if s.kind == "plain" and _can_be_edited(s)]
    for kind, sign in zip(
        figures.EDITED, ("split_whitespace", "Serialize" if setting.crates else "impl "), strict=True
    ):
        fitting = (s for s in drawn if sign in s.code and s not in found.values())
        found[kind] = next(s for s in fitting if bool(s.crates) == (setting.crates and kind == "serde"))
    return found


def _can_be_edited(sample: Sample) -> bool:
    """Tell whether it still compiles with a line more at the very end of its `fn main() {`."""
    _, found, body = f"\n{sample.code}".partition("\nfn main() {\n")
    return bool(found) and body.count("\n}\n") == 1 and body.endswith("\n}\n")


def differences(row: str, mine: Sequence[bool], theirs: Sequence[bool]) -> Iterator[str]:
    """Yield how the verdicts of a row differ from ours."""
    yield f"{row}: {sum(theirs)} of {len(theirs)} samples as their fences say, ours {sum(mine)} of {len(mine)}"
    lines = [
        f"  sample {number}: ours: {_WORDS[our]}, here: {_WORDS[their]}"
        for number, (our, their) in enumerate(zip(mine, theirs, strict=False))
        if our != their
    ]
    yield from few(lines)


def few(lines: Sequence[str], most: int = 20) -> Iterator[str]:
    """Yield the first of `lines`, and how many there are more."""
    yield from lines[:most]
    if len(lines) > most:
        yield f"  and {len(lines) - most} more"


def _as_declared(sample: Sample, ran: Ran) -> bool:
    return ran.status == {"": 0, "compile_fail": None, "should_panic": 101}[sample.expectation]
