"""Which compiler or interpreter would answer, and what it says of itself.

A toolchain is identified by its own words, never by path or mtime: rustup's shim is the same file whatever it runs
(mozilla/sccache #454, #663, #853). Asking costs a process, though, and a build in which nothing changed starts none. So
the answer is remembered under a *fingerprint* of all that decides which tool would answer on this machine.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mkdocs_codeexec.core.action import Value, digest
from mkdocs_codeexec.core.outcome import Exited, NotStarted, StepResult
from mkdocs_codeexec.core.protocols import Command, Runner
from mkdocs_codeexec.files import read_json, write_json
from mkdocs_codeexec.untrusted.regular import read_regular

if TYPE_CHECKING:
    from mkdocs_codeexec.core.confinement import Access
    from mkdocs_codeexec.core.settings import Settings

FORMAT = 1
MEMO = "toolchains.json"
MOST_SHARED = 32
"""Answers that projects share, the last ones."""
ANSWER_LIMIT = 4096
"""Characters of a tool's answer that count."""
HASHED_LIMIT = 64 * 1024 * 1024
"""Bytes of a program that is hashed because it does not answer."""
VERSION_FILE_LIMIT = 64 * 1024
"""Bytes of a file that chooses a tool."""
PATIENCE = 30.0
"""Seconds for a tool to say what it is."""

_VERSION_FILES = (".tool-versions", "mise.toml", ".mise.toml", ".python-version", ".node-version", ".nvmrc")
"""What version managers read, from the working directory upwards."""
_PLACES = ("HOME", "JAVA_HOME", "PYENV_ROOT", "NVM_DIR", "ASDF_DIR", "ASDF_DATA_DIR")
"""Variables that say where version managers and their tools are."""
_HOST = ("PATH", "USER", "LOGNAME", "TMPDIR", *_PLACES)


class Toolchain(NamedTuple):
    """A compiler or interpreter.

    Attributes:
        identity: What it says of itself; part of every key.
        program: The file that really runs, past any shim; only of use on this machine.
        home: The folder that it is installed in; may be empty.
    """

    identity: str
    program: str = ""
    home: str = ""


def memo(settings: Settings, *, keeps: bool | None = None) -> Memo:
    """Return what is remembered of the toolchains of a site."""
    place = settings.private_dir
    folder = None if place is None else place / "toolchains" / digest(str(settings.project_dir))[:16]
    return Memo(folder, keeps=settings.keeps if keeps is None else keeps)


class Memo:
    """Toolchains that were asked before, by name and fingerprint, in this project; and some in any.

    It is believed, and what it names is started: so it is kept where no checkout and no cache can bring it along. It
    never fails: what cannot be read is not known, what cannot be written is remembered by this process alone.

    Args:
        folder: Where it is kept, in one for all projects; None for in this process alone.
        keeps: Whether anything is written there.
    """

    def __init__(self, folder: Path | None, *, keeps: bool = True) -> None:
        self._folder = folder
        self._keeps = keeps
        self._known: dict[str, tuple[str, Toolchain]] = {}

    def recall(self, name: str, fingerprint: str) -> Toolchain | None:
        """Return what answered to `name` when all was as `fingerprint` says, or None."""
        found = self._known.get(name) or self._read().get(name)
        return found[1] if found and found[0] == fingerprint else None

    def remember(self, name: str, fingerprint: str, toolchain: Toolchain) -> None:
        """Keep `toolchain` as the answer of `name`."""
        self._known[name] = (fingerprint, toolchain)
        if not self._keeps or self._folder is None:
            return
        with contextlib.suppress(OSError):
            _write(self._folder / MEMO, dict(sorted({**self._read(), **self._known}.items())))

    def recall_shared(self, fingerprint: str) -> Toolchain | None:
        """Return what was `shared` by any project of this machine when all was as `fingerprint` says, or None."""
        found = self._read_shared().get(fingerprint)
        return found[1] if found else None

    def share(self, fingerprint: str, toolchain: Toolchain) -> None:
        """Keep `toolchain` as what answers in every project where all is as `fingerprint` says."""
        if not self._keeps or self._folder is None:
            return
        known = self._read_shared()
        if known.pop(fingerprint, None) == (fingerprint, toolchain):
            return
        known = dict(list(known.items())[1 - MOST_SHARED :]) | {fingerprint: (fingerprint, toolchain)}
        with contextlib.suppress(OSError):
            _write(self._folder.parent / MEMO, known)

    def _read(self) -> dict[str, tuple[str, Toolchain]]:
        if self._folder is None:
            return {}
        return read_json(self._folder / MEMO, _remembered) or {}

    def _read_shared(self) -> dict[str, tuple[str, Toolchain]]:
        if self._folder is None:
            return {}
        return read_json(self._folder.parent / MEMO, _remembered) or {}


