"""What rustc is given for Samples: alone, as steps of a session, or as files of a package."""

from __future__ import annotations

import functools
from collections.abc import Container, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.expectation import FailsToBuild
from mkdocs_codeexec.core.hidden import runnable
from mkdocs_codeexec.languages.rust import preambles
from mkdocs_codeexec.languages.rust.messages.restore import restore
from mkdocs_codeexec.languages.rust.package import Package, compiled, modules, package_of, stands_alone
from mkdocs_codeexec.languages.rust.sessions import codes, marked, objection, whole
from mkdocs_codeexec.languages.rust.source.prepare import FILE, Preamble, Prepared, as_it_stands, of_preamble, prepared
from mkdocs_codeexec.languages.rust.source.session import others, prepare_step, program
from mkdocs_codeexec.languages.rust.steps import steps

if TYPE_CHECKING:
    from mkdocs_codeexec.core.action import Step
    from mkdocs_codeexec.core.protocols import Unavailability
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import RustSettings, Settings


class Programs:
    """Makes files and command lines of Samples.

    Args:
        settings: The configuration.
        rust: What it says of Rust.
    """

    def __init__(self, settings: Settings, rust: RustSettings) -> None:
        self._settings = settings
        self._rust = rust

    def package(self, sample: Sample) -> Package | None:
        """Return the package that `sample` is a file of, or uses; None if there is none."""
        if not sample.given.files and not sample.links.file:
            return None
        environment = self._rust.environments.get(sample.options.get("environment") or self._rust.environment)
        return package_of(sample, environment.dependencies if environment else {})

    def prepared(self, sample: Sample) -> Prepared:
        """Return what is known of the file of `sample` itself, by what its author wrote; what it is given tells nothing."""
        if sample.links.session:
            return prepare_step(runnable(sample.code))
        if stands_alone(sample):
            return as_it_stands(runnable(sample.code))
        beside = bool(sample.links.needs or sample.links.file)
        return prepared(sample.code, self._preamble(sample), "test_harness" in sample.options, beside)

    def brought(self, sample: Sample, line: int, column: int) -> str:
        """Return of which preamble is what stands at `line` and `column` of the file of `sample`, in words; empty if of none."""
        found = of_preamble(self.prepared(sample), line, column)
        if found is None:
            return ""
        return "in " + self._place(sample, *found)

    def restored(self, sample: Sample, text: str, more: Mapping[str, Prepared]) -> str:
        """Return `text`, what the compiler or the program said of `sample`, as if nothing had been inserted; see `restore`."""
        return restore(self.prepared(sample), text, more, functools.partial(self._place, sample))

    def others(self, sample: Sample, text: str) -> Mapping[str, Prepared]:
        """Return further files of which `text`, said of `sample`, may speak: other steps of its session, and the preamble."""
        return others(text, self._preamble(sample)) if sample.links.session else {}

    def _place(self, sample: Sample, part: str, at: int) -> str:
        return preambles.place(self._rust.preamble, sample.options.get("preamble", ""), part, at)

    def files(self, sample: Sample) -> tuple[tuple[str, str], ...]:
        """Return names and texts of what is compiled."""
        if sample.links.session:
            own = dict(program(codes(sample), self._preamble(sample)).files)
        else:
            own = {sample.links.file if stands_alone(sample) else FILE: self.prepared(sample).code}
        return tuple(sorted({**modules(sample), **own}.items()))

    def joined(self, sample: Sample) -> Sample:
        """Return `sample` with what all steps up to it are given, if it is one of a session."""
        return whole(sample, self._seconds(sample)) if sample.links.session else sample

    def refusal(self, sample: Sample, package: Package | None) -> Unavailability | None:
        """Return why `sample` cannot be compiled; None if it can."""
        found = package.refusal if package is not None else None
        return found or (objection(sample) if sample.before else None)

    def _seconds(self, sample: Sample) -> tuple[float, ...]:
        return tuple(step.timeout or self._settings.seconds("rust") for step in (*sample.before, sample))

    def steps(self, sample: Sample, package: Package | None, site: Container[str]) -> tuple[Step, ...]:
        """Return how it is compiled and run; `site` are the variables that cargo's configuration beside it sets."""
        if package is not None and (package.root.startswith("tests/") or package.cargo.words[:1] == ("test",)):
            sample = replace(sample, options={**sample.options, "test_harness": ""})
        found = steps(self.joined(sample), self._rust, self._settings, site)
        if sample.links.session:
            found = marked(found, program(codes(sample), self._preamble(sample)).seal, self._seconds(sample))
        return found if package is None else compiled(found, package, edition=sample.options.get("edition", ""))

    def _preamble(self, sample: Sample) -> Preamble:
        return preambles.joined(self._rust.preamble, sample.options.get("preamble", ""))


def is_apart(sample: Sample) -> bool:
    """Tell whether `sample` is better compiled alone: it asks for that, or would only be in the way of others."""
    options = (sample.before or (sample,))[0].options
    return "standalone_crate" in options or "test_harness" in options or isinstance(sample.expectation, FailsToBuild)
