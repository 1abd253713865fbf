"""Our own way to run samples, without MkDocs around it: the objects that a build puts together, in this process."""

from __future__ import annotations

import json
import resource
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import measuring
from markdown import Markdown
from measuring import MeasurementError, Timing
from others import processors

from mkdocs_codeexec.config import settings_from
from mkdocs_codeexec.core.expectation import Met
from mkdocs_codeexec.engine.pipeline import Pipeline
from mkdocs_codeexec.engine.states import open_states
from mkdocs_codeexec.languages import open_languages, words
from mkdocs_codeexec.markdown.collecting import ExtensionFailure, PageContext
from mkdocs_codeexec.markdown.extension import CodeExecExtension
from mkdocs_codeexec.runtime.executor import ParallelExecutor
from mkdocs_codeexec.runtime.process import Children
from mkdocs_codeexec.runtime.store import DirectoryStore

if TYPE_CHECKING:
    from mkdocs_codeexec.core.outcome import StepKind, StepResult
    from mkdocs_codeexec.core.protocols import Command, Executor, OutputSink, Runner
    from mkdocs_codeexec.core.resolved import Resolved
    from mkdocs_codeexec.core.sample import Location, Problem, Sample
    from mkdocs_codeexec.core.settings import Settings


@dataclass(slots=True)
class _Found:
    """A Collector that keeps what it gets."""

    context: PageContext
    samples: list[Sample] = field(default_factory=list)

    def page(self) -> PageContext:
        return self.context

    def add(self, sample: Sample, refusal: str = "", hint: str = "") -> str:
        if refusal:
            raise MeasurementError(f"{sample.location}: {refusal} {hint}".rstrip())
        self.samples.append(sample)
        return str(len(self.samples))

    def report(self, problem: Problem) -> None:
        raise MeasurementError(str(problem))

    def know(self, _: object) -> None:
        pass

    def survives(self, _: ExtensionFailure) -> bool:
        return False


class _Quiet:
    """A Narrator for whom only warnings are worth a word."""

    def say(self, message: str) -> None:
        pass

    def warn(self, message: str, *, at: Location | None = None, hint: str = "") -> None:
        raise MeasurementError(" ".join(filter(None, (at and str(at), message, hint))))

    def stream(self, chunk: bytes) -> None:
        pass

    def note(self, event: object) -> None:
        pass


class _Recording(Children):
    """Children that are remembered."""

    def __init__(self) -> None:
        super().__init__()
        self.commands: dict[StepKind, Command] = {}

    def run(self, command: Command, kind: StepKind, *, on_output: OutputSink | None = None) -> StepResult:
        """Run `command`, and keep the last of its kind."""
        self.commands[kind] = command
        return super().run(command, kind, on_output=on_output)


@dataclass(frozen=True, slots=True)
class Answered:
    """What all samples of a site came to, and what that cost.

    Attributes:
        timing: From the first look at the store to the last result in it; `cpu` is that of the children.
        met: Whether each sample did as its fence says, in order.
    """

    timing: Timing
    met: tuple[bool, ...]


