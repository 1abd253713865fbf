"""An Environment of Rust samples: a cargo project that holds their dependencies, built.

cargo is asked once; samples are then compiled by rustc with the arguments that cargo would use. The lock file lives
with the results, so that it can be cached or committed with them: a checkout with the same lock has the same keys.

All Environments of a toolchain share one target directory, so that a dependency that several need, or that was there
before the configuration changed, is compiled once.
"""

from __future__ import annotations

import contextlib
import json
import os.path
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.action import digest
from mkdocs_codeexec.core.outcome import Exited, NotStarted, StepResult, describe
from mkdocs_codeexec.core.protocols import Command, Narrator, Runner, Unavailability
from mkdocs_codeexec.languages.inputs import Further, Package, package
from mkdocs_codeexec.languages.rust import capture, kept
from mkdocs_codeexec.languages.rust.capture import Arguments
from mkdocs_codeexec.languages.rust.cargo import cargo_environment, cargo_home
from mkdocs_codeexec.languages.rust.kept import Kept
from mkdocs_codeexec.languages.rust.manifest import manifest
from mkdocs_codeexec.languages.toolchain import Toolchain, find_program, stat_of, write

if TYPE_CHECKING:
    from mkdocs_codeexec.core.settings import EnvironmentSettings, Settings
    from mkdocs_codeexec.languages.rust.recorded import Record

STATE_FORMAT = 2
_OUTPUT = 64 * 1024 * 1024
"""Bytes that cargo may write; a build of hundreds of crates stays far below."""
_NETWORK = re.compile(
    r"Could not resolve host|Couldn't resolve host|failed to download|spurious network error|failed to query replaced source"
    r"|download of .* failed|network failure|failed to get successful HTTP response|failed to clone into|failed to fetch"
    r"|(?:you're|you are) (?:using|in)(?: the)? offline mode|you may want to run in online mode|--offline was specified|Connection refused"
)


