"""A language of shell scripts, for what executes Actions with real children."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.core.action import Action, Step

if TYPE_CHECKING:
    from mkdocs_codeexec.core.outcome import Outcome, StepResult
    from mkdocs_codeexec.core.protocols import Bench, Scratch

PATH = "/usr/local/bin:/usr/bin:/bin"


class Shell:
    """The smallest language: steps are shell scripts, and what its name says goes wrong."""

    def __init__(self, name: str = "shell") -> None:
        self.name = name

    def batches(self, actions: Sequence[Action]) -> Sequence[Sequence[Action]]:
        return [(action,) for action in actions]

    def build(self, work: Sequence[tuple[Action, Scratch]], bench: Bench) -> Iterator[Any]:  # noqa: ARG002
        for action, scratch in work:
            if self.name == "silent":
                return
            [step] = [step for step in action.steps if step.kind == "build"]
            yield action, self.run(action, step, scratch)

    def run(self, action: Action, step: Step, scratch: Scratch) -> StepResult:  # noqa: ARG002 - the protocol's
        if self.name == "faulty":
            raise ZeroDivisionError("of the language")
        if self.name == "copying":
            shutil.copy2(scratch.path / "missing", scratch.path.with_name("tmp") / "x")
        return scratch.run(step, ("/bin/sh", "-c", step.argv[0]), {"STEP": step.kind})

    def own_files(self, action: Action) -> Sequence[str]:  # noqa: ARG002 - the protocol's
        return ()


SHELL: Any = {"shell": Shell()}
"""All languages, by name."""


class Outcomes:
    """A Finish that remembers."""

    def __init__(self) -> None:
        self.of: dict[str, Outcome] = {}
        self.order: list[str] = []
        self.threads: set[int] = set()

    def __call__(self, action: Action, outcome: Outcome, /) -> Sequence[Action]:
        name = dict(action.inputs)["name"]
        assert name not in self.of
        self.of[name] = outcome
        self.order.append(name)
        self.threads.add(threading.get_ident())
        return self.ready(name)

    def ready(self, name: str) -> Sequence[Action]:  # noqa: ARG002
        """Return what has become ready with `name`."""
        return ()


def action(name: str, run: str = "", *, build: str = "", timeout: float = 20, **more: Any) -> Action:
    steps = [Step(kind="build", argv=(build,), timeout=timeout)] if build else []
    if run:
        steps.append(Step(kind="run", argv=(run,), timeout=timeout))
    return Action(
        **{
            "language": "shell",
            "files": (),
            "steps": tuple(steps),
            "inputs": (("name", name),),
            "toolchain": "sh 1",
            **more,
        }
    )


def alive(mark: str) -> int:
    """Return how many shells are there, of this machine, whose command line has `mark` in it."""
    count = 0
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        count += mark.encode() in line and line.startswith(b"/bin/sh")
    return count
