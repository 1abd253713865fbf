"""Rust: samples are compiled by rustc itself, with the arguments that cargo would use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.action import Action, Key, Step
from mkdocs_codeexec.core.hidden import runnable
from mkdocs_codeexec.core.normalize import RUST, normalize, relative, without_folder
from mkdocs_codeexec.core.outcome import NotStarted, StepResult
from mkdocs_codeexec.core.protocols import Narrator, Runner, Scratch, Unavailability
from mkdocs_codeexec.errors import ConfigurationError, nearest
from mkdocs_codeexec.languages import inputs
from mkdocs_codeexec.languages.rust.capture import Arguments
from mkdocs_codeexec.languages.rust.cargo import cargo_flags
from mkdocs_codeexec.languages.rust.compiler import Compiler
from mkdocs_codeexec.languages.rust.environment import Environment
from mkdocs_codeexec.languages.rust.lexer import Unlexable
from mkdocs_codeexec.languages.rust.prepare import FILE, Preamble, Prepared, original, preamble, prepare
from mkdocs_codeexec.languages.rust.restore import restore
from mkdocs_codeexec.languages.toolchain import Memo

if TYPE_CHECKING:
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import RustSettings, Settings

NAME = "rust"

_MANIFEST = "environment.manifest"
_UNKNOWN = "environment.unknown"
_COMPILE = (
    "--crate-name=sample",
    "--crate-type=bin",
    # rustdoc puts `#![allow(unused)]` into samples; on the command line it moves nothing.
    "-Aunused",
    "--error-format=json",
    "--json=diagnostic-rendered-ansi",
    # Wide enough that no row of source is cut: pages scroll, and inserted text can be found again.
    "--diagnostic-width=4000",
    "-Ccodegen-units=1",
)
_LINK = ("-Cstrip=debuginfo", "-o", "sample")
_CHECK = ("--emit=metadata", "-o", "sample.rmeta")
"""What rustdoc does for `no_run`: everything up to code generation."""


class RustLanguage:
    """Rust, set up for one build; see `core.protocols.Language`.

    Args:
        settings: The configuration; its `rust` must not be None.
        narrator: Hears cargo.

    Raises:
        ConfigurationError: An environment cannot be written as a manifest, or the preamble is not Rust.
    """

    name = NAME

    def __init__(self, settings: Settings, narrator: Narrator) -> None:
        assert settings.rust is not None, "languages.rust is set up"
        self._settings = settings
        self._rust: RustSettings = settings.rust
        self._narrator = narrator
        self._preamble = _preamble(self._rust.preamble)
        self._compiler = Compiler(settings, self._rust, Memo(settings.cache_dir))
        self._flags = ""
        self._environments: dict[str, Environment] = {}
        self._inputs: tuple[tuple[str, str], ...] = ()
        self._arguments: dict[str, Arguments] = {}
        self._prepared: dict[str, Prepared] = {}
        self.survey()

    def survey(self) -> None:
        """Read again what can be read without starting anything."""
        self._compiler.survey()
        flags = cargo_flags(self._settings)
        if flags != self._flags or not self._environments:
            self._flags = flags
            self._environments = {
                wanted.name: Environment(self._settings, wanted, flags, self._narrator)
                for wanted in self._rust.environments.values()
            }
        else:
            for environment in self._environments.values():
                environment.survey()
        self._inputs = inputs.declared(self._settings.project_dir, self._rust.inputs)
        wanted = self._compiler.wanted()
        if wanted:  # where no toolchain is asked, this alone tells stored outcomes apart
            self._inputs += (("toolchain.wanted", wanted),)

    def plan(self, sample: Sample) -> Action:
        """Return what would be executed for `sample`."""
        name = sample.options.get("environment") or "default"
        environment = self._environments.get(name)
        found = environment.inputs() if environment else ((_UNKNOWN, name),)
        known = environment is not None and environment.settled
        return Action(
            language=NAME,
            files=((FILE, self._prepare(sample).code),),
            steps=self._steps(sample),
            inputs=tuple(sorted((*found, *self._inputs))),
            toolchain=self._identity() if known else None,
        )

    def ready(self, actions: Sequence[Action], runner: Runner) -> Mapping[Key, Unavailability]:
        """Ask rustc what it is, and build the Environments of `actions`.

        An Environment is left alone if it is only there for Actions that were planned for another toolchain than the
        one that answers: they will be planned anew, and may then have Outcomes already.
        """
        refused: dict[Key, Unavailability] = {}
        missing = self._compiler.ready(runner)
        if missing is not None:
            return {action.request_key: missing for action in actions}
        toolchain, identity = self._compiler.toolchain, self._identity()
        assert toolchain is not None
        tried: dict[str, Arguments | Unavailability] = {}
        for action in actions:
            environment = self._environment_of(action)
            if isinstance(environment, Unavailability):
                refused[action.request_key] = environment
                continue
            if not environment.plain and environment.settled and action.toolchain != identity:
                continue
            key = environment.manifest.portable
            if key not in tried:
                tried[key] = environment.build(toolchain, runner)
            found = tried[key]
            if isinstance(found, Unavailability):
                refused[action.request_key] = found
            else:
                self._arguments[key] = found
        return refused

    def build(self, work: Sequence[tuple[Action, Scratch]]) -> Iterator[tuple[Action, StepResult]]:
        """Compile each of `work` and yield its result."""
        from mkdocs_codeexec.languages.rust import diagnostics

        for action, scratch in work:
            step = next(step for step in action.steps if step.kind == "build")
            arguments = self._arguments.get(dict(action.inputs).get(_MANIFEST, ""))
            toolchain = self._compiler.toolchain
            if arguments is None or toolchain is None:
                why = NotStarted("its environment was not built")
                yield action, StepResult(kind="build", stdout="", stderr="", ended=why)
                continue
            argv = _expanded(step.argv, {"{rustc}": (toolchain.program,), "{environment}": arguments.argv})
            result = diagnostics.translate(scratch.run(step, argv, dict(step.env)))
            yield action, relative(result, str(scratch.path))

    def run(self, action: Action, step: Step, scratch: Scratch) -> StepResult:
        """Run the program that was built for `action`."""
        arguments = self._arguments.get(dict(action.inputs).get(_MANIFEST, ""), Arguments())
        env = dict(step.env)
        if arguments.native:
            given = env.get("LD_LIBRARY_PATH")
            env["LD_LIBRARY_PATH"] = ":".join((*arguments.native, *((given,) if given else ())))
        return relative(scratch.run(step, step.argv, env), str(scratch.path))

    def locate(self, sample: Sample, line: int, column: int) -> tuple[int, int]:
        """Return where in the author's code line and column of the compiled file are."""
        line, column = original(self._prepare(sample), line, column)
        written, ran = sample.code.split("\n"), runnable(sample.code).split("\n")
        if line <= len(written):
            column += len(written[line - 1]) - len(ran[line - 1])  # the mark of a hidden line
        return line, column

    def tidy(self, sample: Sample, text: str) -> str:
        """Return `text` without inserted code, thread ids and folders of this machine."""
        if FILE in text:  # else nothing in it is about a place in the sample
            text = restore(self._prepare(sample), text)
        text = normalize(text, RUST)
        for environment in self._environments.values():
            for name, folder in environment.manifest.paths:
                text = without_folder(text, str(folder), name)
        return without_folder(text, str(self._settings.project_dir))

    def watched(self) -> Sequence[Path]:
        """Return the sources of local packages, declared inputs, and what chooses the toolchain."""
        found = self._compiler.watched()
        for environment in self._environments.values():
            found += environment.watched()
        for pattern in self._rust.inputs:
            found += inputs.matching(self._settings.project_dir, pattern)
        return tuple(dict.fromkeys(found))

    def _identity(self) -> str | None:
        if self._compiler.toolchain is None:
            return None
        identity = self._compiler.toolchain.identity
        return f"{identity}\ncargo configuration: {self._flags}" if self._flags else identity

    def _prepare(self, sample: Sample) -> Prepared:
        if sample.code not in self._prepared:
            self._prepared[sample.code] = prepare(runnable(sample.code), self._preamble)
        return self._prepared[sample.code]

    def _steps(self, sample: Sample) -> tuple[Step, ...]:
        edition = sample.options.get("edition") or self._rust.edition
        how = _CHECK if sample.build_only else _LINK
        argv = ("{rustc}", "{environment}", f"--edition={edition}", *_COMPILE, *how, FILE)
        build = Step(kind="build", argv=argv, timeout=self._settings.build_timeout)
        if sample.build_only:
            return (build,)
        env = {"RUST_BACKTRACE": self._rust.backtrace, **dict(sample.given.env)}
        run = Step(
            kind="run",
            argv=("./sample", *sample.given.args),
            timeout=sample.timeout or self._settings.timeout,
            stdin=sample.given.stdin,
            env=tuple(sorted(env.items())),
        )
        return build, run

    def _environment_of(self, action: Action) -> Environment | Unavailability:
        given = dict(action.inputs)
        if _UNKNOWN in given:
            known = tuple(self._environments)
            meant = nearest(given[_UNKNOWN], known)
            hint = f"did you mean `{meant}`?" if meant else f"there is: {', '.join(f'`{name}`' for name in known)}"
            return Unavailability(f"environment `{given[_UNKNOWN]}` is not set up in `languages.rust`", hint)
        for environment in self._environments.values():
            if environment.manifest.portable == given.get(_MANIFEST):
                return environment
        return Unavailability("its environment has changed since it was planned")


def _preamble(text: str) -> Preamble:
    try:
        return preamble(runnable(text))
    except Unlexable as error:
        raise ConfigurationError(f"`languages.rust.preamble`: not Rust: {error}") from None


def _expanded(argv: tuple[str, ...], places: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(word for element in argv for word in places.get(element, (element,)))
