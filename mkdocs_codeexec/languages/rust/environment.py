"""An Environment of Rust samples: a cargo project that holds their dependencies, built.

cargo is asked once; samples are then compiled by rustc with the arguments that cargo would use. The lock file lives
with the results, so that it can be cached or committed with them: a checkout with the same lock has the same keys.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.action import digest
from mkdocs_codeexec.core.outcome import Exited, NotStarted, StepResult, describe
from mkdocs_codeexec.core.protocols import Command, Narrator, Runner, Unavailability
from mkdocs_codeexec.languages import inputs
from mkdocs_codeexec.languages.rust import capture
from mkdocs_codeexec.languages.rust.capture import Arguments
from mkdocs_codeexec.languages.rust.manifest import manifest
from mkdocs_codeexec.languages.toolchain import Toolchain, find_program, host_environment, upwards, write

if TYPE_CHECKING:
    from mkdocs_codeexec.core.settings import EnvironmentSettings, Settings

STATE_FORMAT = 1
_OUTPUT = 64 * 1024 * 1024
"""Bytes that cargo may write; a build of hundreds of crates stays far below."""
_NETWORK = re.compile(
    r"Could not resolve host|Couldn't resolve host|failed to download|spurious network error|failed to query replaced source"
    r"|download of .* failed|network failure|failed to get successful HTTP response|failed to clone into|failed to fetch"
    r"|you're in offline mode|you may want to run in online mode|--offline was specified|Connection refused"
)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A lock file and the manifest that it belongs to."""

    lock: str
    manifest: str


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
        self._kept = settings.cache_dir / "environments" / wanted.name
        self._memory: _Pair | None = None
        self._lock: str | None = None
        self._packages: tuple[tuple[str, inputs.Package], ...] = ()
        self.survey()

    @property
    def plain(self) -> bool:
        """Whether rustc alone will do: there is nothing to build, and no cargo is needed."""
        return self.manifest.bare and not self._flags

    @property
    def settled(self) -> bool:
        """Whether its lock file is known, so that keys can be made."""
        return self.plain or self._lock is not None

    def survey(self) -> None:
        """Read the lock file and the local packages again."""
        self._packages = tuple((name, inputs.package(folder)) for name, folder in self.manifest.paths)
        pair = self._stored() or self._memory
        self._lock = pair.lock if pair and pair.manifest == self.manifest.portable else None

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
        made_from = digest((self.manifest.local, toolchain.identity, toolchain.program, self._flags))
        return self._settings.environment_dir / "rust" / made_from[:16]

    def _stored(self) -> _Pair | None:
        try:
            return _Pair(
                (self._kept / "Cargo.lock").read_text("utf-8"), (self._kept / "manifest.toml").read_text("utf-8")
            )
        except (OSError, ValueError):
            return None

    def _state(self, lock: str) -> str:
        packages = tuple((name, found.digest) for name, found in self._packages)
        return digest((STATE_FORMAT, self.manifest.local, lock, packages))

    def _current(self, home: Path) -> Arguments | None:
        """Return the arguments if the Environment in `home` is what would be built."""
        if self._lock is None:
            return None
        try:
            state = json.loads((home / "state.json").read_text("utf-8"))
            if state != {"format": STATE_FORMAT, "built_from": self._state(self._lock)}:
                return None
            arguments = capture.read((home / "capture.args").read_bytes(), home / "target")
        except (OSError, ValueError, RecursionError):
            return None
        return arguments if all(path.is_file() for path in arguments.libraries) else None

    def _rebuilt(self, home: Path, toolchain: Toolchain, runner: Runner) -> Arguments | Unavailability:
        cargo = self._cargo(toolchain)
        if cargo is None:
            return Unavailability("`cargo` was not found", "install Rust from https://rustup.rs")
        (home / "state.json").unlink(missing_ok=True)
        self._write_project(home)
        self._narrator.say(f"building the environment `{self.name}` with cargo")
        result = self._run(cargo, home, toolchain, runner)
        if result.ended == Exited(0) and not (home / "capture.args").is_file():
            # The probe was fresh, so cargo did not call rustc for it.
            (home / "src" / "main.rs").touch()
            result = self._run(cargo, home, toolchain, runner)
        if result.ended != Exited(0):
            return self._failure(result)
        try:
            arguments = capture.read((home / "capture.args").read_bytes(), home / "target")
        except ValueError as error:
            return Unavailability(f"environment `{self.name}`: {error}", "is a `rustc-workspace-wrapper` configured?")
        self._keep((home / "Cargo.lock").read_text("utf-8"))
        assert self._lock is not None
        state = {"format": STATE_FORMAT, "built_from": self._state(self._lock)}
        write(home / "state.json", json.dumps(state) + "\n")
        return arguments

    def _cargo(self, toolchain: Toolchain) -> Path | None:
        """Return the cargo that came with rustc, or the one in PATH: rustup's shim would choose by the folder it is in."""
        beside = Path(toolchain.home, "bin", "cargo")
        return beside if toolchain.home and beside.is_file() else find_program("cargo", self._settings)

    def _write_project(self, home: Path) -> None:
        _update(home / "Cargo.toml", self.manifest.local)
        _update(home / "src" / "main.rs", "fn main() {}\n")
        _update(home / "capture", capture.WRAPPER)
        (home / "capture").chmod(0o755)
        pair = self._stored() or self._memory
        if pair is not None:  # an older one too: cargo changes no more of it than it must
            _update(home / "Cargo.lock", pair.lock)

    def _run(self, cargo: Path, home: Path, toolchain: Toolchain, runner: Runner) -> StepResult:
        env = cargo_environment(self._settings)
        env |= {
            "RUSTC": toolchain.program,
            "RUSTC_WORKSPACE_WRAPPER": str(home / "capture"),
            "CARGO_TERM_COLOR": "always",
            "CARGO_TERM_PROGRESS_WHEN": "never",
        }
        # cargo reads its configuration from the working directory upwards; the user's is beside mkdocs.yml.
        argv = (str(cargo), "build", "--manifest-path", str(home / "Cargo.toml"), "--target-dir", str(home / "target"))
        command = Command(
            argv=argv,
            cwd=self._settings.project_dir,
            env=env,
            timeout=None,
            output_limit=_OUTPUT,
        )
        return runner.run(command, "build", on_output=self._narrator.stream)

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

    def _keep(self, lock: str) -> None:
        self._lock = lock
        self._memory = _Pair(lock, self.manifest.portable)
        if self._stored() != self._memory:
            with contextlib.suppress(OSError):  # a read-only cache costs a run of cargo in the next process, no more
                # The manifest is last: it vouches for the lock.
                write(self._kept / "Cargo.lock", lock)
                write(self._kept / "manifest.toml", self.manifest.portable)

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