class Environment:
    """One named set of dependencies.

    Args:
        settings: Where things are.
        wanted: What it consists of.
        flags: What cargo's own configuration adds to the command line of rustc, in words.
        narrator: Hears what cargo says.

    Raises:
        ConfigurationError: It cannot be written as a manifest.
    """

    def __init__(self, settings: Settings, wanted: EnvironmentSettings, flags: str, narrator: Narrator) -> None:
        self.name = wanted.name
        self.manifest = manifest(wanted, settings.project_dir)
        self._settings = settings
        self._flags = flags
        self._narrator = narrator
        self._folder = settings.cache_dir / "environments" / wanted.name
        self._memory: Kept | None = None
        self._lock: str | None = None
        self._sources: Mapping[str, Further] | None = None
        self._packages: tuple[tuple[str, Package], ...] = ()
        self.survey()

    @property
    def plain(self) -> bool:
        """Whether rustc alone will do: there is nothing to build, and no cargo is needed."""
        return self.manifest.bare and not self._flags

    @property
    def settled(self) -> bool:
        """Whether its lock file and all sources are known, so that keys can be made."""
        return self.plain or (self._lock is not None and self._sources is not None)

    def survey(self) -> None:
        """Read the lock file and the local packages again."""
        known = self._memory or kept.load(self._folder)
        if known is None or known.manifest != self.manifest.portable:
            known = None
        self._lock = known.lock if known else None
        self._sources = known.sources if known else None
        self._packages = self._read_packages(self._sources or {})

    def inputs(self) -> tuple[tuple[str, str], ...]:
        """Return what of it decides an outcome, by name."""
        paths = tuple((f"environment.path:{name}", found.digest) for name, found in self._packages)
        return (
            ("environment.lock", "" if self.plain else self._lock or ""),
            ("environment.manifest", self.manifest.portable),
            *paths,
        )

    def watched(self) -> Iterator[Path]:
        """Yield the files and folders of its local packages."""
        for _, found in self._packages:
            yield from found.watched

    def build(self, toolchain: Toolchain, runner: Runner) -> Arguments | Unavailability:
        """Build it, unless nothing has changed since, and return what it adds to rustc's command line.

        Nothing is started, and cargo is not needed, if all that it was built from and all that it consists of is as
        it was. Two builds of one Environment wait for each other.
        """
        if self.plain:
            return Arguments()
        missing = [(name, folder) for name, folder in self.manifest.paths if not (folder / "Cargo.toml").is_file()]
        if missing:
            name, folder = missing[0]
            return Unavailability(
                f"dependency `{name}`: there is no `Cargo.toml` in `{folder}`",
                "relative paths start at the folder of `mkdocs.yml`",
            )
        home = self._home(toolchain)
        try:
            home.mkdir(parents=True, exist_ok=True)
            with self._alone(home):
                return self._current(home) or self._rebuilt(home, toolchain, runner)
        except OSError as error:
            return Unavailability(
                f"environment `{self.name}` cannot be written: {error.strerror or error}",
                f"is there space, and may `{self._settings.environment_dir}` be written to?",
            )

    def _home(self, toolchain: Toolchain) -> Path:
        """Return the folder of the project; the target directory is beside it."""
        made_from = digest((toolchain.identity, toolchain.program, self._flags))
        return self._settings.environment_dir / "rust" / made_from[:16] / self.manifest.digest

    def _read_packages(self, sources: Mapping[str, Further]) -> tuple[tuple[str, Package], ...]:
        apart = (self._settings.cache_dir, self._settings.environment_dir)
        return tuple((name, package(folder, sources.get(name), apart)) for name, folder in self.manifest.paths)

    def _state(self, lock: str, arguments: Arguments) -> dict[str, object]:
        """Return what an Environment is made of, and the libraries that were made.

        Others may have built the same libraries of other sources since, in the same target directory. A library is
        written anew whenever one that it needs is, so those that samples name tell of all.
        """
        packages = tuple((name, found.digest) for name, found in self._packages)
        built_from = digest((STATE_FORMAT, self.manifest.local, lock, packages))
        libraries = digest(tuple(stat_of(path) for path in arguments.libraries))
        return {"format": STATE_FORMAT, "built_from": built_from, "libraries": libraries}

    def _current(self, home: Path) -> Arguments | None:
        """Return the arguments if the Environment in `home` is what would be built."""
        if self._lock is None or self._sources is None:
            return None
        try:
            state = json.loads((home / "state.json").read_text("utf-8"))
            arguments = self._captured(home)
        except (OSError, ValueError, RecursionError):
            return None
        there = all(path.is_file() for path in arguments.libraries)
        return arguments if there and state == self._state(self._lock, arguments) else None

    def _captured(self, home: Path) -> Arguments:
        return capture.read((home / "capture.args").read_bytes(), home.parent / "target")

    def _rebuilt(self, home: Path, toolchain: Toolchain, runner: Runner) -> Arguments | Unavailability:
        cargo = self._cargo(toolchain)
        if cargo is None:
            return Unavailability("`cargo` was not found", "install Rust from https://rustup.rs")
        (home / "state.json").unlink(missing_ok=True)
        self._write_project(home)
        self._narrator.say(f"building the environment `{self.name}` with cargo")
        before, seen = self._packages, self._sources or {}
        command = self._command(cargo, home, toolchain)
        result = runner.run(command, "build", on_output=self._narrator.stream)
        if result.ended == Exited(0) and not (home / "capture.args").is_file():
            # The probe was fresh, so cargo did not call rustc for it.
            (home / "src" / "main.rs").touch()
            result = runner.run(command, "build", on_output=self._narrator.stream)
        records: Mapping[Path, Record] = {}
        if result.ended == Exited(0) and self.manifest.paths:
            # Everything is fresh now, so this takes cargo no time.
            result = runner.run(replace(command, argv=(*command.argv, "--message-format=json")), "build")
            from mkdocs_codeexec.languages.rust import recorded

            records = recorded.read(result.stdout, home)
        if result.ended != Exited(0):
            return self._failure(result)
        try:
            arguments = self._captured(home)
        except ValueError as error:
            return Unavailability(f"environment `{self.name}`: {error}", "is a `rustc-workspace-wrapper` configured?")
        lock = (home / "Cargo.lock").read_text("utf-8")
        self._keep(Kept(lock, self.manifest.portable, self._further(records, toolchain)))
        # What was edited meanwhile may not be in what was built: cargo is asked again then.
        if before == self._read_packages(seen):
            write(home / "state.json", json.dumps(self._state(lock, arguments)) + "\n")
        return arguments

    def _further(self, records: Mapping[Path, Record], toolchain: Toolchain) -> dict[str, Further]:
        """Return what cargo has recorded, by dependency, beyond what counts anyway."""
        from mkdocs_codeexec.languages.rust import recorded

        packages = self._read_packages({})
        known = {folder for _, found in packages for folder in found.folders}
        others = sorted(records.keys() - known)
        apart = [self._settings.cache_dir, self._settings.environment_dir, cargo_home(self._settings)]
        if toolchain.home:
            apart.append(Path(toolchain.home))
        apart += [Path(os.path.realpath(folder)) for folder in apart]
        ours = recorded.Tree(self._settings.project_dir, apart)
        found = {name: recorded.further(records, one, others, ours) for name, one in packages}
        return {name: one for name, one in found.items() if one != Further()}

    def _cargo(self, toolchain: Toolchain) -> Path | None:
        """Return the cargo that came with rustc, or the one in PATH: rustup's shim would choose by the folder it is in."""
        beside = Path(toolchain.home, "bin", "cargo")
        return beside if toolchain.home and beside.is_file() else find_program("cargo", self._settings)

    def _write_project(self, home: Path) -> None:
        _update(home / "Cargo.toml", self.manifest.local)
        _update(home / "src" / "main.rs", "fn main() {}\n")
        _update(home / "capture", capture.wrapper(self.manifest.probe))
        (home / "capture").chmod(0o755)
        known = self._memory or kept.load(self._folder)
        if known is not None:  # an older one too: cargo changes no more of it than it must
            _update(home / "Cargo.lock", known.lock)

    def _command(self, cargo: Path, home: Path, toolchain: Toolchain) -> Command:
        env = cargo_environment(self._settings)
        env |= {
            "RUSTC": toolchain.program,
            "RUSTC_WORKSPACE_WRAPPER": str(home / "capture"),
            "CARGO_TERM_COLOR": "always",
            "CARGO_TERM_PROGRESS_WHEN": "never",
        }
        # cargo reads its configuration from the working directory upwards; the user's is beside mkdocs.yml.
        target = home.parent / "target"
        return Command(
            argv=(str(cargo), "build", "--manifest-path", str(home / "Cargo.toml"), "--target-dir", str(target)),
            cwd=self._settings.project_dir,
            env=env,
            timeout=None,
            output_limit=_OUTPUT,
            keep_head=_OUTPUT,
        )

    def _failure(self, result: StepResult) -> Unavailability:
        if isinstance(result.ended, NotStarted):
            return Unavailability(f"`cargo` could not be started: {result.ended.why}")
        if not isinstance(result.ended, Exited):
            return Unavailability(f"environment `{self.name}`: cargo: {describe(result.ended)}", "", result.stderr)
        if _NETWORK.search(result.stderr):
            return Unavailability(
                f"environment `{self.name}`: a registry or repository was not reached",
                "check the network; where everything is downloaded already, set `CARGO_NET_OFFLINE=true`",
                result.stderr,
            )
        return Unavailability(
            f"environment `{self.name}` does not build",
            "check its `dependencies` in mkdocs.yml; cargo's message tells why",
            result.stderr,
        )

    def _keep(self, found: Kept) -> None:
        self._memory = None
        if kept.load(self._folder) != found:
            try:
                kept.save(found, self._folder)
            except OSError:  # a read-only cache costs a run of cargo in the next process, no more
                self._memory = found
        self.survey()

    @contextlib.contextmanager
    def _alone(self, home: Path) -> Iterator[None]:
        try:
            import fcntl
        except ImportError:  # Windows, where nothing is executed yet
            yield
            return
        with (home / ".lock").open("w") as file:
            told = False
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if not told:
                        self._narrator.say(f"waiting for another build of the environment `{self.name}`")
                        told = True
                    time.sleep(0.1)
            yield  # closing the file gives the lock back


def _update(path: Path, text: str) -> None:
    """Write `path` unless it says `text` already: cargo goes by its mtime."""
    try:
        if path.read_text("utf-8") == text:
            return
    except (OSError, ValueError):
        pass
    write(path, text)
