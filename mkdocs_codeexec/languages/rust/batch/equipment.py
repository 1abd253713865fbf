"""What it takes to compile the samples of one Environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mkdocs_codeexec.core.action import Step
    from mkdocs_codeexec.core.confinement import Access
    from mkdocs_codeexec.languages.rust.environments.capture import Arguments


class Equipment(NamedTuple):
    """A compiler, and what an Environment gives it.

    Attributes:
        program: The real rustc.
        arguments: What the Environment adds to its command line.
        packages: All that the Environment consists of.
        access: What of the machine a compiler and the programs may reach.
    """

    program: str
    arguments: Arguments
    packages: frozenset[str]
    access: Access

    def command(self, step: Step) -> tuple[str, ...]:
        """Return the command line of a build step."""
        places = {"{rustc}": (self.program,), "{environment}": self.arguments.argv}
        return tuple(word for element in step.argv for word in places.get(element, (element,)))