class Project:
    """The samples of a site that `generate` wrote, and what it takes to run them.

    Args:
        folder: The site.
        scratch: For Environments and temporary files.

    Raises:
        MeasurementError: A fence has a mistake.
    """

    def __init__(self, folder: Path, scratch: Path) -> None:
        env = measuring.environment(scratch, CODEEXEC_ENVIRONMENT_DIR=str(scratch / "environments"))
        self.settings = _settings(folder, env)
        self.samples = _samples(folder, self.settings)
        self._scratch = scratch
        self._narrator = _Quiet()

    def answer(self, samples: Sequence[Sample] | None = None, children: Children | None = None) -> Answered:
        """Run `samples`, or all, with nothing in the store.

        Args:
            samples: Some of this project's.
            children: Starts them.

        Raises:
            MeasurementError: A sample was not executed.
        """
        self._forget()
        chosen = self.samples if samples is None else samples
        pipeline = self._pipeline(children)
        before, began = _children_cpu(), time.perf_counter()
        resolved = pipeline.resolve(chosen)
        timing = Timing(time.perf_counter() - began, _children_cpu() - before)
        _check_executed(resolved)
        return Answered(timing, tuple(isinstance(item.verdict, Met) for item in resolved))

    def direct(self, number: int, sample: Sample) -> Direct:
        """Return `sample` as commands to start by hand: those that are used for it if nothing else is missing.

        Raises:
            MeasurementError: It is not compiled by one command.
        """
        children = _Recording()
        self.answer([sample], children)
        files = dict(self._pipeline(None).languages[sample.language].plan(sample).files)
        folder = self._scratch / f"direct-{number}"
        build, run = children.commands.get("build"), children.commands.get("run")
        if not build or not run or not any(name in build.argv for name in files):
            raise MeasurementError(f"{sample.location}: it was not compiled by itself")
        return Direct(folder, files, build, run)

    def _pipeline(self, children: Children | None) -> Pipeline:
        @contextmanager
        def workers() -> Iterator[tuple[Runner, Executor]]:
            with children or Children("auto", path=self.settings.host_env["PATH"]) as opened:
                path = self.settings.host_env["PATH"]
                jobs = self.settings.jobs
                yield opened, ParallelExecutor(opened, languages, jobs=jobs, total_timeout=None, path=path)

        languages = open_languages(self.settings, self._narrator)
        return Pipeline(
            languages=languages,
            store=DirectoryStore(self.settings.cache_dir, self._narrator.warn),
            states=open_states(self.settings),
            workers=workers,
            narrator=self._narrator,
        )

    def _forget(self) -> None:
        for name in ("results", "requests", "structures"):
            shutil.rmtree(self.settings.cache_dir / name, ignore_errors=True)


class Direct:
    """One sample, compiled by bare rustc with our flags, and run.

    Args:
        folder: Made here.
        files: Names and texts.
        build: How we compile it.
        run: How we run it.
    """

    def __init__(self, folder: Path, files: Mapping[str, str], build: Command, run: Command) -> None:
        self._folder = folder
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
        self._commands = [self._moved(build), self._moved(run)]

    def _moved(self, command: Command) -> tuple[list[str], dict[str, str]]:
        """Return `command` for this folder; its own is gone, with `home` and `tmp` beside it."""
        env = dict(command.env) | {"HOME": str(self._folder), "TMPDIR": str(self._folder)}
        return [word.replace(str(command.cwd), str(self._folder)) for word in command.argv], env

    def time(self) -> Timing:
        """Compile and run it.

        Raises:
            MeasurementError: It does not compile, or does not succeed.
        """
        timings = [
            measuring.succeed(argv, cwd=self._folder, env=env, scratch=self._folder).timing
            for argv, env in self._commands
        ]
        return Timing(sum(timing.wall for timing in timings), sum(timing.cpu for timing in timings))


def together(samples: Sequence[Direct]) -> Timing:
    """Compile and run several, as many at once as there are processors."""
    with ThreadPoolExecutor(processors()) as pool:
        began = time.perf_counter()
        timings = list(pool.map(Direct.time, samples))
        wall = time.perf_counter() - began
    return Timing(wall, sum(timing.cpu for timing in timings))


def _settings(folder: Path, env: Mapping[str, str]) -> Settings:
    config = json.loads((folder / "mkdocs.yml").read_text("utf-8"))
    options = next(plugin["codeexec"] for plugin in config["plugins"] if "codeexec" in plugin)
    return settings_from(options, project_dir=folder, environ=env, cpus=processors)


def _samples(folder: Path, settings: Settings) -> list[Sample]:
    found: list[Sample] = []
    for page in sorted((folder / "docs").glob("page-*.md")):
        text = page.read_text("utf-8")
        collector = _Found(PageContext(page.name, text))
        ours = CodeExecExtension(collector, words(settings))
        Markdown(extensions=["admonition", "attr_list", "pymdownx.superfences", ours]).convert(text)
        found += collector.samples
    return found


def _check_executed(resolved: Sequence[Resolved]) -> None:
    for item in resolved:
        if item.outcome is None or item.cached or not item.outcome.started:
            raise MeasurementError(f"{item.sample.location}: not executed: {item.verdict} {item.why or ''}")


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
