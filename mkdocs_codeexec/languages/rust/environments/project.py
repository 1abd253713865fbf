"""The cargo project of an Environment: its files, and how cargo is asked to build it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.outcome import Exited, NotStarted, StepResult, describe
from mkdocs_codeexec.core.protocols import Command, OutputSink, Runner
from mkdocs_codeexec.languages.rust.environments import capture
from mkdocs_codeexec.languages.rust.environments.cargo import cargo_environment
from mkdocs_codeexec.languages.rust.environments.collection import BUILT, TARGET
from mkdocs_codeexec.languages.rust.environments.transcript import Trouble, messages, trouble
from mkdocs_codeexec.languages.toolchain import Toolchain, find_program, write

if TYPE_CHECKING:
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.languages.rust.environments.manifest import Manifest

CAPTURED = "capture.args"
_WRAPPER, _MAIN, _LOCK = "capture", Path("src", "main.rs"), "Cargo.lock"
_OUTPUT = 64 * 1024 * 1024
"""Bytes that cargo may write; a build of hundreds of crates stays far below."""


def find_cargo(toolchain: Toolchain, settings: Settings) -> Path | None:
    """Return the cargo that came with rustc, or the one in PATH: rustup's shim would choose by the folder it is in."""
    beside = Path(toolchain.home, "bin", "cargo")
    return beside if toolchain.home and beside.is_file() else find_program("cargo", settings)


def write_project(home: Path, manifest: Manifest, lock: str | None) -> None:
    """Write the project of `manifest` into `home`, with the lock file to start from.

    A lock of another manifest will do, too: cargo changes no more of it than it must. None starts anew: who deletes the
    lock that is kept wants the newest versions. A lock of which nothing was built yet stays, whoever has made it.

    Raises:
        OSError: As the disk says.
    """
    _update(home / "Cargo.toml", manifest.local)
    _update(home / _MAIN, "fn main() {}\n")
    _update(home / _WRAPPER, capture.wrapper(manifest.probe))
    (home / _WRAPPER).chmod(0o755)
    if lock is not None:
        _update(home / _LOCK, lock)
    elif any((home / BUILT).glob("*.json")):
        (home / _LOCK).unlink(missing_ok=True)


def command(cargo: Path, home: Path, toolchain: Toolchain, settings: Settings) -> Command:
    """Return the command that builds the project in `home`."""
    env = cargo_environment(settings)
    env |= {
        "RUSTC": toolchain.program,
        "RUSTC_WORKSPACE_WRAPPER": str(home / _WRAPPER),
        "CARGO_TERM_COLOR": "always",
        "CARGO_TERM_PROGRESS_WHEN": "never",
    }
    target = home.parent / TARGET
    return Command(
        argv=(str(cargo), "build", "--manifest-path", str(home / "Cargo.toml"), "--target-dir", str(target)),
        # cargo reads its configuration from the working directory upwards; the user's is beside mkdocs.yml.
        cwd=settings.project_dir,
        env=env,
        timeout=None,
        output_limit=_OUTPUT,
        keep_head=_OUTPUT,
    )


def in_json(command: Command) -> Command:
    """Return `command` with messages for programs (the cargo book, "External Tools")."""
    return replace(command, argv=(*command.argv, "--message-format=json"))


def build(command: Command, home: Path, runner: Runner, on_output: OutputSink) -> StepResult:
    """Build the project in `home`, and its probe even if that is fresh: only then is it written down how."""
    captured = home / CAPTURED
    captured.unlink(missing_ok=True)
    result = runner.run(command, "build", on_output=on_output)
    if result.ended == Exited(0) and not captured.is_file():
        (home / _MAIN).touch()
        result = runner.run(command, "build", on_output=on_output)
    return result


def failure(result: StepResult, home: Path) -> Trouble:
    """Return why cargo did not build the project in `home`."""
    if isinstance(result.ended, NotStarted):
        return Trouble(f"`cargo` could not be started: {result.ended.why}")
    if not isinstance(result.ended, Exited):
        return Trouble(f"cargo: {describe(result.ended)}", "", messages(result.stderr))
    try:
        lock = (home / _LOCK).read_text("utf-8")
    except OSError:  # it has not come so far
        lock = ""
    return trouble(result.stderr, lock)


def _update(path: Path, text: str) -> None:
    """Write `path` unless it says `text` already: cargo goes by its mtime."""
    try:
        if path.read_text("utf-8") == text:
            return
    except (OSError, ValueError):
        pass
    write(path, text)
