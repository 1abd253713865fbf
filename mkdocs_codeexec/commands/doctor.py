"""`codeexec doctor`: what there is on this machine and what is missing; with `--probe`, what a sample can reach, tried."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs_codeexec.commands import add_json
from mkdocs_codeexec.commands.examining.checks import MISSING, Check, told
from mkdocs_codeexec.commands.examining.fences import fences
from mkdocs_codeexec.commands.examining.hosts import hosts
from mkdocs_codeexec.commands.examining.machine import sandbox, toolchains
from mkdocs_codeexec.commands.examining.storage import environments, store
from mkdocs_codeexec.commands.site import open_site, settings_of
from mkdocs_codeexec.core.confinement import WALLS, Tier
from mkdocs_codeexec.languages import present
from mkdocs_codeexec.probing.report import FORMAT, HINT, Level
from mkdocs_codeexec.report.console import WARNING, Console
from mkdocs_codeexec.runtime.process import Children
from mkdocs_codeexec.runtime.supervising import landlock
from mkdocs_codeexec.untrusted import Folder, clear, remove

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from mkdocs_codeexec.commands import Context
    from mkdocs_codeexec.core.protocols import Unavailability
    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.languages.toolchain import Toolchain
    from mkdocs_codeexec.report.console import Log
    from mkdocs_codeexec.sites import ConfiguredSite

ABOUT = "tell what there is on this machine, what is missing, and which fences will not run"
SECTIONS = ("hosts", "sandbox", "toolchains", "store", "environments", "fences")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this command understands."""
    add_json(parser)
    parser.add_argument("--probe", action="store_true", help="try what a sample can reach on this machine")


def execute(context: Context) -> int:
    """Write the report on standard output; return 1 if something is missing, or reached that must not be.

    Raises:
        ConfigurationError: The site's configuration cannot be used.
    """
    site = open_site(context.file)
    settings = settings_of(site)
    if context.arguments.probe:
        return _probe(settings, context.console, as_json=context.arguments.json)
    found = list(_examined(site, settings, context.console))
    fails = any(one.state == MISSING for one in found)
    if context.arguments.json:
        _write({"format": FORMAT, **_machine(), "ok": not fails, "checks": [one.to_json() for one in found]})
        return int(fails)
    sys.stdout.write(f"{', '.join(map(str, _machine().values()))}\n")
    for section in SECTIONS:
        sys.stdout.write(f"\n{section}\n")
        for line in told(one for one in found if one.section == section):
            sys.stdout.write(f"{line}\n")
    return int(fails)


def _examined(site: ConfiguredSite, settings: Settings, console: Console) -> Iterator[Check]:
    """Yield all that is found."""
    named, seen = site.options.get("languages"), fences(site, settings, _quiet(console))
    wanted = {*(named if isinstance(named, Mapping) else ()), *seen.languages}
    rust: Toolchain | Unavailability | None = None
    yield from hosts(site)
    with Children(settings.sandbox, path=settings.host_env.get("PATH"), tiers=settings.tiers) as children:
        yield from sandbox(settings, children)
        # Asking what a program is starts it, confined where that can be, else not at all.
        if children.refusal is None:
            rust = present.rust_of(settings, children)
            yield from toolchains(settings, wanted, rust, children)
    yield store(settings)
    yield from environments(settings, present.environments(settings, rust, console))
    yield from seen.checks


def _probe(settings: Settings, console: Console, *, as_json: bool) -> int:
    levels = []
    for level in _levels(settings, console):
        levels.append(level)
        if not as_json:
            sys.stdout.write("\n".join(level.lines()) + "\n\n")
            sys.stdout.flush()
    tried = [level for level in levels if level.tried is not None]
    fails = not tried or any(level.differs for level in levels)
    if as_json:
        _write({"format": FORMAT, **_machine(), "ok": not fails, "levels": [level.to_json() for level in levels]})
    elif not tried:
        sys.stdout.write("nothing was tried: no level of the sandbox works here\n")
    elif fails:
        sys.stdout.write(f"hint: {HINT}\n")
    return int(fails)


def _levels(settings: Settings, console: Console) -> Iterator[Level]:
    """Yield what came of each level of the sandbox that may be chosen, one after the other."""
    about: dict[str, Any] = {"root": os.geteuid() == 0, "landlock": landlock.abi()}
    for name in (tier for tier in WALLS if tier in settings.tiers):
        if sys.platform != "linux":
            yield Level(name, **about, why="it is tried on Linux only")
        elif why := obstacle(name, settings):
            yield Level(name, **about, why=why)
        else:
            from mkdocs_codeexec.probing.ways import try_all  # it needs Linux

            with _folder() as folder:
                console.say(f"trying what can be reached in `{name}`, which takes some seconds")
                yield Level(name, **about, tried=try_all(name, settings.host_env, folder, _quiet(console)))


class _Warnings:
    """A log that only takes what is worth a warning."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def log(self, level: int, msg: str, /, *args: object) -> None:
        if level >= WARNING:
            self._log.log(level, msg, *args)

    def isEnabledFor(self, level: int, /) -> bool:  # noqa: N802 - logging's name
        return level >= WARNING


def _quiet(console: Console) -> Console:
    return replace(console, log=_Warnings(console.log))


def obstacle(tier: Tier, settings: Settings) -> str:
    """Return why `tier` does not work here, and what would change that; empty if it does."""
    with Children("auto", path=settings.host_env.get("PATH"), tiers=(tier,)) as children:
        if children.tier == tier:
            return ""
        refusal = children.refusal
        return f"{refusal.reason}; {refusal.hint}" if refusal else "it does not work here"


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """Yield a folder for a site and its canaries, and remove it with whatever samples may have made of it.

    Where bubblewrap shows what is there of the machine, all of `/tmp` is another one. So it is not in that, unless
    another disk would keep files from having a second name.
    """
    parent = Path(tempfile.gettempdir())
    other = Path("/var/tmp")  # noqa: S108 - a folder of a random name is made in it
    if str(parent) == "/tmp" and os.access(other, os.W_OK) and other.stat().st_dev == parent.stat().st_dev:  # noqa: S108
        parent = other
    made = Path(os.path.realpath(tempfile.mkdtemp(prefix="codeexec-doctor-", dir=parent)))
    try:
        if os.geteuid() == 0:
            made.chmod(0o755)  # samples are other users; the walls are to keep them out
        yield made
    finally:
        with contextlib.suppress(OSError), Folder.at(parent) as above:
            with above.folder(made.name) as folder:
                clear(folder)
            remove(above, made.name)


def _machine() -> dict[str, object]:
    from mkdocs_codeexec import __version__

    return {
        "version": f"mkdocs-codeexec {__version__}",
        "python": f"Python {platform.python_version()}",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "user": "as root" if os.geteuid() == 0 else "as an ordinary user",
    }


def _write(report: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(report, indent=1) + "\n")
