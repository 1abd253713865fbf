"""Rust: samples are compiled by rustc itself, with the arguments that cargo would use."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core import rights
from mkdocs_codeexec.core.action import OUTPUT_LIMIT, Action, Key
from mkdocs_codeexec.core.hidden import runnable
from mkdocs_codeexec.core.normalize import normalize
from mkdocs_codeexec.core.protocols import (
    NO_OTHERS,
    Bench,
    Binaries,
    Fault,
    Narrator,
    Regrouped,
    Runner,
    Scratch,
    Unavailability,
)
from mkdocs_codeexec.errors import ConfigurationError
from mkdocs_codeexec.languages import beside, frames, given, inputs, mentions, views, withheld
from mkdocs_codeexec.languages.grants import Grants
from mkdocs_codeexec.languages.rust import preambles
from mkdocs_codeexec.languages.rust.batch.builder import MANIFEST, Builder
from mkdocs_codeexec.languages.rust.binaries import LocalBinaries
from mkdocs_codeexec.languages.rust.compiler import Compiler
from mkdocs_codeexec.languages.rust.environments import configuration
from mkdocs_codeexec.languages.rust.environments.environment import Environment, home_of_all
from mkdocs_codeexec.languages.rust.environments.local import around
from mkdocs_codeexec.languages.rust.environments.opening import open_environments
from mkdocs_codeexec.languages.rust.environments.unknown import unknown_environment
from mkdocs_codeexec.languages.rust.messages.backtrace import cut
from mkdocs_codeexec.languages.rust.messages.index import linked
from mkdocs_codeexec.languages.rust.messages.normal import RULES
from mkdocs_codeexec.languages.rust.messages.notes import without_notes
from mkdocs_codeexec.languages.rust.messages.panics import panics
from mkdocs_codeexec.languages.rust.package import Package, planned, refused_by
from mkdocs_codeexec.languages.rust.programs import Programs, is_apart
from mkdocs_codeexec.languages.rust.sessions import CONTINUED, divided, rooted_paths
from mkdocs_codeexec.languages.rust.source.prepare import FILE, original
from mkdocs_codeexec.languages.rust.source.session import steps_of
from mkdocs_codeexec.languages.rust.variables import Variables, check_package
from mkdocs_codeexec.languages.toolchain import memo

if TYPE_CHECKING:
    from mkdocs_codeexec.core.action import Step
    from mkdocs_codeexec.core.outcome import Outcome, StepResult
    from mkdocs_codeexec.core.places import PageMap
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import RustSettings, Settings

NAME = "rust"

_UNKNOWN = "environment.unknown"


class RustLanguage:
    """Rust, set up for one build; see `core.protocols.Language`.

    Args:
        settings: The configuration; its `rust` must not be None.
        narrator: Hears cargo.

    Raises:
        ConfigurationError: An environment cannot be written as a manifest, or the preamble is not Rust.
    """

    name = NAME
    normalised = tuple(rule.name for rule in RULES)

    def __init__(self, settings: Settings, narrator: Narrator) -> None:
        assert settings.rust is not None, "languages.rust is set up"
        self._settings = settings
        self._rust: RustSettings = settings.rust
        self._narrator = narrator
        preambles.check(self._rust.preamble)
        self._programs = Programs(settings, self._rust)
        self._compiler = Compiler(settings, self._rust, memo(settings))
        self._said = configuration.Said()
        self._environments: dict[str, Environment] = {}
        self._inputs: tuple[tuple[str, str], ...] = ()
        # Files of documented packages that samples name, with their trees.
        self._named: dict[tuple[Path, Path], str] = {}
        self._planned_from: tuple[object, ...] = ()
        self.revision = 0
        self._builder = Builder(settings.jobs, shares=settings.sandbox != "strict")
        self._grants = Grants(settings, NAME, self._rust.readable, self._rust.inputs)
        self._programs_of_packages = LocalBinaries(
            settings, self._rust, self._compiler, self._identity, narrator, self._grants
        )
        self.binaries: Binaries | None = self._programs_of_packages
        self.survey()
        self._programs_of_packages.check()
        check_package(self._rust.package, self._environments.values())

    def survey(self) -> None:
        """Read again what can be read without starting anything."""
        self._look()
        read = {(path, tree): inputs.named({"": path}, tree)[0][1] for path, tree in self._named}
        sources = [one.sources for one in self._environments.values()]
        sets = [(one.settled, one.inputs(), one.documented.folder) for one in sources]
        planned_from = (self._identity(), self._inputs, sets)
        self.revision += (read, planned_from) != (self._named, self._planned_from)
        self._named, self._planned_from = read, planned_from

    def _look(self) -> None:
        self._compiler.survey()
        self._grants.look_again()
        self._said = configuration.said(self._settings)
        sets = self._rust.environments.values()
        try:
            self._environments = open_environments(
                self._settings, sets, self._said, self._narrator, self._environments, self._grants
            )
        except ConfigurationError:
            if not self._environments:
                raise
            # A manifest that somebody is writing to; the next build opens all anew, and says what is wrong.
            for environment in self._environments.values():
                environment.sources.survey()
        self._programs_of_packages.survey(self._said)
        self._variables = Variables(self._settings)
        self._inputs = inputs.declared(
            self._settings.project_dir, self._rust.inputs, self._grants.holds, self._grants.refuse_input
        )
        self._grants.tell(self._narrator)
        self._inputs += (*self._variables.inputs(), *views.named(self._settings.project_dir, self._rust.readable))
        wanted = self._compiler.wanted()
        if wanted:  # where no toolchain is asked, this alone tells stored outcomes apart
            self._inputs += (("toolchain.wanted", wanted),)

    def plan(self, sample: Sample) -> Action:
        """Return what would be executed for `sample`."""
        joined = self._programs.joined(sample)
        name = joined.options.get("environment") or self._rust.environment
        environment = self._environments.get(name)
        found = environment.sources.inputs() if environment else ((_UNKNOWN, name),)
        if environment is not None and (named := environment.sources.documented.files(joined.code)):
            folder = environment.sources.documented.folder or self._settings.project_dir
            tree = around(folder, self._settings.project_dir)
            contents = inputs.named(named, tree)
            found += contents
            for name, digest in contents:
                # What was read first: whoever was planned from it is planned again if it changes.
                self._named.setdefault((named[name.removeprefix("file:")], tree), digest)
        known = environment is not None and environment.sources.settled
        package = self._programs.package(joined)
        found += planned(sample, package, self._programs.refusal(sample, package))
        action = Action(
            language=NAME,
            files=self._files(sample, package, environment),
            steps=self._programs.steps(sample, package, self._variables.site),
            inputs=tuple(sorted((*found, *self._inputs, *(() if sample.last else ((CONTINUED, ""),))))),
            toolchain=self._identity() if known else None,
            output_limit=OUTPUT_LIMIT * (1 + len(sample.before)),
            workdir=sample.workdir,
            observed=bool(sample.workdir),
        )
        if is_apart(sample):
            self._builder.keep_apart(action.request_key)
        return action

    def _files(
        self, sample: Sample, package: Package | None, environment: Environment | None
    ) -> tuple[tuple[str, str], ...]:
        """Return the files that are compiled; for cargo with the versions of the Environment, unless the page has its own."""
        files = dict(self._programs.files(sample))
        lock = "" if environment is None else environment.sources.lock or ""
        if package is not None and package.cargo.words:
            more = {**({package.cargo.lock: lock} if lock else {}), **dict(package.cargo.stubs)}
            files = {**more, **dict(sample.given.files), **files}
        return tuple(sorted(files.items()))

    def provide(self, actions: Sequence[Action], runner: Runner) -> Mapping[Key, Unavailability]:
        """Ask rustc what it is, and build the Environments of `actions`.

        An Environment is left alone if it is only there for Actions that were planned for another toolchain than the
        one that answers: they will be planned anew, and may then have Outcomes already.
        """
        refused: dict[Key, Unavailability] = {}
        missing = self._compiler.provide(runner)
        if missing is not None:
            return {action.request_key: missing for action in actions}
        toolchain, identity = self._compiler.toolchain, self._identity()
        assert toolchain is not None
        needed: dict[Key, Environment] = {}
        for action in actions:
            environment = self._environment_of(action)
            if isinstance(environment, Unavailability):
                refused[action.request_key] = environment
            elif environment.plain or not environment.sources.settled or action.toolchain == identity:
                needed[action.request_key] = environment
        from mkdocs_codeexec.languages.rust.environments.builds import build_all

        wanted = tuple(dict.fromkeys(needed.values()))
        found = build_all(wanted, toolchain, runner, self._narrator, home_of_all(self._settings.environment_dir))
        for key, environment in needed.items():
            became = found[environment.name]
            if isinstance(became, Unavailability):
                refused[key] = became
            else:
                self._builder.equipment[environment.manifest.portable] = self._variables.equip(
                    environment, toolchain, became
                )
        for one in configuration.refused(self._settings):
            self._grants.note(one.what, one.path, one.hint)
        self._grants.tell(self._narrator)
        return refused

    def batches(self, actions: Sequence[Action]) -> Sequence[Sequence[Action]]:
        """Return `actions` in batches, of which those with more than two are compiled as one crate."""
        return self._builder.batches(actions)

    def build(
        self, work: Sequence[tuple[Action, Scratch]], bench: Bench
    ) -> Iterator[tuple[Action, StepResult] | Regrouped]:
        """Compile `work`, as one crate if it is more than two, and yield each one's result."""
        for item in self._builder.build(work, bench):
            if isinstance(item, Regrouped):
                yield item
                continue
            action, result = item
            # What rustc reads is in the key.
            yield action, replace(result, asked=()) if action.observed else result

    def run(self, action: Action, step: Step, scratch: Scratch) -> StepResult:
        """Run the program that was built for `action`."""
        secrets = given.variables(action, step, self._settings)
        return given.hidden(self._builder.run(action, step, scratch, secrets), secrets)

    def reach(self, action: Action) -> None:
        """Return None: what an Environment gives its samples is known when it is built."""
        del action

    def divide(self, steps: Sequence[Action], outcome: Outcome) -> Sequence[Outcome | None]:
        """Return what each step of a session came to."""
        return divided(steps, outcome)

    def structured(self, action: Action) -> Action:
        """Return `action` with its structure, if comments and formatting cannot change what it prints."""
        if action.observed:
            return action
        from mkdocs_codeexec.languages.rust.source import structure

        return structure.structured(action)

    def layout_free(self, outcome: Outcome) -> bool:
        """Tell whether `outcome` speaks of no place in the source."""
        from mkdocs_codeexec.languages.rust.source import structure

        return structure.layout_free(outcome)

    def locate(self, sample: Sample, line: int, column: int) -> tuple[int, int]:
        """Return where in the author's code line and column of the compiled file are."""
        line, column = original(self._programs.prepared(sample), line, column)
        written, ran = sample.code.split("\n"), runnable(sample.code).split("\n")
        if line <= len(written):
            column += len(written[line - 1]) - len(ran[line - 1])  # the mark of a hidden line
        return line, column

    def brought(self, sample: Sample, line: int, column: int) -> str:
        """Return in which line of a preamble that stands; empty if its author wrote it."""
        return self._programs.brought(sample, line, column)

    def ran(self, sample: Sample) -> str:
        """Return the code with hidden lines as they run."""
        return runnable(sample.code)

    def faults(self, text: str) -> Sequence[Fault]:
        """Return where it panicked; of a sample that names a place in another way, that."""
        return tuple(panics(text)) or frames.faults(text)

    def tidy(self, sample: Sample, text: str) -> str:
        """Return `text` without inserted code, foreign frames, thread ids and folders of this machine; codes are links."""
        text = cut(text)
        more = self._programs.others(sample, text)
        if FILE in text or more:  # else nothing in it is about a place in the sample
            text = self._programs.restored(sample, text, more)
        text = normalize(text, RULES)
        return linked(text if self._rust.notes else without_notes(text))

    def is_sample(self, file: str) -> bool:
        """Tell whether `file` is the name under which it is compiled."""
        return mentions.is_sample(file)

    def own_files(self, action: Action) -> Collection[str]:
        """Return the file that is compiled, and those of the steps of a session; modules may be read as text, too."""
        files = dict(action.files)
        return [FILE, *steps_of(files)] if FILE in files else []

    def relocated(self, text: str, where: PageMap, others: Mapping[str, PageMap] = NO_OTHERS) -> str:
        """Return `text` with places of the sample made those of `where`."""
        return mentions.relocated(text, where, others)

    def assumed(self, action: Action, *, seen: bool) -> Sequence[str] | None:
        """Return all of the project if it was not seen what is read of it; cargo and rustc tell what they read."""
        return () if seen or not action.workdir else ("sandbox:", "project:tree:")

    def reached(self) -> Sequence[str]:
        """Return nothing: what samples of this language read is not observed."""
        return ()

    def hint(self, sample: Sample, outcome: Outcome, files: Sequence[Sample] = ()) -> str:
        """Return how to list the crates that `sample` uses and that are not listed, or what else it lacks."""
        from mkdocs_codeexec.languages.rust import unlisted
        from mkdocs_codeexec.languages.rust.messages import question_mark

        if found := question_mark.hint(outcome, wrapped=self._programs.prepared(sample).has_plain_main):
            return found
        if sample.links.session and (found := rooted_paths(outcome)):
            return found
        if files and (
            found := beside.of_package(sample, unlisted.unknown_crates(outcome), files)
            or beside.of_modules(sample, unlisted.unknown_modules(outcome), files)
        ):
            return found
        network = rights.network(self._rust.network, sample.given.network, self._settings.sandbox)
        if found := withheld.hint(outcome, self.name, self._settings, network=network):
            return found
        name = sample.options.get("environment") or self._rust.environment
        if name not in self._environments:
            return ""
        lock_files = self._environments[name].sources.locks()
        return unlisted.hint(outcome, self._rust.environments[name], self._settings, lock_files)

    def manifests(self) -> dict[str, str]:
        """Return the manifests of its Environments by name, as they are kept with the results."""
        found = {name: one.manifest.portable for name, one in self._environments.items()}
        return found | self._programs_of_packages.manifest()

    def watched(self) -> Sequence[Path]:
        """Return the sources of local packages, declared inputs, cargo's configuration, and what chooses the toolchain."""
        found = [*self._compiler.watched(), *self._variables.watched, *sorted({path for path, _ in self._named})]
        for environment in self._environments.values():
            found += environment.sources.watched()
        for pattern in self._rust.inputs:
            found += inputs.matching(self._settings.project_dir, pattern, self._grants.holds)
        return tuple(dict.fromkeys(found))

    def _identity(self) -> str | None:
        if self._compiler.toolchain is None:
            return None
        identity = self._compiler.toolchain.identity
        if variables := self._variables.of_machine():
            identity = f"{identity}\ncargo variables: {variables}"
        return f"{identity}\ncargo configuration: {self._said.flags}" if self._said.flags else identity

    def _environment_of(self, action: Action) -> Environment | Unavailability:
        given = dict(action.inputs)
        if (refusal := refused_by(given)) is not None:
            return refusal
        if _UNKNOWN in given:
            return unknown_environment(given[_UNKNOWN], tuple(self._environments))
        for environment in self._environments.values():
            if environment.manifest.portable == given.get(MANIFEST):
                return environment
        return Unavailability("its environment has changed since it was planned")
