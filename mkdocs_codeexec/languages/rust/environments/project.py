"""The cargo project of an Environment: its files, and how cargo is asked to build it.

Building executes what others wrote: build scripts and procedural macros. So it is done in two parts. Fetching has the
network and the user's credentials, and executes nothing (see `fetching`). Building has neither, and may write to the
target directory and a folder of its own alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_codeexec.core.action import digest
from mkdocs_codeexec.core.exhaustion import recognise
from mkdocs_codeexec.core.outcome import Exited, LimitReached, NotStarted, StepResult, describe
from mkdocs_codeexec.core.protocols import Command, OutputSink, Runner
from mkdocs_codeexec.files import write
from mkdocs_codeexec.languages.rust.environments import bounds, capture
from mkdocs_codeexec.languages.rust.environments.built import content
from mkdocs_codeexec.languages.rust.environments.cargo import building_environment, cargo_beside, cargo_home
from mkdocs_codeexec.languages.rust.environments.collection import BUILDING, BUILT, TARGET
from mkdocs_codeexec.languages.rust.environments.configuration import configuration, for_host
from mkdocs_codeexec.languages.rust.environments.documented import own_manifest
from mkdocs_codeexec.languages.rust.environments.manifest import PACKAGE, toml
from mkdocs_codeexec.languages.rust.environments.reach import to_build
from mkdocs_codeexec.languages.rust.environments.transcript import Trouble, is_waiting, messages, trouble
from mkdocs_codeexec.languages.rust.environments.unpacked import resolved
from mkdocs_codeexec.languages.toolchain import Toolchain, find_program
from mkdocs_codeexec.languages.views import installation
from mkdocs_codeexec.untrusted import Folder, clear

if TYPE_CHECKING:
    from mkdocs_codeexec.core.confinement import Access
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.languages.grants import Grants
    from mkdocs_codeexec.languages.rust.batch.equipment import Cargo
    from mkdocs_codeexec.languages.rust.environments.manifest import Manifest

LOCK = "Cargo.lock"
_WRAPPER, _CAPTURED, _MAIN, _CONFIGURATION = "capture", "captured", Path("src", "main.rs"), "configuration.toml"
_PACKAGE = "package"
OUTPUT = 64 * 1024 * 1024
"""Bytes that cargo may write; a build of hundreds of crates stays far below."""
TURNS = 16
"""How often a cargo is started again that has only waited for another one, in silence."""
_HOST = re.compile(r"^host: (\S+)$", re.MULTILINE)


def find_cargo(toolchain: Toolchain, settings: Settings) -> Path | None:
    """Return the cargo that came with rustc, or the one in PATH: rustup's shim would choose by the folder it is in."""
    return cargo_beside(toolchain) or find_program("cargo", settings)


def host(identity: str) -> str:
    """Return the machine that a toolchain compiles for, from what it says of itself; empty if it does not say so."""
    found = _HOST.search(identity)
    return found[1] if found else ""


def write_project(home: Path, manifest: Manifest, lock: str | None, toolchain: Toolchain, settings: Settings) -> None:
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
    _update(home / _CONFIGURATION, toml(for_host(configuration(settings), host(toolchain.identity))))
    _link_home(home_of_cargo(home, settings), cargo_home(settings))
    for folder in (home.parent / TARGET, home / BUILDING):
        folder.mkdir(exist_ok=True)
    for folder in (home, home / _MAIN.parent, home_of_cargo(home, settings)):
        folder.chmod(0o755)  # where root builds, another user reads them
    if lock is not None:
        _update(home / LOCK, lock)
    elif any((home / BUILT).glob("*.json")):
        (home / LOCK).unlink(missing_ok=True)


def write_package(home: Path, manifest: Manifest) -> Path:
    """Write the package that samples are compiled for which document none, and return its folder.

    Macros look into its manifest for what crates are called, and programs ask cargo of what workspace it is.

    Raises:
        OSError: As the disk says.
    """
    folder = home / _PACKAGE
    _update(folder / "Cargo.toml", own_manifest(manifest.local))
    _update(folder / _MAIN, "fn main() {}\n")
    for one in (home, folder, folder / _MAIN.parent):
        one.chmod(0o755)  # where root builds, another user reads them
    return folder