def cargo_environment(settings: Settings) -> dict[str, str]:
    """Return the environment of cargo: what it needs to find, to download and to build, and nothing that changes flags."""
    prefixes = (
        "CARGO_NET_",
        "CARGO_REGISTR",
        "CARGO_HTTP_",
        "CARGO_SOURCE_",
        "SSL_CERT_",
        "RUSTUP_",
        "GIT_SSL_",
        "GIT_SSH",
    )
    names = ("CARGO_HOME", "SSH_AUTH_SOCK", "XDG_CONFIG_HOME", "CC", "CXX", "AR", "PKG_CONFIG_PATH", "LIBCLANG_PATH")
    proxies = tuple(f"{scheme}_proxy" for scheme in ("http", "https", "all", "no"))
    return host_environment(settings, (*names, *proxies, *(name.upper() for name in proxies)), prefixes)


def _update(path: Path, text: str) -> None:
    """Write `path` unless it says `text` already: cargo goes by its mtime."""
    try:
        if path.read_text("utf-8") == text:
            return
    except (OSError, ValueError):
        pass
    write(path, text)


def cargo_flags(settings: Settings) -> str:
    """Return what cargo's configuration files say about the command line of rustc, in canonical words; empty for nothing.

    The files are those cargo reads (the cargo book, "Configuration"): beside `mkdocs.yml`, above it, and at home.
    """
    host = settings.host_env
    home = Path(host["CARGO_HOME"]) if host.get("CARGO_HOME") else Path(host.get("HOME", "/"), ".cargo")
    names = (".cargo/config.toml", ".cargo/config")
    texts = [text for _, text in upwards(settings.project_dir, names)]
    texts += [text for path, text in upwards(home, ("config.toml", "config")) if path.parent == home]
    found = [picked for text in dict.fromkeys(texts) if (picked := _flags(inputs.read_toml(text.encode())))]
    return json.dumps(found, sort_keys=True, default=str) if found else ""


def _flags(config: Mapping[str, object]) -> dict[str, object]:
    build, target, profile = (config.get(section) for section in ("build", "target", "profile"))
    picked: dict[str, object] = {}
    if isinstance(build, Mapping):
        picked |= {key: build[key] for key in ("rustflags", "target") if key in build}
    for name, table in target.items() if isinstance(target, Mapping) else ():
        if isinstance(table, Mapping):
            picked |= {f"{name}.{key}": table[key] for key in ("rustflags", "linker") if key in table}
    if isinstance(profile, Mapping) and "dev" in profile:
        picked["profile.dev"] = profile["dev"]
    return picked
