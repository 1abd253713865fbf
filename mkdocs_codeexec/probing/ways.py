"""How all is tried: by real samples of a site of its own, built as every other one, in one level of the sandbox."""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.confinement import RUN_LIMITS
from mkdocs_codeexec.core.expectation import Succeeds, verdict_reason
from mkdocs_codeexec.core.sample import Given, Location, Sample
from mkdocs_codeexec.core.settings import EnvironmentSettings, RustSettings, Settings
from mkdocs_codeexec.engine.engine import Engine
from mkdocs_codeexec.languages import BUILTIN
from mkdocs_codeexec.languages.views import SYSTEM
from mkdocs_codeexec.probing import crate
from mkdocs_codeexec.probing.canaries import Canaries, Places, open_to_all
from mkdocs_codeexec.probing.program import program
from mkdocs_codeexec.probing.table import BUILD_SCRIPT, MACRO, PYTHON, SHELL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mkdocs_codeexec.core.confinement import Tier
    from mkdocs_codeexec.core.resolved import Resolved
    from mkdocs_codeexec.report.console import Console

Found = dict[str, tuple[str, str]]
"""For each probe what came of it (`held`, `reached`, `absent`), and a word about that."""

FOLDERS = {PYTHON: "python", SHELL: "shell", MACRO: "macro", BUILD_SCRIPT: "build"}
DONE = "all of it was had"
"""What a sample says that no limit has ended."""
SMALL = replace(RUN_LIMITS, memory=64, processes=12, disk=4)
ENDS = {
    "limits.memory": f"held = bytearray(256 << 20)\nprint({DONE!r})",
    "limits.processes": "import os, time\n"
    "for _ in range(40):\n    if os.fork() == 0:\n        time.sleep(4)\n        os._exit(0)\n"
    f"time.sleep(2)\nprint({DONE!r})",
    "limits.disk": "import time\n"
    'with open("large", "wb", buffering=0) as file:\n    for _ in range(32):\n        file.write(bytes(1 << 20))\n'
    f"time.sleep(2)\nprint({DONE!r})",
}
"""Samples that use too much of what `SMALL` leaves them, and say so if they could."""


@dataclass
class Tried:
    """What came of one level.

    Attributes:
        found: By what it was tried as.
        skipped: As what it was not tried, and why.
    """

    found: dict[str, Found] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


def try_all(level: Tier, host_env: Mapping[str, str], root: Path, console: Console) -> Tried:
    """Try everything in one level of the sandbox.

    Args:
        level: Which; it works here.
        host_env: The variables of this process.
        root: An empty folder, which is thrown away.
        console: Hears what cargo says, and what goes wrong.

    Raises:
        OSError: Canaries cannot be made.
    """
    places = Places(root)
    settings = _settings(level, places, host_env)
    tried = Tried()
    if level == "off":
        settings = replace(settings, sandbox="off")
    wanted = {PYTHON: "python"}
    for way, program_name, why in ((SHELL, "bash", "there is no bash"), (MACRO, "cargo", "there is no cargo")):
        if shutil.which(program_name, path=host_env.get("PATH")):
            wanted[way] = "rust" if way == MACRO else program_name
        else:
            tried.skipped[way] = why
    if MACRO in tried.skipped:
        tried.skipped[BUILD_SCRIPT] = tried.skipped[MACRO]
    with ExitStack() as stack:
        stack.callback(places.close)
        ways = [*wanted, *([BUILD_SCRIPT] if MACRO in wanted else [])]
        canaries = {way: stack.enter_context(Canaries(places, FOLDERS[way], host_env)) for way in ways}
        (places.sockets / "agent").symlink_to(canaries[PYTHON].described["unix"])
        if MACRO in wanted:
            described = {FOLDERS[way]: canaries[way].described for way in (MACRO, BUILD_SCRIPT)}
            crate.write(places.crate, program(), _python(), _library(), described)
            open_to_all(places.crate)
        samples = [_sample(way, canaries[way].described if way != MACRO else None) for way in wanted]
        for way, resolved in zip(wanted, _executed(settings, samples, console), strict=True):
            _take(tried, way, resolved)
        for way in tried.found:
            changes = canaries[way].changed()
            tried.found[way] |= {name: ("reached", word) for name, word in changes.items()}
    if PYTHON in tried.found:
        tried.found[PYTHON] |= _ends(settings, console)
    return tried


