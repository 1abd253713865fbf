"""What there is on this machine to execute samples with: the sandbox and the toolchains."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.commands.examining.checks import FINE, MISSING, NOTE, Check
from mkdocs_codeexec.core.confinement import ISOLATING
from mkdocs_codeexec.core.protocols import Unavailability
from mkdocs_codeexec.languages import interpreter
from mkdocs_codeexec.languages.builtin import PYTHON, VERSION
from mkdocs_codeexec.languages.rust.compiler import Compiler
from mkdocs_codeexec.languages.rust.environments.project import find_cargo
from mkdocs_codeexec.languages.toolchain import answer, ask, find_program, host_environment, memo

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from mkdocs_codeexec.core.confinement import Tier
    from mkdocs_codeexec.core.protocols import Runner
    from mkdocs_codeexec.core.settings import ScriptSettings, Settings
    from mkdocs_codeexec.languages.toolchain import Toolchain
    from mkdocs_codeexec.runtime.process import Children


def sandbox(settings: Settings, children: Children) -> Iterator[Check]:
    """Yield how samples are confined here, and why not more strongly."""
    choice = children.choice
    for one in choice.obstacles:
        yield Check("sandbox", one.tier, NOTE if choice.tier else MISSING, one.why, one.fix)
    refusal = children.refusal
    if refusal is not None:
        yield Check("sandbox", f"{settings.sandbox}", MISSING, refusal.reason, refusal.hint)
    elif choice.tier is not None:
        yield Check("sandbox", choice.tier, FINE if choice.tier in ISOLATING else NOTE, _promise(choice.tier))


def _promise(tier: Tier) -> str:
    if tier == "off":
        return "no sandbox: samples are you"
    if tier == "limits":
        return "samples run so: they can read your files and use the network"
    return "samples run so; `codeexec doctor --probe` tries what they can reach"


def rust_of(settings: Settings, runner: Runner) -> Toolchain | Unavailability:
    """Return the Rust that this site would get; `settings.rust` must not be None."""
    assert settings.rust is not None, "languages.rust is set up"
    compiler = Compiler(settings, settings.rust, memo(settings, keeps=False))
    compiler.survey()
    why = compiler.provide(runner)
    return why or compiler.toolchain or Unavailability("there is none")


def toolchains(
    settings: Settings, wanted: Container[str], rust: Toolchain | Unavailability, runner: Runner
) -> Iterator[Check]:
    """Yield what answers for each language.

    Args:
        settings: The configuration.
        wanted: The languages that the site names, or has samples in: their programs must be there.
        rust: The Rust of the site, or why there is none.
        runner: Starts them, to ask what they are.
    """
    for script in settings.scripts.values():
        yield _script(settings, script, MISSING if script.name in wanted else NOTE, runner)
    if settings.rust is None:
        return
    state = MISSING if "rust" in wanted else NOTE
    if isinstance(rust, Unavailability):
        yield Check("toolchains", "rust", state, rust.reason, rust.hint)
        return
    yield Check("toolchains", "rust", FINE, _in_one_line(rust.identity))
    cargo = find_cargo(rust, settings)
    if cargo is None:
        yield Check("toolchains", "cargo", state, "`cargo` was not found", "install Rust from https://rustup.rs")
    else:
        yield Check("toolchains", "cargo", FINE, str(cargo))


def _script(settings: Settings, script: ScriptSettings, state: str, runner: Runner) -> Check:
    words = []
    for program in dict.fromkeys(line[0] for line in (script.build, script.command) if line):
        if program == PYTHON:
            words.append(_in_one_line(interpreter.identity()))
            continue
        found = find_program(program, settings)
        if found is None:
            if program.startswith(("./", "{exe}")):  # what its build step makes
                continue
            return Check("toolchains", script.name, state, f"`{program}` was not found")
        argv = (str(found), *VERSION.get(found.name, ("--version",)))
        said = ask(runner, argv, Path(tempfile.gettempdir()), host_environment(settings))
        try:
            told = answer(said, found)
            words.append(f"{found}, which does not say what it is" if " sha256:" in told else _in_one_line(told))
        except OSError as error:
            return Check("toolchains", script.name, state, f"`{program}` could not be started: {error}")
    return Check("toolchains", script.name, FINE, ", ".join(words))


def _in_one_line(text: str) -> str:
    return text.splitlines()[0][:80] if text else ""
