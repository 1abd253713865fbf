"""Everything that building an Environment needs a network for, without executing anything of what is fetched."""

from __future__ import annotations

import json
import os
import random
import re
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_codeexec.core.confinement import UNLIMITED
from mkdocs_codeexec.core.outcome import Exited, StepResult
from mkdocs_codeexec.core.protocols import Command, Narrator, OutputSink, Runner
from mkdocs_codeexec.files import write
from mkdocs_codeexec.languages.grants import repositories
from mkdocs_codeexec.languages.rust.environments import bounds, configuration
from mkdocs_codeexec.languages.rust.environments.cargo import cargo_home, fetching_environment
from mkdocs_codeexec.languages.rust.environments.manifest import toml
from mkdocs_codeexec.languages.rust.environments.project import OUTPUT, host
from mkdocs_codeexec.languages.rust.environments.reach import to_fetch
from mkdocs_codeexec.languages.rust.environments.transcript import passes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mkdocs_codeexec.core.settings import Settings
    from mkdocs_codeexec.languages.grants import Grants
    from mkdocs_codeexec.languages.rust.environments.manifest import Manifest
    from mkdocs_codeexec.languages.toolchain import Toolchain

CONFIGURATION = "fetching.toml"
WAITS = (1.0, 2.0)
"""Seconds, at most, before cargo is asked again; each time as much at least as half of that."""
_PACKAGE = re.compile(r'^name = "([^"\n/]+)"\nversion = "([^"\n/]+)"\nsource = "(?:registry|sparse)\+', re.MULTILINE)


def command(
    cargo: Path, home: Path, manifest: Manifest, toolchain: Toolchain, grants: Grants, local: Sequence[Path]
) -> Command:
    """Return the command that writes the lock file of the project in `home`, and downloads and unpacks what is in it.

    It has the network and the user's credentials, and starts no build script. Where there may be local packages it also
    tells of them: `cargo metadata` fetches as `cargo fetch` does. It stands outside of the checkout, and reads of the
    files that are there what `configuration` has left of them. It is confined, unless programs get the credentials.

    Args:
        cargo: The program.
        home: The folder of the project.
        manifest: Of the project.
        toolchain: Is asked for which machine it compiles.
        grants: What of the author's folders may be given.
        local: Folders of local packages, as far as they are known.
    """
    settings = grants.settings
    walled = not configuration.has_providers(settings)
    file = home / CONFIGURATION
    write(file, toml(configuration.for_fetching(settings, walled=walled)))
    config = configuration.configuration(settings)
    machine = host(toolchain.identity)
    # Where another one is configured, build scripts and macros are still for this machine.
    one = machine if configuration.target(config, machine) in (None, machine) else ""
    if manifest.paths or configuration.local(config):
        what = ["metadata", "--format-version", "1", *(("--filter-platform", one) if one else ())]
    else:
        what = ["fetch", *(("--target", one) if one else ())]
    env = fetching_environment(settings) | {
        "RUSTC": toolchain.program,
        "RUSTC_WRAPPER": "",
        "RUSTC_WORKSPACE_WRAPPER": "",
        "CARGO_BUILD_TARGET_DIR": str(home / "target"),  # nothing is written to it
        "CARGO_BUILD_BUILD_DIR": str(home / "target"),
        "CARGO_TERM_COLOR": "always",
        "CARGO_TERM_PROGRESS_WHEN": "never",
    }
    if not walled:  # a manifest in the checkout must not copy a repository of this machine
        env["GIT_ALLOW_PROTOCOL"] = "git:http:https:ssh" + (":file" if any(repositories(settings)) else "")
        env["CARGO_NET_GIT_FETCH_WITH_CLI"] = "true"  # which heeds it
    return Command(
        argv=(str(cargo), *what, "--manifest-path", str(home / "Cargo.toml"), "--config", str(file)),
        # From the working directory upwards cargo reads files of its configuration: what counts of them is in ours.
        cwd=Path("/"),
        env=env,
        access=to_fetch(grants, toolchain, (home, cargo), local) if walled else None,
        limits=UNLIMITED,
        own=True,
        timeout=None,
        silence=bounds.silence(settings),
        output_limit=OUTPUT,
        keep_head=OUTPUT,
    )


def fetch(command: Command, runner: Runner, narrator: Narrator, on_output: OutputSink) -> StepResult:
    """Run `command`, and again after a while if the network fails, each time after a longer one."""
    result = runner.run(command, "build", on_output=on_output)
    for wait in WAITS:
        if result.ended == Exited(0) or not passes(result.stderr):
            break
        seconds = random.uniform(wait / 2, wait)  # noqa: S311 - nobody gains from guessing it
        narrator.say(f"a registry or repository was not reached; cargo tries again in {seconds:.1f} s")
        time.sleep(seconds)
        result = runner.run(command, "build", on_output=on_output)
    return result


def local_packages(said: str, home: Path) -> tuple[str, ...]:
    """Return the folders of local packages that cargo has told of, the project in `home` left out."""
    if not said.strip():
        return ()
    packages = json.loads(said)["packages"]
    folders = {str(Path(one["manifest_path"]).parent) for one in packages if one["source"] is None}
    return tuple(sorted(folders - {str(home)}))


def let_read(lock: str, settings: Settings) -> None:
    """Let every user read the unpacked packages that `lock` names, where root has unpacked them.

    Where root builds, another user compiles. cargo unpacks files with the permissions that their authors had, which
    are now and then none for others, although everybody can download them.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    for name, version in _PACKAGE.findall(lock):
        for folder in (cargo_home(settings) / "registry" / "src").glob(f"*/{name}-{version}"):
            for at, _, names in os.walk(folder):
                for path in (Path(at), *(Path(at, name) for name in names)):
                    with suppress(OSError):
                        _let_read(path)


def _let_read(path: Path) -> None:
    mode = path.lstat().st_mode
    wanted = mode | (mode & stat.S_IRUSR) >> 6 | (mode & stat.S_IXUSR) >> 6
    if wanted != mode and (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        path.chmod(stat.S_IMODE(wanted))