def home_of_cargo(home: Path, settings: Settings) -> Path:
    """Return the folder that a building cargo takes for its home: in it are the packages, and no credentials.

    All projects of a toolchain have the same, as its name is in what is compiled.
    """
    return home.parent / f"cargo-{digest(str(cargo_home(settings)))[:16]}"


def command(
    cargo: Path,
    home: Path,
    toolchain: Toolchain,
    grants: Grants,
    local: Sequence[str],
    read: Sequence[str],
    programs: Sequence[tuple[str, Path]] = (),
) -> Command:
    """Return the command that builds the project in `home`, without a network.

    Of what cargo keeps for all projects of this user, only what the project's lock file names is given.

    Args:
        cargo: The program.
        home: The folder of the project.
        toolchain: Compiles.
        grants: What of the author's folders may be given.
        local: Folders of local packages.
        read: Further files that they are known to read.
        programs: Names and folders of local packages whose programs are built, too.
    """
    settings, lock = grants.settings, (home / LOCK).read_text("utf-8")
    target, building, packages = home.parent / TARGET, home / BUILDING, home_of_cargo(home, settings)
    env = building_environment(settings, toolchain) | {
        "CARGO_HOME": str(packages),
        "HOME": str(building),
        "TMPDIR": str(building),
        "RUSTC": toolchain.program,
        # Intermediate files would go where a file such as `/.cargo/config.toml` says, whatever the target directory is.
        "CARGO_BUILD_BUILD_DIR": str(target),
        "RUSTC_WRAPPER": "",  # it would want a server of its own, or a cache
        "RUSTC_WORKSPACE_WRAPPER": str(home / _WRAPPER),
        capture.VARIABLE: str(building / _CAPTURED),
    }
    places = ("--manifest-path", str(home / "Cargo.toml"), "--target-dir", str(target))
    wanted = [word for name in (PACKAGE, *starmap(_spec, programs)) for word in ("--package", name)]
    what = (*wanted, "--bins") if programs else ()
    terms = ("--config", str(home / _CONFIGURATION), "--config", 'term.progress.when="never"', "--color", "always")
    return Command(
        argv=(str(cargo), "build", "--offline", *what, *places, *terms),
        # From here upwards it would look for configuration, if there were anything; that is in the file above.
        cwd=Path("/"),
        env=env,
        timeout=None,
        silence=bounds.silence(settings),
        output_limit=OUTPUT,
        keep_head=OUTPUT,
        access=to_build(grants, toolchain, (home, packages, cargo), (target, building), local, read, lock),
        limits=bounds.limits(settings),
    )


def _spec(name: str, folder: Path) -> str:
    """Return what the package in `folder` is called where another one may have its name (the cargo book, "Package ID")."""
    return f"path+{folder.as_uri()}#{name}"


def of_fences(
    home: Path | None, manifest: Manifest, lock: str, toolchain: Toolchain, grants: Grants, access: Access
) -> Cargo | None:
    """Return what builds packages of fences, in the directories of their samples; None if there is no cargo.

    Args:
        home: The folder of the Environment's project; None if nothing is built there.
        manifest: Of the Environment.
        lock: Its lock file: of what cargo keeps for all projects of this user, only what it names is given.
        toolchain: Compiles.
        grants: What of the author's folders may be given.
        access: What samples may reach.
    """
    from mkdocs_codeexec.languages.rust.batch.equipment import Cargo

    settings = grants.settings
    cargo = find_cargo(toolchain, settings)
    if cargo is None:
        return None
    env = {"RUSTC": toolchain.program, "RUSTC_WRAPPER": "", "CARGO_INCREMENTAL": "0", "CARGO_TARGET_DIR": "target"}
    # Where nothing is hidden, cargo reads the user's own configuration above the directory of a sample.
    env |= {"RUSTC_WORKSPACE_WRAPPER": "", "CARGO_BUILD_BUILD_DIR": "target"}
    env |= {name: value for name, value in building_environment(settings, toolchain).items() if name != "PATH"}
    more, words = (
        list(installation(cargo, settings)),
        [f"--config=patch.crates-io.{name}.path={str(at)!r}" for name, at in manifest.paths],
    )
    if home is not None:
        packages = home_of_cargo(home, settings)
        env["CARGO_HOME"] = str(packages)
        more += map(str, (home / _CONFIGURATION, packages, *resolved(lock, cargo_home(settings))))
        words += ["--config", str(home / _CONFIGURATION)]
    readable = grants.clean((*access.readable, *more))
    return Cargo(str(cargo), replace(access, readable=readable), env, tuple(words))


