"""Samples that are planned, built and run without a site: `from support.workshop import Workshop`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.narrators import Listener

from mkdocs_codeexec.core.action import Action
from mkdocs_codeexec.core.expectation import Succeeds
from mkdocs_codeexec.core.normalize import normalize
from mkdocs_codeexec.core.outcome import Exited, Outcome, StepKind, StepResult
from mkdocs_codeexec.core.sample import Location, Sample
from mkdocs_codeexec.core.settings import EnvironmentSettings, RustSettings, ScriptSettings, Settings
from mkdocs_codeexec.languages import open_languages
from mkdocs_codeexec.languages.rust import RustLanguage
from mkdocs_codeexec.languages.rust.batch import builder
from mkdocs_codeexec.languages.rust.messages.normal import RULES
from mkdocs_codeexec.runtime.executor import ParallelExecutor
from mkdocs_codeexec.runtime.process import Children
from mkdocs_codeexec.runtime.scratch import ScratchDirectory
from mkdocs_codeexec.runtime.scratch_root import ScratchRoot

if TYPE_CHECKING:
    import pytest

    from mkdocs_codeexec.core.confinement import Tier
    from mkdocs_codeexec.core.protocols import Command, Language, OutputSink, Unavailability

TIER = os.environ.get("CODEEXEC_TEST_TIER", "off")
"""Without a sandbox these tests show what languages do; within `bubblewrap` or `landlock`, that it is not in the way."""
CONFINED: dict[str, Any] = {
    "mode": "off" if TIER == "off" else "required",
    "tiers": (TIER,),
    "path": os.environ.get("PATH"),
}


@dataclass
class Recorder:
    """The real Runner, and what it was asked to run."""

    children: Children
    commands: list[Command] = field(default_factory=list)

    def run(self, command: Command, kind: StepKind, *, on_output: OutputSink | None = None) -> StepResult:
        self.commands.append(command)
        return self.children.run(command, kind, on_output=on_output)

    @property
    def tier(self) -> Tier:
        return self.children.tier

    @property
    def refusal(self) -> Unavailability | None:
        return self.children.refusal

    def programs(self) -> list[str]:
        return [Path(command.argv[0]).name for command in self.commands]


def no_bench(files: object) -> Any:
    raise AssertionError(f"nothing is built together here: {files}")


@dataclass
class Workshop:
    """A project on disk, and everything that is needed to run samples in it."""

    root: Path
    runner: Recorder
    environment_dir: Path
    listener: Listener = field(default_factory=Listener)
    confined: Mapping[str, Any] = field(default_factory=CONFINED.copy)

    @property
    def main(self) -> Sample:
        return self.sample("fn main() {}")

    @staticmethod
    def sample(code: str, language: str = "rust", **changes: Any) -> Sample:
        written = Sample(location=Location("docs/a.md", 3), language=language, code=code, expectation=Succeeds())
        return replace(written, **changes)

    def beside(self, root: Path) -> Workshop:
        root.mkdir()
        return Workshop(root, self.runner, self.environment_dir)

    @property
    def project(self) -> Path:
        return self.root / "project"

    def settings(self, **changes: Any) -> Settings:
        self.project.mkdir(exist_ok=True)
        start = Settings(
            project_dir=self.project,
            cache_dir=self.project / ".cache",
            environment_dir=self.environment_dir,
            host_env=dict(os.environ),
        )
        return replace(start, **changes)

    def rust(self, dependencies: Mapping[str, object] | None = None, *, extra: str = "", **changes: Any) -> Settings:
        default = EnvironmentSettings(name="default", dependencies=dependencies or {}, manifest_extra=extra)
        environments = {"default": default, **changes.pop("environments", {})}
        host = changes.pop("host_env", dict(os.environ))
        return self.settings(rust=RustSettings(environments=environments, **changes), host_env=host)

    def script(self, **changes: Any) -> Settings:
        script = ScriptSettings(**changes)
        return self.settings(scripts={script.name: script})

    def open_rust(self, configured: Settings | Mapping[str, object] | None = None, /, **changes: Any) -> RustLanguage:
        """Return Rust as it is `configured`: settings, or dependencies and what else `rust` takes."""
        settings = configured if isinstance(configured, Settings) else self.rust(configured, **changes)
        found = open_languages(settings, self.listener)["rust"]
        assert isinstance(found, RustLanguage)
        return found

    def stdout(self, language: Language, code: str, **options: str) -> str:
        """Return what a sample prints that is built and run, both with success."""
        outcome = self.execute(language, self.sample(code, options=options))
        assert [Exited(0), Exited(0)] == [step.ended for step in outcome.steps], outcome
        return outcome.steps[-1].stdout

    def provide(self, language: Language, sample: Sample) -> Action | Unavailability:
        """Do what the pipeline does until a sample can be executed."""
        for _ in range(3):
            action = language.plan(sample)
            refused = language.provide([action], self.runner)
            if refused:
                return refused[action.request_key]
            known = action.toolchain is not None
            language.survey()
            if known and language.plan(sample) == action:
                return action
        raise AssertionError("the plan does not settle")

    def execute(self, language: Language, sample: Sample) -> Outcome:
        action = self.provide(language, sample)
        assert isinstance(action, Action), action
        steps: list[StepResult] = []
        path, limit = os.environ["PATH"], action.output_limit
        with (
            ScratchRoot() as root,
            ScratchDirectory(root.path, action.files, self.runner, path, output_limit=limit) as scratch,
        ):
            for step in action.steps:
                if step.kind == "build":
                    ((_, result),) = language.build([(action, scratch)], no_bench)
                else:
                    result = language.run(action, step, scratch)
                steps.append(result)
                if getattr(result.ended, "code", None) != 0:
                    break
        return Outcome(language=language.name, steps=tuple(steps))


class Counted(Children):
    """The real Children, and how often rustc has compiled."""

    compilations = 0

    def run(self, command: Command, *rest: Any, **more: Any) -> StepResult:
        self.compilations += any(word.startswith("--edition") for word in command.argv)
        return super().run(command, *rest, **more)


class Pool:
    """Executes samples, by the real executor."""

    def __init__(self, workshop: Workshop, children: Counted) -> None:
        self.workshop = workshop
        self.children = children
        self.dependencies: dict[str, object] = {}

    def sample(self, code: str, **more: Any) -> Sample:
        sample: Sample = self.workshop.sample(code, **more)
        return sample

    def execute(self, samples: Iterable[Sample], monkeypatch: pytest.MonkeyPatch, *, alone: bool) -> list[Outcome]:
        """Return the Outcome of each sample, without what differs in every run."""
        language = open_languages(replace(self.workshop.rust(self.dependencies), jobs=2), self.workshop.listener)[
            "rust"
        ]
        with monkeypatch.context() as patch:
            if alone:
                patch.setattr(builder, "group", lambda candidates, _: [[candidate.what] for candidate in candidates])
            actions = [self._action(language, sample) for sample in samples]
            assert not language.provide(actions, self.children)
            language.survey()
            actions = [self._action(language, sample) for sample in samples]
            found: dict[str, Outcome] = {}

            def finish(action: Action, outcome: Outcome) -> Sequence[Action]:
                found[action.request_key] = outcome
                return ()

            known, path = {"rust": language}, os.environ["PATH"]
            ParallelExecutor(self.children, known, jobs=2, total_timeout=None, path=path).run(actions, finish)
        return [steady(found[action.request_key]) for action in actions]

    def _action(self, language: Any, sample: Sample) -> Action:
        action: Action = language.plan(sample)
        return action


def steady(outcome: Outcome) -> Outcome:
    def told(step: StepResult) -> StepResult:
        out, err = (normalize(text, RULES) for text in (step.stdout, step.stderr))
        return replace(step, stdout=out, stderr=err, duration=0.0)

    return replace(outcome, steps=tuple(told(step) for step in outcome.steps))