def _settings(level: Tier, places: Places, host_env: Mapping[str, str]) -> Settings:
    ours = Path(sys.base_prefix)
    readable = () if any(ours.is_relative_to(folder) for folder in SYSTEM) else (ours,)
    dependencies: dict[str, object] = {"probed": {"path": "probed"}}
    return Settings(
        project_dir=places.project,
        cache_dir=places.store,
        environment_dir=places.environments,
        execute="always",
        jobs=4,
        timeout=120.0,
        build_timeout=240.0,
        tiers=(level,),
        cache_write=False,
        rust=RustSettings(
            environments={"default": EnvironmentSettings(name="default", dependencies=dependencies)}, readable=readable
        ),
        scripts={"python": BUILTIN["python"], "bash": replace(BUILTIN["bash"], readable=readable)},
        host_env=places.variables(host_env),
    )


def _sample(way: str, canaries: Mapping[str, object] | None) -> Sample:
    language = {PYTHON: "python", SHELL: "bash", MACRO: "rust"}[way]
    code = {PYTHON: program(), SHELL: _in_shell(), MACRO: crate.SAMPLE}[way]
    given = Given(stdin=None if canaries is None else json.dumps(canaries))
    return Sample(location=Location("doctor.md", 1), language=language, code=code, expectation=Succeeds(), given=given)


def _in_shell() -> str:
    return (
        f"cat >tries.py <<'END OF PROGRAM'\n{program()}END OF PROGRAM\n"
        f"export LD_LIBRARY_PATH='{_library()}'\n'{_python()}' -I -S tries.py\n"
    )


def _python() -> str:
    return os.path.realpath(sys.executable)


def _library() -> str:
    return f"{sys.base_prefix}/lib"


def _executed(settings: Settings, samples: Sequence[Sample], console: Console) -> list[Resolved]:
    """Execute `samples`, as a build does."""
    engine = Engine(settings, console)
    try:
        return engine.resolve(samples)
    finally:
        engine.settle()


def _said(resolved: Resolved) -> str:
    step = resolved.outcome.step("run") if resolved.outcome else None
    return step.stdout if step else ""


def _take(tried: Tried, way: str, resolved: Resolved) -> None:
    """Note what the sample of `way` has told; that of the macro tells of the build script, too."""
    lines = _said(resolved).splitlines()
    ways = (BUILD_SCRIPT, MACRO) if way == MACRO else (way,)
    for one, line in zip(ways, [*lines, *([""] * len(ways))], strict=False):
        try:
            told = json.loads(line)
            tried.found[one] = {name: (str(state), str(word)) for name, (state, word) in told.items()}
        except (ValueError, AttributeError, TypeError):
            why = (resolved.why.reason if resolved.why else "") or verdict_reason(resolved.verdict)
            tried.skipped[one] = f"it did not tell what it has found: {why or line[:100]}"


def _ends(settings: Settings, console: Console) -> Found:
    """Return whether what uses too much is ended."""
    small = replace(settings, limits=SMALL)
    samples = [
        Sample(location=Location("doctor.md", 1), language="python", code=code, expectation=Succeeds())
        for code in ENDS.values()
    ]
    found: Found = {}
    for name, resolved in zip(ENDS, _executed(small, samples, console), strict=True):
        if DONE in _said(resolved):
            found[name] = ("reached", "it was not ended")
        else:
            found[name] = ("held", verdict_reason(resolved.verdict)[:100])
    return found
