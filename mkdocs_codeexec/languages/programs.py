"""Programs that samples start and that the sandbox does not show: where they are, and what has to be named for them.

rustup is a case of its own: `cargo` and `rustc` are shims then, one program under many names, which starts what it finds in
a folder that it knows from the home directory. A sample's home is empty. So whoever names the folder of the shims, or that
of the toolchains, means both.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.confinement import ISOLATED
from mkdocs_codeexec.core.outcome import Exited
from mkdocs_codeexec.languages.views import SYSTEM, installation, outermost

if TYPE_CHECKING:
    from mkdocs_codeexec.core.outcome import Outcome
    from mkdocs_codeexec.core.settings import Settings

_SAID = re.compile(
    r"(?:command not found: ([\w.+-]+)|(?<![\w.+-])([\w.+-]{1,255}): (?:command )?not found)\s*$", re.MULTILINE
)
_PROMPT = re.compile(r": (?:line \d+|\d+): \$: (?:command )?not found$", re.MULTILINE)
_SHIM = re.compile(r"rustup could not choose a version of ([\w-]+) to run")


def toolchains(readable: Sequence[Path], settings: Settings) -> Mapping[str, str]:
    """Return the variables with which rustup's shims find their toolchains, if `readable` names them.

    They are places of this machine: what is found there decides an outcome, not where it is.
    """
    home = _rustup_home(settings)
    if home is None or not _names_rustup(readable, home):
        return {}
    wanted = (settings.rust.toolchain if settings.rust else None) or settings.host_env.get("RUSTUP_TOOLCHAIN")
    return {"RUSTUP_HOME": str(home), **({"RUSTUP_TOOLCHAIN": wanted} if wanted else {})}


def folders(readable: Sequence[Path], settings: Settings) -> Iterator[str]:
    """Yield what belongs to the programs in `readable`: the toolchains of rustup's shims, and the shims themselves."""
    home = _rustup_home(settings)
    if home is not None and _names_rustup(readable, home):
        yield str(home)
        shims = _find("rustup", settings)
        if shims is not None:
            yield from installation(shims, settings)


def hint(outcome: Outcome, language: str, readable: Sequence[Path], settings: Settings) -> str:
    """Return what to name under `readable` for a program that a sample did not find; empty if that is not its trouble."""
    last = outcome.steps[-1]
    if last.kind != "run" or last.ended == Exited(0):
        return ""
    said = f"{last.stderr}\n{last.stdout}"
    if shim := _SHIM.search(said):
        home = _rustup_home(settings)
        if home is None or _names_rustup(readable, home):
            return f"set a toolchain for `{shim[1]}`: `rustup default stable`"
        return _named(language, [_shims(settings) or home], settings)
    if _PROMPT.search(said):
        return "a prompt is no command: write the commands alone, without `$` and without what they print"
    if last.ended != Exited(127) or not (missing := _SAID.search(said)):
        return ""
    name = missing[1] or missing[2]
    found = _find(name, settings)
    if found is None:
        return f"there is no `{name}` in `PATH` on this machine either: install it"
    if outcome.sandbox not in ISOLATED:  # it is there, and another user may not start it
        return ""
    wanted = list(outermost(installation(found, settings)))
    return _named(language, map(Path, wanted), settings) if wanted else ""


def _named(language: str, paths: Iterable[Path], settings: Settings) -> str:
    home = settings.host_env.get("HOME", "")
    shown = (str(path) for path in paths)
    words = (f"~{path.removeprefix(home)}" if home and path.startswith(f"{home}/") else path for path in shown)
    readable = f"`languages: {{{language}: {{readable: [{', '.join(words)}]}}}}`"
    return f"name its folder in {settings.host.file}: {readable}"


def _rustup_home(settings: Settings) -> Path | None:
    host = settings.host_env
    named = host.get("RUSTUP_HOME") or os.path.join(host.get("HOME") or "/", ".rustup")  # noqa: PTH118 - may be relative
    home = settings.project_dir / named
    return home if (home / "toolchains").is_dir() else None


def _names_rustup(readable: Sequence[Path], home: Path) -> bool:
    return any((folder / "rustup").is_file() or home.is_relative_to(folder) for folder in readable)


def _shims(settings: Settings) -> Path | None:
    """Return the folder of the shims, unless samples see it anyway."""
    found = _find("rustup", settings)
    if found is None or any(found.is_relative_to(place) for place in SYSTEM):
        return None
    return found.parent


def _find(name: str, settings: Settings) -> Path | None:
    found = shutil.which(name, path=settings.host_env.get("PATH", os.defpath))
    return Path(found) if found else None
