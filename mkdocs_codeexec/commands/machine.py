"""What there is on this machine: sandbox, toolchains, store, Environments."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.confinement import ISOLATING, WALLS
from mkdocs_codeexec.languages import interpreter
from mkdocs_codeexec.languages.builtin import PYTHON, VERSION
from mkdocs_codeexec.languages.rust.compiler import Compiler
from mkdocs_codeexec.languages.rust.environments.project import find_cargo
from mkdocs_codeexec.languages.toolchain import answer, ask, find_program, host_environment, memo
from mkdocs_codeexec.runtime.process import Children

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mkdocs_codeexec.core.confinement import Tier
    from mkdocs_codeexec.core.protocols import Runner
    from mkdocs_codeexec.core.settings import ScriptSettings, Settings

FINE, NOTE, MISSING = "ok", "note", "missing"
LITTLE = 1024**3
"""Bytes that an Environment of some crates takes."""
MOST_FILES = 100_000


class Check(NamedTuple):
    """One line of the report.

    Attributes:
        section: Which part of the machine.
        name: What was looked at.
        state: `ok`, `note` (worth knowing), or `missing` (samples will not run as the site wants them to).
        words: What was found.
        hint: What to do; may be empty.
    """

    section: str
    name: str
    state: str
    words: str
    hint: str = ""


def examined(settings: Settings, named: Mapping[str, object]) -> list[Check]:
    """Look at everything.

    Args:
        settings: The configuration.
        named: The languages that the site names: their programs must be there.
    """
    path = settings.host_env.get("PATH")
    with Children(settings.sandbox, path=path, tiers=settings.tiers) as children:
        found = [*_sandbox(settings, children)]
        # Asking what a program is starts it, confined where that can be, else not at all.
        usable = children.refusal is None
        found += _toolchains(settings, named, children) if usable else ()
    return [*found, _store(settings), _environments(settings)]


def _sandbox(settings: Settings, children: Children) -> Iterator[Check]:
    choice = children.choice
    for one in choice.obstacles:
        yield Check("sandbox", one.tier, NOTE if choice.tier else MISSING, one.why, one.fix)
    refusal = children.refusal
    if refusal is not None:
        yield Check("sandbox", f"{settings.sandbox}", MISSING, refusal.reason, refusal.hint)
    elif choice.tier is not None:
        yield Check("sandbox", choice.tier, FINE if choice.tier in ISOLATING else NOTE, _promise(choice.tier))
    if choice.tier in WALLS:
        less = children.inexact
        exact = "the kernel bounds memory and processes of each sample"
        counted = f"memory and processes of samples are counted ten times a second: {less}"
        yield Check("sandbox", "cgroups", NOTE if less else FINE, counted if less else exact)


def _promise(tier: Tier) -> str:
    if tier == "off":
        return "no sandbox: samples are you"
    if tier == "limits":
        return "samples run so: they can read your files and use the network"
    return "samples run so; `codeexec doctor --probe` tries what they can reach"


def _toolchains(settings: Settings, named: Mapping[str, object], runner: Runner) -> Iterator[Check]:
    for script in settings.scripts.values():
        yield _script(settings, script, MISSING if script.name in named else NOTE, runner)
    if settings.rust is None:
        return
    state = MISSING if "rust" in named else NOTE
    compiler = Compiler(settings, settings.rust, memo(settings, keeps=False))
    compiler.survey()
    why = compiler.provide(runner)
    if why is not None or compiler.toolchain is None:
        yield Check("toolchains", "rust", state, why.reason if why else "there is none", why.hint if why else "")
        return
    yield Check("toolchains", "rust", FINE, _in_one_line(compiler.toolchain.identity))
    cargo = find_cargo(compiler.toolchain, settings)
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
            hint = f"install it, or correct the command in `languages.{script.name}` of mkdocs.yml"
            return Check("toolchains", script.name, state, f"`{program}` was not found", hint)
        argv = (str(found), *VERSION.get(found.name, ("--version",)))
        said = ask(runner, argv, Path(tempfile.gettempdir()), host_environment(settings))
        try:
            told = answer(said, found)
            words.append(f"{found}, which does not say what it is" if " sha256:" in told else _in_one_line(told))
        except OSError as error:
            return Check("toolchains", script.name, state, f"`{program}` could not be started: {error}")
    return Check("toolchains", script.name, FINE, ", ".join(words))


def _store(settings: Settings) -> Check:
    count, size = _size(settings.cache_dir / "results")
    words = f"{settings.cache_dir}: {count} outcomes, {_mebibytes(size)}"
    if settings.cache_size is not None:
        words += f" of {settings.cache_size} MiB"
    if not _is_writable(settings.cache_dir):
        hint = "set `cache_dir` to a folder that you can write to"
        return Check("store", "results", MISSING, f"{settings.cache_dir} cannot be written", hint)
    if settings.cache_write_refusal:
        return Check("store", "results", NOTE, f"{words}; nothing is stored: {settings.cache_write_refusal}")
    return Check("store", "results", FINE, words)


def _environments(settings: Settings) -> Check:
    folder = settings.environment_dir
    if not _is_writable(folder):
        hint = "set `environment_dir` to a folder that you can write to"
        return Check("environments", "built", MISSING, f"{folder} cannot be written", hint)
    count = len(list(folder.glob("rust/*/*/Cargo.toml")))
    free = shutil.disk_usage(_nearest(folder)).free
    words = f"{folder}: {count}, {_mebibytes(free)} free"
    return Check("environments", "built", FINE if free > LITTLE else NOTE, words)


def _nearest(folder: Path) -> Path:
    """Return `folder`, or the one above it that is there."""
    return next(one for one in (folder, *folder.parents) if one.exists())


def _is_writable(folder: Path) -> bool:
    nearest = _nearest(folder)
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


def _size(folder: Path) -> tuple[int, int]:
    """Return how many files are below `folder`, which is not followed out of, and how many bytes they take."""
    count, size = 0, 0
    for above, _, names in os.walk(folder):
        for name in names:
            if count >= MOST_FILES:
                return count, size
            count += 1
            size += os.lstat(Path(above, name)).st_size
    return count, size


def _mebibytes(size: int) -> str:
    return f"{size / 1024**2:.1f} MiB" if size < 1024**3 else f"{size / 1024**3:.1f} GiB"


def _in_one_line(text: str) -> str:
    return text.splitlines()[0][:80] if text else ""
