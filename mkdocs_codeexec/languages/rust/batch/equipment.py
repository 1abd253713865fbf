"""What it takes to compile the samples of one Environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.languages.rust.messages.normal import portable

if TYPE_CHECKING:
    from mkdocs_codeexec.core.action import Step
    from mkdocs_codeexec.core.confinement import Access
    from mkdocs_codeexec.core.outcome import StepResult
    from mkdocs_codeexec.languages.rust.environments.capture import Arguments


class Cargo(NamedTuple):
    """What it takes to build a package of fences by cargo.

    Attributes:
        program: The cargo that came with rustc.
        access: What of the machine it may reach, and all that it starts.
        env: Variables that it gets.
        words: What its command line ends with.
    """

    program: str
    access: Access
    env: Mapping[str, str]
    words: tuple[str, ...] = ()


class Equipment(NamedTuple):
    """A compiler, and what an Environment gives it.

    Attributes:
        program: The real rustc.
        arguments: What the Environment adds to its command line.
        packages: All that the Environment consists of.
        access: What of the machine a compiler and the programs may reach.
        compiling: Variables that every compiler gets.
        running: Variables that every program gets.
        names: Folders of this machine, inner ones first, and what each is called where somebody reads of it.
        target: The folder of what cargo has built; empty if there is none.
        cargo: What builds packages of fences; None if there is no cargo.
    """

    program: str
    arguments: Arguments
    packages: frozenset[str]
    access: Access
    compiling: Mapping[str, str] = MappingProxyType({})
    running: Mapping[str, str] = MappingProxyType({})
    names: Sequence[tuple[str, str]] = ()
    target: str = ""
    cargo: Cargo | None = None

    def command(self, step: Step) -> tuple[str, ...]:
        """Return the command line of a build step."""
        places = {"{rustc}": (self.program,), "{environment}": self.arguments.argv}
        return tuple(word for element in step.argv for word in places.get(element, (element,)))

    def environment(self, step: Step) -> dict[str, str]:
        """Return the variables of a step; its own count more than those of the package."""
        return {**(self.compiling if step.kind == "build" else self.running), **dict(step.env)}

    def shown(self, result: StepResult) -> StepResult:
        """Return `result` of a step without folders of this machine: it is stored so."""
        return portable(result, self.names, self.target)
