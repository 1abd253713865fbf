"""Every language but Rust: a command line that runs a file, or one that builds it and one that runs what was built."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec import rich_display
from mkdocs_codeexec.core import rights, terminals
from mkdocs_codeexec.core.action import Action, Key, Step
from mkdocs_codeexec.core.confinement import Access
from mkdocs_codeexec.core.hidden import runnable
from mkdocs_codeexec.core.normalize import relative, renamed, without_folder
from mkdocs_codeexec.core.outcome import NotStarted, Outcome, StepResult
from mkdocs_codeexec.core.protocols import NO_OTHERS
from mkdocs_codeexec.languages import (
    beside,
    binaries,
    frames,
    given,
    inputs,
    interpreter,
    mentions,
    programs,
    sessions,
    views,
    withheld,
)
from mkdocs_codeexec.languages.builtin import CACHE, PYTHON, PYTHON_SESSION
from mkdocs_codeexec.languages.grants import Grants
from mkdocs_codeexec.languages.tools import Tools

if TYPE_CHECKING:
    from mkdocs_codeexec.core.places import PageMap
    from mkdocs_codeexec.core.protocols import (
        Bench,
        Binaries,
        Fault,
        Narrator,
        Observe,
        Runner,
        Scratch,
        Unavailability,
    )
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import ScriptSettings, Settings

_MADE = "sample"
_EXECUTABLE = f"./{_MADE}"
_SCRATCH = "{scratch}"
"""What stands in a command line for the folder of the sample's own files, where it starts elsewhere."""
_WORD = re.compile(r"(?<![\w$./-])[A-Za-z0-9_][\w.+-]*")
MOST_WORDS = 200
"""Words of a sample that may be the names of programs."""


