"""Which programs of the languages are on this machine, and what they say of themselves."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from mkdocs_codeexec.languages import interpreter
from mkdocs_codeexec.languages.builtin import PYTHON, VERSION
from mkdocs_codeexec.languages.toolchain import answer, ask, find_program, host_environment, memo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs_codeexec.core.protocols import Narrator, Runner
    from mkdocs_codeexec.core.settings import RustSettings, ScriptSettings, Settings
    from mkdocs_codeexec.languages.toolchain import Toolchain


State: TypeAlias = Literal["built", "stale", "absent"]
"""Of an Environment: as it would be now; for other versions or sources; not at all."""


class Present(NamedTuple):
    """What a language needs on this machine.

    Attributes:
        language: Canonical name.
        name: What was looked for: all that the language needs has its name, a further tool its own.
        there: Whether it is there.
        words: What it says of itself, or why it is not there.
        hint: What to do; may be empty.
    """

    language: str
    name: str
    there: bool
    words: str
    hint: str = ""


class Presence:
    """What the languages of a site find on this machine. Nothing is built, and nothing is written.

    Args:
        settings: The configuration.
        narrator: Hears warnings.
    """

    def __init__(self, settings: Settings, narrator: Narrator) -> None:
        self._settings = settings
        self._narrator = narrator
        self._rust: Toolchain | None = None

    def programs(self, runner: Runner) -> Iterator[Present]:
        """Yield what the languages that are set up need, asking programs what they are."""
        for script in self._settings.scripts.values():
            yield _script(self._settings, script, runner)
        if self._settings.rust is not None:
            yield from self._of_rust(self._settings.rust, runner)

    def _of_rust(self, rust: RustSettings, runner: Runner) -> Iterator[Present]:
        from mkdocs_codeexec.languages.rust.compiler import Compiler
        from mkdocs_codeexec.languages.rust.environments.project import find_cargo

        compiler = Compiler(self._settings, rust, memo(self._settings, keeps=False))
        compiler.survey()
        why = compiler.provide(runner)
        if why is not None or compiler.toolchain is None:
            reason, hint = (why.reason, why.hint) if why else ("there is none", "")
            yield Present("rust", "rust", there=False, words=reason, hint=hint)
            return
        self._rust = compiler.toolchain
        yield Present("rust", "rust", there=True, words=_in_one_line(compiler.toolchain.identity))
        if (cargo := find_cargo(compiler.toolchain, self._settings)) is None:
            hint = "install Rust from https://rustup.rs"
            yield Present("rust", "cargo", there=False, words="`cargo` was not found", hint=hint)
        else:
            yield Present("rust", "cargo", there=True, words=str(cargo))

    def environments(self) -> Iterator[tuple[str, State]]:
        """Yield the Environments of the site by name, and how they are; none before `programs` has found what builds them.

        Raises:
            ConfigurationError: One cannot be written as a manifest.
        """
        if self._settings.rust is None or self._rust is None:
            return
        from mkdocs_codeexec.languages.grants import Grants
        from mkdocs_codeexec.languages.rust.environments import configuration
        from mkdocs_codeexec.languages.rust.environments.environment import open_environments

        rust = self._settings.rust
        grants = Grants(self._settings, "rust", rust.readable, rust.inputs)
        grants.look_again()
        flags = configuration.flags(self._settings)
        found = open_environments(self._settings, rust.environments.values(), flags, self._narrator, {}, grants)
        for name, environment in found.items():
            if not environment.plain:
                yield name, environment.state(self._rust)


def built(folder: Path) -> int:
    """Return how many Environments there are in `folder`, that of all of them."""
    return len(list(folder.glob("rust/*/*/Cargo.toml")))


def _script(settings: Settings, script: ScriptSettings, runner: Runner) -> Present:
    words = []
    for program in dict.fromkeys(line[0] for line in (script.build, script.command) if line):
        if program == PYTHON:
            words.append(_in_one_line(interpreter.identity()))
            continue
        found = find_program(program, settings)
        if found is None:
            if program.startswith(("./", "{exe}")):  # what its build step makes
                continue
            return Present(script.name, script.name, there=False, words=f"`{program}` was not found")
        argv = (str(found), *VERSION.get(found.name, ("--version",)))
        said = ask(runner, argv, Path(tempfile.gettempdir()), host_environment(settings))
        try:
            told = answer(said, found)
            words.append(f"{found}, which does not say what it is" if " sha256:" in told else _in_one_line(told))
        except OSError as error:
            return Present(script.name, script.name, there=False, words=f"`{program}` could not be started: {error}")
    return Present(script.name, script.name, there=True, words=", ".join(words))


def _in_one_line(text: str) -> str:
    return text.splitlines()[0][:80] if text else ""
