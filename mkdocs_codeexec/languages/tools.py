"""The programs that the command lines of a language start, and what they say they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.languages import interpreter
from mkdocs_codeexec.languages.builtin import PYTHON, VERSION
from mkdocs_codeexec.languages.toolchain import (
    Toolchain,
    answer,
    ask,
    find_program,
    fingerprint,
    host_environment,
    memo,
    places,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mkdocs_codeexec.core.confinement import Access
    from mkdocs_codeexec.core.protocols import Runner
    from mkdocs_codeexec.core.settings import ScriptSettings, Settings


class Tools:
    """The programs of one language.

    Args:
        settings: The configuration.
        script: Which language.
    """

    def __init__(self, settings: Settings, script: ScriptSettings) -> None:
        self._settings = settings
        self._script = script
        self._memo = memo(settings)
        self._identity: str | None = None
        self._fingerprint = ""
        self._asked = ""

    def survey(self) -> None:
        """Look again at which files they are, and recall what they have said."""
        files = tuple(self.find(program) for program in self.programs())
        asked = (self._script.version, self._script.command, self._script.build)
        self._fingerprint = fingerprint(self._settings, files, (*asked, self._script.env, places(self._settings)))
        if self._asked == self._fingerprint:
            return
        if self._inside():
            self._identity = interpreter.identity()
            return
        known = self._memo.recall(self._script.name, self._fingerprint)
        self._identity = known.identity if known else None

    def identity(self) -> str | None:
        """Return what they say they are, None while that is not known."""
        return self._identity

    def provide(self, runner: Runner, access: Callable[[], Access]) -> Unavailability | None:
        """Ask them what they are unless that is known, and return what is missing.

        Args:
            runner: Starts them.
            access: Tells what they may reach.
        """
        for program in self.programs():
            if self.find(program) is None:
                hint = f"install it, or correct the command in `languages.{self._script.name}` of {self._settings.host.file}"
                return Unavailability(f"`{program}` was not found", hint)
        return None if self._inside() or self._asked == self._fingerprint else self._ask(runner, access())

    def programs(self) -> tuple[str, ...]:
        """Return their names, as the configuration has them; what the build step makes is none."""
        lines = (line for line in (self._script.build, self._script.command) if line)
        return tuple(dict.fromkeys(line[0] for line in lines if line[0] != "{exe}" and not self.made(line[0])))

    def made(self, program: str) -> bool:
        """Tell whether `program` is what the build step makes: it is not there beforehand, beside `mkdocs.yml`."""
        own = bool(self._script.build) and program.startswith("./") and program == self._script.command[0]
        return own and self.find(program) is None

    def _inside(self) -> bool:
        """Whether the interpreter is the one that runs us, which tells what it is without being started."""
        return not self._script.version and self.programs() == (PYTHON,)

    def find(self, program: str) -> Path | None:
        """Return the file of `program`, None if there is none."""
        return interpreter.program() if program == PYTHON else find_program(program, self._settings)

    def _ask(self, runner: Runner, access: Access) -> Unavailability | None:
        # Samples run in a scratch directory, where no version file of the project is above them, nor one that anybody may write.
        cwd = Path("/")
        env = {**host_environment(self._settings), **dict(self._script.env)}
        said: list[str] = []
        for argv in self._questions():
            program = self.find(argv[0])
            if program is None:
                return Unavailability(f"`{argv[0]}` was not found", f"correct `languages.{self._script.name}.version`")
            try:
                # Confined as samples are: it may be a program of a checkout.
                said.append(answer(ask(runner, (str(program), *argv[1:]), cwd, env, access), program))
            except OSError as error:
                return Unavailability(f"`{argv[0]}` could not be started: {error}")
        self._identity = "\n".join(said)
        self._asked = self._fingerprint
        known = Toolchain(self._identity)
        if self._memo.recall(self._script.name, self._fingerprint) != known:
            self._memo.remember(self._script.name, self._fingerprint, known)
        return None

    def _questions(self) -> tuple[tuple[str, ...], ...]:
        if self._script.version:
            return (self._script.version,)
        return tuple(
            (program, *VERSION.get(Path(program).name, ("--version",)))
            for program in self.programs()
            if program != PYTHON
        )