class ScriptLanguage:
    """A language that is set up by command lines; see `core.protocols.Language`.

    Args:
        settings: The configuration.
        script: Which language.
        narrator: Hears warnings.
        offered: Programs of local packages; None for none.
    """

    normalised: tuple[str, ...] = ()
    binaries: Binaries | None = None

    def __init__(
        self, settings: Settings, script: ScriptSettings, narrator: Narrator, offered: Binaries | None = None
    ) -> None:
        self.name = script.name
        self._settings = settings
        self._script = script
        self._narrator = narrator
        self._file = f"sample.{script.extension}" if script.extension else "sample"
        self._tools = Tools(settings, script)
        self._inputs: tuple[tuple[str, str], ...] = ()
        self._access: Access | None = None
        self._named: tuple[tuple[str, str], ...] | None = None
        self._grants = Grants(settings, script.name, script.readable, script.inputs)
        self._planned_from: tuple[object, ...] = ()
        self._contradicting: dict[str, Unavailability] = {}
        self._offered = offered
        self._gives = False
        self.revision = 0
        self.survey()

    def survey(self) -> None:
        """Read again what can be read without starting anything."""
        self._look()
        planned_from = self._inputs, self._tools.identity(), self._programs()
        self.revision += planned_from != self._planned_from
        self._planned_from = planned_from
        self._grants.tell(self._narrator)

    def _look(self) -> None:
        self._inputs = (
            *inputs.declared(
                self._settings.project_dir, self._script.inputs, self._grants.holds, self._grants.refuse_input
            ),
            *self._readable_names(),
            *(() if not self._shows() else (("rich_display", rich_display.digest()),)),
        )
        self._access = self._named = None
        self._grants.look_again()
        self._tools.survey()
        if self._offered is not None:
            self._offered.look_again()

    def plan(self, sample: Sample) -> Action:
        """Return what would be executed for `sample`: for a step of a session, all steps up to it."""
        given = binaries.inputs(sample, self._script, self._offered.names) if self._offered else ()
        self._gives |= bool(given)
        known = self._offered is None or not given or self._offered.settled
        action = Action(
            language=self.name,
            files=self._files(sample),
            steps=self._steps(sample),
            inputs=(*self._inputs, *given),
            toolchain=self._tools.identity() if known else None,
            observed=True,
            workdir=sample.workdir,
        )
        one_program = self._script.console or (sample.links.session and self._script.session)
        return self._session(sample, action) if one_program else action

    def _files(self, sample: Sample) -> tuple[tuple[str, str], ...]:
        """Return the file of `sample`."""
        if sample.value and self._script.session == "python":
            return sessions.alone(self._file, self.ran(sample))
        return ((self._file, self.ran(sample)),)

    def _session(self, sample: Sample, action: Action) -> Action:
        """Return the program that `sample` ends, which is otherwise as `action`."""
        steps = [
            step if (code := self.ran(step)) == step.code else replace(step, code=code)
            for step in (*sample.before, sample)
        ]
        seconds = [step.timeout or self._settings.seconds(self.name) for step in steps]
        action = replace(action, steps=self._steps(replace(steps[0], timeout=sum(seconds))))
        action, marks = sessions.joined(self._script, self._file, steps, seconds, action)
        if objection := sessions.objection(steps):
            self._contradicting[marks.seal] = objection
        return action

    def provide(self, actions: Sequence[Action], runner: Runner) -> Mapping[Key, Unavailability]:
        """Ask the programs what they are, once in a process unless something changed."""
        missing = self._tools.provide(runner, self._reach)
        self._reach()
        self._grants.tell(self._narrator)
        if missing:
            return {action.request_key: missing for action in actions}
        return self._build_programs(actions, runner) | self._contradicted(actions)

    def _build_programs(self, actions: Sequence[Action], runner: Runner) -> dict[Key, Unavailability]:
        """Build the programs of local packages that `actions` get; return why not, for those that cannot do without."""
        given = [action for action in actions if binaries.gets(action)]
        if self._offered is None or not given:
            return {}
        # Where nothing was known of them, all are planned anew, and may have Outcomes already.
        why = self._offered.provide(runner, missing=any(action.toolchain is not None for action in given))
        found = {} if why is None else {action.request_key: why for action in given if binaries.calls(action)}
        for action in given:
            refused = next(filter(None, map(self._offered.refusal, binaries.calls(action))), None)
            if refused is not None:
                found[action.request_key] = refused
        return found

    def _contradicted(self, actions: Sequence[Action]) -> dict[Key, Unavailability]:
        seals = ((action.request_key, step.marks.seal) for action in actions for step in action.steps if step.marks)
        return {key: self._contradicting[seal] for key, seal in seals if seal in self._contradicting}

    def batches(self, actions: Sequence[Action]) -> Sequence[Sequence[Action]]:
        """Return each of `actions` by itself."""
        return [(action,) for action in actions]

    def build(self, work: Sequence[tuple[Action, Scratch]], bench: Bench) -> Iterator[tuple[Action, StepResult]]:
        """Run the build step of each of `work` and yield its result."""
        del bench
        for action, scratch in work:
            step = action.step("build")
            assert step is not None, "only Actions with a build step are built"
            yield action, self.run(action, step, scratch)

    def run(self, action: Action, step: Step, scratch: Scratch) -> StepResult:
        """Execute one step of `action`."""
        program = step.argv[0].removeprefix(f"{_SCRATCH}/") if action.workdir else step.argv[0]
        made = program in (_EXECUTABLE, _MADE) or self._tools.made(program)
        found = (str(scratch.path / program) if action.workdir else program) if made else self._tools.find(program)
        if found is None:
            why = NotStarted(f"`{program}` was not found")
            return StepResult(kind=step.kind, stdout="", stderr="", ended=why)
        if made and not scratch.has(program):
            hint = "" if program in (_EXECUTABLE, _MADE) else "; `{exe}` stands for the file that it should make"
            why = NotStarted(f"`{program}` was not found: the build step made no such file{hint}")
            return StepResult(kind=step.kind, stdout="", stderr="", ended=why)
        words = (
            (word.replace(_SCRATCH, str(scratch.path)) for word in step.argv[1:]) if action.workdir else step.argv[1:]
        )
        argv = (str(found), *(str(interpreter.program()) if word == PYTHON else word for word in words))
        secrets = given.variables(action, step, self._settings)
        toolchains = programs.toolchains(self._script.readable, self._settings)
        env = {**secrets, **self._caches(program), **toolchains, **dict(step.env)}
        self._compile(action, program, scratch)
        folder = self._offered.folder if self._offered and binaries.gets(action) else ""
        access = self._reach()
        if folder:
            access = replace(access, readable=tuple(sorted((*access.readable, folder))), programs=(folder,))
        result = relative(scratch.run(step, argv, env, access, self._observe(step)), str(scratch.path))
        result = renamed(result, ((str(scratch.path.with_name(sessions.FOLDER)), sessions.FOLDER),))
        if self._offered and result.asked is not None and binaries.gets(action):
            result = replace(result, asked=binaries.observed(result.asked, folder, self._offered.names))
        sessions.tell(result, self.name, self._narrator)
        return given.hidden(renamed(result, self._shown()), secrets)

    def reach(self, action: Action) -> tuple[Access, Observe] | None:
        """Return what the first step of `action` may reach, unless programs are built for it first."""
        return None if binaries.gets(action) else (self._reach(), self._observe(action.steps[0]))

    def _compile(self, action: Action, program: str, scratch: Scratch) -> None:
        """Have what drives the steps of `action` in `scratch` be compiled already, if the Python that runs them is ours."""
        text = dict(action.files).get(self._file)
        if program == PYTHON and text is not None and (compiled := sessions.compiled(text)) != text:
            scratch.put(self._file, compiled)

    def assumed(self, action: Action, *, seen: bool) -> Sequence[str] | None:
        """Return how Python starts, which is not observed; and where nothing is, all that a sample of this kind can use."""
        python = PYTHON in (*self._script.command, *self._script.build)
        given = dict(action.inputs).get(binaries.GIVEN, "").split()
        if seen:
            return ("start:",) if python else ()
        whole = ["project:tree:"] if action.workdir else []
        # What was seen nowhere is worth nothing in a build whose samples are in a sandbox.
        found = ["sandbox:", *whole, *(f"tree:{path}" for path in self._script.readable)]
        found += [f"binary:{name}" for name in given]
        if python or interpreter.is_on(self._settings.host_env.get("PATH", "")):
            found += ["start:", "packages:"]
        if not python:
            words = dict.fromkeys(word for _, text in action.files for word in _WORD.findall(text))
            found += [f"tool:{word}" for word in list(words)[:MOST_WORDS]]
        return found

    def _shows(self) -> bool:
        """Tell whether samples are executed by a Python that lets them show more than text."""
        return self._script.command[0] == PYTHON and not self._script.command[1].startswith("-")

    def _observe(self, step: Step) -> Observe:
        """Return how the look-ups of `step` are observed: a Python that nobody isolates lets itself be observed."""
        return "python" if step.argv[0] == PYTHON and not step.argv[1].startswith("-") else "exec"

    def _shown(self) -> tuple[tuple[str, str], ...]:
        """Return the folders of this machine that output may name, and what stands there instead, inner ones first."""
        if self._named is None:
            used = PYTHON in (*self._script.command, *self._script.build)
            on_path = interpreter.is_on(self._settings.host_env.get("PATH", ""))
            places = interpreter.places() if used or on_path else ()
            pairs = {place.folder: place.shown for place in reversed(places)} | {str(self._settings.project_dir): ""}
            pairs |= dict(self._offered.places()) if self._offered else {}
            self._named = tuple(sorted(pairs.items(), key=lambda pair: -len(pair[0])))
        return self._named

    def _readable_names(self) -> tuple[tuple[str, str], ...]:
        """Return what the configuration lets samples read, and which toolchain rustup's shims in it run."""
        found = views.named(self._settings.project_dir, self._script.readable)
        chosen = programs.toolchains(self._script.readable, self._settings).get("RUSTUP_TOOLCHAIN")
        return (*found, ("rustup", chosen)) if chosen else found

    def divide(self, steps: Sequence[Action], outcome: Outcome) -> Sequence[Outcome | None]:
        """Return what each step of a session came to."""
        return sessions.divide(self._script, self._file, steps, outcome)

    def structured(self, action: Action) -> Action:
        """Return `action`: of this language nothing is known that could not be printed."""
        return action

    def layout_free(self, outcome: Outcome) -> bool:
        """Return False: see `structured`."""
        del outcome
        return False

    def locate(self, sample: Sample, line: int, column: int) -> tuple[int, int]:
        """Return line and column as they are, but for what hidden lines begin with: else the file is the author's code."""
        written, ran = sample.code.split("\n"), self.ran(sample).split("\n")
        if line <= len(written):
            column += len(written[line - 1]) - len(ran[line - 1])
        return line, column

    def brought(self, sample: Sample, line: int, column: int) -> str:
        """Return nothing: the file is the author's code."""
        del sample, line, column
        return ""

    def ran(self, sample: Sample) -> str:
        """Return the code with hidden lines as they run."""
        return runnable(sample.code, sample.hiding)

    def faults(self, text: str) -> Sequence[Fault]:
        """Return the place that an interpreter names in `text`."""
        return frames.faults(text)

    def tidy(self, sample: Sample, text: str) -> str:
        """Return `text` without folders of this machine, and without places in what shows things for a sample."""
        del sample
        return rich_display.without_frames(without_folder(text, str(self._settings.project_dir)))

    def is_sample(self, file: str) -> bool:
        """Tell whether `file` is the name under which it is run."""
        return mentions.is_sample(file)

    def own_files(self, action: Action) -> Collection[str]:
        """Return the file that is run, and those of the steps of a session."""
        return [name for name, _ in action.files if name == self._file or name.startswith(f"{sessions.FOLDER}/")]

    def relocated(self, text: str, where: PageMap, others: Mapping[str, PageMap] = NO_OTHERS) -> str:
        """Return `text` with places of the sample made those of `where`."""
        return mentions.relocated(text, where, others)

    def reached(self) -> Sequence[str]:
        """Return what of this machine samples may read, beside the system's own programs and libraries."""
        return self._reach().readable

    def hint(self, sample: Sample, outcome: Outcome, files: Sequence[Sample] = ()) -> str:
        """Return how to let a sample have what it did not find."""
        if files and (found := beside.hint(sample, outcome, files)):
            return found
        network = rights.network(self._script.network, sample.given.network, self._settings.sandbox)
        lacked = withheld.hint(outcome, self.name, self._settings, network=network)
        lacked = lacked or programs.hint(outcome, self.name, self._script.readable, self._settings)
        if not lacked and self._script.console:
            return sessions.hint(self._script, outcome)
        if lacked or self._script.session != PYTHON_SESSION:
            return lacked
        from mkdocs_codeexec.languages import absent

        return absent.hint(sample, outcome, self._script, self._settings)

    def watched(self) -> Sequence[Path]:
        """Return the declared inputs."""
        project = self._settings.project_dir
        holds = self._grants.holds
        found = [path for pattern in self._script.inputs for path in inputs.matching(project, pattern, holds)]
        return (*found, *(self._offered.watched() if self._offered and self._gives else ()))

    def _programs(self) -> tuple[object, ...]:
        """Return what plans go by of the programs of local packages."""
        if self._offered is None:
            return ()
        return (self._offered.names, self._offered.settled if self._gives else None)

    def _caches(self, program: str) -> dict[str, str]:
        found = CACHE.get(Path(program).name)
        return {found[0]: str(self._settings.environment_dir / found[1])} if found else {}

    def _reach(self) -> Access:
        """Return what of this machine the steps may reach; looked for once between two surveys, when one is started."""
        if self._access is None:
            self._access = Access(
                readable=self._grants.clean(self._readable()), writable=tuple(sorted(set(self._writable())))
            )
        return self._access

    def _readable(self) -> Iterator[str]:
        apart = (self._settings.project_dir, *views.homes(self._settings.host_env))
        if PYTHON in (*self._script.command, *self._script.build):
            yield from interpreter.folders(*apart)
        elif interpreter.is_on(self._settings.host_env.get("PATH", "")):
            yield from interpreter.folders(*apart)  # a shell starts the programs of what is documented
        for program in self._tools.programs():
            found = self._tools.find(program)
            if found is None or program == PYTHON:
                continue
            if "/" in program and not program.startswith("/"):  # one beside `mkdocs.yml`
                yield from self._grants.given_file(found)
            else:
                yield from views.installation(found, self._settings)
        yield from self._grants.given()
        yield from programs.folders(self._script.readable, self._settings)

    def _writable(self) -> Iterator[str]:
        for program in self._tools.programs():
            for folder in self._caches(program).values():
                with contextlib.suppress(OSError):  # nothing is kept then from one sample to the next
                    Path(folder).mkdir(parents=True, exist_ok=True)
                    yield folder

    def _steps(self, sample: Sample) -> tuple[Step, ...]:
        network = rights.network(self._script.network, sample.given.network, self._settings.sandbox)
        steps: list[Step] = []
        if self._script.build:
            steps.append(
                Step(
                    kind="build",
                    argv=self._filled(self._script.build),
                    timeout=self._settings.build_timeout,
                    env=tuple(sorted(self._script.env)),
                    limits=self._settings.build_limits,
                    network=network,
                )
            )
        if not sample.build_only:
            # Python holds back what it prints to a pipe, and its order would be lost.
            ordered = {"PYTHONUNBUFFERED": "1"} if sample.given.merged and PYTHON in self._script.command else {}
            own = terminals.variables(sample.given)
            env = {**ordered, **own, **dict(self._script.env), **dict(sample.given.env)}
            steps.append(
                Step(
                    kind="run",
                    argv=(*self._filled(self._script.command, sample.workdir), *sample.given.args),
                    timeout=sample.timeout or self._settings.seconds(self.name),
                    stdin=sample.given.stdin,
                    env=tuple(sorted(env.items())),
                    limits=self._settings.limits,
                    network=network,
                    merged=sample.given.merged,
                    columns=terminals.columns(sample.given, env),
                )
            )
        return tuple(steps)

    def _filled(self, argv: tuple[str, ...], workdir: str = "") -> tuple[str, ...]:
        file, made = (f"{_SCRATCH}/{self._file}", f"{_SCRATCH}/{_MADE}") if workdir else (self._file, _EXECUTABLE)
        return tuple(word.replace("{file}", file).replace("{exe}", made) for word in argv)
