"""Which programs of the languages are on this machine, and what they say of themselves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.languages import interpreter
from mkdocs_codeexec.languages.builtin import PYTHON, VERSION
from mkdocs_codeexec.languages.toolchain import answer, ask, find_program, host_environment, memo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs_codeexec.core.protocols import Narrator, Runner
    from mkdocs_codeexec.core.sample import Sample
    from mkdocs_codeexec.core.settings import ScriptSettings, Settings
    from mkdocs_codeexec.languages.toolchain import Toolchain


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


def rust_of(settings: Settings, runner: Runner) -> Toolchain | Unavailability | None:
    """Return the Rust that the site would get; None if the language is not set up."""
    if settings.rust is None:
        return None
    from mkdocs_codeexec.languages.rust.compiler import Compiler

    compiler = Compiler(settings, settings.rust, memo(settings, keeps=False))
    compiler.survey()
    why = compiler.provide(runner)
    return why or compiler.toolchain or Unavailability("there is none")


def present(settings: Settings, rust: Toolchain | Unavailability | None, runner: Runner) -> Iterator[Present]:
    """Yield what the languages that are set up need, asking programs what they are.

    Args:
        settings: The configuration.
        rust: What `rust_of` returned.
        runner: Starts the programs.
    """
    for script in settings.scripts.values():
        yield _script(settings, script, runner)
    if rust is not None:
        yield from _rust(settings, rust)


def count_environments(folder: Path) -> int:
    """Return how many Environments there are in `folder`, that of all Environments."""
    return len(list(folder.glob("rust/*/*/Cargo.toml")))


def environments(
    settings: Settings, rust: Toolchain | Unavailability | None, narrator: Narrator
) -> dict[str, Literal["built", "stale", "absent"]]:
    """Return of each Environment of the site whether it is built, by name; those without dependencies are left out.

    Nothing is built or written.

    Args:
        settings: The configuration.
        rust: What `rust_of` returned.
        narrator: Told what goes on.

    Raises:
        ConfigurationError: One cannot be written as a manifest.
    """
    if settings.rust is None or rust is None or isinstance(rust, Unavailability):
        return {}
    from mkdocs_codeexec.languages.grants import Grants
    from mkdocs_codeexec.languages.rust.environments import configuration
    from mkdocs_codeexec.languages.rust.environments.opening import open_environments

    grants = Grants(settings, "rust", settings.rust.readable, settings.rust.inputs)
    grants.look_again()
    wanted = settings.rust.environments.values()
    found = open_environments(settings, wanted, configuration.said(settings), narrator, {}, grants)
    return {name: one.state(rust) for name, one in found.items() if not one.plain}


def unknown(sample: Sample, settings: Settings) -> Unavailability | None:
    """Return why there is not the Environment that a sample asks for; None if there is."""
    name = sample.options.get("environment", "")
    if sample.language != "rust" or not name or settings.rust is None or name in settings.rust.environments:
        return None
    from mkdocs_codeexec.languages.rust.environments.unknown import unknown_environment

    return unknown_environment(name, tuple(settings.rust.environments))


def _rust(settings: Settings, rust: Toolchain | Unavailability) -> Iterator[Present]:
    from mkdocs_codeexec.languages.rust.environments.project import find_cargo

    if isinstance(rust, Unavailability):
        yield Present("rust", "rust", there=False, words=rust.reason, hint=rust.hint)
        return
    yield Present("rust", "rust", there=True, words=_in_one_line(rust.identity))
    cargo = find_cargo(rust, settings)
    if cargo is None:
        hint = "install Rust from https://rustup.rs"
        yield Present("rust", "cargo", there=False, words="`cargo` was not found", hint=hint)
    else:
        yield Present("rust", "cargo", there=True, words=str(cargo))


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
            hint = f"install it, or correct the command in `languages.{script.name}` of {settings.host.file}"
            return Present(script.name, script.name, there=False, words=f"`{program}` was not found", hint=hint)
        argv = (str(found), *VERSION.get(found.name, ("--version",)))
        said = ask(runner, argv, Path("/"), host_environment(settings))
        try:
            told = answer(said, found)
            words.append(f"{found}, which does not say what it is" if " sha256:" in told else _in_one_line(told))
        except OSError as error:
            return Present(script.name, script.name, there=False, words=f"`{program}` could not be started: {error}")
    return Present(script.name, script.name, there=True, words=", ".join(words))


def _in_one_line(text: str) -> str:
    return text.splitlines()[0][:80] if text else ""