def _write(file: Path, known: Mapping[str, tuple[str, Toolchain]]) -> None:
    entries = {key: {"fingerprint": mark, **tool._asdict()} for key, (mark, tool) in known.items()}
    write_json(file, {"format": FORMAT, "toolchains": entries})


def _remembered(value: Any) -> dict[str, tuple[str, Toolchain]]:
    if value["format"] != FORMAT:
        return {}
    return {
        str(name): (
            str(entry["fingerprint"]),
            Toolchain(str(entry["identity"]), str(entry["program"]), str(entry["home"])),
        )
        for name, entry in value["toolchains"].items()
    }


def find_program(program: str, settings: Settings) -> Path | None:
    """Return the file that `program` means: found in PATH, or relative to `mkdocs.yml` if it has a slash."""
    if "/" in program:
        path = settings.project_dir / program
        return path if os.access(path, os.X_OK) and path.is_file() else None
    found = shutil.which(program, path=settings.host_env.get("PATH", os.defpath))
    return Path(found) if found else None


def host_environment(settings: Settings, names: Iterable[str] = (), prefixes: tuple[str, ...] = ()) -> dict[str, str]:
    """Return an environment for a tool that is asked or that builds: a few variables of the host, by name or prefix."""
    wanted = {*_HOST, *names}
    env = {
        name: value
        for name, value in settings.host_env.items()
        if name in wanted or (prefixes and name.startswith(prefixes))
    }
    env.setdefault("PATH", os.defpath)
    return {**env, "LC_ALL": "C.UTF-8"}


def places(settings: Settings) -> Value:
    """Return what the host's variables say of where tools are, beside `PATH`."""
    return tuple(settings.host_env.get(name) for name in _PLACES)


def fingerprint(settings: Settings, programs: Iterable[Path | None], extra: Value = ()) -> str:
    """Return a digest of what decides which tool answers to `programs`."""
    stats = tuple(_stats(program) for program in programs)
    files = tuple((str(path), text) for path, text in upwards(settings.project_dir, _VERSION_FILES))
    return digest((FORMAT, stats, settings.host_env.get("PATH"), files, extra))


def upwards(start: Path, names: Sequence[str]) -> list[tuple[Path, str]]:
    """Return the files called one of `names` in `start` and in the folders above it, with their text."""
    found: list[tuple[Path, str]] = []
    for folder in (start, *start.parents):
        for name in names:
            path = os.path.join(folder, name)  # noqa: PTH118 - a hundred of them each time, and hardly one is there
            if not os.path.exists(path):  # noqa: PTH110
                continue
            content = read_regular(Path(os.path.realpath(path)), VERSION_FILE_LIMIT)
            with contextlib.suppress(ValueError):
                found += [(Path(path), content.decode("utf-8").replace("\r\n", "\n"))] if content is not None else []
    return found


def stat_of(path: Path) -> Value:
    """Return what changes when the file `path` does, None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (str(path), found.st_mtime_ns, found.st_size, found.st_ino)


def changed_at(path: Path) -> int | None:
    """Return when the file `path` was changed, its attributes and its name included; None if there is none."""
    try:
        return path.stat().st_ctime_ns
    except OSError:
        return None


def ask(
    runner: Runner, argv: Sequence[str], cwd: Path, env: Mapping[str, str], access: Access | None = None
) -> StepResult:
    """Run a tool that says what it is, confined to `access` if that is given."""
    command = Command(argv=tuple(argv), cwd=cwd, env=env, timeout=PATIENCE, access=access)
    return runner.run(command, "build")


def answer(result: StepResult, program: Path) -> str:
    """Return what a tool is, from what it said; if it said nothing, from what it consists of.

    Raises:
        OSError: It can neither be asked nor read.
    """
    said = (result.stdout + result.stderr).strip()[:ANSWER_LIMIT]
    if result.ended == Exited(0) and said:
        return said
    if isinstance(result.ended, NotStarted):
        raise OSError(result.ended.why)
    with program.open("rb") as file:
        content = file.read(HASHED_LIMIT)
    return f"{program.name} sha256:{hashlib.sha256(content).hexdigest()}"


def _stats(program: Path | None) -> Value:
    if program is None:
        return None
    real = Path(os.path.realpath(program))
    return (stat_of(program), stat_of(real) if real != program else None)
