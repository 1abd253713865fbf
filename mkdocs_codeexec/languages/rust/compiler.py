"""Which rustc compiles: what it says of itself, and where it really is."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.action import digest
from mkdocs_codeexec.core.outcome import Exited
from mkdocs_codeexec.core.protocols import Runner, Unavailability
from mkdocs_codeexec.languages.rust.environments.cargo import cargo_environment
from mkdocs_codeexec.languages.toml import read_toml
from mkdocs_codeexec.languages.toolchain import (
    Memo,
    Toolchain,
    ask,
    changed_at,
    find_program,
    fingerprint,
    stat_of,
    upwards,
)

if TYPE_CHECKING:
    from mkdocs_codeexec.core.action import Value
    from mkdocs_codeexec.core.settings import RustSettings, Settings

_MEMO = "rust"
_CHOICE = ("rust-toolchain.toml", "rust-toolchain")
"""What rustup reads from the working directory upwards (the rustup book, "Overrides")."""
_SETTINGS = "settings.toml"
"""What rustup has been told for all folders, and for some."""


class Compiler:
    """rustc, as it answers beside `mkdocs.yml`.

    Args:
        settings: Where that is, and the variables of the host.
        rust: Which toolchain is asked for, if any.
        memo: What was said before.
    """

    def __init__(self, settings: Settings, rust: RustSettings, memo: Memo) -> None:
        self.toolchain: Toolchain | None = None
        self._settings = settings
        self._wanted = rust.toolchain
        self._memo = memo
        self._program: Path | None = None
        self._fingerprint = ""
        self._asked = ""

    def survey(self) -> None:
        """Recall what would answer now, without starting it."""
        self._program = find_program("rustc", self._settings)
        self._fingerprint = fingerprint(self._settings, (self._program,), self._choice())
        found = self._memo.recall(_MEMO, self._fingerprint)
        self.toolchain = found if found and Path(found.program).is_file() else None

    def provide(self, runner: Runner) -> Unavailability | None:
        """Ask it, if there may be another answer than the one remembered; return why that cannot be done."""
        if self.toolchain is not None and (self._asked == self._fingerprint or self._is_certain(self.toolchain)):
            return None
        if self._program is None:
            return Unavailability("`rustc` was not found", "install Rust from https://rustup.rs")
        everywhere = self._everywhere()
        shared = self._memo.recall_shared(everywhere)
        known = shared is not None and Path(shared.program).is_file() and self._is_certain(shared)
        found = shared if known and shared is not None else self._answer(runner, self._program)
        if isinstance(found, Unavailability):
            return found
        if self._is_certain(found):
            self._memo.share(everywhere, found)
        self._asked = self._fingerprint
        self.toolchain = found
        if self._memo.recall(_MEMO, self._fingerprint) != found:
            self._memo.remember(_MEMO, self._fingerprint, found)
        return None

    def _is_certain(self, toolchain: Toolchain) -> bool:
        """Tell whether nothing but what is in the fingerprint decides that `toolchain` answers.

        That is so for rustup, whose settings and toolchains are in it, and for the compiler itself. A wrapper may go by
        anything.
        """
        if self._program is None:
            return False
        with suppress(OSError):
            if self._program.samefile(Path(toolchain.home, "bin", "rustc")):
                return True
            rustup = self._program.with_name("rustup")
            return rustup.exists() and self._program.samefile(rustup)
        return False

    def _everywhere(self) -> str:
        """Return a digest of what decides which rustc answers, whatever project asks, if that is certain.

        rustup may have been told to use a certain toolchain in a folder and in all below it.
        """
        home = _rustup_home(self._settings)
        chosen = (read_toml(text.encode()) for _, text in upwards(home, (_SETTINGS,))[:1])
        in_folders = any(table.get("overrides") or "version" not in table for table in chosen)
        changed = tuple(changed_at(path) for path in (*_compilers(home), *filter(None, [self._program])))
        return digest((self._fingerprint, str(self._settings.project_dir) if in_folders else None, changed))

    def watched(self) -> list[Path]:
        """Return the files that choose a toolchain."""
        return [path for path, _ in upwards(self._settings.project_dir, _CHOICE)]

    def wanted(self) -> str:
        """Return what asks for a certain toolchain, in words that are the same on every machine; empty for nothing."""
        if self._wanted:
            return f"+{self._wanted}"  # stronger than any file
        for path, text in upwards(self._settings.project_dir, _CHOICE[::-1])[:1]:
            table = read_toml(text.encode()) if path.suffix or "[" in text else {}
            return json.dumps(table, sort_keys=True, default=str) if table else text.strip()
        return ""

    def _choice(self) -> Value:
        host = self._settings.host_env
        home = _rustup_home(self._settings)
        files = (*upwards(self._settings.project_dir, _CHOICE), *upwards(home, (_SETTINGS,))[:1])
        return (
            self._wanted,
            host.get("RUSTUP_TOOLCHAIN"),
            tuple((str(path), text) for path, text in files),
            tuple(stat_of(path) for path in _compilers(home)),
        )

    def _answer(self, runner: Runner, program: Path) -> Toolchain | Unavailability:
        # `+name` is understood by rustup alone, so a toolchain that is asked for is never silently another.
        argv = (str(program), *((f"+{self._wanted}",) if self._wanted else ()))
        env = cargo_environment(self._settings)
        said: list[str] = []
        for question in (("-vV",), ("--print", "sysroot")):
            result = ask(runner, (*argv, *question), self._settings.project_dir, env)
            if result.ended != Exited(0) or not result.stdout.strip():
                return self._refused(result.stderr)
            said.append(result.stdout.strip())
        identity, home = said
        real = Path(home, "bin", "rustc")
        return Toolchain(identity, str(real if real.is_file() else program), home)

    def _refused(self, detail: str) -> Unavailability:
        if self._wanted:
            return Unavailability(
                f"the Rust toolchain `{self._wanted}` is not installed",
                f"install it: rustup toolchain install {self._wanted}",
                detail,
            )
        hint = f"try `rustc -vV` beside {self._settings.host.file}"
        return Unavailability("`rustc` does not say what it is", hint, detail)


def _rustup_home(settings: Settings) -> Path:
    host = settings.host_env
    return Path(host["RUSTUP_HOME"]) if host.get("RUSTUP_HOME") else Path(host.get("HOME", "/"), ".rustup")


def _compilers(home: Path) -> list[Path]:
    return sorted(home.glob("toolchains/*/bin/rustc"))