class Made(NamedTuple):
    """What became of a build.

    Attributes:
        result: Of the last cargo; if it succeeded, its output is messages for programs.
        warnings: What cargo and compilers had to say otherwise.
        captured: How rustc was called for the probe.
    """

    result: StepResult
    warnings: str = ""
    captured: bytes = b""


def build(command: Command, home: Path, runner: Runner, on_output: OutputSink) -> Made:
    """Build the project in `home`, and its probe even if that is fresh: only then is it written down how."""
    building = home / BUILDING
    _empty(building)
    try:
        result = _in_turn(command, runner, on_output)
        if result.ended == Exited(0) and not (building / _CAPTURED).exists():
            (home / _MAIN).touch()
            result = _in_turn(command, runner, on_output)
        if result.ended != Exited(0):
            return Made(result if runner.tier == "off" else recognise(result, command.limits))
        # Everything is fresh now, so this takes cargo no time (the cargo book, "External Tools").
        in_json = replace(command, argv=(*command.argv, "--message-format=json"))
        captured = content(building / _CAPTURED) or b""
        return Made(runner.run(in_json, "build"), messages(result.stderr), captured)
    finally:
        _empty(building)


def _in_turn(command: Command, runner: Runner, on_output: OutputSink) -> StepResult:
    """Run `command`; one that was ended because it waited in silence for another cargo waits again."""
    for _ in range(TURNS):
        result = runner.run(command, "build", on_output=on_output)
        silent = isinstance(result.ended, LimitReached) and result.ended.name == bounds.SILENCE
        if not silent or not is_waiting(result.stderr):
            return result
    return runner.run(command, "build", on_output=on_output)


def failure(result: StepResult, home: Path, settings: Settings) -> Trouble:
    """Return why cargo did not fetch or build the project in `home`."""
    if (stopped := bounds.stopped(result.ended, settings)) is not None:
        return Trouble(*stopped, messages(result.stderr))
    if isinstance(result.ended, NotStarted) and result.stderr:  # it failed for want of something
        return Trouble(f"cargo: {result.ended.why}", "", messages(result.stderr))
    if isinstance(result.ended, NotStarted):
        return Trouble(f"`cargo` could not be started: {result.ended.why}")
    if not isinstance(result.ended, Exited):
        return Trouble(f"cargo: {describe(result.ended)}", "", messages(result.stderr))
    try:
        lock = (home / LOCK).read_text("utf-8")
    except OSError:  # it has not come so far
        lock = ""
    return trouble(result.stderr, lock, settings.host.file)


def _link_home(folder: Path, real: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("registry", "git"):
        link = folder / name
        if not link.is_symlink():
            try:
                link.symlink_to(real / name)
            except FileExistsError:  # another build was faster
                continue


def _empty(folder: Path) -> None:
    """Remove what is in `folder`. It stays itself: what it is to a process that is confined to it cannot be replaced.

    What builds of others have left in it may be anything; what resists stays.
    """
    with Folder.at(folder) as opened:
        clear(opened)


def _update(path: Path, text: str) -> None:
    """Write `path` unless it says `text` already: cargo goes by its mtime."""
    try:
        if path.read_text("utf-8") == text:
            return
    except (OSError, ValueError):
        pass
    write(path, text)
